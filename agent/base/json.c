/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Writing JSON is easy but for the text of strings. Here it has a fast path for the text that logs
 * are made of (ASCII without quotes and backslashes): sixteen bytes are looked at and copied at a
 * time, the last sixteen overlapping those before. The first that need more hand the rest to the
 * slow path, byte by byte up to the next stretch that is plain.
 *
 * Own code, because it stands on the way of a line: an object of six strings (220 bytes of JSON)
 * costs 1,000 instructions here and 32,000 by jansson 2.14 (json_pack, json_dumps), which builds a
 * tree first and refuses bytes that are no UTF-8.
 *
 * The text grows in an arena: doubled and copied when its end is reached. A sum made beforehand
 * (json_reserve) makes that rare; reserving for the worst case, six bytes for one, would take six
 * times a long line's memory for nothing.
 */
#include "base/json.h"

#include <errno.h>
#include <string.h>

#include "base/decimal.h"
#include "base/json_short.h"
#include "base/unicode.h"

/* The first room; a line of --print-acks needs some 150 bytes. */
#define FIRST_BYTES 256

/* "\u001f", or a sequence of four bytes. */
#define LONGEST_ESCAPE 6

#define EVERY(byte) (0x0101010101010101u * (byte))

/* Room for len bytes more. False when there is none. */
static bool grow(struct json *json, size_t len)
{
	size_t used = (size_t)(json->at - json->start);
	size_t room = 2 * (size_t)(json->end - json->start);
	char *start;

	if (room < FIRST_BYTES)
		room = FIRST_BYTES;
	if (room < used + len)
		room = used + len;
	start = json->no_memory ? NULL : arena_alloc(json->arena, room);
	if (!start) {
		json->no_memory = true;
		return false;
	}
	if (used > 0)
		memcpy(start, json->start, used);
	*json = (struct json){json->arena,  start,          start + used,
			      start + room, json->replaced, false};
	return true;
}

static inline bool has_room(struct json *json, size_t len)
{
	return LIKELY((size_t)(json->end - json->at) >= len) || grow(json, len);
}

void json_reserve(struct json *json, size_t len)
{
	(void)has_room(json, len);
}

void json_put_raw(struct json *json, struct slice text)
{
	if (has_room(json, text.len))
		json->at = mempcpy(json->at, text.at, text.len);
}

/*
 * Whether one of eight bytes is special: the classic test for a zero byte (Mycroft). Its borrow may
 * blame a byte above one that is found, too, which is no harm.
 */
static inline bool is_special_word(uint64_t word)
{
	uint64_t quote = word ^ EVERY('"'), backslash = word ^ EVERY('\\');

	return (word | (word - EVERY(0x20)) | (quote - EVERY(1)) | (backslash - EVERY(1))) &
	       EVERY(0x80);
}

static inline bool is_plain(unsigned char c)
{
	return c >= 0x20 && c < 0x80 && c != '"' && c != '\\';
}

/* 16 and more. The last vector overlaps the one before it. */
static inline size_t copy_long(char *to, const char *at, size_t len)
{
	size_t i = 0;
	json_vector bytes;

	for (; i + sizeof bytes <= len; i += sizeof bytes) {
		bytes = json_load(at + i);
		if (UNLIKELY(json_any(json_special(bytes))))
			return i;
		memcpy(to + i, &bytes, sizeof bytes);
	}
	if (i == len)
		return len;
	bytes = json_load(at + len - sizeof bytes);
	if (UNLIKELY(json_any(json_special(bytes))))
		return i;
	memcpy(to + len - sizeof bytes, &bytes, sizeof bytes);
	return len;
}

/* 8 to 15: two words that may overlap. */
static inline size_t copy_medium(char *to, const char *at, size_t len)
{
	uint64_t first, last;

	memcpy(&first, at, 8);
	memcpy(&last, at + len - 8, 8);
	if (UNLIKELY(is_special_word(first) | is_special_word(last)))
		return 0;
	memcpy(to, &first, 8);
	memcpy(to + len - 8, &last, 8);
	return len;
}

/* 4 to 7: two halves of a word. */
static inline size_t copy_short(char *to, const char *at, size_t len)
{
	uint32_t first, last;

	memcpy(&first, at, 4);
	memcpy(&last, at + len - 4, 4);
	if (UNLIKELY(is_special_word(first | (uint64_t)last << 32)))
		return 0;
	memcpy(to, &first, 4);
	memcpy(to + len - 4, &last, 4);
	return len;
}

/* Copies plain text; returns how many bytes it got over before one that may not be, or len. */
static inline __attribute__((always_inline)) size_t copy_plain(char *to, const char *at, size_t len)
{
	size_t i = 0;

	if (len >= 16)
		return copy_long(to, at, len);
	if (len >= 8)
		return copy_medium(to, at, len);
	if (len >= 4)
		return copy_short(to, at, len);
	for (; i < len && is_plain((unsigned char)at[i]); i++)
		to[i] = at[i];
	return i;
}

static char *escape(char *to, unsigned char c)
{
	static const char digits[] = "0123456789abcdef";
	static const char letters[] = "btn?fr"; /* of 8 to 13 */

	*to++ = '\\';
	if (c == '"' || c == '\\') {
		*to++ = (char)c;
	} else if (c >= 8 && c <= 13 && c != 11) {
		*to++ = letters[c - 8];
	} else {
		to = mempcpy(to, "u00", 3);
		*to++ = digits[c >> 4];
		*to++ = digits[c & 15];
	}
	return to;
}

/* One character that is not plain; returns how many bytes it had. */
static size_t put_special(struct json *json, const unsigned char *at, size_t len)
{
	int n;

	if (at[0] < 0x80) {
		json->at = escape(json->at, at[0]);
		return 1;
	}
	n = unicode_sequence(at, len);
	if (n > 0) {
		json->at = mempcpy(json->at, at, (size_t)n);
		return (size_t)n;
	}
	json->at = mempcpy(json->at, "\xef\xbf\xbd", 3);
	json->replaced++;
	return (size_t)-n;
}

static __attribute__((noinline)) void put_rest(struct json *json, const char *at, size_t len)
{
	while (len > 0) {
		size_t n;

		/* What is left as it is, one character escaped, and the closing quote. */
		if (!has_room(json, len + LONGEST_ESCAPE + 1))
			return;
		for (n = 0; n < len && is_plain((unsigned char)at[n]); n++)
			json->at[n] = at[n];
		json->at += n;
		if (n < len)
			n += put_special(json, (const unsigned char *)at + n, len - n);
		at += n;
		len -= n;
		/* Words again as soon as the text allows it. */
		n = copy_plain(json->at, at, len);
		json->at += n;
		at += n;
		len -= n;
	}
}

void json_put_string(struct json *json, struct slice text)
{
	size_t n;

	if (!text.at) {
		json_put_text(json, "null");
		return;
	}
	if (!has_room(json, text.len + 2))
		return;
	*json->at++ = '"';
	n = copy_plain(json->at, text.at, text.len);
	json->at += n;
	if (UNLIKELY(n < text.len)) {
		put_rest(json, text.at + n, text.len - n);
		if (json->no_memory)
			return;
	}
	*json->at++ = '"';
}

void json_put_json(struct json *json, struct slice text)
{
	const unsigned char *at = (const unsigned char *)text.at, *end = at + text.len;

	while (at < end) {
		const unsigned char *start = at;
		int n = 1;

		while (at < end && (n = unicode_sequence(at, (size_t)(end - at))) > 0)
			at += n;
		json_put_raw(json, (struct slice){(const char *)start, (size_t)(at - start)});
		if (at == end)
			break;
		json_put_raw(json, (struct slice){"\xef\xbf\xbd", 3});
		json->replaced++;
		at += -n;
	}
}

void json_put_integer(struct json *json, int64_t number)
{
	char text[1 + DECIMAL_MAX];
	struct slice all =
		decimal_print(number < 0 ? -(uint64_t)number : (uint64_t)number, text + 1);

	if (number < 0) {
		text[all.at - text - 1] = '-';
		all = (struct slice){all.at - 1, all.len + 1};
	}
	json_put_raw(json, all);
}

void json_put_natural(struct json *json, int64_t number)
{
	if (number < 0)
		json_put_text(json, "null");
	else
		json_put_integer(json, number);
}

static const char *skip_digits(const char *at, const char *end)
{
	while (at < end && *at >= '0' && *at <= '9')
		at++;
	return at;
}

/*
 * Whether a number of the grammar is finite as a double, which readers of JSON make of it: 1e999 is
 * an error to some and infinity to others. Judged by its digits: strtod goes by the locale.
 */
static bool is_finite(struct slice number)
{
	static const char largest[] = "17976931348623157"; /* times 10^(308 - 16) */
	const char *at = number.at, *end = number.at + number.len;
	char digits[sizeof largest - 1];
	int64_t magnitude = -1, exponent = 0; /* of the first digit that is not 0 */
	bool point = false, negative;
	size_t n = 0;

	for (; at < end && *at != 'e' && *at != 'E'; at++) {
		bool digit = *at >= '0' && *at <= '9';

		point |= *at == '.';
		if (digit && (n || *at != '0')) {
			magnitude += !point;
			if (n < sizeof digits)
				digits[n++] = *at;
		} else if (digit) {
			magnitude -= point;
		}
	}
	negative = at + 1 < end && at[1] == '-';
	for (; at < end && exponent < INT32_MAX; at++)
		if (*at >= '0' && *at <= '9')
			exponent = 10 * exponent + (*at - '0');
	magnitude += negative ? -exponent : exponent;
	return !n || magnitude < 308 || (magnitude == 308 && memcmp(digits, largest, n) <= 0);
}

/* number = [ "-" ] ( "0" / digit1-9 *DIGIT ) [ "." 1*DIGIT ] [ ("e"/"E") ["-"/"+"] 1*DIGIT ] */
bool json_number_valid(struct slice text)
{
	const char *at = text.at, *end = text.at + text.len, *digits;
	bool large = text.len > 308;

	if (text.len == 0)
		return false;
	at += *at == '-';
	digits = at;
	at = skip_digits(at, end);
	if (at == digits || (*digits == '0' && at > digits + 1))
		return false;
	if (at < end && *at == '.') {
		digits = ++at;
		at = skip_digits(at, end);
		if (at == digits)
			return false;
	}
	if (at < end && (*at == 'e' || *at == 'E')) {
		large = true;
		at++;
		at += at < end && (*at == '-' || *at == '+');
		digits = at;
		at = skip_digits(at, end);
		if (at == digits)
			return false;
	}
	return at == end && (!large || is_finite(text));
}

int json_finish(struct json *json, struct slice *ret_text)
{
	if (json->no_memory)
		return -ENOMEM;
	arena_trim(json->arena, json->end, (size_t)(json->end - json->at));
	*ret_text = (struct slice){json->at ? json->start : "", (size_t)(json->at - json->start)};
	return 0;
}

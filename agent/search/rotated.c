/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Rotation adds to a name, at its end (logrotate, kubelet, log4j) or before its extension (dateext
 * with `extension`, lumberjack, logback): a number, a date, a word like "old", with separators
 * around it. Nothing else is taken for a rotated name, so error.log.json is none of error.log.
 *
 * A number alone says little: worker-8081 is as likely another process's log as an old one of
 * worker. Only ".1" to ".999" at the end is what nobody gives to a file that he writes; of others
 * the caller wants more evidence.
 */
#include "search/rotated.h"

#include <ctype.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>

#define SEPARATORS "-._@+:~"
#define SVLOGD_DIGITS 24

static bool is_separator(char c)
{
	return c && strchr(SEPARATORS, c);
}

static unsigned number(const char *digits, size_t len)
{
	unsigned n = 0;

	while (len--)
		n = 10 * n + (unsigned)(*digits++ - '0');
	return n;
}

static bool is_day(unsigned year, unsigned month, unsigned day)
{
	return year >= 1990 && year < 2200 && month >= 1 && month <= 12 && day >= 1 && day <= 31;
}

/* All digits of a name's addition, put together: a date, with a time or not, or seconds of it. */
static bool is_date(const char *digits, size_t n)
{
	if (n == 6)
		return is_day(number(digits, 4), number(digits + 4, 2), 1);
	if (n < 8)
		return false;
	return is_day(number(digits, 4), number(digits + 4, 2), number(digits + 6, 2)) ||
	       is_day(number(digits + 4, 4), number(digits + 2, 2), number(digits, 2)) ||
	       ((n == 10 || n == 13) && digits[0] == '1');
}

static size_t word_at(const char *text, size_t len)
{
	static const char *const words[] = {"previous", "archived", "rotated", "backup", "saved",
					    "prev",     "last",     "bak",     "old"};

	for (size_t i = 0; i < ARRAY_LEN(words); i++) {
		size_t n = strlen(words[i]);

		if (n <= len && strncasecmp(text, words[i], n) == 0)
			return n;
	}
	return 0;
}

/* What stands between base's parts, or behind it. */
static enum rotated judge_addition(const char *text, size_t len, bool at_end)
{
	char digits[64];
	size_t n = 0, i = 0;
	bool word = false;

	if (!len || !is_separator(text[0]) || is_separator(text[len - 1]))
		return ROTATED_NO;
	while (i < len) {
		size_t word_len =
			is_separator(text[i ? i - 1 : 0]) ? word_at(text + i, len - i) : 0;

		if (word_len) {
			word = true;
			i += word_len;
		} else if (isdigit((unsigned char)text[i]) && n < sizeof digits) {
			digits[n++] = text[i++];
		} else if (is_separator(text[i]) || ((text[i] == 'T' || text[i] == 'Z') && n > 0)) {
			i++;
		} else {
			return ROTATED_NO;
		}
	}
	if (word || is_date(digits, n))
		return ROTATED_SURELY;
	if (at_end && text[0] == '.' && n == len - 1 && n <= 3)
		return ROTATED_NUMBERED;
	return n ? ROTATED_PERHAPS : ROTATED_NO;
}

/* svlogd and multilog: "@4000000069…" with ".s" or ".u" of "current". */
static bool is_svlogd(const char *name, const char *base)
{
	return strcmp(base, "current") == 0 && name[0] == '@' &&
	       strspn(name + 1, "0123456789abcdef") == SVLOGD_DIGITS &&
	       (strcmp(name + 1 + SVLOGD_DIGITS, ".s") == 0 ||
		strcmp(name + 1 + SVLOGD_DIGITS, ".u") == 0);
}

/* Where the extension begins; the end when there is none. */
static size_t extension(const char *base, size_t len)
{
	for (size_t i = len; i-- > 1;)
		if (base[i] == '.')
			return isdigit((unsigned char)base[i + 1]) || i + 1 == len ? len : i;
	return len;
}

size_t rotated_stem(const char *base)
{
	return extension(base, strlen(base));
}

enum rotated rotated_judge(const char *name, const char *base)
{
	size_t name_len = strlen(name), len = strlen(base), stem = extension(base, len);
	size_t ext = len - stem;

	if (is_svlogd(name, base))
		return ROTATED_SURELY;
	if (name_len <= len || strncmp(name, base, stem) != 0)
		return ROTATED_NO;
	if (strncmp(name, base, len) == 0)
		return judge_addition(name + len, name_len - len, true);
	if (!ext || strcmp(name + name_len - ext, base + stem) != 0)
		return ROTATED_NO;
	return judge_addition(name + stem, name_len - stem - ext, false);
}

bool rotated_alike(const char *a, const char *b)
{
	while (*a && *b) {
		bool digits = isdigit((unsigned char)*a);

		if (digits != (isdigit((unsigned char)*b) != 0) || (!digits && *a != *b))
			return false;
		if (!digits) {
			a++;
			b++;
			continue;
		}
		a += strspn(a, "0123456789");
		b += strspn(b, "0123456789");
	}
	return *a == *b;
}

const char *rotated_packed_ending(size_t i)
{
	static const char *const endings[] = {".gz", ".zst", ".xz"};

	return i < ARRAY_LEN(endings) ? endings[i] : NULL;
}

/* The length of the ending that a compressed file has, 0 for any other. */
static size_t packed_ending(const char *name)
{
	size_t len = strlen(name);
	const char *ending;

	for (size_t i = 0; (ending = rotated_packed_ending(i)); i++) {
		size_t n = strlen(ending);

		if (len > n && strcmp(name + len - n, ending) == 0)
			return n;
	}
	return 0;
}

/* So many digits behind a dot end it, compressed or not. */
static size_t digits_at_end(const char *name)
{
	size_t end = strlen(name) - packed_ending(name), at = end;

	while (at && isdigit((unsigned char)name[at - 1]))
		at--;
	return at && name[at - 1] == '.' ? end - at : 0;
}

int rotated_order(const char *a, const char *b)
{
	int order = strverscmp(a, b);
	size_t digits = digits_at_end(a);

	return digits >= 1 && digits <= 3 ? -order : order;
}

bool rotated_is_before(const char *a, const char *b)
{
	size_t n = 0;

	for (const char *at = a; *at; at++)
		n += isdigit((unsigned char)*at) != 0;
	/* A date, or what counts down. Other numbers may go either way. */
	return rotated_alike(a, b) && rotated_order(a, b) < 0 && (n >= 6 || digits_at_end(a));
}

bool rotated_number(const char *name, size_t skip, uint64_t *ret_number)
{
	uint64_t n = 0;
	size_t len;

	if (skip > strlen(name))
		return false;
	name += skip;
	name += strcspn(name, "0123456789");
	len = strspn(name, "0123456789");
	if (!len || len > 18 || name[len + strcspn(name + len, "0123456789")])
		return false;
	while (len--)
		n = 10 * n + (uint64_t)(*name++ - '0');
	*ret_number = n;
	return true;
}

static bool see_one(const char *name, const char *base, rotated_see *see, void *context)
{
	enum rotated kind = rotated_judge(name, base);

	return kind != ROTATED_NO && see(context, base, kind);
}

bool rotated_bases(const char *name, rotated_see *see, void *context)
{
	size_t len = strlen(name);
	char base[NAME_MAX + 1];

	if (len >= sizeof base)
		return false;
	for (size_t end = len; end-- > 1;) {
		if (!is_separator(name[end]))
			continue;
		snprintf(base, sizeof base, "%.*s", (int)end, name);
		if (see_one(name, base, see, context))
			return true;
		for (const char *dot = strchr(name + end + 1, '.'); dot;
		     dot = strchr(dot + 1, '.')) {
			snprintf(base, sizeof base, "%.*s%s", (int)end, name, dot);
			if (see_one(name, base, see, context))
				return true;
		}
	}
	return name[0] == '@' && see_one(name, "current", see, context);
}

bool rotated_is_packed(const char *name)
{
	return packed_ending(name);
}

size_t rotated_beside(const char *path, const char *base, char ret_path[PATH_MAX])
{
	int dir_len = (int)(strrchr(path, '/') + 1 - path);
	int n = snprintf(ret_path, PATH_MAX, "%.*s%s", dir_len, path, base);

	return n < PATH_MAX ? (size_t)n : 0;
}

char *rotated_unpacked(const char *name)
{
	size_t n = packed_ending(name);

	return n ? strndup(name, strlen(name) - n) : NULL;
}

bool rotated_originals(const char *path, rotated_see *see, void *context)
{
	const char *name = strrchr(path, '/') + 1;
	size_t len = strlen(name);
	char base[NAME_MAX + 1];

	if (rotated_bases(name, see, context))
		return true;
	if (len < 2 || len > NAME_MAX || name[len - 1] != '~')
		return false;
	snprintf(base, sizeof base, "%.*s", (int)len - 1, name);
	return see(context, base, ROTATED_SURELY);
}

bool rotated_is_backup(const char *path, const char *of)
{
	size_t len = strlen(of);

	return strncmp(path, of, len) == 0 && strcmp(path + len, "~") == 0;
}

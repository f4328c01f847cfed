/* SPDX-License-Identifier: Apache-2.0 */
/*
 * As much of a wrapped line as joining needs: whose stream it is, whether it is a part, and where
 * its message stands. Fields are cut out of the joined line by its parser (parsers/kinds). Docker's
 * objects are read in the form in which its driver writes them, "log" first; any other is a line
 * of its own. Strings of JSON that stand one behind the other are joined as they are, escapes
 * included.
 */
#include "join/wrap.h"

#include <string.h>

#include "base/result.h"

#define TIME_MIN 20 /* 2026-11-21T15:11:55Z */

static bool read_cri(struct slice line, struct wrapped *ret_wrapped)
{
	const char *end = line.at + line.len, *at, *tag, *message;

	if (line.len < TIME_MIN || line.at[4] != '-' || line.at[10] != 'T')
		return false;
	at = memchr(line.at + TIME_MIN - 1, ' ', line.len - (TIME_MIN - 1));
	if (!at || end - at < 9 ||
	    (memcmp(at, " stdout ", 8) != 0 && memcmp(at, " stderr ", 8) != 0))
		return false;
	tag = at + 8;
	if (*tag != 'F' && *tag != 'P')
		return false;
	message = memchr(tag, ' ', (size_t)(end - tag));
	if ((message ? message : end) > tag + 1 && tag[1] != ':')
		return false;
	message = message ? message + 1 : end;
	*ret_wrapped = (struct wrapped){
		.head = {line.at, (size_t)(tag - line.at)},
		.message = {message, (size_t)(end - message)},
		.stream = at[4],
		.part = *tag == 'P',
	};
	/* " stdout": the fifth byte tells them apart. */
	ret_wrapped->stream = at[4] == 'o' ? 'o' : 'e';
	return true;
}

/* Whether the byte has a backslash before it that is none itself. */
static bool is_escaped(const char *start, const char *at)
{
	size_t n = 0;

	while (at > start && at[-1] == '\\') {
		at--;
		n++;
	}
	return n & 1;
}

static bool read_docker(struct slice line, struct wrapped *ret_wrapped)
{
	static const char open[] = "{\"log\":\"", key[] = "\"stream\":\"std";
	const char *end = line.at + line.len, *start = line.at + sizeof open - 1, *quote, *stream;
	size_t len;

	if (line.len < sizeof open || memcmp(line.at, open, sizeof open - 1) != 0)
		return false;
	quote = memchr(start, '"', (size_t)(end - start));
	while (quote && is_escaped(start, quote))
		quote = memchr(quote + 1, '"', (size_t)(end - quote - 1));
	stream = quote ? memmem(quote, (size_t)(end - quote), key, sizeof key - 1) : NULL;
	if (!stream || stream + sizeof key - 1 == end)
		return false;
	len = (size_t)(quote - start);
	*ret_wrapped = (struct wrapped){
		.head = {line.at, sizeof open - 1},
		.message = {start, len},
		.tail = {quote, (size_t)(end - quote)},
		.stream = stream[sizeof key - 1] == 'o' ? 'o' : 'e',
		.part = len < 2 || quote[-1] != 'n' || !is_escaped(start, quote - 1),
	};
	return true;
}

bool wrap_read(enum join_wrap wrap, struct slice line, struct wrapped *ret_wrapped)
{
	return wrap == WRAP_CRI ? read_cri(line, ret_wrapped) : read_docker(line, ret_wrapped);
}

/* What a letter behind a backslash stands for; escapes by number are not needed to know a line. */
static char unescaped(char c)
{
	static const char from[] = "tnrbf", to[] = "\t\n\r\b\f";
	const char *at = c ? strchr(from, c) : NULL;

	return at ? to[at - from] : c;
}

struct slice wrap_message(enum join_wrap wrap, const struct wrapped *wrapped, char *buffer,
			  size_t len)
{
	struct slice text = wrapped->message;
	size_t n = 0;

	if (wrap != WRAP_DOCKER)
		return text;
	text.len -= wrapped->part ? 0 : 2;
	if (!memchr(text.at, '\\', text.len))
		return text;
	for (size_t i = 0; i < text.len && n < len; i++) {
		bool escape = text.at[i] == '\\' && i + 1 < text.len;

		buffer[n++] = escape ? unescaped(text.at[++i]) : text.at[i];
	}
	return (struct slice){buffer, n};
}

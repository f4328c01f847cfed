/* SPDX-License-Identifier: Apache-2.0 */
/*
 * "Nov 21 15:11:55 host program[pid]: message", as it is in files. The first word behind the time
 * is the host when it does not end with a colon and a program follows; else there is no host:
 *
 *	Nov 21 15:11:55 kernel: eth0: link up
 *	Jun 19 04:09:11 web1 syslogd 1.4.1: restart.
 *	Nov  9 12:10:43 web1 audit(1131538222.234:0): initialized
 */
#include <ctype.h>

#include "parsers/kinds/syslog_private.h"

static bool is_digit(char c)
{
	return (unsigned char)(c - '0') <= 9;
}

/* Bytes of the shape at `at`: 0 a digit, A a letter, a one that is small, else itself. */
static bool has_shape(const char *at, const char *end, const char *shape)
{
	size_t len = strlen(shape);

	if ((size_t)(end - at) < len)
		return false;
	for (size_t i = 0; i < len; i++) {
		if (shape[i] == '0' ? !is_digit(at[i]) :
		    shape[i] == 'A' ? !isupper((unsigned char)at[i]) :
		    shape[i] == 'a' ? !islower((unsigned char)at[i]) :
				      at[i] != shape[i])
			return false;
	}
	return true;
}

/* Behind "15:11:55" and its fraction, or NULL. */
static const char *clock_end(const char *at, const char *end)
{
	if (!has_shape(at, end, "00:00:00"))
		return NULL;
	at += 8;
	if (end - at >= 2 && (*at == '.' || *at == ',') && is_digit(at[1])) {
		at++;
		while (at < end && is_digit(*at))
			at++;
	}
	return at;
}

/* Behind the time, or NULL: "Nov 21 15:11:55.123", "Nov  1 2026 15:11:55", ISO 8601. */
static const char *time_end(const char *at, const char *end)
{
	if (has_shape(at, end, "0000-00-00T"))
		return memchr(at, ' ', (size_t)(end - at));
	if (!has_shape(at, end, "Aaa "))
		return NULL;
	at += 4;
	at += at < end && *at == ' ';
	if (at == end || !is_digit(*at))
		return NULL;
	at += 1 + (end - at > 1 && is_digit(at[1]));
	if (at == end || *at != ' ')
		return NULL;
	at++;
	if (has_shape(at, end, "0000 "))
		at += 5;
	return clock_end(at, end);
}

/* Behind "(...)", or `at` where there is none. */
static const char *parenthesis_end(const char *at, const char *end)
{
	const char *close = at;

	if (at == end || *at != '(')
		return at;
	while (close < end && *close != ')' && *close != ' ')
		close++;
	return close < end && *close == ')' ? close + 1 : at;
}

/* Behind " 1.4.1", or `at`. */
static const char *version_end(const char *at, const char *end)
{
	const char *here = at + 2;

	if (end - at < 3 || *at != ' ' || !is_digit(at[1]))
		return at;
	while (here < end && (isalnum((unsigned char)*here) || *here == '.' || *here == '_'))
		here++;
	return here;
}

struct tag {
	struct slice program, pid;
	const char *end; /* behind the colon and a blank */
};

/* "program[pid]: " at `at`. A number is no program: it is the version of what is before it. */
static bool take_tag(const char *at, const char *end, struct tag *ret_tag)
{
	const char *start = at;
	bool letters = false;

	for (; at < end && *at != ' ' && !strchr(":[(", *at); at++)
		letters |= !is_digit(*at) && *at != '.';
	at = parenthesis_end(at, end);
	letters |= at > start && at[-1] == ')';
	*ret_tag = (struct tag){{start, (size_t)(at - start)}};
	if (!letters)
		return false;
	at = version_end(at, end);
	if (at < end && *at == '[') {
		const char *close = memchr(at, ']', (size_t)(end - at));

		if (!close)
			return false;
		ret_tag->pid = (struct slice){at + 1, (size_t)(close - at - 1)};
		at = close + 1;
	}
	if (at == end || *at != ':')
		return false;
	at++;
	if (at < end && *at != ' ')
		return false;
	ret_tag->end = at + (at < end);
	return true;
}

int syslog_3164(const struct syslog *syslog, const char *at, const char *end, struct kind_run *run)
{
	const char *after = time_end(at, end), *word, *host_end;
	struct slice host = SLICE_NONE;
	struct tag tag;

	if (!after || after == end || *after != ' ')
		return kind_miss(run, after ? after : at);
	word = after + 1;
	host_end = memchr(word, ' ', (size_t)(end - word));
	if (host_end && host_end > word && host_end[-1] != ':' && take_tag(host_end + 1, end, &tag))
		host = (struct slice){word, (size_t)(host_end - word)};
	else if (!take_tag(word, end, &tag))
		return kind_miss(run, word);
	kind_set(run, syslog->slots[SYSLOG_TIME], at, after);
	if (host.at)
		kind_set(run, syslog->slots[SYSLOG_HOST], host.at, host_end);
	kind_set(run, syslog->slots[SYSLOG_PROGRAM], tag.program.at,
		 tag.program.at + tag.program.len);
	if (tag.pid.at)
		kind_set(run, syslog->slots[SYSLOG_PID], tag.pid.at, tag.pid.at + tag.pid.len);
	kind_set(run, syslog->slots[SYSLOG_MESSAGE], tag.end, end);
	return 0;
}

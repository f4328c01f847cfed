/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One name against one pattern without slashes. Our own instead of fnmatch(3), which depends on the
 * locale (bytes that are no UTF-8 are an error there) and backtracks exponentially on patterns with
 * many stars. Here only the last star is moved on, which is exact and O(name * pattern).
 *
 * Bytes, not characters. Accepted: "?" does not match one letter outside ASCII.
 */
#include "base/glob_name.h"

#include <ctype.h>
#include <string.h>

#include "base/result.h"

static const struct {
	const char *name;
	int (*is)(int);
} classes[] = {
	{"[:alnum:]", isalnum}, {"[:alpha:]", isalpha}, {"[:digit:]", isdigit},
	{"[:lower:]", islower}, {"[:upper:]", isupper}, {"[:xdigit:]", isxdigit},
	{"[:punct:]", ispunct}, {"[:space:]", isspace},
};

const char *glob_bracket_end(const char *p)
{
	p++;
	if (*p == '!' || *p == '^')
		p++;
	if (*p == ']')
		p++;
	for (; *p && *p != ']' && *p != '/'; p++) {
		const char *close = p[0] == '[' && p[1] == ':' ? strstr(p + 2, ":]") : NULL;

		if (close)
			p = close + 1;
		else if (*p == '\\' && p[1])
			p++;
	}
	return *p == ']' ? p + 1 : NULL;
}

/* Takes a class such as [:digit:] at *p; false when there is none. */
static bool take_class(const char **p, unsigned char c, bool *found)
{
	for (size_t i = 0; i < ARRAY_LEN(classes); i++) {
		size_t len = strlen(classes[i].name);

		if (strncmp(*p, classes[i].name, len) == 0) {
			*found |= classes[i].is(c) != 0;
			*p += len;
			return true;
		}
	}
	return false;
}

static unsigned char take_byte(const char **p)
{
	if (**p == '\\')
		(*p)++;
	return (unsigned char)*(*p)++;
}

/* Whether c is in the bracket expression from p (at '[') to end (behind its ']'). */
static bool bracket_has(const char *p, const char *end, unsigned char c)
{
	bool negate = p[1] == '!' || p[1] == '^', found = false;
	const char *last = end - 1;

	for (p += negate ? 2 : 1; p < last;) {
		unsigned char low, high;

		if (*p == '[' && take_class(&p, c, &found))
			continue;
		low = high = take_byte(&p);
		if (*p == '-' && p + 1 < last) {
			p++;
			high = take_byte(&p);
		}
		found |= low <= c && c <= high;
	}
	return found != negate;
}

/* Whether one byte matches what is at *p; moves *p behind it. *p is no star. */
static bool match_one(const char **p, char c)
{
	const char *end;

	switch (**p) {
	case '?':
		(*p)++;
		return true;
	case '[':
		end = glob_bracket_end(*p);
		if (end) {
			bool has = bracket_has(*p, end, (unsigned char)c);

			*p = end;
			return has;
		}
		break;
	case '\\':
		if ((*p)[1])
			(*p)++;
		break;
	}
	return *(*p)++ == c;
}

bool glob_name_match(const char *pattern, const char *name, size_t len)
{
	const char *end = name + len, *star = NULL, *star_name = NULL;

	if (len > 0 && name[0] == '.' && pattern[0] != '.' &&
	    !(pattern[0] == '\\' && pattern[1] == '.'))
		return false;
	for (;;) {
		if (*pattern == '*') {
			star = ++pattern;
			star_name = name;
		} else if (name == end && !*pattern) {
			return true;
		} else if (name < end && *pattern && match_one(&pattern, *name)) {
			name++;
		} else if (star && star_name < end) {
			pattern = star;
			name = ++star_name;
		} else {
			return false;
		}
	}
}

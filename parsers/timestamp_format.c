/* SPDX-License-Identifier: Apache-2.0 */
/*
 * strptime's directives, compiled to a list of steps that one switch walks. The composed ones (%T,
 * %F) are taken apart when compiled. As in strptime a number may have fewer digits than its room,
 * and a blank in place of a leading zero ("Jan  2"); unlike there the day of the week is passed
 * over unread, for it cannot add anything, and the text must be used up. What names mean, of months
 * and of zones, stands in timestamp_names.c.
 */
#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "parsers/timestamp_private.h"

#define STEPS_MAX 64

struct step {
	char directive; /* a letter (same_as of its row); 0: the byte `literal`; ' ': blanks */
	char literal;
};

struct strptime {
	bool has_day;
	size_t n;
	struct step steps[STEPS_MAX];
};

/* What a format tells, as bits. */
enum {
	TELLS_YEAR = 1,
	TELLS_MONTH = 2,
	TELLS_DAY = 4,
	TELLS_DAY_OF_YEAR = 8,
	TELLS_HOUR = 16,
	TELLS_HOUR_OF_12 = 32,
	TELLS_HALF = 64,
	TELLS_EPOCH = 128,
};

struct directive {
	char letter;
	char same_as; /* what it means, when not its own letter */
	unsigned tells;
	const char *expansion; /* instead: what it is composed of */
};

static const struct directive directives[] = {
	{'Y', 'Y', TELLS_YEAR},
	{'y', 'y', TELLS_YEAR},
	{'m', 'm', TELLS_MONTH},
	{'b', 'b', TELLS_MONTH},
	{'B', 'b', TELLS_MONTH},
	{'h', 'b', TELLS_MONTH},
	{'d', 'd', TELLS_DAY},
	{'e', 'd', TELLS_DAY},
	{'j', 'j', TELLS_DAY_OF_YEAR},
	{'H', 'H', TELLS_HOUR},
	{'I', 'H', TELLS_HOUR_OF_12},
	{'p', 'p', TELLS_HALF},
	{'M', 'M', 0},
	{'S', 'S', 0},
	{'f', 'f', 0},
	{'L', 'f', 0},
	{'v', 'v', 0},
	{'a', 'a', 0},
	{'A', 'a', 0},
	{'z', 'z', 0},
	{'Z', 'Z', 0},
	{'s', 's', TELLS_EPOCH},
	{'n', ' ', 0},
	{'t', ' ', 0},
	{'F', 0, 0, "%Y-%m-%d"},
	{'D', 0, 0, "%m/%d/%y"},
	{'T', 0, 0, "%H:%M:%S"},
	{'R', 0, 0, "%H:%M"},
};

static const struct directive *find_directive(char letter)
{
	for (size_t i = 0; i < ARRAY_LEN(directives); i++) {
		if (directives[i].letter == letter)
			return &directives[i];
	}
	return NULL;
}

static int complain(struct timestamp_error *ret_error, size_t at, const char *message)
{
	ret_error->at = at;
	snprintf(ret_error->message, sizeof ret_error->message, "%s", message);
	return TIMESTAMP_E_FORMAT;
}

static int add_step(struct strptime *format, struct step step, size_t at,
		    struct timestamp_error *ret_error)
{
	bool blank = step.directive == ' ';

	if (blank && format->n && format->steps[format->n - 1].directive == ' ')
		return 0;
	if (format->n == STEPS_MAX)
		return complain(ret_error, at, "more than 64 characters and directives");
	format->steps[format->n++] = step;
	return 0;
}

static int complain_unknown(struct timestamp_error *ret_error, size_t at, char directive)
{
	ret_error->at = at;
	if (isgraph((unsigned char)directive))
		snprintf(ret_error->message, sizeof ret_error->message, "%%%c is not known",
			 directive);
	else
		snprintf(ret_error->message, sizeof ret_error->message,
			 "%% without a letter; a percent sign is %%%%");
	return TIMESTAMP_E_FORMAT;
}

static int add_all(struct strptime *format, const char *text, unsigned *told,
		   struct timestamp_error *ret_error)
{
	for (size_t i = 0; text[i]; i++) {
		struct step step = {isblank((unsigned char)text[i]) ? ' ' : 0, text[i]};
		const struct directive *directive;
		size_t at = i;
		int r;

		i += text[at] == '%';
		directive = find_directive(text[i]);
		if (i == at || text[i] == '%') {
			r = add_step(format, step, at, ret_error);
		} else if (!directive) {
			return complain_unknown(ret_error, at, text[i]);
		} else if (directive->expansion) {
			r = add_all(format, directive->expansion, told, ret_error);
		} else {
			*told |= directive->tells;
			step.directive = directive->same_as;
			r = add_step(format, step, at, ret_error);
		}
		if (r)
			return r;
	}
	return 0;
}

/* Whether what a format tells makes up a time. */
static int judge(struct strptime *format, unsigned told, struct timestamp_error *ret_error)
{
	bool date = (told & TELLS_MONTH) && (told & TELLS_DAY);

	format->has_day = date || (told & TELLS_DAY_OF_YEAR);
	if (told & TELLS_EPOCH)
		return 0;
	if ((told & TELLS_HOUR_OF_12) && !(told & TELLS_HALF))
		return complain(ret_error, 0, "%I without %p: in the morning or in the evening?");
	if (!format->has_day && (told & (TELLS_YEAR | TELLS_MONTH | TELLS_DAY)))
		return complain(ret_error, 0,
				"it tells no day: %m (or %b) and %d are needed, or %j");
	if (!format->has_day && !(told & (TELLS_HOUR | TELLS_HOUR_OF_12)))
		return complain(ret_error, 0, "it tells neither a day nor a time of day");
	return 0;
}

int strptime_compile(const char *text, struct strptime **ret_format,
		     struct timestamp_error *ret_error)
{
	struct strptime *format = calloc(1, sizeof *format);
	unsigned told = 0;
	int r;

	if (!format)
		return -ENOMEM;
	r = add_all(format, text, &told, ret_error);
	if (r == 0)
		r = judge(format, told, ret_error);
	if (r) {
		free(format);
		return r;
	}
	*ret_format = format;
	return 0;
}

struct strptime *strptime_free(struct strptime *format)
{
	free(format);
	return NULL;
}

bool strptime_has_day(const struct strptime *format)
{
	return format->has_day;
}

/* Up to `most` digits; the first of two or more may be a blank. */
static bool take_short(struct cursor *text, int most, uint32_t *ret_number)
{
	const char *at = text->at, *last = text->end;
	uint32_t number = 0;

	if (last - at > most)
		last = at + most;
	if (at < last && *at == ' ' && most > 1)
		at++;
	if (at == last || !is_digit(*at))
		return false;
	while (at < last && is_digit(*at))
		number = number * 10 + (uint32_t)(*at++ - '0');
	text->at = at;
	*ret_number = number;
	return true;
}

/* The case that nearly always is. */
static inline bool take_two(struct cursor *text, uint32_t *ret_number)
{
	const char *at = text->at;

	if (LIKELY(text->end - at >= 2 && is_digit(at[0]) && is_digit(at[1]))) {
		*ret_number = (uint32_t)((at[0] - '0') * 10 + (at[1] - '0'));
		text->at += 2;
		return true;
	}
	return take_short(text, 2, ret_number);
}

/* Exactly four digits: "%Y%m%d" must know where the year ends. */
static bool take_year(struct cursor *text, struct moment *m)
{
	const char *at = text->at;

	m->has_year = true;
	if (text->end - at < 4 || *at == ' ')
		return false;
	return take_short(text, 4, &m->year) && text->at == at + 4;
}

static bool take_short_year(struct cursor *text, struct moment *m)
{
	if (!take_two(text, &m->year))
		return false;
	m->has_year = true;
	m->year += m->year < 69 ? 2000 : 1900;
	return true;
}

static bool take_half(struct cursor *text, struct moment *m)
{
	const char *at = text->at;

	if (text->end - at < 2 || (at[1] | 0x20) != 'm')
		return false;
	m->half = (at[0] | 0x20) == 'a' ? HALF_AM : (at[0] | 0x20) == 'p' ? HALF_PM : NO_HALF;
	text->at += 2;
	return m->half != NO_HALF;
}

static bool take_blanks(struct cursor *text)
{
	const char *start = text->at;

	while (text->at < text->end && (*text->at == ' ' || *text->at == '\t'))
		text->at++;
	return text->at > start;
}

static bool take_literal(struct cursor *text, char literal)
{
	return text->at < text->end && *text->at++ == literal;
}

static bool take_step(const struct step *step, const struct timestamp_means *means,
		      struct cursor *text, struct moment *m)
{
	switch (step->directive) {
	case 0:
		return take_literal(text, step->literal);
	case ' ':
		return take_blanks(text);
	case 'Y':
		return take_year(text, m);
	case 'y':
		return take_short_year(text, m);
	case 'm':
		return take_two(text, &m->month);
	case 'b':
		return timestamp_take_month(text, means->language, m);
	case 'd':
		return take_two(text, &m->day);
	case 'j':
		return take_short(text, 3, &m->day_of_year) && m->day_of_year;
	case 'H':
		return take_two(text, &m->hour);
	case 'M':
		return take_two(text, &m->minute);
	case 'S':
		return take_two(text, &m->second);
	case 'f':
		return take_fraction(text, &m->ms);
	case 'v':
		return take_short(text, 3, &m->ms);
	case 'p':
		return take_half(text, m);
	case 'a':
		return timestamp_take_weekday(text, means->language);
	case 'z':
		m->has_offset = true;
		return zone_take_offset(&text->at, text->end, &m->offset);
	case 'Z':
		return timestamp_take_zone(text, means, m);
	case 's':
		m->has_epoch = true;
		return take_number(text, &m->epoch_s);
	default:
		return false;
	}
}

bool strptime_take(const struct strptime *format, const struct timestamp_means *means,
		   struct slice whole, struct moment *ret_moment)
{
	struct cursor text = {whole.at, whole.at + whole.len};

	for (size_t i = 0; i < format->n; i++) {
		if (!take_step(&format->steps[i], means, &text, ret_moment))
			return false;
	}
	return text.at == text.end;
}

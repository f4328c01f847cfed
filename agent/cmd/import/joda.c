/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Letters stand for what is there as often as they are written: MMM is a month's short name, M and
 * MM its number. Text is in single quotes, two of which are one.
 */
#include <string.h>

#include "cmd/import/write.h"

/* The longer of those that begin alike come first. */
static const struct {
	const char *theirs, *ours;
} rows[] = {
	{"yyyy", "%Y"}, {"YYYY", "%Y"}, {"uuuu", "%Y"}, {"yy", "%y"},  {"YY", "%y"}, {"xxxx", "%G"},
	{"ww", "%V"},   {"MMMM", "%B"}, {"MMM", "%b"},  {"MM", "%m"},  {"M", "%m"},  {"dd", "%d"},
	{"d", "%e"},    {"DDD", "%j"},  {"HH", "%H"},   {"H", "%H"},   {"hh", "%I"}, {"h", "%I"},
	{"mm", "%M"},   {"m", "%M"},    {"ss", "%S"},   {"s", "%S"},   {"a", "%p"},  {"EEEE", "%A"},
	{"EEE", "%a"},  {"EE", "%a"},   {"E", "%a"},    {"ZZZ", "%Z"}, {"ZZ", "%z"}, {"Z", "%z"},
	{"XXX", "%z"},  {"X", "%z"},    {"zzz", "%Z"},  {"z", "%Z"},   {"%", "%%"},
};

/* 'at', whose quotes go. Behind it. */
static size_t put_quoted(FILE *to, struct slice format, size_t i)
{
	if (i < format.len && format.at[i] == '\'') {
		fputc('\'', to);
		return i + 1;
	}
	while (i < format.len && format.at[i] != '\'')
		fputc(format.at[i++], to);
	return i + 1;
}

void write_joda(FILE *to, struct slice format)
{
	for (size_t i = 0; i < format.len;) {
		size_t row = 0, fraction = 0;

		while (i + fraction < format.len && format.at[i + fraction] == 'S')
			fraction++;
		if (fraction || format.at[i] == '\'') {
			if (fraction)
				fputs("%f", to);
			i = fraction ? i + fraction : put_quoted(to, format, i + 1);
			continue;
		}
		while (row < ARRAY_LEN(rows) &&
		       (strlen(rows[row].theirs) > format.len - i ||
			memcmp(format.at + i, rows[row].theirs, strlen(rows[row].theirs)) != 0))
			row++;
		if (row < ARRAY_LEN(rows))
			fputs(rows[row].ours, to);
		else
			fputc(format.at[i], to);
		i += row < ARRAY_LEN(rows) ? strlen(rows[row].theirs) : 1;
	}
}

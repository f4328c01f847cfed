/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Names in times: months, days and zones. Names of the process's locale were rejected: what a log
 * says does not depend on who reads it.
 *
 * English months are told by three letters packed into a number, since nearly all logs have these.
 * Other languages abbreviate as they like ("Dez", "janv.", "sept"), so there any beginning of three
 * letters or more will do that no other month has, with or without a point.
 *
 * The abbreviations of zones that are here are those that mean one thing in practice: what RFC 822
 * names, and those of one offset everywhere. "IST" is India, Israel and Ireland, so it is not here;
 * "CST" is also China's. Who knows better says so (timestamp_zones), and is asked first.
 */
#include <ctype.h>
#include <string.h>
#include <strings.h>

#include "parsers/timestamp_private.h"

#define LETTERS(a, b, c) ((uint32_t)(a) << 16 | (uint32_t)(b) << 8 | (uint32_t)(c))

/* The next three bytes, letters made small; 0 when there are not so many. */
static uint32_t three_letters(const struct cursor *text)
{
	const char *at = text->at;

	if (text->end - at < 3)
		return 0;
	return LETTERS((unsigned char)at[0], (unsigned char)at[1], (unsigned char)at[2]) | 0x202020;
}

/* Passes over the rest of a whole name, if that is what follows. */
static void take_rest(struct cursor *text, const char *rest)
{
	size_t len = strlen(rest);

	text->at += 3;
	if ((size_t)(text->end - text->at) >= len && strncasecmp(text->at, rest, len) == 0)
		text->at += len;
}

struct name {
	uint32_t letters;
	const char *rest;
};

/* The place of a name, and its text passed over; n when it is none of them. */
static size_t take_name(struct cursor *text, const struct name *names, size_t n)
{
	uint32_t letters = three_letters(text);
	size_t i = 0;

	while (i < n && names[i].letters != letters)
		i++;
	if (i < n)
		take_rest(text, names[i].rest);
	return i;
}

static bool take_english_month(struct cursor *text, struct moment *m)
{
	static const struct name names[12] = {
		{LETTERS('j', 'a', 'n'), "uary"},   {LETTERS('f', 'e', 'b'), "ruary"},
		{LETTERS('m', 'a', 'r'), "ch"},     {LETTERS('a', 'p', 'r'), "il"},
		{LETTERS('m', 'a', 'y'), ""},       {LETTERS('j', 'u', 'n'), "e"},
		{LETTERS('j', 'u', 'l'), "y"},      {LETTERS('a', 'u', 'g'), "ust"},
		{LETTERS('s', 'e', 'p'), "tember"}, {LETTERS('o', 'c', 't'), "ober"},
		{LETTERS('n', 'o', 'v'), "ember"},  {LETTERS('d', 'e', 'c'), "ember"},
	};

	m->month = (uint32_t)take_name(text, names, ARRAY_LEN(names)) + 1;
	return m->month <= ARRAY_LEN(names);
}

/* Languages in the order of the enum; a bar stands before another spelling. */
static const char *const months[][12] = {
	[TIMESTAMP_GERMAN] = {"Januar|J\xc3\xa4nner", "Februar|Feber", "M\xc3\xa4rz|Mrz|Maerz",
			      "April", "Mai", "Juni", "Juli", "August", "September", "Oktober",
			      "November", "Dezember"},
	[TIMESTAMP_FRENCH] = {"janvier", "f\xc3\xa9vrier|fevrier", "mars", "avril", "mai", "juin",
			      "juillet", "ao\xc3\xbbt|aout", "septembre", "octobre", "novembre",
			      "d\xc3\xa9"
			      "cembre|decembre"},
	[TIMESTAMP_SPANISH] = {"enero", "febrero", "marzo", "abril", "mayo", "junio", "julio",
			       "agosto", "septiembre|setiembre", "octubre", "noviembre",
			       "diciembre"},
	[TIMESTAMP_ITALIAN] = {"gennaio", "febbraio", "marzo", "aprile", "maggio", "giugno",
			       "luglio", "agosto", "settembre", "ottobre", "novembre", "dicembre"},
	[TIMESTAMP_DUTCH] = {"januari", "februari", "maart|mrt", "april", "mei", "juni", "juli",
			     "augustus", "september", "oktober", "november", "december"},
	[TIMESTAMP_PORTUGUESE] = {"janeiro", "fevereiro", "mar\xc3\xa7o|marco", "abril", "maio",
				  "junho", "julho", "agosto", "setembro", "outubro", "novembro",
				  "dezembro"},
};

/* The letters that come next; bytes of UTF-8 count as such. */
static struct slice next_word(const struct cursor *text)
{
	const char *at = text->at;

	while (at < text->end && (isalpha((unsigned char)*at) || (unsigned char)*at >= 0x80))
		at++;
	return (struct slice){text->at, (size_t)(at - text->at)};
}

/* Whether the word begins one of the spellings; *ret_whole: it is one. */
static bool begins(struct slice word, const char *spellings, bool *ret_whole)
{
	for (const char *at = spellings; at; at = strchr(at, '|')) {
		size_t len;

		at += *at == '|';
		len = strcspn(at, "|");
		if (word.len > len || strncasecmp(word.at, at, word.len) != 0)
			continue;
		*ret_whole = word.len == len;
		return true;
	}
	return false;
}

/* The number of the month, or 0. */
static uint32_t find_month(struct slice word, const char *const names[12], bool *ret_whole)
{
	uint32_t month = 0;

	for (uint32_t i = 0; i < 12 && word.len >= 3; i++) {
		bool whole = false;

		if (!begins(word, names[i], &whole))
			continue;
		if (month && !whole)
			return 0;
		month = i + 1;
		*ret_whole = whole;
		if (whole)
			break;
	}
	return month;
}

bool timestamp_take_month(struct cursor *text, enum timestamp_language language, struct moment *m)
{
	struct slice word;
	bool whole = false;

	if (LIKELY(language == TIMESTAMP_ENGLISH))
		return take_english_month(text, m);
	word = next_word(text);
	m->month = find_month(word, months[language], &whole);
	if (!m->month)
		return take_english_month(text, m);
	text->at += word.len;
	if (!whole && text->at < text->end && *text->at == '.')
		text->at++;
	return true;
}

static bool take_english_day(struct cursor *text)
{
	static const struct name names[7] = {
		{LETTERS('m', 'o', 'n'), "day"},    {LETTERS('t', 'u', 'e'), "sday"},
		{LETTERS('w', 'e', 'd'), "nesday"}, {LETTERS('t', 'h', 'u'), "rsday"},
		{LETTERS('f', 'r', 'i'), "day"},    {LETTERS('s', 'a', 't'), "urday"},
		{LETTERS('s', 'u', 'n'), "day"},
	};

	return take_name(text, names, ARRAY_LEN(names)) < ARRAY_LEN(names);
}

bool timestamp_take_weekday(struct cursor *text, enum timestamp_language language)
{
	struct slice word;

	if (LIKELY(language == TIMESTAMP_ENGLISH))
		return take_english_day(text);
	word = next_word(text);
	text->at += word.len;
	if (text->at < text->end && *text->at == '.')
		text->at++;
	return word.len > 0;
}

/* Minutes from UTC. */
static const struct abbreviation {
	const char *name;
	int16_t minutes;
} abbreviations[] = {
	{"UTC", 0},    {"GMT", 0},    {"UT", 0},     {"Z", 0},      {"EST", -300},  {"EDT", -240},
	{"CST", -360}, {"CDT", -300}, {"MST", -420}, {"MDT", -360}, {"PST", -480},  {"PDT", -420},
	{"WET", 0},    {"WEST", 60},  {"BST", 60},   {"CET", 60},   {"CEST", 120},  {"MEZ", 60},
	{"MESZ", 120}, {"EET", 120},  {"EEST", 180}, {"MSK", 180},  {"SAST", 120},  {"JST", 540},
	{"KST", 540},  {"HKT", 480},  {"SGT", 480},  {"AWST", 480}, {"ACST", 570},  {"ACDT", 630},
	{"AEST", 600}, {"AEDT", 660}, {"NZST", 720}, {"NZDT", 780}, {"AKST", -540}, {"AKDT", -480},
	{"HST", -600}, {"NST", -210}, {"NDT", -150}, {"BRT", -180},
};

/* Letters, and what names of the database have besides. */
static struct slice zone_word(const struct cursor *text)
{
	const char *at = text->at;

	while (at < text->end &&
	       (isalpha((unsigned char)*at) || *at == '/' || *at == '_' ||
		(at > text->at && memchr(text->at, '/', (size_t)(at - text->at)) &&
		 (is_digit(*at) || *at == '-' || *at == '+'))))
		at++;
	return (struct slice){text->at, (size_t)(at - text->at)};
}

static bool equals(struct slice word, const char *name)
{
	return strlen(name) == word.len && strncasecmp(word.at, name, word.len) == 0;
}

bool timestamp_take_zone(struct cursor *text, const struct timestamp_means *means, struct moment *m)
{
	struct slice word = zone_word(text);

	for (size_t i = 0; i < means->n_names; i++) {
		if (!equals(word, means->names[i].name))
			continue;
		m->zone = means->names[i].zone;
		text->at += word.len;
		return true;
	}
	for (size_t i = 0; i < ARRAY_LEN(abbreviations); i++) {
		if (!equals(word, abbreviations[i].name))
			continue;
		m->has_offset = true;
		m->offset = abbreviations[i].minutes * 60;
		text->at += word.len;
		return true;
	}
	return false;
}

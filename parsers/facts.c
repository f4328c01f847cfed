/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A row names the member that it is made of, so that what nobody asks for costs a line no more than
 * that the member is filled. Text is lent as it is; only numbers and times are written, with their
 * widest form reserved: it is short, and the arena is emptied after the record.
 */
#include "parsers/facts.h"

#include <errno.h>
#include <string.h>
#include <strings.h>
#include <time.h>

#include "base/decimal.h"
#include "base/iso_time.h"

#define OF_EVENT(member) offsetof(struct template_facts, member)
#define OF_SCOPE(member) offsetof(struct template_scope, member)

static const struct fact FACTS[] = {
	{"line", FACT_TEXT, 0, OF_EVENT(line), "the whole line"},
	{"file.path", FACT_TEXT, 0, OF_EVENT(path), "the path of its file"},
	{"file.name", FACT_TEXT, 0, OF_EVENT(name), "the last part of that path"},
	{"file.position", FACT_NUMBER, DECIMAL_MAX, OF_EVENT(position),
	 "the position of the line's first byte in its file"},
	{"read.time", FACT_TIME, ISO_TIME_LEN, OF_EVENT(read_ms), "when the line was read"},
	{"event.time", FACT_TIME, ISO_TIME_LEN, OF_EVENT(event_ms),
	 "the record's timestamp: what the line says, else when it was read"},
	{"host.name", FACT_CONSTANT, 0, OF_SCOPE(host), "the host's name"},
	{"source", FACT_CONSTANT, 0, OF_SCOPE(source), "the source's name"},
	{"env:NAME", FACT_ENV, 0, OF_SCOPE(env), "the variable NAME of the environment"},
};

const struct fact *facts_all(size_t *ret_n)
{
	*ret_n = ARRAY_LEN(FACTS);
	return FACTS;
}

const struct fact *fact_named(struct slice name)
{
	for (size_t i = 0; i < ARRAY_LEN(FACTS); i++) {
		const struct fact *fact = &FACTS[i];
		size_t stem = fact->kind == FACT_ENV ? sizeof "env:" - 1 : 0;

		if (stem ? name.len >= stem && memcmp(name.at, fact->name, stem) == 0 :
			   slice_eq(name, slice_of(fact->name)))
			return fact;
	}
	return NULL;
}

const char *fact_constant(const struct fact *fact, const struct template_scope *scope)
{
	const void *member = (const char *)scope + fact->from;

	return *(const char *const *)member;
}

/* What a format makes of a time, at most. */
#define TIME_MAX 128

/* The format is the configuration's; there is none that reads or writes beyond the room. */
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
static size_t write_directives(const struct tm *utc, const char *format, char room[TIME_MAX])
{
	return strftime(room, TIME_MAX, format, utc);
}
#pragma GCC diagnostic pop

/* The length, 0: none, or too long. */
static size_t write_time(int64_t ms, const char *format, char room[TIME_MAX])
{
	time_t second = (time_t)(ms / 1000);
	bool milli = strcmp(format, "epoch_ms") == 0;
	struct tm utc;
	struct slice number;

	if (!milli && strcmp(format, "epoch_s") != 0)
		return gmtime_r(&second, &utc) ? write_directives(&utc, format, room) : 0;
	number = decimal_print((uint64_t)(milli ? ms : ms / 1000), room + TIME_MAX - DECIMAL_MAX);
	memmove(room, number.at, number.len);
	return number.len;
}

bool fact_time_format_valid(const char *format)
{
	char room[TIME_MAX];

	/* A day with long names. */
	return write_time(INT64_C(1790812799000), format, room) > 0 &&
	       (strchr(format, '%') || *room != *format);
}

int fact_time(const struct fact *fact, const struct template_facts *facts, const char *format,
	      struct arena *arena, struct slice *ret_text)
{
	const void *member = (const char *)facts + fact->from;
	char *room = arena_alloc(arena, TIME_MAX);

	if (!room)
		return -ENOMEM;
	*ret_text = (struct slice){room, write_time(*(const int64_t *)member, format, room)};
	return 0;
}

int fact_text(const struct fact *fact, const struct template_facts *facts, struct arena *arena,
	      struct slice *ret_text)
{
	const void *member = (const char *)facts + fact->from;
	char *room;

	if (fact->kind == FACT_TEXT) {
		*ret_text = *(const struct slice *)member;
		return 0;
	}
	room = arena_alloc(arena, fact->width);
	if (!room)
		return -ENOMEM;
	if (fact->kind == FACT_NUMBER)
		*ret_text = decimal_print(*(const uint64_t *)member, room);
	else
		*ret_text = iso_time_print(*(const int64_t *)member, room);
	return 0;
}

const char *facts_by_other_name(const char *name)
{
	static const struct {
		const char *theirs, *ours;
	} rows[] = {
		{"message", "line"},         {"log", "line"},
		{"host", "host.name"},       {"hostname", "host.name"},
		{"path", "file.path"},       {"file", "file.path"},
		{"filename", "file.path"},   {"log.file.path", "file.path"},
		{"offset", "file.position"}, {"log.offset", "file.position"},
		{"timestamp", "event.time"}, {"@timestamp", "event.time"},
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		if (strcasecmp(rows[i].theirs, name) == 0)
			return rows[i].ours;
	}
	return NULL;
}

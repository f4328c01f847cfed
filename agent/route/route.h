/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROUTE_ROUTE_H
#define ROUTE_ROUTE_H

#include "base/arena.h"
#include "base/result.h"
#include "flow/record.h"
#include "parsers/keytype.h"
#include "parsers/template.h"
#include "parsers/timestamp.h"
#include "route/headers.h"
#include "route/origin.h"
#include "route/value.h"

/*
 * Fields and file facts → record. Pure: compiled once, then read only; the same in run and
 * preview.
 */
struct route;

/* What becomes of a record whose key is missing, or no value of its type. */
enum route_no_key { ROUTE_NO_KEY_NULL, ROUTE_NO_KEY_CONSTANT, ROUTE_NO_KEY_DEAD_LETTER };

/* Logs that changed their format have two, some a third for lines of another program. */
#define ROUTE_TIME_FORMATS_MAX 4

/* Where the timestamp of a record comes from, and what it may be. */
struct route_time {
	struct template *text; /* NULL: the time of reading; owned, as are the formats */
	uint32_t n_formats;
	struct timestamp_format *formats[ROUTE_TIME_FORMATS_MAX]; /* tried in this order */
	uint64_t max_past_ms, max_future_ms; /* as seen from the time of reading; 0: no limit */
	bool clamp; /* beyond them: the limit; false: the time of reading */
};

/* The templates of one source, NULL where not given; owned by the route once route_new succeeds. */
struct route_parts {
	struct template *topic; /* not NULL */
	struct template *key;   /* NULL: null keys */
	enum key_type key_type;
	enum route_no_key on_missing_key;
	struct slice missing_key;   /* the constant, serialised; at is malloc'ed, owned */
	struct template *partition; /* NULL: by key */
	bool bad_partition_is_dead; /* else it goes by its key */
	struct template *value;     /* NULL: the line as it is */
	struct value_json *json;    /* NULL: none; goes before value */
	struct route_time time;
	struct route_headers headers;
	bool provenance; /* every record tells where it is from */
	/*
	 * Topics this source may write to: names (borrowed, must outlive the route) with their
	 * index in the output's list. A constant topic has one. topics[0] is also the fallback
	 * for a rendered name that is not in the list: a log line cannot choose any topic.
	 */
	uint32_t n_topics;
	const char **topic_names; /* malloc'ed array, owned; the strings borrowed */
	uint32_t *topic_indexes;  /* malloc'ed array, owned */
};

/* One event as the route sees it; all borrowed. */
struct route_input {
	struct template_facts facts;       /* fields == NULL: the line did not match */
	bool truncated;                    /* cut at max_line */
	bool redacted;                     /* facts.line is not what was read: it does not stay */
	bool withheld;                     /* redacted, and nothing of it is left */
	const struct route_origin *origin; /* not looked at without provenance */
};

/* What was out of the ordinary with one record, for the counters. */
struct route_outcome {
	bool unusual;        /* anything below is set: one branch on the way of a line */
	bool topic_fallback; /* the topic was missing, or not in the list */
	bool key_missing;    /* a key template is there but its field is not */
	bool key_invalid;    /* what it gave is no value of the key's type */
	bool partition_bad;  /* no number, or (the pipeline sets it) not one of the topic's */
	bool value_missing;  /* a value template could not be rendered: the line itself was taken */
	bool value_repaired; /* JSON: bytes that are no UTF-8 were replaced */
	bool value_mistyped; /* JSON: a field was no number or bool */
	bool time_missing;   /* a timestamp template is there but its field is not */
	bool time_invalid;   /* it is there, and of none of its formats */
	bool time_clamped;   /* it is too far from the time of reading, and was replaced */
	struct route_headers_outcome headers;
	const char *refused; /* not NULL: not to be sent but kept as a dead letter; static text */
};

/* 0: *parts are consumed. -ENOMEM: they stay the caller's. */
int route_new(struct route_parts *parts, struct route **ret_route) MUSTCHECK;

/* Frees templates and arrays in parts that never became a route. */
void route_parts_deinit(struct route_parts *parts);

/*
 * The partition of *record is not among those of its topic, which only the output knows: what the
 * source says of that. True: sent by its key (partition is -1 now); false: a dead letter, and
 * outcome->refused says why.
 */
bool route_without_partition(const struct route *route, struct record *record,
			     struct route_outcome *outcome);

/* Whether its records have keys at all, and whether some may be null nevertheless. */
bool route_has_keys(const struct route *route);
bool route_keys_may_be_null(const struct route *route);

/* What the keys of its records are. */
enum key_type route_key_type(const struct route *route);

/* Where its timestamps come from; borrowed. */
const struct route_time *route_time(const struct route *route);

/* NULL is fine. Returns NULL. */
struct route *route_free(struct route *route);

/*
 * Fills *ret_record, and in *input the time of the event. Without fields every captured field is missing and its default applies. A
 * missing header is what its on_missing says, a missing value is the line itself; a key that is
 * missing or invalid is what on_missing_key says: null, the constant, or null in a record that is
 * refused. A partition that is no number is -1, as one that is not asked for, and the record may be
 * refused. A timestamp that is missing or invalid is the time of reading. truncated adds the header
 * "waybill-truncated: true", withheld "waybill-withheld: true", provenance those of origin.h.
 *
 * value_stays is set only when the value is a slice of the line: a constant dies with its route.
 *
 * 0, or -ENOMEM, which leaves *ret_record half filled. Slices borrow from input, route and arena.
 */
int route_record(const struct route *route, struct route_input *input, struct arena *arena,
		 struct record *ret_record, struct route_outcome *ret_outcome) MUSTCHECK;

#endif

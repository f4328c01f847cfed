/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROUTE_ROUTE_H
#define ROUTE_ROUTE_H

#include "base/arena.h"
#include "base/result.h"
#include "flow/record.h"
#include "parsers/keytype.h"
#include "parsers/template.h"
#include "parsers/timestamp.h"
#include "route/computed.h"
#include "route/headers.h"
#include "route/origin.h"
#include "route/outcome.h"
#include "route/rules.h"
#include "route/value.h"

/*
 * Fields and file facts → record. Pure: compiled once, then read only; the same in run and
 * preview.
 */
struct route;

/* Logs that changed their format have two, some a third for lines of another program. */
#define ROUTE_TIME_FORMATS_MAX 8

/* Where the timestamp of a record comes from, and what it may be. */
struct route_time {
	struct template *text; /* NULL: the time of reading; owned, as are the formats */
	uint32_t n_formats;
	struct timestamp_format *formats[ROUTE_TIME_FORMATS_MAX]; /* tried in this order */
	struct timestamp_zone *zones; /* what the formats know by name; owned, its names too */
	size_t n_zones;
	uint64_t max_past_ms, max_future_ms; /* as seen from the time of reading; 0: no limit */
	bool clamp; /* beyond them: the limit; false: the time of reading */
};

/* The templates of one source, NULL where not given; owned by the route once route_new succeeds. */
struct route_parts {
	struct computed computed;
	struct rules filter;    /* which lines are sent */
	struct template *topic; /* not NULL */
	struct template *key;   /* NULL: null keys */
	enum key_type key_type;
	struct slice missing_key; /* in place of one that is missing or invalid; malloc'ed, owned */
	struct template *partition; /* NULL: by key */
	struct template *value;     /* NULL: the line as it is */
	struct value_json *json;    /* NULL: none; goes before value */
	struct route_time time;
	struct route_headers headers;
	bool provenance; /* every record tells where it is from */
	struct outcome_rules rules;
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
	bool cut;                          /* the next event goes on with it */
	bool made;                         /* facts.line is not what was read: it does not stay */
	bool redacted;                     /* a rule of redact made it */
	bool withheld;                     /* redacted, and nothing of it is left */
	const struct route_origin *origin; /* not looked at without provenance */
	struct slice
		*fields; /* room for those that are computed, and what facts.fields is or NULL */
	struct rules_work *rules; /* its limits are those of the line where OUTCOME_DUE is noted */
};

/* 0: *parts are consumed. -ENOMEM: they stay the caller's. */
int route_new(struct route_parts *parts, struct route **ret_route) MUSTCHECK;

/* Frees templates and arrays in parts that never became a route. */
void route_parts_deinit(struct route_parts *parts);

/* What its source says of what is out of the ordinary; borrowed. */
const struct outcome_rules *route_rules(const struct route *route);

/* The fields of the parser that its records are made of: a bit for each number. */
uint64_t route_fields(const struct route *route);

/* Whether any of its records may go to the topic of that index. */
bool route_goes_to(const struct route *route, uint32_t topic);

/* Whether its records have keys at all, and whether some may be null nevertheless. */
bool route_has_keys(const struct route *route);
bool route_keys_may_be_null(const struct route *route);

/* What the keys of its records are. */
enum key_type route_key_type(const struct route *route);

/* The topics that its records may go to, by their numbers; borrowed. */
const uint32_t *route_topics(const struct route *route, size_t *ret_n);

/* Topics and rules have other numbers from now on: by the old one, the new one. */
void route_renumber(struct route *route, const uint32_t *topics, const uint32_t *rules);

/* Where its timestamps come from; borrowed. */
const struct route_time *route_time(const struct route *route);

/* NULL is fine. Returns NULL. */
struct route *route_free(struct route *route);

/*
 * Fills *ret_record, and in *input the time of the event; adds to *outcome, which the caller has
 * begun, what is out of the ordinary. Without fields every captured field is missing and its
 * default applies. A missing header is what its on_missing says, a missing value is the line
 * itself; a key that is missing or invalid is missing_key. A partition that is no number is -1, as
 * one that is not asked for. A timestamp that is missing or invalid is the time of reading.
 * truncated adds the header "waybill-truncated: true", withheld "waybill-withheld: true",
 * provenance those of origin.h. Whether the record is to be sent is a matter of the rules: where
 * one of the filter leaves the line out, which is noted, the record is not made.
 *
 * value_stays is set only when the value is a slice of the line: a constant dies with its route.
 *
 * 0, or -ENOMEM, which leaves *ret_record half filled. Slices borrow from input, route and arena.
 */
int route_record(const struct route *route, struct route_input *input, struct arena *arena,
		 struct record *ret_record, struct outcome *outcome) MUSTCHECK;

#endif

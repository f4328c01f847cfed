/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROUTE_OUTCOME_H
#define ROUTE_OUTCOME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ops/counters.h"

/*
 * What can be out of the ordinary with a line and its record, one row each: name, its counter, what
 * is said where a source leaves such lines out or makes dead letters of them (NULL: none can), and
 * what preview says of it, a label and a text (NULL: nothing, or more than a text). From it follow
 * counting, leaving out, refusing, and preview. A line may have several; of those that decide what
 * becomes of it the first row counts.
 */
#define OUTCOMES(X)                                                                                \
	X(HEADER_LINE, NOT_COUNTED, "the line that names the columns (header = true)", NULL, NULL) \
	X(UNMATCHED, COUNTED(lines_unmatched), "on_no_match = \"skip\"", NULL, NULL)               \
	X(DUE, NOT_COUNTED, NULL, NULL, NULL)                                                      \
	X(RULED, NOT_COUNTED, NULL, NULL, NULL)                                                    \
	X(LIMITED, COUNTED(lines_limited), NULL, NULL, NULL)                                       \
	X(LEFT_OUT, COUNTED(lines_filtered), NULL, NULL, NULL)                                     \
	X(KEY_MISSING, COUNTED(keys_missing), "KEY_MISSING (on_missing_key)", NULL, NULL)          \
	X(KEY_INVALID, COUNTED(keys_invalid), "KEY_INVALID (not a value of key_type)", NULL, NULL) \
	X(PARTITION_INVALID, COUNTED(partitions_bad), "PARTITION_INVALID (not a number)", NULL,    \
	  NULL)                                                                                    \
	X(PARTITION_ABSENT, COUNTED(partitions_bad), "PARTITION_INVALID (not one of the topic's)", \
	  NULL, NULL)                                                                              \
	X(TOO_LARGE, NOT_COUNTED, "MSG_SIZE_TOO_LARGE (too large for the producer)", NULL, NULL)   \
	X(TIME_MISSING, COUNTED(timestamps_missing), NULL, "time",                                 \
	  "timestamp is missing: the time of reading")                                             \
	X(TIME_INVALID, COUNTED(timestamps_invalid), NULL, "time",                                 \
	  "timestamp is not of timestamp_format: the time of reading")                             \
	X(TIME_CLAMPED, COUNTED(timestamps_clamped), NULL, "time",                                 \
	  "timestamp is beyond timestamp_max_past or timestamp_max_future")                        \
	X(REDACTED, COUNTED(lines_redacted), NULL, "redacted",                                     \
	  "a rule of redact replaced a part of the line")                                          \
	X(WITHHELD, COUNTED(lines_withheld), NULL, "withheld",                                     \
	  "a rule of redact needs too many steps for this line and gave up")                       \
	X(UTF16, COUNTED(files_utf16), NULL, "encoding",                                           \
	  "its file begins as UTF-16 does, and is cut at each byte 0x0A: encoding = UTF-16")       \
	X(NOT_UTF8, COUNTED(lines_not_utf8), "NOT_UTF8 (on_invalid_utf8)", "encoding",             \
	  "bytes of the line are no UTF-8")                                                        \
	X(TRUNCATED, COUNTED(lines_truncated), NULL, NULL, NULL)                                   \
	X(CUT, COUNTED(events_cut), NULL, "event",                                                 \
	  "cut at max_lines or max_event: the next record goes on with it")                        \
	X(UNTERMINATED, COUNTED(lines_unterminated), NULL, NULL, NULL)                             \
	X(HEADER_MISSING, COUNTED(headers_missing), NULL, NULL, NULL)                              \
	X(HEADER_TOO_LARGE, COUNTED(headers_too_large), NULL, NULL, NULL)                          \
	X(HEADER_INVALID, COUNTED(headers_invalid), NULL, NULL, NULL)                              \
	X(VALUE_MISSING, COUNTED(values_missing), NULL, NULL, NULL)                                \
	X(VALUE_NOT_UTF8, COUNTED(values_not_utf8), NULL, NULL, NULL)                              \
	X(VALUE_MISTYPED, COUNTED(values_mistyped), NULL, NULL, NULL)                              \
	X(TOPIC_FALLBACK, COUNTED(topics_fallback), NULL, NULL, NULL)

enum outcome_kind {
#define OUTCOMES_ENUM(name, counter, why, label, text) OUTCOME_##name,
	OUTCOMES(OUTCOMES_ENUM)
#undef OUTCOMES_ENUM
		OUTCOME_N,
};

#define OUTCOME_BIT(kind) (UINT32_C(1) << (kind))

/* What on_missing_key, on_bad_partition and on_bad_timestamp are about. */
#define OUTCOMES_OF_KEY (OUTCOME_BIT(OUTCOME_KEY_MISSING) | OUTCOME_BIT(OUTCOME_KEY_INVALID))
#define OUTCOMES_OF_PARTITION \
	(OUTCOME_BIT(OUTCOME_PARTITION_INVALID) | OUTCOME_BIT(OUTCOME_PARTITION_ABSENT))
#define OUTCOMES_OF_TIME                                                         \
	(OUTCOME_BIT(OUTCOME_TIME_MISSING) | OUTCOME_BIT(OUTCOME_TIME_INVALID) | \
	 OUTCOME_BIT(OUTCOME_TIME_CLAMPED))

struct outcome_row {
	size_t counter; /* where in struct counters; SIZE_MAX: not counted */
	const char *why, *label, *text;
};

/* The table, OUTCOME_N rows by enum outcome_kind. */
const struct outcome_row *outcome_rows(void);

struct rule;

/* Of one line. Zeroed: nothing is out of the ordinary, one branch on the way of a line. */
struct outcome {
	uint32_t set;             /* OUTCOME_BIT of each */
	uint8_t times[OUTCOME_N]; /* a record may have it in several headers */
	const struct rule *rule;  /* which leaves it out, with OUTCOME_RULED; borrowed */
};

/* What a source says of such lines: sets of OUTCOME_BIT. */
struct outcome_rules {
	uint32_t leaves_out; /* no record is made */
	uint32_t refuses;    /* a dead letter takes the record's place */
};

static inline void outcome_note(struct outcome *outcome, enum outcome_kind kind)
{
	outcome->set |= OUTCOME_BIT(kind);
	outcome->times[kind]++;
}

static inline bool outcome_has(const struct outcome *outcome, enum outcome_kind kind)
{
	return outcome->set & OUTCOME_BIT(kind);
}

/* Why the line is left out, borrowed, and that is noted; NULL: it is not. */
const char *outcome_leaves_out(const struct outcome_rules *rules, struct outcome *outcome);

/* Why the record is refused, static text; NULL: it is not. */
const char *outcome_refuses(const struct outcome_rules *rules, const struct outcome *outcome);

/* Adds what was noted to the counters. */
void outcome_count(const struct outcome *outcome, struct counters *counters);

#endif

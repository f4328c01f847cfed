/* SPDX-License-Identifier: Apache-2.0 */
#ifndef OPS_COUNTERS_H
#define OPS_COUNTERS_H

#include <stddef.h>
#include <stdint.h>

/*
 * What is counted, as one table: name, help. Lines are events; read counts those passed for the
 * first time, re-reading is counted apart, so that
 *   read = delivered + in flight + filtered + dead-lettered                  (scenario G01)
 */
#define COUNTERS(X)                                                                              \
	X(lines_read, "lines taken from files for the first time")                               \
	X(lines_reread, "lines taken again after a rewind")                                      \
	X(bytes_read, "bytes of lines_read, line ends included")                                 \
	X(lines_delivered, "lines that Kafka acknowledged")                                      \
	X(bytes_delivered, "bytes of lines_delivered, line ends included")                       \
	X(lines_filtered, "lines left out by on_no_match = \"skip\"")                            \
	X(lines_dead, "lines kept as dead letters: refused alone by Kafka, or by a policy")      \
	X(lines_unmatched, "lines that the parser's pattern did not match")                      \
	X(lines_limited, "lines on which the pattern hit its match limit")                       \
	X(lines_redacted, "lines of which a rule of redact replaced a part")                     \
	X(lines_withheld, "lines replaced as a whole: a rule of redact hit its match limit")     \
	X(lines_truncated, "lines cut at max_line")                                              \
	X(bytes_discarded, "bytes after max_line that were not shipped")                         \
	X(lines_unterminated, "last lines without LF that were shipped")                         \
	X(lines_late, "lines sent alone after a refusal: they may come after later ones")        \
	X(keys_missing, "records whose key's field was missing: on_missing_key applied")         \
	X(keys_invalid, "records whose key was no value of key_type: on_missing_key applied")    \
	X(timestamps_missing, "records without the field of their timestamp: time of reading")   \
	X(timestamps_invalid, "records whose timestamp is no time: time of reading")             \
	X(timestamps_clamped, "records whose timestamp was out of its limits and replaced")      \
	X(headers_missing, "headers whose field was missing: left out, null or empty")           \
	X(headers_too_large, "headers left out because of headers_max_bytes")                    \
	X(headers_invalid, "headers left out because their value was no valid traceparent")      \
	X(partitions_bad, "records whose partition was none: on_bad_partition applied")          \
	X(values_missing, "lines sent as they are because a field of value was missing")         \
	X(values_not_utf8, "JSON values in which bytes that are no UTF-8 were replaced")         \
	X(values_mistyped, "JSON values with a field that was no number or bool, sent as null")  \
	X(topics_fallback, "records whose topic was not in the source's list")                   \
	X(reports_refused, "records in batches that Kafka refused for size or content")          \
	X(reports_failed, "records that came back undelivered and are sent again")               \
	X(maybe_persisted, "of these, records that Kafka may hold already: possible repeats")    \
	X(rewinds, "times a file went back to its committed position")                           \
	X(rotations, "files that left their path and were finished under another name")          \
	X(files_lost, "files that vanished before they were wholly read")                        \
	X(bytes_lost, "bytes known to be lost: truncated or removed before they were read")      \
	X(truncations, "files that shrank or were rewritten and were read from the start again") \
	X(acks_lost, "acknowledgements that --print-acks could not print")                       \
	X(checkpoints, "state transactions completed")                                           \
	X(checkpoint_failures, "state transactions that failed and are tried again")

struct counters {
#define COUNTERS_FIELD(name, help) uint64_t name;
	COUNTERS(COUNTERS_FIELD)
#undef COUNTERS_FIELD
};

/*
 * "lines_read=12 lines_reread=0 ..." into text (len bytes, NUL-terminated, cut if too short): what
 * run logs at exit and on SIGUSR1.
 */
void counters_print(const struct counters *counters, char *text, size_t len);

/* Length that always suffices: 80 counters of at most 20 digits and names under 24 bytes. */
#define COUNTERS_TEXT_MAX 4096

#endif

/* SPDX-License-Identifier: Apache-2.0 */
#ifndef OPS_COUNTERS_H
#define OPS_COUNTERS_H

#include <stddef.h>
#include <stdint.h>

/*
 * What is counted, one row each: name, kind (a SUM since the start, or how much it is NOW), what
 * the summary of preview says of it ("3 lines left out"; '|' is where a plural's s goes; NULL:
 * nothing), help. From it follow the struct, the line in the log, preview's summary and the list in
 * waybill(8). Lines are those of files, of which an event has one or several; read counts those
 * that were not read before, re-reading is counted apart, so that
 *   read = delivered + in flight + waiting + filtered + dead-lettered + forgotten   (scenario G01)
 */
#define COUNTERS(X)                                                                                \
	X(lines_read, SUM, NULL, "lines taken from files for the first time")                      \
	X(lines_reread, SUM, NULL, "lines taken again after a rewind")                             \
	X(bytes_read, SUM, NULL, "bytes of lines_read, line ends included")                        \
	X(lines_delivered, SUM, NULL, "lines that Kafka acknowledged")                             \
	X(bytes_delivered, SUM, NULL, "bytes of lines_delivered, line ends included")              \
	X(events_read, SUM, NULL, "events that lines_read make: of one line, or of several")       \
	X(events_delivered, SUM, NULL, "events that Kafka acknowledged, a record each")            \
	X(events_cut, SUM, "event| cut at a limit",                                                \
	  "events cut at max_lines or max_event: the next one goes on with it")                    \
	X(lines_filtered, SUM, "line| left out",                                                   \
	  "lines left out by on_no_match = \"skip\", or by a rule of their source")                \
	X(lines_dead, SUM, "dead letter|",                                                         \
	  "lines kept as dead letters: refused alone by Kafka, or by a policy")                    \
	X(lines_forgotten, SUM, NULL,                                                              \
	  "lines that waited when their file, or its content, was left: what is still there is "   \
	  "read, and counted, again")                                                              \
	X(letters_replayed, SUM, NULL, "dead letters that were sent again, and acknowledged")      \
	X(letters_copied, SUM, NULL,                                                               \
	  "dead letters that went to their topic, and were acknowledged: dead_letter_topic")       \
	X(letters_dropped, SUM, NULL, "dead letters that were removed by `dead-letters drop`")     \
	X(letters_displaced, SUM, NULL,                                                            \
	  "dead letters that made room for newer ones: dead_letter_full")                          \
	X(lines_unmatched, SUM, NULL, "lines that the parser's pattern did not match")             \
	X(lines_limited, SUM, "line| too hard for the pattern",                                    \
	  "lines on which the pattern hit its match limit")                                        \
	X(lines_redacted, SUM, "line| redacted",                                                   \
	  "lines of which a rule of redact replaced a part")                                       \
	X(lines_withheld, SUM, "line| withheld",                                                   \
	  "lines replaced as a whole: a rule of redact hit its match limit")                       \
	X(files_utf16, SUM, "file| in UTF-16, which is not read rightly",                          \
	  "files that begin as UTF-16 does: their lines are cut at each byte 0x0A")                \
	X(lines_not_utf8, SUM, "line| not in UTF-8",                                               \
	  "lines that are no UTF-8: on_invalid_utf8 applied")                                      \
	X(lines_truncated, SUM, "line| cut at max_line", "lines cut at max_line")                  \
	X(bytes_discarded, SUM, NULL, "bytes after max_line that were not shipped")                \
	X(holes_skipped, SUM, NULL,                                                                \
	  "holes of NULs before a line, left by a writer that does not append")                    \
	X(bytes_in_holes, SUM, NULL, "bytes of holes_skipped")                                     \
	X(lines_unterminated, SUM, NULL, "last lines without LF that were shipped")                \
	X(split_lines, SUM, NULL,                                                                  \
	  "lines of which a piece was shipped before: their file left its path in the middle")     \
	X(lines_late, SUM, NULL,                                                                   \
	  "lines that came back when later ones of their partition were taken: they come late")    \
	X(keys_missing, SUM, NULL,                                                                 \
	  "records whose key's field was missing: on_missing_key applied")                         \
	X(keys_invalid, SUM, "key| not of key_type",                                               \
	  "records whose key was no value of key_type: on_missing_key applied")                    \
	X(timestamps_missing, SUM, NULL,                                                           \
	  "records without the field of their timestamp: time of reading")                         \
	X(timestamps_invalid, SUM, NULL, "records whose timestamp is no time: time of reading")    \
	X(timestamps_clamped, SUM, NULL,                                                           \
	  "records whose timestamp was out of its limits and replaced")                            \
	X(headers_missing, SUM, "header| whose field was missing",                                 \
	  "headers whose field was missing: left out, null or empty")                              \
	X(headers_too_large, SUM, "header| left out: headers_max_bytes",                           \
	  "headers left out because of headers_max_bytes")                                         \
	X(headers_invalid, SUM, "header| left out: no valid traceparent",                          \
	  "headers left out because their value was no valid traceparent")                         \
	X(partitions_bad, SUM, "partition| that the topic has not",                                \
	  "records whose partition was none: on_bad_partition applied")                            \
	X(values_missing, SUM, NULL,                                                               \
	  "lines sent as they are because a field of value was missing")                           \
	X(values_not_utf8, SUM, NULL,                                                              \
	  "JSON values in which bytes that are no UTF-8 were replaced")                            \
	X(values_mistyped, SUM, NULL,                                                              \
	  "JSON values with a field that was no number or bool, sent as null")                     \
	X(topics_fallback, SUM, "record| to the fallback topic",                                   \
	  "records whose topic was not in the source's list")                                      \
	X(reports_refused, SUM, NULL, "records in batches that Kafka refused for size or content") \
	X(reports_failed, SUM, NULL, "records that came back undelivered and are sent again")      \
	X(maybe_persisted, SUM, NULL,                                                              \
	  "of these, records that Kafka may hold already: possible repeats")                       \
	X(rewinds, SUM, NULL, "times a file went back to its committed position")                  \
	X(positions_set, SUM, NULL, "times a file was set to another position by an order")        \
	X(rotations, SUM, NULL, "files that left their path and were finished under another name") \
	X(generations_unseen, SUM, NULL,                                                           \
	  "of these, files that came and were rotated before they were seen")                      \
	X(generations_missed, SUM, NULL,                                                           \
	  "files that came, were written to and were gone before they could be opened")            \
	X(generations_by_path, SUM, NULL,                                                          \
	  "files of an earlier start that were where they had been")                               \
	X(generations_by_inode, SUM, NULL,                                                         \
	  "files of an earlier start that were found by inode under another name")                 \
	X(generations_by_content, SUM, NULL,                                                       \
	  "known files that were found by their bytes: copied, restored, on another device")       \
	X(packed_rests, SUM, NULL,                                                                 \
	  "of these, files that had been compressed: the rest was unpacked")                       \
	X(copies_ignored, SUM, NULL,                                                               \
	  "new files of which all was shipped from the file that they are a copy of")              \
	X(packed_broken, SUM, NULL, "compressed files that could not be unpacked to their end")    \
	X(held_deleted_bytes, NOW, NULL,                                                           \
	  "bytes of deleted files that are kept open because somebody may write to them")          \
	X(files_lost, SUM, NULL, "files that vanished before they were wholly read")               \
	X(bytes_lost, SUM, NULL,                                                                   \
	  "bytes known to be lost: truncated or removed before they were read")                    \
	X(truncations, SUM, NULL,                                                                  \
	  "files that shrank or were rewritten and were read from the start again")                \
	X(files_verified, SUM, NULL,                                                               \
	  "times a file was read again: its time had changed, its size had not")                   \
	X(acks_lost, SUM, NULL, "acknowledgements that --print-acks could not print")              \
	X(checkpoints, SUM, NULL, "state transactions completed")                                  \
	X(checkpoint_failures, SUM, NULL, "state transactions that failed and are tried again")    \
	X(checkpoint_time_ms, SUM, NULL, "milliseconds that state transactions took")              \
	X(files_known, NOW, NULL, "files that are followed, or were and are there still")          \
	X(files_waiting, NOW, NULL, "files that wait until others are gone: max_files")            \
	X(directories_waiting, NOW, NULL, "directories of which the same holds: max_directories")  \
	X(files_denied, NOW, NULL,                                                                 \
	  "files that a source wants and that cannot be opened: they are not followed yet")        \
	X(directories_denied, NOW, NULL, "directories that cannot be read or searched")            \
	X(directories_watched, NOW, NULL, "directories that are watched by inotify")               \
	X(inotify_overflows, SUM, NULL,                                                            \
	  "times the kernel dropped changes: all paths were looked at again")                      \
	X(polled_files, NOW, NULL,                                                                 \
	  "files whose size is asked, because inotify does not tell of writes to them")            \
	X(checkpoint_age_ms, NOW, NULL,                                                            \
	  "milliseconds since the first checkpoint that fails or is under way was begun")          \
	X(in_flight, NOW, NULL, "lines sent and not yet acknowledged")                             \
	X(lines_waiting, NOW, NULL,                                                                \
	  "lines that came back undelivered, or wait for the end of their event")                  \
	X(producers_made, SUM, NULL,                                                               \
	  "producers made: 1 at the start, others took its place (producers_failed, a reload)")    \
	X(producers_failed, SUM, NULL,                                                             \
	  "producers that were replaced for a fault: a batch refused, no progress, a fatal error") \
	X(kicks, SUM, NULL, "times waybill had the library send what waited for company")          \
	X(queue_full_surprises, SUM, NULL,                                                         \
	  "times the library's queue was full though there was room by our count")                 \
	X(reports_without_offset, SUM, NULL,                                                       \
	  "acknowledgements that named no offset: Kafka had the record already")

/* Why bytes were lost. */
enum counters_lost {
	LOST_REMOVED,     /* gone before it was wholly shipped */
	LOST_STOPPED,     /* the same, while no agent ran */
	LOST_TRUNCATED,   /* it shrank or was rewritten */
	LOST_OVERWRITTEN, /* after it was rotated, as shred does it */
	LOST_REASONS,     /* their number */
};

struct counters {
#define COUNTERS_FIELD(name, kind, shown, help) uint64_t name;
	COUNTERS(COUNTERS_FIELD)
#undef COUNTERS_FIELD
	uint64_t lost[LOST_REASONS]; /* bytes_lost, by why; of sources only */
	/* The same: events of which it was measured how long cutting them took, and how long. */
	uint64_t timed, timed_ns;
};

enum counter_kind { COUNTER_SUM, COUNTER_NOW };

struct counter {
	const char *name;
	enum counter_kind kind;
	const char *shown, *help;
	size_t at; /* in struct counters */
};

/* The word for it, as metrics, status and explain have it: "removed_while_stopped". */
const char *counters_lost_word(enum counters_lost why);

/* Why most of the lost bytes of n sources were, in that word, and how many all are; NULL: none. */
const char *counters_lost_reason(const struct counters *sources, size_t n, uint64_t *ret_bytes);

/* The table; *ret_n rows. */
const struct counter *counters_all(size_t *ret_n);

static inline uint64_t counter_value(const struct counters *counters, const struct counter *row)
{
	const void *member = (const char *)counters + row->at;

	return *(const uint64_t *)member;
}

/* at: as in its row. */
static inline void counter_add(struct counters *counters, size_t at, uint64_t n)
{
	void *member = (char *)counters + at;

	*(uint64_t *)member += n;
}

/*
 * "lines_read=12 lines_reread=0 ..." into text (len bytes, NUL-terminated, cut if too short): what
 * run logs at exit and on SIGUSR1.
 */
void counters_print(const struct counters *counters, char *text, size_t len);

/* Length that always suffices: 80 counters of at most 20 digits and names under 24 bytes. */
#define COUNTERS_TEXT_MAX 4096

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Each metric with the function that gives its value.
 */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/clock.h"
#include "control/metrics.h"
#include "files/pace.h"

/* A function of a name, with the arguments of a metric's value. */
#define VALUE(name)                                                                                \
	static uint64_t name(UNUSED const struct metrics *metrics, UNUSED const struct view *view, \
			     UNUSED size_t index)

/* Of one of several clusters, or of the one that there is. */
static struct output_stats stats_of(const struct view *view, size_t cluster)
{
	struct output_stats stats;
	const char *name;

	if (!output_part(view->output, cluster, &name, &stats))
		output_stats(view->output, &stats);
	return stats;
}

/* Of the kernel's account of this process; 0: it does not tell. */
VALUE(resident)
{
	unsigned long pages = 0;
	char text[128] = "";
	int fd = open("/proc/self/statm", O_RDONLY | O_CLOEXEC);

	if (fd < 0 || read(fd, text, sizeof text - 1) < 0 || sscanf(text, "%*u %lu", &pages) != 1)
		pages = 0;
	if (fd >= 0)
		close(fd);
	return pages * (uint64_t)sysconf(_SC_PAGESIZE);
}

VALUE(cpu)
{
	struct rusage usage = {0};

	(void)getrusage(RUSAGE_SELF, &usage);
	return (uint64_t)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * 1000 +
	       (uint64_t)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1000;
}

VALUE(uptime)
{
	return view->uptime_us / US_PER_MS;
}

/* Of a cluster. */
#define OF_STATS(name, member)                       \
	VALUE(name)                                  \
	{                                            \
		return stats_of(view, index).member; \
	}

OF_STATS(kafka_up, up)
OF_STATS(brokers_answer, reachable)
OF_STATS(renewal_waits, renewal_waits)
OF_STATS(in_flight_max, records_max)
OF_STATS(in_flight_bytes, bytes_in_flight)
OF_STATS(in_flight_bytes_max, bytes_max)
OF_STATS(in_flight_beside, records_beside)
OF_STATS(in_flight_bytes_beside, bytes_beside)

VALUE(chunk_bytes)
{
	return view->files->pools->budget.used;
}

VALUE(chunk_bytes_max)
{
	return view->files->pools->budget.max;
}

VALUE(descriptors)
{
	return view->files->n_open;
}

VALUE(descriptors_max)
{
	return view->files->max_open;
}

VALUE(letters_kept_now)
{
	uint64_t bytes, count;

	store_dead_letters(view->store, &bytes, &count);
	return count + view->letters->n;
}

VALUE(letter_bytes)
{
	return view->letters->stored + view->letters->bytes;
}

VALUE(letter_bytes_max)
{
	return view->letters->max_bytes;
}

VALUE(reload_refused)
{
	return view->reload_refused;
}

VALUE(generation)
{
	return view->generation;
}

VALUE(reloaded)
{
	return (uint64_t)view->reloaded_ms;
}

VALUE(files_in_state)
{
	return metrics->sums.states[index];
}

/* Of a source. */
#define OF_SUMS(name, member)                               \
	VALUE(name)                                         \
	{                                                   \
		return metrics->sums.sources[index].member; \
	}

OF_SUMS(source_files, files)
OF_SUMS(source_behind, behind)
OF_SUMS(source_stuck, stuck)
OF_SUMS(source_lag, lag)
OF_SUMS(source_lag_ms, lag_ms)
OF_SUMS(source_in_flight, in_flight)

VALUE(source_rate_max)
{
	uint64_t limit = view->conf->sources[index].max_rate;

	return limit & RATE_LINES ? 0 : limit;
}

VALUE(source_line_rate_max)
{
	uint64_t limit = view->conf->sources[index].max_rate;

	return limit & RATE_LINES ? limit & ~RATE_LINES : 0;
}

VALUE(source_rate_waited)
{
	return pace_waited_us(view->files, index, view->now_us) / US_PER_MS;
}

VALUE(source_letter_bytes)
{
	return letters_kept(view->letters, view->conf->sources[index].name);
}

VALUE(source_letter_copied_bytes)
{
	return letters_kept_copies(view->letters, view->conf->sources[index].name);
}

VALUE(source_letter_bytes_max)
{
	return view->conf->sources[index].dead_letter_max;
}

VALUE(topic_ready)
{
	struct output_topic topic;

	return output_topic(view->output, index, &topic) && strcmp(topic.state, "ready") == 0;
}

VALUE(topic_partitions)
{
	struct output_topic topic;

	return output_topic(view->output, index, &topic) ? (uint64_t)topic.n_partitions : 0;
}

VALUE(topic_records)
{
	struct output_partition part;
	uint64_t records = 0;

	for (int32_t i = 0; output_partition(view->output, index, i, view->now_us, &part); i++)
		records += part.delivered;
	return records;
}

VALUE(topic_in_flight)
{
	struct output_partition part;
	uint64_t records = 0;

	for (int32_t i = 0; output_partition(view->output, index, i, view->now_us, &part); i++)
		records += part.records;
	return records;
}

VALUE(topic_stuck)
{
	struct output_partition part;
	uint64_t stuck = 0;

	for (int32_t i = 0; output_partition(view->output, index, i, view->now_us, &part); i++)
		stuck += part.leader < 0 || part.held || part.lacks_replicas;
	return stuck;
}

VALUE(topic_quiet)
{
	struct output_partition part;
	uint64_t quiet_us = 0;

	for (int32_t i = 0; output_partition(view->output, index, i, view->now_us, &part); i++)
		quiet_us = part.quiet_us > quiet_us ? part.quiet_us : quiet_us;
	return quiet_us / US_PER_MS;
}

VALUE(rule_lines)
{
	return pipeline_rule_lines(view->pipeline, index);
}

static const struct metric rows[] = {
	{"process_resident_memory_bytes", "memory of the process that is in RAM", METRIC_OF_AGENT,
	 false, resident},
	{"process_cpu_seconds_total", "time that all threads of the process have computed",
	 METRIC_OF_AGENT, true, cpu},
	{"waybill_uptime_seconds", "seconds since the start or the last restart in place",
	 METRIC_OF_AGENT, true, uptime},
	{"waybill_kafka_up", "1: brokers answer, take records, and all topics are known",
	 METRIC_OF_CLUSTER, false, kafka_up},
	{"waybill_brokers_answer", "1: the last question to the brokers was answered",
	 METRIC_OF_CLUSTER, false, brokers_answer},
	{"waybill_renewal_waits",
	 "1: what the kafka block or its files say by now is not in use yet", METRIC_OF_CLUSTER,
	 false, renewal_waits},
	{"waybill_in_flight_limit", "records that may be in flight", METRIC_OF_CLUSTER, false,
	 in_flight_max},
	{"waybill_in_flight_bytes", "bytes of records sent and not yet acknowledged",
	 METRIC_OF_CLUSTER, false, in_flight_bytes},
	{"waybill_in_flight_limit_bytes", "bytes of records that may be in flight",
	 METRIC_OF_CLUSTER, false, in_flight_bytes_max},
	{"waybill_in_flight_beside",
	 "of the records in flight: in partitions that stand still, and not counted to the limit",
	 METRIC_OF_CLUSTER, false, in_flight_beside},
	{"waybill_in_flight_beside_bytes", "bytes of those", METRIC_OF_CLUSTER, false,
	 in_flight_bytes_beside},
	{"waybill_chunk_memory_bytes", "bytes of chunk_memory in use", METRIC_OF_AGENT, false,
	 chunk_bytes},
	{"waybill_chunk_memory_limit_bytes", "chunk_memory", METRIC_OF_AGENT, false,
	 chunk_bytes_max},
	{"waybill_descriptors", "log files that are open", METRIC_OF_AGENT, false, descriptors},
	{"waybill_descriptors_limit", "log files that may be open", METRIC_OF_AGENT, false,
	 descriptors_max},
	{"waybill_dead_letters", "records that are kept as dead letters", METRIC_OF_AGENT, false,
	 letters_kept_now},
	{"waybill_dead_letter_bytes", "bytes of their keys and values", METRIC_OF_AGENT, false,
	 letter_bytes},
	{"waybill_dead_letter_limit_bytes", "dead_letter_max", METRIC_OF_AGENT, false,
	 letter_bytes_max},
	{"waybill_reload_refused", "1: the last reload was refused", METRIC_OF_AGENT, false,
	 reload_refused},
	{"waybill_configuration_generation",
	 "1 at the start, and one more with each configuration that a reload took", METRIC_OF_AGENT,
	 false, generation},
	{"waybill_configuration_time_seconds",
	 "when the configuration was read last, and not refused, since 1970", METRIC_OF_AGENT, true,
	 reloaded},
	{"waybill_files", "files that are known, by what they do", METRIC_OF_STATE, false,
	 files_in_state},
	{"waybill_source_files", "files that are known", METRIC_OF_SOURCE, false, source_files},
	{"waybill_source_files_behind", "files with bytes that are not settled", METRIC_OF_SOURCE,
	 false, source_behind},
	{"waybill_source_files_stuck", "files that are unreadable, held or in backoff",
	 METRIC_OF_SOURCE, false, source_stuck},
	{"waybill_source_lag_bytes", "bytes that are there and not settled", METRIC_OF_SOURCE,
	 false, source_lag},
	{"waybill_source_lag_seconds",
	 "of files that are not settled, but for a last line without its end: the age of the line "
	 "that was sent last, of the oldest",
	 METRIC_OF_SOURCE, true, source_lag_ms},
	{"waybill_source_in_flight", "records sent and not yet acknowledged", METRIC_OF_SOURCE,
	 false, source_in_flight},
	{"waybill_source_rate_limit_bytes", "max_rate of the source; 0: it has none in bytes",
	 METRIC_OF_SOURCE, false, source_rate_max},
	{"waybill_source_rate_limit_lines", "max_rate of the source; 0: it has none in lines",
	 METRIC_OF_SOURCE, false, source_line_rate_max},
	{"waybill_source_rate_wait_seconds_total",
	 "for how long it was not read because of max_rate, its own or that of all",
	 METRIC_OF_SOURCE, true, source_rate_waited},
	{"waybill_source_dead_letter_bytes", "bytes of dead letters", METRIC_OF_SOURCE, false,
	 source_letter_bytes},
	{"waybill_source_dead_letter_copied_bytes",
	 "of these bytes: of letters that dead_letter_topic has, which make way for others",
	 METRIC_OF_SOURCE, false, source_letter_copied_bytes},
	{"waybill_source_dead_letter_limit_bytes", "dead_letter_max of the source",
	 METRIC_OF_SOURCE, false, source_letter_bytes_max},
	{"waybill_topic_ready", "1: it is there, and may be written to", METRIC_OF_TOPIC, false,
	 topic_ready},
	{"waybill_topic_partitions", "partitions, as far as is known", METRIC_OF_TOPIC, false,
	 topic_partitions},
	{"waybill_topic_records_total", "records that Kafka acknowledged", METRIC_OF_TOPIC, false,
	 topic_records},
	{"waybill_topic_partitions_stuck",
	 "partitions without a leader, that are held, or that lack replicas in sync",
	 METRIC_OF_TOPIC, false, topic_stuck},
	{"waybill_topic_in_flight", "records sent and not yet acknowledged", METRIC_OF_TOPIC, false,
	 topic_in_flight},
	{"waybill_topic_quiet_seconds",
	 "with records in flight: seconds since the last one was acknowledged, of the worst "
	 "partition",
	 METRIC_OF_TOPIC, true, topic_quiet},
	{"waybill_rule_lines_total", "lines that a rule of a source left out", METRIC_OF_RULE,
	 false, rule_lines},
};

const struct metric *metrics_rows(size_t *ret_n)
{
	*ret_n = ARRAY_LEN(rows);
	return rows;
}

/* Of a source: what tells whether its lines go where they should. */
static const size_t source_counters[] = {
	offsetof(struct counters, lines_read),      offsetof(struct counters, bytes_read),
	offsetof(struct counters, lines_delivered), offsetof(struct counters, bytes_delivered),
	offsetof(struct counters, lines_filtered),  offsetof(struct counters, lines_dead),
	offsetof(struct counters, lines_forgotten), offsetof(struct counters, lines_unmatched),
	offsetof(struct counters, lines_limited),   offsetof(struct counters, lines_truncated),
	offsetof(struct counters, keys_missing),    offsetof(struct counters, timestamps_invalid),
	offsetof(struct counters, files_lost),      offsetof(struct counters, bytes_lost),
};

const struct counter *metrics_source_counter(size_t n)
{
	size_t n_all;
	const struct counter *all = counters_all(&n_all);

	for (size_t i = 0; n < ARRAY_LEN(source_counters) && i < n_all; i++) {
		if (all[i].at == source_counters[n])
			return &all[i];
	}
	return NULL;
}

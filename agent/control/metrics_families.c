/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is told of one of many: of a source by reason, of a partition, of a file. The last two are
 * written when they are asked for only, for a host may have 20,000 of either. Files come and go,
 * and so do their series; of N those are told that are furthest behind, and how many are not.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "conf/output.h"
#include "control/metrics_private.h"
#include "login/login.h"

#define METRICS_MEMORY_LIMIT "waybill_memory_limit_bytes"

#define PUT(name) static METRICS_PUT(name)

static void put_sample(struct json *to, const char *name, const char *label, const char *word,
		       uint64_t value)
{
	json_put_text(to, name);
	metrics_put_label(to, "{", label, word);
	json_put_text(to, "}");
	metrics_put_value(to, value, false);
}

static void put_of_source(struct json *to, const char *name, const char *source, const char *reason,
			  uint64_t value)
{
	json_put_text(to, name);
	metrics_put_label(to, "{", "source", source);
	metrics_put_label(to, ",", "reason", reason);
	json_put_text(to, "}");
	metrics_put_value(to, value, false);
}

PUT(put_dead)
{
	const struct reasons *reasons;
	const struct reason *reason;
	const char *source;

	if (index >= view->conf->n_sources)
		return false;
	source = view->conf->sources[index].name;
	reasons = letters_reasons(view->letters, source);
	for (size_t n = 0; !view->conf->sources[index].gone && (reason = reasons_at(reasons, n));
	     n++)
		put_of_source(to, family->name, source, reason->text, reason->n);
	return true;
}

PUT(put_lost)
{
	if (index >= view->conf->n_sources)
		return false;
	for (size_t n = 0; n < LOST_REASONS && !view->conf->sources[index].gone; n++)
		put_of_source(to, family->name, view->conf->sources[index].name,
			      counters_lost_word((enum counters_lost)n),
			      view->files->source_counters[index].lost[n]);
	return true;
}

PUT(put_failures)
{
	const struct reasons *reasons;
	const struct reason *reason;

	if (index > 0 || !view->pipeline)
		return false;
	reasons = pipeline_failures(view->pipeline);
	for (size_t n = 0; (reason = reasons_at(reasons, n)); n++)
		put_sample(to, family->name, "reason", reason->text, reason->n);
	return true;
}

PUT(put_held)
{
	static const char *const words[FILE_WAITS] = {
		[FILE_WAITS_ROOM] = "memory_or_descriptor",
		[FILE_WAITS_TOPIC] = "topic",
		[FILE_WAITS_STORE] = "state",
		[FILE_WAITS_LETTERS] = "dead_letters",
		[FILE_WAITS_RATE] = "limit_of_rule",
		[FILE_WAITS_CATCH_UP] = "catch_up_rate",
		[FILE_WAITS_UNPACKER] = "unpacker",
		[FILE_WAITS_LOOK] = "look",
	};

	if (index > 0 || !view->conf)
		return false;
	for (size_t n = 0; n < FILE_WAITS; n++)
		put_sample(to, family->name, "reason", words[n], metrics->sums.held[n]);
	return true;
}

PUT(put_delays)
{
	const struct histogram *delays = view->delays;
	uint64_t sum = 0;

	if (index > 0)
		return false;
	for (size_t i = 0; i + 1 < HISTOGRAM_CELLS; i++) {
		char bound[32];

		sum += delays->cells[i];
		/*
		 * OpenMetrics wants a point in it, and Prometheus takes "1" for another bound than
		 * "1.0".
		 */
		snprintf(bound, sizeof bound, histogram_bounds[i] % 1000 ? "%g" : "%.1f",
			 (double)histogram_bounds[i] / 1000);
		put_sample(to, METRICS_DELAY "_bucket", "le", bound, sum);
	}
	put_sample(to, METRICS_DELAY "_bucket", "le", "+Inf", delays->count);
	json_put_text(to, METRICS_DELAY "_sum");
	metrics_put_value(to, delays->sum_ms, true);
	json_put_text(to, METRICS_DELAY "_count");
	metrics_put_value(to, delays->count, false);
	return true;
}

/* The end of something of a cluster; setting: which of several, or NULL. */
static void put_end(const struct view *view, size_t cluster, struct json *to, const char *name,
		    const char *setting, int64_t ms)
{
	const char *before;

	json_put_text(to, name);
	before = metrics_put_cluster(to, metrics_cluster(view, cluster));
	if (setting) {
		metrics_put_label(to, before, "setting", setting);
		before = ",";
	}
	metrics_put_end(to, before);
	metrics_put_value(to, ms > 0 ? (uint64_t)ms : 0, true);
}

/* Of the certificates of a cluster. */
PUT(put_certificates)
{
	const struct cluster_ends *ends = view->ends ? &view->ends[index] : NULL;

	if (!ends || index >= view->conf->n_clusters)
		return false;
	for (size_t n = 0; n < ends->n; n++)
		put_end(view, index, to, family->name, ends->at[n].setting,
			ends->at[n].at_s * 1000);
	return true;
}

/* Of the token of a cluster, if it says when it ends. */
PUT(put_token)
{
	struct life life = {0};

	if (index >= view->conf->n_clusters)
		return false;
	if (view->conf->clusters[index].login)
		login_life(view->conf->clusters[index].login, &life);
	if (life.expires_ms)
		put_end(view, index, to, family->name, NULL, life.expires_ms);
	return true;
}

/* All partitions of a topic. */
PUT(put_partitions)
{
	struct output_partition part;

	if (index >= view->conf->n_topics)
		return false;
	if (conf_topic_is_unused(view->conf, index))
		return true;
	for (int32_t i = 0; output_partition(view->output, index, i, view->now_us, &part); i++) {
		char number[16];

		snprintf(number, sizeof number, "%" PRId32, i);
		json_put_text(to, family->name);
		metrics_put_label(
			to,
			metrics_put_cluster(
				to, metrics_cluster(view, view->conf->topic_clusters[index])),
			"topic", view->conf->topics[index]);
		metrics_put_label(to, ",", "partition", number);
		json_put_text(to, "}");
		metrics_put_value(to, family->of_partition(&part), family->milli);
	}
	return true;
}

PUT(put_timed)
{
	const struct counters *counts = &view->files->source_counters[index];

	if (index >= view->conf->n_sources)
		return false;
	if (view->conf->sources[index].gone)
		return true;
	json_put_text(to, METRICS_PATTERN "_sum");
	metrics_put_label(to, "{", "source", view->conf->sources[index].name);
	json_put_text(to, "}");
	metrics_put_seconds(to, counts->timed_ns, 1000 * US_PER_S);
	put_sample(to, METRICS_PATTERN "_count", "source", view->conf->sources[index].name,
		   counts->timed);
	return true;
}

/* What is kept in memory, of all that is bounded; which of it, by number. */
static const char *pool_bytes(const struct view *view, size_t pool, bool limit, uint64_t *ret)
{
	const struct files *files = view->files;
	struct output_stats stats;

	output_stats(view->output, &stats);
	switch (pool) {
	case 0:
		*ret = limit ? files->pools->budget.max : files->pools->budget.used;
		return "chunks";
	case 1:
		/* What stands still may be as much again. */
		*ret = limit ? 2 * stats.bytes_max : stats.bytes_in_flight;
		return "in_flight";
	case 2:
		*ret = limit ? view->letters->max_bytes : view->letters->bytes;
		return "dead_letters";
	case 3:
		*ret = limit ? files->quota.max * sizeof(struct file) :
			       (files_count(files) - files->dormants.n) * sizeof(struct file) +
				       files->dormants.n * sizeof(struct dormant);
		return "files";
	default:
		return NULL;
	}
}

PUT(put_memory)
{
	bool limit = strcmp(family->name, METRICS_MEMORY_LIMIT) == 0;
	uint64_t bytes;
	const char *pool = pool_bytes(view, index, limit, &bytes);

	if (pool)
		put_sample(to, family->name, "pool", pool, bytes);
	return pool;
}

/* The next of those that are furthest behind. */
PUT(put_file)
{
	const struct file *file;
	char inode[24];

	if (index == 0)
		metrics->worst.next = 0;
	file = ranking_next(&metrics->worst, view->files);
	if (!file)
		return false;
	snprintf(inode, sizeof inode, "%" PRIu64, file->identity.inode);
	json_put_text(to, family->name);
	metrics_put_label(to, "{", "source", file->source->name);
	metrics_put_label(to, ",", "path", file->path);
	/* Of several generations more than one may be under its last path. */
	metrics_put_label(to, ",", "inode", inode);
	json_put_text(to, "}");
	metrics_put_value(to, family->of_file(view, file), family->milli);
	return true;
}

PUT(put_unlisted)
{
	size_t known = files_count(view->files), listed = metrics->worst.n;

	if (index > 0)
		return false;
	json_put_text(to, family->name);
	metrics_put_value(to, known > listed ? known - listed : 0, false);
	return true;
}

static uint64_t delivered(const struct output_partition *part)
{
	return part->delivered;
}

static uint64_t in_flight(const struct output_partition *part)
{
	return part->records;
}

static uint64_t quiet(const struct output_partition *part)
{
	return part->quiet_us / US_PER_MS;
}

static uint64_t stuck(const struct output_partition *part)
{
	return part->leader < 0 || part->held || part->lacks_replicas;
}

static uint64_t behind(UNUSED const struct view *view, const struct file *file)
{
	struct condition condition;
	unsigned once = 1;

	condition_measure(file, &once, &condition);
	return condition.lag;
}

static uint64_t behind_ms(const struct view *view, const struct file *file)
{
	struct condition condition;
	int64_t lag_ms;
	unsigned once = 1;

	condition_measure(file, &once, &condition);
	lag_ms = condition_lag_ms(view, file, &condition);
	return lag_ms > 0 ? (uint64_t)lag_ms : 0;
}

#define LABELS_OF_PARTITION "cluster,topic,partition"
#define LABELS_OF_BROKER "cluster,broker"
#define LABELS_OF_FILE "source,path,inode"

static const struct metric_family families[] = {
	{"waybill_source_dead_letters_total",
	 "lines kept as dead letters, by what was wrong with them", METRICS_COUNTER,
	 "source,reason", .put = put_dead},
	{"waybill_source_lost_bytes_total",
	 "bytes known to be lost: removed, removed_while_stopped, truncated (or rewritten), "
	 "overwritten (after its rotation) before they were shipped",
	 METRICS_COUNTER, "source,reason", .put = put_lost},
	{"waybill_records_undelivered_total",
	 "records that came back undelivered, by the error of Kafka or its library",
	 METRICS_COUNTER, "reason", .put = put_failures},
	{"waybill_files_held", "files whose next line cannot go now, by what they wait for",
	 METRICS_GAUGE, "reason", .put = put_held},
	{METRICS_DELAY, "from reading a line to its acknowledgement by Kafka", METRICS_HISTOGRAM,
	 "", .put = put_delays},
	{"waybill_certificate_expiry_timestamp_seconds",
	 "when the certificates end that a setting names, since 1970: the first of ours, the last "
	 "of authorities",
	 METRICS_GAUGE, "cluster,setting", .put = put_certificates},
	{"waybill_token_expiry_timestamp_seconds",
	 "when the token ends that was fetched last, since 1970, if it says so", METRICS_GAUGE,
	 "cluster", .put = put_token},
	{METRICS_PATTERN,
	 "from a line to its fields: decoding, redaction, patterns; one line in 256 is timed",
	 METRICS_SUMMARY, "source", .put = put_timed},
	{"waybill_memory_bytes",
	 "memory by pool: chunks (chunk_memory), in_flight (what librdkafka has, lines in chunks "
	 "included), dead_letters (that are not stored yet), files (without their names)",
	 METRICS_GAUGE, "pool", .put = put_memory},
	{METRICS_MEMORY_LIMIT, "what it is bounded by", METRICS_GAUGE, "pool", .put = put_memory},
	{"waybill_broker_connected", "1: librdkafka is connected with it, and logged in",
	 METRICS_GAUGE, LABELS_OF_BROKER, .put = metrics_put_broker, .of_load = metrics_connected},
	{METRICS_RTT,
	 "from a request to the broker's answer; the quantiles are of the last interval",
	 METRICS_SUMMARY, LABELS_OF_BROKER, .put = metrics_put_rtt},
	{"waybill_broker_outbuf_requests", "requests to it that librdkafka could not send yet",
	 METRICS_GAUGE, LABELS_OF_BROKER, .put = metrics_put_broker, .of_load = metrics_requests},
	{"waybill_broker_outbuf_records", "records in those", METRICS_GAUGE, LABELS_OF_BROKER,
	 .put = metrics_put_broker, .of_load = metrics_records},
	{"waybill_broker_throttle_seconds_total",
	 "for how long its answers told librdkafka to wait, because of a quota", METRICS_COUNTER,
	 LABELS_OF_BROKER, .put = metrics_put_broker, .of_load = metrics_throttled_ms,
	 .milli = true},
	{"waybill_partition_records_total", "records that Kafka acknowledged", METRICS_COUNTER,
	 LABELS_OF_PARTITION, METRIC_PER_PARTITION, put_partitions, .of_partition = delivered},
	{"waybill_partition_in_flight", "records sent and not yet acknowledged", METRICS_GAUGE,
	 LABELS_OF_PARTITION, METRIC_PER_PARTITION, put_partitions, .of_partition = in_flight},
	{"waybill_partition_quiet_seconds",
	 "with records in flight: seconds since the last one was acknowledged", METRICS_GAUGE,
	 LABELS_OF_PARTITION, METRIC_PER_PARTITION, put_partitions, .of_partition = quiet,
	 .milli = true},
	{"waybill_partition_stuck", "1: it has no leader, is held, or lacks replicas in sync",
	 METRICS_GAUGE, LABELS_OF_PARTITION, METRIC_PER_PARTITION, put_partitions,
	 .of_partition = stuck},
	{"waybill_file_lag_bytes", "bytes that are there and not settled", METRICS_GAUGE,
	 LABELS_OF_FILE, METRIC_PER_FILE, put_file, .of_file = behind},
	{"waybill_file_lag_seconds",
	 "if not all of it is settled, but for a last line without its end: the age of the line "
	 "that was sent last",
	 METRICS_GAUGE, LABELS_OF_FILE, METRIC_PER_FILE, put_file, .of_file = behind_ms,
	 .milli = true},
	{"waybill_files_unlisted", "files that have no series of their own: others are more behind",
	 METRICS_GAUGE, "", METRIC_PER_FILE, put_unlisted},
};

const struct metric_family *metrics_families(size_t *ret_n)
{
	*ret_n = ARRAY_LEN(families);
	return families;
}

static bool is_wanted(const struct metric_family *family, const struct conf *conf)
{
	return family->when == METRIC_PER_FILE      ? conf->metrics_per_file > 0 :
	       family->when == METRIC_PER_PARTITION ? conf->metrics_per_partition :
						      true;
}

bool metrics_put_family(struct metrics *metrics, const struct view *view, size_t number,
			struct json *to)
{
	const struct metric_family *family = &families[number];

	if (!is_wanted(family, view->conf))
		return false;
	if (metrics->index == 0)
		metrics_put_head(metrics->open_metrics, to, family->name, family->help,
				 family->type);
	return family->put(family, metrics, view, metrics->index, to);
}

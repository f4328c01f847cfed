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
#include "control/metrics_private.h"
#include "login/login.h"

/* The function of a family, with the arguments of its `put`. */
#define PUT(name)                                                                               \
	static bool name(UNUSED const struct metric_family *family,                             \
			 UNUSED struct metrics *metrics, const struct view *view, size_t index, \
			 struct json *to)

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
	static const char *const words[LOST_REASONS] = {
		[LOST_REMOVED] = "removed",
		[LOST_STOPPED] = "removed_while_stopped",
		[LOST_TRUNCATED] = "truncated",
		[LOST_OVERWRITTEN] = "overwritten",
	};

	if (index >= view->conf->n_sources)
		return false;
	for (size_t n = 0; n < LOST_REASONS && !view->conf->sources[index].gone; n++)
		put_of_source(to, family->name, view->conf->sources[index].name, words[n],
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
	const char *before = "{";

	json_put_text(to, name);
	if (view->conf->n_clusters > 1) {
		metrics_put_label(to, before, METRICS_CLUSTER, view->conf->clusters[cluster].name);
		before = ",";
	}
	if (setting)
		metrics_put_label(to, before, "setting", setting);
	if (setting || *before == ',')
		json_put_text(to, "}");
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
	const char *before = "{";

	if (index >= view->conf->n_topics)
		return false;
	for (int32_t i = 0; output_partition(view->output, index, i, view->now_us, &part); i++) {
		char number[16];

		snprintf(number, sizeof number, "%" PRId32, i);
		json_put_text(to, family->name);
		if (view->conf->n_clusters > 1) {
			uint32_t cluster = view->conf->topic_clusters[index];

			metrics_put_label(to, "{", METRICS_CLUSTER,
					  view->conf->clusters[cluster].name);
			before = ",";
		}
		metrics_put_label(to, before, "topic", view->conf->topics[index]);
		metrics_put_label(to, ",", "partition", number);
		json_put_text(to, "}");
		metrics_put_value(to, family->of_partition(&part), family->milli);
	}
	return true;
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
	 "if not all of it is settled: the age of the line that was sent last", METRICS_GAUGE,
	 LABELS_OF_FILE, METRIC_PER_FILE, put_file, .of_file = behind_ms, .milli = true},
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

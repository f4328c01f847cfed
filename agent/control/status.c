/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A line a call, so that whoever calls decides how much is done at a time. What is summed up over
 * files comes behind them. Of all files none comes first in particular; who wants the first few by
 * some order is told those only, so that neither writes down and reads twenty thousand for it.
 */
#include "control/status.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "conf/output.h"
#include "control/find.h"
#include "files/pace.h"
#include "protocol/line.h"
#include "view/slow.h"
#include "view/where.h"

/* To make the record of a line anew takes as long as to look at so many files. */
#define REMAKE_WORK 32
/* To look at so many topics takes as long as to look at one. */
#define TOPICS_A_STEP 32

/* "orders:2": a topic's name and the number of a partition. */
static void read_about(struct status *status, const char *about)
{
	const char *colon = strrchr(about, ':');
	size_t digits = colon ? strspn(colon + 1, "0123456789") : 0;
	bool numbered = digits && digits < 10 && !colon[1 + digits];

	status->topic_len = numbered ? (size_t)(colon - about) : strlen(about);
	status->partition = numbered ? (int32_t)strtol(colon + 1, NULL, 10) : -1;
}

int status_init(struct status *status, const struct view *view, const struct request *request)
{
	int r = sums_init(&status->sums, view);

	read_about(status, request->about);
	if (!r)
		r = ranking_init(&status->ranking, request->limit);
	map_walk_begin(&status->walk, view->files->by_inode);
	return r;
}

void status_deinit(struct status *status)
{
	map_walk_end(&status->walk);
	sums_deinit(&status->sums);
	ranking_deinit(&status->ranking);
	*status = (struct status){0};
}

static void put_output(struct json *to, const struct output_stats *stats)
{
	line_bool(to, "kafka_up", stats->up);
	line_bool(to, "brokers_answer", stats->reachable);
	line_text(to, "producer", stats->state);
	line_number(to, "producers_made", stats->producers_made);
	line_text(to, "last_error",
		  stats->last_error && *stats->last_error ? stats->last_error : NULL);
	line_bool(to, "renewal_waits", stats->renewal_waits);
	line_text(to, "renewal_error",
		  stats->renewal_error && *stats->renewal_error ? stats->renewal_error : NULL);
	line_number(to, "in_flight", stats->records_in_flight);
	line_number(to, "in_flight_max", stats->records_max);
	line_number(to, "in_flight_bytes", stats->bytes_in_flight);
	line_number(to, "in_flight_bytes_max", stats->bytes_max);
	line_number(to, "in_flight_beside", stats->records_beside);
	line_number(to, "in_flight_bytes_beside", stats->bytes_beside);
}

/* Why most of those were refused that became dead letters since the start; NULL: none did. */
static const char *most_frequent(const struct view *view)
{
	const struct reason *most = NULL, *reason;

	for (size_t i = 0; i < view->conf->n_sources; i++) {
		const struct reasons *reasons =
			letters_reasons(view->letters, view->conf->sources[i].name);

		for (size_t n = 0; (reason = reasons_at(reasons, n)); n++)
			most = !most || reason->n > most->n ? reason : most;
	}
	return most ? most->text : NULL;
}

/* A limit of reading, by what it counts; null: there is none in that. */
static void put_rate(struct json *to, const char *of_bytes, const char *of_lines, uint64_t limit)
{
	line_natural(to, of_bytes, limit && !(limit & RATE_LINES) ? (int64_t)limit : -1);
	line_natural(to, of_lines, limit & RATE_LINES ? (int64_t)(limit & ~RATE_LINES) : -1);
}

static void put_agent(const struct view *view, struct json *to)
{
	struct output_stats stats;
	uint64_t bytes, count;

	output_stats(view->output, &stats);
	store_dead_letters(view->store, &bytes, &count);
	line_begin(to, "agent");
	line_text(to, "waybill", WAYBILL_VERSION);
	line_bool(to, "running", true);
	line_text(to, "state", view->life);
	line_number(to, "pid", (uint64_t)getpid());
	line_number(to, "uptime_s", view->uptime_us / US_PER_S);
	line_text(to, "database", store_path(view->store));
	line_number(to, "files", files_count(view->files));
	line_number(to, "sources",
		    view->conf->marks.sources ? view->conf->marks.n_sources :
						view->conf->n_sources);
	line_bool(to, "kafka_configured",
		  cluster_value(&view->conf->clusters[0], "bootstrap.servers"));
	put_output(to, &stats);
	if (view->conf->n_clusters > 1)
		line_number(to, "clusters", view->conf->n_clusters);
	put_rate(to, "max_rate_bytes", "max_rate_lines", view->conf->max_rate);
	put_rate(to, "catch_up_rate_bytes", "catch_up_rate_lines", view->conf->catch_up_rate);
	line_number(to, "checkpoint_age_ms", view->counters->checkpoint_age_ms);
	line_bool(to, "reload_refused", view->reload_refused);
	line_number(to, "generation", view->generation);
	line_number(to, "reloaded_s", (uint64_t)view->reloaded_ms / 1000);
	line_number(to, "dead_letters", count + view->letters->n);
	line_text(to, "dead_letter_reason", most_frequent(view));
	line_number(to, "dead_letter_bytes", view->letters->stored + view->letters->bytes);
	line_number(to, "dead_letter_max", view->letters->max_bytes);
	line_end(to);
}

static void put_counters(const struct view *view, struct json *to)
{
	size_t n;
	const struct counter *rows = counters_all(&n);
	uint64_t bytes;

	line_begin(to, "counters");
	for (size_t i = 0; i < n; i++)
		line_number(to, rows[i].name, counter_value(view->counters, &rows[i]));
	line_text(
		to, "lost_reason",
		counters_lost_reason(view->files->source_counters, view->conf->n_sources, &bytes));
	line_end(to);
}

/* One of several clusters. */
static void step_clusters(struct status *status, const struct view *view, struct json *to)
{
	struct output_stats stats;
	const char *name;

	if (!output_part(view->output, status->next, &name, &stats)) {
		status->next = 0;
		status->stage = STATUS_ENDS;
		return;
	}
	status->next++;
	line_begin(to, "cluster");
	line_text(to, "cluster", name);
	put_output(to, &stats);
	line_end(to);
}

/* Of several clusters the one of the topic; of one nothing. */
static void put_cluster(const struct view *view, size_t topic, struct json *to)
{
	if (view->conf->n_clusters > 1)
		line_text(to, "cluster", conf_topic_cluster(view->conf, topic)->name);
}

/* Whether `name` is what is asked for, or all is. */
static bool asked(struct status *status, const struct request *request, const char *name)
{
	bool same = strcmp(request->about, name) == 0;

	status->known |= same;
	return same || !*request->about;
}

/* Whether the topic is what is asked about, or a partition of it. */
static bool is_topic(const struct status *status, const struct view *view,
		     const struct request *request, size_t topic)
{
	const char *names[] = {view->conf->topics[topic], conf_topic_name(view->conf, topic)};
	bool same = false;

	for (size_t i = 0; i < ARRAY_LEN(names); i++)
		same |= strlen(names[i]) == status->topic_len &&
			memcmp(names[i], request->about, status->topic_len) == 0;
	return same;
}

static bool topic_asked(struct status *status, const struct view *view,
			const struct request *request, size_t topic)
{
	bool same = is_topic(status, view, request, topic);

	status->of_topic |= same;
	status->known |= same && status->partition < 0;
	return same || !*request->about || request->topics;
}

static void put_topic(const struct view *view, size_t index, struct json *to)
{
	struct output_topic topic;

	if (!output_topic(view->output, index, &topic))
		return;
	line_begin(to, "topic");
	put_cluster(view, index, to);
	line_text(to, "topic", view->conf->topics[index]);
	line_text(to, "state", topic.state);
	line_text(to, "cure", condition_topic_cure(topic.state));
	line_bool(to, "letters_only", view->conf->topic_settings[index].letters);
	line_number(to, "partitions", (uint64_t)topic.n_partitions);
	line_natural(to, "replicas", topic.replicas ? (int64_t)topic.replicas : -1);
	line_natural(to, "min_insync_replicas", topic.min_insync ? (int64_t)topic.min_insync : -1);
	line_end(to);
}

/* False: the topic has no such partition. */
static bool put_partition(struct status *status, const struct view *view, size_t topic,
			  int32_t index, struct json *to)
{
	struct output_partition part;
	char trouble[256];

	if (!output_partition(view->output, topic, index, view->now_us, &part))
		return false;
	slow_say(view, topic, &part, trouble, sizeof trouble);
	/* Whether brokers answer was asked, which looks at all topics. */
	if (*trouble)
		status->work += (unsigned)(view->conf->n_topics / TOPICS_A_STEP);
	line_begin(to, "partition");
	put_cluster(view, topic, to);
	line_text(to, "topic", view->conf->topics[topic]);
	line_number(to, "partition", (uint64_t)index);
	line_natural(to, "leader", part.leader);
	line_number(to, "in_sync", part.replicas);
	line_number(to, "in_flight", part.records);
	line_number(to, "in_flight_bytes", part.bytes);
	line_number(to, "quiet_ms", part.quiet_us / US_PER_MS);
	line_bool(to, "held", part.held);
	line_bool(to, "lacks_replicas", part.lacks_replicas);
	line_text(to, "trouble", *trouble ? trouble : NULL);
	line_end(to);
	return true;
}

/* A topic, or a partition of it. */
static void step_topics(struct status *status, const struct view *view,
			const struct request *request, struct json *to)
{
	if (status->next_partition > 0) {
		bool there =
			put_partition(status, view, status->next, status->next_partition - 1, to);

		status->known |= there && status->only_one;
		if (there && !status->only_one) {
			status->next_partition++;
			return;
		}
		status->next_partition = 0;
		status->next++;
		if (there)
			return;
	}
	if (status->next >= view->conf->n_topics) {
		status->next = 0;
		status->stage = STATUS_BROKERS;
		return;
	}
	if (conf_topic_is_unused(view->conf, status->next) ||
	    !topic_asked(status, view, request, status->next)) {
		status->next++;
		return;
	}
	put_topic(view, status->next, to);
	status->only_one = status->partition >= 0 && is_topic(status, view, request, status->next);
	status->next_partition = status->only_one ? status->partition + 1 : 1;
}

/* What is not counted is not known. */
static void put_load(const struct output_load *load, struct json *to)
{
	bool answered = load->counted && load->rtt_99_us;

	line_natural(to, "rtt_us", answered ? (int64_t)load->rtt_50_us : -1);
	line_natural(to, "rtt_99_us", answered ? (int64_t)load->rtt_99_us : -1);
	line_natural(to, "unsent_requests", load->counted ? (int64_t)load->requests : -1);
	line_natural(to, "unsent", load->counted ? (int64_t)load->records : -1);
	line_natural(to, "throttled_ms", load->counted ? (int64_t)load->throttled_ms : -1);
}

static void step_brokers(struct status *status, const struct view *view, struct json *to)
{
	struct output_broker broker;

	if (!output_broker(view->output, status->next, view->now_us, &broker)) {
		status->next = 0;
		status->stage = STATUS_FILES;
		return;
	}
	status->next++;
	line_begin(to, "broker");
	if (broker.cluster)
		line_text(to, "cluster", broker.cluster);
	line_number(to, "broker", (uint64_t)broker.id);
	line_text(to, "address", broker.address);
	line_bool(to, "silent", broker.silent);
	line_text(to, "last_error", *broker.error ? broker.error : NULL);
	line_natural(to, "last_error_age_ms",
		     *broker.error ? (int64_t)(broker.error_age_us / US_PER_MS) : -1);
	put_load(&broker.load, to);
	line_end(to);
}

/* Whether its next line waits for the topic that is asked about, or its first for the partition. */
static bool waits_there(struct status *status, const struct view *view,
			const struct request *request, const struct file *file)
{
	bool held = file->queue == FILE_QUEUE_HELD && file->waits_for == FILE_WAITS_TOPIC &&
		    file->waits_topic < view->conf->n_topics &&
		    is_topic(status, view, request, file->waits_topic);
	int32_t partition;
	uint32_t topic;

	if (!status->of_topic || !file->account.in_flight)
		return status->of_topic && held;
	if (held && status->partition < 0)
		return true;
	status->work = REMAKE_WORK;
	return where_first(view, file, 0, &topic, &partition) &&
	       is_topic(status, view, request, topic) &&
	       (status->partition < 0 || status->partition == partition);
}

/* By its own name, its lineage's or its source's; or it waits for the topic of that name. */
static bool file_asked(struct status *status, const struct view *view,
		       const struct request *request, const struct file *file)
{
	const char *names[] = {file->path, file->lineage, file->real, file->second};
	bool same = !*request->about || strcmp(request->about, file->source->name) == 0;
	bool inode = request->inode && file->identity.inode == request->inode &&
		     file->identity.device == request->device;

	status->known |= inode;
	same |= inode;
	for (size_t i = 0; i < ARRAY_LEN(names) && !same; i++) {
		same = names[i] && request_names(request, names[i]);
		status->known |= same;
	}
	return same || waits_there(status, view, request, file);
}

static void put_file(const struct view *view, const struct file *file,
		     const struct condition *condition, struct json *to)
{
	line_begin(to, "file");
	line_text(to, "path", file->path);
	line_text(to, "source", file->source->name);
	line_text(to, "state", condition->state);
	line_text(to, "waits_for", *condition->waits_for ? condition->waits_for : NULL);
	line_number(to, "position", condition->position);
	line_number(to, "read", condition->read);
	line_natural(to, "size", condition->sized ? (int64_t)condition->size : -1);
	line_natural(to, "lag_bytes", condition->sized ? (int64_t)condition->lag : -1);
	line_natural(to, "lag_ms", condition_lag_ms(view, file, condition));
	line_number(to, "in_flight", file->account.in_flight);
	line_bool(to, "left_path", file->left_path);
	line_end(to);
}

static void step_files(struct status *status, const struct view *view,
		       const struct request *request, struct json *to)
{
	const struct file *file = map_walk_next(&status->walk);
	struct condition condition;

	if (!file) {
		ranking_end(&status->ranking);
		status->stage = STATUS_RANKED;
		return;
	}
	sums_add(&status->sums, view, file, &condition);
	if (!file_asked(status, view, request, file) ||
	    (*request->match && !strstr(file->path, request->match)))
		return;
	status->shown++;
	if (request->limit) {
		ranking_add(&status->ranking, request->sort, file, &condition);
		return;
	}
	status->work = file->account.in_flight ? REMAKE_WORK : 1;
	condition_say(view, file, &condition);
	put_file(view, file, &condition, to);
}

static void step_ranked(struct status *status, const struct view *view, struct json *to)
{
	const struct file *file = ranking_next(&status->ranking, view->files);
	struct condition condition;

	if (!file) {
		status->stage = STATUS_SOURCES;
		return;
	}
	status->work = file->account.in_flight ? REMAKE_WORK : 1;
	condition_of(view, file, &condition);
	put_file(view, file, &condition, to);
}

static void step_sources(struct status *status, const struct view *view,
			 const struct request *request, struct json *to)
{
	size_t index = status->next;
	const struct sums_source *sum = &status->sums.sources[index];
	const struct source *source = &view->conf->sources[index];

	if (index >= view->conf->n_sources) {
		status->stage = STATUS_END;
		return;
	}
	status->next++;
	if (source->gone || !asked(status, request, source->name))
		return;
	line_begin(to, "source");
	line_text(to, "source", source->name);
	if (view->conf->n_clusters > 1)
		line_text(to, "cluster", view->conf->clusters[source->cluster].name);
	line_number(to, "files", sum->files);
	line_number(to, "files_behind", sum->behind);
	line_number(to, "files_stuck", sum->stuck);
	line_number(to, "lag_bytes", sum->lag);
	line_number(to, "lag_ms", sum->lag_ms);
	line_number(to, "in_flight", sum->in_flight);
	put_rate(to, "max_rate_bytes", "max_rate_lines", source->max_rate);
	line_number(to, "rate_wait_ms",
		    pace_waited_us(view->files, index, view->now_us) / US_PER_MS);
	line_number(to, "dead_letter_bytes", letters_kept(view->letters, source->name));
	line_number(to, "dead_letter_copied_bytes",
		    letters_kept_copies(view->letters, source->name));
	line_number(to, "dead_letter_max", source->dead_letter_max);
	line_end(to);
}

static void put_end(const struct status *status, const struct request *request, struct json *to)
{
	line_begin(to, "end");
	line_number(to, "files_shown", status->shown);
	line_number(to, "lag_bytes", status->sums.all.lag);
	line_bool(to, "known", !*request->about || status->known);
	line_end(to);
}

bool status_line(struct status *status, const struct view *view, const struct request *request,
		 struct json *to)
{
	status->work = 1;
	switch (status->stage) {
	case STATUS_AGENT:
		put_agent(view, to);
		put_counters(view, to);
		status->stage = STATUS_CLUSTERS;
		return false;
	case STATUS_CLUSTERS:
		step_clusters(status, view, to);
		return false;
	case STATUS_ENDS:
		if (!ending_line(&status->ending, view->conf, view->ends, view->now_ms, to))
			status->stage = STATUS_TOPICS;
		return false;
	case STATUS_TOPICS:
		step_topics(status, view, request, to);
		return false;
	case STATUS_BROKERS:
		step_brokers(status, view, to);
		return false;
	case STATUS_FILES:
		step_files(status, view, request, to);
		return false;
	case STATUS_RANKED:
		step_ranked(status, view, to);
		return false;
	case STATUS_SOURCES:
		step_sources(status, view, request, to);
		return false;
	case STATUS_END:
		put_end(status, request, to);
		break;
	}
	return true;
}

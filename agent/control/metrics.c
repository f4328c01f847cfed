/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The text formats of Prometheus (0.0.4) and OpenMetrics (1.0), which differ in the head of a
 * counter and in the end. Files are looked at first, many of them between other work, and the
 * counters are written in one go behind that: what a scrape must not tear is of one moment, the
 * sums over files are as good as a walk is.
 */
#include "control/metrics_private.h"

#include <stdio.h>
#include <string.h>

#include "conf/output.h"

static bool ends_with(const char *text, const char *end)
{
	size_t len = strlen(text);

	return len >= strlen(end) && strcmp(text + len - strlen(end), end) == 0;
}

void metrics_name(const struct counter *counter, bool by_source, char ret_name[METRIC_NAME_MAX],
		  bool *ret_milli)
{
	size_t len = strlen(counter->name);

	*ret_milli = ends_with(counter->name, "_ms");
	if (*ret_milli)
		len -= strlen("_ms");
	snprintf(ret_name, METRIC_NAME_MAX, "waybill_%s%.*s%s%s", by_source ? "source_" : "",
		 (int)len, counter->name, *ret_milli ? "_seconds" : "",
		 counter->kind == COUNTER_SUM ? "_total" : "");
}

const char *metrics_help(const struct counter *counter)
{
	static const char unit[] = "milliseconds", prefix[] = "milli";
	bool milli = strncmp(counter->help, unit, strlen(unit)) == 0;

	return counter->help + (milli ? strlen(prefix) : 0);
}

const char *metrics_label(enum metric_scope scope)
{
	static const char *const labels[METRIC_SCOPES] = {
		[METRIC_OF_STATE] = "state",
		[METRIC_OF_SOURCE] = "source",
		[METRIC_OF_CLUSTER] = METRICS_CLUSTER,
		[METRIC_OF_TOPIC] = "topic",
		[METRIC_OF_RULE] = "rule",
	};

	return labels[scope];
}

bool metrics_is_sum(const struct metric *metric)
{
	return ends_with(metric->name, "_total");
}

int metrics_init(struct metrics *metrics, const struct view *view, bool open_metrics)
{
	int r = sums_init(&metrics->sums, view);

	metrics->open_metrics = open_metrics;
	if (!r)
		r = ranking_init(&metrics->worst, view->conf->metrics_per_file);
	map_walk_begin(&metrics->walk, view->files->by_inode);
	return r;
}

void metrics_deinit(struct metrics *metrics)
{
	sums_deinit(&metrics->sums);
	ranking_deinit(&metrics->worst);
	map_walk_end(&metrics->walk);
}

/* The same counters by source. */
static void put_source_counters(const struct metrics *metrics, const struct view *view,
				struct json *to)
{
	const struct counter *counter;

	for (size_t n = 0; (counter = metrics_source_counter(n)); n++) {
		char name[METRIC_NAME_MAX];
		bool milli;

		metrics_name(counter, true, name, &milli);
		metrics_put_head(metrics->open_metrics, to, name, metrics_help(counter),
				 METRICS_COUNTER);
		for (size_t i = 0; i < view->conf->n_sources; i++) {
			if (view->conf->sources[i].gone)
				continue;
			json_put_text(to, name);
			metrics_put_label(to, "{", "source", view->conf->sources[i].name);
			json_put_text(to, "}");
			metrics_put_value(to,
					  counter_value(&view->files->source_counters[i], counter),
					  milli);
		}
	}
}

static void put_counters(const struct metrics *metrics, const struct view *view, struct json *to)
{
	size_t n;
	const struct counter *counters = counters_all(&n);

	for (size_t i = 0; i < n; i++) {
		char name[METRIC_NAME_MAX];
		bool milli;

		metrics_name(&counters[i], false, name, &milli);
		metrics_put_head(metrics->open_metrics, to, name, metrics_help(&counters[i]),
				 counters[i].kind == COUNTER_SUM ? METRICS_COUNTER : METRICS_GAUGE);
		json_put_text(to, name);
		metrics_put_value(to, counter_value(view->counters, &counters[i]), milli);
	}
	metrics_put_head(metrics->open_metrics, to, "waybill_build_info",
			 "1, with the version as a label", METRICS_GAUGE);
	json_put_text(to, "waybill_build_info");
	metrics_put_label(to, "{", "version", WAYBILL_VERSION);
	json_put_text(to, "}");
	metrics_put_value(to, 1, false);
}

/* The value of the label of the sample of this index; NULL: there is none of that index. */
static const char *label_value(const struct view *view, enum metric_scope scope, size_t index)
{
	switch (scope) {
	case METRIC_OF_STATE:
		return condition_states[index];
	case METRIC_OF_SOURCE:
		return index < view->conf->n_sources ? view->conf->sources[index].name : NULL;
	case METRIC_OF_CLUSTER:
		return index < view->conf->n_clusters ? view->conf->clusters[index].name : NULL;
	case METRIC_OF_TOPIC:
		return index < view->conf->n_topics ? view->conf->topics[index] : NULL;
	case METRIC_OF_RULE:
		return index < view->conf->n_rules ? view->conf->rules[index] : NULL;
	default:
		return index == 0 ? "" : NULL;
	}
}

/* What tells the sample of this index from the others of its scope. */
static void put_labels(const struct view *view, enum metric_scope scope, size_t index,
		       const char *value, struct json *to)
{
	const char *label = metrics_label(scope), *before = "{";

	if (scope == METRIC_OF_TOPIC)
		index = view->conf->topic_clusters[index];
	if (scope == METRIC_OF_TOPIC || scope == METRIC_OF_CLUSTER)
		before = metrics_put_cluster(to, metrics_cluster(view, index));
	if (label && scope != METRIC_OF_CLUSTER) {
		metrics_put_label(to, before, label, value);
		before = ",";
	}
	metrics_put_end(to, before);
}

/* Of a source that a reload took out, or its topic, nothing is told any more. */
static bool is_told(const struct view *view, enum metric_scope scope, size_t index)
{
	if (scope == METRIC_OF_TOPIC)
		return !conf_topic_is_unused(view->conf, index);
	return scope != METRIC_OF_SOURCE || !view->conf->sources[index].gone;
}

/* False: that was the last row. */
static bool put_row(struct metrics *metrics, const struct view *view, struct json *to)
{
	size_t n;
	const struct metric *row = &metrics_rows(&n)[metrics->row];
	const char *value;

	if (metrics->row == n)
		return false;
	value = label_value(view, row->scope, metrics->index);
	if (!value) {
		metrics->row++;
		metrics->index = 0;
		metrics->headed = false;
		return true;
	}
	if (!is_told(view, row->scope, metrics->index)) {
		metrics->index++;
		return true;
	}
	if (!metrics->headed)
		metrics_put_head(metrics->open_metrics, to, row->name, row->help,
				 metrics_is_sum(row) ? METRICS_COUNTER : METRICS_GAUGE);
	json_put_text(to, row->name);
	put_labels(view, row->scope, metrics->index, value, to);
	metrics_put_value(to, row->value(metrics, view, metrics->index), row->milli);
	metrics->headed = true;
	metrics->index++;
	return true;
}

/* False: that was the last family. */
static bool put_family(struct metrics *metrics, const struct view *view, struct json *to)
{
	size_t n;

	(void)metrics_families(&n);
	if (metrics->row < n && !metrics_put_family(metrics, view, metrics->row, to)) {
		metrics->row++;
		metrics->index = 0;
	} else {
		metrics->index++;
	}
	if (metrics->row < n)
		return true;
	metrics->row = metrics->index = 0;
	return false;
}

bool metrics_step(struct metrics *metrics, const struct view *view, struct json *to)
{
	struct condition condition;
	const struct file *file;

	switch (metrics->stage) {
	case METRICS_FILES:
		file = map_walk_next(&metrics->walk);
		if (!file) {
			ranking_end(&metrics->worst);
			metrics->stage = METRICS_COUNTERS;
			return false;
		}
		sums_add(&metrics->sums, view, file, &condition);
		ranking_add(&metrics->worst, SORT_LAG, file, &condition);
		return false;
	case METRICS_COUNTERS:
		put_counters(metrics, view, to);
		put_source_counters(metrics, view, to);
		metrics->stage = METRICS_FAMILIES;
		return false;
	case METRICS_FAMILIES:
		if (!put_family(metrics, view, to))
			metrics->stage = METRICS_ROWS;
		return false;
	case METRICS_ROWS:
		if (!put_row(metrics, view, to))
			metrics->stage = METRICS_END;
		return false;
	case METRICS_END:
		if (metrics->open_metrics)
			json_put_text(to, "# EOF\n");
		break;
	}
	return true;
}

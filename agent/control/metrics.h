/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CONTROL_METRICS_H
#define CONTROL_METRICS_H

#include "base/json.h"
#include "control/ranking.h"
#include "view/sums.h"

/*
 * The same in numbers, as Prometheus reads them. One table says all of it: from it follow what is
 * written and the list in waybill-control(7). The counters of ops/ are metrics, too, each by its
 * name: waybill_NAME_total of a sum, waybill_NAME of what is so much now; milliseconds become
 * seconds.
 */

/* Of what there is one sample each. */
enum metric_scope {
	METRIC_OF_AGENT,
	METRIC_OF_STATE,   /* label state: as in condition_states */
	METRIC_OF_SOURCE,  /* label source */
	METRIC_OF_CLUSTER, /* label cluster, where there are several */
	METRIC_OF_TOPIC,   /* label topic, and the same */
	METRIC_OF_RULE,    /* label rule: "SOURCE/NAME" */
	METRIC_SCOPES,     /* their number */
};

struct metrics;

struct metric {
	const char *name, *help;
	enum metric_scope scope;
	bool milli; /* the value is in thousandths */
	uint64_t (*value)(const struct metrics *metrics, const struct view *view, size_t index);
};

/* All but the counters: gauges, but for sums by their name. *ret_n rows. */
const struct metric *metrics_rows(size_t *ret_n);

bool metrics_is_sum(const struct metric *metric);

/*
 * The name of the label that tells those of a scope apart; NULL: there is one only. Where there are
 * several clusters those of topics have METRICS_CLUSTER before it.
 */
#define METRICS_CLUSTER "cluster"
const char *metrics_label(enum metric_scope scope);

/* The counters that are told by source: that of this number; NULL: there are no more. */
const struct counter *metrics_source_counter(size_t n);

/* Those that have more than a label or a value, or are there when the configuration says so. */
enum metric_when { METRIC_ALWAYS, METRIC_PER_PARTITION, METRIC_PER_FILE };

struct metric_family {
	const char *name, *help;
	const char *type;   /* "counter", ... */
	const char *labels; /* for the manual, with commas */
	enum metric_when when;
	/* Writes what is of this index, if there is something. False: behind the last one. */
	bool (*put)(const struct metric_family *family, struct metrics *metrics,
		    const struct view *view, size_t index, struct json *to);
	/* of one of many; what they are follows from `when` */
	uint64_t (*of_partition)(const struct output_partition *part);
	uint64_t (*of_load)(const struct output_load *load);
	uint64_t (*of_file)(const struct view *view, const struct file *file);
	bool milli; /* the value is in thousandths */
};

/* *ret_n of them. */
const struct metric_family *metrics_families(size_t *ret_n);

/* A histogram and summaries, whose samples have other names. */
#define METRICS_DELAY "waybill_delivery_seconds"
#define METRICS_RTT "waybill_broker_rtt_seconds"
#define METRICS_PATTERN "waybill_source_pattern_seconds"

/* Room for the name of the metric of a counter. */
#define METRIC_NAME_MAX 64

/*
 * The name of the metric of a counter, by source or of all. *ret_milli: its value is in thousandths
 * of that.
 */
void metrics_name(const struct counter *counter, bool by_source, char ret_name[METRIC_NAME_MAX],
		  bool *ret_milli);

/* Its help, of seconds where the counter's is of milliseconds. */
const char *metrics_help(const struct counter *counter);

/* One scrape while it is made. Embedded; zeroed. */
struct metrics {
	bool open_metrics;
	enum { METRICS_FILES, METRICS_COUNTERS, METRICS_FAMILIES, METRICS_ROWS, METRICS_END } stage;
	struct map_walk walk;
	struct sums sums;
	struct ranking worst; /* files that have series of their own */
	size_t row, index;
	bool headed; /* the row has its first sample */
};

/* 0 or -ENOMEM: for metrics_deinit all the same. */
int metrics_init(struct metrics *metrics, const struct view *view, bool open_metrics) MUSTCHECK;
void metrics_deinit(struct metrics *metrics);

/*
 * Looks at a file, or writes a few lines; all counters in one go, so that they add up. True: that
 * was the end.
 */
bool metrics_step(struct metrics *metrics, const struct view *view, struct json *to);

#endif

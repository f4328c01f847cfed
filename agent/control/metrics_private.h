/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CONTROL_METRICS_PRIVATE_H
#define CONTROL_METRICS_PRIVATE_H

#include "base/result.h"
#include "control/metrics.h"

/*
 * metrics.c calls metrics_families.c, metrics_rows.c; the first of these metrics_brokers.c; all of
 * them metrics_text.c.
 */

#define METRICS_COUNTER "counter"
#define METRICS_GAUGE "gauge"
#define METRICS_HISTOGRAM "histogram"
#define METRICS_SUMMARY "summary"

/* What stands before the samples of a name. type: one of those above. */
void metrics_put_head(bool open_metrics, struct json *to, const char *name, const char *help,
		      const char *type);

/* The value and the end of the line; milli: it is in thousandths. */
void metrics_put_value(struct json *to, uint64_t value, bool milli);

/* The same in seconds, of which per_second, a power of ten, make one. */
void metrics_put_seconds(struct json *to, uint64_t time, uint64_t per_second);

/* `before`: "{" for the first label, "," for another; behind the last comes "}". */
void metrics_put_label(struct json *to, const char *before, const char *name, const char *value);

/*
 * The label of a cluster where there are several: its name, NULL where there is one only; as the
 * first label, if it has a name: returns `before` of the next; and what closes the labels, if there
 * were any: `before` of one that would be the next.
 */
const char *metrics_cluster(const struct view *view, size_t cluster);
const char *metrics_put_cluster(struct json *to, const char *cluster);
void metrics_put_end(struct json *to, const char *before);

/* The function of a family, with the arguments of its `put`. */
#define METRICS_PUT(name)                                                                    \
	bool name(UNUSED const struct metric_family *family, UNUSED struct metrics *metrics, \
		  const struct view *view, size_t index, struct json *to)

/* What the library has counted of a broker, of which nothing may be known; its answers' times. */
METRICS_PUT(metrics_put_broker);
METRICS_PUT(metrics_put_rtt);

/* A family's of_load. */
uint64_t metrics_connected(const struct output_load *load);
uint64_t metrics_requests(const struct output_load *load);
uint64_t metrics_records(const struct output_load *load);
uint64_t metrics_throttled_ms(const struct output_load *load);

/* Writes a piece of the family of this number. False: there was none left. */
bool metrics_put_family(struct metrics *metrics, const struct view *view, size_t number,
			struct json *to);

#endif

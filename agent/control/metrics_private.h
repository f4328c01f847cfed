/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CONTROL_METRICS_PRIVATE_H
#define CONTROL_METRICS_PRIVATE_H

#include "control/metrics.h"

/* metrics.c calls metrics_families.c, metrics_rows.c; all of them metrics_text.c. */

#define METRICS_COUNTER "counter"
#define METRICS_GAUGE "gauge"
#define METRICS_HISTOGRAM "histogram"
#define METRICS_SUMMARY "summary"

/* What stands before the samples of a name. type: one of those above. */
void metrics_put_head(bool open_metrics, struct json *to, const char *name, const char *help,
		      const char *type);

/* The value and the end of the line; milli: it is in thousandths. */
void metrics_put_value(struct json *to, uint64_t value, bool milli);

/* `before`: "{" for the first label, "," for another; behind the last comes "}". */
void metrics_put_label(struct json *to, const char *before, const char *name, const char *value);

/* Writes a piece of the family of this number. False: there was none left. */
bool metrics_put_family(struct metrics *metrics, const struct view *view, size_t number,
			struct json *to);

#endif

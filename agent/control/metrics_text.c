/* SPDX-License-Identifier: Apache-2.0 */
/* The parts that the text of a scrape is made of. */
#include <string.h>

#include "base/decimal.h"
#include "base/unicode.h"
#include "control/metrics_private.h"

/* What is no UTF-8 would have Prometheus refuse the whole scrape: U+FFFD stands for it. */
static void put_utf8(struct json *to, const char *text, size_t len)
{
	size_t valid = 0;

	while (valid < len) {
		int n = unicode_sequence((const unsigned char *)text + valid, len - valid);

		if (n > 0) {
			valid += (size_t)n;
			continue;
		}
		json_put_raw(to, (struct slice){text, valid});
		json_put_text(to, "\xef\xbf\xbd");
		text += valid + (size_t)-n;
		len -= valid + (size_t)-n;
		valid = 0;
	}
	json_put_raw(to, (struct slice){text, len});
}

/* special: what has a backslash before it. */
static void put_escaped(struct json *to, const char *text, const char *special)
{
	while (*text) {
		size_t n = strcspn(text, special);

		put_utf8(to, text, n);
		text += n;
		if (!*text)
			break;
		json_put_text(to, *text == '\n' ? "\\n" : *text == '"' ? "\\\"" : "\\\\");
		text++;
	}
}

void metrics_put_head(bool open_metrics, struct json *to, const char *name, const char *help,
		      const char *type)
{
	struct slice family = slice_of(name);

	if (strcmp(type, METRICS_COUNTER) == 0 && open_metrics)
		family.len -= strlen("_total");
	json_put_text(to, "# HELP ");
	json_put_raw(to, family);
	json_put_text(to, " ");
	put_escaped(to, help, open_metrics ? "\\\"\n" : "\\\n");
	json_put_text(to, "\n# TYPE ");
	json_put_raw(to, family);
	json_put_text(to, " ");
	json_put_text(to, type);
	json_put_text(to, "\n");
}

static void put_number(struct json *to, uint64_t number)
{
	char digits[DECIMAL_MAX];

	json_put_raw(to, decimal_print(number, digits));
}

void metrics_put_seconds(struct json *to, uint64_t time, uint64_t per_second)
{
	char digits[DECIMAL_MAX];
	/* With all its zeros behind a one, in whose place is the point. */
	struct slice rest = decimal_print(per_second + time % per_second, digits);

	json_put_text(to, " ");
	put_number(to, time / per_second);
	json_put_text(to, ".");
	json_put_raw(to, (struct slice){rest.at + 1, rest.len - 1});
	json_put_text(to, "\n");
}

void metrics_put_value(struct json *to, uint64_t value, bool milli)
{
	if (milli) {
		metrics_put_seconds(to, value, 1000);
		return;
	}
	json_put_text(to, " ");
	put_number(to, value);
	json_put_text(to, "\n");
}

void metrics_put_label(struct json *to, const char *before, const char *name, const char *value)
{
	json_put_text(to, before);
	json_put_text(to, name);
	json_put_text(to, "=\"");
	put_escaped(to, value, "\\\"\n");
	json_put_text(to, "\"");
}

const char *metrics_cluster(const struct view *view, size_t cluster)
{
	return view->conf->n_clusters > 1 ? view->conf->clusters[cluster].name : NULL;
}

const char *metrics_put_cluster(struct json *to, const char *cluster)
{
	if (!cluster)
		return "{";
	metrics_put_label(to, "{", METRICS_CLUSTER, cluster);
	return ",";
}

void metrics_put_end(struct json *to, const char *before)
{
	if (*before == ',')
		json_put_text(to, "}");
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What librdkafka has counted of each broker, as metrics; of whom nothing is known there are none.
 */
#include <inttypes.h>
#include <stdio.h>

#include "base/clock.h"
#include "control/metrics_private.h"

uint64_t metrics_connected(const struct output_load *load)
{
	return load->connected;
}

uint64_t metrics_requests(const struct output_load *load)
{
	return load->requests;
}

uint64_t metrics_records(const struct output_load *load)
{
	return load->records;
}

uint64_t metrics_throttled_ms(const struct output_load *load)
{
	return load->throttled_ms;
}

/* The labels of a broker, without the brace behind them. */
static void put_broker_labels(struct json *to, const struct output_broker *broker)
{
	char id[16];

	snprintf(id, sizeof id, "%" PRId32, broker->id);
	metrics_put_label(to, metrics_put_cluster(to, broker->cluster), "broker", id);
}

/* Of those of which something was counted. */
METRICS_PUT(metrics_put_broker)
{
	struct output_broker broker;

	if (!output_broker(view->output, index, view->now_us, &broker))
		return false;
	if (!broker.load.counted)
		return true;
	json_put_text(to, family->name);
	put_broker_labels(to, &broker);
	json_put_text(to, "}");
	metrics_put_value(to, family->of_load(&broker.load), family->milli);
	return true;
}

static void put_quantile(struct json *to, const struct output_broker *broker, const char *quantile,
			 uint64_t us)
{
	json_put_text(to, METRICS_RTT);
	put_broker_labels(to, broker);
	metrics_put_label(to, ",", "quantile", quantile);
	json_put_text(to, "}");
	metrics_put_seconds(to, us, US_PER_S);
}

/* The quantiles where they are known. */
METRICS_PUT(metrics_put_rtt)
{
	struct output_broker broker;

	if (!output_broker(view->output, index, view->now_us, &broker))
		return false;
	if (!broker.load.counted)
		return true;
	if (broker.load.rtt_99_us) {
		put_quantile(to, &broker, "0.5", broker.load.rtt_50_us);
		put_quantile(to, &broker, "0.99", broker.load.rtt_99_us);
	}
	json_put_text(to, METRICS_RTT "_sum");
	put_broker_labels(to, &broker);
	json_put_text(to, "}");
	metrics_put_seconds(to, broker.load.rtt_sum_us, US_PER_S);
	json_put_text(to, METRICS_RTT "_count");
	put_broker_labels(to, &broker);
	json_put_text(to, "}");
	metrics_put_value(to, broker.load.rtt_n, false);
	return true;
}

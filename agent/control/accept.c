/* SPDX-License-Identifier: Apache-2.0 */
/* Unlike an order it needs no time: it is done when it is answered. */
#include "control/accept.h"

#include <stdio.h>

#include "conf/output.h"
#include "protocol/line.h"

static void fail(struct json *to, const char *message)
{
	line_begin(to, "error");
	line_text(to, "message", message);
	line_end(to);
}

void accept_line(const struct view *view, const struct request *request, struct json *to)
{
	bool several;
	const size_t i = conf_find_topic(view->conf, NULL, request->about, &several);
	struct output_topic topic;
	char why[160];

	if (i == view->conf->n_topics || !output_topic(view->output, i, &topic)) {
		fail(to, several ? "several clusters have such a topic: CLUSTER/TOPIC" :
				   "no source has such a topic");
		return;
	}
	if (topic.n_partitions <= 0) {
		snprintf(why, sizeof why,
			 "the topic is %s, and so the number of its partitions not known: nothing "
			 "is changed",
			 topic.state);
		fail(to, why);
		return;
	}
	line_begin(to, "accepted");
	line_text(to, "topic", conf_topic_name(view->conf, i));
	line_bool(to, "changed", output_accept(view->output, i));
	line_number(to, "before", topic.n_kept);
	line_number(to, "partitions", (uint64_t)topic.n_partitions);
	line_end(to);
}

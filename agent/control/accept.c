/* SPDX-License-Identifier: Apache-2.0 */
/* Unlike an order it needs no time: it is done when it is answered. */
#include "control/accept.h"

#include <string.h>

#include "control/line.h"

/* Of the topic of that name; conf->n_topics: there is none. */
static size_t index_of(const struct conf *conf, const char *name)
{
	size_t i = 0;

	while (i < conf->n_topics && strcmp(conf->topics[i], name) != 0)
		i++;
	return i;
}

void accept_line(const struct view *view, const struct request *request, struct json *to)
{
	const size_t i = index_of(view->conf, request->about);
	struct output_topic topic;

	if (i == view->conf->n_topics || !output_topic(view->output, i, &topic)) {
		line_begin(to, "error");
		line_text(to, "message", "no source has such a topic");
		line_end(to);
		return;
	}
	line_begin(to, "accepted");
	line_text(to, "topic", request->about);
	line_bool(to, "changed", output_accept(view->output, i));
	line_number(to, "before", topic.n_kept);
	line_number(to, "partitions", (uint64_t)topic.n_partitions);
	line_end(to);
}

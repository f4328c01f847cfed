/* SPDX-License-Identifier: Apache-2.0 */
/*
 * waybill metrics: a scrape by the control socket, for who has no HTTP open: node_exporter's
 * textfile collector, a script, a person. Without an agent there is none, for nothing moves.
 */
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>

#include "cmd/ask.h"
#include "cmd/cmd.h"
#include "cmd/options.h"

struct metrics_options {
	struct ask_place place;
	bool open_metrics;
};

static const struct cmd_option rows[] = {
	ASK_OPTIONS(struct metrics_options),
	{"open-metrics", NULL, offsetof(struct metrics_options, open_metrics),
	 .help = "in the format of OpenMetrics"},
};

static const struct cmd_syntax syntax = {
	.about = "Prints the metrics of the running agent in the text format of Prometheus.",
	.options = rows,
	.n_options = ARRAY_LEN(rows),
};

static int see(void *context, struct slice line, const struct object *object)
{
	const char *text = object_text(object, "text");

	(void)context, (void)line;
	if (text)
		fputs(text, stdout);
	return 0;
}

int cmd_metrics(int argc, char **argv)
{
	struct metrics_options options = {0};
	struct request request = {.kind = REQUEST_METRICS};
	int r, status = cmd_read_options(&syntax, argc, argv, &options, NULL);

	if (status != CMD_GO_ON)
		return status;
	status = ask_find(&options.place);
	if (status)
		return status;
	request.open_metrics = options.open_metrics;
	r = ask(&options.place, &request, see, NULL);
	if (r == ASK_E_NOBODY)
		fprintf(stderr, "waybill: no agent answers at %s\n", options.place.path);
	return r ? EX_UNAVAILABLE : EX_OK;
}

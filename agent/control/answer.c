/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A piece ends when enough is written, or when enough was looked at that had nothing to be written:
 * of 20,000 files perhaps one is asked for.
 */
#include "control/answer.h"

#include <errno.h>
#include <stdlib.h>

#include "control/accept.h"
#include "control/explain.h"
#include "control/line.h"
#include "control/metrics.h"
#include "control/status.h"

/* Some 100 µs. */
#define STEPS_A_PIECE 512

struct answer {
	struct request request;
	struct status status;
	struct metrics metrics;
	struct arena arena; /* a piece of metrics, before it is a string */
};

struct answer *answer_free(struct answer *answer)
{
	if (!answer)
		return NULL;
	status_deinit(&answer->status);
	metrics_deinit(&answer->metrics);
	arena_deinit(&answer->arena);
	free(answer);
	return NULL;
}

int answer_new(const struct view *view, const struct request *request, struct answer **ret_answer)
{
	struct answer *answer = calloc(1, sizeof *answer);
	int r = 0;

	if (!answer)
		return -ENOMEM;
	answer->request = *request;
	if (request->kind == REQUEST_METRICS)
		r = metrics_init(&answer->metrics, view, request->open_metrics);
	else if (request->kind == REQUEST_STATUS)
		r = status_init(&answer->status, view);
	if (r) {
		answer_free(answer);
		return r;
	}
	*ret_answer = answer;
	return 0;
}

static size_t written(const struct json *json)
{
	return (size_t)(json->at - json->start);
}

static bool more_status(struct answer *answer, const struct view *view, struct json *to)
{
	bool last = false;

	for (size_t n = 0; !last && n < STEPS_A_PIECE && written(to) < ANSWER_PIECE; n++)
		last = status_line(&answer->status, view, &answer->request, to);
	return last;
}

/* The text of a scrape, in pieces: each a string in a line. */
static bool more_metrics(struct answer *answer, const struct view *view, struct json *to)
{
	struct json json = {.arena = &answer->arena};
	struct slice text;
	bool last = false;

	arena_reset(&answer->arena);
	for (size_t n = 0; !last && n < STEPS_A_PIECE && written(&json) < ANSWER_PIECE; n++)
		last = metrics_step(&answer->metrics, view, &json);
	if (json_finish(&json, &text))
		to->no_memory = true;
	else if (text.len) {
		line_begin(to, "metrics");
		line_slice(to, "text", text);
		line_end(to);
	}
	if (last) {
		line_begin(to, "end");
		line_end(to);
	}
	return last;
}

bool answer_more(struct answer *answer, const struct view *view, struct json *to)
{
	if (answer->request.kind == REQUEST_EXPLAIN || answer->request.kind == REQUEST_ACCEPT) {
		if (answer->request.kind == REQUEST_EXPLAIN)
			explain_line(view, &answer->request, to);
		else
			accept_line(view, &answer->request, to);
		line_begin(to, "end");
		line_end(to);
		return true;
	}
	if (answer->request.kind == REQUEST_METRICS)
		return more_metrics(answer, view, to);
	return more_status(answer, view, to);
}

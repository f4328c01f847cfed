/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A piece ends when enough is written, or when enough was looked at that had nothing to be written:
 * of 20,000 files perhaps one is asked for.
 */
#include "control/answer.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "control/accept.h"
#include "control/explain.h"
#include "control/letter.h"
#include "control/metrics.h"
#include "control/status.h"
#include "protocol/line.h"
#include "protocol/order.h"

/* Some 100 µs. */
#define STEPS_A_PIECE 512

struct answer {
	struct request request;
	unsigned user;
	bool failed;
	uint64_t after; /* the dead letter that was told last */
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

int answer_new(const struct view *view, const struct request *request, unsigned user,
	       struct answer **ret_answer)
{
	struct answer *answer = calloc(1, sizeof *answer);
	int r = 0;

	if (!answer)
		return -ENOMEM;
	answer->request = *request;
	answer->user = user;
	answer->after = request->first - (request->first > 0);
	if (request->kind == REQUEST_METRICS)
		r = metrics_init(&answer->metrics, view, request->open_metrics);
	else if (request->kind == REQUEST_STATUS)
		r = status_init(&answer->status, view, request);
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

	for (size_t n = 0; !last && n < STEPS_A_PIECE && written(to) < ANSWER_PIECE;
	     n += answer->status.work)
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

bool answer_waits(const struct answer *answer, const struct view *view)
{
	return answer->request.kind == REQUEST_LETTERS && view->writing;
}

static bool fail(struct answer *answer, struct json *to, const char *message)
{
	line_begin(to, "error");
	line_text(to, "message", message);
	line_end(to);
	answer->failed = true;
	return true;
}

bool answer_failed(const struct answer *answer)
{
	return answer->failed;
}

static bool end(struct json *to)
{
	line_begin(to, "end");
	line_end(to);
	return true;
}

static bool more_letters(struct answer *answer, const struct view *view, struct json *to)
{
	const struct request *request = &answer->request;
	struct store_dead_letter letter;

	for (size_t n = 0; n < STEPS_A_PIECE && written(to) < ANSWER_PIECE; n++) {
		int r = store_next_letter(view->store, answer->after, &letter);

		if (r == STORE_E_NONE || (!r && letter.id > request->last)) {
			if (!r)
				store_letter_free(&letter);
			return end(to);
		}
		if (r)
			return fail(answer, to, "the dead letters cannot be read");
		answer->after = letter.id;
		if (letter_is_asked(request, &letter))
			letter_put(&letter, request->content, to);
		store_letter_free(&letter);
	}
	return false;
}

static bool give_order(struct answer *answer, const struct view *view, struct json *to)
{
	char how[640], message[768];

	if (order_give(view->order, &answer->request, answer->user) == 0) {
		order_put(view->order, 0, to);
		return end(to);
	}
	order_describe(view->order, how, sizeof how);
	snprintf(message, sizeof message, "another order is carried out (%s): wait for its end",
		 how);
	return fail(answer, to, message);
}

bool answer_more(struct answer *answer, const struct view *view, struct json *to)
{
	switch (answer->request.kind) {
	case REQUEST_EXPLAIN:
		explain_line(view, &answer->request, to);
		return end(to);
	case REQUEST_ACCEPT:
		accept_line(view, &answer->request, to);
		return end(to);
	case REQUEST_METRICS:
		return more_metrics(answer, view, to);
	case REQUEST_LETTERS:
		return more_letters(answer, view, to);
	case REQUEST_ORDER:
		order_put(view->order, answer->request.number, to);
		return end(to);
	case REQUEST_REPLAY:
	case REQUEST_DROP:
	case REQUEST_SET:
		return give_order(answer, view, to);
	default:
		return more_status(answer, view, to);
	}
}

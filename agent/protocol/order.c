/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One order at a time: nobody has to think of what two of them would do to each other. Who gave one
 * looks now and then how it stands, and another may have been given between two looks: so it is
 * kept how the last ones ended.
 */
#include "protocol/order.h"

#include <inttypes.h>
#include <stdio.h>

#include "protocol/line.h"

static const char *const states[] = {
	[ORDER_NONE] = "none", [ORDER_GIVEN] = "given",   [ORDER_RUNNING] = "running",
	[ORDER_DONE] = "done", [ORDER_FAILED] = "failed",
};

bool order_is_open(const struct order *order)
{
	return order->state == ORDER_GIVEN || order->state == ORDER_RUNNING;
}

static struct order_end stand(const struct order *order)
{
	struct order_end end = {
		.number = order->number,
		.kind = order->request.kind,
		.state = order->state,
		.done = order->done,
		.bytes = order->bytes,
		.refused = order->refused,
		.tries = order->tries,
	};

	snprintf(end.words, sizeof end.words, "%s", order->words);
	return end;
}

int order_give(struct order *order, const struct request *request, unsigned user)
{
	if (order_is_open(order))
		return ORDER_E_BUSY;
	order->ends[order->number % ORDER_ENDS] = stand(order);
	order->state = ORDER_GIVEN;
	order->number++;
	order->request = *request;
	order->user = user;
	order->done = order->bytes = order->refused = order->tries = 0;
	order->words[0] = '\0';
	return 0;
}

void order_put(const struct order *order, uint64_t number, struct json *to)
{
	struct order_end end = order->ends[number % ORDER_ENDS];

	if (!number || end.number != number)
		end = stand(order);
	line_begin(to, "order");
	line_number(to, "number", end.number);
	line_text(to, "order",
		  end.state == ORDER_NONE ? NULL :
					    request_name(&(struct request){.kind = end.kind}));
	line_text(to, "state", states[end.state]);
	line_number(to, "done", end.done);
	line_number(to, "bytes", end.bytes);
	line_number(to, "refused", end.refused);
	line_number(to, "tries", end.tries);
	line_text(to, "words", *end.words ? end.words : NULL);
	line_end(to);
}

void order_describe(const struct order *order, char *ret_words, size_t len)
{
	snprintf(ret_words, len, "%s by user %u, %" PRIu64 " done%s%s",
		 request_name(&order->request), order->user, order->done, *order->words ? "; " : "",
		 order->words);
}

const char *order_subject(const struct order *order, char ret_text[ORDER_SUBJECT_MAX])
{
	const struct request *request = &order->request;

	if (request->kind == REQUEST_SET)
		snprintf(ret_text, ORDER_SUBJECT_MAX, "position of %s", request->about);
	else
		snprintf(ret_text, ORDER_SUBJECT_MAX, "dead letters %" PRIu64 " to %" PRIu64 "%s%s",
			 request->first, request->last, *request->about ? " of " : "",
			 request->about);
	return ret_text;
}

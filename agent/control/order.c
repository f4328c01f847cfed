/* SPDX-License-Identifier: Apache-2.0 */
/* One order at a time: nobody has to think of what two of them would do to each other. */
#include "control/order.h"

#include "protocol/line.h"

static const char *const states[] = {
	[ORDER_NONE] = "none", [ORDER_GIVEN] = "given",   [ORDER_RUNNING] = "running",
	[ORDER_DONE] = "done", [ORDER_FAILED] = "failed",
};

bool order_is_open(const struct order *order)
{
	return order->state == ORDER_GIVEN || order->state == ORDER_RUNNING;
}

int order_give(struct order *order, const struct request *request, unsigned user)
{
	if (order_is_open(order))
		return ORDER_E_BUSY;
	*order = (struct order){
		.state = ORDER_GIVEN,
		.number = order->number + 1,
		.request = *request,
		.user = user,
	};
	return 0;
}

void order_put(const struct order *order, struct json *to)
{
	line_begin(to, "order");
	line_number(to, "number", order->number);
	line_text(to, "order", order->state == ORDER_NONE ? NULL : request_name(&order->request));
	line_text(to, "state", states[order->state]);
	line_number(to, "done", order->done);
	line_number(to, "bytes", order->bytes);
	line_number(to, "refused", order->refused);
	line_number(to, "tries", order->tries);
	line_text(to, "words", *order->words ? order->words : NULL);
	line_end(to);
}

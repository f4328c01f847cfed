/* SPDX-License-Identifier: Apache-2.0 */
/*
 * When dead letters have their turn (the room letters): the store is read for them, which may be
 * done only while nobody writes to it; and what is not begun before a stop is not begun.
 */
#include "agent_private.h"
#include "letters/intake.h"

/* Those that the order under way sends. */
static struct forward_busy busy(const struct agent *agent)
{
	const struct agent_order *ordered = &agent->ordered;

	if (agent->order.state != ORDER_RUNNING)
		return (struct forward_busy){0};
	for (size_t i = 0; i < ordered->n_lanes; i++)
		ordered->busy[i] = ordered->lanes[i].letter.id;
	return (struct forward_busy){ordered->busy, ordered->n_lanes};
}

int agent_open_letters(struct agent *agent)
{
	agent->forward = (struct forward){
		.conf = agent->conf,
		.store = agent->store,
		.letters = &agent->letters,
		.pipeline = agent->pipeline,
		.output = agent->output,
		.counters = &agent->counters,
		.log = agent->log,
	};
	return forward_open(&agent->forward);
}

void agent_step_letters(struct agent *agent, uint64_t now_us)
{
	const struct forward_now now = {
		.may_send = !agent->checkpoint.under_way && agent->state == AGENT_RUNNING &&
			    !agent->error,
		.busy = busy(agent),
		.now_us = now_us,
	};
	bool moved;
	int r = forward_step(&agent->forward, &now, &moved);

	if (r)
		agent->error = r;
	if (moved)
		agent->progress_us = now_us;
}

void agent_prepare_letters(struct agent *agent)
{
	const struct intake intake = {&agent->letters,  &agent->forward, agent->store,
				      &agent->counters, agent->log,      busy(agent)};

	intake_prepare(&intake, !agent->checkpoint.under_way);
}

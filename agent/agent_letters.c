/* SPDX-License-Identifier: Apache-2.0 */
/*
 * When dead letters have their turn (the room letters): the store is read for them, which may be
 * done only while nobody writes to it; and what is not begun before a stop is not begun.
 */
#include "agent_private.h"
#include "letters/intake.h"

/* The letter that the order under way sends; 0: none. */
static uint64_t replayed(const struct agent *agent)
{
	return agent->order.state == ORDER_RUNNING ? agent->ordered.letter.id : 0;
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
		.replayed = replayed(agent),
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
				      &agent->counters, agent->log,      replayed(agent)};

	intake_prepare(&intake, !agent->checkpoint.under_way);
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Sources and files that a rate leaves without turns get them back by a timer. It is armed by what
 * follows a wake-up, and not for longer than a tenth of a second: who is left without turns
 * meanwhile may have to wait less than those before.
 */
#include "agent_private.h"
#include "base/clock.h"
#include "files/pace.h"

#define LONGEST_US (100 * US_PER_MS)

void agent_keep_pace(struct agent *agent, uint64_t now_us)
{
	uint64_t at_us = pace_release(&agent->files, now_us);

	if (at_us == CLOCK_NEVER)
		return;
	agent->pace_at_us = at_us < now_us + LONGEST_US ? at_us : now_us + LONGEST_US;
	sd_event_source_set_time(agent->pace, agent->pace_at_us);
	sd_event_source_set_enabled(agent->pace, SD_EVENT_ONESHOT);
}

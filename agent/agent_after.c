/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What follows every wake-up of the loop: the output is served, what it has to say is logged, and
 * the sources that depend on its room are opened or shut.
 */
#include "agent_private.h"
#include "base/clock.h"
#include "files/pace.h"
#include "follow/claims.h"
#include "follow/copies.h"

void agent_arm_kick(struct agent *agent, uint64_t at_us)
{
	/* Lazy: it may fire for nothing, and is never moved later. */
	if (at_us >= agent->kick_at_us)
		return;
	agent->kick_at_us = at_us;
	sd_event_source_set_time(agent->kick, at_us);
	sd_event_source_set_enabled(agent->kick, SD_EVENT_ONESHOT);
}

static void log_remark(struct log *log, const struct output_remark *remark)
{
	const char *before = remark->cluster ? "cluster " : "",
		   *behind = remark->cluster ? ": " : "";
	const char *cluster = remark->cluster ? remark->cluster : "";
	struct log_about about = {
		.id = remark->id, .topic = remark->topic, .cluster = remark->cluster};

	if (remark->every)
		log_say(log, remark->priority, remark->id, "%s%s%s%s", before, cluster, behind,
			remark->text);
	else
		log_limited_about(log, remark->priority, &about, "%s%s%s%s", before, cluster,
				  behind, remark->text);
}

static void log_remarks(struct agent *agent)
{
	struct output_remark remark;

	while (!output_next_remark(agent->output, &remark))
		log_remark(agent->log, &remark);
}

void agent_after_wakeup(struct agent *agent, uint64_t now_us)
{
	bool reading = agent->state == AGENT_RUNNING && !agent->until_eof;
	uint64_t claims_us = claims_due_us(&agent->files), seek_us = files_seek_us(&agent->files);
	uint64_t look_us = claims_us < seek_us ? claims_us : seek_us;
	bool room, busy;

	agent_arm_kick(agent, output_service(agent->output, now_us));
	log_remarks(agent);
	agent_flush_acks(agent, now_us);
	agent_wake_spent(agent);
	if (UNLIKELY(agent->pace_at_us == CLOCK_NEVER && pace_waits(&agent->files)))
		agent_keep_pace(agent, now_us);
	room = agent_has_room(agent, now_us);
	busy = !TAILQ_EMPTY(&agent->files.ready) || !TAILQ_EMPTY(&agent->files.proofs) ||
	       !TAILQ_EMPTY(&agent->files.to_check) || agent->files.to_age ||
	       copies_busy(&agent->files) || look_us <= now_us;
	busy = busy && agent->state == AGENT_RUNNING && room;
	if (UNLIKELY(look_us > now_us && look_us != CLOCK_NEVER))
		agent_arm_kick(agent, look_us);
	/* A writer that goes on while nothing can be read would wake us for each line. */
	sd_event_source_set_enabled(agent->hints, reading && room ? SD_EVENT_ON : SD_EVENT_OFF);
	sd_event_source_set_enabled(agent->turn, busy ? SD_EVENT_ON : SD_EVENT_OFF);
	if (agent->error)
		sd_event_exit(agent->loop, agent->error);
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The way to the end. A stop, a reload and the end of --until-eof are one thing: nothing more is
 * read, and the loop goes on until what is under way was acknowledged or shutdown_timeout is over.
 * Then comes the last checkpoint, and only then do they part: without it a reload does not take
 * place, and a stop says what it costs and ends with an error.
 */
#include <inttypes.h>
#include <syslog.h>

#include "agent_private.h"
#include "base/clock.h"
#include "ops/notify.h"

/* In which the reports of what is given up come. */
#define GIVE_UP_US US_PER_S

void agent_drain(struct agent *agent, const char *why, uint64_t now_us)
{
	agent->state = AGENT_STOPPING;
	agent->stop_by_us = now_us + agent->conf->shutdown_timeout_ms * US_PER_MS;
	log_say(agent->log, LOG_INFO, "stopping",
		"%s: nothing more is read, waiting for acknowledgements", why);
	output_kick(agent->output, now_us);
}

void agent_begin_stop(struct agent *agent, const char *why)
{
	agent->reloading = false;
	notify_stopping(&agent->notify);
	agent_drain(agent, why, clock_mono_us());
}

/* until_eof: it ends here, also when something cannot be read; then it says so. */
static void end_at_eof(struct agent *agent, uint64_t now_us)
{
	struct discover_trouble trouble;
	size_t stuck, waiting;
	char went[64] = "";

	if (!agent_all_shipped(agent, &stuck) || forward_waits(&agent->forward, now_us))
		return;
	discover_trouble(agent->discover, &trouble);
	agent_tell_denied(agent);
	(void)agent_tick_limits(agent);
	waiting = quota_waiting(&agent->files.quota) + trouble.waiting;
	agent->unread = agent->files.n_unreadable + stuck + trouble.denied + waiting;
	if (agent->unread)
		log_say(agent->log, LOG_ERR, "files-left-out",
			"%zu %s cannot be read, for want of a right, of room (max_files), or of "
			"one before in a rotation: all else is shipped, another run goes on there",
			agent->unread,
			agent->unread == 1 ? "file or directory" : "files or directories");
	agent->dead = agent->counters.lines_dead;
	if (agent->counters.letters_copied)
		snprintf(went, sizeof went, ", %" PRIu64 " went on to dead_letter_topic",
			 agent->counters.letters_copied);
	if (agent->dead)
		log_say(agent->log, LOG_ERR, "records-refused",
			"%" PRIu64 " record%s refused: not in Kafka but kept, with the reason, "
			"among the dead letters in %s (waybill(8), DEAD LETTERS)%s",
			agent->dead, agent->dead == 1 ? " was" : "s were", store_path(agent->store),
			went);
	agent_begin_stop(agent, agent->unread ? "all that can be read is shipped" :
				agent->dead   ? "all but dead letters is shipped" :
						"all is shipped");
}

/*
 * The time is over. Of what is given up the output knows whether it was ever sent: only what was
 * can be in Kafka without our knowledge.
 */
static void give_up(struct agent *agent, uint64_t records, uint64_t now_us)
{
	agent->given_up = records;
	agent->maybe_before = agent->counters.maybe_persisted;
	agent->stop_by_us = now_us + GIVE_UP_US;
	output_give_up(agent->output);
}

/* left: records without any report. */
static void tell_given_up(struct agent *agent, uint64_t left)
{
	uint64_t maybe = agent->counters.maybe_persisted - agent->maybe_before + left;

	log_say(agent->log, LOG_WARNING, "shutdown-timeout",
		"shutdown_timeout (%" PRIu64 " s) is over with %" PRIu64
		" records unacknowledged: they are sent again at the next start; at most %" PRIu64
		" of them may be in Kafka already, and are repeated then",
		agent->conf->shutdown_timeout_ms / 1000, agent->given_up, maybe);
}

void agent_stop_if_done(struct agent *agent, uint64_t now_us)
{
	struct output_stats stats;

	if (agent->until_eof && agent->state == AGENT_RUNNING)
		end_at_eof(agent, now_us);
	if (agent->state != AGENT_STOPPING)
		return;
	output_stats(agent->output, &stats);
	if (stats.records_in_flight && now_us < agent->stop_by_us)
		return;
	if (agent->reloading && !agent_reload_stands(agent, now_us))
		return;
	if (stats.records_in_flight && !agent->given_up) {
		give_up(agent, stats.records_in_flight, now_us);
		return;
	}
	if (agent->given_up)
		tell_given_up(agent, stats.records_in_flight);
	agent->state = AGENT_STOPPED;
	sd_event_exit(agent->loop, 0);
}

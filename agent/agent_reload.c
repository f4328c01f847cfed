/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A reload looks at the configuration first, and at what differs from the one in force:
 *
 *   SIGHUP ──► invalid: told, nothing changes
 *          ──► the same: told, and nothing else is done
 *          ──► limits are changed in the running agent (agent_change.c), all goes on
 *          ──► kafka blocks: their producers are replaced while all goes on (agent_renewal.c)
 *          ──► sources: those that come, go or change are halted; when nothing is under way of
 *              them it is looked at once more, and what differs then is taken (change/swap.c)
 *          ──► anything else, or that took too long: a restart in place
 *
 * That one is a stop and a start: the agent drains as it does for a stop, writes its checkpoint and
 * executes itself again with the same arguments, environment and process id. So nothing that hangs
 * on the old configuration (the library's settings, memory) can be forgotten, and an upgraded
 * program is taken as well.
 *
 *   draining ──► acknowledged or timed out ──► invalid by now: reading goes on
 *                                          ──► checkpoint, execve
 *
 * The second look, after the drain, is for files that were written again meanwhile: it also serves
 * every SIGHUP that came while draining. Between it and the new program's own look lies the last
 * checkpoint; who breaks the configuration in that instant finds it refused with exit status 78.
 *
 * Accepted: with Kafka out of reach, reading pauses for shutdown_timeout. Of zones of time it is
 * not seen that the system has others by now. What lies between two programs is in
 * change/program.c.
 */
#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <syslog.h>

#include "agent_private.h"
#include "base/clock.h"
#include "change/next.h"
#include "change/plan.h"
#include "change/program.h"
#include "files/release.h"
#include "ops/notify.h"

/* The next life would begin at the last checkpoint that was written. */
static bool keeps_positions(const struct agent *agent)
{
	if (agent->checkpoint_failing)
		log_say(agent->log, LOG_ERR, "reload-unsaved",
			"state_dir: checkpoints cannot be written now: a restart would repeat "
			"lines");
	return !agent->checkpoint_failing;
}

static void refuse(struct agent *agent)
{
	agent->reload_refused = true;
	log_say(agent->log, LOG_ERR, "reload-refused",
		"reload refused: the configuration as it was stays in force; mend what is "
		"said above and reload again (waybill check --config %s tries it before)",
		agent->config);
}

/*
 * What the next configuration is, if there is a program that could begin with it; *ret_other: it is
 * not the one that runs. NULL: it is refused, and why was logged.
 */
static struct conf *look(struct agent *agent, bool *ret_other)
{
	char path[PATH_MAX];
	int r = program_find(path, sizeof path, ret_other);
	bool first = agent->state == AGENT_RUNNING && !agent->halted;

	if (!r)
		return next_load(agent->log, agent->config,
				 agent->own_state_dir ? NULL : agent->conf->state_dir, first);
	log_say(agent->log, LOG_ERR, "reload-no-program",
		"%s: %s: restart waybill when it is installed again", path, strerror(-r));
	return NULL;
}

/* What is to be done for it. False: memory is out, which ends the agent. */
static bool make_plan(struct agent *agent, const struct conf *next, bool other_program,
		      struct plan *plan)
{
	int r = plan_make(agent->conf, next, !agent->own_state_dir, plan);

	if (!r && other_program)
		plan_restart(plan, "the program was replaced");
	else if (!r && !agent->control)
		plan_restart(plan, "the control socket could not be made");
	else if (!r && plan->way == PLAN_SOURCES)
		r = swap_find_touched(
			&(struct swap){.files = &agent->files, .discover = agent->discover}, next,
			plan);
	if (r)
		agent->error = r;
	return !r;
}

static bool touches(const struct plan *plan)
{
	return plan->way == PLAN_SOURCES && plan->come + plan->go + plan->change;
}

static void finish(struct agent *agent)
{
	agent_go_on_with_sources(agent);
	agent->reload_refused = false;
	agent_count_generation(agent);
	agent_look_again(agent);
}

/* Takes it; what the plan touches is quiet. Why that fails, which ends the agent, is in error. */
static void take(struct agent *agent, const struct plan *plan, struct conf *next)
{
	bool listens = strcmp(agent->conf->http_listen, next->http_listen) != 0;
	int r;

	r = plan->way == PLAN_SOURCES ? agent_swap_sources(agent, next, plan) :
					agent_take_limits(agent, next);
	if (!r && listens)
		r = agent_listen_again(agent);
	if (!r)
		r = agent_take_blocks(agent, plan->clusters);
	if (r) {
		agent->error = r;
		return;
	}
	finish(agent);
	if (plan->way == PLAN_LIMITS)
		log_say(agent->log, LOG_INFO, "reload-taken",
			"SIGHUP: reload: settings are taken, all goes on: %s", plan->what);
	else
		log_say(agent->log, LOG_INFO, "reload-sources-taken",
			"SIGHUP: reload: sources +%zu -%zu ~%zu are taken%s%s", plan->come,
			plan->go, plan->change, *plan->what ? ", and settings: " : "", plan->what);
}

static void leave_unchanged(struct agent *agent)
{
	struct output_stats stats;

	agent_go_on_with_sources(agent);
	output_stats(agent->output, &stats);
	log_say(agent->log, LOG_INFO, "reload-unchanged",
		"SIGHUP: reload: configuration is unchanged, all goes on%s",
		stats.renewal_waits ? "; what the kafka block says is not in use yet (`waybill "
				      "status` says why)" :
				      "");
	agent_look_again(agent);
}

static uint64_t halted_records(const struct agent *agent)
{
	return swap_records(&agent->files, agent->output, agent->pipeline, agent->halted);
}

/* Nothing of them is under way, or being looked at. */
static bool is_quiet(const struct agent *agent)
{
	return !halted_records(agent) && !agent->looking &&
	       !discover_is_scanning(agent->discover) &&
	       files_are_quiet(&agent->files, agent->halted);
}

/* Waits for what is under way of the sources concerned. */
static void halt(struct agent *agent, const struct plan *plan, uint64_t now_us)
{
	if (!agent->halted)
		agent->halted = calloc(conf_max_sources(agent->conf) + 1, sizeof(bool));
	if (!agent->halted) {
		agent->error = -ENOMEM;
		return;
	}
	swap_halt(&agent->files, agent->halted, plan->touched);
	agent->halted_to_us = now_us + agent->conf->shutdown_timeout_ms * US_PER_MS;
	log_say(agent->log, LOG_INFO, "reload-waits",
		"SIGHUP: reload: sources +%zu -%zu ~%zu, others go on; of these nothing more is "
		"read until %" PRIu64 " records are acknowledged",
		plan->come, plan->go, plan->change, halted_records(agent));
	output_kick(agent->output, now_us);
}

/* What of a block the producer in use is kept for would be what the next life begins with. */
static bool keeps_shipping(const struct agent *agent, const struct conf *next)
{
	struct output_stats stats;

	if (agent->conf->n_clusters != next->n_clusters)
		return true;
	for (size_t i = 0; i < next->n_clusters; i++) {
		output_stats(agent->clusters[i].kafka, &stats);
		if (!stats.reachable || !stats.renewal_error || !*stats.renewal_error ||
		    !marks_same(agent->conf->clusters[i].mark, next->clusters[i].mark))
			continue;
		log_say(agent->log, LOG_ERR, "reload-not-taken",
			"this takes a restart in place, which would begin with what the kafka "
			"block, and the files that it names, say by now, and that is not taken "
			"(%.300s): lines would wait",
			stats.renewal_error);
		return false;
	}
	return true;
}

/* Whether it is to be by a restart in place. */
static bool begin(struct agent *agent, struct conf *next, const struct plan *plan, uint64_t now_us)
{
	if ((plan->way == PLAN_RESTART || touches(plan)) && !keeps_positions(agent)) {
		refuse(agent);
		return false;
	}
	if (plan->way == PLAN_RESTART && !keeps_shipping(agent, next)) {
		refuse(agent);
		agent_go_on_with_sources(agent);
		return false;
	}
	if (plan->way == PLAN_RESTART)
		log_say(agent->log, LOG_INFO, "reload-restarts",
			"SIGHUP: reload: restarts in place because %s", plan->what);
	else if (touches(plan))
		halt(agent, plan, now_us);
	else if (plan->way == PLAN_SOURCES || plan->way == PLAN_LIMITS)
		take(agent, plan, next);
	else
		leave_unchanged(agent);
	return plan->way == PLAN_RESTART;
}

bool agent_reload(struct agent *agent, uint64_t now_us)
{
	struct plan plan = {.way = PLAN_NOTHING};
	struct conf *next;
	bool other = false;

	/*
	 * A stop goes first; a reload under way looks at the files once more anyway, whatever it
	 * waits for.
	 */
	if (agent->state != AGENT_RUNNING || agent->halted)
		return false;
	notify_reloading(&agent->notify, now_us);
	next = look(agent, &other);
	agent->reload_refused = false;
	if (!next)
		refuse(agent);
	else if (make_plan(agent, next, other, &plan))
		agent->reloading = begin(agent, next, &plan, now_us);
	plan_deinit(&plan);
	conf_unref(next);
	if (!agent->reloading && !agent->halted)
		notify_ready(&agent->notify);
	return agent->reloading;
}

/* It is looked at once more: what is taken is what it says now. True: a restart is to be. */
static bool take_now(struct agent *agent, struct conf *next, bool other, uint64_t now_us)
{
	struct plan plan = {.way = PLAN_NOTHING};
	bool restarts = false;

	if (!make_plan(agent, next, other, &plan))
		return false;
	if (!touches(&plan))
		restarts = begin(agent, next, &plan, now_us);
	else if (!swap_has_halted(&agent->files, agent->halted, &plan))
		halt(agent, &plan, now_us);
	else
		take(agent, &plan, next);
	plan_deinit(&plan);
	return restarts;
}

static void go_on_as_before(struct agent *agent)
{
	refuse(agent);
	agent_go_on_with_sources(agent);
}

bool agent_step_reload(struct agent *agent, uint64_t now_us)
{
	struct conf *next = NULL;
	bool other = false;

	if (!agent->halted || agent->state != AGENT_RUNNING || agent->error)
		return false;
	if (is_quiet(agent)) {
		agent->checkpoint_failing |= !agent_last_checkpoint(agent);
		next = keeps_positions(agent) ? look(agent, &other) : NULL;
		if (next)
			agent->reloading = take_now(agent, next, other, now_us);
		else
			go_on_as_before(agent);
		conf_unref(next);
	} else if (now_us >= agent->halted_to_us) {
		log_say(agent->log, LOG_WARNING, "reload-restarts",
			"SIGHUP: reload: restarts in place because shutdown_timeout (%" PRIu64
			" s) is over with %" PRIu64 " records of sources that change "
			"unacknowledged",
			agent->conf->shutdown_timeout_ms / 1000, halted_records(agent));
		agent->reloading = true;
	}
	if (!agent->halted && !agent->reloading)
		notify_ready(&agent->notify);
	return agent->reloading;
}

bool agent_reload_stands(struct agent *agent, uint64_t now_us)
{
	struct conf *next = NULL;
	bool other;

	/* Failing, it is one of the reasons not to. */
	agent->checkpoint_failing |= !agent_last_checkpoint(agent);
	next = keeps_positions(agent) ? look(agent, &other) : NULL;
	conf_unref(next);
	if (next)
		return true;
	refuse(agent);
	agent_go_on_with_sources(agent);
	agent->reloading = false;
	agent->state = AGENT_RUNNING;
	agent->progress_us = now_us;
	notify_ready(&agent->notify);
	return false;
}

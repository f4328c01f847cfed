/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A reload looks at the configuration first, and at what differs from the one in force:
 *
 *   SIGHUP ──► invalid: told, nothing changes
 *          ──► the same: told, and nothing else is done
 *          ──► limits are changed in the running agent (agent_change.c), all goes on
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
 * A signal that comes between two programs stays pending: the mask is inherited, so SIGTERM finds
 * no default action but the new program's loop. The state's lock ends with its descriptor, before
 * the new program's first instruction.
 *
 * Accepted: descriptors above 2 that were handed to us are closed too, since librdkafka makes some
 * that would stay open otherwise; with Kafka out of reach, reading pauses for shutdown_timeout. Of
 * zones of time it is not seen that the system has others by now.
 */
#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <syslog.h>
#include <unistd.h>

#include <linux/close_range.h>

#include "agent_private.h"
#include "base/clock.h"
#include "change/plan.h"
#include "conf/load.h"
#include "files/release.h"
#include "ops/notify.h"

#define FIRST_FD 3
#define SELF "/proc/self/exe"

/*
 * The file to execute: ours, or what an upgrade put in its place. 0, -ENOENT when there is none any
 * more, other negative errno; `path` tells in each case what it is about.
 */
static int own_program(char *path, size_t size)
{
	static const char deleted[] = " (deleted)";
	const size_t tail = sizeof deleted - 1;
	ssize_t n = readlink(SELF, path, size - 1);

	if (n < 0) {
		snprintf(path, size, "%s", SELF);
		return -errno;
	}
	path[n] = '\0';
	if ((size_t)n > tail && strcmp(path + n - tail, deleted) == 0)
		path[n - tail] = '\0';
	return access(path, X_OK) ? -errno : 0;
}

/* A line of conf_load is a message of its own. Cuts `text` into pieces. */
static void log_lines(struct log *log, char *text)
{
	char *rest = text;

	for (char *line; (line = strsep(&rest, "\n"));)
		if (*line)
			log_say(log, LOG_ERR, "configuration-wrong", "%s", line);
}

/* A changed state_dir would take us away from all positions: that is nobody's reload. */
static bool keeps_state(const struct agent *agent, const struct conf *conf)
{
	if (agent->own_state_dir || strcmp(conf->state_dir, agent->conf->state_dir) == 0)
		return true;
	log_say(agent->log, LOG_ERR, "reload-state-dir",
		"state_dir: it is %s now, and a reload does not change it to %s: restart waybill",
		agent->conf->state_dir, conf->state_dir);
	return false;
}

/* Loads the configuration to see whether it can be; what is wrong is logged. NULL: it cannot. */
static struct conf *load(struct agent *agent)
{
	struct conf *conf = NULL;
	char *text = NULL;
	size_t len;
	FILE *stream = open_memstream(&text, &len);
	int r = stream ? conf_load(agent->config, stream, &conf) : -ENOMEM;

	if (stream && fclose(stream))
		r = r ? r : -ENOMEM;
	if (r < 0)
		log_say(agent->log, LOG_ERR, "configuration-unreadable", "%s: %s", agent->config,
			strerror(-r));
	else if (r)
		log_lines(agent->log, text);
	else if (!keeps_state(agent, conf))
		r = -EINVAL;
	free(text);
	return r ? conf_unref(conf) : conf;
}

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
	struct stat own, next;
	int r = own_program(path, sizeof path);

	if (r) {
		log_say(agent->log, LOG_ERR, "reload-no-program",
			"%s: %s: restart waybill when it is installed again", path, strerror(-r));
		return NULL;
	}
	*ret_other = stat(SELF, &own) < 0 || stat(path, &next) < 0 || own.st_ino != next.st_ino ||
		     own.st_dev != next.st_dev;
	return load(agent);
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
	if (!r && plan->way == PLAN_SOURCES)
		plan_check_touched(agent->conf, next, plan);
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
	if (r) {
		agent->error = r;
		return;
	}
	finish(agent);
	if (plan->way == PLAN_LIMITS)
		log_say(agent->log, LOG_INFO, "reload-taken",
			"SIGHUP: reload: limits are taken, all goes on: %s", plan->what);
	else
		log_say(agent->log, LOG_INFO, "reload-sources-taken",
			"SIGHUP: reload: sources +%zu -%zu ~%zu are taken%s%s", plan->come,
			plan->go, plan->change, *plan->what ? ", and limits: " : "", plan->what);
}

static void leave_unchanged(struct agent *agent)
{
	agent_go_on_with_sources(agent);
	log_say(agent->log, LOG_INFO, "reload-unchanged",
		"SIGHUP: reload: configuration is unchanged, all goes on");
	agent_look_again(agent);
}

static uint64_t halted_records(const struct agent *agent)
{
	return swap_records(&agent->files, agent->output, agent->halted);
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

/* Whether it is to be by a restart in place. */
static bool begin(struct agent *agent, struct conf *next, const struct plan *plan, uint64_t now_us)
{
	if ((plan->way == PLAN_RESTART || touches(plan)) && !keeps_positions(agent)) {
		refuse(agent);
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

/* ---- from life to life ---- */

/* Of the same process only: who is started by it has a life of his own. */
#define GENERATION "WAYBILL_GENERATION"

uint64_t agent_last_generation(void)
{
	const char *text = getenv(GENERATION);
	uint64_t generation = 0;
	long pid = 0;

	if (text && sscanf(text, "%ld %" SCNu64, &pid, &generation) == 2 && pid != (long)getpid())
		generation = 0;
	(void)unsetenv(GENERATION);
	return generation;
}

void agent_keep_generation(const struct agent *agent)
{
	char text[64];

	snprintf(text, sizeof text, "%ld %" PRIu64, (long)getpid(), agent->generation);
	(void)setenv(GENERATION, text, 1);
}

int agent_restart(char **argv)
{
	struct notify notify = {0};
	char path[PATH_MAX];
	int r = own_program(path, sizeof path);

	if (r)
		return r;
	if (close_range(FIRST_FD, UINT_MAX, CLOSE_RANGE_CLOEXEC))
		return -errno;
	notify_watchdog(&notify);
	execv(path, argv);
	return -errno;
}

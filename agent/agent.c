/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The program, once around, on an sd-event loop:
 *
 *   −100  signals          stop, reload, or print the counters (agent_signals.c)
 *    −20  output           reports → slots → committed positions; answers of its helper
 *    −20  writer           a checkpoint is durable, or failed
 *    −10  kick             the output's deadline: what waited long enough is sent
 *    −10  pace             files that waited for a rate have turns again (agent_pace.c)
 *    −10  tick             checkpoint, ends of back-offs, finished files, looks, watchdog
 *      0  discover         hints → files (agent_look.c)
 *     +5  control          who asks how things are (agent_control.c)
 *    +10  turn             a defer source: on while a file has data and the output has room
 *
 * The priorities are what makes one thread enough: a defer source at equal priority would starve
 * timers and signals completely. Nothing on the loop may block; what could is the output's helper's
 * or the store's writer's.
 */
#include "agent.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>
#include <syslog.h>

#include "agent_private.h"
#include "base/clock.h"
#include "change/program.h"
#include "control/control.h"
#include "control/http.h"
#include "letters/intake.h"
#include "ops/notify.h"

#define PRIORITY_REPORTS (-20)
#define PRIORITY_TIMERS (-10)
/* Hints have the default, 0. */
#define PRIORITY_TURN 10

/* The default accuracy of sd-event timers is 250 ms: right for the tick, not for the kick. */
#define KICK_ACCURACY_US 1
#define PACE_ACCURACY_US (5 * US_PER_MS)
#define TICK_ACCURACY_US (50 * US_PER_MS)
#define TICK_US US_PER_S
/* Hints go before turns for so long. */
#define HINTS_US (5 * US_PER_MS)

/* ---- the sources of the loop ---- */

/* A reload that waits for reports. */
static void go_on_reloading(struct agent *agent, uint64_t now_us)
{
	if (agent_step_reload(agent, now_us))
		agent_drain(agent, "SIGHUP: reload", now_us);
}

static int on_output(sd_event_source *source, int fd, uint32_t revents, void *userdata)
{
	struct agent *agent = userdata;
	uint64_t now_us = clock_mono_us();

	(void)source, (void)fd, (void)revents;
	/* The descriptor is cleared first, so that what comes in meanwhile wakes us again. */
	agent_arm_kick(agent, output_service(agent->output, now_us));
	agent_take_reports(agent, now_us);
	agent_step_order(agent, now_us);
	agent_step_letters(agent, now_us);
	agent_wake_held(agent);
	if (UNLIKELY(agent->halted))
		go_on_reloading(agent, now_us);
	agent_stop_if_done(agent, now_us);
	agent_after_wakeup(agent, now_us);
	return 0;
}

static int on_acks_ready(sd_event_source *source, int fd, uint32_t revents, void *userdata)
{
	(void)source, (void)fd, (void)revents;
	agent_after_wakeup(userdata, clock_mono_us());
	return 0;
}

static int on_kick(sd_event_source *source, uint64_t usec, void *userdata)
{
	struct agent *agent = userdata;

	(void)source, (void)usec;
	agent->kick_at_us = CLOCK_NEVER;
	agent_after_wakeup(agent, clock_mono_us());
	return 0;
}

static int on_pace(sd_event_source *source, uint64_t usec, void *userdata)
{
	struct agent *agent = userdata;

	(void)source, (void)usec;
	agent->pace_at_us = CLOCK_NEVER;
	agent_keep_pace(agent, clock_mono_us());
	agent_after_wakeup(agent, clock_mono_us());
	return 0;
}

static void take_turn(struct agent *agent, uint64_t now_us)
{
	uint64_t before = agent->counters.lines_read + agent->counters.lines_reread;

	agent_turn_files(agent, now_us);
	agent->turned_us = now_us;
	if (agent->counters.lines_read + agent->counters.lines_reread != before)
		agent->progress_us = now_us;
	agent->trim_at_us = now_us + US_PER_S;
	agent_start_wanted(agent, now_us);
}

static int on_turn(sd_event_source *source, void *userdata)
{
	struct agent *agent = userdata;

	(void)source;
	take_turn(agent, clock_mono_us());
	agent_after_wakeup(agent, clock_mono_us());
	return 0;
}

static int on_hints(sd_event_source *source, int fd, uint32_t revents, void *userdata)
{
	struct agent *agent = userdata;
	uint64_t now_us = clock_mono_us();

	(void)source, (void)fd, (void)revents;
	/*
	 * Hints go before turns; where they come without an end, each piece of them is worth one.
	 * So are few that come again and again, and take long.
	 */
	if (agent_take_hints(agent) || now_us - agent->turned_us > HINTS_US)
		take_turn(agent, clock_mono_us());
	agent_start_wanted(agent, now_us);
	agent_look(agent, now_us);
	agent_after_wakeup(agent, clock_mono_us());
	return 0;
}

/* After somebody was answered. */
static void go_on(struct agent *agent)
{
	int turn = SD_EVENT_OFF;

	/* Who asks without an end takes no file its turn. */
	if (sd_event_source_get_enabled(agent->turn, &turn) >= 0 && turn != SD_EVENT_OFF)
		take_turn(agent, clock_mono_us());
	agent_after_wakeup(agent, clock_mono_us());
}

static int on_control(sd_event_source *source, int fd, uint32_t revents, void *userdata)
{
	(void)source, (void)fd, (void)revents;
	agent_serve_control(userdata, clock_mono_us());
	agent_step_order(userdata, clock_mono_us());
	go_on(userdata);
	return 0;
}

static int on_http(sd_event_source *source, int fd, uint32_t revents, void *userdata)
{
	(void)source, (void)fd, (void)revents;
	agent_serve_http(userdata, clock_mono_us());
	go_on(userdata);
	return 0;
}

static int on_writer(sd_event_source *source, int fd, uint32_t revents, void *userdata)
{
	struct agent *agent = userdata;

	(void)source, (void)fd, (void)revents;
	agent_finish_checkpoint(agent, 0);
	agent_step_order(agent, clock_mono_us());
	agent_step_letters(agent, clock_mono_us());
	if (agent->control && !agent->checkpoint.under_way)
		agent_wake_control(agent, clock_mono_us());
	files_release(&agent->files, FILE_WAITS_STORE, SIZE_MAX);
	files_release_letters(&agent->files, &agent->letters);
	agent_after_wakeup(agent, clock_mono_us());
	return 0;
}

/* ---- the tick ---- */

static uint64_t tick_us(const struct agent *agent)
{
	uint64_t interval_us = agent->conf->checkpoint_interval_ms * US_PER_MS;

	return interval_us < TICK_US ? interval_us : TICK_US;
}

static int on_tick(sd_event_source *source, uint64_t usec, void *userdata)
{
	struct agent *agent = userdata;
	uint64_t now_us = clock_mono_us();

	(void)usec;
	sd_event_source_set_time(source, now_us + tick_us(agent));
	sd_event_source_set_enabled(source, SD_EVENT_ONESHOT);
	/* Before files that wait are released for another try: who is ready now gets no turns. */
	agent_feed_watchdog(agent, now_us);
	if (agent->state == AGENT_RUNNING) {
		agent_age_files(agent, now_us);
		if (!agent->until_eof)
			agent_tick_looks(agent, now_us);
	}
	agent_tick_renewal(agent, now_us);
	agent_take_reports(agent, now_us);
	agent_step_order(agent, now_us);
	agent_step_letters(agent, now_us);
	files_release_some(&agent->files);
	files_release_letters(&agent->files, &agent->letters);
	agent_tick_checkpoint(agent, now_us);
	agent_tell_slow_checkpoint(agent, now_us);
	if (now_us >= agent->trim_at_us)
		chunk_pools_trim(&agent->pools);
	intake_tell_full(&agent->letters, agent->log);
	agent_tell_acks(agent, now_us);
	if (agent->control)
		control_age(agent->control, now_us);
	if (agent->http)
		agent_serve_http(agent, now_us);
	log_tick(agent->log);
	agent_tick_progress(agent, now_us);
	agent_tell_status(agent, now_us);
	if (UNLIKELY(agent->halted))
		go_on_reloading(agent, now_us);
	agent_stop_if_done(agent, now_us);
	agent_after_wakeup(agent, now_us);
	return 0;
}

/* ---- the loop ---- */

static int add_sources(struct agent *agent)
{
	sd_event *loop = agent->loop;
	sd_event_source *source;
	int r;

	r = sd_event_add_io(loop, &source, output_fd(agent->output), EPOLLIN, on_output, agent);
	if (r >= 0)
		r = sd_event_source_set_priority(source, PRIORITY_REPORTS);
	if (r >= 0)
		r = sd_event_add_io(loop, &source, writer_fd(agent->writer), EPOLLIN, on_writer,
				    agent);
	if (r >= 0)
		r = sd_event_source_set_priority(source, PRIORITY_REPORTS);
	if (r >= 0 && agent->acks && acks_fd(agent->acks) >= 0)
		r = sd_event_add_io(loop, &agent->acks_ready, acks_fd(agent->acks), EPOLLOUT,
				    on_acks_ready, agent);
	if (r >= 0 && discover_fd(agent->discover) >= 0)
		r = sd_event_add_io(loop, &agent->hints, discover_fd(agent->discover), EPOLLIN,
				    on_hints, agent);
	if (r >= 0 && agent->control)
		r = sd_event_add_io(loop, &source, control_fd(agent->control), EPOLLIN, on_control,
				    agent);
	if (r >= 0 && agent->control)
		r = sd_event_source_set_priority(source, AGENT_PRIORITY_CONTROL);
	agent->on_http = on_http;
	return r < 0 ? r : agent_watch_http(agent);
}

static int add_timers(struct agent *agent)
{
	uint64_t now_us = clock_mono_us();
	int r;

	agent->kick_at_us = agent->pace_at_us = CLOCK_NEVER;
	r = sd_event_add_time(agent->loop, &agent->kick, CLOCK_MONOTONIC, now_us, KICK_ACCURACY_US,
			      on_kick, agent);
	if (r >= 0)
		r = sd_event_source_set_priority(agent->kick, PRIORITY_TIMERS);
	if (r >= 0)
		r = sd_event_add_time(agent->loop, &agent->tick, CLOCK_MONOTONIC,
				      now_us + tick_us(agent), TICK_ACCURACY_US, on_tick, agent);
	if (r >= 0)
		r = sd_event_source_set_priority(agent->tick, PRIORITY_TIMERS);
	if (r >= 0)
		r = sd_event_add_time(agent->loop, &agent->pace, CLOCK_MONOTONIC, now_us,
				      PACE_ACCURACY_US, on_pace, agent);
	if (r >= 0)
		r = sd_event_source_set_priority(agent->pace, PRIORITY_TIMERS);
	if (r >= 0)
		r = sd_event_source_set_enabled(agent->pace, SD_EVENT_OFF);
	if (r >= 0)
		r = sd_event_add_defer(agent->loop, &agent->turn, on_turn, agent);
	if (r >= 0)
		r = sd_event_source_set_priority(agent->turn, PRIORITY_TURN);
	if (r >= 0)
		r = sd_event_source_set_enabled(agent->turn, SD_EVENT_ON);
	return r < 0 ? r : 0;
}

int agent_make_loop(struct agent *agent)
{
	int r = sd_event_new(&agent->loop);

	agent->look_at_us = clock_mono_us() + AGENT_LOOK_US;
	if (r >= 0)
		r = agent_add_signals(agent);
	if (r >= 0)
		r = add_sources(agent);
	return r < 0 ? r : add_timers(agent);
}

int agent_run(struct agent *agent)
{
	bool saved;
	int r;

	agent->started_us = agent->progress_us = clock_mono_us();
	agent_tell_start(agent);
	agent_tell_left_behind(agent);
	notify_ready(&agent->notify);
	r = sd_event_loop(agent->loop);
	/*
	 * Nobody is answered any more; it must be gone before a reload's next life makes its own.
	 */
	agent_close_control(agent);
	/* Whatever ended the loop: what is settled is written down. */
	notify_watchdog(&agent->notify);
	agent_take_reports(agent, clock_mono_us());
	/* What was moved since its last hint is found by the next start where we see it now. */
	follow_begin_look(&agent->files);
	follow_check_paths(&agent->files);
	if (follow_check_some(&agent->files, agent->discover, CLOCK_NEVER))
		log_say(agent->log, LOG_WARNING, "no-memory-at-end", "out of memory at the end");
	saved = agent_last_checkpoint(agent);
	if (!saved)
		agent_tell_unsaved(agent);
	agent_finish_acks(agent);
	log_bottom(agent->log, "");
	agent_log_counters(agent);
	if (r == 0 && !saved)
		return AGENT_E_UNSAVED;
	if (r == 0 && agent->dead)
		return AGENT_E_DEAD;
	if (r == 0 && agent->unread)
		return AGENT_E_UNREAD;
	if (r || !agent->reloading)
		return r;
	program_keep_generation(agent->generation);
	return AGENT_E_RESTART;
}

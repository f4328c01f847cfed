/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Signals, and the way to the end. A stop, a reload and the end of --until-eof are one thing:
 * nothing more is read, and the loop goes on until what is under way was acknowledged or
 * shutdown_timeout is over. Only then do they part.
 */
#include <inttypes.h>
#include <signal.h>
#include <syslog.h>

#include "agent_private.h"
#include "base/clock.h"
#include "ops/notify.h"

/* Before all else on the loop. */
#define PRIORITY_SIGNALS (-100)

void agent_drain(struct agent *agent, const char *why, uint64_t now_us)
{
	agent->state = AGENT_STOPPING;
	agent->stop_by_us = now_us + agent->conf->shutdown_timeout_ms * US_PER_MS;
	log_say(agent->log, LOG_INFO, "%s: nothing more is read, waiting for acknowledgements",
		why);
	output_kick(agent->output, now_us);
}

static void begin_stop(struct agent *agent, const char *why)
{
	agent->reloading = false;
	notify_stopping(&agent->notify);
	agent_drain(agent, why, clock_mono_us());
}

/* until_eof: it ends here, also when something cannot be read; then it says so. */
static void end_at_eof(struct agent *agent)
{
	struct discover_trouble trouble;
	size_t stuck;

	if (!agent_all_shipped(agent, &stuck))
		return;
	discover_trouble(agent->discover, &trouble);
	if (trouble.denied[0])
		log_say(agent->log, LOG_ERR, "%s: permission denied: nothing below it is found",
			trouble.denied);
	agent->unread = agent->files.n_unreadable + stuck + (trouble.denied[0] != '\0');
	if (agent->unread)
		log_say(agent->log, LOG_ERR,
			"%zu files or directories cannot be read, or follow in a rotation on one "
			"that cannot, and are left out: all else is shipped; another run goes on "
			"with them",
			agent->unread);
	begin_stop(agent, agent->unread ? "all that can be read is shipped" : "all is shipped");
}

void agent_stop_if_done(struct agent *agent, uint64_t now_us)
{
	struct output_stats stats;

	if (agent->until_eof && agent->state == AGENT_RUNNING)
		end_at_eof(agent);
	if (agent->state != AGENT_STOPPING)
		return;
	output_stats(agent->output, &stats);
	if (stats.records_in_flight && now_us < agent->stop_by_us)
		return;
	if (agent->reloading && !agent_reload_stands(agent, now_us))
		return;
	if (stats.records_in_flight)
		log_say(agent->log, LOG_WARNING,
			"shutdown_timeout (%" PRIu64 " s) is over with %" PRIu64
			" records unacknowledged: they are "
			"sent again at the next start",
			agent->conf->shutdown_timeout_ms / 1000, stats.records_in_flight);
	agent->state = AGENT_STOPPED;
	sd_event_exit(agent->event, 0);
}

static const char *name_of(int signal)
{
	return signal == SIGINT ? "SIGINT" : signal == SIGHUP ? "SIGHUP" : "SIGTERM";
}

static int on_stop_signal(sd_event_source *source, const struct signalfd_siginfo *info,
			  void *userdata)
{
	struct agent *agent = userdata;

	(void)source;
	if (agent->stop_signals++ == 0) {
		begin_stop(agent, name_of((int)info->ssi_signo));
		agent_stop_if_done(agent, clock_mono_us());
	} else {
		log_say(agent->log, LOG_WARNING, "second signal: stopping at once");
		agent->state = AGENT_STOPPED;
		sd_event_exit(agent->event, 0);
	}
	agent_after_event(agent, clock_mono_us());
	return 0;
}

/* Nothing here handles it, so it is as we were started: nohup(1) ignores it. */
static bool hangup_is_ignored(void)
{
	struct sigaction action;

	return sigaction(SIGHUP, NULL, &action) == 0 && action.sa_handler == SIG_IGN;
}

/*
 * SIGHUP from the kernel is the end of the terminal, and stops us; so does anybody's where there is
 * nothing to reload for. Else it asks for a reload.
 */
static int on_hangup_signal(sd_event_source *source, const struct signalfd_siginfo *info,
			    void *userdata)
{
	struct agent *agent = userdata;
	uint64_t now_us = clock_mono_us();

	if (agent->until_eof || info->ssi_code == SI_KERNEL) {
		/* Shell and kernel may both send it: two of them are one stop. */
		if (agent->stop_signals == 0 && !hangup_is_ignored())
			return on_stop_signal(source, info, userdata);
		return 0;
	}
	agent_reload(agent, now_us);
	agent_stop_if_done(agent, now_us);
	agent_after_event(agent, now_us);
	return 0;
}

static int on_print_signal(sd_event_source *source, const struct signalfd_siginfo *info,
			   void *userdata)
{
	(void)source, (void)info;
	agent_log_counters(userdata);
	return 0;
}

int agent_add_signals(struct agent *agent)
{
	sd_event *event = agent->event;
	sd_event_source *source;
	int r;

	r = sd_event_add_signal(event, &source, SIGTERM, on_stop_signal, agent);
	if (r >= 0)
		r = sd_event_source_set_priority(source, PRIORITY_SIGNALS);
	if (r >= 0)
		r = sd_event_add_signal(event, &source, SIGINT, on_stop_signal, agent);
	if (r >= 0)
		r = sd_event_source_set_priority(source, PRIORITY_SIGNALS);
	if (r >= 0)
		r = sd_event_add_signal(event, &source, SIGHUP, on_hangup_signal, agent);
	if (r >= 0)
		r = sd_event_source_set_priority(source, PRIORITY_SIGNALS);
	if (r >= 0)
		r = sd_event_add_signal(event, &source, SIGUSR1, on_print_signal, agent);
	return r < 0 ? r : 0;
}

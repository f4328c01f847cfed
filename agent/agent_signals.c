/* SPDX-License-Identifier: Apache-2.0 */
/* Signals: a stop, a reload, or a look at the counters. They come before all else on the loop. */
#include <signal.h>
#include <syslog.h>

#include "agent_private.h"
#include "base/clock.h"

#define PRIORITY_SIGNALS (-100)

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
		agent_begin_stop(agent, name_of((int)info->ssi_signo));
		agent_stop_if_done(agent, clock_mono_us());
	} else {
		log_say(agent->log, LOG_WARNING, "stopped-at-once",
			"second signal: stopping at once");
		agent->state = AGENT_STOPPED;
		sd_event_exit(agent->loop, 0);
	}
	agent_after_wakeup(agent, clock_mono_us());
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
	if (agent_reload(agent, now_us) || agent_step_reload(agent, now_us))
		agent_drain(agent, "SIGHUP: reload", now_us);
	agent_stop_if_done(agent, now_us);
	agent_after_wakeup(agent, now_us);
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
	sd_event *loop = agent->loop;
	sd_event_source *source;
	int r;

	r = sd_event_add_signal(loop, &source, SIGTERM, on_stop_signal, agent);
	if (r >= 0)
		r = sd_event_source_set_priority(source, PRIORITY_SIGNALS);
	if (r >= 0)
		r = sd_event_add_signal(loop, &source, SIGINT, on_stop_signal, agent);
	if (r >= 0)
		r = sd_event_source_set_priority(source, PRIORITY_SIGNALS);
	if (r >= 0)
		r = sd_event_add_signal(loop, &source, SIGHUP, on_hangup_signal, agent);
	if (r >= 0)
		r = sd_event_source_set_priority(source, PRIORITY_SIGNALS);
	if (r >= 0)
		r = sd_event_add_signal(loop, &source, SIGUSR1, on_print_signal, agent);
	return r < 0 ? r : 0;
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A reload is a restart in place: the new configuration is looked at, the agent drains as it does
 * for a stop, writes its checkpoint and executes itself again with the same arguments, environment
 * and process id. So there is one way into a configuration and one way out of it, both exercised at
 * every start, and nothing that hangs on the old one (files of a source that is gone, topics,
 * certificates, the library's settings) can be forgotten.
 *
 * Rejected: changing sources and producer under a running agent, which spares the second of silence
 * and costs a second life cycle of everything (the field's reloads lose positions, hang and crash,
 * F03).
 *
 *   SIGHUP ──► invalid: told, nothing changes
 *          ──► draining ──► acknowledged or timed out ──► invalid by now: reading goes on
 *                                                     ──► checkpoint, execve
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
 * that would stay open otherwise; with Kafka out of reach, reading pauses for shutdown_timeout.
 */
#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <syslog.h>
#include <unistd.h>

#include <linux/close_range.h>

#include "agent_private.h"
#include "conf/load.h"
#include "ops/notify.h"

#define FIRST_FD 3

/*
 * The file to execute: ours, or what an upgrade put in its place. 0, -ENOENT when there is none any
 * more, other negative errno; `path` tells in each case what it is about.
 */
static int own_program(char *path, size_t size)
{
	static const char deleted[] = " (deleted)";
	const size_t tail = sizeof deleted - 1;
	static const char link[] = "/proc/self/exe";
	ssize_t n = readlink(link, path, size - 1);

	if (n < 0) {
		snprintf(path, size, "%s", link);
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

/* Loads the configuration to see whether it can be; what is wrong is logged. */
static bool loads(struct agent *agent)
{
	struct conf *conf = NULL;
	char *text = NULL;
	size_t len;
	bool good = false;
	FILE *stream = open_memstream(&text, &len);
	int r = stream ? conf_load(agent->config, stream, &conf) : -ENOMEM;

	if (stream && fclose(stream))
		r = r ? r : -ENOMEM;
	if (r < 0)
		log_say(agent->log, LOG_ERR, "configuration-unreadable", "%s: %s", agent->config,
			strerror(-r));
	else if (r)
		log_lines(agent->log, text);
	else
		good = keeps_state(agent, conf);
	conf_unref(conf);
	free(text);
	return good;
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

/* Whether the next life could begin now; if not, why not is logged. */
static bool can_restart(struct agent *agent)
{
	char path[PATH_MAX];
	int r = own_program(path, sizeof path);
	bool good = false;

	if (r)
		log_say(agent->log, LOG_ERR, "reload-no-program",
			"%s: %s: restart waybill when it is installed again", path, strerror(-r));
	else
		good = keeps_positions(agent) && loads(agent);
	agent->reload_refused = !good;
	if (!good)
		log_say(agent->log, LOG_ERR, "reload-refused",
			"reload refused: the configuration as it was stays in force; mend what is "
			"said above and reload again (waybill check --config %s tries it before)",
			agent->config);
	return good;
}

bool agent_reload(struct agent *agent, uint64_t now_us)
{
	/* A stop goes first; a reload under way looks at the files once more anyway. */
	if (agent->state != AGENT_RUNNING)
		return false;
	notify_reloading(&agent->notify, now_us);
	if (!can_restart(agent)) {
		notify_ready(&agent->notify);
		return false;
	}
	agent->reloading = true;
	return true;
}

bool agent_reload_stands(struct agent *agent, uint64_t now_us)
{
	/* Failing, it is one of the reasons not to. */
	agent->checkpoint_failing |= !agent_last_checkpoint(agent);
	if (can_restart(agent))
		return true;
	agent->reloading = false;
	agent->state = AGENT_RUNNING;
	agent->progress_us = now_us;
	notify_ready(&agent->notify);
	return false;
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

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Who asks how things are, by the control socket or HTTP: what they may see is put together here,
 * and answered in the room control. An agent ships without it as well, so that a socket that cannot
 * be made is told and no reason to end.
 */
#include <errno.h>
#include <grp.h>
#include <string.h>
#include <syslog.h>

#include "agent_private.h"
#include "base/clock.h"
#include "control/control.h"
#include "control/http.h"
#include "protocol/address.h"

static void give_to_group(struct agent *agent, const char *path)
{
	const char *name = agent->conf->control_group;
	const struct group *group;
	int r;

	if (!*name)
		return;
	errno = 0;
	group = getgrnam(name);
	r = group ? address_give(path, group->gr_gid) : -(errno ? errno : ENOENT);
	if (r)
		log_say(agent->log, LOG_WARNING, "control-group",
			"control_group: %s cannot be given to group %s (%s): it stays with the "
			"agent's own group; the agent has to be a member, and under systemd "
			"PrivateUsers= hides all groups but its own (Group=)",
			path, name, r == -ENOENT ? "no such group" : strerror(-r));
}

static void open_socket(struct agent *agent, const char *state_dir)
{
	char path[PATH_MAX];
	int r = address_path(agent->conf->control_socket, state_dir, path);

	if (!r)
		r = control_new(path, &agent->control);
	if (!r) {
		give_to_group(agent, path);
		return;
	}
	log_say(agent->log, LOG_NOTICE, "control-socket",
		"control_socket: %s cannot be made (%s): `waybill status` and `waybill metrics` "
		"cannot "
		"ask this agent",
		path, r == -EADDRINUSE ? "something else is there" : strerror(-r));
}

void agent_listen(struct agent *agent)
{
	const char *listen = agent->conf->http_listen;
	int r;

	agent->http_ready = sd_event_source_disable_unref(agent->http_ready);
	agent->http = http_free(agent->http);
	if (!*listen)
		return;
	r = http_new(listen, &agent->http);
	if (!r && *listen == '/')
		give_to_group(agent, listen);
	if (r)
		log_say(agent->log, LOG_ERR, "http-listen",
			"http_listen: cannot listen at %s (%s): lines are shipped, and nobody is "
			"answered there until waybill is reloaded",
			listen, strerror(-r));
}

int agent_watch_http(struct agent *agent)
{
	int r;

	if (!agent->http)
		return 0;
	r = sd_event_add_io(agent->loop, &agent->http_ready, http_fd(agent->http), EPOLLIN,
			    agent->on_http, agent);
	if (r >= 0)
		r = sd_event_source_set_priority(agent->http_ready, AGENT_PRIORITY_CONTROL);
	return r < 0 ? r : 0;
}

void agent_open_control(struct agent *agent, const char *state_dir)
{
	open_socket(agent, state_dir);
	agent_listen(agent);
}

void agent_close_control(struct agent *agent)
{
	agent->http_ready = sd_event_source_disable_unref(agent->http_ready);
	agent->control = control_free(agent->control);
	agent->http = http_free(agent->http);
}

static const char *life(const struct agent *agent)
{
	if (agent->state == AGENT_RUNNING)
		return "running";
	return agent->reloading ? "reloading" : "stopping";
}

static struct view view_of(struct agent *agent, uint64_t now_us)
{
	agent_count_now(agent, now_us);
	return (struct view){
		.conf = agent->conf,
		.files = &agent->files,
		.output = agent->output,
		.ends = agent->ends,
		.letters = &agent->letters,
		.discover = agent->discover,
		.pipeline = agent->pipeline,
		.store = agent->store,
		.counters = &agent->counters,
		.delays = &agent->delays,
		.order = &agent->order,
		.life = life(agent),
		.has_room = agent_has_room(agent, now_us),
		.stuck = agent->stuck,
		.reload_refused = agent->reload_refused,
		.generation = agent->generation,
		.reloaded_ms = agent->reloaded_ms,
		.writing = agent->checkpoint.under_way,
		.now_us = now_us,
		.now_ms = clock_real_ms(),
		.uptime_us = now_us - agent->started_us,
	};
}

void agent_serve_control(struct agent *agent, uint64_t now_us)
{
	const struct view view = view_of(agent, now_us);

	control_turn(agent->control, &view);
}

void agent_wake_control(struct agent *agent, uint64_t now_us)
{
	const struct view view = view_of(agent, now_us);

	control_wake(agent->control, &view);
}

void agent_serve_http(struct agent *agent, uint64_t now_us)
{
	const struct view view = view_of(agent, now_us);

	http_turn(agent->http, &view);
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * More files or directories than memory was set aside for: who waits is told once, with the numbers
 * and the setting, and counted. What waits has no place in memory, so only a look finds it again:
 * one is due as soon as there is room.
 */
#include <inttypes.h>
#include <syslog.h>

#include "agent_private.h"
#include "files/pace.h"

#define AWAKE_SHARE 4
/* So many are no burden. */
#define AWAKE_MIN 10000

/* What is said of one kind. */
struct kind {
	struct quota *quota;
	const char *id, *what, *setting, *come;
};

static void tell(struct agent *agent, const struct kind *kind)
{
	const struct quota *quota = kind->quota;
	const struct quota_share *share;
	size_t source, n = 0;

	for (size_t i = 0; i < quota->n_shares; i++)
		n += quota->shares[i].n;
	while ((share = quota_next_untold(kind->quota, &source)))
		log_source(agent->log, LOG_WARNING, agent->conf->sources[source].name, kind->id,
			   "source %s: %zu %s wait: it has %zu (%s: %zu for this source), all have "
			   "%zu of %zu, of which %zu are each source's own; %s; raise %s and the "
			   "unit's memory (waybill.conf(5)), or leave some out with `exclude`",
			   agent->conf->sources[source].name, share->waiting, kind->what, share->n,
			   kind->setting, share->max, n, quota->max, quota->own, kind->come,
			   kind->setting);
}

void agent_count_limits(struct agent *agent)
{
	agent->counters.files_known = files_count(&agent->files);
	agent->counters.files_denied = map_count(agent->files.unreadable);
	agent->counters.files_waiting =
		quota_waiting(&agent->files.quota) + quota_waiting(&agent->files.awake);
	agent->counters.directories_waiting = quota_waiting(discover_quota(agent->discover));
}

bool agent_tick_limits(struct agent *agent)
{
	struct kind files = {&agent->files.quota, "files-wait", "files", "max_files",
			     "they are read when others are deleted"};
	struct kind directories = {discover_quota(agent->discover), "directories-wait",
				   "directories", "max_directories",
				   "what is in them is found when others are gone"};

	struct kind awake = {&agent->files.awake, "files-wait", "files", "max_files",
			     "a quarter of max_files may be open, unread or just written to at a "
			     "time, and they come in turns"};

	agent_count_limits(agent);
	tell(agent, &awake);
	tell(agent, &files);
	tell(agent, &directories);
	/* It is a look that makes room among those that are awake. */
	return quota_wants_look(files.quota) || quota_waiting(awake.quota) ||
	       quota_wants_look(directories.quota);
}

/* Of files that are not dormant each takes as much memory as eight that are. */
static size_t max_awake(const struct agent *agent)
{
	size_t max = agent->conf->max_files / AWAKE_SHARE;

	/* No look comes at which they could become dormant. */
	if (agent->until_eof)
		return agent->conf->max_files;
	return max > AWAKE_MIN ? max : AWAKE_MIN;
}

int agent_limit_files(struct agent *agent)
{
	int r = files_set_max(&agent->files, agent->conf->max_files, max_awake(agent));

	pace_init(&agent->files, agent->conf->max_rate, agent->conf->catch_up_rate);
	return r;
}

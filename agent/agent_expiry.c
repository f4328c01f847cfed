/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The end of certificates and tokens. Both stop all lines at one instant that is known before, so
 * it is told while there is time to put another in their place: a certificate's once a day, from
 * certificate_warning before; a token's once, when one that should be there by then has not come
 * (login/life.c). What was found is kept for who asks, whether it is told or not.
 */
#include "agent_private.h"
#include "base/clock.h"

#define DAY_US (86400 * US_PER_S)

static void look_at_cluster(struct agent *agent, size_t index)
{
	const struct cluster *cluster = &agent->conf->clusters[index];
	struct cluster_ends *ends = &agent->ends[index];
	int r = cluster_ends_read(cluster, ends);

	if (r)
		agent->error = r;
	for (size_t i = 0; r == 0 && agent->conf->certificate_warning_ms && i < ends->n; i++)
		cluster_ends_tell(cluster, &ends->at[i], agent->conf->certificate_warning_ms,
				  agent->log);
}

void agent_look_at_certificates(struct agent *agent)
{
	agent->certificates_at_us = 0;
}

void agent_tick_expiry(struct agent *agent, uint64_t now_us)
{
	bool due = now_us >= agent->certificates_at_us;

	if (due)
		agent->certificates_at_us = now_us + DAY_US;
	for (size_t i = 0; i < agent->conf->n_clusters; i++) {
		if (due)
			look_at_cluster(agent, i);
		cluster_ends_tell_token(&agent->conf->clusters[i],
					agent->conf->certificate_warning_ms,
					&agent->clusters[i].token_told_ms, agent->log);
	}
}

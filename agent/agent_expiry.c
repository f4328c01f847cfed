/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The end of certificates and tokens. Both stop all lines at one instant that is known before, so
 * it is told while there is time to put another in their place: a certificate's once a day, from
 * certificate_warning before; a token's once, when one that should be there by then has not come
 * (login/life.c). What was found is kept for who asks, whether it is told or not.
 */
#include <errno.h>
#include <syslog.h>

#include "agent_private.h"
#include "base/clock.h"
#include "base/iso_time.h"
#include "login/login.h"

#define DAY_US (86400 * US_PER_S)
#define DAY_S 86400

/* "2026-01-02T02:04:05": of an ISO time the bytes before its milliseconds. */
#define TO_THE_SECOND 19
#define TO_THE_DAY 10

/* A certificate that is not good any more, or not for long. */
static void tell_certificate(struct agent *agent, const struct cluster *cluster,
			     const struct expiry *expiry)
{
	int64_t left_s = expiry->at_s - clock_real_ms() / 1000;
	char when[ISO_TIME_LEN];
	struct slice at = iso_time_print(expiry->at_s * 1000, when);

	if (left_s > (int64_t)(agent->conf->certificate_warning_ms / 1000))
		return;
	if (left_s > 0)
		log_say(agent->log, LOG_WARNING, "certificate-expires",
			"%s.%s: the certificate of \"%s\" expires in %lld day%s (%.*s): "
			"lines wait from then on; put another in its place",
			cluster->label, expiry->setting, expiry->name, (long long)(left_s / DAY_S),
			left_s / DAY_S == 1 ? "" : "s", TO_THE_DAY, at.at);
	else
		log_say(agent->log, LOG_ERR, "certificate-expired",
			"%s.%s: the certificate of \"%s\" has expired (%.*s): put another in "
			"its place",
			cluster->label, expiry->setting, expiry->name, TO_THE_DAY, at.at);
}

static void look_at_cluster(struct agent *agent, size_t index)
{
	const struct cluster *cluster = &agent->conf->clusters[index];
	struct cluster_ends *ends = &agent->ends[index];
	int r = cluster_ends_read(cluster, ends);

	if (r)
		agent->error = r;
	for (size_t i = 0; r == 0 && agent->conf->certificate_warning_ms && i < ends->n; i++)
		tell_certificate(agent, cluster, &ends->at[i]);
}

void agent_look_at_certificates(struct agent *agent)
{
	agent->certificates_at_us = 0;
}

static void look_at_token(struct agent *agent, size_t index)
{
	const struct cluster *cluster = &agent->conf->clusters[index];
	struct agent_cluster *known = &agent->clusters[index];
	char when[ISO_TIME_LEN], left[LIFE_LEFT_MAX];
	int64_t now_ms = clock_real_ms();
	struct life life;

	if (!cluster->login)
		return;
	login_life(cluster->login, &life);
	if (life.expires_ms == known->token_told_ms ||
	    !life_ends_soon(&life, now_ms, (int64_t)agent->conf->certificate_warning_ms))
		return;
	known->token_told_ms = life.expires_ms;
	log_say(agent->log, LOG_WARNING, "token-expires",
		"%s.%s: the token expires in %s (%.*sZ), and no other has come%s%s%s: brokers let "
		"nobody in with it from then on, and lines wait; see to it that there is another",
		cluster->label, login_setting(cluster->login), life_print_left(&life, now_ms, left),
		TO_THE_SECOND, iso_time_print(life.expires_ms, when).at, *life.trouble ? " (" : "",
		life.trouble, *life.trouble ? ")" : "");
}

void agent_tick_expiry(struct agent *agent, uint64_t now_us)
{
	bool due = now_us >= agent->certificates_at_us;

	if (due)
		agent->certificates_at_us = now_us + DAY_US;
	for (size_t i = 0; i < agent->conf->n_clusters; i++) {
		if (due)
			look_at_cluster(agent, i);
		look_at_token(agent, i);
	}
}

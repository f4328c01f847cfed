/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a file or a reference holds may be newer than the configuration, and its password too: so
 * both are fetched when somebody wants to know, and never kept.
 */
#include "cluster/ends.h"

#include <stdio.h>
#include <string.h>
#include <syslog.h>

#include "base/clock.h"
#include "base/iso_time.h"
#include "login/login.h"
#include "ops/log.h"
#include "settings/secret.h"

#define DAY_S 86400

/* "2026-01-02T02:04:05": of an ISO time the bytes before its milliseconds. */
#define TO_THE_SECOND 19
#define TO_THE_DAY 10

/* What the property is now. 0: *ret_value is for secret_free, NULL: it is prop->value itself. */
static int fetch(const struct prop *prop, char **ret_value)
{
	char message[512];

	return prop->reference ? secret_fetch(prop->reference, ret_value, message, sizeof message) :
				 0;
}

static const struct prop *find(const struct cluster *cluster, const char *name)
{
	for (size_t i = 0; i < cluster->n_props; i++) {
		if (strcmp(cluster->props[i].name, name) == 0)
			return &cluster->props[i];
	}
	return NULL;
}

/* 0; EXPIRY_E_NONE or another that is above 0: there is nothing to tell; -ENOMEM. */
static int read_one(const struct prop *prop, const struct prop *password, struct expiry *ret_expiry)
{
	char *value = NULL, *secret = NULL;
	int r = fetch(prop, &value);

	if (r == 0 && password)
		r = fetch(password, &secret);
	if (r == 0)
		r = expiry_read(prop->name, value ? value : prop->value,
				secret   ? secret :
				password ? password->value :
					   NULL,
				ret_expiry);
	secret_free(value);
	secret_free(secret);
	return r;
}

int cluster_ends_read(const struct cluster *cluster, struct cluster_ends *ret_ends)
{
	const struct prop *password = find(cluster, EXPIRY_PASSWORD);
	struct cluster_ends ends = {0};

	for (size_t i = 0; i < cluster->n_props && ends.n < EXPIRY_SETTINGS; i++) {
		const struct prop *prop = &cluster->props[i];
		bool keystore = strcmp(prop->name, EXPIRY_KEYSTORE) == 0;
		int r = read_one(prop, keystore ? password : NULL, &ends.at[ends.n]);

		if (r < 0)
			return r;
		ends.n += r == 0;
	}
	*ret_ends = ends;
	return 0;
}

enum ends_state cluster_ends_judge(const struct cluster *cluster, const struct expiry *expiry,
				   int64_t now_ms, uint64_t warning_ms, char *ret_words, size_t len)
{
	int64_t left_s = expiry->at_s - now_ms / 1000;
	char when[ISO_TIME_LEN];
	struct slice at = iso_time_print(expiry->at_s * 1000, when);

	ret_words[0] = '\0';
	if (left_s <= 0) {
		snprintf(ret_words, len,
			 "%s.%s: the certificate of \"%s\" has expired (%.*s): put another in "
			 "its place",
			 cluster->label, expiry->setting, expiry->name, TO_THE_DAY, at.at);
		return ENDS_OVER;
	}
	if (left_s > (int64_t)(warning_ms / 1000))
		return ENDS_LATER;
	snprintf(ret_words, len,
		 "%s.%s: the certificate of \"%s\" expires in %lld day%s (%.*s): "
		 "lines wait from then on; put another in its place",
		 cluster->label, expiry->setting, expiry->name, (long long)(left_s / DAY_S),
		 left_s / DAY_S == 1 ? "" : "s", TO_THE_DAY, at.at);
	return ENDS_SOON;
}

enum ends_state cluster_ends_judge_token(const struct cluster *cluster, const struct life *life,
					 int64_t now_ms, uint64_t warning_ms, char *ret_words,
					 size_t len)
{
	bool over = now_ms >= life->expires_ms;
	char when[ISO_TIME_LEN], left[LIFE_LEFT_MAX];

	ret_words[0] = '\0';
	if (!life->expires_ms || (!over && !life_ends_soon(life, now_ms, (int64_t)warning_ms)))
		return ENDS_LATER;
	snprintf(ret_words, len,
		 "%s.%s: the token %s%s (%.*sZ), and no other has come%s%s%s: brokers let "
		 "nobody in with it%s, and lines wait; see to it that there is another",
		 cluster->label, login_setting(cluster->login),
		 over ? "has expired" : "expires in ",
		 over ? "" : life_print_left(life, now_ms, left), TO_THE_SECOND,
		 iso_time_print(life->expires_ms, when).at, *life->trouble ? " (" : "",
		 life->trouble, *life->trouble ? ")" : "", over ? "" : " from then on");
	return over ? ENDS_OVER : ENDS_SOON;
}

void cluster_ends_tell(const struct cluster *cluster, const struct expiry *expiry,
		       uint64_t warning_ms, struct log *log)
{
	char words[ENDS_WORDS_MAX];
	enum ends_state state = cluster_ends_judge(cluster, expiry, clock_real_ms(), warning_ms,
						   words, sizeof words);

	if (state == ENDS_SOON)
		log_say(log, LOG_WARNING, "certificate-expires", "%s", words);
	else if (state == ENDS_OVER)
		log_say(log, LOG_ERR, "certificate-expired", "%s", words);
}

void cluster_ends_tell_token(const struct cluster *cluster, uint64_t warning_ms, int64_t *told_ms,
			     struct log *log)
{
	char words[ENDS_WORDS_MAX];
	struct life life;

	if (!cluster->login)
		return;
	login_life(cluster->login, &life);
	if (life.expires_ms == *told_ms ||
	    cluster_ends_judge_token(cluster, &life, clock_real_ms(), warning_ms, words,
				     sizeof words) != ENDS_SOON)
		return;
	*told_ms = life.expires_ms;
	log_say(log, LOG_WARNING, "token-expires", "%s", words);
}

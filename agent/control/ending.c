/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Of each cluster up to EXPIRY_SETTINGS certificates and a token. They are so few that the next one
 * is looked for among all, each time: nothing is kept that would be freed, or be old by then.
 */
#include "control/ending.h"

#include "login/login.h"
#include "protocol/line.h"

/* One of them, while it is looked for and told. */
struct candidate {
	struct ending key;
	const char *cluster, *setting, *name; /* name: NULL of a token */
	char words[ENDS_WORDS_MAX];
};

/* Whether a is told before b. */
static bool is_worse(const struct ending *a, const struct ending *b)
{
	if (a->state != b->state)
		return a->state > b->state;
	return a->at_ms != b->at_ms ? a->at_ms < b->at_ms : a->number < b->number;
}

static void keep_worse(struct candidate *best, const struct candidate *one,
		       const struct ending *last)
{
	if ((!last->number || is_worse(last, &one->key)) &&
	    (!best->key.number || is_worse(&one->key, &best->key)))
		*best = *one;
}

/* Those of a cluster, whose numbers begin at `number`. */
static void look_at(const struct conf *conf, const struct cluster *cluster,
		    const struct cluster_ends *ends, int64_t now_ms, size_t number,
		    const struct ending *last, struct candidate *best)
{
	struct candidate one = {.cluster = cluster->name};
	uint64_t warning_ms = conf->certificate_warning_ms;
	struct life life = {0};

	for (size_t i = 0; i < ends->n; i++) {
		one.setting = ends->at[i].setting;
		one.name = ends->at[i].name;
		one.key =
			(struct ending){cluster_ends_judge(cluster, &ends->at[i], now_ms,
							   warning_ms, one.words, sizeof one.words),
					ends->at[i].at_s * 1000, number + i};
		keep_worse(best, &one, last);
	}
	if (cluster->login)
		login_life(cluster->login, &life);
	if (!life.expires_ms)
		return;
	one.setting = login_setting(cluster->login);
	one.name = NULL;
	one.key = (struct ending){cluster_ends_judge_token(cluster, &life, now_ms, warning_ms,
							   one.words, sizeof one.words),
				  life.expires_ms, number + ends->n};
	keep_worse(best, &one, last);
}

bool ending_line(struct ending *ending, const struct conf *conf, const struct cluster_ends *ends,
		 int64_t now_ms, struct json *to)
{
	static const char *const states[] = {
		[ENDS_LATER] = "later", [ENDS_SOON] = "soon", [ENDS_OVER] = "over"};
	struct candidate best = {0};

	for (size_t i = 0; ends && i < conf->n_clusters; i++)
		look_at(conf, &conf->clusters[i], &ends[i], now_ms, 1 + i * (EXPIRY_SETTINGS + 1),
			ending, &best);
	if (!best.key.number)
		return false;
	*ending = best.key;
	line_begin(to, "expiry");
	if (conf->n_clusters > 1)
		line_text(to, "cluster", best.cluster);
	line_text(to, "setting", best.setting);
	line_text(to, "name", best.name);
	line_text(to, "state", states[best.key.state]);
	line_number(to, "ends_s", (uint64_t)(best.key.at_ms > 0 ? best.key.at_ms / 1000 : 0));
	line_text(to, "words", *best.words ? best.words : NULL);
	line_end(to);
	return true;
}

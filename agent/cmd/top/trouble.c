/* SPDX-License-Identifier: Apache-2.0 */
/*
 * There is one line for it, so the cause of most comes first: with no broker all partitions stand
 * still, and with a partition that stands still lines are late today, with a certificate next week.
 */
#include "cmd/top/trouble.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cmd/amount.h"

void trouble_deinit(struct trouble *trouble)
{
	for (size_t i = 0; i < TROUBLES; i++)
		free(trouble->words[i]);
	*trouble = (struct trouble){0};
}

/* The first of a kind is kept. r: what asprintf said of text. */
static int keep(struct trouble *trouble, size_t which, int r, char *text)
{
	if (r < 0)
		return -ENOMEM;
	if (trouble->words[which])
		free(text);
	else
		trouble->words[which] = text;
	return 0;
}

PRINTF_LIKE(3, 4)
static int say(struct trouble *trouble, size_t which, const char *format, ...)
{
	char *text;
	va_list args;
	int r;

	va_start(args, format);
	r = vasprintf(&text, format, args);
	va_end(args);
	return keep(trouble, which, r, text);
}

static int take_brokers(struct trouble *trouble, const char *cluster, const char *error)
{
	char *text;
	int r = asprintf(&text, "%s%s%sno broker answers%s%s", cluster ? "cluster " : "",
			 cluster ? cluster : "", cluster ? ": " : "", error ? ": " : "",
			 error ? error : "");

	return keep(trouble, TROUBLE_BROKERS, r, text);
}

/* The block, or a file that it names. Of several clusters the agent's line has it, too. */
static int take_renewal(struct trouble *trouble, const struct object *line)
{
	const char *error = object_text(line, "renewal_error");

	return error ? say(trouble, TROUBLE_RENEWAL,
			   "the kafka block is not in use as it is now: %s", error) :
		       0;
}

int trouble_take_agent(struct trouble *trouble, const struct object *line)
{
	int64_t age_ms = object_number(line, "checkpoint_age_ms", 0);
	char time[AMOUNT_MAX];
	int r = 0;

	if (!object_number(line, "kafka_configured", 1))
		r = say(trouble, TROUBLE_BROKERS,
			"the configuration has no kafka block: nothing can be shipped");
	else if (!object_number(line, "brokers_answer", 1) && !object_number(line, "clusters", 0))
		r = take_brokers(trouble, NULL, object_text(line, "last_error"));
	if (!r && age_ms > 5000)
		r = say(trouble, TROUBLE_CHECKPOINT, "no checkpoint for %s: see the log",
			amount_time(age_ms / 1000, time));
	if (!r && object_number(line, "reload_refused", 0))
		r = say(trouble, TROUBLE_RELOAD, "the last reload was refused: see the log");
	return r ? r : take_renewal(trouble, line);
}

int trouble_take_cluster(struct trouble *trouble, const struct object *line)
{
	if (object_number(line, "brokers_answer", 1))
		return 0;
	return take_brokers(trouble, object_text(line, "cluster") ?: "?",
			    object_text(line, "last_error"));
}

int trouble_take_expiry(struct trouble *trouble, const struct object *line)
{
	const char *words = object_text(line, "words");
	char *text = words ? strdup(words) : NULL;

	return words ? keep(trouble, TROUBLE_EXPIRY, text ? 0 : -1, text) : 0;
}

int trouble_take_stuck(struct trouble *trouble, const struct stuck *stuck)
{
	const struct stuck_group *worst = &stuck->at[0];
	char *text, time[AMOUNT_MAX], others[48] = "";
	int r;

	if (!stuck->n)
		return 0;
	if (stuck->all > 1)
		snprintf(others, sizeof others, " (and %" PRId64 " more)", stuck->all - 1);
	if (worst->quiet_ms >= 1000)
		r = asprintf(&text, "%s:%" PRId64 "%s stands still for %s: %s", worst->topic,
			     worst->numbers[0], others, amount_time(worst->quiet_ms / 1000, time),
			     worst->trouble);
	else
		r = asprintf(&text, "%s:%" PRId64 "%s: %s", worst->topic, worst->numbers[0], others,
			     worst->trouble);
	return keep(trouble, TROUBLE_PARTITIONS, r, text);
}

const char *trouble_first(const struct trouble *trouble, size_t *ret_more)
{
	const char *first = NULL;

	*ret_more = 0;
	for (size_t i = 0; i < TROUBLES; i++) {
		if (!trouble->words[i])
			continue;
		*ret_more += first != NULL;
		first = first ? first : trouble->words[i];
	}
	return first;
}

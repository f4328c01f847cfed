/* SPDX-License-Identifier: Apache-2.0 */
/* Status and metrics say the same, so they add up in one place. */
#include "view/sums.h"

#include <errno.h>
#include <stdlib.h>

int sums_init(struct sums *sums, const struct view *view)
{
	*sums = (struct sums){.asks = SUMS_ASKS};
	sums->sources = calloc(conf_max_sources(view->conf) + 1, sizeof sums->sources[0]);
	return sums->sources ? 0 : -ENOMEM;
}

void sums_deinit(struct sums *sums)
{
	free(sums->sources);
	*sums = (struct sums){0};
}

static void add(struct sums_source *sum, const struct file *file, const struct condition *condition,
		int64_t lag_ms)
{
	if (lag_ms > 0 && (uint64_t)lag_ms > sum->lag_ms)
		sum->lag_ms = (uint64_t)lag_ms;
	sum->files++;
	sum->behind += condition->lag > 0;
	sum->stuck += condition->is <= CONDITION_BACKOFF;
	sum->lag += condition->lag;
	sum->in_flight += file->account.in_flight;
}

void sums_add(struct sums *sums, const struct view *view, const struct file *file,
	      struct condition *condition)
{
	int64_t lag_ms;

	condition_measure(file, &sums->asks, condition);
	lag_ms = condition_lag_ms(view, file, condition);
	add(&sums->sources[file->source - view->conf->sources], file, condition, lag_ms);
	add(&sums->all, file, condition, lag_ms);
	sums->states[condition->is]++;
	if (condition->is == CONDITION_HELD)
		sums->held[file->waits_for]++;
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The pace is smoothed over some seconds, or the time left would jump; and not of all the time
 * since the start, or it would not tell that brokers have become slow.
 */
#include "base/progress.h"

#include "base/clock.h"

#define SMOOTH_S 5.0
/* More is as good as never. */
#define SECONDS_MAX (100 * 24 * 3600)

/* The first pace is taken as it is. */
static double smooth(double old, double new, double span_s, uint64_t since_us, uint64_t at_us)
{
	double part = at_us == since_us ? 1 : span_s / (span_s + SMOOTH_S);

	return old + part * (new - old);
}

void progress_look(struct progress *progress, uint64_t left, uint64_t done, uint64_t now_us)
{
	double span_s = (double)(now_us - progress->at_us) / (double)US_PER_S;

	if (!progress->at_us) {
		progress->since_us = now_us;
	} else if (now_us > progress->at_us) {
		progress->rate =
			smooth(progress->rate, (double)(int64_t)(done - progress->done) / span_s,
			       span_s, progress->since_us, progress->at_us);
		progress->falls =
			smooth(progress->falls, (double)(int64_t)(progress->left - left) / span_s,
			       span_s, progress->since_us, progress->at_us);
	}
	progress->most = left > progress->most ? left : progress->most;
	progress->left = left;
	progress->done = done;
	progress->at_us = now_us;
}

double progress_percent(const struct progress *progress)
{
	if (!progress->most)
		return 100;
	return 100.0 * (double)(progress->most - progress->left) / (double)progress->most;
}

int64_t progress_seconds(const struct progress *progress)
{
	double seconds = progress->falls > 0 ? (double)progress->left / progress->falls : -1;

	return seconds < 0 || seconds > SECONDS_MAX ? -1 : (int64_t)(seconds + 0.5);
}

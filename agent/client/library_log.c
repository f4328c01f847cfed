/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A ring of copies under a mutex. The newest is what is dropped: the first lines of a fault tell
 * its cause. Nobody is woken for a line, since whoever logs them comes by at each turn.
 */
#include "client/library_log.h"

#include <stdio.h>
#include <stdlib.h>
#include <syslog.h>

#include "base/result.h"

void library_log_init(struct library_log *log)
{
	*log = (struct library_log){0};
	pthread_mutex_init(&log->mutex, NULL);
}

void library_log_deinit(struct library_log *log)
{
	for (unsigned i = 0; i < log->n; i++)
		free(log->lines[(log->first + i) % LIBRARY_LOG_LINES]);
	pthread_mutex_destroy(&log->mutex);
}

void library_log_note(struct library_log *log, const char *facility, const char *text)
{
	char *line = NULL;

	pthread_mutex_lock(&log->mutex);
	if (log->n < LIBRARY_LOG_LINES && asprintf(&line, "%s: %s", facility, text) >= 0)
		log->lines[(log->first + log->n++) % LIBRARY_LOG_LINES] = line;
	else
		log->dropped++;
	atomic_store(&log->waits, true);
	pthread_mutex_unlock(&log->mutex);
}

char *library_log_take(struct library_log *log, unsigned *ret_dropped)
{
	char *line = NULL;

	if (!atomic_load(&log->waits))
		return NULL;
	pthread_mutex_lock(&log->mutex);
	if (log->n) {
		line = log->lines[log->first];
		log->first = (log->first + 1) % LIBRARY_LOG_LINES;
		log->n--;
		*ret_dropped = log->dropped;
		log->dropped = 0;
	}
	atomic_store(&log->waits, log->n > 0);
	pthread_mutex_unlock(&log->mutex);
	return line;
}

bool library_log_remark(struct library_log *log, struct output_remark *ret)
{
	unsigned dropped;
	char *line = library_log_take(log, &dropped);

	if (!line)
		return false;
	*ret = (struct output_remark){.priority = LOG_DEBUG, .id = "librdkafka", .every = true};
	if (dropped)
		snprintf(ret->text, sizeof ret->text, "librdkafka: (%u lines were dropped) %s",
			 dropped, line);
	else
		snprintf(ret->text, sizeof ret->text, "librdkafka: %s", line);
	free(line);
	return true;
}

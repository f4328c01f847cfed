/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CLIENT_LIBRARY_LOG_H
#define CLIENT_LIBRARY_LOG_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>

#include "output/output.h"

#define LIBRARY_LOG_LINES 1024

/*
 * Lines of the library's log: written by its threads, fetched by the one that logs. Embedded, at a
 * place that lasts as long as the instances that write to it.
 */
struct library_log {
	pthread_mutex_t mutex;
	char *lines[LIBRARY_LOG_LINES]; /* a ring */
	unsigned first, n, dropped;
	atomic_bool waits;
};

void library_log_init(struct library_log *log);

/* No thread writes to it any more. */
void library_log_deinit(struct library_log *log);

/* A line of what `facility` names. Above LIBRARY_LOG_LINES they are dropped and counted. */
void library_log_note(struct library_log *log, const char *facility, const char *text);

/* The oldest line, for free(); NULL: none waits. Cheap then. *ret_dropped: so many before it. */
char *library_log_take(struct library_log *log, unsigned *ret_dropped);

/* The same as a remark. False: none waits. */
bool library_log_remark(struct library_log *log, struct output_remark *ret_remark);

#endif

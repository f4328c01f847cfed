/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CMD_DEMO_CHILD_H
#define CMD_DEMO_CHILD_H

#include <stdbool.h>
#include <sys/types.h>

#include "base/result.h"

/* This program once more, as a child. All zero: none. */
struct demo_child {
	pid_t pid; /* 0: not started, or reaped */
	int in;    /* our end of its standard input; -1 */
	int out;   /* our end of its standard output; -1 */
};

/*
 * Starts /proc/self/exe with argv (argv[0] included, NULL-terminated) in a process group of its own
 * and with no signal blocked. Its standard error is the file `messages`, and so is its output
 * unless piped, which gives pipes for input and output. It is killed when the calling thread ends.
 * 0, negative errno.
 */
int demo_child_start(struct demo_child *child, char *const argv[], const char *messages, bool piped)
	MUSTCHECK;

/*
 * Whether it has ended, waiting up to timeout_ms for it: its exit status, or 128 + the signal that
 * killed it. DEMO_CHILD_RUNS when not.
 */
#define DEMO_CHILD_RUNS (-1)
int demo_child_status(struct demo_child *child, int timeout_ms);

/* Ends its standard input, a pipe. */
void demo_child_close_input(struct demo_child *child);

/*
 * Closes its pipes, sends the signal (0: none), kills it after timeout_ms. A stopped one goes on,
 * so that it can end. Its status as above; 0 when there is none.
 */
int demo_child_stop(struct demo_child *child, int signal, int timeout_ms);

#endif

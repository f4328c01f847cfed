/* SPDX-License-Identifier: Apache-2.0 */
#ifndef AGENT_H
#define AGENT_H

#include <stdbool.h>

#include "conf/conf.h"
#include "ops/log.h"

/* Owns everything: start, turn, stop. Two agents can live in one process. */
struct agent;

struct agent_options {
	struct conf *conf;     /* a reference is taken */
	const char *config;    /* the file it came from, for a reload; borrowed for ever */
	struct log *log;       /* borrowed */
	const char *state_dir; /* NULL: the configuration's; borrowed for the call */
	bool until_eof;        /* ship what is there, then stop */
	bool print_acks;       /* every acknowledgement, as a line of JSON on standard output */
	bool sample_acks;      /* one of them now and then, at level debug */
	bool draws;            /* how far it is, as a line below its messages on a terminal */
};

enum {
	AGENT_E_STATE =
		/*
		 * the state directory or database: message was logged; EX_CANTCREAT, see
		 * agent_new
		 */
	1,
	AGENT_E_LOCKED, /* another agent holds the state directory: EX_UNAVAILABLE */
	AGENT_E_NEWER,  /* the database is of a newer waybill (told): EX_CONFIG, no restart helps */
	AGENT_E_DAMAGED, /* the database is damaged and state_damaged = "stop": EX_IOERR */
	AGENT_E_RESTART, /* of agent_run: a reload wants program_restart */
	AGENT_E_UNREAD,  /* of agent_run: all but files that cannot be read is shipped (told) */
	AGENT_E_UNSAVED, /* of agent_run: the last checkpoint failed (told): EX_IOERR */
	AGENT_E_DEAD,    /* of agent_run: all is shipped but for dead letters (told): EX_DATAERR */
};

/*
 * Opens the state, takes over known files, makes the first scan and the first checkpoint, starts
 * the producer. Blocks SIGINT, SIGTERM, SIGHUP, SIGUSR1, SIGPIPE for the process before any
 * thread is made. 0, the E codes (the cause was logged), negative errno.
 */
int agent_new(const struct agent_options *options, struct agent **ret_agent) MUSTCHECK;

/*
 * Runs until a signal (or until all is shipped). 0; AGENT_E_RESTART; AGENT_E_DEAD, which goes
 * before AGENT_E_UNREAD, since no other run tells of them; AGENT_E_UNSAVED; negative errno for what
 * cannot be gone on with. What was settled is in the store when it returns, but with
 * AGENT_E_UNSAVED.
 */
int agent_run(struct agent *agent) MUSTCHECK;

/*
 * Without waiting for anything. Only when no record is in flight: the library's threads read their
 * payloads from memory that is freed here. A process that ends anyway needs not call it. NULL is
 * fine. Returns NULL.
 */
struct agent *agent_free(struct agent *agent);

#endif

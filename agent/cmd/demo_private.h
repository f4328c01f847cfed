/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CMD_DEMO_PRIVATE_H
#define CMD_DEMO_PRIVATE_H

#include <limits.h>
#include <stdbool.h>
#include <stdint.h>

#include "cmd/demo_child.h"
#include "cmd/demo_conf.h"
#include "cmd/demo_file.h"
#include "cmd/demo_print.h"
#include "output/embedded.h"

/*
 * One run of the demo. For demo.c (options and end), demo_start.c (the beginning) and demo_run.c
 * (the loop).
 */

/* What was shown of a file's records, and where they were. */
struct demo_view {
	unsigned shown;
	unsigned shown_of[DEMO_PARTITIONS];
	unsigned shown_keyless;
	uint64_t records[DEMO_PARTITIONS];
	bool rest_told; /* "and N more" was said */
};

struct demo {
	unsigned lines; /* of the sample; 0: without it */
	bool keep;
	struct demo_paper paper;
	int signals;         /* signalfd */
	int signal;          /* that came; 0 */
	char dir[PATH_MAX];  /* temporary directory; "": none */
	char conf[PATH_MAX]; /* in it: configuration, the agent's state, messages of the children */
	char state[PATH_MAX];
	char agent_log[PATH_MAX];
	char broker_log[PATH_MAX];
	struct demo_file files[DEMO_FILES_MAX];
	struct demo_view views[DEMO_FILES_MAX];
	size_t n_files;
	struct demo_file *sample; /* one of files; NULL: without it */
	int sample_fd;
	struct demo_child broker;
	struct demo_child agent;
	struct embedded_reader *reader;
};

enum {
	DEMO_E_SIGNAL = 1, /* demo->signal is set */
	DEMO_E_FAILED,     /* a message was printed */
};

/* A new directory in $TMPDIR or /tmp, and the paths in it. 0, negative errno. */
int demo_make_dir(struct demo *demo) MUSTCHECK;

/*
 * The files named, else a log of the host; and the sample. 0, or the exit status after a message.
 */
int demo_add_files(struct demo *demo, char **names, int n) MUSTCHECK;

void demo_print_plan(const struct demo *demo);

/* Starts broker, reader and agent. 0; DEMO_E_SIGNAL; DEMO_E_FAILED; negative errno. */
int demo_start(struct demo *demo) MUSTCHECK;

/* Takes a signal that waits. DEMO_E_SIGNAL when there is one, else 0. */
int demo_signalled(struct demo *demo) MUSTCHECK;

/*
 * Writes the sample and shows what arrives, until all has arrived. 0; DEMO_E_SIGNAL; DEMO_E_FAILED
 * when the agent has ended, nothing has come for long, or nobody reads what is printed.
 */
int demo_run(struct demo *demo) MUSTCHECK;

/* Takes in what still arrives, after the agent has ended. */
void demo_run_rest(struct demo *demo);

/* The numbers and what they mean. True when nothing was lost. */
bool demo_summary(const struct demo *demo);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CMD_DEMO_DEMO_H
#define CMD_DEMO_DEMO_H

#include <limits.h>
#include <stdbool.h>
#include <stdint.h>

#include "cmd/demo/child.h"
#include "cmd/demo/config.h"
#include "cmd/demo/consumer.h"
#include "cmd/demo/print.h"
#include "cmd/demo/tally.h"
#include "cmd/demo/user_file.h"

/*
 * One run of the demo. For demo.c (options and end), start.c (the beginning), acts.c (what
 * happens), loop.c (the loop) and summary.c (what came of it).
 */

#define DEMO_SHIPPED_MAX (DEMO_FILES_MAX + 1)
#define DEMO_TOPIC_MAX 64

/* What was shown of the records of a file or of the sample. */
struct demo_view {
	unsigned shown;
	unsigned shown_of[DEMO_PARTITIONS];
	unsigned shown_keyless;
	bool rest_told; /* "and N more" was said */
};

/* What the sample application says of itself. */
struct demo_app {
	unsigned written;
	unsigned rotations;
	char text[32]; /* the beginning of its next message */
	size_t len;
};

/* What was done to the agent and the broker: lines written until then. */
struct demo_faults {
	bool killed, frozen;
	unsigned killed_at;
	unsigned rotations_dead; /* while there was no agent */
};

struct demo {
	bool quick, keep;
	const char *brokers; /* NULL: the embedded one */
	struct paper paper;
	int signals;        /* signalfd */
	int signal;         /* that came; 0 */
	uint64_t begun;     /* clock_mono_us */
	char dir[PATH_MAX]; /* temporary directory; "": none */
	char conf
		[PATH_MAX]; /* in it: configuration, the agent's state, messages of the children, */
	char state[PATH_MAX];
	char agent_log[PATH_MAX];
	char broker_log[PATH_MAX];
	char sample_log[PATH_MAX];
	char sample[PATH_MAX]; /* and the log of the sample application */
	struct demo_file files[DEMO_FILES_MAX];
	size_t n_files;
	struct demo_shipped
		shipped[DEMO_SHIPPED_MAX]; /* the files in their order, then the sample */
	struct demo_view views[DEMO_SHIPPED_MAX];
	unsigned shown_max; /* of each */
	char prefix[32];    /* of all topics */
	char topics[DEMO_SHIPPED_MAX][DEMO_TOPIC_MAX];
	const char *topic_names[DEMO_SHIPPED_MAX];
	size_t n_topics;
	bool topics_made; /* on the user's Kafka, where they stay */
	char address[256];
	struct demo_child broker, agent, sample_child;
	bool sample_ends; /* it was asked to */
	struct demo_app app;
	struct consumer *consumer;
	struct demo_tally tally; /* of what the consumer has read */
	struct demo_faults faults;
	unsigned act;
	unsigned goal; /* all lines below this number are to be delivered */
	uint64_t now, next_tick, next_status;
	uint64_t rate_at, rate_seen, rate; /* lines delivered a second */
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

/* Starts the broker or makes the topics, and reads them. 0; DEMO_E_x; negative errno. */
int demo_start(struct demo *demo) MUSTCHECK;

/* A consumer that reads the topics from their beginning. 0; DEMO_E_x; negative errno. */
int demo_new_consumer(struct demo *demo, const char *const *topics, size_t n_topics) MUSTCHECK;

/* Starts the agent, for the first time or again. 0, negative errno. */
int demo_start_agent(struct demo *demo) MUSTCHECK;

/* Takes a signal that waits. DEMO_E_SIGNAL when there is one, else 0. */
int demo_signalled(struct demo *demo) MUSTCHECK;

/* No time is left, not even for the summary. */
bool demo_is_late(const struct demo *demo);

/* Prints a message for a failure, "waybill: ...". Returns DEMO_E_FAILED. */
int demo_fail(struct demo *demo, const char *format, ...) PRINTF_LIKE(2, 3);

/*
 * What happens, from the first line to the end of the agent. 0; DEMO_E_SIGNAL; DEMO_E_FAILED when
 * a child ends by itself, something takes too long, or nobody reads what is printed; negative
 * errno.
 */
int demo_acts(struct demo *demo) MUSTCHECK;

/* Takes in what the application has said since it was last asked. */
void demo_ask_sample(struct demo *demo);

/* Counts a record; shows it where that is wanted. */
void demo_take(struct demo *demo, struct demo_tally *tally, const struct consumed *record,
	       bool show);

/* Something that the demo waits for. */
struct demo_wait {
	bool (*met)(const struct demo *demo);
	uint64_t at_least_us; /* it goes on for so long, even when met before */
	uint64_t at_most_us;  /* then it is a failure, and */
	const char *failure;  /* this is said of it */
};

/*
 * Reads, counts and shows until then. *ret_took (us) tells when it was first met. 0, DEMO_E_x,
 * negative errno.
 */
int demo_run_until(struct demo *demo, const struct demo_wait *wait, uint64_t *ret_took) MUSTCHECK;

/*
 * Reads the topic of the sample once more from its beginning, and prints what came of it all.
 * *ret_good: all lines came out, in order. 0, DEMO_E_x, negative errno.
 */
int demo_summary(struct demo *demo, bool *ret_good) MUSTCHECK;

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * waybill run: the agent in the foreground. It never forks: the library's threads would be gone in
 * the child (E31), and systemd wants the process itself.
 */
#include <errno.h>
#include <malloc.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <syslog.h>
#include <unistd.h>

#include "agent.h"
#include "change/next.h"
#include "change/program.h"
#include "client/library.h"
#include "cmd/cmd.h"
#include "cmd/options.h"
#include "cmd/paper.h"

struct run_options {
	const char *config;
	const char *state_dir;
	int log_level;
	bool until_eof;
	bool print_acks;
};

static bool take_level(const char *argument, void *ret_value)
{
	int level = log_level_of(argument);

	*(int *)ret_value = level;
	return level >= 0;
}

static const struct cmd_option rows[] = {
	{"config", "FILE", offsetof(struct run_options, config),
	 .help = "default " DEFAULT_CONFIG "; conf.d/*.conf beside it\n"
		 "are read too"},
	{"state-dir", "DIR", offsetof(struct run_options, state_dir),
	 .help = "instead of the configuration's state_dir"},
	{"log-level", "LEVEL", offsetof(struct run_options, log_level), take_level,
	 .wanted = "debug, info, notice, warning or error",
	 .help = "debug, info (default), notice, warning or error"},
	{"until-eof", NULL, offsetof(struct run_options, until_eof),
	 .help = "ship what is there, the last line included if it has no\n"
		 "line end, and exit"},
	{"print-acks", NULL, offsetof(struct run_options, print_acks),
	 .help = "each acknowledgement as a line of JSON on standard output"},
};

static const struct cmd_syntax syntax = {
	.about = "Follows the log files of a configuration and ships their lines to Kafka. It\n"
		 "stays in the foreground and writes its messages to standard error.",
	.options = rows,
	.n_options = ARRAY_LEN(rows),
	.more = "SIGTERM, SIGINT  stop reading, wait for acknowledgements up to shutdown_timeout,\n"
		"                 checkpoint, exit 0; a second one stops at once\n"
		"SIGHUP           reload: a wrong configuration is refused; of a right one it is\n"
		"                 taken what differs, by a restart in place where it has to be\n"
		"SIGUSR1          log the counters",
};

static int exit_code(struct log *log, int r)
{
	if (r == 0)
		return EX_OK;
	if (r == AGENT_E_STATE)
		return EX_CANTCREAT;
	if (r == AGENT_E_UNREAD)
		return EX_TEMPFAIL;
	if (r == AGENT_E_DEAD)
		return EX_DATAERR;
	if (r == AGENT_E_LOCKED)
		return EX_UNAVAILABLE;
	if (r == AGENT_E_NEWER)
		return EX_CONFIG;
	if (r == AGENT_E_DAMAGED || r == AGENT_E_UNSAVED || r == -EIO)
		return EX_IOERR;
	log_say(log, LOG_ERR, "cannot-go-on", "cannot go on: %s", strerror(-r));
	return r == -EACCES || r == -EPERM ? EX_NOPERM : EX_SOFTWARE;
}

/* The next life of a reload. Returns only when there is none: the exit status. */
static int restart(int argc, char **argv)
{
	char **all = calloc((size_t)argc + 2, sizeof *all);
	int r = -ENOMEM;

	if (all) {
		/* argv[0] is "waybill run", for messages. */
		all[0] = program_invocation_name;
		all[1] = (char[]){"run"};
		memcpy(all + 2, argv + 1, (size_t)argc * sizeof *all);
		r = program_restart(all);
	}
	fprintf(stderr, "waybill: reload: cannot start %s anew: %s\n", program_invocation_name,
		strerror(-r));
	free(all);
	return EX_OSERR;
}

/* The exit status, or -1 for a restart. */
static int run(const struct run_options *options, struct conf *conf, struct log *log)
{
	struct paper paper;
	struct agent_options agent_options = {
		.conf = conf,
		.config = options->config,
		.log = log,
		.state_dir = options->state_dir,
		.until_eof = options->until_eof,
		.print_acks = options->print_acks,
		.sample_acks = options->log_level >= LOG_DEBUG,
	};
	struct agent *agent;
	int r;

	paper_init(&paper, stderr);
	agent_options.draws = paper.redraws;
	r = agent_new(&agent_options, &agent);
	if (!r)
		r = agent_run(agent);
	return r == AGENT_E_RESTART ? -1 : exit_code(log, r);
}

/*
 * The library takes four to eight blocks for a record and gives back those of a thousand records at
 * a time. glibc keeps the small ones apart (fastbins) and hands them out again last in, first out:
 * soon the blocks of one record lie all over the heap, and each is a cache miss. Joined with their
 * neighbours at once they are cut from long runs again. That takes 10 % more instructions of the
 * loop's thread and less time: of all CPU time a plain line takes 0.94 (medians of 25 runs in turns
 * on a machine at rest), a record with three headers some 0.8 (five series on a busy one).
 */
static void keep_heap_in_runs(void)
{
#ifdef M_MXFAST
	mallopt(M_MXFAST, 0);
#endif
}

/*
 * What is wrong is told plainly, since nothing says how to log it; what is doubtful is logged as
 * the configuration has it. 0, or the exit status.
 */
static int load(const struct run_options *options, struct conf **ret_conf, struct log **ret_log)
{
	char *text = NULL;
	size_t len;
	FILE *stream = open_memstream(&text, &len);
	int status = EX_OSERR;

	if (stream) {
		status = cmd_load_conf(NULL, options->config, stream, ret_conf);
		fclose(stream);
	}
	if (status == 0) {
		*ret_log = log_new(options->log_level, (*ret_conf)->log_format);
		status = *ret_log ? 0 : EX_OSERR;
	}
	if (text && status == 0)
		next_log(*ret_log, text, false);
	else if (text)
		fputs(text, stderr);
	free(text);
	return status;
}

int cmd_run(int argc, char **argv)
{
	struct run_options options = {.config = DEFAULT_CONFIG, .log_level = LOG_INFO};
	struct conf *conf;
	struct log *log;
	int status = cmd_read_options(&syntax, argc, argv, &options, NULL);

	if (status != CMD_GO_ON)
		return status;
	if (!kafka_library_is_safe()) {
		fprintf(stderr,
			"waybill: librdkafka %s loses records while reporting them delivered; "
			"1.9.0 or newer is needed\n",
			kafka_library_version());
		return EX_UNAVAILABLE;
	}
	keep_heap_in_runs();
	status = load(&options, &conf, &log);
	if (status)
		return status;
	status = run(&options, conf, log);
	log_free(log);
	/*
	 * What is settled is on disk; what is not is read again. So nothing is waited for: not the
	 * library's threads, which may hang in a resolver for seconds, nor their destructors.
	 */
	fflush(NULL);
	if (status < 0)
		status = restart(argc, argv);
	_exit(status);
}

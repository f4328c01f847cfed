/* SPDX-License-Identifier: Apache-2.0 */
/*
 * waybill demo: the main job and its hard days, with nothing installed and nothing configured. What
 * it shows is the program itself: all parts are processes of their own, with a configuration on
 * disk and a log that grows and is rotated. Only the broker is none that keeps a promise, and the
 * demo says so.
 *
 *   demo ── starts ──► waybill broker      (librdkafka's mock cluster; ends with its stdin)
 *        ── starts ──► waybill sample      (an application that writes a log)
 *        ── starts ──► waybill run         (configuration and state in a temporary directory)
 *        ── kills and freezes them, reads the topics, compares them with the files
 *
 * The consumer is connected before the agent starts: the mock keeps only the newest 5 MB of a
 * partition.
 */
#include <errno.h>
#include <ftw.h>
#include <locale.h>
#include <signal.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/clock.h"
#include "cmd/cmd.h"
#include "cmd/demo/demo.h"
#include "cmd/options.h"

#define STOP_MS 1000 /* of a child at the end; one whose broker is gone would wait for long */
#define MESSAGES_SHOWN 2048 /* bytes of a child's last messages */

/* What librdkafka makes of it is seen when it is asked; here it has to fit. */
static bool take_brokers(const char *argument, void *ret_value)
{
	*(const char **)ret_value = argument;
	return *argument && strlen(argument) < sizeof((struct demo *)NULL)->address;
}

static const struct cmd_option rows[] = {
	{"brokers", "LIST", offsetof(struct demo, brokers), take_brokers,
	 .wanted = "HOST:PORT[,...] in up to 255 bytes",
	 .help = "your own Kafka, HOST:PORT[,...], without encryption or login:\n"
		 "makes topics of its own there, freezes nothing; only FILEs are\n"
		 "shipped beside the sample"},
	{"quick", NULL, offsetof(struct demo, quick),
	 .help = "only ship and show: nothing is killed or frozen"},
	{"keep", NULL, offsetof(struct demo, keep),
	 .help = "keep the temporary directory: configuration, logs, state,\n"
		 "messages"},
};

static const struct cmd_syntax syntax = {
	.about = "Ships logs to an embedded Kafka: a log of this host, and that of a sample\n"
		 "application, which writes and rotates. Kills the agent, freezes the broker, and\n"
		 "says at the end which lines were lost or repeated. Needs no configuration,\n"
		 "changes nothing, takes half a minute.",
	.options = rows,
	.n_options = ARRAY_LEN(rows),
	.words = "[FILE...]",
	.help = "up to 7 log files to ship instead of a log of this host; of a\n"
		"large one the last 1 MiB",
	.words_max = DEMO_FILES_MAX,
	.more = "Exit status: 0 when no line was lost and none came out of its order.",
};

static int take_signals(struct demo *demo)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGHUP);
	signal(SIGPIPE, SIG_IGN);
	if (sigprocmask(SIG_BLOCK, &set, NULL))
		return -errno;
	demo->signals = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	return demo->signals < 0 ? -errno : 0;
}

static void print_messages(const char *path, const char *whose)
{
	FILE *file = fopen(path, "re");
	char text[MESSAGES_SHOWN + 1];
	size_t len;

	if (!file)
		return;
	if (fseek(file, -MESSAGES_SHOWN, SEEK_END))
		rewind(file);
	len = fread(text, 1, MESSAGES_SHOWN, file);
	text[len] = '\0';
	if (len > 0)
		fprintf(stderr, "waybill: the last messages of the %s:\n%s", whose, text);
	fclose(file);
}

static void print_next(const struct demo *demo)
{
	FILE *to = demo->paper.to;

	if (demo->topics_made)
		fprintf(to,
			"\n  The topics stay; to delete them:\n"
			"    kafka-topics.sh --bootstrap-server %s \\\n"
			"      --delete --topic '%s.*'\n",
			demo->brokers, demo->prefix);
	if (demo->keep && *demo->dir)
		fprintf(to, "\n  Kept: %s\n", demo->dir);
}

/* What came of it: the exit status. */
static int conclude(struct demo *demo, int r)
{
	bool good = false;

	if (r == 0)
		r = demo_summary(demo, &good);
	if (r < 0)
		demo_fail(demo, "%s", strerror(-r));
	paper_clear(&demo->paper);
	print_next(demo);
	if (r != 0 && r != DEMO_E_SIGNAL && !ferror(demo->paper.to)) {
		fflush(demo->paper.to);
		print_messages(demo->broker_log, "broker");
		print_messages(demo->sample_log, "sample application");
		print_messages(demo->agent_log, "agent");
	}
	return good && fflush(demo->paper.to) == 0 ? EX_OK : EX_SOFTWARE;
}

static int run(struct demo *demo, char **names, int n)
{
	int r = demo_make_dir(demo);

	if (r) {
		fprintf(stderr, "waybill: no temporary directory: %s\n", strerror(-r));
		return EX_CANTCREAT;
	}
	r = demo_add_files(demo, names, n);
	if (r)
		return r;
	demo_print_plan(demo);
	r = demo_start(demo);
	if (r == 0)
		r = demo_acts(demo);
	return conclude(demo, r);
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)st, (void)type, (void)ftw;
	remove(path);
	return 0;
}

static void clean_up(struct demo *demo)
{
	demo_child_stop(&demo->sample_child, SIGTERM, STOP_MS);
	demo_child_stop(&demo->agent, SIGTERM, STOP_MS);
	consumer_free(demo->consumer);
	demo_child_stop(&demo->broker, 0, STOP_MS);
	demo_tally_deinit(&demo->tally);
	for (size_t i = 0; i < demo->n_files; i++)
		demo_file_deinit(&demo->files[i]);
	if (*demo->dir && !demo->keep)
		nftw(demo->dir, remove_one, 16, FTW_DEPTH | FTW_PHYS);
	if (demo->signals >= 0)
		close(demo->signals);
}

/* Ends by the signal itself, as the shell wants to see it. */
static void die_of(int number)
{
	sigset_t set;

	signal(number, SIG_DFL);
	sigemptyset(&set);
	sigaddset(&set, number);
	raise(number);
	sigprocmask(SIG_UNBLOCK, &set, NULL);
}

int cmd_demo(int argc, char **argv)
{
	struct demo *demo = calloc(1, sizeof *demo);
	struct cmd_words files;
	int status, number;

	if (!demo)
		return EX_OSERR;
	demo->signals = -1;
	demo->begun = clock_mono_us();
	status = cmd_read_options(&syntax, argc, argv, demo, &files);
	if (status != CMD_GO_ON) {
		free(demo);
		return status;
	}
	setlocale(LC_CTYPE, "");
	setvbuf(stdout, NULL, _IOLBF, 0);
	paper_init(&demo->paper, stdout);
	status = take_signals(demo) ? EX_OSERR : run(demo, files.at, files.n);
	clean_up(demo);
	number = demo->signal;
	free(demo);
	if (number)
		die_of(number);
	return status;
}

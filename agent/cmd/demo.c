/* SPDX-License-Identifier: Apache-2.0 */
/*
 * waybill demo: the main job, with nothing installed and nothing configured. What it shows is the
 * program itself: a broker and an agent in processes of their own, a configuration on disk, files
 * that grow. Only the broker is none that keeps a promise, and the demo says so.
 *
 *   demo ── starts ──► waybill broker      (librdkafka's mock cluster; ends with its stdin)
 *        ── starts ──► waybill run         (configuration and state in a temporary directory)
 *        ── appends to the sample log, reads the topics, shows what arrives
 *
 * The reader is connected before the agent starts: the mock keeps only the newest 5 MB of a
 * partition.
 */
#include <errno.h>
#include <ftw.h>
#include <getopt.h>
#include <locale.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sysexits.h>
#include <unistd.h>

#include "cmd/cmd.h"
#include "cmd/demo_private.h"
#include "cmd/demo_sample.h"

#define LINES_DEFAULT 24
#define BROKER_STOP_MS 2000
#define AGENT_STOP_MS 5000
#define AGENT_FAILED_MS 1000 /* its broker may be gone, then it would wait for long */
#define MESSAGES_SHOWN 2048  /* bytes of a child's last messages */

static const char usage[] =
	"usage: waybill demo [FILE...] [--lines N] [--keep]\n"
	"\n"
	"Ships logs to an embedded Kafka and shows what arrives there. Needs no\n"
	"configuration, changes nothing, and ends by itself.\n"
	"\n"
	"  FILE...    up to 7 log files to ship; of a large one the last 1 MiB.\n"
	"             Default: a log of this host, and a sample log that grows meanwhile\n"
	"  --lines N  lines of the sample log, up to 5000; default 24, with FILEs 0\n"
	"  --keep     keep the temporary directory: configuration, state, messages\n"
	"  --help     this text\n";

/* 0 or EX_USAGE. argv's FILEs begin at optind then. */
static int parse(int argc, char **argv, struct demo *demo, bool *ret_help)
{
	static const struct option longs[] = {
		{"lines", required_argument, NULL, 'l'},
		{"keep", no_argument, NULL, 'k'},
		{"help", no_argument, NULL, 'h'},
		{0},
	};
	const char *lines = NULL;
	char *end = NULL;
	int c;

	while ((c = getopt_long(argc, argv, "", longs, NULL)) >= 0) {
		if (c == 'l')
			lines = optarg;
		else if (c == 'k')
			demo->keep = true;
		else if (c == 'h')
			*ret_help = true;
		else
			return EX_USAGE;
	}
	demo->lines = optind < argc ? 0 : LINES_DEFAULT;
	if (lines) {
		long n = strtol(lines, &end, 10);

		if (!*lines || *end || n < 0 || n > DEMO_SAMPLE_LINES_MAX)
			return EX_USAGE;
		demo->lines = (unsigned)n;
	}
	return argc - optind < DEMO_FILES_MAX ? 0 : EX_USAGE;
}

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
	fputs("\n  The embedded broker is librdkafka's mock: it does not deduplicate and keeps\n"
	      "  nothing on disk. It shows the way of a line; it proves no delivery.\n"
	      "\n"
	      "  Next: point kafka.bootstrap_servers at your own Kafka: see README.md\n",
	      demo->paper.to);
	if (demo->keep)
		fprintf(demo->paper.to, "  Kept: %s\n", demo->dir);
}

/* What came of it: the exit status. */
static int conclude(struct demo *demo, int r)
{
	int agent = demo_child_stop(&demo->agent, SIGTERM,
				    r == DEMO_E_FAILED ? AGENT_FAILED_MS : AGENT_STOP_MS);
	bool good = r == 0 && agent == EX_OK;

	if (r == 0) {
		demo_run_rest(demo);
		good = demo_summary(demo) && good;
		print_next(demo);
	} else if (r < 0) {
		fprintf(stderr, "waybill: %s\n", strerror(-r));
	}
	if (r == 0 && agent != EX_OK)
		fprintf(stderr, "waybill: the agent ended with status %d\n", agent);
	if (!good && r != DEMO_E_SIGNAL && !ferror(demo->paper.to)) {
		print_messages(demo->broker_log, "broker");
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
		r = demo_run(demo);
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
	demo_child_stop(&demo->agent, SIGTERM, AGENT_STOP_MS);
	embedded_reader_free(demo->reader);
	demo_child_stop(&demo->broker, 0, BROKER_STOP_MS);
	if (demo->sample_fd >= 0)
		close(demo->sample_fd);
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
	bool help = false;
	int status, number;

	if (!demo)
		return EX_OSERR;
	demo->signals = demo->sample_fd = -1;
	status = parse(argc, argv, demo, &help);
	if (status || help) {
		fputs(usage, status ? stderr : stdout);
		free(demo);
		return status;
	}
	setlocale(LC_CTYPE, "");
	setvbuf(stdout, NULL, _IOLBF, 0);
	demo_paper_init(&demo->paper, stdout);
	status = take_signals(demo) ? EX_OSERR : run(demo, argv + optind, argc - optind);
	clean_up(demo);
	number = demo->signal;
	free(demo);
	if (number)
		die_of(number);
	return status;
}

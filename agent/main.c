/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The map of the program. One line of a log, from the file to Kafka and back:
 *
 * input/      watch (inotify) → discover (which paths) → identity (which file) → tail (bytes →
 *               events)
 *   parsers/    lines (bytes → a line), redact (what must not leave), pattern (line → fields),
 *               template (fields → text), keytype (text → a key's bytes), traceparent (is it
 *               one), timestamp and zone (text → a time)
 *   route       fields and file facts → record, a part of it in each route_* file
 *   pipeline    the way of a line, readable top to bottom; pipeline_reports: of its report, back;
 *               suspects: records that go alone; records: event → record → output, for both
 * output/     output (the interface), kafka (room, holds, recovery, what is told), producer and
 *               header_lists (librdkafka), topics, partitioner and its rules, kick (our own
 *               linger), helper (the thread that may block); terminal (preview's output), inspect
 *               (a look at the brokers, for check), embedded and consumer (the demo's Kafka, and
 *               its other end)
 *   flow/       what travels: chunk and slots, account (committed position), ranges, record, report
 *   state/      store (SQLite), writer (its thread), letters (dead letters on their way there)
 *
 * Around it:
 *
 *   agent       the loop; agent_start: start and end; agent_turn: what the loop does to files;
 *               agent_stop: signals, draining; agent_reload: a restart in place; agent_tell:
 *               status, progress, counters
 *   file, files a file and its life; all of them by inode, path and lineage; files_open: their
 *               descriptors
 *   follow      what a hint means: rotation, new files; follow_adopt: a file is taken in;
 *               follow_first: the first scan; follow_stored: files met again at a start
 *   checkpoint  what moved → one transaction
 *   conf        libconfig files → struct conf, every problem with file:line
 *   ops/        log, counters, notify (systemd), acks (--print-acks)
 *   cmd/        the commands: run, and in rooms of their own check, preview, test (its cases are
 *               runs of preview) and demo, which starts broker and sample; for all of them: options,
 *               load, finish; paper and wrap (writing to a person)
 *   base/       words used everywhere: result, slice, map, arena, decimal, iso_time, json, clock,
 *               hash
 *
 * An include names its room and points only downward; tests/floors.sh checks it.
 */
#include <stdio.h>
#include <string.h>
#include <sysexits.h>

#include "base/result.h"
#include "cmd/cmd.h"
#include "parsers/names.h"

struct command {
	const char *name;
	int (*run)(int argc, char **argv);
	const char *help; /* NULL: not listed */
};

static const struct command commands[] = {
	{"run", cmd_run, "follow the log files of a configuration and ship them to Kafka"},
	{"preview", cmd_preview, "show what the lines of a log would become, without a broker"},
	{"test", cmd_test, "compare what sample lines become with what is expected of them"},
	{"check", cmd_check, "say what is wrong before `run` does: configuration, files, topics"},
	{"demo", cmd_demo, "see it work: ship, kill, freeze, and count what arrives in Kafka"},
	{"broker", cmd_broker, NULL},
	{"sample", cmd_sample, NULL},
	{"--version", cmd_version, "versions of waybill and its libraries"},
};

static void print_help(FILE *to)
{
	fputs("waybill ships log files to Kafka, with a receipt for every line.\n\n", to);
	fputs("usage: waybill COMMAND [OPTION...]\n\n", to);
	for (size_t i = 0; i < ARRAY_LEN(commands); i++)
		if (commands[i].help)
			fprintf(to, "  %-10s %s\n", commands[i].name, commands[i].help);
	fputs("  --help     this text; `waybill COMMAND --help` for a command's options\n", to);
}

static int unknown(const char *word)
{
	const char *names[ARRAY_LEN(commands)], *near;
	size_t n = 0;

	for (size_t i = 0; i < ARRAY_LEN(commands); i++)
		if (commands[i].help)
			names[n++] = commands[i].name;
	near = names_nearest(word, names, n);
	fprintf(stderr, "waybill: unknown command \"%s\"", word);
	if (near)
		fprintf(stderr, " (did you mean \"%s\"?)", near);
	fputs("\nTry `waybill --help`.\n", stderr);
	return EX_USAGE;
}

static int run(const struct command *command, int argc, char **argv)
{
	char name[32];

	snprintf(name, sizeof name, "waybill %s", command->name);
	argv[0] = name;
	return cmd_finish(command->run(argc, argv));
}

int main(int argc, char **argv)
{
	if (argc < 2) {
		print_help(stderr);
		return EX_USAGE;
	}
	for (size_t i = 0; i < ARRAY_LEN(commands); i++)
		if (strcmp(argv[1], commands[i].name) == 0)
			return run(&commands[i], argc - 1, argv + 1);
	if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0 ||
	    strcmp(argv[1], "help") == 0) {
		print_help(stdout);
		return cmd_finish(EX_OK);
	}
	return unknown(argv[1]);
}

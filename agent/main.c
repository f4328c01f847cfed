/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The map of the program. The way of a line from its file to Kafka and back leads through these
 * rooms; each is a folder, whose README.md says what it is for and names its modules:
 *
 *   hints/      what happened, in its order
 *   resume/     where each file goes on after a start
 *   follow/     what becomes of them: rotation, copies
 *   files/      which files there are
 *   checkpoint/ what of them is stored
 *   search/     by what a file is found again that is not where it was: name, place, bytes
 *   join/       lines → events of several lines
 *   input/      patterns → hints; bytes of a file → events
 *   packed/     what is in a compressed file
 *   pipeline/   the way itself, readable top to bottom: redact, parse, route, submit; and back
 *   parsers/    (beside agent/) bytes → a line → fields → text
 *   route/      fields and facts of the file → a record
 *   output/     where records go, and to which partition; the terminal of preview
 *   kafka/      the output that is Kafka: a producer that can be thrown away
 *   instance/   one such producer, while it lives
 *   client/     its library: what it is told, and what it says
 *   login/      tokens and certificates, by which it is let in
 *   pressure/   what is in flight, by partition: what is full, what waits, when to send
 *   flow/       what travels: chunks and slots, the account of a file, records, reports
 *   state/      what survives a crash: positions and dead letters, in SQLite
 *
 * What else there is:
 *
 *   settings/   what the configuration says
 *   cluster/    what a kafka block says
 *   partitioning/ what the rules of a partitioner group say
 *   conf/       what it means: an immutable struct conf
 *   change/     what a reload has to do
 *   letters/    dead letters: into the state, and to a topic of their own
 *   view/       how things are with a running agent, for who asks
 *   control/    what is told to who asks a running agent
 *   protocol/   what goes over its socket
 *   ops/        messages, counters, the service manager, acknowledgements
 *   cmd/        the commands of the command line
 *   base/       words used everywhere
 *
 * And in agent/ itself, the agent that runs all of it in one thread:
 *
 *   agent          the loop and its sources
 *   agent_start    the start, and the end
 *   agent_look     hints, and looks at all paths, in pieces
 *   agent_limits   files and directories that wait for room
 *   agent_turn     turns of files
 *   agent_pace     those that wait for a rate
 *   agent_settle   what reports and time do to files
 *   agent_after    what follows every wake-up
 *   agent_checkpoint  checkpoints one after the other, and the last
 *   agent_letters  when dead letters have their turn
 *   agent_signals  signals
 *   agent_stop     draining
 *   agent_reload   which way a reload takes
 *   agent_change   what it changes in an agent that goes on
 *   agent_tell     status, counters
 *   agent_progress  how far files are that were behind
 *   agent_control  who asks by the control socket
 *   agent_renewal  certificates and passwords that are replaced
 *   agent_expiry   certificates and tokens that end
 *   agent_order    what is ordered by it
 *
 * An include names its room and points only downward; tests/floors.sh checks it, and this map.
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
	{"status", cmd_status, "show what is delivered, what is behind, and what it waits for"},
	{"top", cmd_top, "the same in a terminal, while it changes"},
	{"explain", cmd_explain, "say why a line is, or is not, in Kafka"},
	{"topics", cmd_topics, "let keys go by the number of partitions that a topic has now"},
	{"dead-letters", cmd_dead_letters, "show what was refused, send it again, or remove it"},
	{"checkpoint", cmd_checkpoint, "show up to where files are settled, and set it"},
	{"metrics", cmd_metrics,
	 "print the metrics of the running agent, as Prometheus reads them"},
	{"import", cmd_import, "write the configuration of another agent as one of waybill"},
	{"demo", cmd_demo, "see it work: ship, kill, freeze, and count what arrives in Kafka"},
	{"broker", cmd_broker, NULL},
	{"sample", cmd_sample, NULL},
	{"rows", cmd_rows, NULL},
	{"--version", cmd_version, "versions of waybill and its libraries"},
};

static void print_help(FILE *to)
{
	fputs("waybill ships log files to Kafka, with a receipt for every line.\n\n", to);
	fputs("usage: waybill COMMAND [OPTION...]\n\n", to);
	for (size_t i = 0; i < ARRAY_LEN(commands); i++)
		if (commands[i].help)
			fprintf(to, "  %-12s %s\n", commands[i].name, commands[i].help);
	fputs("  --help       this text; `waybill COMMAND --help` for a command's options\n", to);
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
	if (!cmd_begin())
		return EX_OSERR;
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

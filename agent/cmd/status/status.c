/* SPDX-License-Identifier: Apache-2.0 */
/* waybill status: how things are, asked of the running agent, or read from its state. */
#include <locale.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>

#include "cmd/ask.h"
#include "cmd/cmd.h"
#include "cmd/options.h"
#include "cmd/status/table.h"
#include "cmd/stored.h"

struct status_options {
	struct ask_place place;
	bool json;
};

static const struct cmd_option rows[] = {
	ASK_OPTIONS(struct status_options),
	{"json", NULL, offsetof(struct status_options, json),
	 .help = "a JSON object a line, of every file"},
};

static const struct cmd_syntax syntax = {
	.about =
		"Shows how things are with sources, files, topics and brokers: what is delivered,\n"
		"what is behind, and what it waits for. Without a running agent it shows the\n"
		"stored positions.",
	.options = rows,
	.n_options = ARRAY_LEN(rows),
	.words = "[FILE|SOURCE|TOPIC[:PARTITION]]",
	.help = "about this only; waybill@NAME: --instance",
	.words_max = 1,
};

/* A reader sees all of it. */
struct seeing {
	bool json;
	bool known;
	bool running;
	struct table table;
};

static int see(void *context, struct slice line, const struct object *object)
{
	struct seeing *seeing = context;

	if (object_number(object, "known", 1) == 0)
		seeing->known = false;
	if (object_number(object, "running", 1) == 0)
		seeing->running = false;
	if (!seeing->json)
		return table_line(&seeing->table, object);
	fwrite(line.at, 1, line.len, stdout);
	putchar('\n');
	/* cmd_finish says whether it could be written. */
	return 0;
}

static int show(struct status_options *options, const char *word)
{
	struct request request = {
		.kind = REQUEST_STATUS,
		.limit = options->json ? 0 : WORST_FILES,
	};
	struct seeing seeing = {.json = options->json, .known = true, .running = true};
	int r;

	if (!ask_about(&request, word))
		return EX_USAGE;
	paper_init(&seeing.table.paper, stdout);
	seeing.table.one = word;
	r = ask(&options->place, &request, see, &seeing);
	if (r == ASK_E_NOBODY && *options->place.dir)
		r = stored_see(&options->place, &request, see, &seeing);
	else if (r == ASK_E_NOBODY)
		fprintf(stderr, "waybill: no agent answers at %s\n", options->place.path);
	table_end(&seeing.table);
	if (r < 0)
		fprintf(stderr, "waybill: %s\n", strerror(-r));
	if (r)
		return r < 0 ? EX_OSERR : EX_UNAVAILABLE;
	if (!seeing.known)
		fprintf(stderr, "waybill: no file%s is known as \"%s\"%s\n",
			seeing.running ? ", source or topic" : "", word,
			!seeing.running   ? ", and without an agent nothing else is known" :
			strchr(word, '/') ? ": `waybill explain` says why" :
					    "");
	return seeing.known ? EX_OK : EX_NOINPUT;
}

int cmd_status(int argc, char **argv)
{
	struct status_options options = {0};
	struct cmd_words words;
	const char *word;
	int status = cmd_read_options(&syntax, argc, argv, &options, &words);

	if (status != CMD_GO_ON)
		return status;
	setlocale(LC_CTYPE, "");
	word = words.at[0];
	/* As systemd calls it. */
	if (word && strncmp(word, "waybill@", strlen("waybill@")) == 0) {
		options.place.instance = word + strlen("waybill@");
		word = NULL;
	}
	status = ask_find(&options.place);
	return status ? status : show(&options, word);
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * waybill checkpoint: up to where each file is settled, and another place to go on at. Lines are
 * shipped again, or never, by this: so it is asked first, and logged with who ordered it.
 */
#include <errno.h>
#include <inttypes.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "cmd/amount.h"
#include "cmd/checkpoint/rows.h"
#include "cmd/cmd.h"
#include "cmd/options.h"
#include "cmd/ordering.h"
#include "cmd/paper.h"
#include "cmd/stored.h"

struct checkpoint_options {
	struct ask_place place;
	bool json, dry_run, yes;
};

static const struct cmd_option options_rows[] = {
	ASK_OPTIONS(struct checkpoint_options),
	{"json", NULL, offsetof(struct checkpoint_options, json),
	 .help = "list, show: a JSON object a line"},
	{"dry-run", NULL, offsetof(struct checkpoint_options, dry_run),
	 .help = "only say what would be changed"},
	{"yes", NULL, offsetof(struct checkpoint_options, yes), .help = "do not ask"},
};

static const struct cmd_syntax syntax = {
	.about = "Shows up to where files are settled, and sets one to another position.",
	.options = options_rows,
	.n_options = ARRAY_LEN(options_rows),
	.words = "ACTION [FILE] [POSITION]",
	.help = "list; show FILE; set FILE POSITION (in bytes, at\n"
		"the start of a line, or \"end\"); reset FILE (to 0)",
	.words_min = 1,
	.words_max = 3,
	.missing = "list, show, set or reset?",
};

/* Files of an answer. */
struct files_seen {
	struct paper paper;
	bool json, details;
	uint64_t n;
};

static void show_row(struct files_seen *seen, const struct object *file)
{
	char lag[AMOUNT_MAX];

	if (!seen->n)
		fprintf(seen->paper.to, "%s%14s %14s %9s  Path%s\n", seen->paper.bold, "Position",
			"size", "lag", seen->paper.plain);
	fprintf(seen->paper.to, "%14" PRId64 " %14" PRId64 " %9s  ",
		object_number(file, "position", 0), object_number(file, "size", -1),
		amount_size(object_number(file, "lag_bytes", -1), lag));
	paper_print_path(&seen->paper, object_text(file, "path") ?: "?");
	fputc('\n', seen->paper.to);
}

static void show_details(const struct files_seen *seen, const struct object *file)
{
	static const char *const texts[] = {"path", "source", "state", "waits_for"};
	static const char *const numbers[] = {"position", "read", "size", "lag_bytes", "in_flight"};

	for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
		fprintf(seen->paper.to, "%-10s ", texts[i]);
		paper_print_path(&seen->paper, object_text(file, texts[i]) ?: "-");
		fputc('\n', seen->paper.to);
	}
	for (size_t i = 0; i < ARRAY_LEN(numbers); i++)
		fprintf(seen->paper.to, "%-10s %" PRId64 "\n", numbers[i],
			object_number(file, numbers[i], -1));
}

static int see(void *context, struct slice line, const struct object *object)
{
	struct files_seen *seen = context;

	if (strcmp(object_text(object, "kind") ?: "", "file") != 0)
		return 0;
	if (seen->json)
		fprintf(seen->paper.to, "%.*s\n", (int)line.len, line.at);
	else if (seen->details)
		show_details(seen, object);
	else
		show_row(seen, object);
	seen->n++;
	return 0;
}

/* Of the agent, or of its state. 0, or the exit status. */
static int see_files(const struct ask_place *place, const char *word, ask_see *how, void *seen)
{
	struct request request = {.kind = REQUEST_STATUS};
	int r;

	if (!ask_about(&request, word))
		return EX_USAGE;
	r = ask(place, &request, how, seen);
	if (r == ASK_E_NOBODY && *place->dir)
		r = stored_see(place, &request, how, seen);
	else if (r == ASK_E_NOBODY)
		fprintf(stderr, "waybill: no agent answers at %s\n", place->path);
	if (r < 0)
		fprintf(stderr, "waybill: %s\n", strerror(-r));
	return r < 0 ? EX_OSERR : r ? EX_UNAVAILABLE : 0;
}

static int unknown(const char *word)
{
	fprintf(stderr, "waybill: no file is known as \"%s\"\n", word);
	return EX_NOINPUT;
}

static int show(const struct checkpoint_options *options, const char *word, bool details)
{
	struct files_seen seen = {.json = options->json, .details = details};
	int status;

	paper_init(&seen.paper, stdout);
	status = see_files(&options->place, word, see, &seen);
	return !status && !seen.n && word ? unknown(word) : status;
}

/* What a set is about. A path is that of one file, also while others are generations of it. */
struct named {
	const struct request *request;
	bool exact; /* by its path, not by its source or its generations */
	uint64_t n;
	int64_t position, size; /* size -1: it is compressed */
	char path[PATH_MAX];    /* of the last one */
};

static int count(void *context, struct slice line, const struct object *object)
{
	struct named *named = context;
	const char *path = object_text(object, "path") ?: "";
	bool exact =
		strcmp(path, named->request->about) == 0 || strcmp(path, named->request->path) == 0;

	(void)line;
	if (strcmp(object_text(object, "kind") ?: "", "file") != 0 || (named->exact && !exact))
		return 0;
	if (exact && !named->exact)
		named->n = 0;
	named->exact = exact;
	named->n++;
	named->position = object_number(object, "position", -1);
	named->size = object_number(object, "size", -1);
	snprintf(named->path, sizeof named->path, "%s", path);
	return 0;
}

/* False: it is none. -1: the end. */
static bool take_position(const char *word, int64_t *ret_position)
{
	char *end;

	*ret_position = -1;
	if (strcmp(word, "end") == 0)
		return true;
	errno = 0;
	*ret_position = strtoll(word, &end, 10);
	return !errno && end != word && !*end && *ret_position >= 0;
}

/* The exit status. */
static int carry_out(const struct checkpoint_options *options, const struct request *request)
{
	struct ordering ordering;
	uint64_t from = 0, to = 0;
	int r = ordering_carry_out(&options->place, request, 1, &ordering);

	if (r == ASK_E_NOBODY && *options->place.dir) {
		r = rows_set(&options->place, request, &from, &to);
		if (!r)
			printf("set: from position %" PRIu64 " to %" PRIu64 "\n", from, to);
		return r < 0 ? EX_IOERR : r ? EX_UNAVAILABLE : EX_OK;
	}
	if (r == ASK_E_NOBODY)
		fprintf(stderr, "waybill: no agent answers at %s\n", options->place.path);
	if (r)
		return EX_UNAVAILABLE;
	if (ordering.failed) {
		fprintf(stderr, "waybill: %s: %s\n", request->about, ordering.words);
		return EX_UNAVAILABLE;
	}
	printf("set: %s\n", ordering.words);
	return EX_OK;
}

/* The one file that the request is about, which has its path from then on. 0, or exit status. */
static int find(const struct checkpoint_options *options, const char *word, struct request *request,
		struct named *ret_named)
{
	struct named *named = ret_named;
	int status;

	*named = (struct named){.request = request};

	if (!ask_about(request, word))
		return EX_USAGE;
	status = see_files(&options->place, word, count, named);
	if (status)
		return status;
	if (named->n == 0)
		return unknown(word);
	if (named->n > 1) {
		fprintf(stderr,
			"waybill: \"%s\" is the name of %" PRIu64
			" files: name one of them (`waybill checkpoint list`)\n",
			word, named->n);
		return EX_NOINPUT;
	}
	if (!named->exact)
		memcpy(request->about, named->path, sizeof named->path);
	return 0;
}

static int set(const struct checkpoint_options *options, const char *word, int64_t position)
{
	struct request request = {.kind = REQUEST_SET, .position = position};
	char question[256], where[32];
	const char *doubt = NULL;
	struct named named;
	int64_t now;
	int status = find(options, word, &request, &named);

	if (status)
		return status;
	now = named.position;
	if (options->dry_run && position > 0 && named.size >= 0)
		doubt = rows_doubt(&options->place, named.path, &request);
	if (doubt) {
		fprintf(stderr, "waybill: %s: %s\n", request.about, doubt);
		return EX_UNAVAILABLE;
	}
	snprintf(where, sizeof where, position < 0 ? "its end" : "%" PRId64, position);
	snprintf(question, sizeof question,
		 "It is at position %" PRId64 ", and will go on at %s: lines %s.", now, where,
		 position >= 0 && position < now ? "come again" : "between are not shipped");
	if (options->dry_run) {
		printf("%s\n", question);
		return EX_OK;
	}
	if (!options->yes && !ordering_confirmed(question))
		return EX_USAGE;
	return carry_out(options, &request);
}

static int wrong(const char *why)
{
	fprintf(stderr, "waybill checkpoint: %s\n", why);
	return EX_USAGE;
}

int cmd_checkpoint(int argc, char **argv)
{
	struct checkpoint_options options = {0};
	struct cmd_words words;
	int64_t position = 0;
	const char *action;
	int status = cmd_read_options(&syntax, argc, argv, &options, &words);

	if (status != CMD_GO_ON)
		return status;
	action = words.at[0];
	if (strcmp(action, "list") != 0 && words.n < 2)
		return wrong("which file?");
	status = ask_find(&options.place);
	if (status)
		return status;
	if (strcmp(action, "list") == 0 && words.n < 3)
		return show(&options, words.at[1], false);
	if (strcmp(action, "show") == 0 && words.n == 2)
		return show(&options, words.at[1], true);
	if (strcmp(action, "reset") == 0 && words.n == 2)
		return set(&options, words.at[1], 0);
	if (strcmp(action, "set") == 0 && words.n == 3 && take_position(words.at[2], &position))
		return set(&options, words.at[1], position);
	return wrong("list [FILE], show FILE, set FILE POSITION or reset FILE");
}

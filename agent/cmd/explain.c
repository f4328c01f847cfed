/* SPDX-License-Identifier: Apache-2.0 */
/*
 * waybill explain: why a line is, or is not, in Kafka. The agent knows positions; which one a line
 * has is counted here, with the rights of whoever asks, for the agent is not asked to read for
 * others. How lines end in the file the agent is asked first.
 */
#include <errno.h>
#include <inttypes.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "cmd/ask.h"
#include "cmd/cmd.h"
#include "cmd/nth.h"
#include "cmd/options.h"
#include "cmd/whose.h"
#include "cmd/wrap.h"

struct explain_options {
	struct ask_place place;
	bool json;
};

static const struct cmd_option rows[] = {
	ASK_OPTIONS(struct explain_options),
	{"json", NULL, offsetof(struct explain_options, json), .help = "the answer as JSON"},
};

static const struct cmd_syntax syntax = {
	.about = "Says where a line is on its way to Kafka, or why its file is not followed.",
	.options = rows,
	.n_options = ARRAY_LEN(rows),
	.words = "FILE[:LINE|@POSITION]",
	.help = "LINE counts from 1, POSITION is in bytes; without\nthem: the whole file",
	.words_min = 1,
	.words_max = 1,
	.missing = "which file?",
};

static int see(void *context, struct slice line, const struct object *object)
{
	const bool *json = context;
	const char *words = object_text(object, "words");

	if (!words)
		return 0;
	if (*json) {
		fwrite(line.at, 1, line.len, stdout);
		putchar('\n');
	} else {
		size_t column = wrap_nothing(stdout, object_text(object, "verdict") ?: "?",
					     strlen(object_text(object, "verdict") ?: "?"));

		column += (size_t)printf(": ");
		wrap_text(stdout, words, strlen(words), column, 4);
	}
	return 0;
}

/* The number behind the last `mark`, which is cut off with it; -1: there is none. */
static int64_t take_number(char *word, char mark)
{
	char *at = strrchr(word, mark);
	uint64_t number;

	if (!at || !at[1] || at == word || strspn(at + 1, "0123456789") != strlen(at + 1))
		return -1;
	errno = 0;
	number = strtoull(at + 1, NULL, 10);
	if (errno || number > INT64_MAX || access(word, F_OK) == 0)
		return -1;
	*at = '\0';
	return (int64_t)number;
}

/* How lines of the file end, and whether it is compressed. */
struct ends {
	struct line_rules rules;
	bool packed;
};

/* As the agent says; as they do everywhere where it does not know. */
static int see_line_end(void *context, UNUSED struct slice line, const struct object *object)
{
	const char *text = object_text(object, "line_end");
	struct ends *ends = context;
	struct line_rules *rules = &ends->rules;
	size_t n = 0;
	unsigned byte;

	for (; text && n < LINES_END_MAX && sscanf(text + 2 * n, "%2x", &byte) == 1; n++) {
		rules->end[n] = (char)byte;
		rules->end_len = (uint8_t)(n + 1);
	}
	if (text)
		rules->wide = object_number(object, "line_unit", 1) == 2;
	ends->packed |= object_number(object, "packed", 0) > 0;
	return 0;
}

/* Where the line of this number begins. 0; otherwise the exit status, after a message. */
static int find_line(const char *path, int64_t line, struct ends *ends, int64_t *ret_position)
{
	int r = nth_line(path, line, &ends->rules, ends->packed, ret_position);

	if (r == NTH_E_NONE)
		fprintf(stderr, "waybill: %s has no line %" PRId64 "\n", path, line);
	else if (r)
		fprintf(stderr, "waybill: %s: %s\n", path,
			r == NTH_E_SPECIAL ? "it is no regular file: its lines cannot be counted" :
			r > 0              ? "it cannot be unpacked as far as to that line" :
					     strerror(-r));
	return r == -EACCES ? EX_NOPERM : r ? EX_NOINPUT : 0;
}

/* The number of the line is *ret_line, -1 without one. False, after a message. Cuts the word. */
static bool understand(char *word, struct request *request, int64_t *ret_line)
{
	char real[PATH_MAX];

	*request = (struct request){.kind = REQUEST_EXPLAIN, .position = -1};
	*ret_line = take_number(word, ':');
	if (*ret_line < 0)
		request->position = take_number(word, '@');
	if (!ask_about(request, word))
		return false;
	if (whose_name(word, real) == 0)
		memcpy(request->about, real, sizeof real);
	return true;
}

/* Asks, and of a line first what its position is. As ask; *ret_status where it has none. */
static int ask_both(const struct explain_options *options, struct request *request, int64_t line,
		    int *ret_status)
{
	struct ends ends = {.rules = {.end = "\n", .end_len = 1}};
	int r = 0;

	*ret_status = 0;
	if (line >= 0)
		r = ask(&options->place, request, see_line_end, &ends);
	if (!r && line >= 0)
		*ret_status = find_line(request->about, line, &ends, &request->position);
	/* Of one that is gone the agent may know why, or what was lost of it. */
	if (r || (*ret_status && access(request->about, F_OK) == 0))
		return r;
	return ask(&options->place, request, see, (void *)(uintptr_t)&options->json);
}

int cmd_explain(int argc, char **argv)
{
	struct explain_options options = {0};
	struct request request;
	struct cmd_words words;
	int64_t line;
	int r, status = cmd_read_options(&syntax, argc, argv, &options, &words);

	if (status != CMD_GO_ON)
		return status;
	status = ask_find(&options.place);
	if (status)
		return status;
	if (!understand(words.at[0], &request, &line))
		return EX_USAGE;
	r = ask_both(&options, &request, line, &status);
	if (r == ASK_E_NOBODY)
		fprintf(stderr,
			"waybill: no agent answers at %s (`waybill status FILE` reads the state)\n",
			options.place.path);
	return r ? EX_UNAVAILABLE : status;
}

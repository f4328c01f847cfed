/* SPDX-License-Identifier: Apache-2.0 */
/*
 * waybill explain: why a line is, or is not, in Kafka. The agent knows positions; which one a line
 * has is counted here, with the rights of whoever asks, for the agent is not asked to read for
 * others.
 */
#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "cmd/ask.h"
#include "cmd/cmd.h"
#include "cmd/options.h"
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

/* Where the line of this number begins. 0; otherwise the exit status, after a message. */
static int find_line(const char *path, int64_t line, int64_t *ret_position)
{
	FILE *file = fopen(path, "re");
	int64_t position = 0, left = line - 1;
	int c;

	if (!file) {
		fprintf(stderr, "waybill: %s: %s\n", path, strerror(errno));
		return errno == EACCES ? EX_NOPERM : EX_NOINPUT;
	}
	while (left > 0 && (c = getc_unlocked(file)) != EOF) {
		position++;
		left -= c == '\n';
	}
	fclose(file);
	if (line < 1 || left) {
		fprintf(stderr, "waybill: %s has no line %" PRId64 "\n", path, line);
		return EX_NOINPUT;
	}
	*ret_position = position;
	return 0;
}

/* The file as the agent may know it; one that is not there, too. "": it cannot be said. */
static void find_path(const char *word, char ret_path[PATH_MAX])
{
	char real[PATH_MAX], dir[PATH_MAX];
	int len = 0;

	if (realpath(word, real))
		len = snprintf(ret_path, PATH_MAX, "%s", real);
	else if (word[0] != '/' && getcwd(dir, sizeof dir))
		len = snprintf(ret_path, PATH_MAX, "%s/%s", dir, word);
	if (len <= 0 || len >= PATH_MAX)
		ret_path[0] = '\0';
}

/* 0; otherwise the exit status, after a message. Cuts the word. */
static int understand(char *word, struct request *request)
{
	int64_t line = take_number(word, ':');
	int status = 0;

	*request = (struct request){.kind = REQUEST_EXPLAIN, .position = -1};
	if (line >= 0)
		status = find_line(word, line, &request->position);
	else
		request->position = take_number(word, '@');
	if (status)
		return status;
	if (snprintf(request->about, sizeof request->about, "%s", word) >= PATH_MAX) {
		fputs("waybill: that name is too long\n", stderr);
		return EX_USAGE;
	}
	find_path(word, request->path);
	return 0;
}

int cmd_explain(int argc, char **argv)
{
	struct explain_options options = {0};
	struct request request;
	struct cmd_words words;
	int r, status = cmd_read_options(&syntax, argc, argv, &options, &words);

	if (status != CMD_GO_ON)
		return status;
	status = ask_find(&options.place);
	if (!status)
		status = understand(words.at[0], &request);
	if (status)
		return status;
	r = ask(&options.place, &request, see, &options.json);
	if (r == ASK_E_NOBODY)
		fprintf(stderr, "waybill: no agent answers at %s\n", options.place.path);
	return r ? EX_UNAVAILABLE : EX_OK;
}

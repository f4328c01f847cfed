/* SPDX-License-Identifier: Apache-2.0 */
/*
 * waybill explain: why a line is, or is not, in Kafka. The agent knows positions; which one a line
 * has is counted here, with the rights of whoever asks, for the agent is not asked to read for
 * others. How lines end in the file the agent is asked first.
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
#include "parsers/charset.h"
#include "parsers/lines.h"

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

/* How lines end, as the agent says; as they do everywhere where it does not know. */
static int see_line_end(void *context, UNUSED struct slice line, const struct object *object)
{
	const char *text = object_text(object, "line_end");
	struct line_rules *rules = context;
	size_t n = 0;
	unsigned byte;

	for (; text && n < LINES_END_MAX && sscanf(text + 2 * n, "%2x", &byte) == 1; n++) {
		rules->end[n] = (char)byte;
		rules->end_len = (uint8_t)(n + 1);
	}
	if (text)
		rules->wide = object_number(object, "line_unit", 1) == 2;
	return 0;
}

/* Of UTF-16 the mark of the file says which of the two it is. */
static void look_at_mark(struct slice start, struct line_rules *rules)
{
	if (rules->wide && (charset_is_utf16(start) || charset_is_big(start)))
		memcpy(rules->end, charset_is_big(start) ? "\0\n" : "\n\0", 2);
}

/* Bytes of the file in front of the line behind `left` line ends; -1: there are fewer. */
static int64_t count_lines(FILE *file, struct line_rules *rules, int64_t left)
{
	char bytes[1 << 16];
	size_t kept = 0, n;
	int64_t before = 0; /* the first byte of the buffer */

	while (left > 0 && (n = fread(bytes + kept, 1, sizeof bytes - kept, file)) > 0) {
		size_t len = kept + n, at = 0, end;

		if (before == 0)
			look_at_mark((struct slice){bytes, len}, rules);
		while (left > 0 &&
		       (end = lines_find_end((struct slice){bytes + at, len - at}, rules))) {
			at += end;
			left--;
		}
		if (left == 0)
			return before + (int64_t)at;
		/* What may be the beginning of an end; whole pairs of bytes, where these count. */
		kept = lines_end_rest(rules) < len - at ? lines_end_rest(rules) : len - at;
		kept += rules->wide && (len - kept) & 1 && kept < len - at;
		before += (int64_t)(len - kept);
		memmove(bytes, bytes + len - kept, kept);
	}
	return left ? -1 : before;
}

/* Where the line of this number begins. 0; otherwise the exit status, after a message. */
static int find_line(const char *path, int64_t line, struct line_rules *rules,
		     int64_t *ret_position)
{
	FILE *file = fopen(path, "re");

	if (!file) {
		fprintf(stderr, "waybill: %s: %s\n", path, strerror(errno));
		return errno == EACCES ? EX_NOPERM : EX_NOINPUT;
	}
	*ret_position = line < 1 ? -1 : count_lines(file, rules, line - 1);
	fclose(file);
	if (*ret_position >= 0)
		return 0;
	fprintf(stderr, "waybill: %s has no line %" PRId64 "\n", path, line);
	return EX_NOINPUT;
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

/* The number of the line is *ret_line, -1 without one. False, after a message. Cuts the word. */
static bool understand(char *word, struct request *request, int64_t *ret_line)
{
	*request = (struct request){.kind = REQUEST_EXPLAIN, .position = -1};
	*ret_line = take_number(word, ':');
	if (*ret_line < 0)
		request->position = take_number(word, '@');
	if (snprintf(request->about, sizeof request->about, "%s", word) >= PATH_MAX) {
		fputs("waybill: that name is too long\n", stderr);
		return false;
	}
	find_path(word, request->path);
	return true;
}

/* Asks, and of a line first what its position is. As ask; *ret_status where it has none. */
static int ask_both(const struct explain_options *options, struct request *request, int64_t line,
		    int *ret_status)
{
	struct line_rules rules = {.end = "\n", .end_len = 1};
	int r = 0;

	*ret_status = 0;
	if (line >= 0)
		r = ask(&options->place, request, see_line_end, &rules);
	if (!r && line >= 0)
		*ret_status = find_line(request->about, line, &rules, &request->position);
	if (r || *ret_status)
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
		fprintf(stderr, "waybill: no agent answers at %s\n", options.place.path);
	return r ? EX_UNAVAILABLE : status;
}

/* SPDX-License-Identifier: Apache-2.0 */
/* waybill dead-letters: what Kafka or a policy refused is looked at, sent again, or removed. */
#include "cmd/letters/told.h"

#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "cmd/cmd.h"
#include "cmd/letters/change.h"
#include "cmd/letters/show.h"
#include "cmd/options.h"

static const struct cmd_option rows[] = {
	ASK_OPTIONS(struct letters_options),
	{"json", NULL, offsetof(struct letters_options, json),
	 .help = "list: a JSON object a line"},
	{"content", NULL, offsetof(struct letters_options, content),
	 .help = "show: key, value and headers, in base64"},
	{"all", NULL, offsetof(struct letters_options, all), .help = "replay, drop: all of them"},
	{"dry-run", NULL, offsetof(struct letters_options, dry_run),
	 .help = "only say what would be changed"},
	{"yes", NULL, offsetof(struct letters_options, yes), .help = "do not ask"},
};

static const struct cmd_syntax syntax = {
	.about = "Shows records that were refused and kept, sends them again, or removes them.",
	.options = rows,
	.n_options = ARRAY_LEN(rows),
	.words = "ACTION [WHICH]",
	.help = "list, show, export, replay or drop; WHICH is ID,\n"
		"ID-ID, a source, a topic or a file; without it: all",
	.words_min = 1,
	.words_max = 2,
	.missing = "list, show, export, replay or drop?",
	.more = "export prints all of a letter as JSON, its bytes in base64. replay sends letters\n"
		"through the running agent, and removes each when Kafka has acknowledged it.",
};

/* Digits at *at, which moves behind them. False: there are none, or too many. */
static bool take_id(const char **at, uint64_t *ret_id)
{
	const size_t len = strspn(*at, "0123456789");

	errno = 0;
	*ret_id = strtoull(*at, NULL, 10);
	*at += len;
	return len && !errno && *ret_id <= INT64_MAX;
}

/* "12" or "12-40". False: it is a name, as "12-" is, for it must not be taken for all of them. */
static bool take_ids(const char *word, struct request *request)
{
	uint64_t first, last;

	if (!word || !take_id(&word, &first))
		return false;
	last = first;
	if (*word == '-') {
		word++;
		if (!take_id(&word, &last))
			return false;
	}
	if (*word)
		return false;
	request->first = first;
	request->last = last;
	return true;
}

static int carry_out(const struct letters_options *options, const char *action,
		     struct request *request, bool chosen)
{
	struct letters_options with_content = *options;

	if (strcmp(action, "list") == 0)
		return show_letters(options, request, options->json ? SHOW_JSON : SHOW_TABLE);
	if (strcmp(action, "show") == 0)
		return show_letters(options, request, SHOW_ONE);
	if (strcmp(action, "export") == 0) {
		with_content.content = true;
		return show_letters(&with_content, request, SHOW_JSON);
	}
	if (strcmp(action, "replay") != 0 && strcmp(action, "drop") != 0) {
		fprintf(stderr, "waybill: \"%s\" is none of %s\n", action, syntax.missing);
		return EX_USAGE;
	}
	if (!chosen && !options->all) {
		fprintf(stderr, "waybill: %s which ones? --all is all of them\n", action);
		return EX_USAGE;
	}
	return change_letters(options, request, *action == 'd' ? REQUEST_DROP : REQUEST_REPLAY);
}

int cmd_dead_letters(int argc, char **argv)
{
	struct request request = {.first = 1, .last = INT64_MAX};
	struct letters_options options = {0};
	struct cmd_words words;
	const char *which;
	int status = cmd_read_options(&syntax, argc, argv, &options, &words);

	if (status != CMD_GO_ON)
		return status;
	which = words.n > 1 ? words.at[1] : NULL;
	if (!take_ids(which, &request) && !ask_about(&request, which))
		return EX_USAGE;
	status = ask_find(&options.place);
	return status ? status : carry_out(&options, words.at[0], &request, which != NULL);
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * waybill topics accept TOPIC: its keys go by the number of partitions that it has now. A running
 * agent is told by its control socket; without one the number is taken out of the state, so that
 * the next start takes the one that it finds.
 */
#include <errno.h>
#include <inttypes.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "cmd/ask.h"
#include "cmd/cmd.h"
#include "cmd/options.h"
#include "state/store.h"

struct topics_options {
	struct ask_place place;
};

static const struct cmd_option rows[] = {
	ASK_OPTIONS(struct topics_options),
};

static const struct cmd_syntax syntax = {
	.about = "With on_partition_change = \"pause\" or \"pin\": the keys of TOPIC go by the\n"
		 "number of partitions that it has now, and its files go on.",
	.options = rows,
	.n_options = ARRAY_LEN(rows),
	.words = "accept TOPIC",
	.words_min = 2,
	.words_max = 2,
	.missing = "accept which topic?",
};

static int see(void *context, struct slice line, const struct object *object)
{
	const char *topic = object_text(object, "topic");

	(void)context, (void)line;
	if (!topic)
		return 0;
	printf("topic %s: its keys go by %" PRId64 " partitions", topic,
	       object_number(object, "partitions", 0));
	if (object_number(object, "changed", 0))
		printf(", %" PRId64 " before\n", object_number(object, "before", 0));
	else
		puts(", as before");
	return 0;
}

struct looked_for {
	const char *name;
	bool found;
};

static void look_for(void *context, const struct store_topic *topic)
{
	struct looked_for *looked_for = context;

	looked_for->found = looked_for->found || strcmp(topic->name, looked_for->name) == 0;
}

/* Nobody runs: what the state remembers of the topic is forgotten. An exit status. */
static int forget(const struct ask_place *place, const char *name)
{
	const struct store_topic topic = {.name = name};
	const struct store_batch batch = {.topics = &topic, .n_topics = 1};
	struct looked_for looked_for = {.name = name};
	char message[512] = "", path[PATH_MAX];
	struct store *store;
	int r;

	if (!*place->dir ||
	    snprintf(path, sizeof path, "%s/waybill.db", place->dir) >= (int)sizeof path ||
	    access(path, F_OK) < 0) {
		fprintf(stderr, "waybill: no agent answers at %s, and there is no state\n",
			place->path);
		return EX_UNAVAILABLE;
	}
	r = store_open(place->dir, &store, message, sizeof message);
	if (r) {
		fprintf(stderr, "waybill: %s: %s\n", place->dir,
			*message ? message : strerror(r < 0 ? -r : EIO));
		return EX_UNAVAILABLE;
	}
	r = store_topics(store, look_for, &looked_for);
	if (!r && !looked_for.found) {
		fprintf(stderr, "waybill: %s: it remembers nothing of a topic \"%s\"\n", path,
			name);
		store_close(store);
		return EX_NOINPUT;
	}
	if (r)
		snprintf(message, sizeof message, "%s", strerror(-r));
	else
		r = store_write(store, &batch, message, sizeof message);
	store_close(store);
	if (r) {
		fprintf(stderr, "waybill: %s: %s\n", place->dir, message);
		return EX_IOERR;
	}
	printf("topic %s: its keys go by the number of partitions that the next start finds\n",
	       name);
	return EX_OK;
}

int cmd_topics(int argc, char **argv)
{
	struct topics_options options = {0};
	struct request request = {.kind = REQUEST_ACCEPT, .position = -1};
	struct cmd_words words;
	int r, status = cmd_read_options(&syntax, argc, argv, &options, &words);

	if (status != CMD_GO_ON)
		return status;
	if (strcmp(words.at[0], "accept") != 0) {
		fprintf(stderr, "waybill topics: \"%s\": there is only \"accept\"\n", words.at[0]);
		return EX_USAGE;
	}
	if (snprintf(request.about, sizeof request.about, "%s", words.at[1]) >= PATH_MAX) {
		fputs("waybill: that name is too long\n", stderr);
		return EX_USAGE;
	}
	status = ask_find(&options.place);
	if (status)
		return status;
	r = ask(&options.place, &request, see, NULL);
	if (r == ASK_E_NOBODY)
		return forget(&options.place, request.about);
	return r ? EX_UNAVAILABLE : EX_OK;
}

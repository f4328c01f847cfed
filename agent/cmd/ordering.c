/* SPDX-License-Identifier: Apache-2.0 */
/* The agent carries an order out by itself: who waits for it only looks, and may leave. */
#include "cmd/ordering.h"

#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/progress.h"
#include "cmd/amount.h"
#include "cmd/paper.h"

/* So often it is asked how the order stands. */
#define LOOK_MS 200

bool ordering_confirmed(const char *question)
{
	char answer[16];

	if (!isatty(STDIN_FILENO)) {
		fputs("waybill: nobody can be asked: --yes does it, --dry-run says what it would "
		      "do\n",
		      stderr);
		return false;
	}
	printf("%s Go on? [y/N] ", question);
	fflush(stdout);
	return fgets(answer, sizeof answer, stdin) && (answer[0] == 'y' || answer[0] == 'Y');
}

struct standing {
	struct ordering *ordering;
	uint64_t number;
	bool open;
};

static int look(void *context, struct slice line, const struct object *object)
{
	struct standing *standing = context;
	struct ordering *ordering = standing->ordering;
	const char *state = object_text(object, "state") ?: "?";

	(void)line;
	if (strcmp(object_text(object, "kind") ?: "", "order") != 0)
		return 0;
	standing->number = (uint64_t)object_number(object, "number", 0);
	standing->open = strcmp(state, "given") == 0 || strcmp(state, "running") == 0;
	ordering->done = (uint64_t)object_number(object, "done", 0);
	ordering->bytes = (uint64_t)object_number(object, "bytes", 0);
	ordering->refused = (uint64_t)object_number(object, "refused", 0);
	ordering->failed = strcmp(state, "failed") == 0;
	snprintf(ordering->words, sizeof ordering->words, "%s", object_text(object, "words") ?: "");
	return 0;
}

/* "120 of 4000, 1.2 MiB, 40/s, 97 s left", or what it waits for. */
static void draw(struct paper *paper, const struct ordering *ordering, uint64_t all,
		 struct progress *progress)
{
	uint64_t left = all > ordering->done ? all - ordering->done : 0;
	char text[160], size[AMOUNT_MAX], time[AMOUNT_MAX], pace[64] = "";
	int64_t seconds;

	if (!paper->redraws)
		return;
	progress_look(progress, left, ordering->done, clock_mono_us());
	seconds = progress_seconds(progress);
	if (seconds >= 0)
		snprintf(pace, sizeof pace, ", %.0f/s, %s left", progress->rate,
			 amount_time(seconds, time));
	snprintf(text, sizeof text, "%" PRIu64 " of %" PRIu64 ", %s%s%s%.40s", ordering->done, all,
		 amount_size((int64_t)ordering->bytes, size), *ordering->words ? "" : pace,
		 *ordering->words ? ": " : "", ordering->words);
	text[79] = '\0';
	paper_draw(paper, text);
}

/* 0: it is done, or has failed. ASK_E_FAILED after a message. */
static int wait_for(const struct ask_place *place, struct standing *standing, uint64_t all)
{
	const struct request how = {.kind = REQUEST_ORDER, .number = standing->number};
	uint64_t number = standing->number;
	struct progress progress = {0};
	struct paper paper;
	int r = 0;

	paper_init(&paper, stdout);
	while (!r && standing->open) {
		draw(&paper, standing->ordering, all, &progress);
		(void)!poll(NULL, 0, LOOK_MS);
		r = ask(place, &how, look, standing);
		if (r == ASK_E_NOBODY || (!r && standing->number != number)) {
			fprintf(stderr,
				"waybill: the agent at %s was stopped or restarted: what was not "
				"done by then is as it was before\n",
				place->path);
			r = ASK_E_FAILED;
		}
	}
	paper_clear(&paper);
	return r;
}

int ordering_carry_out(const struct ask_place *place, const struct request *request, uint64_t all,
		       struct ordering *ret_ordering)
{
	struct standing standing = {.ordering = ret_ordering};
	int r;

	*ret_ordering = (struct ordering){0};
	r = ask(place, request, look, &standing);
	return r ? r : wait_for(place, &standing, all);
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What would be changed is counted first, and said; the order is for those letters, not for what
 * becomes a dead letter meanwhile.
 */
#include "cmd/letters/change.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>

#include "cmd/amount.h"
#include "cmd/letters/kept.h"
#include "cmd/ordering.h"

struct chosen {
	uint64_t n, bytes, first, last;
};

static int count(void *context, struct slice line, const struct object *object)
{
	struct chosen *chosen = context;
	uint64_t id = (uint64_t)object_number(object, "id", 0);

	(void)line;
	if (strcmp(object_text(object, "kind") ?: "", "letter") != 0)
		return 0;
	chosen->first = chosen->n++ ? chosen->first : id;
	chosen->last = id;
	chosen->bytes += (uint64_t)object_number(object, "key_bytes", 0) +
			 (uint64_t)object_number(object, "value_bytes", 0);
	return 0;
}

static const char *doing(enum request_kind kind)
{
	return kind == REQUEST_DROP ? "removed" : "sent again";
}

/* What is asked before it is done. */
static bool is_confirmed(const struct letters_options *options, const struct chosen *chosen,
			 enum request_kind kind)
{
	char size[AMOUNT_MAX], question[160];

	snprintf(question, sizeof question, "%" PRIu64 " dead letter%s, %s, will be %s%s.",
		 chosen->n, chosen->n == 1 ? "" : "s", amount_size((int64_t)chosen->bytes, size),
		 doing(kind), kind == REQUEST_DROP ? ", for good" : "");
	return options->yes || ordering_confirmed(question);
}

/* No agent runs. The exit status. */
static int change_kept(const struct letters_options *options, const struct request *request)
{
	uint64_t n = 0;
	int r;

	if (request->kind == REQUEST_REPLAY) {
		fprintf(stderr,
			"waybill: no agent answers at %s: start it, for it is the agent that sends "
			"dead letters again\n",
			options->place.path);
		return EX_UNAVAILABLE;
	}
	r = kept_drop(&options->place, request, &n);
	if (r < 0)
		fprintf(stderr, "waybill: %s\n", strerror(-r));
	if (n || !r)
		printf("%" PRIu64 " %s\n", n, doing(request->kind));
	return r < 0 ? EX_OSERR : r ? EX_UNAVAILABLE : EX_OK;
}

int change_letters(const struct letters_options *options, struct request *request,
		   enum request_kind kind)
{
	struct chosen chosen = {0};
	struct ordering standing;
	char size[AMOUNT_MAX];
	int r;

	request->kind = REQUEST_LETTERS;
	r = kept_see(&options->place, request, count, &chosen);
	if (r)
		return r < 0 ? EX_OSERR : EX_UNAVAILABLE;
	if (!chosen.n || options->dry_run) {
		printf("%" PRIu64 " dead letter%s, %s, would be %s\n", chosen.n,
		       chosen.n == 1 ? "" : "s", amount_size((int64_t)chosen.bytes, size),
		       doing(kind));
		return chosen.n ? EX_OK : EX_NOINPUT;
	}
	if (!is_confirmed(options, &chosen, kind))
		return EX_USAGE;
	request->kind = kind;
	request->first = chosen.first;
	request->last = chosen.last;
	r = ordering_carry_out(&options->place, request, chosen.n, &standing);
	if (r == ASK_E_NOBODY)
		return change_kept(options, request);
	if (r)
		return EX_UNAVAILABLE;
	printf("%" PRIu64 " %s%s%s\n", standing.done, doing(kind), *standing.words ? "; " : "",
	       standing.words);
	return standing.failed ? EX_SOFTWARE : standing.refused ? EX_DATAERR : EX_OK;
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A piece ends when enough is written, or when enough was looked at that had nothing to be written:
 * of 20,000 files perhaps one is asked for.
 */
#include "control/answer.h"

#include <errno.h>
#include <stdlib.h>

#include "control/status.h"

/* Some 100 µs. */
#define STEPS_A_PIECE 512

struct answer {
	struct request request;
	struct status status;
};

struct answer *answer_free(struct answer *answer)
{
	if (!answer)
		return NULL;
	status_deinit(&answer->status);
	free(answer);
	return NULL;
}

int answer_new(const struct view *view, const struct request *request, struct answer **ret_answer)
{
	struct answer *answer = calloc(1, sizeof *answer);
	int r;

	if (!answer)
		return -ENOMEM;
	answer->request = *request;
	r = status_init(&answer->status, view);
	if (r) {
		answer_free(answer);
		return r;
	}
	*ret_answer = answer;
	return 0;
}

bool answer_more(struct answer *answer, const struct view *view, struct json *to)
{
	bool last = false;

	for (size_t steps = 0; !last && steps < STEPS_A_PIECE; steps++) {
		if ((size_t)(to->at - to->start) >= ANSWER_PIECE)
			break;
		last = status_line(&answer->status, view, &answer->request, to);
	}
	return last;
}

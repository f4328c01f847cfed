/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PIPELINE_LETTER_H
#define PIPELINE_LETTER_H

#include "base/result.h"
#include "flow/record.h"
#include "state/rows.h"

/* What is made of a dead letter to be sent; all of it borrows from the letter. */

enum { LETTER_E_UNREADABLE = 1 /* its headers cannot be read */ };

/* The record as it was refused, for the topic of that number. 0 or LETTER_E_UNREADABLE. */
int letter_record(const struct store_dead_letter *letter, uint32_t topic, struct record *ret_record)
	MUSTCHECK;

/* The texts that the headers of a copy borrow. */
struct letter_texts {
	char position[24], time[24], partition[12], code[12];
};

/*
 * A copy that says what became of it: the same key, value and headers, and behind these headers of
 * our own. Its time is now_ms, for a broker may have refused the letter for its own; its partition
 * is left to the topic. code: Kafka's number for its reason, or 0: it is not of Kafka. 0 or
 * LETTER_E_UNREADABLE.
 */
int letter_copy(const struct store_dead_letter *letter, uint32_t topic, int code, int64_t now_ms,
		struct letter_texts *texts, struct record *ret_record) MUSTCHECK;

#endif

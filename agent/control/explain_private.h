/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CONTROL_EXPLAIN_PRIVATE_H
#define CONTROL_EXPLAIN_PRIVATE_H

#include <stdarg.h>
#include <stdio.h>

#include "protocol/request.h"
#include "view/view.h"

/*
 * The parts of an explanation: explain.c is of a line that is on its way, explain_settled.c of one
 * that has arrived, explain_unknown.c of a file that nobody reads.
 */
struct explanation {
	const char *verdict; /* a static word */
	char words[1024];
};

/* The verdict, and why. */
PRINTF_LIKE(3, 4)
static inline void say(struct explanation *e, const char *verdict, const char *format, ...)
{
	va_list args;

	e->verdict = verdict;
	va_start(args, format);
	vsnprintf(e->words, sizeof e->words, format, args);
	va_end(args);
}

/* A letter that is not stored yet; NULL: none. */
const struct store_dead_letter *explain_letter(const struct view *view, const struct file *file,
					       uint64_t position);

/* A line below the committed position, by any of its bytes. */
void explain_settled(const struct view *view, const struct file *file, uint64_t position,
		     struct explanation *e);

/* What is settled ahead of the first byte that is not: delivered, or `how` it was settled else. */
void explain_ahead(const struct file *file, const char *how, struct explanation *e);
void explain_filtered(const struct view *view, const struct file *file, uint64_t position,
		      struct explanation *e);

/* No file is known by either name: why. */
void explain_unknown(const struct view *view, const struct request *request, struct explanation *e);

/* A file in which nothing happened for long: all that was in it is settled. */
void explain_dormant(const struct view *view, const struct dormant *file, int64_t position,
		     struct explanation *e);

#endif

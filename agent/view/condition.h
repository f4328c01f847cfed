/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VIEW_CONDITION_H
#define VIEW_CONDITION_H

#include "view/view.h"

/* The worst first. */
enum condition_is {
	CONDITION_UNREADABLE,
	CONDITION_HELD,
	CONDITION_BACKOFF,
	CONDITION_DRAINING,
	CONDITION_WAITING,
	CONDITION_READING,
	CONDITION_PARTIAL,
	CONDITION_FINISHED,
	CONDITION_IDLE,
	CONDITIONS, /* their number */
};

/* How things are with one file, as it is told to a person. */
struct condition {
	enum condition_is is;
	const char *state;   /* the same as a word */
	char waits_for[896]; /* "": nothing */
	uint64_t position;   /* committed */
	uint64_t read;       /* position */
	bool sized;          /* the next two are known */
	uint64_t size;
	uint64_t lag; /* bytes that are there and not settled */
};

/* Does not touch the file but for its size, which is asked where it may have grown unseen. */
void condition_of(const struct view *view, const struct file *file,
		  struct condition *ret_condition);

/*
 * The same without the words of waits_for, which take longer than the rest. *asks: so many files
 * may still be asked for their size; 0: what was found last is told.
 */
void condition_measure(const struct file *file, unsigned *asks, struct condition *ret_condition);

/* Adds those words. */
void condition_say(const struct view *view, const struct file *file, struct condition *condition);

/*
 * How old the line is that was sent last, if not all of the file is settled: by the timestamp of
 * its record. 0: all is settled, but for a last line without its end; -1: it is not known.
 */
int64_t condition_lag_ms(const struct view *view, const struct file *file,
			 const struct condition *condition);

/* The words of enum condition_is, and NULL behind them. */
extern const char *const condition_states[CONDITIONS + 1];

/* The name of a topic of the configuration; "?" when there is none of that number. */
const char *condition_topic(const struct view *view, uint32_t topic);

/* What to do about a topic in that state; static. NULL: nothing. */
const char *condition_topic_cure(const char *state);

#endif

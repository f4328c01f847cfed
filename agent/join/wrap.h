/* SPDX-License-Identifier: Apache-2.0 */
#ifndef JOIN_WRAP_H
#define JOIN_WRAP_H

#include <stdbool.h>
#include <stddef.h>

#include "base/slice.h"

/* What container runtimes put around a line, or a part of one. */
enum join_wrap {
	WRAP_NONE,
	WRAP_CRI,    /* "TIME stdout F message" */
	WRAP_DOCKER, /* {"log":"message\n","stream":"stdout","time":"..."} */
};

struct wrapped {
	struct slice head;    /* before the tag or the message */
	struct slice message; /* as it stands; docker: with its escapes, its "\n" included */
	struct slice tail;    /* behind the message; cri: nothing */
	char stream;          /* 'o' or 'e' */
	bool part;            /* the rest of the line follows */
};

/* False: it is wrapped in another way, or in none. */
bool wrap_read(enum join_wrap wrap, struct slice line, struct wrapped *ret_wrapped);

/*
 * The message as its program wrote it, without its line end, for patterns: of docker's what there
 * is room for, decoded into the buffer where it holds escapes.
 */
struct slice wrap_message(enum join_wrap wrap, const struct wrapped *wrapped, char *buffer,
			  size_t len);

#endif

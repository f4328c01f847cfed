/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LOGIN_LIFE_H
#define LOGIN_LIFE_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#include "login/token.h"

#define LIFE_TROUBLE_MAX 256

/* How long a token is good, in milliseconds since 1970, and what became of the next. */
struct life {
	int64_t begins_ms;  /* when it was issued or, where it does not say, first seen */
	int64_t expires_ms; /* 0: there is none yet, or it does not say */
	char trouble[LIFE_TROUBLE_MAX]; /* why no other could be had since; "": it was not so */
};

/* That of the last token which was fetched. Embedded; any thread may ask and note. */
struct lives {
	pthread_mutex_t lock;
	struct life last;
};

void lives_init(struct lives *lives);
void lives_deinit(struct lives *lives);

/* A token was fetched, at now_ms; or it could not be, for this reason. */
void lives_note(struct lives *lives, const struct token *token, int64_t now_ms);
void lives_note_trouble(struct lives *lives, const char *why);

void lives_last(struct lives *lives, struct life *ret_life);

/*
 * Whether it ends soon and still no other has come, although one should have: a tenth of its life
 * is left, and less than warning_ms. False also of one that has ended, or does not say when.
 */
bool life_ends_soon(const struct life *life, int64_t now_ms, int64_t warning_ms);

/* What is left of it, "6 min", in the largest unit of which there are two. Returns text. */
#define LIFE_LEFT_MAX 32
const char *life_print_left(const struct life *life, int64_t now_ms, char text[LIFE_LEFT_MAX]);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CMD_TOP_KEYS_H
#define CMD_TOP_KEYS_H

#include "cmd/top/frame.h"

/* What a key (as screen_key gives it) does; rows: that fit on the screen. */
void keys_take(struct look *look, const struct frame *frame, int key, size_t rows, size_t count);

/* The cursor is on a row that is there, and that is on the screen. */
void keys_settle(struct look *look, size_t rows, size_t count);

/* Whether another question is to be asked for one than for the other. */
bool keys_differ(const struct look *one, const struct look *other);

#endif

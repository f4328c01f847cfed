/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CMD_TOP_DRAW_H
#define CMD_TOP_DRAW_H

#include "cmd/top/frame.h"

/* So many rows of the list fit on the screen. */
size_t draw_rows(const struct look *look);

/* The rows that there are to be looked at. */
size_t draw_count(const struct look *look, const struct frame *frame);

/* Shows a frame; message: instead of it, NULL: none. before: for rates. */
void draw(const struct look *look, const struct frame *before, const struct frame *frame,
	  const char *message);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CMD_TOP_SCREEN_H
#define CMD_TOP_SCREEN_H

#include <stdbool.h>
#include <stddef.h>

#include "base/result.h"

/* The terminal as a grid of characters. There is one of it. */

enum screen_style { SCREEN_PLAIN, SCREEN_BOLD, SCREEN_REVERSE };

/* Keys that are no character. */
enum {
	KEY_NONE_YET = -1, /* none within the time */
	KEY_IS_UP = 1000,
	KEY_IS_DOWN,
	KEY_IS_PAGE_UP,
	KEY_IS_PAGE_DOWN,
	KEY_IS_ENTER,
	KEY_IS_ESCAPE,
	KEY_IS_BACKSPACE,
	KEY_IS_RESIZE,
	KEY_IS_OTHER,
	KEY_IS_GONE,
};

/* 0; SCREEN_E_NONE: standard output is no terminal, or one that is not known. */
enum { SCREEN_E_NONE = 1 };
int screen_open(void) MUSTCHECK;

/* Gives the terminal back as it was. */
void screen_close(void);

size_t screen_rows(void);
size_t screen_columns(void);

/* An empty one, to be filled; screen_show shows it, and writes what has changed only. */
void screen_clear(void);
void screen_show(void);

/* UTF-8 without control characters, cut at the edge. */
void screen_put(size_t row, size_t column, enum screen_style style, const char *text);

/* A character, a KEY_IS (KEY_IS_GONE: there is no terminal), or KEY_NONE_YET after wait_ms. */
int screen_key(int wait_ms);

/* Waits for a key or for fd to be readable, up to wait_ms; true: fd is. */
bool screen_wait(int fd, int wait_ms);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/* Keys change what is looked at, and nothing else: top cannot change anything. */
#include "cmd/top/keys.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "cmd/top/screen.h"

bool keys_differ(const struct look *one, const struct look *other)
{
	return one->at.view != other->at.view || one->sort != other->sort ||
	       strcmp(one->at.about, other->at.about) != 0 || strcmp(one->match, other->match) != 0;
}

void keys_settle(struct look *look, size_t rows, size_t count)
{
	struct look_place *at = &look->at;

	if (at->cursor >= count)
		at->cursor = count ? count - 1 : 0;
	if (at->cursor < at->first)
		at->first = at->cursor;
	if (at->cursor >= at->first + rows)
		at->first = at->cursor - rows + 1;
}

static void go_to(struct look *look, enum look_view view)
{
	look->at = (struct look_place){.view = view};
	look->depth = 0;
}

/* Deeper; Escape comes back to where this was. */
PRINTF_LIKE(3, 4)
static void go_into(struct look *look, enum look_view view, const char *format, ...)
{
	va_list args;

	if (look->depth == LOOK_DEPTH)
		return;
	look->back[look->depth++] = look->at;
	look->at = (struct look_place){.view = view};
	va_start(args, format);
	vsnprintf(look->at.about, sizeof look->at.about, format, args);
	va_end(args);
}

/* The files of a source or a partition, or one file. */
static void enter(struct look *look, const struct frame *frame)
{
	size_t i = look->at.cursor;

	if (look->at.view == LOOK_SOURCES && i < frame->n_sources)
		go_into(look, LOOK_FILES, "%s", frame->sources[i].name);
	else if (look->at.view == LOOK_PARTITIONS && i < frame->n_partitions)
		go_into(look, LOOK_ONE_PARTITION, "%s:%" PRId64, frame->partitions[i].topic,
			frame->partitions[i].number);
	else if ((look->at.view == LOOK_FILES || look->at.view == LOOK_ONE_PARTITION) &&
		 i < frame->n)
		go_into(look, LOOK_ONE_FILE, "%s", frame->at[i].path);
}

static void go_back(struct look *look)
{
	if (look->depth)
		look->at = look->back[--look->depth];
	else
		go_to(look, LOOK_FILES);
}

/* A whole character: what a terminal in UTF-8 sent as one. */
static void erase_last(char *text)
{
	size_t len = strlen(text);

	while (len && ((unsigned char)text[len - 1] & 0xc0) == 0x80)
		len--;
	text[len ? len - 1 : 0] = '\0';
}

static void type(struct look *look, int key)
{
	size_t len = strlen(look->match);

	if (key == KEY_IS_ENTER) {
		look->typing = false;
	} else if (key == KEY_IS_ESCAPE) {
		look->typing = false;
		look->match[0] = '\0';
	} else if (key == KEY_IS_BACKSPACE) {
		erase_last(look->match);
	} else if (key >= ' ' && key < 256 && len + 1 < sizeof look->match) {
		look->match[len] = (char)key;
		look->match[len + 1] = '\0';
	}
	look->at.cursor = look->at.first = 0;
}

static void move(struct look *look, int key, size_t rows)
{
	struct look_place *at = &look->at;

	if (key == KEY_IS_UP || key == 'k')
		at->cursor -= at->cursor > 0;
	else if (key == KEY_IS_DOWN || key == 'j')
		at->cursor++;
	else if (key == KEY_IS_PAGE_UP)
		at->cursor -= at->cursor < rows ? at->cursor : rows;
	else if (key == KEY_IS_PAGE_DOWN)
		at->cursor += rows;
}

void keys_take(struct look *look, const struct frame *frame, int key, size_t rows, size_t count)
{
	if (look->typing && key != KEY_IS_GONE) {
		type(look, key);
		return;
	}
	switch (key) {
	case KEY_IS_GONE:
	case 'q':
		look->quit = true;
		return;
	case 's':
		look->sort = (look->sort + 1) % SORTS;
		return;
	case '/':
		look->typing = look->at.view == LOOK_FILES;
		return;
	case 'f':
		go_to(look, LOOK_FILES);
		return;
	case KEY_IS_ESCAPE:
		go_back(look);
		return;
	case 'o':
		go_to(look, LOOK_SOURCES);
		return;
	case 'p':
		go_to(look, LOOK_PARTITIONS);
		return;
	case KEY_IS_ENTER:
		enter(look, frame);
		return;
	default:
		move(look, key, rows);
		keys_settle(look, rows, count);
		return;
	}
}

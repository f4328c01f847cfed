/* SPDX-License-Identifier: Apache-2.0 */
/* Keys change what is looked at, and nothing else: top cannot change anything. */
#include "cmd/top/keys.h"

#include <stdio.h>
#include <string.h>

#include "cmd/top/screen.h"

void keys_settle(struct look *look, size_t rows, size_t count)
{
	if (look->cursor >= count)
		look->cursor = count ? count - 1 : 0;
	if (look->cursor < look->first)
		look->first = look->cursor;
	if (look->cursor >= look->first + rows)
		look->first = look->cursor - rows + 1;
}

static void go_to(struct look *look, enum look_view view, const char *about)
{
	look->view = view;
	look->cursor = look->first = 0;
	snprintf(look->about, sizeof look->about, "%s", about);
}

/* Deeper: the files of a source, one file. */
static void enter(struct look *look, const struct frame *frame)
{
	if (look->view == LOOK_SOURCES && look->cursor < frame->n_sources)
		go_to(look, LOOK_FILES, frame->sources[look->cursor].name);
	else if (look->view == LOOK_PARTITIONS && look->cursor < frame->n_partitions)
		go_to(look, LOOK_FILES, frame->partitions[look->cursor].topic);
	else if (look->view == LOOK_FILES && look->cursor < frame->n)
		go_to(look, LOOK_ONE_FILE, frame->at[look->cursor].path);
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
		if (len)
			look->match[len - 1] = '\0';
	} else if (key >= ' ' && key < 256 && len + 1 < sizeof look->match) {
		look->match[len] = (char)key;
		look->match[len + 1] = '\0';
	}
	look->cursor = look->first = 0;
}

static void move(struct look *look, int key, size_t rows)
{
	if (key == KEY_IS_UP || key == 'k')
		look->cursor -= look->cursor > 0;
	else if (key == KEY_IS_DOWN || key == 'j')
		look->cursor++;
	else if (key == KEY_IS_PAGE_UP)
		look->cursor -= look->cursor < rows ? look->cursor : rows;
	else if (key == KEY_IS_PAGE_DOWN)
		look->cursor += rows;
}

void keys_take(struct look *look, const struct frame *frame, int key, size_t rows, size_t count)
{
	if (look->typing) {
		type(look, key);
		return;
	}
	switch (key) {
	case 'q':
		look->quit = true;
		return;
	case 's':
		look->sort = (look->sort + 1) % SORTS;
		return;
	case '/':
		look->typing = look->view == LOOK_FILES;
		return;
	case 'f':
	case KEY_IS_ESCAPE:
		go_to(look, LOOK_FILES, "");
		return;
	case 'o':
		go_to(look, LOOK_SOURCES, "");
		return;
	case 'p':
		go_to(look, LOOK_PARTITIONS, "");
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

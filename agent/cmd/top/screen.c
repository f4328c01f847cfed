/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ncurses, in few words: no colours, because what matters has a word, and a terminal over a slow
 * line gets only what changed. A lone Escape is told from the beginning of a key's sequence by
 * time.
 */
#include "cmd/top/screen.h"

#include <ncurses.h>
#include <poll.h>
#include <stdio.h>
#include <term.h>
#include <unistd.h>

/* Behind an Escape; the bytes of a sequence come together, over a network too. */
#define ESCAPE_MS 50

int screen_open(void)
{
	SCREEN *screen;

	if (!isatty(STDOUT_FILENO) || !isatty(STDIN_FILENO))
		return SCREEN_E_NONE;
	screen = newterm(NULL, stdout, stdin);
	if (!screen)
		return SCREEN_E_NONE;
	set_term(screen);
	/* One that cannot go to a place on the screen, as "dumb", would show a heap of lines. */
	if (!cursor_address) {
		endwin();
		delscreen(screen);
		return SCREEN_E_NONE;
	}
	set_escdelay(ESCAPE_MS);
	cbreak();
	noecho();
	keypad(stdscr, true);
	curs_set(0);
	return 0;
}

void screen_close(void)
{
	endwin();
}

size_t screen_rows(void)
{
	return (size_t)LINES;
}

size_t screen_columns(void)
{
	return (size_t)COLS;
}

void screen_clear(void)
{
	erase();
}

void screen_show(void)
{
	refresh();
}

void screen_put(size_t row, size_t column, enum screen_style style, const char *text)
{
	static const attr_t styles[] = {
		[SCREEN_PLAIN] = A_NORMAL, [SCREEN_BOLD] = A_BOLD, [SCREEN_REVERSE] = A_REVERSE};

	attrset((int)styles[style]);
	mvaddstr((int)row, (int)column, text);
	attrset(A_NORMAL);
}

/* Of a terminal that is gone getch says at once that there is no key, for ever. */
static bool is_gone(void)
{
	struct pollfd terminal = {.fd = STDIN_FILENO, .events = POLLIN};

	return poll(&terminal, 1, 0) > 0 && terminal.revents & (POLLHUP | POLLERR | POLLNVAL);
}

bool screen_wait(int fd, int wait_ms)
{
	struct pollfd both[] = {{.fd = fd, .events = POLLIN},
				{.fd = STDIN_FILENO, .events = POLLIN}};

	return poll(both, ARRAY_LEN(both), wait_ms) > 0 && both[0].revents;
}

int screen_key(int wait_ms)
{
	int key;

	timeout(wait_ms);
	key = getch();
	switch (key) {
	case ERR:
		return is_gone() ? KEY_IS_GONE : KEY_NONE_YET;
	case KEY_UP:
		return KEY_IS_UP;
	case KEY_DOWN:
		return KEY_IS_DOWN;
	case KEY_PPAGE:
		return KEY_IS_PAGE_UP;
	case KEY_NPAGE:
		return KEY_IS_PAGE_DOWN;
	case KEY_ENTER:
	case '\n':
	case '\r':
		return KEY_IS_ENTER;
	case '\033':
		return KEY_IS_ESCAPE;
	case KEY_BACKSPACE:
	case '\b':
	case 127:
		return KEY_IS_BACKSPACE;
	case KEY_RESIZE:
		return KEY_IS_RESIZE;
	default:
		return key < 256 ? key : KEY_IS_OTHER;
	}
}

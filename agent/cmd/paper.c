/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Log lines hold whatever somebody got an application to write, so they are printed character by
 * character as the locale knows them; what takes no column (also a combining mark, or one that
 * turns the direction of writing) is escaped with the rest, for nothing invisible may pass.
 *
 * The line that is drawn is written over with blanks and carriage returns: that needs no control
 * sequence, and what was printed before stays on the screen.
 */
#include "cmd/paper.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>
#include <wchar.h>
#include <wctype.h>

#define WIDTH 80
#define WIDTH_MIN 60 /* topic, partition and offset take up to 50 */
#define WIDTH_MAX 200

void paper_init(struct paper *paper, FILE *to)
{
	const char *no_color = getenv("NO_COLOR");
	const char *term = getenv("TERM");
	struct winsize size;

	*paper = (struct paper){to, WIDTH, "", "", "", "", "", "", false, 0};
	if (!isatty(fileno(to)))
		return;
	if (ioctl(fileno(to), TIOCGWINSZ, &size) == 0 && size.ws_col > 0) {
		paper->width = size.ws_col < WIDTH_MAX ? size.ws_col : WIDTH_MAX;
		paper->width = paper->width > WIDTH_MIN ? paper->width : WIDTH_MIN;
	}
	if (!term || strcmp(term, "dumb") == 0)
		return;
	paper->redraws = paper->width >= WIDTH;
	if (no_color && *no_color)
		return;
	paper->bold = "\033[1m";
	paper->dim = "\033[2m";
	paper->key = "\033[36m";
	paper->plain = "\033[0m";
	paper->good = "\033[32m";
	paper->bad = "\033[31m";
}

void paper_draw(struct paper *paper, const char *text)
{
	size_t len = strlen(text);
	size_t blanks = paper->drawn > len ? paper->drawn - len : 0;

	fprintf(paper->to, "\r%s%*s", text, (int)blanks, "");
	fflush(paper->to);
	paper->drawn = len;
}

void paper_clear(struct paper *paper)
{
	if (paper->drawn > 0)
		fprintf(paper->to, "\r%*s\r", (int)paper->drawn, "");
	paper->drawn = 0;
}

/*
 * The character at the beginning of text: its bytes, and its columns; columns 0 when it is to be
 * escaped, one byte at a time.
 */
static size_t look(struct slice text, size_t *ret_columns)
{
	mbstate_t state = {0};
	wchar_t c;
	size_t n = mbrtowc(&c, text.at, text.len, &state);
	int columns;

	*ret_columns = 0;
	if (n == 0 || n > text.len || !iswprint((wint_t)c))
		return 1;
	columns = wcwidth(c);
	if (columns <= 0)
		return 1;
	*ret_columns = (size_t)columns;
	return n;
}

size_t paper_columns(struct slice text, size_t limit)
{
	size_t width = 0;

	while (text.len > 0 && width <= limit) {
		size_t columns, n = look(text, &columns);

		width += columns ? columns : 4;
		text.at += n;
		text.len -= n;
	}
	return width;
}

struct slice paper_print_line(const struct paper *paper, struct slice text, size_t columns,
			      size_t *ret_used)
{
	size_t used = 0;

	while (text.len > 0) {
		size_t wide, n = look(text, &wide);

		if (used + (wide ? wide : 4) > columns)
			break;
		if (wide)
			fwrite(text.at, 1, n, paper->to);
		else
			fprintf(paper->to, "\\x%02x", (unsigned char)*text.at);
		used += wide ? wide : 4;
		text.at += n;
		text.len -= n;
	}
	*ret_used = used;
	return text;
}

size_t paper_print(const struct paper *paper, struct slice text, size_t columns)
{
	bool whole = paper_columns(text, columns) <= columns;
	size_t used;

	paper_print_line(paper, text, whole ? columns : columns - 3, &used);
	if (whole)
		return used;
	fputs("...", paper->to);
	return used + 3;
}

size_t paper_print_end(const struct paper *paper, struct slice text, size_t columns)
{
	if (paper_columns(text, columns) <= columns)
		return paper_print(paper, text, columns);
	fputs("...", paper->to);
	while (text.len && paper_columns(text, columns) > columns - 3) {
		text.at++;
		text.len--;
	}
	return 3 + paper_print(paper, text, columns - 3);
}

void paper_print_path(const struct paper *paper, const char *path)
{
	/* A path that is cut is of no use: rather does it take two lines. */
	paper_print(paper, slice_of(path), SIZE_MAX);
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Three lines for a record rather than one or a table: keys, header values and paths have any
 * length, and 80 columns must do. Log lines hold whatever somebody got an application to write, so
 * they are printed character by character as the locale knows them; what takes no column (also a
 * combining mark, or one that turns the direction of writing) is escaped with the rest, for nothing
 * invisible may pass.
 *
 * The counters are one line that is written over with blanks and carriage returns: that needs no
 * control sequence, and what was printed before stays on the screen.
 */
#include "cmd/demo_print.h"

#include <stdint.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <unistd.h>
#include <wchar.h>
#include <wctype.h>

#define WIDTH 80
#define WIDTH_MIN 60 /* topic, partition and offset take up to 50 */
#define WIDTH_MAX 200
#define INDENT 11 /* "  headers  " */

void demo_paper_init(struct demo_paper *paper, FILE *to)
{
	const char *no_color = getenv("NO_COLOR");
	const char *term = getenv("TERM");
	struct winsize size;

	*paper = (struct demo_paper){to, WIDTH, "", "", "", "", false, 0};
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
}

void demo_paper_draw(struct demo_paper *paper, const char *text)
{
	size_t len = strlen(text);
	size_t blanks = paper->drawn > len ? paper->drawn - len : 0;

	fprintf(paper->to, "\r%s%*s", text, (int)blanks, "");
	fflush(paper->to);
	paper->drawn = len;
}

void demo_paper_clear(struct demo_paper *paper)
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

/* Columns of the whole text, counted up to one more than limit. */
static size_t width_of(struct slice text, size_t limit)
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

size_t demo_print_text(const struct demo_paper *paper, struct slice text, size_t columns)
{
	bool whole = width_of(text, columns) <= columns;
	size_t room = whole ? columns : columns - 3;
	size_t used = 0;

	while (text.len > 0) {
		size_t wide, n = look(text, &wide);

		if (used + (wide ? wide : 4) > room)
			break;
		if (wide)
			fwrite(text.at, 1, n, paper->to);
		else
			fprintf(paper->to, "\\x%02x", (unsigned char)*text.at);
		used += wide ? wide : 4;
		text.at += n;
		text.len -= n;
	}
	if (whole)
		return used;
	fputs("...", paper->to);
	return used + 3;
}

void demo_print_path(const struct demo_paper *paper, const char *path)
{
	/* A path that is cut is of no use: rather does it take two lines. */
	demo_print_text(paper, slice_of(path), SIZE_MAX);
}

void demo_print_title(const struct demo_paper *paper, const char *title)
{
	fprintf(paper->to, "\n%s%s%s\n\n", paper->bold, title, paper->plain);
}

/* "name=value"s, on as many lines as they need; one that is too long for a line is cut. */
static void print_headers(const struct demo_paper *paper, const struct consumed *record)
{
	size_t room = paper->width - INDENT, used = 0;

	fprintf(paper->to, "  %sheaders%s ", paper->dim, paper->plain);
	for (uint32_t i = 0; i < record->n_headers; i++) {
		struct slice name = record->headers[i].name, value = record->headers[i].value;
		size_t need = width_of(name, room) + 1 + width_of(value, room);

		if (used > 0 && used + 1 + need > room) {
			fprintf(paper->to, "\n%*s", INDENT - 1, "");
			used = 0;
		}
		fputc(' ', paper->to);
		used += 1 + demo_print_text(paper, name, room / 2);
		fputc('=', paper->to);
		used += 1 + demo_print_text(paper, value, room - used - 1);
	}
	fputc('\n', paper->to);
}

void demo_print_record(const struct demo_paper *paper, const struct consumed *record)
{
	int used;

	fputs(paper->bold, paper->to);
	used = fprintf(paper->to, "%s  partition %d  offset %lld  ", record->topic,
		       (int)record->partition, (long long)record->offset);
	fprintf(paper->to, "%skey ", paper->plain);
	if (record->key.at) {
		fputs(paper->key, paper->to);
		demo_print_text(paper, record->key, paper->width - (size_t)used - 4);
		fputs(paper->plain, paper->to);
	} else {
		fprintf(paper->to, "%s(none)%s", paper->dim, paper->plain);
	}
	fputc('\n', paper->to);
	print_headers(paper, record);
	fprintf(paper->to, "  %svalue%s    ", paper->dim, paper->plain);
	demo_print_text(paper, record->value, paper->width - INDENT);
	fputc('\n', paper->to);
}

void demo_print_file(const struct demo_paper *paper, const char *path)
{
	FILE *file = fopen(path, "re");
	char *line = NULL;
	size_t size = 0;
	ssize_t len;

	if (!file)
		return;
	while ((len = getline(&line, &size, file)) > 0) {
		fputs("  ", paper->to);
		demo_print_text(paper, (struct slice){line, (size_t)len - 1}, paper->width - 2);
		fputc('\n', paper->to);
	}
	free(line);
	fclose(file);
}

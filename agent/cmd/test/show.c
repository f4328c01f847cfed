/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is expected stands right above what is got, so that the eye finds the difference; of long
 * values a window around it is shown, the same of both. Colours mark it on a terminal, and a caret
 * below where values are long.
 */
#include "cmd/test/show.h"

#include <string.h>

#define LABEL 12
#define INDENT (2 + LABEL + 1 + 9) /* "  headers[0]   expected " */
#define SHORT 24                   /* no caret is needed up to here */

/* Where two texts begin and end to differ, and from where on they are shown. */
struct window {
	size_t start, same_before, same_behind;
};

void test_show_head(struct test_failure *failure)
{
	const struct paper *paper = failure->paper;

	if (failure->begun)
		return;
	failure->begun = true;
	failure->outcome = SIZE_MAX;
	fputs(paper->bold, paper->to);
	paper_print_path(paper, failure->file->name);
	fprintf(paper->to, ":%u:%s %sfailed%s\n", failure->test->line, paper->plain, paper->bad,
		paper->plain);
}

/* The sample line with that number, or SLICE_NONE. */
static struct slice line_number(struct slice lines, size_t number)
{
	while (lines.len) {
		const char *end = memchr(lines.at, '\n', lines.len);
		size_t len = end ? (size_t)(end - lines.at) : lines.len;

		if (!number--)
			return (struct slice){lines.at, len};
		lines = (struct slice){lines.at + len + 1, lines.len - len - 1};
	}
	return SLICE_NONE;
}

static void show_line(struct test_failure *failure, size_t outcome)
{
	const struct paper *paper = failure->paper;
	struct slice line = line_number(failure->test->lines, outcome);

	if (failure->outcome == outcome)
		return;
	failure->outcome = outcome;
	if (!line.at)
		return;
	fprintf(paper->to, "  %s%-*s ", paper->dim, LABEL, "line");
	paper_print(paper, line, paper->width - LABEL - 3);
	fprintf(paper->to, "%s\n", paper->plain);
}

static bool is_middle(char c)
{
	return ((unsigned char)c & 0xc0) == 0x80;
}

static struct window compare(const char *a, const char *b, size_t room)
{
	size_t left = strlen(a), right = strlen(b), least = left < right ? left : right;
	struct window window = {0};

	while (window.same_before < least && a[window.same_before] == b[window.same_before])
		window.same_before++;
	while (window.same_before > 0 && is_middle(a[window.same_before]))
		window.same_before--;
	least -= window.same_before;
	while (window.same_behind < least &&
	       a[left - 1 - window.same_behind] == b[right - 1 - window.same_behind])
		window.same_behind++;
	while (window.same_behind > 0 && is_middle(a[left - window.same_behind]))
		window.same_behind--;
	if ((left > room || right > room) && window.same_before > room / 3)
		window.start = window.same_before - room / 3;
	while (window.start < window.same_before && is_middle(a[window.start]))
		window.start++;
	return window;
}

/* Returns the columns up to where the texts begin to differ. */
static size_t show_text(const struct paper *paper, const char *text, const struct window *window,
			const char *colour)
{
	size_t room = paper->width - INDENT, len = strlen(text), used = 0, before;
	struct slice same = {text + window->start, window->same_before - window->start};
	struct slice other = {text + window->same_before,
			      len - window->same_before - window->same_behind};
	struct slice rest = {text + len - window->same_behind, window->same_behind};

	if (window->start) {
		fputs("...", paper->to);
		used = 3;
	}
	before = used += paper_print(paper, same, room - used);
	fputs(colour, paper->to);
	used += paper_print(paper, other, room - used);
	fputs(paper->plain, paper->to);
	if (room > used + 3)
		paper_print(paper, rest, room - used);
	fputc('\n', paper->to);
	return before;
}

/* A name out of a file of tests, which must not command the terminal. */
static void show_where(const struct paper *paper, const char *where)
{
	size_t used;

	fputs("  ", paper->to);
	used = paper_print(paper, slice_of(*where ? where : "outcome"), SIZE_MAX);
	fprintf(paper->to, "%*s expected ", used < LABEL ? (int)(LABEL - used) : 0, "");
}

static void show_nothing(const struct paper *paper)
{
	fprintf(paper->to, "%s(nothing)%s\n", paper->dim, paper->plain);
}

void test_show_difference(void *context, size_t outcome, const char *where, const char *expected,
			  const char *got)
{
	struct test_failure *failure = context;
	const struct paper *paper = failure->paper;
	FILE *to = paper->to;
	struct window window = {0};
	size_t before = 0;

	test_show_head(failure);
	show_line(failure, outcome);
	if (expected && got)
		window = compare(expected, got, paper->width - INDENT);
	show_where(paper, where);
	if (expected)
		show_text(paper, expected, &window, paper->good);
	else
		show_nothing(paper);
	fprintf(to, "  %-*s got      ", LABEL, "");
	if (got)
		before = show_text(paper, got, &window, paper->bad);
	else
		show_nothing(paper);
	if (before && strlen(got) > SHORT)
		fprintf(to, "%*s^\n", (int)(INDENT + before), "");
}

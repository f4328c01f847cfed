/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Checks run in the order that suits the checks (parsers before the sources that use them); the
 * reader wants the order of his file. So problems are collected and sorted before they are
 * printed. The list is bounded: after two hundred nobody reads on. Control characters in a
 * message (a value from the file) are printed as '?', since the reader is a terminal.
 */
#include "settings/problems.h"

#include <stdarg.h>
#include <stdlib.h>

/* What one line of the message shows of a pattern, before and behind the place of the error. */
#define EXCERPT 24

static void note(struct conf_problems *problems, struct conf_place place, bool warning,
		 const char *format, va_list args)
{
	struct conf_problem problem = {.place = place, .order = problems->n, .warning = warning};
	struct conf_problem *items;

	if (!warning)
		problems->n_errors++;
	problems->n++;
	if (problem.order >= CONF_PROBLEMS_MAX)
		return;
	items = reallocarray(problems->items, problems->n, sizeof *items);
	if (items)
		problems->items = items;
	if (!items || vasprintf(&problem.text, format, args) < 0) {
		problems->n--;
		problems->no_memory = true;
		return;
	}
	items[problem.order] = problem;
}

void conf_problem(struct conf_problems *problems, struct conf_place place, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	note(problems, place, false, format, args);
	va_end(args);
}

void conf_warning(struct conf_problems *problems, struct conf_place place, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	note(problems, place, true, format, args);
	va_end(args);
}

static int by_place(const void *left, const void *right)
{
	const struct conf_problem *a = left, *b = right;

	if (a->place.file->order != b->place.file->order)
		return a->place.file->order < b->place.file->order ? -1 : 1;
	if (a->place.line != b->place.line)
		return a->place.line < b->place.line ? -1 : 1;
	return a->order < b->order ? -1 : 1;
}

static void print_one(const struct conf_problem *problem, FILE *out)
{
	fputs(problem->place.file->name, out);
	if (problem->place.line)
		fprintf(out, ":%u", problem->place.line);
	fputs(problem->warning ? ": warning: " : ": ", out);
	for (const char *at = problem->text; *at; at++)
		fputc((unsigned char)*at < ' ' || *at == 0x7f ? '?' : *at, out);
	fputc('\n', out);
}

void conf_problem_of_pattern(struct conf_problems *problems, struct conf_place place,
			     const char *label, const char *text, const struct pattern_error *error)
{
	size_t start = error->at > EXCERPT ? error->at - EXCERPT : 0, line = 1, column = 1;
	char where[64] = "";

	for (size_t i = 0; i < error->at; i++, column++) {
		if (text[i] == '\n') {
			line++;
			column = 0;
		}
	}
	if (line > 1)
		snprintf(where, sizeof where, "line %zu, ", line);
	conf_problem(problems, place,
		     "%sthe pattern does not compile, %scharacter %zu: %s: %.*s <HERE> %.*s", label,
		     where, column, error->message, (int)(error->at - start), text + start, EXCERPT,
		     text + error->at);
}

void conf_problems_print(struct conf_problems *problems, FILE *out)
{
	size_t n = problems->n < CONF_PROBLEMS_MAX ? problems->n : CONF_PROBLEMS_MAX;

	if (n)
		qsort(problems->items, n, sizeof *problems->items, by_place);
	for (size_t i = 0; i < n; i++)
		print_one(&problems->items[i], out);
	if (problems->n > n)
		fprintf(out, "and %zu more problems\n", problems->n - n);
}

void conf_problems_deinit(struct conf_problems *problems)
{
	size_t n = problems->n < CONF_PROBLEMS_MAX ? problems->n : CONF_PROBLEMS_MAX;

	for (size_t i = 0; i < n; i++)
		free(problems->items[i].text);
	free(problems->items);
	*problems = CONF_PROBLEMS_NULL;
}

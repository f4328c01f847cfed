/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The checks run in the order that suits them; the reader wants the order of his files, so findings
 * are collected and sorted. A finding begins as a compiler's message does, since editors can jump
 * to those, and is then a sentence of what follows and one of what to do: at three in the morning
 * nobody wants to look up what an error means.
 */
#include "cmd/check/report.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "cmd/wrap.h"

#define INDENT 4

static const char *const words[CHECK_SEVERITIES] = {"error", "warning", "note"};
static const char *const colours[CHECK_SEVERITIES] = {"\033[1;31m", "\033[1;33m", "\033[1;36m"};

static void note(struct check_report *report, enum check_severity severity, struct conf_place place,
		 char *text)
{
	struct check_finding *items;

	report->counts[severity]++;
	if (report->n >= CHECK_FINDINGS_MAX) {
		free(text);
		return;
	}
	items = text ? reallocarray(report->items, report->n + 1, sizeof *items) : NULL;
	if (!items) {
		free(text);
		report->no_memory = true;
		return;
	}
	report->items = items;
	items[report->n] = (struct check_finding){severity, place, report->n, text};
	report->n++;
}

void check_find(struct check_report *report, enum check_severity severity, struct conf_place place,
		const char *format, ...)
{
	char *text = NULL;
	va_list args;

	va_start(args, format);
	if (vasprintf(&text, format, args) < 0)
		text = NULL;
	va_end(args);
	note(report, severity, place, text);
}

void check_take_problems(struct check_report *report, const struct conf_problems *problems)
{
	size_t n = problems->n < CONF_PROBLEMS_MAX ? problems->n : CONF_PROBLEMS_MAX;

	for (size_t i = 0; i < n; i++) {
		const struct conf_problem *problem = &problems->items[i];
		char *text = strdup(problem->text);

		/* A value in it may hold an LF, which would be taken for the end of a part. */
		for (char *at = text; at && *at; at++) {
			if (*at == '\n')
				*at = ' ';
		}
		note(report, problem->warning ? CHECK_WARNING : CHECK_ERROR, problem->place, text);
	}
	if (problems->n > n)
		check_find(report, CHECK_ERROR, CHECK_NOWHERE,
			   "%zu more problems in the configuration", problems->n - n);
}

static int by_place(const void *left, const void *right)
{
	const struct check_finding *a = left, *b = right;

	if (!a->place.file != !b->place.file)
		return a->place.file ? -1 : 1;
	if (a->place.file && a->place.file->order != b->place.file->order)
		return a->place.file->order < b->place.file->order ? -1 : 1;
	if (a->place.line != b->place.line)
		return a->place.line < b->place.line ? -1 : 1;
	return a->order < b->order ? -1 : 1;
}

/* "FILE:LINE: error: ", of which the columns are returned. */
static size_t print_head(const struct check_finding *finding, bool colour, FILE *to)
{
	const char *name = finding->place.file ? finding->place.file->name : "waybill";
	size_t column = strlen(words[finding->severity]) + 4;

	column += wrap_nothing(to, name, strlen(name));
	if (finding->place.file && finding->place.line)
		column += (size_t)fprintf(to, ":%u", finding->place.line);
	fprintf(to, ": %s%s:%s ", colour ? colours[finding->severity] : "",
		words[finding->severity], colour ? "\033[0m" : "");
	return column;
}

/* To be copied as it is, so it is not broken. */
static void print_command(FILE *to, const char *text, size_t len)
{
	wrap_nothing(to, text, len);
	fputc('\n', to);
}

static void print_finding(const struct check_finding *finding, bool colour, FILE *to)
{
	const char *text = finding->text, *end;
	size_t column = print_head(finding, colour, to);

	for (;;) {
		end = strchrnul(text, '\n');
		if (*text == ' ')
			print_command(to, text, (size_t)(end - text));
		else
			wrap_text(to, text, (size_t)(end - text), column, INDENT);
		if (!*end)
			break;
		text = end + 1;
		column = (size_t)fprintf(to, "%*s", INDENT, "");
	}
}

void check_print(struct check_report *report, enum check_severity least, bool colour, FILE *to)
{
	size_t told = 0, n = 0;

	for (size_t i = 0; i < CHECK_SEVERITIES; i++)
		n += report->counts[i];
	if (report->n)
		qsort(report->items, report->n, sizeof *report->items, by_place);
	for (size_t i = 0; i < report->n; i++) {
		if (report->items[i].severity > least)
			continue;
		print_finding(&report->items[i], colour, to);
		told++;
	}
	if (n > report->n && told)
		fprintf(to, "and %zu more findings\n", n - report->n);
}

void check_report_deinit(struct check_report *report)
{
	for (size_t i = 0; i < report->n; i++)
		free(report->items[i].text);
	free(report->items);
	*report = (struct check_report){0};
}

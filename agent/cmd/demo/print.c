/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Three lines for a record rather than one or a table: keys, header values and paths have any
 * length, and 80 columns must do.
 */
#include "cmd/demo/print.h"

#include <stdlib.h>

#define INDENT 11 /* "  headers  " */

void demo_print_title(const struct paper *paper, const char *title)
{
	fprintf(paper->to, "\n%s%s%s\n\n", paper->bold, title, paper->plain);
}

/* "name=value"s, on as many lines as they need; one that is too long for a line is cut. */
static void print_headers(const struct paper *paper, const struct consumed *record)
{
	size_t room = paper->width - INDENT, used = 0;

	fprintf(paper->to, "  %sheaders%s ", paper->dim, paper->plain);
	for (uint32_t i = 0; i < record->n_headers; i++) {
		struct slice name = record->headers[i].name, value = record->headers[i].value;
		size_t need = paper_columns(name, room) + 1 + paper_columns(value, room);

		if (used > 0 && used + 1 + need > room) {
			fprintf(paper->to, "\n%*s", INDENT - 1, "");
			used = 0;
		}
		fputc(' ', paper->to);
		used += 1 + paper_print(paper, name, room / 2);
		fputc('=', paper->to);
		used += 1 + paper_print(paper, value, room - used - 1);
	}
	fputc('\n', paper->to);
}

void demo_print_record(const struct paper *paper, const struct consumed *record)
{
	int used;

	fputs(paper->bold, paper->to);
	used = fprintf(paper->to, "%s  partition %d  offset %lld  ", record->topic,
		       (int)record->partition, (long long)record->offset);
	fprintf(paper->to, "%skey ", paper->plain);
	if (record->key.at) {
		fputs(paper->key, paper->to);
		paper_print(paper, record->key, paper->width - (size_t)used - 4);
		fputs(paper->plain, paper->to);
	} else {
		fprintf(paper->to, "%s(none)%s", paper->dim, paper->plain);
	}
	fputc('\n', paper->to);
	print_headers(paper, record);
	fprintf(paper->to, "  %svalue%s    ", paper->dim, paper->plain);
	paper_print(paper, record->value, paper->width - INDENT);
	fputc('\n', paper->to);
}

void demo_print_file(const struct paper *paper, const char *path)
{
	FILE *file = fopen(path, "re");
	char *line = NULL;
	size_t size = 0;
	ssize_t len;

	if (!file)
		return;
	while ((len = getline(&line, &size, file)) > 0) {
		fputs("  ", paper->to);
		paper_print(paper, (struct slice){line, (size_t)len - 1}, paper->width - 2);
		fputc('\n', paper->to);
	}
	free(line);
	fclose(file);
}

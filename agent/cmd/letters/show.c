/* SPDX-License-Identifier: Apache-2.0 */
/* A table has a line a letter; of one letter everything has a line. What was in it is asked for. */
#include "cmd/letters/show.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>
#include <sysexits.h>

#include "base/iso_time.h"
#include "cmd/amount.h"
#include "cmd/letters/kept.h"
#include "cmd/paper.h"
#include "cmd/wrap.h"

/* Of the columns of the table in front of the reason. */
#define REASON_AT 61

struct showing {
	struct paper paper;
	enum show_how how;
	bool content;
	uint64_t n, bytes;
};

static int64_t bytes_of(const struct object *letter)
{
	int64_t key = object_number(letter, "key_bytes", 0);
	int64_t value = object_number(letter, "value_bytes", 0);

	return key + value;
}

static void show_row(struct showing *showing, const struct object *letter)
{
	struct paper *paper = &showing->paper;
	char size[AMOUNT_MAX], time[ISO_TIME_LEN];

	if (!showing->n)
		fprintf(paper->to, "%s%8s  %-20s  %-16s  %9s  %s%s\n", paper->bold, "ID",
			"Time (UTC)", "Source", "size", "Reason", paper->plain);
	iso_time_print(object_number(letter, "time_ms", 0), time);
	fprintf(paper->to, "%8" PRId64 "  %.19sZ  ", object_number(letter, "id", 0), time);
	for (size_t n = paper_print(paper, slice_of(object_text(letter, "source") ?: "?"), 16);
	     n < 16; n++)
		fputc(' ', paper->to);
	fprintf(paper->to, "  %9s  ", amount_size(bytes_of(letter), size));
	paper_print(paper, slice_of(object_text(letter, "reason") ?: "?"),
		    WRAP_COLUMNS - REASON_AT);
	fputc('\n', paper->to);
}

static void show_text(const struct paper *paper, const char *name, const char *text)
{
	fprintf(paper->to, "%-10s ", name);
	paper_print_path(paper, text ? text : "?");
	fputc('\n', paper->to);
}

static void show_size(const struct paper *paper, const char *name, int64_t bytes)
{
	if (bytes < 0)
		fprintf(paper->to, "%-10s null\n", name);
	else
		fprintf(paper->to, "%-10s %" PRId64 " bytes\n", name, bytes);
}

static void show_one(const struct showing *showing, const struct object *letter)
{
	const struct paper *paper = &showing->paper;
	int64_t partition = object_number(letter, "partition", -1);
	char time[ISO_TIME_LEN];

	iso_time_print(object_number(letter, "time_ms", 0), time);
	fprintf(paper->to, "%-10s %" PRId64 "\n", "id", object_number(letter, "id", 0));
	show_text(paper, "reason", object_text(letter, "reason"));
	if (object_number(letter, "copied", 0))
		show_text(paper, "copied", "yes, to the topic of dead letters");
	show_text(paper, "source", object_text(letter, "source"));
	show_text(paper, "path", object_text(letter, "path"));
	fprintf(paper->to, "%-10s %" PRId64 "\n", "position", object_number(letter, "position", 0));
	show_text(paper, "topic", object_text(letter, "topic"));
	if (partition >= 0)
		fprintf(paper->to, "%-10s %" PRId64 "\n", "partition", partition);
	fprintf(paper->to, "%-10s %.*s\n", "timestamp", ISO_TIME_LEN, time);
	show_size(paper, "key", object_number(letter, "key_bytes", -1));
	show_size(paper, "value", object_number(letter, "value_bytes", -1));
}

static int see(void *context, struct slice line, const struct object *object)
{
	struct showing *showing = context;

	if (strcmp(object_text(object, "kind") ?: "", "letter") != 0)
		return 0;
	if (showing->how == SHOW_TABLE)
		show_row(showing, object);
	else if (showing->how == SHOW_ONE && !showing->content)
		show_one(showing, object);
	else
		fprintf(showing->paper.to, "%.*s\n", (int)line.len, line.at);
	showing->n++;
	showing->bytes += (uint64_t)bytes_of(object);
	return 0;
}

int show_letters(const struct letters_options *options, struct request *request, enum show_how how)
{
	struct showing showing = {.how = how, .content = options->content};
	char size[AMOUNT_MAX];
	int r;

	paper_init(&showing.paper, stdout);
	request->kind = REQUEST_LETTERS;
	request->content = options->content;
	r = kept_see(&options->place, request, see, &showing);
	if (r < 0)
		fprintf(stderr, "waybill: %s\n", strerror(-r));
	if (r)
		return r < 0 ? EX_OSERR : EX_UNAVAILABLE;
	if (how == SHOW_TABLE)
		printf("%" PRIu64 " dead letter%s, %s\n", showing.n, showing.n == 1 ? "" : "s",
		       amount_size((int64_t)showing.bytes, size));
	else if (how == SHOW_ONE && !showing.n)
		fputs("waybill: there is no such dead letter\n", stderr);
	return how == SHOW_ONE && !showing.n ? EX_NOINPUT : EX_OK;
}

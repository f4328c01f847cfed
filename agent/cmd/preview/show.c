/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Records for people. Unlike the demo's, nothing is cut: who previews wants to see the whole key
 * and the whole value, and a terminal wraps. The one exception is a line that did not match: there
 * the place where the pattern stopped counts, so a window around it is shown, with a mark below
 * that also works where there are no colours.
 */
#include <inttypes.h>

#include "base/iso_time.h"
#include "cmd/preview/preview.h"
#include "conf/output.h"

#define INDENT 11 /* "  headers  " */

/* To find where a miss stops takes some matches more; nobody reads more of them than this. */
#define MISSES_EXPLAINED 10000

/* The whole text. Printable ASCII, which is nearly all of it, goes out in one piece. */
static void print_text(const struct paper *paper, struct slice text)
{
	while (text.len > 0) {
		size_t n = 0;

		while (n < text.len && text.at[n] >= ' ' && text.at[n] < 0x7f)
			n++;
		fwrite_unlocked(text.at, 1, n, paper->to);
		text = (struct slice){text.at + n, text.len - n};
		for (n = 0; n < text.len && !(text.at[n] >= ' ' && text.at[n] < 0x7f); n++)
			;
		if (n > 0)
			paper_print(paper, (struct slice){text.at, n}, SIZE_MAX);
		text = (struct slice){text.at + n, text.len - n};
	}
}

static void print_label(const struct paper *paper, const char *label)
{
	fprintf(paper->to, "  %s%-*s%s", paper->dim, INDENT - 2, label, paper->plain);
}

static void print_time(const struct paper *paper, int64_t timestamp_ms)
{
	char text[ISO_TIME_LEN];

	iso_time_print(timestamp_ms, text);
	fprintf(paper->to, "%s%.*s%s", paper->dim, ISO_TIME_LEN, text, paper->plain);
}

/* "name=value"s, a new line before each that would cross the right edge. */
static void print_headers(const struct paper *paper, const struct record *record)
{
	size_t used = INDENT;

	print_label(paper, "headers");
	for (uint32_t i = 0; i < record->n_headers; i++) {
		const struct header *header = &record->headers[i];
		size_t need = header->name.len + header->value.len + 1;

		if (i > 0 && used + need + 1 > paper->width) {
			fprintf(paper->to, "\n%*s", INDENT, "");
			used = INDENT;
		} else if (i > 0) {
			fputc(' ', paper->to);
		}
		used += need + 1;
		print_text(paper, header->name);
		fputc('=', paper->to);
		if (header->value.at)
			print_text(paper, header->value);
		else
			fprintf(paper->to, "%s(null)%s", paper->dim, paper->plain);
	}
	fputc('\n', paper->to);
}

static void print_key(const struct preview *preview, struct slice key, uint32_t topic)
{
	const struct paper *paper = &preview->paper;
	enum key_type type = preview_key_type(preview, topic);
	char text[KEYTYPE_SHOWN_MAX];

	fputs("  key ", paper->to);
	if (key.at && key.len) {
		fputs(paper->key, paper->to);
		print_text(paper, keytype_show(type, key, text));
		fputs(paper->plain, paper->to);
		if (type != KEY_STRING)
			fprintf(paper->to, " %s%s%s", paper->dim, keytype_name(type), paper->plain);
	} else {
		fprintf(paper->to, "%s%s%s", paper->dim, key.at ? "(empty)" : "(none)",
			paper->plain);
	}
	fputc('\n', paper->to);
}

void preview_show_record(struct preview *preview, const struct record *record, int32_t partition)
{
	const struct paper *paper = &preview->paper;

	fprintf(paper->to, "%s%s  ", paper->bold, conf_topic_name(preview->conf, record->topic));
	if (partition < 0)
		fputs("no partition, held", paper->to);
	else
		fprintf(paper->to, "partition %" PRId32, partition);
	fprintf(paper->to, "%s  ", paper->plain);
	print_time(paper, record->timestamp_ms);
	print_key(preview, record->key, record->topic);
	if (record->n_headers > 0)
		print_headers(paper, record);
	print_label(paper, "value");
	print_text(paper, record->value);
	fputc('\n', paper->to);
}

/* Drops bytes from the front until it fits into `columns`, not within a UTF-8 sequence. */
static struct slice end_of(struct slice text, size_t columns)
{
	size_t cut = text.len > columns ? text.len - columns : 0;

	while (cut < text.len && cut > 0 && (text.at[cut] & 0xc0) == 0x80)
		cut++;
	return (struct slice){text.at + cut, text.len - cut};
}

static void repeat(FILE *to, char c, size_t n)
{
	while (n-- > 0)
		fputc(c, to);
}

/* The line around the byte where the longest match stopped, and a mark below it. */
static void show_stop(const struct preview *preview, struct slice line, size_t start, size_t end)
{
	const struct paper *paper = &preview->paper;
	size_t room = paper->width - INDENT, blank = 0, agreed;
	struct slice before = {line.at, start};
	struct slice piece = {line.at + start, end - start};
	struct slice rest = {line.at + end, line.len - end};

	if (end > room / 2) {
		piece = end_of(piece, room / 2);
		before = end_of(before, room / 2 - piece.len);
		fputs("...", paper->to);
		blank = 3;
		room -= 3;
	}
	blank += paper_print(paper, before, room);
	fputs(paper->good, paper->to);
	agreed = paper_print(paper, piece, room - blank);
	fputs(paper->plain, paper->to);
	fputs(paper->bad, paper->to);
	if (blank + agreed + 3 < room)
		paper_print(paper, rest, room - blank - agreed);
	fprintf(paper->to, "%s\n%*s", paper->plain, (int)(INDENT + blank), "");
	repeat(paper->to, '~', agreed);
	fputs("^ ", paper->to);
}

/* Behind the mark: whose byte it is. */
static void show_why(const struct preview *preview, const struct parser_stop *stop)
{
	const struct paper *paper = &preview->paper;
	const char *whose = stop->link->name;

	if (parser_single(preview->source->parser))
		fputs(stop->end == stop->text.len ? "the line ends too early" : "the pattern stops",
		      paper->to);
	else
		fprintf(paper->to, "parser \"%s\" %s", whose,
			stop->end == stop->text.len ? "reads to the end and lacks something" :
						      "stops");
	if (stop->end < stop->text.len)
		fprintf(paper->to, ", byte %zu", stop->end + 1);
	fputc('\n', paper->to);
}

static void show_miss(struct preview *preview, const struct pipeline_line *line)
{
	const struct paper *paper = &preview->paper;
	const struct parser *parser = preview->source->parser;
	struct parser_input input = file_parser_input(preview->file, line->text);
	struct parser_stop stop;

	fprintf(paper->to, "  %s%-*s%s", paper->bad, INDENT - 2, "no match", paper->plain);
	if (outcome_has(&line->outcome, OUTCOME_LIMITED)) {
		fputs("the pattern needs too many steps for this line and gave up\n", paper->to);
		return;
	}
	if (preview->counters.lines_unmatched > MISSES_EXPLAINED) {
		fprintf(paper->to, "(only the first %d show where)\n", MISSES_EXPLAINED);
		return;
	}
	if (parser_explain(parser, preview->scratch, &input, &preview->arena, &stop) ||
	    !stop.link) {
		fputc('\n', paper->to);
		return;
	}
	if (stop.missing) {
		fprintf(paper->to, "parser \"%s\" has nothing to read\n", stop.link->name);
	} else {
		show_stop(preview, stop.text, stop.start, stop.end);
		show_why(preview, &stop);
	}
	arena_reset(&preview->arena);
}

/* There is no record: what is known instead. */
static void show_instead(const struct paper *paper, const char *what, const char *why,
			 const char *label, struct slice text)
{
	fprintf(paper->to, "%s(%s)%s  %s\n", paper->bold, what, paper->plain, why);
	print_label(paper, label);
	print_text(paper, text);
	fputc('\n', paper->to);
}

static void show_letter(const struct preview *preview, const struct store_dead_letter *letter)
{
	char why[512];

	if (preview->source->n_also)
		snprintf(why, sizeof why, "of %s: %s", letter->topic, letter->reason);
	else
		snprintf(why, sizeof why, "%s", letter->reason);
	show_instead(&preview->paper, "dead letter", why, "value", letter->value);
}

static void show_notes(const struct preview *preview, uint32_t set)
{
	const struct outcome_row *rows = outcome_rows();
	const struct paper *paper = &preview->paper;

	for (int i = 0; i < OUTCOME_N; i++)
		if (set & OUTCOME_BIT(i) && rows[i].text)
			fprintf(paper->to, "  %s%-*s%s%s\n",
				i == OUTCOME_WITHHELD ? paper->bad : paper->dim, INDENT - 2,
				rows[i].label, paper->plain, rows[i].text);
}

void preview_show_outcome(struct preview *preview, const struct pipeline_line *line)
{
	const struct outcome *outcome = &line->outcome;
	bool miss = outcome_has(outcome, OUTCOME_UNMATCHED);
	char why[128];

	if (LIKELY(!outcome->set && !preview->letters.n))
		return;
	if (outcome_has(outcome, OUTCOME_LEFT_OUT)) {
		snprintf(why, sizeof why, "by %s", line->why);
		show_instead(&preview->paper, "left out", why, "line", line->text);
	}
	for (size_t i = 0; i < preview->letters.n; i++)
		show_letter(preview, &preview->letters.items[i]);
	/* That nothing was cut out of the line says it all. */
	show_notes(preview, miss ? outcome->set & ~OUTCOMES_OF_TIME : outcome->set);
	if (miss && !outcome_has(outcome, OUTCOME_WITHHELD))
		show_miss(preview, line);
}

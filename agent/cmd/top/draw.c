/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Four lines on the whole, a list that takes what is left, and a line that says which keys there
 * are. Everything fits in 80 columns; what is wider is cut where it says least.
 */
#include "cmd/top/draw.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cmd/amount.h"
#include "cmd/paper.h"
#include "cmd/top/screen.h"

#define LIST_AT 5
/* Of a partition what is known of it stands above its files. */
#define PARTITION_ROWS 8

static size_t list_at(const struct look *look)
{
	return LIST_AT + (look->at.view == LOOK_ONE_PARTITION ? PARTITION_ROWS : 0);
}

size_t draw_rows(const struct look *look)
{
	size_t above = list_at(look) + 1;

	return screen_rows() > above ? screen_rows() - above : 1;
}

size_t draw_count(const struct look *look, const struct frame *frame)
{
	switch (look->at.view) {
	case LOOK_SOURCES:
		return frame->n_sources;
	case LOOK_PARTITIONS:
		return frame->n_partitions;
	default:
		return frame->n;
	}
}

/* A line from the left edge; reversed ones reach to the right. */
PRINTF_LIKE(3, 4)
static void put(size_t row, enum screen_style style, const char *format, ...)
{
	struct paper paper = {0};
	char *text = NULL, *shown = NULL;
	size_t len, columns = screen_columns();
	va_list args;
	int n;

	va_start(args, format);
	n = vasprintf(&text, format, args);
	va_end(args);
	if (n < 0 || !(paper.to = open_memstream(&shown, &len))) {
		free(n < 0 ? NULL : text);
		return;
	}
	for (size_t used = paper_print(&paper, slice_of(text), columns);
	     style == SCREEN_REVERSE && used < columns; used++)
		fputc(' ', paper.to);
	if (fclose(paper.to) == 0)
		screen_put(row, 0, style, shown);
	free(shown);
	free(text);
}

/* Text in `columns` columns, its beginning or its end, into room of PATH_COLUMNS. */
#define FIT_MAX 1024
static const char *fit(const char *text, size_t columns, bool end, char room[FIT_MAX])
{
	struct paper paper = {.to = fmemopen(room, FIT_MAX, "w")};
	size_t used;

	room[0] = '\0';
	if (!paper.to)
		return room;
	used = end ? paper_print_end(&paper, slice_of(text), columns) :
		     paper_print(&paper, slice_of(text), columns);
	for (; !end && used < columns; used++)
		fputc(' ', paper.to);
	fclose(paper.to);
	return room;
}

static const char *rate_text(double rate, const char *unit, char text[AMOUNT_MAX])
{
	if (rate < 0)
		return "-";
	snprintf(text, AMOUNT_MAX, rate < 1e6 ? "%.0f %s" : "%.3g %s", rate, unit);
	return text;
}

static const char *bytes_rate(double rate, char text[AMOUNT_MAX])
{
	char size[AMOUNT_MAX];

	if (rate < 0)
		return "-";
	snprintf(text, AMOUNT_MAX, "%.20s/s", amount_size((int64_t)rate, size));
	return text;
}

static void draw_head(const struct frame *before, const struct frame *now)
{
	char text[3][AMOUNT_MAX], beside[32] = "", others[32] = "";
	size_t more;
	const char *trouble = trouble_first(&now->trouble, &more);

	if (now->beside)
		snprintf(beside, sizeof beside, "   %" PRId64 " stuck", now->beside);
	put(0, SCREEN_BOLD, "%s", now->told ? now->told : "");
	put(1, SCREEN_PLAIN,
	    "Kafka %s   %" PRId64 " files   %s behind   %" PRId64 " dead letters%s",
	    now->kafka_up ? "up" : "not ready", now->files, amount_size(now->lag, text[0]),
	    now->letters, beside);
	put(2, SCREEN_PLAIN, "read %s   delivered %s, %s   in flight %" PRId64 " of %" PRId64,
	    rate_text(frame_rate(before, now, before->lines_read, now->lines_read), "lines/s",
		      text[0]),
	    rate_text(frame_rate(before, now, before->lines_delivered, now->lines_delivered),
		      "lines/s", text[1]),
	    bytes_rate(frame_rate(before, now, before->bytes_delivered, now->bytes_delivered),
		       text[2]),
	    now->in_flight, now->in_flight_max);
	if (!trouble)
		return;
	if (more)
		snprintf(others, sizeof others, "(1 of %zu) ", more + 1);
	put(3, SCREEN_BOLD, "%s%s", others, trouble);
}

static void draw_file(size_t row, enum screen_style style, const struct frame_file *file)
{
	char text[2][AMOUNT_MAX], source[FIT_MAX], path[FIT_MAX];
	size_t columns = screen_columns();

	put(row, style, "%-10.10s %9s %11s %6" PRId64 "  %s  %s", file->state,
	    amount_size(file->lag, text[0]), bytes_rate(file->rate, text[1]), file->in_flight,
	    fit(file->source, 10, false, source),
	    fit(file->path, columns > 66 ? columns - 53 : 20, true, path));
}

static void draw_source(size_t row, enum screen_style style, const struct frame_source *source)
{
	char text[2][AMOUNT_MAX], name[FIT_MAX];

	put(row, style, "%s %7" PRId64 " %7" PRId64 " %6" PRId64 " %9s %9" PRId64 " %9s",
	    fit(source->name, 24, false, name), source->files, source->behind, source->stuck,
	    amount_size(source->lag, text[0]), source->in_flight,
	    source->letters ? amount_size(source->letters, text[1]) : "-");
}

/* In a word; the partition's own screen has more. */
static const char *word_for(const struct frame_partition *part)
{
	if (!part->trouble)
		return "";
	if (part->leader < 0)
		return "no leader";
	if (part->lacks_replicas)
		return "replicas";
	return part->held && part->quiet_ms < 1000 ? "held" : "no answer";
}

static void draw_partition(size_t row, enum screen_style style, const struct frame_partition *part)
{
	char name[FIT_MAX], leader[32] = "none", text[2][AMOUNT_MAX];

	if (part->leader >= 0)
		snprintf(leader, sizeof leader, "%" PRId64, part->leader);
	put(row, style, "%s %5" PRId64 " %6s %7" PRId64 " %8" PRId64 " %9s %6s  %s",
	    fit(part->topic, 21, false, name), part->number, leader, part->in_sync, part->in_flight,
	    amount_size(part->bytes, text[0]), amount_time(part->quiet_ms / 1000, text[1]),
	    word_for(part));
}

static void draw_row(const struct look *look, const struct frame *frame, size_t i, size_t row)
{
	enum screen_style style = i == look->at.cursor ? SCREEN_REVERSE : SCREEN_PLAIN;

	switch (look->at.view) {
	case LOOK_SOURCES:
		draw_source(row, style, &frame->sources[i]);
		return;
	case LOOK_PARTITIONS:
		draw_partition(row, style, &frame->partitions[i]);
		return;
	default:
		draw_file(row, style, &frame->at[i]);
		return;
	}
}

static void draw_list(const struct look *look, const struct frame *frame)
{
	static const char *const heads[] = {
		[LOOK_FILES] = "State            lag        rate flying  Source      Path",
		[LOOK_SOURCES] = "Source                     files  behind  stuck       lag  in "
				 "flight   letters",
		[LOOK_PARTITIONS] = "Topic                  part leader in sync  waiting     bytes "
				    " quiet",
		[LOOK_ONE_PARTITION] =
			"State            lag        rate flying  Source      What waits for it",
	};
	size_t n = draw_count(look, frame), rows = draw_rows(look), at = list_at(look);

	put(at - 1, SCREEN_BOLD, "%s", heads[look->at.view]);
	for (size_t i = 0; i < rows && look->at.first + i < n; i++)
		draw_row(look, frame, look->at.first + i, at + i);
}

/* The whole words of a text that fit on a line; of one long word, all of the text. */
static struct slice words_of(struct slice text, size_t columns)
{
	size_t len = 0;

	if (paper_columns(text, columns) <= columns)
		return text;
	for (size_t i = 1; i < text.len; i++) {
		if (text.at[i] != ' ')
			continue;
		if (paper_columns((struct slice){text.at, i}, columns) > columns)
			break;
		len = i + 1;
	}
	return len ? (struct slice){text.at, len} : text;
}

/* What would be of no use if it were cut takes several lines. Returns the row below it. */
static size_t put_long(size_t row, size_t rows, enum screen_style style, const char *text)
{
	struct slice rest = slice_of(text), line_of;
	char line[FIT_MAX];

	for (size_t end = row + rows; rest.len && row < end; row++) {
		struct paper paper = {.to = fmemopen(line, FIT_MAX, "w")};
		size_t used;

		if (!paper.to)
			return row;
		line_of = words_of(rest, screen_columns());
		line_of = paper_print_line(&paper, line_of, screen_columns(), &used);
		rest.len -= (size_t)(line_of.at - rest.at);
		rest.at = line_of.at;
		if (fclose(paper.to) == 0)
			screen_put(row, 0, style, line);
	}
	return row;
}

/* All that is known of one partition, above the files that wait for it. */
static void draw_one_partition(const struct look *look, const struct frame *frame)
{
	const struct frame_partition *part = &frame->partitions[0];
	char text[2][AMOUNT_MAX];
	size_t row = LIST_AT - 1;

	put(row++, SCREEN_BOLD, "topic:partition %s", look->at.about);
	if (!frame->n_partitions) {
		put(row, SCREEN_PLAIN, "there is no such partition any more");
		return;
	}
	if (part->leader < 0)
		put(row++, SCREEN_PLAIN, "leader     none, %" PRId64 " replicas in sync",
		    part->in_sync);
	else
		put(row++, SCREEN_PLAIN,
		    "leader     broker %" PRId64 ", %" PRId64 " replicas in sync", part->leader,
		    part->in_sync);
	put(row++, SCREEN_PLAIN, "in flight  %" PRId64 " records, %s", part->in_flight,
	    amount_size(part->bytes, text[0]));
	put(row++, SCREEN_PLAIN, "quiet for  %s", amount_time(part->quiet_ms / 1000, text[1]));
	put_long(row, 3, SCREEN_BOLD, part->trouble ? part->trouble : "all is well with it");
}

/* All that is known of one file, a line each, but for what may be long. */
#define PATH_ROWS 6
#define WAITS_ROWS 6
static void draw_details(const struct frame *frame)
{
	const struct frame_file *file = &frame->at[0];
	char text[AMOUNT_MAX], waits[1024];
	size_t row = LIST_AT - 1;

	if (!frame->n) {
		put(row, SCREEN_PLAIN, "this file is not followed any more");
		return;
	}
	row = put_long(row, PATH_ROWS, SCREEN_BOLD, file->path);
	put(row++, SCREEN_PLAIN, "source     %s", file->source);
	put(row++, SCREEN_PLAIN, "state      %s", file->state);
	snprintf(waits, sizeof waits, "waits for  %s",
		 file->waits_for ? file->waits_for : "nothing");
	row = put_long(row, WAITS_ROWS, SCREEN_PLAIN, waits);
	put(row++, SCREEN_PLAIN, "settled    %" PRId64 " bytes", file->position);
	put(row++, SCREEN_PLAIN, "read       %" PRId64 " bytes", file->read);
	put(row++, SCREEN_PLAIN, "size       %" PRId64 " bytes", file->size);
	put(row++, SCREEN_PLAIN, "lag        %s", amount_size(file->lag, text));
	put(row++, SCREEN_PLAIN, "rate       %s", bytes_rate(file->rate, text));
	put(row++, SCREEN_PLAIN, "in flight  %" PRId64 " records", file->in_flight);
	if (file->rate > 0 && file->lag > 0)
		put(row++, SCREEN_PLAIN, "at the end in %s, if nothing is added",
		    amount_time((int64_t)((double)file->lag / file->rate), text));
}

static void draw_foot(const struct look *look, const struct frame *frame)
{
	char match[FIT_MAX], about[FIT_MAX];

	if (look->typing)
		put(screen_rows() - 1, SCREEN_REVERSE, "/%s_   Enter: only such paths  Esc: all",
		    look->match);
	else if (look->at.view == LOOK_ONE_FILE)
		put(screen_rows() - 1, SCREEN_REVERSE, "Esc back  q quit");
	else if (look->at.view == LOOK_ONE_PARTITION)
		put(screen_rows() - 1, SCREEN_REVERSE,
		    "Esc back  q quit  Enter one file  %" PRId64 " of %" PRId64
		    " files wait for it",
		    frame->shown, frame->files);
	else if (look->at.view == LOOK_FILES)
		put(screen_rows() - 1, SCREEN_REVERSE,
		    "q quit  s sort: %s  / path: %s  Enter one  o sources  p partitions  "
		    "%s%" PRId64,
		    request_sorts[look->sort],
		    fit(*look->match ? look->match : "all", 8, true, match),
		    *look->at.about ? fit(look->at.about, 8, true, about) : "", frame->shown);
	else
		put(screen_rows() - 1, SCREEN_REVERSE,
		    "q quit  Enter: %s  f files  o sources  p partitions",
		    look->at.view == LOOK_SOURCES ? "its files" : "what waits for it");
}

void draw(const struct look *look, const struct frame *before, const struct frame *frame,
	  const char *message)
{
	screen_clear();
	if (message) {
		put(0, SCREEN_BOLD, "%s", message);
		put(2, SCREEN_PLAIN, "It is asked again. q quit");
	} else {
		draw_head(before, frame);
		if (look->at.view == LOOK_ONE_PARTITION)
			draw_one_partition(look, frame);
		if (look->at.view == LOOK_ONE_FILE)
			draw_details(frame);
		else
			draw_list(look, frame);
		draw_foot(look, frame);
	}
	screen_show();
}

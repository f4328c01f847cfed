/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The format is lines, because samples are: a line is copied out of a log and pasted behind "< "
 * without any quoting, which JSON or libconfig would ask for, and a changed expectation is a
 * changed line in a version control system. What cannot be typed has "<\", with escapes; a plain
 * "<" has none, since logs are full of backslashes of their own.
 *
 * Each case is a log file of its own, so positions begin at 0 and cases may be moved, copied and
 * taken out without a change of the others.
 */
#include <ctype.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cmd/test/cases_private.h"
#include "cmd/test/time.h"
#include "parsers/names.h"

#define PARTITIONS_MAX 10000
#define DEFAULT_NOW_MS INT64_C(1767225600000) /* 2026-01-01T00:00:00Z */

struct reader {
	struct test_file *file;
	struct test_setting with;
	unsigned line;
	size_t at, next; /* of this line in the text, of the one behind it */
	struct test_case *open;
	FILE *lines, *expected; /* of the open case */
	char *lines_text, *expected_text;
	size_t lines_len, expected_len;
	bool commented; /* a comment stands behind the first ">" of the open case */
	unsigned n_problems;
	bool no_memory;
};

static void PRINTF_LIKE(2, 3) problem(struct reader *reader, const char *format, ...)
{
	va_list args;

	fprintf(stderr, "%s:%u: ", reader->file->name, reader->line);
	va_start(args, format);
	vfprintf(stderr, format, args);
	va_end(args);
	fputc('\n', stderr);
	reader->n_problems++;
}

/* A copy that lives as long as the file, with a NUL behind it. SLICE_NONE: memory is out. */
static struct slice keep(struct reader *reader, const char *at, size_t len)
{
	char *copy = arena_alloc(&reader->file->arena, len + 1);

	if (!copy) {
		reader->no_memory = true;
		return SLICE_NONE;
	}
	memcpy(copy, at, len);
	copy[len] = '\0';
	return (struct slice){copy, len};
}

/* What holds for the cases below. Each gets the words behind its name. */

static void set_config(struct reader *reader, const char *text)
{
	reader->with.config = text;
}

static void set_source(struct reader *reader, const char *text)
{
	reader->with.source = text;
	reader->with.source_line = reader->line;
}

static void set_file(struct reader *reader, const char *text)
{
	if (text[0] != '/')
		problem(reader, "file: a log's path is absolute: \"/var/log/%s\"", text);
	reader->with.file = text;
}

static void set_host(struct reader *reader, const char *text)
{
	reader->with.host = text;
}

static void set_zone(struct reader *reader, const char *text)
{
	reader->with.zone = text;
}

static void set_partitions(struct reader *reader, const char *text)
{
	char *end;
	long n = strtol(text, &end, 10);

	if (end == text || *end || n < 1 || n > PARTITIONS_MAX)
		problem(reader, "partitions: a number from 1 to %d is wanted, not \"%s\"",
			PARTITIONS_MAX, text);
	else
		reader->with.partitions = (int32_t)n;
}

static void set_now(struct reader *reader, const char *text)
{
	int r = test_time_read(text, &reader->with.now_ms);

	reader->no_memory |= r < 0;
	if (r == TEST_TIME_E_INVALID)
		problem(reader, "now: a time like 2026-01-02T03:04:05Z is wanted, not \"%s\"",
			text);
}

static const struct {
	const char *name;
	void (*set)(struct reader *reader, const char *text);
	const char *wanted;
} settings[] = {
	{"config", set_config, "config PATH"},
	{"source", set_source, "source NAME"},
	{"partitions", set_partitions, "partitions N"},
	{"now", set_now, "now 2026-01-02T03:04:05Z"},
	{"file", set_file, "file PATH"},
	{"host", set_host, "host NAME"},
	{"zone", set_zone, "zone NAME"},
};

static void complain_unknown(struct reader *reader, const char *word)
{
	const char *names[ARRAY_LEN(settings)], *near;

	for (size_t i = 0; i < ARRAY_LEN(settings); i++)
		names[i] = settings[i].name;
	near = names_nearest(word, names, ARRAY_LEN(names));
	if (near)
		problem(reader, "\"%s\" is not known (did you mean \"%s\"?)", word, near);
	else
		problem(reader,
			"\"%s\" is not known; a line begins with #, <, > or one of: config, "
			"source, partitions, now, file, host, zone",
			word);
}

static void read_setting(struct reader *reader, const char *at, size_t len)
{
	const char *end = at + len, *blank = at, *text;
	struct slice word, value;

	while (end > at && isspace((unsigned char)end[-1]))
		end--;
	while (blank < end && !isspace((unsigned char)*blank))
		blank++;
	for (text = blank; text < end && isspace((unsigned char)*text);)
		text++;
	word = keep(reader, at, (size_t)(blank - at));
	value = keep(reader, text, (size_t)(end - text));
	reader->with.line = reader->line;
	for (size_t i = 0; word.at && value.at && i < ARRAY_LEN(settings); i++) {
		if (strcmp(word.at, settings[i].name) != 0)
			continue;
		if (value.len)
			settings[i].set(reader, value.at);
		else
			problem(reader, "this wants to be \"%s\"", settings[i].wanted);
		return;
	}
	if (word.at)
		complain_unknown(reader, word.at);
}

/* Cases */

static void close_case(struct reader *reader)
{
	struct test_case *test = reader->open;

	if (!test)
		return;
	reader->open = NULL;
	reader->no_memory |= fclose(reader->lines) != 0;
	reader->no_memory |= fclose(reader->expected) != 0;
	test->lines = keep(reader, reader->lines_text, reader->lines_len);
	test->expected = keep(reader, reader->expected_text, reader->expected_len);
	free(reader->lines_text);
	free(reader->expected_text);
}

static struct test_case *open_case(struct reader *reader)
{
	struct test_file *file = reader->file;
	struct test_case *cases = reallocarray(file->cases, file->n_cases + 1, sizeof *cases);

	if (cases)
		file->cases = cases;
	reader->lines = cases ? open_memstream(&reader->lines_text, &reader->lines_len) : NULL;
	reader->expected = reader->lines ?
				   open_memstream(&reader->expected_text, &reader->expected_len) :
				   NULL;
	if (!reader->expected) {
		reader->no_memory = true;
		return NULL;
	}
	if (!reader->with.config)
		problem(reader, "no configuration: give \"config PATH\" above");
	reader->commented = false;
	reader->open = &cases[file->n_cases++];
	*reader->open = (struct test_case){.with = reader->with, .line = reader->line};
	return reader->open;
}

static int hex(char c)
{
	return isdigit((unsigned char)c) ? c - '0' : (tolower((unsigned char)c) - 'a') + 10;
}

/* The byte that a backslash and what follows stand for; -1: none. *at is moved behind it. */
static int unescape(const char **at, const char *end)
{
	static const char letters[] = "\\tr0", bytes[] = "\\\t\r";
	const char *letter;

	if (end - *at >= 4 && (*at)[1] == 'x' && isxdigit((unsigned char)(*at)[2]) &&
	    isxdigit((unsigned char)(*at)[3])) {
		*at += 4;
		return hex((*at)[-2]) << 4 | hex((*at)[-1]);
	}
	letter = end - *at >= 2 && (*at)[1] ? strchr(letters, (*at)[1]) : NULL;
	if (!letter)
		return -1;
	*at += 2;
	return bytes[letter - letters];
}

static void read_escaped(struct reader *reader, const char *at, const char *end)
{
	while (at < end) {
		int byte = *at == '\\' ? unescape(&at, end) : (unsigned char)*at++;

		if (byte < 0 || byte == '\n') {
			problem(reader, "behind \"<\\\" a backslash begins one of \\\\, \\t, \\r, "
					"\\0 and \\xHH, which is not a line end");
			return;
		}
		fputc(byte, reader->lines);
	}
}

static void read_line(struct reader *reader, const char *at, size_t len)
{
	bool escaped = len > 1 && at[1] == '\\';
	size_t skip = escaped ? 2 : 1;

	if (reader->open && reader->open->end)
		close_case(reader);
	if (!reader->open && !open_case(reader))
		return;
	skip += len > skip && at[skip] == ' ';
	if (escaped)
		read_escaped(reader, at + skip, at + len);
	else
		fwrite(at + skip, 1, len - skip, reader->lines);
	fputc('\n', reader->lines);
	/* Where an expectation would go that is not there yet. */
	reader->open->start = reader->next;
}

static void read_expected(struct reader *reader, const char *at, size_t len)
{
	size_t skip = len > 1 && at[1] == ' ' ? 2 : 1;

	if (!reader->open) {
		problem(reader, "what is expected stands right below its line, \"< LINE\"");
		return;
	}
	if (reader->commented)
		problem(reader, "a comment cannot stand within what is expected; put it above");
	if (!reader->open->end) {
		reader->open->start = reader->at;
		reader->open->expected_line = reader->line;
	}
	fwrite(at + skip, 1, len - skip, reader->expected);
	fputc('\n', reader->expected);
	reader->open->end = reader->next;
}

static void read_any(struct reader *reader, const char *at, size_t len)
{
	size_t blank = 0;

	while (blank < len && isspace((unsigned char)at[blank]))
		blank++;
	if (at[0] == '<' && len) {
		read_line(reader, at, len);
	} else if (at[0] == '>' && len) {
		read_expected(reader, at, len);
	} else if (at[0] == '#' && len) {
		reader->commented = reader->open && reader->open->end;
	} else if (blank == len) {
		close_case(reader);
	} else {
		close_case(reader);
		read_setting(reader, at + blank, len - blank);
	}
}

int test_file_parse(struct test_file *file)
{
	struct reader reader = {
		.file = file,
		.with = {.partitions = 12,
			 .now_ms = DEFAULT_NOW_MS,
			 .file = "/sample.log",
			 .host = "localhost",
			 .zone = "UTC"},
	};

	while (reader.next < file->len) {
		const char *at = file->text + reader.next;
		const char *end = memchr(at, '\n', file->len - reader.next);
		size_t len = end ? (size_t)(end - at) : file->len - reader.next;

		reader.line++;
		reader.at = reader.next;
		reader.next += len + (end ? 1 : 0);
		read_any(&reader, at, len);
	}
	close_case(&reader);
	for (size_t i = 0; i < file->n_cases; i++)
		if (!file->cases[i].end)
			file->cases[i].end = file->cases[i].start;
	if (reader.no_memory)
		return -ENOMEM;
	return reader.n_problems ? TEST_FILE_E_WRONG : 0;
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What an event of the first source of a configuration costs, over a file in memory that is read
 * again and again: kinds STAGE CONF FILE EVENTS. STAGE is cut (events are cut from the bytes),
 * parse (and cut into fields), record (and made a record) or copy (the bytes are copied, as far as
 * the memory goes, for comparison). Prints nanoseconds of CPU and bytes an event, and how often
 * memory was asked for in all of them but the first pass.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "conf/load.h"
#include "join/streams.h"

/* Beyond the caches, where there is as much to do. */
#define ROOM ((size_t)64 << 20)

/* For path_pattern. */
#define FOUND "/var/log/pods/shop_web-0_0f3c9d1e-4a5b-4c6d-8e7f-901234567890/app/0.log"

/* Those of the C library, counted. */
void *__libc_malloc(size_t size);
void *__libc_calloc(size_t n, size_t size);
void *__libc_realloc(void *old, size_t size);

static unsigned long asked;

void *malloc(size_t size)
{
	asked++;
	return __libc_malloc(size);
}

void *calloc(size_t n, size_t size)
{
	asked++;
	return __libc_calloc(n, size);
}

void *realloc(void *old, size_t size)
{
	asked++;
	return __libc_realloc(old, size);
}

enum stage { COPY, CUT, PARSE, RECORD, STAGES };

struct bench {
	enum stage stage;
	const struct source *source;
	struct pattern_scratch *scratch;
	struct arena arena;
	struct slice bytes;
	char *copy;
	size_t at;
	struct slice fields[PARSER_FIELDS_MAX];
	struct rules_work rules;
	struct record record;
	struct outcome outcome;
	unsigned long unmatched;
};

static double cpu_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
	return (double)now.tv_sec * 1e9 + (double)now.tv_nsec;
}

/* As many times the file as there is room for, whole. */
static struct slice fill(const char *path)
{
	FILE *file = fopen(path, "r");
	char *bytes = __libc_malloc(ROOM);
	size_t n = file && bytes ? fread(bytes, 1, ROOM, file) : 0, len = n;

	if (file)
		fclose(file);
	while (n && len + n <= ROOM) {
		memcpy(bytes + len, bytes, n);
		len += n;
	}
	return (struct slice){bytes, len};
}

/* The text of the next event, which lies in the bytes or in the arena. */
static struct slice cut(struct bench *b)
{
	const struct source *source = b->source;
	struct slice rest = {b->bytes.at + b->at, b->bytes.len - b->at}, text;
	struct join_event event = {.lines = 1};
	struct join_state state = {0};
	struct join_bytes input = {rest, .ended = true};
	uint32_t waits;
	size_t n;
	int r;

	if (!source->join)
		r = lines_cut(rest, 0, &source->rules, &event.line);
	else if (join_options(source->join)->wrap)
		r = streams_cut(source->join, &source->rules, &input, &event,
				join_parts(source->join), &n, &waits);
	else
		r = join_cut(source->join, &source->rules, rest, true, &state, &event);
	if (r)
		abort();
	text = event.line.text;
	if (event.lines > 1 && source->join && join_options(source->join)->wrap &&
	    streams_text(source->join, &source->rules, rest, event.lines, &b->arena, &text))
		abort();
	b->at += event.line.extent;
	if (b->at == b->bytes.len)
		b->at = 0;
	return text;
}

static void make(struct bench *b, struct slice text, bool matches)
{
	struct route_input input = {
		.facts = {.line = text,
			  .path = slice_of("/var/log/a.log"),
			  .name = slice_of("a.log"),
			  .read_ms = 1795273915605,
			  .fields = matches ? b->fields : NULL},
		.fields = b->fields,
		.rules = &b->rules,
	};

	b->outcome = (struct outcome){0};
	if (route_record(b->source->route, &input, &b->arena, &b->record, &b->outcome))
		abort();
}

static void handle(struct bench *b)
{
	struct parser_input input = {.found = slice_of(FOUND)};
	int r = 0;

	arena_reset(&b->arena);
	input.line = cut(b);
	if (b->stage == CUT)
		return;
	if (b->source->parser)
		r = parser_extract(b->source->parser, b->scratch, &input, &b->arena, b->fields);
	b->unmatched += r != 0;
	if (b->stage == RECORD)
		make(b, input.line, r == 0 && b->source->parser);
}

static void copy(struct bench *b)
{
	memcpy(b->copy, b->bytes.at, b->bytes.len);
	/* So that nobody finds out that it is for nothing. */
	__asm__ volatile("" : : "r"(b->copy) : "memory");
}

/* Nanoseconds each; what was asked of memory is asked anew. */
static double measure(struct bench *b, long events, size_t *ret_bytes)
{
	double begin = cpu_ns();

	*ret_bytes = 0;
	asked = 0;
	for (long i = 0; i < events; i++) {
		size_t before = b->at;

		if (b->stage == COPY)
			copy(b);
		else
			handle(b);
		*ret_bytes += (b->at ? b->at : b->bytes.len) - before;
	}
	return (cpu_ns() - begin) / (double)events;
}

int main(int argc, char **argv)
{
	static const char *const stages[STAGES] = {"copy", "cut", "parse", "record"};
	struct bench b = {.stage = STAGES, .scratch = pattern_scratch_new()};
	long events = argc == 5 ? atol(argv[4]) : 0;
	struct conf *conf;
	double ns;
	size_t bytes;

	for (int i = 0; argc == 5 && i < STAGES; i++)
		b.stage = strcmp(argv[1], stages[i]) == 0 ? (enum stage)i : b.stage;
	if (events <= 0 || b.stage == STAGES) {
		fputs("usage: kinds copy|cut|parse|record CONF FILE EVENTS\n", stderr);
		return 64;
	}
	if (conf_load(argv[2], stderr, &conf))
		return 78;
	b.source = &conf->sources[0];
	b.rules.scratch = b.scratch;
	b.bytes = fill(argv[3]);
	b.copy = __libc_malloc(ROOM);
	if (!b.bytes.len || !b.copy)
		return 66;
	/* What is made once is made: arenas, stacks, pages. */
	(void)measure(&b, events < 1000 ? events : 1000, &bytes);
	ns = measure(&b, events, &bytes);
	printf("%.2f %.2f %lu %lu\n", ns, (double)bytes / (double)events, asked, b.unmatched);
	return 0;
}

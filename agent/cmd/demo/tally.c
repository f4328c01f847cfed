/* SPDX-License-Identifier: Apache-2.0 */
/*
 * "lost 0" is said of what stands in the files on the one hand and what a consumer reads on the
 * other; neither the agent's counters nor the application's are asked.
 *
 * Order is judged by key, for that is what Kafka promises: the first record of a line may not come
 * after that of a later line of the same key, nor from another partition than the rest of its key.
 * A second record of a line is repeated, not out of order: after a kill a run of lines comes once
 * more, in its own order. Lines without a key have no order.
 */
#include "cmd/demo/tally.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>

int demo_tally_init(struct demo_tally *tally)
{
	*tally = (struct demo_tally){
		.lines = calloc(SAMPLE_LINES_MAX, sizeof *tally->lines),
		.keys = calloc(SAMPLE_LINES_MAX, sizeof *tally->keys),
	};
	if (tally->lines && tally->keys)
		return 0;
	demo_tally_deinit(tally);
	return -ENOMEM;
}

void demo_tally_deinit(struct demo_tally *tally)
{
	free(tally->lines);
	free(tally->keys);
	*tally = (struct demo_tally){0};
}

static struct demo_line *line_of(struct demo_tally *tally, unsigned number)
{
	if (number >= tally->end)
		tally->end = number + 1;
	return &tally->lines[number];
}

void demo_tally_written(struct demo_tally *tally, struct slice text, struct demo_place place)
{
	struct demo_line *line;
	unsigned number;

	if (!sample_number(text, &number))
		return;
	line = line_of(tally, number);
	if (line->written)
		return;
	line->written = true;
	line->place = place;
	tally->written++;
}

static int read_file(struct demo_tally *tally, FILE *file, unsigned generation)
{
	struct demo_place place = {generation, 0};
	char *text = NULL;
	size_t size = 0;
	ssize_t len;
	int r;

	while ((len = getline(&text, &size, file)) > 0) {
		demo_tally_written(tally, (struct slice){text, (size_t)len}, place);
		place.position += (uint64_t)len;
	}
	r = ferror(file) ? -EIO : 0;
	free(text);
	return r;
}

int demo_tally_read(struct demo_tally *tally, const char *path, unsigned *ret_files)
{
	char name[PATH_MAX];
	unsigned n = 0;
	int r = 0;

	for (; r == 0; n++) {
		int len = n ? snprintf(name, sizeof name, "%s.%u", path, n) :
			      snprintf(name, sizeof name, "%s", path);
		FILE *file;

		if (len < 0 || (size_t)len >= sizeof name)
			return -ENAMETOOLONG;
		file = fopen(name, "re");
		if (!file && errno == ENOENT)
			break;
		if (!file)
			return -errno;
		r = read_file(tally, file, n);
		fclose(file);
	}
	if (r == 0)
		*ret_files = n;
	return r;
}

/* Whether the first record of this line keeps the order of its key. */
static bool in_order(struct demo_tally *tally, struct slice key, unsigned number, int32_t partition)
{
	struct demo_key *known;
	unsigned order;
	bool good;

	if (!sample_order(key, &order) || order >= SAMPLE_LINES_MAX)
		return true;
	known = &tally->keys[order];
	good = !known->seen || (number > known->newest && partition == known->partition);
	if (!known->seen) {
		known->seen = true;
		known->partition = partition;
		tally->n_keys++;
	}
	if (number > known->newest)
		known->newest = number;
	return good;
}

void demo_tally_arrived(struct demo_tally *tally, struct slice key, struct slice value,
			int32_t partition, int64_t offset)
{
	struct demo_line *line;
	unsigned number;

	if (!sample_number(value, &number)) {
		tally->strange++;
		return;
	}
	line = line_of(tally, number);
	if (line->records++ > 0) {
		line->again_partition = partition;
		line->again_offset = offset;
		tally->repeated++;
		return;
	}
	line->partition = partition;
	line->offset = offset;
	tally->seen++;
	while (tally->whole < tally->end && tally->lines[tally->whole].records > 0)
		tally->whole++;
	if (!in_order(tally, key, number, partition) && tally->late++ == 0)
		tally->first_late = number;
}

static bool is_lost(const struct demo_line *line)
{
	return line->written && line->records == 0;
}

static bool is_repeated(const struct demo_line *line)
{
	return line->records > 1;
}

uint64_t demo_tally_lost(const struct demo_tally *tally)
{
	uint64_t n = 0;

	for (unsigned i = 0; i < tally->end; i++)
		n += is_lost(&tally->lines[i]);
	return n;
}

static bool next_run(const struct demo_tally *tally, bool (*holds)(const struct demo_line *),
		     unsigned *at, unsigned *ret_end)
{
	unsigned start = *at, end;

	while (start < tally->end && !holds(&tally->lines[start]))
		start++;
	for (end = start; end < tally->end && holds(&tally->lines[end]); end++)
		;
	if (start == end)
		return false;
	*at = start;
	*ret_end = end;
	return true;
}

bool demo_tally_next_lost(const struct demo_tally *tally, unsigned *at, unsigned *ret_end)
{
	return next_run(tally, is_lost, at, ret_end);
}

bool demo_tally_next_repeated(const struct demo_tally *tally, unsigned *at, unsigned *ret_end)
{
	return next_run(tally, is_repeated, at, ret_end);
}

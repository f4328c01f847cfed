/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Any bytes, any split into two reads: the lines are the same as those of one read, and together
 * with what is discarded they cover every byte once. The first three bytes of the input choose
 * max_line, keep_cr and the split.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "parsers/lines.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* A fold over all that was cut, in order: equal folds are equal lines but for a collision. */
struct fold {
	uint64_t hash;
	size_t covered;
};

static void mix(struct fold *fold, const void *bytes, size_t len)
{
	for (size_t i = 0; i < len; i++)
		fold->hash = (fold->hash ^ ((const unsigned char *)bytes)[i]) * 1099511628211ull;
}

static void take(struct fold *fold, const struct line *line)
{
	unsigned char flags = (unsigned char)(line->terminated | line->truncated << 1);

	if (line->terminated && line->truncated)
		abort();
	mix(fold, &line->text.len, sizeof line->text.len);
	mix(fold, line->text.at, line->text.len);
	mix(fold, &flags, 1);
	fold->covered += line->extent;
}

/* Reads until there is no line more; returns what remains to be looked at again. */
static struct slice read_on(struct slice bytes, size_t *scanned, bool *discarding, bool last,
			    const struct line_rules *rules, struct fold *fold)
{
	while (bytes.len > 0) {
		struct line line;

		if (*discarding) {
			*discarding = *bytes.at != '\n';
			fold->covered++;
			bytes = (struct slice){bytes.at + 1, bytes.len - 1};
			continue;
		}
		if (lines_cut(bytes, *scanned, rules, &line) == LINES_E_MORE) {
			*scanned = bytes.len;
			if (!last)
				return bytes;
			if (bytes.len >= rules->max_line + LINES_ROOM)
				abort();
			line = lines_cut_last(bytes, rules);
		}
		take(fold, &line);
		*scanned = 0;
		*discarding = line.truncated;
		bytes = (struct slice){bytes.at + line.extent, bytes.len - line.extent};
	}
	return bytes;
}

static struct fold read_split(struct slice bytes, size_t split, const struct line_rules *rules)
{
	struct fold fold = {.hash = 14695981039346656037ull};
	struct slice rest = {bytes.at, split};
	bool discarding = false;
	size_t scanned = 0;

	if (split > 0)
		rest = read_on(rest, &scanned, &discarding, false, rules, &fold);
	rest.len += bytes.len - split;
	read_on(rest, &scanned, &discarding, true, rules, &fold);
	return fold;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct line_rules rules;
	struct slice bytes;
	struct fold whole, split;

	if (size < 4)
		return 0;
	rules = (struct line_rules){1 + data[0] % 32, data[1] & 1};
	bytes = (struct slice){(const char *)data + 3, size - 3};
	whole = read_split(bytes, 0, &rules);
	split = read_split(bytes, data[2] % (bytes.len + 1), &rules);
	if (whole.hash != split.hash || whole.covered != bytes.len || split.covered != bytes.len)
		abort();
	return 0;
}

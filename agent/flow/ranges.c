/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Ranges settled ahead, as a sorted array with a moving front:
 *
 *     at: | dropped ... | live, ascending, never touching | spare |
 *         0           first                        first + n    capacity
 *
 * Slots are settled nearly in the order of their positions, so adding happens at the upper end and
 * dropping at the lower one; an array does both without an allocation a range, and a search is
 * binary. A tree would make the rare insertion in the middle cheaper, which is a memmove of at most
 * 1 MiB here. A bitmap of bytes or of slots was rejected: the first is as large as the data, the
 * second means nothing after a restart.
 *
 * The stored form accepts only what ranges_encode writes (no padding in varints, no empty range, no
 * two that touch), so there is one form for each set and the fuzzer can compare.
 */
#include "flow/ranges.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define VARINT_BYTES_MAX 10

static struct range *live(const struct ranges *ranges)
{
	return ranges->at + ranges->first;
}

/* The number of live ranges whose end is below position: the index of the first that reaches it. */
static size_t reaching(const struct ranges *ranges, uint64_t position)
{
	size_t low = 0, high = ranges->n;

	if (high && live(ranges)[high - 1].end < position)
		return high;
	while (low < high) {
		const size_t middle = low + (high - low) / 2;

		if (live(ranges)[middle].end < position)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

/*
 * Makes room for one more live range: from the dropped front when that is half, else by doubling.
 */
static int make_room(struct ranges *ranges)
{
	struct range *grown;
	size_t capacity;

	if (ranges->first + ranges->n < ranges->capacity)
		return 0;
	if (ranges->n && ranges->first >= ranges->n) {
		memcpy(ranges->at, live(ranges), ranges->n * sizeof *ranges->at);
		ranges->first = 0;
		return 0;
	}
	capacity = ranges->capacity ? 2 * ranges->capacity : 16;
	grown = realloc(ranges->at, capacity * sizeof *grown);
	if (!grown)
		return -ENOMEM;
	ranges->at = grown;
	ranges->capacity = capacity;
	return 0;
}

int ranges_add(struct ranges *ranges, uint64_t start, uint64_t end)
{
	size_t i, merged = 0;
	struct range *at;
	int r;

	if (start >= end)
		return 0;
	i = reaching(ranges, start);
	while (i + merged < ranges->n && live(ranges)[i + merged].start <= end)
		merged++;
	if (!merged) {
		if (ranges->n >= RANGES_MAX)
			return RANGES_E_FULL;
		r = make_room(ranges);
		if (r < 0)
			return r;
		at = live(ranges) + i;
		memmove(at + 1, at, (ranges->n - i) * sizeof *at);
		*at = (struct range){start, end};
		ranges->n++;
		return 0;
	}
	at = live(ranges) + i;
	at->start = start < at->start ? start : at->start;
	at->end = end > at[merged - 1].end ? end : at[merged - 1].end;
	memmove(at + 1, at + merged, (ranges->n - i - merged) * sizeof *at);
	ranges->n -= merged - 1;
	return 0;
}

void ranges_drop_below(struct ranges *ranges, uint64_t position)
{
	while (ranges->n && live(ranges)->end <= position) {
		ranges->first++;
		ranges->n--;
	}
	if (!ranges->n)
		ranges->first = 0;
	else if (live(ranges)->start < position)
		live(ranges)->start = position;
}

void ranges_drop_above(struct ranges *ranges, uint64_t position)
{
	while (ranges->n && live(ranges)[ranges->n - 1].start >= position)
		ranges->n--;
	if (!ranges->n)
		ranges->first = 0;
	else if (live(ranges)[ranges->n - 1].end > position)
		live(ranges)[ranges->n - 1].end = position;
}

const struct range *ranges_find(const struct ranges *ranges, uint64_t position)
{
	size_t i = reaching(ranges, position);

	/* A range that ends exactly at position does not contain it. */
	if (i < ranges->n && live(ranges)[i].end == position)
		i++;
	return i < ranges->n ? &live(ranges)[i] : NULL;
}

static size_t put_varint(char *at, uint64_t value)
{
	size_t n = 0;

	for (; value >= 0x80; value >>= 7)
		at[n++] = (char)(0x80 | (value & 0x7f));
	at[n++] = (char)value;
	return n;
}

/* Takes one varint off the front. False: cut off, longer than 64 bits, or padded with a zero. */
static bool take_varint(struct slice *bytes, uint64_t *ret_value)
{
	uint64_t value = 0;

	for (size_t n = 0; n < VARINT_BYTES_MAX && n < bytes->len; n++) {
		const unsigned char byte = (unsigned char)bytes->at[n];

		if (n == VARINT_BYTES_MAX - 1 && byte > 1)
			return false;
		value |= (uint64_t)(byte & 0x7f) << (7 * n);
		if (byte & 0x80)
			continue;
		if (n > 0 && byte == 0)
			return false;
		*bytes = (struct slice){bytes->at + n + 1, bytes->len - n - 1};
		*ret_value = value;
		return true;
	}
	return false;
}

int ranges_encode(const struct ranges *ranges, uint64_t base, size_t max_ranges, char **ret_bytes,
		  size_t *ret_len)
{
	const struct range *range = ranges_find(ranges, base);
	const struct range *end = range ? live(ranges) + ranges->n : NULL;
	size_t len = 0;
	char *bytes;

	if (range && (size_t)(end - range) > max_ranges)
		end = range + max_ranges;
	if (range == end) {
		*ret_bytes = NULL;
		*ret_len = 0;
		return 0;
	}
	bytes = malloc((size_t)(end - range) * 2 * VARINT_BYTES_MAX);
	if (!bytes)
		return -ENOMEM;
	for (uint64_t before = base; range < end; before = range++->end) {
		const uint64_t start = range->start > base ? range->start : base;

		len += put_varint(bytes + len, start - before);
		len += put_varint(bytes + len, range->end - start);
	}
	*ret_bytes = bytes;
	*ret_len = len;
	return 0;
}

/* One range from the front of bytes; at is the end of the one before. False: malformed. */
static bool take_range(struct slice *bytes, uint64_t at, bool first, struct range *ret_range)
{
	uint64_t gap, length;

	if (!take_varint(bytes, &gap) || !take_varint(bytes, &length))
		return false;
	if (length == 0 || (gap == 0 && !first))
		return false;
	if (__builtin_add_overflow(at, gap, &ret_range->start))
		return false;
	return !__builtin_add_overflow(ret_range->start, length, &ret_range->end);
}

int ranges_decode(struct slice bytes, uint64_t base, struct ranges *ret_ranges)
{
	struct ranges ranges = RANGES_NULL;
	struct range range = {base, base};
	int r = 0;

	while (bytes.len && r == 0) {
		if (take_range(&bytes, range.end, ranges.n == 0, &range))
			r = ranges_add(&ranges, range.start, range.end);
		else
			r = -EBADMSG;
	}
	if (r != 0) {
		ranges_deinit(&ranges);
		return r < 0 ? r : -EBADMSG;
	}
	*ret_ranges = ranges;
	return 0;
}

void ranges_deinit(struct ranges *ranges)
{
	free(ranges->at);
	*ranges = RANGES_NULL;
}

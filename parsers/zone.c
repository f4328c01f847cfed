/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Filled once by settings/zone.c, which asks libc; then looked up by binary search over what a wall
 * clock shows. localtime_r and mktime on the way of a line were rejected: they take a lock, know
 * one zone a process, and cost several hundred ns.
 *
 * A change that sets the clock back makes it show an hour twice, one that sets it on skips an hour.
 * Both are handled by where a change begins on the clock's face: `wall` is the larger of the two
 * readings at that moment, so the earlier offset holds for the doubled hour and for the skipped
 * one.
 */
#include "parsers/zone.h"

#include <errno.h>
#include <stdlib.h>

/* How far the clock of a writer may be ahead of ours before we doubt which hour it is. */
#define AHEAD_S 60

struct change {
	int64_t wall; /* local seconds from which `offset` surely holds */
	int64_t utc;
	int32_t offset;
};

struct zone {
	size_t n, capacity;
	int32_t offset; /* before the first change */
	struct change *changes;
};

struct zone *zone_new(int32_t offset)
{
	struct zone *zone = calloc(1, sizeof *zone);

	if (zone)
		zone->offset = offset;
	return zone;
}

struct zone *zone_free(struct zone *zone)
{
	if (zone) {
		free(zone->changes);
		free(zone);
	}
	return NULL;
}

int zone_add_change(struct zone *zone, int64_t utc_s, int32_t offset)
{
	int32_t before = zone->n ? zone->changes[zone->n - 1].offset : zone->offset;

	if (zone->n == zone->capacity) {
		size_t capacity = zone->capacity ? 2 * zone->capacity : 16;
		struct change *changes =
			reallocarray(zone->changes, capacity, sizeof *zone->changes);

		if (!changes)
			return -ENOMEM;
		zone->changes = changes;
		zone->capacity = capacity;
	}
	zone->changes[zone->n++] =
		(struct change){utc_s + (offset > before ? offset : before), utc_s, offset};
	return 0;
}

int32_t zone_offset_at(const struct zone *zone, int64_t utc_s)
{
	size_t first = 0, n = zone->n;

	while (n > 0) {
		size_t half = n / 2;

		if (zone->changes[first + half].utc <= utc_s) {
			first += half + 1;
			n -= half + 1;
		} else {
			n = half;
		}
	}
	return first ? zone->changes[first - 1].offset : zone->offset;
}

int32_t zone_offset_of(const struct zone *zone, int64_t local_s, int64_t now_s)
{
	size_t first = 0, n = zone->n;
	const struct change *next;

	if (n == 0)
		return zone->offset;
	while (n > 0) {
		size_t half = n / 2;

		if (zone->changes[first + half].wall <= local_s) {
			first += half + 1;
			n -= half + 1;
		} else {
			n = half;
		}
	}
	next = &zone->changes[first];
	/* The clock shows this again after the next change, which sets it back. */
	if (first < zone->n && UNLIKELY(local_s - next->offset >= next->utc) &&
	    local_s - next->offset <= now_s + AHEAD_S)
		return next->offset;
	return first ? zone->changes[first - 1].offset : zone->offset;
}

static bool is_digit(char c)
{
	return (unsigned char)(c - '0') <= 9;
}

/* Two digits of at most `max`, or -1. */
static int take_two(const char **at, const char *end, int max)
{
	int value;

	if (end - *at < 2 || !is_digit((*at)[0]) || !is_digit((*at)[1]))
		return -1;
	value = ((*at)[0] - '0') * 10 + ((*at)[1] - '0');
	if (value > max)
		return -1;
	*at += 2;
	return value;
}

bool zone_take_offset(const char **at, const char *end, int32_t *ret_offset)
{
	const char *here = *at;
	int sign, hours, minutes = 0;

	if (here == end)
		return false;
	if (*here == 'Z' || *here == 'z') {
		*ret_offset = 0;
		*at = here + 1;
		return true;
	}
	if (*here != '+' && *here != '-')
		return false;
	sign = *here++ == '-' ? -1 : 1;
	hours = take_two(&here, end, 23);
	if (hours < 0)
		return false;
	if (here < end && (*here == ':' || is_digit(*here))) {
		here += *here == ':';
		minutes = take_two(&here, end, 59);
		if (minutes < 0)
			return false;
	}
	*ret_offset = sign * (hours * 3600 + minutes * 60);
	*at = here;
	return true;
}

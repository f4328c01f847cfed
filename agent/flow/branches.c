/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A slot for each branch rather than one with a set of bits: a report finds it by its address as
 * before, what is known of a record (when it was read, where it went) has its place, and the
 * account needs to know of branches only where it looks at whole events. The slots of one event
 * never lie in two blocks, so the first and the last of them are found by a few steps.
 *
 * What is settled of some branches only is kept as ranges by branch, as what is settled ahead is: a
 * rewind or a restart comes back to such events, and sends what is missing of them. Branches are
 * stored under an id made of where they go, so that a branch that is new in the configuration is
 * not taken for one that was there before.
 */
#include "flow/branches.h"

#include <endian.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct slot *slot_event(struct slot *slot)
{
	const struct slot_block *block =
		(const struct slot_block *)((uintptr_t)slot & ~(uintptr_t)511);

	while (slot > block->slots && !slot[-1].length)
		slot--;
	return slot;
}

enum branches_state branches_state(const struct slot *event)
{
	bool under_way = false, owed = false, back = false;
	const struct slot *slot = event;

	do {
		under_way |= slot->state == SLOT_IN_FLIGHT;
		owed |= slot->state == SLOT_OWED;
		back |= slot->state == SLOT_FAILED || slot->state == SLOT_REFUSED;
	} while (!slot++->length);
	return back      ? BRANCHES_BACK :
	       under_way ? BRANCHES_UNDER_WAY :
	       owed      ? BRANCHES_WAIT :
			   BRANCHES_SETTLED;
}

bool branches_any_dead(const struct slot *event)
{
	const struct slot *slot = event;
	bool dead = false;

	do
		dead |= slot->state == SLOT_DEAD;
	while (!slot++->length);
	return dead;
}

uint32_t branches_settled(const struct branches *branches, uint64_t start, uint64_t end)
{
	uint32_t settled = 0;

	for (unsigned i = 0; i < BRANCHES_MAX; i++) {
		const struct range *range = ranges_find(&branches->of[i], start);

		if (range && range->start <= start && range->end >= end)
			settled |= UINT32_C(1) << i;
	}
	return settled;
}

uint64_t branches_border(const struct branches *branches, uint64_t position)
{
	uint64_t border = UINT64_MAX;

	for (unsigned i = 0; i < BRANCHES_MAX; i++) {
		const struct range *range = ranges_find(&branches->of[i], position);
		uint64_t at = !range                  ? UINT64_MAX :
			      range->start > position ? range->start :
							range->end;

		border = at < border ? at : border;
	}
	return border;
}

uint64_t branches_end(const struct branches *branches)
{
	uint64_t end = 0;

	for (unsigned i = 0; branches && i < BRANCHES_MAX; i++) {
		const struct ranges *of = &branches->of[i];

		if (of->n && of->at[of->first + of->n - 1].end > end)
			end = of->at[of->first + of->n - 1].end;
	}
	return end;
}

int branches_add(struct branches **branches, unsigned branch, uint64_t start, uint64_t end)
{
	int r;

	if (!*branches)
		*branches = calloc(1, sizeof **branches);
	if (!*branches)
		return -ENOMEM;
	r = ranges_add(&(*branches)->of[branch], start, end);
	return r < 0 ? r : 0;
}

void branches_drop_below(struct branches *branches, uint64_t position)
{
	for (unsigned i = 0; i < BRANCHES_MAX; i++)
		ranges_drop_below(&branches->of[i], position);
}

void branches_drop_above(struct branches *branches, uint64_t position)
{
	for (unsigned i = 0; i < BRANCHES_MAX; i++)
		ranges_drop_above(&branches->of[i], position);
}

bool branches_are_empty(const struct branches *branches)
{
	for (unsigned i = 0; i < BRANCHES_MAX; i++) {
		if (branches->of[i].n)
			return false;
	}
	return true;
}

struct branches *branches_free(struct branches *branches)
{
	for (unsigned i = 0; branches && i < BRANCHES_MAX; i++)
		ranges_deinit(&branches->of[i]);
	free(branches);
	return NULL;
}

/* In front of the ranges of each branch; numbers have the lowest byte first. */
struct part_head {
	uint64_t id;
	uint64_t len;
};

static int add_part(struct slice *bytes, uint64_t id, const char *part, size_t len)
{
	struct part_head head = {htole64(id), htole64(len)};
	char *grown = realloc((char *)bytes->at, bytes->len + sizeof head + len);

	if (!grown)
		return -ENOMEM;
	memcpy(grown + bytes->len, &head, sizeof head);
	memcpy(grown + bytes->len + sizeof head, part, len);
	*bytes = (struct slice){grown, bytes->len + sizeof head + len};
	return 0;
}

int branches_encode(const struct branches *branches, const uint64_t *ids, size_t n, uint64_t base,
		    size_t max_ranges, struct slice *ret_bytes)
{
	struct slice bytes = SLICE_NONE;
	int r = 0;

	for (size_t i = 0; branches && i < n && r == 0; i++) {
		char *part;
		size_t len;

		r = ranges_encode(&branches->of[i], base, max_ranges, &part, &len);
		if (r == 0 && len)
			r = add_part(&bytes, ids[i], part, len);
		if (r == 0)
			free(part);
	}
	if (r) {
		free((char *)bytes.at);
		return r;
	}
	*ret_bytes = bytes;
	return 0;
}

/* Takes one part off the front. False: there is none. */
static bool take_part(struct slice *bytes, uint64_t *ret_id, struct slice *ret_ranges)
{
	struct part_head head;

	if (bytes->len < sizeof head)
		return false;
	memcpy(&head, bytes->at, sizeof head);
	*bytes = (struct slice){bytes->at + sizeof head, bytes->len - sizeof head};
	head.len = le64toh(head.len);
	if (head.len > bytes->len)
		return false;
	*ret_id = le64toh(head.id);
	*ret_ranges = (struct slice){bytes->at, (size_t)head.len};
	*bytes = (struct slice){bytes->at + head.len, bytes->len - (size_t)head.len};
	return true;
}

int branches_decode(struct slice bytes, const uint64_t *ids, size_t n, uint64_t base,
		    struct branches **ret_branches)
{
	struct branches *branches = calloc(1, sizeof *branches);
	int r = branches ? 0 : -ENOMEM;

	while (r == 0 && bytes.len) {
		struct ranges ranges;
		struct slice part;
		size_t i = 0;
		uint64_t id;

		r = take_part(&bytes, &id, &part) ? ranges_decode(part, base, &ranges) : -EBADMSG;
		if (r)
			break;
		while (i < n && (ids[i] != id || branches->of[i].n))
			i++;
		if (i < n)
			branches->of[i] = ranges;
		else
			ranges_deinit(&ranges);
	}
	if (r || branches_are_empty(branches))
		branches = branches_free(branches);
	if (r == 0)
		*ret_branches = branches;
	return r;
}

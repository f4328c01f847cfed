/* SPDX-License-Identifier: Apache-2.0 */
/*
 * For each header its name and its value, each behind its length in four bytes, the lowest first.
 * A length of all ones is a null value, which is another thing than an empty one.
 */
#include "flow/headers.h"

#include <endian.h>
#include <errno.h>
#include <string.h>

#define NULL_LENGTH UINT32_MAX

static char *put(char *to, struct slice bytes)
{
	uint32_t len = htole32(bytes.at ? (uint32_t)bytes.len : NULL_LENGTH);

	memcpy(to, &len, sizeof len);
	if (bytes.at && bytes.len)
		memcpy(to + sizeof len, bytes.at, bytes.len);
	return to + sizeof len + (bytes.at ? bytes.len : 0);
}

int headers_pack(const struct record *record, struct arena *arena, struct slice *ret_bytes)
{
	size_t len = 0;
	char *bytes, *to;

	*ret_bytes = SLICE_NONE;
	if (!record->n_headers)
		return 0;
	for (uint32_t i = 0; i < record->n_headers; i++)
		len += 2 * sizeof(uint32_t) + record->headers[i].name.len +
		       record->headers[i].value.len;
	to = bytes = arena_alloc(arena, len);
	if (!bytes)
		return -ENOMEM;
	for (uint32_t i = 0; i < record->n_headers; i++) {
		to = put(to, record->headers[i].name);
		to = put(to, record->headers[i].value);
	}
	*ret_bytes = (struct slice){bytes, (size_t)(to - bytes)};
	return 0;
}

/* False: there are not as many bytes. */
static bool take(struct slice *bytes, struct slice *ret_part)
{
	uint32_t len;

	if (bytes->len < sizeof len)
		return false;
	memcpy(&len, bytes->at, sizeof len);
	len = le32toh(len);
	bytes->at += sizeof len;
	bytes->len -= sizeof len;
	*ret_part = SLICE_NONE;
	if (len == NULL_LENGTH)
		return true;
	if (len > bytes->len)
		return false;
	*ret_part = (struct slice){bytes->at, len};
	bytes->at += len;
	bytes->len -= len;
	return true;
}

int headers_unpack(struct slice bytes, struct record *record)
{
	uint32_t n = 0;

	record->n_headers = 0;
	while (bytes.len) {
		struct header *header = &record->headers[n];

		if (n == RECORD_HEADERS_MAX || !take(&bytes, &header->name) || !header->name.at ||
		    !take(&bytes, &header->value))
			return HEADERS_E_INVALID;
		n++;
	}
	record->n_headers = n;
	return 0;
}

/* SPDX-License-Identifier: Apache-2.0 */
/* Four characters for three bytes; of a rest of one or two bytes the last are '='. */
#include "base/base64.h"

static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

static void put_group(struct json *json, const unsigned char *at, size_t n)
{
	uint32_t bits = (uint32_t)at[0] << 16;
	char text[4] = {'=', '=', '=', '='};

	if (n > 1)
		bits |= (uint32_t)at[1] << 8;
	if (n > 2)
		bits |= at[2];
	for (size_t i = 0; i <= n; i++)
		text[i] = digits[bits >> (18 - 6 * i) & 63];
	json_put_raw(json, (struct slice){text, sizeof text});
}

void base64_put(struct json *json, struct slice bytes)
{
	const unsigned char *at = (const unsigned char *)bytes.at;

	if (!at) {
		json_put_text(json, "null");
		return;
	}
	json_reserve(json, (bytes.len + 2) / 3 * 4 + 2);
	json_put_text(json, "\"");
	for (size_t i = 0; i < bytes.len; i += 3)
		put_group(json, at + i, bytes.len - i < 3 ? bytes.len - i : 3);
	json_put_text(json, "\"");
}

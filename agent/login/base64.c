/* SPDX-License-Identifier: Apache-2.0 */
/* Six bits a letter. OpenSSL has the other alphabet only, and wants padding. */
#include "login/base64.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

char *base64_encode(const void *bytes, size_t len)
{
	const unsigned char *from = bytes;
	char *text = malloc(len / 3 * 4 + 5), *to = text;
	uint32_t held = 0;
	int n_bits = 0;

	for (size_t i = 0; text && i < len; i++) {
		held = held << 8 | from[i];
		for (n_bits += 8; n_bits >= 6; n_bits -= 6)
			*to++ = alphabet[held >> (n_bits - 6) & 63];
	}
	if (text && n_bits)
		*to++ = alphabet[held << (6 - n_bits) & 63];
	if (text)
		*to = '\0';
	return text;
}

char *base64_decode(struct slice text, size_t *ret_len)
{
	char *bytes = malloc(text.len / 4 * 3 + 4), *to = bytes;
	uint32_t held = 0;
	int n_bits = 0;

	for (size_t i = 0; bytes && i < text.len; i++) {
		const char *letter = text.at[i] ? strchr(alphabet, text.at[i]) : NULL;

		if (!letter) {
			free(bytes);
			return NULL;
		}
		held = held << 6 | (uint32_t)(letter - alphabet);
		n_bits += 6;
		if (n_bits >= 8) {
			n_bits -= 8;
			*to++ = (char)(held >> n_bits);
		}
	}
	if (!bytes)
		return NULL;
	*to = '\0';
	*ret_len = (size_t)(to - bytes);
	return bytes;
}

/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CLIENT_WORDS_H
#define CLIENT_WORDS_H

#include <stdbool.h>
#include <stddef.h>

#include "client/options.h"

/* What the library says of a connection, where its advice would lead astray. */

/* What is known beside an error's text. */
struct words_known {
	int certificate;   /* OpenSSL's reason for which a broker's was refused last; 0: none */
	const char *token; /* what that in use says of itself; "": nothing */
	bool answered;     /* a broker has answered more than what it answers anybody */
};

/* Mends an error text in place, which has room for `size` bytes. */
void words_mend(char *text, size_t size, const struct words_known *known);

/*
 * The same of the text with which no client could be made of these properties: of a file that is
 * not there, or holds something else, the library says only that OpenSSL failed.
 */
void words_mend_refusal(char *text, size_t size, const struct prop *props, size_t n_props);

/* Why a broker's certificate is refused, by OpenSSL's number: what it is, and what to look at. */
const char *words_certificate(int error);

#endif

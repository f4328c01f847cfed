/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CLIENT_WORDS_H
#define CLIENT_WORDS_H

#include <stddef.h>

/* What the library says of a connection, where its advice would lead astray. */

/*
 * Mends an error text in place, which has room for `size` bytes. certificate: OpenSSL's reason for
 * which a broker's certificate was refused last; 0: none is known. token: what that in use says of
 * itself; "": nothing.
 */
void words_mend(char *text, size_t size, int certificate, const char *token);

/* Why a broker's certificate is refused, by OpenSSL's number: what it is, and what to look at. */
const char *words_certificate(int error);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BASE_LISTEN_H
#define BASE_LISTEN_H

#include <sys/socket.h>

#include "base/result.h"

enum { LISTEN_E_INVALID = 1 /* listen_parse: no such address */ };

/*
 * "127.0.0.1:9464", "[::1]:9464", "0.0.0.0:9464": where to listen, in numbers, so that nobody has
 * to be asked. 0 or LISTEN_E_INVALID.
 */
int listen_parse(const char *text, struct sockaddr_storage *ret_address, socklen_t *ret_len)
	MUSTCHECK;

#endif

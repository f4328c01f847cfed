/* SPDX-License-Identifier: Apache-2.0 */
/* The configuration is checked with the same words that the agent listens by. */
#include "base/listen.h"

#include <netdb.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* "[::1]" → "::1". False: there is none, or a bracket too many. */
static bool take_host(const char *text, size_t len, char *ret_host, size_t room)
{
	if (len >= 2 && text[0] == '[' && text[len - 1] == ']') {
		text++;
		len -= 2;
	} else if (memchr(text, ':', len)) {
		return false;
	}
	return len && (size_t)snprintf(ret_host, room, "%.*s", (int)len, text) < room;
}

int listen_parse(const char *text, struct sockaddr_storage *ret_address, socklen_t *ret_len)
{
	const struct addrinfo hints = {.ai_flags = AI_NUMERICHOST | AI_NUMERICSERV,
				       .ai_socktype = SOCK_STREAM};
	const char *colon = strrchr(text, ':');
	struct addrinfo *found;
	char host[64];

	if (!colon || !take_host(text, (size_t)(colon - text), host, sizeof host) ||
	    strspn(colon + 1, "0123456789") != strlen(colon + 1) || strlen(colon + 1) > 5 ||
	    atoi(colon + 1) < 1 || atoi(colon + 1) > 65535)
		return LISTEN_E_INVALID;
	if (getaddrinfo(host, colon + 1, &hints, &found))
		return LISTEN_E_INVALID;
	memcpy(ret_address, found->ai_addr, found->ai_addrlen);
	*ret_len = found->ai_addrlen;
	freeaddrinfo(found);
	return 0;
}

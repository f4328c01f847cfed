/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Any bytes as a line at the control socket: it is read whole, or refused with a reason that is one
 * line of UTF-8; nothing of a refused one is taken.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "protocol/request.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void need(bool good)
{
	if (!good)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct request request, before;
	char message[256] = "";
	int r;

	memset(&request, 0x5a, sizeof request);
	before = request;
	r = request_read((struct slice){(const char *)data, size}, &request, message,
			 sizeof message);
	if (r) {
		need(r == REQUEST_E_WRONG && message[0] && !strchr(message, '\n'));
		need(memcmp(&request, &before, sizeof request) == 0);
		return 0;
	}
	need(request.kind < REQUEST_KINDS);
	need(memchr(request.about, '\0', sizeof request.about) &&
	     memchr(request.path, '\0', sizeof request.path));
	return 0;
}

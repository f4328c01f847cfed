/* SPDX-License-Identifier: Apache-2.0 */
/* What a client of the control socket may send in a line. What is accepted is within its bounds. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "control/request.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct request *request = malloc(sizeof *request);
	char message[64];
	int r;

	if (!request)
		abort();
	memset(message, 'x', sizeof message);
	r = request_read((struct slice){(const char *)data, size}, request, message,
			 sizeof message);
	if (r && (r != REQUEST_E_WRONG || !memchr(message, 0, sizeof message)))
		abort();
	if (!r && (request->kind >= REQUEST_KINDS || !memchr(request->about, 0, PATH_MAX) ||
		   !memchr(request->path, 0, PATH_MAX)))
		abort();
	free(request);
	return 0;
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/support/caller.h"

#include <string.h>
#include <sys/socket.h>

#include "protocol/address.h"
#include "tests/support/must.h"

int call(const char *path)
{
	struct address address;
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	MUST(address_init(path, &address) == 0);
	MUST(connect(fd, (struct sockaddr *)&address.name, sizeof address.name) == 0);
	address_deinit(&address);
	return fd;
}

void say(int fd, const char *text)
{
	MUST(send(fd, text, strlen(text), MSG_NOSIGNAL) == (ssize_t)strlen(text));
}

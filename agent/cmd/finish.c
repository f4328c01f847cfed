/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How every command begins and ends. A number of a stream that is closed would be that of the next
 * thing which is opened, the state or a broker's connection, and messages would be written there.
 * An output that could not be written is no success.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "cmd/cmd.h"

bool cmd_begin(void)
{
	for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++) {
		/* The wrong way round: who writes to what is closed is to be told so. */
		if (fcntl(fd, F_GETFD) < 0 &&
		    open("/dev/null", fd == STDIN_FILENO ? O_WRONLY : O_RDONLY) != fd)
			return false;
	}
	return true;
}

int cmd_finish(int status)
{
	int error = fflush(stdout) ? errno : ferror(stdout) ? EIO : 0;

	if (!error || status != EX_OK)
		return status;
	/* `waybill check | head` has got what it wanted. */
	if (error != EPIPE)
		fprintf(stderr, "waybill: standard output: %s\n", strerror(error));
	return EX_IOERR;
}

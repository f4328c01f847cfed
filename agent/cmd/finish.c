/* SPDX-License-Identifier: Apache-2.0 */
/* How every command ends: an output that could not be written is no success. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>

#include "cmd/cmd.h"

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

/* SPDX-License-Identifier: Apache-2.0 */
/* A file of its own, so that a test can put its own in the place of it. */
#include "base/openat2.h"

#include <sys/syscall.h>
#include <unistd.h>

int sys_openat2(int dir, const char *path, const struct open_how *how)
{
	return (int)syscall(SYS_openat2, dir, path, how, sizeof *how);
}

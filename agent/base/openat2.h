/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BASE_OPENAT2_H
#define BASE_OPENAT2_H

#include <linux/openat2.h>

/*
 * openat2(2), which the C library of Debian 12 does not have. A descriptor, or -1 and errno: ENOSYS
 * before Linux 5.6, EPERM also from filters of system calls that do not know it.
 */
int sys_openat2(int dir, const char *path, const struct open_how *how);

#endif

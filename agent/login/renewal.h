/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LOGIN_RENEWAL_H
#define LOGIN_RENEWAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/result.h"

/* Files of certificates, keys and passwords, of which it is seen when they have something new. */
struct renewal;

/* 0 or -ENOMEM. Where there is no inotify the files are looked at from time to time. */
int renewal_new(struct renewal **ret_renewal) MUSTCHECK;

/* NULL is fine. Returns NULL. */
struct renewal *renewal_free(struct renewal *renewal);

/*
 * One file more, of a setting that is named in what renewal_look tells; both are copied. It is read
 * at once: what is in it now is not new. 0 or -ENOMEM.
 */
int renewal_add(struct renewal *renewal, const char *setting, const char *path) MUSTCHECK;

/*
 * To be called about once a second. True: some of the files hold something else than at the last
 * time, or cannot be read any more, and all of them have been left alone for a second; their
 * settings and paths stand in ret_what (len bytes), parted by commas. Costs a system call when
 * nothing happened. Never blocks, but on the file system of the files.
 */
bool renewal_look(struct renewal *renewal, uint64_t now_us, char *ret_what, size_t len);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CMD_CHECK_ACCESS_H
#define CMD_CHECK_ACCESS_H

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/stat.h>

/* Who we are to the kernel, which part of a path stops us, and what would let us in. */

struct check_denial {
	int error;                /* errno: EACCES, ENOENT, ... */
	char component[PATH_MAX]; /* the first part of the path that stops us */
	struct stat st;           /* of it; st_mode is 0 when it cannot be looked at */
	bool search;              /* a directory on the way: x is missing, not r or w */
};

/*
 * Looks at each component of an absolute path as the effective user, symbolic links included.
 * mode: R_OK, W_OK, X_OK, of what the path leads to. True when it is granted; else *ret_denial
 * says where not.
 */
bool check_access(const char *path, int mode, struct check_denial *ret_denial);

/* "user waybill, groups waybill, adm" */
void check_who(char *ret_text, size_t len);

/* Why path cannot be used: "/var/log/audit is drwxr-x--- root adm", or "it is ..." for itself. */
void check_denial_text(const struct check_denial *denial, const char *path, char *ret_text,
		       size_t len);

/* What to do, one sentence: the group, the mode, or the setting of the unit that is likely. */
void check_denial_advice(const struct check_denial *denial, char *ret_text, size_t len);

/* Whether a unit with ProtectHome= would hide the path. */
bool check_is_home(const char *path);

/* "-rw-r-----" for a mode; 10 characters and NUL. */
void check_mode_text(mode_t mode, char ret_text[11]);

#endif

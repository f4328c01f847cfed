/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PROTOCOL_ADDRESS_H
#define PROTOCOL_ADDRESS_H

#include <limits.h>
#include <stddef.h>
#include <sys/socket.h>
#include <sys/types.h>
#include <sys/un.h>

#include "base/result.h"

/* Where a socket of an agent is, for the agent and for those who ask it. */

/*
 * As configured (NULL or "": it is not), or control in the directory in /run that has the name of
 * state_dir in /var/lib, with '-' for '/' (waybill-web of waybill/web); in state_dir where that is
 * elsewhere. 0, or -ENAMETOOLONG.
 */
int address_path(const char *configured, const char *state_dir, char ret_path[PATH_MAX]) MUSTCHECK;

struct address {
	struct sockaddr_un name;
	int dir_fd; /* what a long name goes through; -1: nothing */
};

/*
 * A path of any length as the name of a socket. 0: address_deinit when bind or connect is done.
 * Negative errno: its directory cannot be opened.
 */
int address_init(const char *path, struct address *ret_address) MUSTCHECK;
void address_deinit(struct address *address);

/*
 * A non-blocking socket that listens at path, which its owner and its group may connect to (mode
 * 0660), whatever the umask; what a dead process left there is replaced. 0: *ret_fd is the
 * caller's, and so is the path, for address_remove behind it. -EADDRINUSE: something else is
 * there, or somebody listens; other negative errno.
 */
int address_listen(const char *path, int backlog, int *ret_fd) MUSTCHECK;

/* Removes what address_listen made, when that is closed; not what has taken its place since. */
void address_remove(const char *path);

/* Gives the path of such a socket to a group. 0 or negative errno. */
int address_give(const char *path, gid_t group) MUSTCHECK;

#endif

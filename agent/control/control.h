/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CONTROL_CONTROL_H
#define CONTROL_CONTROL_H

#include "view/view.h"

/* The control socket: it listens, and answers who connects, in turns of the loop. */
struct control;

/*
 * Connected at a time; others wait until one of them is done or overdue. So many of the slots are
 * for root and the agent's user only: the socket's group cannot keep the operator out.
 */
#define CONTROL_CLIENTS 16
#define CONTROL_KEPT 2

/*
 * Listens at path, which its owner and its group may connect to (mode 0660). What a dead agent left
 * there is replaced. 0; -EADDRINUSE: something else is there, or another agent listens; other
 * negative errno.
 */
int control_new(const char *path, struct control **ret_control) MUSTCHECK;

/* Closes all connections, removes the socket. NULL is fine. Returns NULL. */
struct control *control_free(struct control *control);

/* For the loop: readable when control_turn has something to do. */
int control_fd(const struct control *control);

/* Answers for a while: some 64 KiB. */
void control_turn(struct control *control, const struct view *view);

/* The store is not written to any more: who waited for that is answered on. */
void control_wake(struct control *control, const struct view *view);

/* From time to time: who takes too long is left. */
void control_age(struct control *control, uint64_t now_us);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * All descriptors are in an epoll set, which is one descriptor for the loop. It is level-triggered,
 * so what a turn leaves undone makes the set ready again at once, behind the others of the set and
 * behind whatever else the loop has to do.
 *
 * Who may ask is decided by the mode of the socket, at the connection; what changes something, or
 * tells what was in a line, is for the agent's own user and root, as the kernel names the peer.
 */
#include "control/control.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "control/client.h"
#include "protocol/address.h"

/* Pieces of answers made in one turn: some hundred microseconds. */
#define PIECES_A_TURN 4

struct control {
	char *path;
	int epoll_fd, listen_fd;
	bool shut; /* there is no slot for another client */
	struct client *clients[CONTROL_CLIENTS];
	size_t n_clients;
};

/* client: NULL for the socket itself. */
static int watch(struct control *control, int how, int fd, uint32_t events, void *client)
{
	struct epoll_event event = {.events = events, .data.ptr = client};

	return epoll_ctl(control->epoll_fd, how, fd, &event) < 0 ? -errno : 0;
}

static int begin(struct control *control)
{
	int r = address_listen(control->path, CONTROL_CLIENTS, &control->listen_fd);

	if (r)
		return r;
	control->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	if (control->epoll_fd < 0)
		return -errno;
	return watch(control, EPOLL_CTL_ADD, control->listen_fd, EPOLLIN, NULL);
}

int control_new(const char *path, struct control **ret_control)
{
	struct control *control = calloc(1, sizeof *control);
	int r;

	if (!control)
		return -ENOMEM;
	control->epoll_fd = control->listen_fd = -1;
	control->path = strdup(path);
	r = control->path ? begin(control) : -ENOMEM;
	if (r) {
		control_free(control);
		return r;
	}
	*ret_control = control;
	return 0;
}

struct control *control_free(struct control *control)
{
	if (!control)
		return NULL;
	for (size_t i = 0; i < control->n_clients; i++)
		client_free(control->clients[i]);
	if (control->listen_fd >= 0) {
		close(control->listen_fd);
		address_remove(control->path);
	}
	if (control->epoll_fd >= 0)
		close(control->epoll_fd);
	free(control->path);
	free(control);
	return NULL;
}

int control_fd(const struct control *control)
{
	return control->epoll_fd;
}

/* The socket is not polled while nobody can be taken. */
static void set_shut(struct control *control, bool shut)
{
	if (shut != control->shut &&
	    !watch(control, EPOLL_CTL_MOD, control->listen_fd, shut ? 0 : EPOLLIN, NULL))
		control->shut = shut;
}

static void drop(struct control *control, struct client *client)
{
	for (size_t i = 0; i < control->n_clients; i++) {
		if (control->clients[i] == client)
			control->clients[i] = control->clients[--control->n_clients];
	}
	client_free(client);
}

static bool has_slot(const struct control *control, const struct client *client)
{
	size_t others = 0;

	for (size_t i = 0; i < control->n_clients; i++)
		others += !client_is_privileged(control->clients[i]);
	return client_is_privileged(client) || others < CONTROL_CLIENTS - CONTROL_KEPT;
}

/* False: there is no slot, or no descriptor. */
static bool take_clients(struct control *control, uint64_t now_us)
{
	for (int i = 0; i < CONTROL_CLIENTS && control->n_clients < CONTROL_CLIENTS; i++) {
		int fd = accept4(control->listen_fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
		struct client *client;

		if (fd < 0)
			return errno == EAGAIN || errno == EINTR || errno == ECONNABORTED;
		client = client_new(fd, now_us);
		if (!client)
			return false;
		if (!has_slot(control, client)) {
			client_turn_away(client);
			client_free(client);
			continue;
		}
		control->clients[control->n_clients++] = client;
		if (watch(control, EPOLL_CTL_ADD, fd, EPOLLIN, client))
			drop(control, client);
	}
	return control->n_clients < CONTROL_CLIENTS;
}

/* 0 or negative errno. */
static int poll_client(struct control *control, struct client *client, const struct view *view)
{
	return watch(control, EPOLL_CTL_MOD, client_fd(client),
		     client_waits(client, view)    ? 0 :
		     client_wants_to_write(client) ? EPOLLOUT :
						     EPOLLIN,
		     client);
}

static void serve(struct control *control, struct client *client, uint32_t events,
		  const struct view *view, unsigned *pieces)
{
	/* Who waits and is gone would be told again at once. */
	bool gone = events & (EPOLLHUP | EPOLLERR) && client_waits(client, view);

	if (gone || !client_step(client, view, pieces) || poll_client(control, client, view))
		drop(control, client);
}

void control_wake(struct control *control, const struct view *view)
{
	for (size_t i = control->n_clients; i > 0; i--) {
		if (poll_client(control, control->clients[i - 1], view))
			drop(control, control->clients[i - 1]);
	}
}

void control_turn(struct control *control, const struct view *view)
{
	struct epoll_event events[CONTROL_CLIENTS + 1];
	unsigned pieces = PIECES_A_TURN;
	int n = epoll_wait(control->epoll_fd, events, CONTROL_CLIENTS + 1, 0);

	for (int i = 0; i < n; i++) {
		if (events[i].data.ptr)
			serve(control, events[i].data.ptr, events[i].events, view, &pieces);
	}
	set_shut(control, !take_clients(control, view->now_us));
}

void control_age(struct control *control, uint64_t now_us)
{
	for (size_t i = control->n_clients; i > 0; i--) {
		if (client_is_overdue(control->clients[i - 1], now_us))
			drop(control, control->clients[i - 1]);
	}
	/* For want of a descriptor it may be shut although there are slots. */
	set_shut(control, control->n_clients == CONTROL_CLIENTS);
}

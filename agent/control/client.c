/* SPDX-License-Identifier: Apache-2.0 */
/*
 *   asking ── a whole line ──► answering ── all of it is taken ──► asking
 *      └─ too long, too late, gone: over ─┘
 *
 * While it is answered nothing more is read of a client: its next questions wait in the kernel,
 * which bounds them. What is wrong with a question is said, and ends the connection.
 */
#include "control/client.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

struct client {
	int fd;
	struct ucred peer; /* who connected */
	uint64_t begun_us; /* the question, or the answer, */
	uint64_t piece_us; /* and the piece of it */
	char in[REQUEST_MAX];
	size_t in_len;
	struct arena arena;
	struct slice out; /* in the arena: what is not yet taken of a piece */
	struct answer *answer;
	bool last; /* over when `out` is taken */
};

struct client *client_new(int fd, uint64_t now_us)
{
	struct client *client = calloc(1, sizeof *client);

	if (!client) {
		close(fd);
		return NULL;
	}
	client->fd = fd;
	client->peer.uid = (uid_t)-1;
	(void)!getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &client->peer,
			  &(socklen_t){sizeof client->peer});
	client->begun_us = client->piece_us = now_us;
	return client;
}

struct client *client_free(struct client *client)
{
	if (!client)
		return NULL;
	answer_free(client->answer);
	arena_deinit(&client->arena);
	close(client->fd);
	free(client);
	return NULL;
}

int client_fd(const struct client *client)
{
	return client->fd;
}

bool client_is_privileged(const struct client *client)
{
	return client->peer.uid == 0 || client->peer.uid == geteuid();
}

bool client_wants_to_write(const struct client *client)
{
	return client->answer || client->out.len;
}

bool client_waits(const struct client *client, const struct view *view)
{
	return client->answer && !client->out.len && answer_waits(client->answer, view);
}

bool client_is_overdue(const struct client *client, uint64_t now_us)
{
	return now_us >= client->piece_us + CLIENT_PATIENCE_US ||
	       now_us >= client->begun_us + CLIENT_ANSWER_US;
}

/* False: it is gone. */
static bool flush(struct client *client, uint64_t now_us)
{
	while (client->out.len) {
		ssize_t n = send(client->fd, client->out.at, client->out.len,
				 MSG_NOSIGNAL | MSG_DONTWAIT);

		if (n < 0)
			return errno == EAGAIN || errno == EINTR;
		client->out.at += n;
		client->out.len -= (size_t)n;
	}
	client->piece_us = now_us;
	return true;
}

/* What `json` holds is the next to be taken. False: memory is out. */
static bool hand_out(struct client *client, struct json *json)
{
	return json_finish(json, &client->out) == 0;
}

static bool refuse(struct client *client, const char *why)
{
	struct json json = {.arena = &client->arena};

	arena_reset(&client->arena);
	json_put_text(&json, "{\"version\":");
	json_put_integer(&json, CONTROL_VERSION);
	json_put_text(&json, ",\"kind\":\"error\",\"message\":");
	json_put_string(&json, slice_of(why));
	json_put_text(&json, "}\n");
	client->last = true;
	return hand_out(client, &json);
}

void client_turn_away(struct client *client)
{
	if (refuse(client, "as many ask already as may at a time: try again in a minute"))
		(void)flush(client, client->begun_us);
}

/* The first line of `in`, if it is whole, is answered. False: memory is out. */
static bool take_question(struct client *client, const struct view *view)
{
	char *end = memchr(client->in, '\n', client->in_len), message[256];
	struct request request;
	size_t len;
	int r;

	if (!end)
		return client->in_len < sizeof client->in ||
		       refuse(client, "the question is too long");
	len = (size_t)(end - client->in);
	r = request_read((struct slice){client->in, len}, &request, message, sizeof message);
	client->in_len -= len + 1;
	memmove(client->in, end + 1, client->in_len);
	client->begun_us = client->piece_us = view->now_us;
	if (r)
		return refuse(client, message);
	if (request_is_privileged(&request) && !client_is_privileged(client))
		return refuse(client, "this is for root and the user of the agent only");
	return answer_new(view, &request, client->peer.uid, &client->answer) == 0;
}

/* False: it is gone, or memory is out. */
static bool hear(struct client *client, const struct view *view)
{
	ssize_t n = recv(client->fd, client->in + client->in_len,
			 sizeof client->in - client->in_len, MSG_DONTWAIT);

	if (n < 0)
		return errno == EAGAIN || errno == EINTR;
	client->in_len += (size_t)n;
	return n > 0 && take_question(client, view);
}

/* The next piece. False: memory is out. */
static bool go_on(struct client *client, const struct view *view)
{
	struct json json = {.arena = &client->arena};
	bool whole;

	arena_reset(&client->arena);
	whole = answer_more(client->answer, view, &json);
	client->piece_us = view->now_us;
	if (whole)
		client->last = answer_failed(client->answer);
	if (whole)
		client->answer = answer_free(client->answer);
	return hand_out(client, &json);
}

bool client_step(struct client *client, const struct view *view, unsigned *pieces)
{
	bool alive = true;

	if (!client_wants_to_write(client))
		alive = hear(client, view);
	while (alive && client_wants_to_write(client)) {
		alive = flush(client, view->now_us);
		if (!alive || client->out.len)
			break;
		if (client->last)
			return false;
		if (client->answer && (!*pieces || answer_waits(client->answer, view)))
			break;
		if (client->answer) {
			--*pieces;
			alive = go_on(client, view);
		} else {
			client->begun_us = view->now_us;
			alive = take_question(client, view);
		}
	}
	return alive;
}

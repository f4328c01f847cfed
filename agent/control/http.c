/* SPDX-License-Identifier: Apache-2.0 */
/*
 * HTTP by libmicrohttpd, which brings no thread here: its epoll set is one descriptor for the loop.
 * An answer is queued at the first sight of a question, so that nothing of a body is ever read, and
 * it is made in one go: a scrape of 20,000 files takes some 1 to 3 ms.
 *
 * Its epoll set is edge-triggered inside, so what it has not finished does not make the set
 * readable again; it says so itself, and gets some more rounds. The tick gives it the rest.
 */
#include "control/http.h"

#include <errno.h>
#include <microhttpd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "base/listen.h"
#include "control/metrics.h"

/* Of the library's rounds in one turn. */
#define ROUNDS 64
/* Of one connection's request: its line and its heads. */
#define REQUEST_BYTES ((size_t)16 << 10)

#define TEXT "text/plain; charset=utf-8"
#define PROMETHEUS "text/plain; version=0.0.4; charset=utf-8"
#define OPEN_METRICS "application/openmetrics-text; version=1.0.0; charset=utf-8"

struct http {
	struct MHD_Daemon *daemon;
	int fd;
	const struct view *view; /* during http_turn */
};

static enum MHD_Result reply(struct MHD_Connection *connection, unsigned status, const char *type,
			     struct slice text)
{
	struct MHD_Response *response =
		MHD_create_response_from_buffer(text.len, (void *)text.at, MHD_RESPMEM_MUST_COPY);
	enum MHD_Result r = MHD_NO;

	if (response &&
	    MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_TYPE, type) == MHD_YES &&
	    (status != MHD_HTTP_METHOD_NOT_ALLOWED ||
	     MHD_add_response_header(response, MHD_HTTP_HEADER_ALLOW, "GET, HEAD") == MHD_YES))
		r = MHD_queue_response(connection, status, response);
	if (response)
		MHD_destroy_response(response);
	return r;
}

static enum MHD_Result reply_metrics(const struct http *http, struct MHD_Connection *connection)
{
	const char *accept =
		MHD_lookup_connection_value(connection, MHD_HEADER_KIND, MHD_HTTP_HEADER_ACCEPT);
	bool open = accept && strstr(accept, "application/openmetrics-text");
	struct arena arena = ARENA_NULL;
	struct json json = {.arena = &arena};
	struct metrics metrics = {0};
	struct slice text;
	enum MHD_Result result = MHD_NO;
	int r = metrics_init(&metrics, http->view, open);

	while (!r && !metrics_step(&metrics, http->view, &json))
		;
	if (!r && json_finish(&json, &text) == 0)
		result = reply(connection, MHD_HTTP_OK, open ? OPEN_METRICS : PROMETHEUS, text);
	metrics_deinit(&metrics);
	arena_deinit(&arena);
	return result;
}

/* It is alive while lines move, or for a reason why none do. */
static enum MHD_Result reply_health(const struct http *http, struct MHD_Connection *connection)
{
	if (http->view->stuck)
		return reply(connection, MHD_HTTP_SERVICE_UNAVAILABLE, TEXT,
			     slice_of("lines can be read and sent, and none were for a while\n"));
	return reply(connection, MHD_HTTP_OK, TEXT, slice_of("ok\n"));
}

static enum MHD_Result reply_ready(const struct http *http, struct MHD_Connection *connection)
{
	struct output_stats stats;

	output_stats(http->view->output, &stats);
	if (strcmp(http->view->life, "running") != 0)
		return reply(connection, MHD_HTTP_SERVICE_UNAVAILABLE, TEXT,
			     slice_of("it is stopping\n"));
	if (!stats.reachable)
		return reply(connection, MHD_HTTP_SERVICE_UNAVAILABLE, TEXT,
			     slice_of("no broker answers\n"));
	if (!stats.up)
		return reply(connection, MHD_HTTP_SERVICE_UNAVAILABLE, TEXT,
			     slice_of("a topic is not ready, or takes no records\n"));
	return reply(connection, MHD_HTTP_OK, TEXT, slice_of("ok\n"));
}

static enum MHD_Result answer(void *context, struct MHD_Connection *connection, const char *url,
			      const char *method, const char *version, const char *upload,
			      size_t *upload_len, void **state)
{
	const struct http *http = context;

	(void)version, (void)upload, (void)upload_len, (void)state;
	/* It has only just been connected to, or is being closed. */
	if (!http->view)
		return MHD_NO;
	if (strcmp(method, MHD_HTTP_METHOD_GET) != 0 && strcmp(method, MHD_HTTP_METHOD_HEAD) != 0)
		return reply(connection, MHD_HTTP_METHOD_NOT_ALLOWED, TEXT,
			     slice_of("this is to be read only\n"));
	if (strcmp(url, "/metrics") == 0)
		return reply_metrics(http, connection);
	if (strcmp(url, "/healthz") == 0)
		return reply_health(http, connection);
	if (strcmp(url, "/readyz") == 0)
		return reply_ready(http, connection);
	return reply(connection, MHD_HTTP_NOT_FOUND, TEXT,
		     slice_of("there are /metrics, /healthz and /readyz\n"));
}

/* A socket that listens, or negative errno. */
static int open_socket(const char *listen_at)
{
	struct sockaddr_storage address;
	socklen_t len;
	const int yes = 1;
	int fd, r;

	if (listen_parse(listen_at, &address, &len))
		return -EINVAL;
	fd = socket(address.ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return -errno;
	/* After a restart its old connections would be in the way. */
	if (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes) < 0 ||
	    bind(fd, (const struct sockaddr *)&address, len) < 0 || listen(fd, HTTP_CLIENTS) < 0) {
		r = -errno;
		close(fd);
		return r;
	}
	return fd;
}

int http_new(const char *listen, struct http **ret_http)
{
	struct http *http = calloc(1, sizeof *http);
	const union MHD_DaemonInfo *info;

	if (!http)
		return -ENOMEM;
	http->fd = open_socket(listen);
	if (http->fd < 0) {
		int r = http->fd;

		free(http);
		return r;
	}
	/* The socket is the daemon's from here on. */
	http->daemon = MHD_start_daemon(
		MHD_USE_EPOLL, 0, NULL, NULL, answer, http, MHD_OPTION_LISTEN_SOCKET, http->fd,
		MHD_OPTION_CONNECTION_LIMIT, (unsigned)HTTP_CLIENTS, MHD_OPTION_CONNECTION_TIMEOUT,
		(unsigned)HTTP_PATIENCE_S, MHD_OPTION_CONNECTION_MEMORY_LIMIT, REQUEST_BYTES,
		MHD_OPTION_END);
	info = http->daemon ? MHD_get_daemon_info(http->daemon, MHD_DAEMON_INFO_EPOLL_FD) : NULL;
	if (!info) {
		if (!http->daemon)
			close(http->fd);
		http_free(http);
		return -ENOMEM;
	}
	http->fd = info->epoll_fd;
	*ret_http = http;
	return 0;
}

struct http *http_free(struct http *http)
{
	if (!http)
		return NULL;
	if (http->daemon)
		MHD_stop_daemon(http->daemon);
	free(http);
	return NULL;
}

int http_fd(const struct http *http)
{
	return http->fd;
}

void http_turn(struct http *http, const struct view *view)
{
	MHD_UNSIGNED_LONG_LONG wait_ms = 0;

	http->view = view;
	for (int i = 0; i < ROUNDS && wait_ms == 0; i++) {
		if (MHD_run(http->daemon) != MHD_YES ||
		    MHD_get_timeout(http->daemon, &wait_ms) != MHD_YES)
			break;
	}
	http->view = NULL;
}

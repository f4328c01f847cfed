/* SPDX-License-Identifier: Apache-2.0 */
/*
 * HTTP by libmicrohttpd, which brings no thread here: its epoll set is one descriptor for the loop.
 * An answer is queued at the first sight of a question, so that nothing of a body is ever read, and
 * it is the only one of its connection.
 *
 * A scrape is made in one go, so that all of it is of one moment: 1 to 3 ms for 20,000 files, 5
 * with 500 sources. In pieces it would have to be kept twice, as numbers and as text. Who asks
 * again and again, or many at a time, must not have more of the loop for that: for four times as
 * long as it took to make it, all get the same one. That is a fifth of the loop, and nobody sees
 * one that is older than some ms.
 *
 * The library leaves who is silent, not who says a byte a second: so a connection has an end, too.
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

#include "base/clock.h"
#include "base/listen.h"
#include "control/metrics.h"
#include "protocol/address.h"

/* Of the library's rounds in one turn. */
#define ROUNDS 64
/* Of one connection's request: its line and its heads. */
#define REQUEST_BYTES ((size_t)16 << 10)

/* A scrape is given out for so many times as long as it took to make it. */
#define SCRAPE_REST 4
/* Above it, in /healthz: the state should have been written. */
#define SLOW_MS 10000

#define TEXT "text/plain; charset=utf-8"
#define PROMETHEUS "text/plain; version=0.0.4; charset=utf-8"
#define OPEN_METRICS "application/openmetrics-text; version=1.0.0; charset=utf-8"

/* Who is connected. */
struct peer {
	struct MHD_Connection *connection; /* NULL: nobody */
	uint64_t since_us;
	bool asked; /* the question is whole */
};

struct scrape {
	struct MHD_Response *response; /* or NULL */
	uint64_t until_us;             /* it is given out */
};

struct http {
	struct MHD_Daemon *daemon;
	int fd;
	char *path;              /* of its socket, or NULL */
	const struct view *view; /* during http_turn */
	struct peer peers[HTTP_CLIENTS];
	struct scrape scrapes[2]; /* as Prometheus has it, and OpenMetrics */
};

/* NULL: memory is out. */
static struct MHD_Response *new_response(const char *type, struct slice text)
{
	struct MHD_Response *response =
		MHD_create_response_from_buffer(text.len, (void *)text.at, MHD_RESPMEM_MUST_COPY);

	if (response &&
	    MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_TYPE, type) != MHD_YES) {
		MHD_destroy_response(response);
		return NULL;
	}
	return response;
}

static enum MHD_Result reply(struct MHD_Connection *connection, unsigned status, const char *text)
{
	struct MHD_Response *response = new_response(TEXT, slice_of(text));
	enum MHD_Result r = MHD_NO;

	if (response &&
	    (status != MHD_HTTP_METHOD_NOT_ALLOWED ||
	     MHD_add_response_header(response, MHD_HTTP_HEADER_ALLOW, "GET, HEAD") == MHD_YES))
		r = MHD_queue_response(connection, status, response);
	if (response)
		MHD_destroy_response(response);
	return r;
}

/* NULL: memory is out. */
static struct MHD_Response *new_scrape(const struct view *view, bool open)
{
	struct arena arena = ARENA_NULL;
	struct json json = {.arena = &arena};
	struct metrics metrics = {0};
	struct slice text;
	struct MHD_Response *response = NULL;
	int r = metrics_init(&metrics, view, open);

	while (!r && !metrics_step(&metrics, view, &json))
		;
	if (!r && json_finish(&json, &text) == 0)
		response = new_response(open ? OPEN_METRICS : PROMETHEUS, text);
	metrics_deinit(&metrics);
	arena_deinit(&arena);
	return response;
}

/* Those that are too old, or all. The library has its own hold of what it sends. */
static void drop_scrapes(struct http *http, bool all)
{
	for (size_t i = 0; i < ARRAY_LEN(http->scrapes); i++) {
		struct scrape *scrape = &http->scrapes[i];

		if (!scrape->response || (!all && clock_mono_us() < scrape->until_us))
			continue;
		MHD_destroy_response(scrape->response);
		scrape->response = NULL;
	}
}

static enum MHD_Result reply_metrics(struct http *http, struct MHD_Connection *connection)
{
	const char *accept =
		MHD_lookup_connection_value(connection, MHD_HEADER_KIND, MHD_HTTP_HEADER_ACCEPT);
	bool open = accept && strstr(accept, "application/openmetrics-text");
	struct scrape *scrape = &http->scrapes[open];

	drop_scrapes(http, false);
	if (!scrape->response) {
		uint64_t begin_us = clock_mono_us(), end_us;

		scrape->response = new_scrape(http->view, open);
		end_us = clock_mono_us();
		scrape->until_us = end_us + SCRAPE_REST * (end_us - begin_us);
	}
	return scrape->response ? MHD_queue_response(connection, MHD_HTTP_OK, scrape->response) :
				  MHD_NO;
}

static bool is_draining(const struct output_stats *stats)
{
	return !stats->up && stats->state && strcmp(stats->state, "draining") == 0;
}

/* Why lines may not be delivered now; NULL: they are. */
static const char *trouble(const struct view *view)
{
	struct output_stats stats;

	output_stats(view->output, &stats);
	return strcmp(view->life, "stopping") == 0  ? "it is stopping\n" :
	       strcmp(view->life, "reloading") == 0 ? "it restarts in place, for a reload\n" :
	       !stats.reachable                     ? "no broker answers\n" :
	       is_draining(&stats) ? "a producer that is replaced delivers what it has first\n" :
	       !stats.up           ? "a topic is not ready, or takes no records\n" :
				     NULL;
}

/* It is alive while lines move, or for a reason why none do, which it says. */
static enum MHD_Result reply_health(const struct view *view, struct MHD_Connection *connection)
{
	const char *why = trouble(view);

	if (view->stuck)
		return reply(connection, MHD_HTTP_SERVICE_UNAVAILABLE,
			     "lines can be read and sent, and none were for a while\n");
	if (!why && view->counters->checkpoint_age_ms > SLOW_MS)
		why = "the state is not written\n";
	if (!why && !view->has_room)
		why = "as many records as may be are in flight\n";
	return reply(connection, MHD_HTTP_OK, why ? why : "ok\n");
}

static enum MHD_Result reply_ready(const struct view *view, struct MHD_Connection *connection)
{
	const char *why = trouble(view);

	return reply(connection, why ? MHD_HTTP_SERVICE_UNAVAILABLE : MHD_HTTP_OK,
		     why ? why : "ok\n");
}

static enum MHD_Result answer(void *context, struct MHD_Connection *connection, const char *url,
			      const char *method, const char *version, const char *upload,
			      size_t *upload_len, void **state)
{
	struct http *http = context;
	struct peer *peer = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_SOCKET_CONTEXT)
				    ->socket_context;

	(void)version, (void)upload, (void)upload_len, (void)state;
	/* It has only just been connected to, or is being closed. */
	if (!http->view)
		return MHD_NO;
	if (peer)
		peer->asked = true;
	if (strcmp(method, MHD_HTTP_METHOD_GET) != 0 && strcmp(method, MHD_HTTP_METHOD_HEAD) != 0)
		return reply(connection, MHD_HTTP_METHOD_NOT_ALLOWED, "this is to be read only\n");
	if (strcmp(url, "/metrics") == 0)
		return reply_metrics(http, connection);
	if (strcmp(url, "/healthz") == 0)
		return reply_health(http->view, connection);
	if (strcmp(url, "/readyz") == 0)
		return reply_ready(http->view, connection);
	return reply(connection, MHD_HTTP_NOT_FOUND, "there are /metrics, /healthz and /readyz\n");
}

static void see_peer(void *context, struct MHD_Connection *connection, void **socket_context,
		     enum MHD_ConnectionNotificationCode what)
{
	struct http *http = context;
	struct peer *peer = *socket_context;

	if (what == MHD_CONNECTION_NOTIFY_CLOSED && peer)
		peer->connection = NULL;
	if (what != MHD_CONNECTION_NOTIFY_STARTED)
		return;
	for (peer = http->peers; peer->connection;)
		if (++peer == http->peers + HTTP_CLIENTS)
			return;
	*peer = (struct peer){connection, http->view ? http->view->now_us : 0, false};
	*socket_context = peer;
}

/* The library sees that they have hung up. */
static void leave_slow_ones(const struct http *http, uint64_t now_us)
{
	for (size_t i = 0; i < HTTP_CLIENTS; i++) {
		const struct peer *peer = &http->peers[i];
		uint64_t may_us = (peer->asked ? HTTP_ANSWER_S : HTTP_PATIENCE_S) * US_PER_S;

		if (peer->connection && now_us >= peer->since_us + may_us)
			shutdown(MHD_get_connection_info(peer->connection,
							 MHD_CONNECTION_INFO_CONNECTION_FD)
					 ->connect_fd,
				 SHUT_RDWR);
	}
}

/* 0: *ret_fd listens. Negative errno. */
static int open_socket(const char *listen_at, int *ret_fd)
{
	struct sockaddr_storage address;
	socklen_t len;
	const int yes = 1;
	int fd, r;

	if (*listen_at == '/')
		return address_listen(listen_at, HTTP_CLIENTS, ret_fd);
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
	*ret_fd = fd;
	return 0;
}

/* The socket is the daemon's from here on. 0 or -ENOMEM. */
static int start_daemon(struct http *http)
{
	const union MHD_DaemonInfo *info;

	http->daemon = MHD_start_daemon(
		MHD_USE_EPOLL, 0, NULL, NULL, answer, http, MHD_OPTION_LISTEN_SOCKET, http->fd,
		MHD_OPTION_CONNECTION_LIMIT, (unsigned)HTTP_CLIENTS, MHD_OPTION_CONNECTION_TIMEOUT,
		(unsigned)HTTP_PATIENCE_S, MHD_OPTION_CONNECTION_MEMORY_LIMIT, REQUEST_BYTES,
		MHD_OPTION_NOTIFY_CONNECTION, see_peer, http, MHD_OPTION_END);
	info = http->daemon ? MHD_get_daemon_info(http->daemon, MHD_DAEMON_INFO_EPOLL_FD) : NULL;
	if (!http->daemon)
		close(http->fd);
	if (info)
		http->fd = info->epoll_fd;
	return info ? 0 : -ENOMEM;
}

int http_new(const char *listen, struct http **ret_http)
{
	struct http *http = calloc(1, sizeof *http);
	int r;

	if (!http)
		return -ENOMEM;
	r = open_socket(listen, &http->fd);
	if (!r) {
		http->path = *listen == '/' ? strdup(listen) : NULL;
		r = start_daemon(http);
	}
	if (r) {
		http_free(http);
		return r;
	}
	*ret_http = http;
	return 0;
}

struct http *http_free(struct http *http)
{
	if (!http)
		return NULL;
	drop_scrapes(http, true);
	if (http->daemon)
		MHD_stop_daemon(http->daemon);
	if (http->path)
		address_remove(http->path);
	free(http->path);
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
	drop_scrapes(http, false);
	leave_slow_ones(http, view->now_us);
	for (int i = 0; i < ROUNDS && wait_ms == 0; i++) {
		if (MHD_run(http->daemon) != MHD_YES ||
		    MHD_get_timeout(http->daemon, &wait_ms) != MHD_YES)
			break;
	}
	http->view = NULL;
}

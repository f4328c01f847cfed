/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CONTROL_HTTP_H
#define CONTROL_HTTP_H

#include "view/view.h"

/*
 * The same for who speaks HTTP: /metrics, /healthz, /readyz. Only when it is configured, and only
 * to be read; who may connect is for the address and the firewall to say.
 */
struct http;

/*
 * Connected at a time; so long each may say or take nothing, or need for its question; and so long
 * it may stay.
 */
#define HTTP_CLIENTS 16
#define HTTP_PATIENCE_S 10
#define HTTP_ANSWER_S 60

/* listen: as listen_parse or, a path, address_listen has it. 0 or negative errno. */
int http_new(const char *listen, struct http **ret_http) MUSTCHECK;

/* Closes all connections. NULL is fine. Returns NULL. */
struct http *http_free(struct http *http);

/* For the loop: readable when http_turn has something to do. */
int http_fd(const struct http *http);

/* Answers for a while. Also from time to time: who takes too long is left. */
void http_turn(struct http *http, const struct view *view);

#endif

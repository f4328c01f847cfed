/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The beginning of the helper: its mailbox (mailbox.c says what it is for) and its thread
 * (helper_work.c).
 */
#include "kafka/helper.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "kafka/helper_private.h"

/* Detached, and deaf to signals whatever the caller's mask is: the library's threads inherit it. */
static int start_thread(struct helper *h)
{
	sigset_t all, before;
	pthread_t thread;
	int r;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	r = pthread_create(&thread, NULL, helper_work, h);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	if (r)
		return -r;
	pthread_detach(thread);
	return 0;
}

static int order_props(struct helper *h)
{
	struct helper_orders *o = &h->orders;

	o->props = kafka_props_copy(h->options.props, h->options.n_props);
	o->n_props = h->options.n_props;
	o->login = login_ref(h->options.login);
	return o->props ? 0 : -ENOMEM;
}

int helper_new(const struct kafka_options *options, int wake_fd, struct helper **ret_helper)
{
	struct helper *h = calloc(1, sizeof *h);
	pthread_condattr_t attr;
	int r;

	if (!h)
		return -ENOMEM;
	h->refs = 1;
	h->wake_fd = -1;
	pthread_mutex_init(&h->mutex, NULL);
	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(&h->cond, &attr);
	pthread_condattr_destroy(&attr);
	library_log_init(&h->log);
	r = kafka_options_copy(options, &h->options);
	h->options.log = &h->log;
	/* The thread has its own: those here are the loop's, which reads and replaces them. */
	if (r == 0)
		r = order_props(h);
	if (r == 0) {
		h->refs = 2;
		h->wake_fd = wake_fd;
		r = start_thread(h);
	}
	if (r) {
		h->refs = 1;
		h->wake_fd = -1;
		mailbox_unref(h);
		return r;
	}
	*ret_helper = h;
	return 0;
}

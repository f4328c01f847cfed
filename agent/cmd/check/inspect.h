/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CMD_CHECK_INSPECT_H
#define CMD_CHECK_INSPECT_H

#include <stddef.h>

#include "client/options.h"
#include "instance/topics.h"

/* A look at the brokers before anything is sent: the questions of the helper, asked once. */

/* After so many leaders without an answer no others are asked. */
#define INSPECT_SILENT_MAX 2

enum {
	INSPECT_E_PROPS = 1,   /* the library refuses the properties; the message says why */
	INSPECT_E_UNREACHABLE, /* no broker answered; the message says why */
	INSPECT_E_AUTH,        /* authentication or TLS failed; the message says why */
};

/*
 * Makes a producer, asks for the topics of the options and for their settings, and sends nothing;
 * no topic is created by the asking; each leader of their partitions is asked whether it answers
 * (ret_topics->leaders, silent and error). Blocks: up to 5 s when no broker answers, as long again
 * for the settings, and for each of up to INSPECT_SILENT_MAX leaders that do not answer. The
 * producer is not destroyed, which could block for longer: the caller is about to end the process.
 * 0: *ret_topics, in the order of the options, is the caller's. The E codes with ret_message (len
 * bytes), -ENOMEM and other errno.
 */
int inspect_topics(const struct kafka_options *options, char *ret_message, size_t len,
		   struct topics **ret_topics) MUSTCHECK;

#endif

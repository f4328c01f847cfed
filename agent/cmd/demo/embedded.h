/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CMD_DEMO_EMBEDDED_H
#define CMD_DEMO_EMBEDDED_H

#include <stddef.h>

#include "base/result.h"

/*
 * Kafka without Kafka, for `waybill demo` only: the library's mock cluster. It keeps the newest
 * 5 MB of a partition and checks nothing; it shows, it does not prove.
 */

struct embedded_topic {
	const char *name;
	int partitions;
};

/*
 * Runs a mock cluster of one broker with the topics in this process. Writes a line
 * "bootstrap.servers=HOST:PORT" to standard output and serves until standard input ends: to be
 * run in a process of its own, whose parent holds the other end of the pipe. 0, negative errno.
 */
int embedded_broker(const struct embedded_topic *topics, size_t n_topics) MUSTCHECK;

#endif

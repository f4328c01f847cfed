/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CLIENT_BROKERS_H
#define CLIENT_BROKERS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/result.h"
#include "client/statistics.h"
#include "output/output.h"

/*
 * The brokers that lead partitions of our topics: where they say that they are to be reached
 * (advertised.listeners), what the library last said of each connection, and what it counts there.
 */

/* Of more leaders nothing is kept: what is said of them goes without their address. */
#define BROKERS_MAX 256
/* Brokers of a whole cluster, of which the library keeps a thread each; more are told. */
#define BROKERS_MANY 500

struct broker {
	int32_t id;
	bool silent;       /* it was asked, and did not answer */
	uint64_t error_us; /* when `error` was said; 0: never */
	char address[272]; /* host:port */
	char error[256];
	struct output_load load;
};

struct brokers {
	size_t n;
	struct broker *at;
	uint64_t held_us; /* see brokers_hold */
};

void brokers_deinit(struct brokers *brokers);

/* Adds a broker unless it is there, or BROKERS_MAX are. 0 or -ENOMEM. */
int brokers_add(struct brokers *brokers, int32_t id, const char *host, int port) MUSTCHECK;

/* NULL when it is not known. */
struct broker *brokers_find(const struct brokers *brokers, int32_t id);

/* The library's words on a connection, "[PROTOCOL://]HOST:PORT/ID: WORDS", go to that broker. */
void brokers_note(struct brokers *brokers, const char *text, uint64_t now_us);

/*
 * What is asked until then may have no answer in time: a broker has said that it holds back its
 * answers for a quota.
 */
void brokers_hold(struct brokers *brokers, uint64_t until_us);

/* Whether a quota may be why there is no answer. */
bool brokers_hold_back(const struct brokers *brokers, uint64_t now_us);

/*
 * The broker, if something is wrong with the connection to it; NULL: nothing that is known. That
 * requests had no answer is nothing of the connection while a quota may be why.
 */
const struct broker *brokers_find_broken(const struct brokers *brokers, int32_t id,
					 uint64_t now_us);

/* What the library counted since it was last taken goes to the brokers that it is of. */
void brokers_count(struct brokers *brokers, const struct statistics *statistics);

/* What was counted is of a producer that is not the one in use any more. */
void brokers_stop_counting(struct brokers *brokers);

/*
 * newer, which is consumed, takes the place of what was known; errors at an address are kept, and
 * what was counted.
 */
void brokers_take(struct brokers *brokers, struct brokers *newer);

#endif

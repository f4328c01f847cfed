/* SPDX-License-Identifier: Apache-2.0 */
#ifndef INSTANCE_PRODUCER_H
#define INSTANCE_PRODUCER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "client/options.h"
#include "flow/record.h"
#include "flow/report.h"

/*
 * One instance of librdkafka's producer: made, used, drained, disposed of. It knows nothing of
 * partitions, pressure or states; those are kafka.c's. Making and freeing may block (helper
 * thread); everything else is for one thread at a time and returns at once.
 */
struct producer;

enum {
	PRODUCER_E_PROPS = 1, /* the library refuses the properties; message says why */
	PRODUCER_E_FULL,      /* the library's own limit */
	PRODUCER_E_TOO_LARGE, /* this record alone is too large */
	PRODUCER_E_UNKNOWN,   /* topic or partition not known to it, or not allowed */
	PRODUCER_E_DEAD,      /* fatal error: drain and dispose of it */
};

/*
 * What an instance is made for. That of the topics is known only after the brokers were asked; 0:
 * not known.
 */
struct producer_sizing {
	uint32_t partitions;        /* of all topics together */
	uint32_t max_message_bytes; /* the smallest limit of a topic */
	bool alone; /* for one record at a time, which goes at once; survives a refusal */
};

/* Why a broker cannot be used; the more telling, the higher. */
enum trouble {
	TROUBLE_NONE,    /* the library told nothing */
	TROUBLE_NETWORK, /* refused, unreachable, cut, silent */
	TROUBLE_NAME,    /* its name is not found */
	TROUBLE_TLS,     /* a certificate, ours or its own, or the encryption itself */
	TROUBLE_LOGIN,   /* authentication */
};

/* An error that the library told. */
struct producer_news {
	enum {
		NEWS_NONE,     /* an event that says nothing */
		NEWS_ERROR,    /* an error of one broker connection */
		NEWS_ALL_DOWN, /* no broker connection is left */
		NEWS_AUTH,     /* authentication or TLS failed */
		NEWS_FATAL,    /* this instance will not send again */
	} kind;
	int priority;         /* of <syslog.h> */
	enum trouble trouble; /* of NEWS_ERROR and NEWS_AUTH */
	char text[384];
};

/* What a report tells that is for the kafka output alone. */
struct producer_note {
	uint32_t bytes; /* of key and value */
	bool moved;     /* says something about topics that asks for a new look at the metadata */
	bool denied;    /* not authorized */
	bool codec;     /* brokers cannot read the compression */
};

/*
 * The batch size that the library gets, in bytes: the user's, or so much that two batches a
 * partition fit into the queue; at most the least max.message.bytes of the topics.
 */
size_t producer_batch_bytes(const struct kafka_options *options,
			    const struct producer_sizing *sizing);

/* So long the library waits for an answer before it sends again. */
uint64_t producer_answer_us(const struct kafka_options *options);

/*
 * Makes an instance with all topics of the options. Does not wait for brokers. 0; PRODUCER_E_PROPS
 * with the reason in ret_message (len bytes); -ENOMEM or another errno. All strings are copied.
 */
int producer_new(const struct kafka_options *options, const struct producer_sizing *sizing,
		 char *ret_message, size_t len, struct producer **ret_producer) MUSTCHECK;

/*
 * Gives the instance those topics of the options, with which it was made, that it has not; for who
 * asks through it, while another thread sends to the others. 0; PRODUCER_E_PROPS with the reason.
 */
int producer_add_topics(struct producer *producer, const struct kafka_options *options,
			char *ret_message, size_t len) MUSTCHECK;

/* Frees without delivering. May block for seconds. NULL is fine. Returns NULL. */
struct producer *producer_free(struct producer *producer);

/*
 * From now on the eventfd is written when reports or news begin to wait; it is written once at
 * once, since some may wait already. -1: no longer. The eventfd is borrowed.
 */
void producer_wake(struct producer *producer, int wake_fd);

/*
 * Hands over one record. 0, PRODUCER_E_X (nothing was taken), -ENOMEM. partition must be named.
 */
int producer_send(struct producer *producer, const struct record *record, int32_t partition,
		  void *slot) MUSTCHECK;

/*
 * Up to max reports, with a note of each. News met on the way stop the fetching: *ret_news is set
 * to true and the caller takes them with producer_news before it asks again.
 */
size_t producer_reports(struct producer *producer, struct report *ret_reports,
			struct producer_note *ret_notes, size_t max, bool *ret_news);

/* For so long, in microseconds, a broker holds back its answers; see callbacks_take_throttle. */
uint64_t producer_take_throttle(struct producer *producer);

/* The news that producer_reports stopped at. */
void producer_news(struct producer *producer, struct producer_news *ret_news);

/* Before they are taken: what the library counts, if that is what they tell (statistics_cut). */
char *producer_counted(const struct producer *producer);

/* Sends what is queued without linger; blocks for about a millisecond. May miss. */
void producer_kick(struct producer *producer);

/* Gives up what is queued, or in flight too: all of it is reported as failed. Returns at once. */
void producer_purge(struct producer *producer, bool in_flight);

/* True when the instance met a fatal error; its text goes to ret_text. */
bool producer_is_dead(const struct producer *producer, char *ret_text, size_t len);

/* True when that was a batch that a broker refused for good. */
bool producer_was_refused(const struct producer *producer);

/* True when we raised it, because the library was about to number its batches anew. */
bool producer_would_renumber(const struct producer *producer);

/*
 * Gives the instance the name and password of these properties, if they have both: for connections
 * that it makes from now on. Any thread may do so.
 */
void producer_set_password(struct producer *producer, const struct kafka_options *options);

/* Fetches a token for it now: see callbacks_fetch_token. NULL is fine. */
void producer_fetch_token(struct producer *producer);

/* What the instance was made with. */
size_t producer_batch_limit(const struct producer *producer);

/* False: now that this is known another instance is to be made. */
bool producer_fits(const struct producer *producer, const struct kafka_options *options,
		   const struct producer_sizing *sizing);
size_t producer_n_topics(const struct producer *producer);
const char *producer_topic_name(const struct producer *producer, size_t topic);

/* The library's own objects, for topics.c and for tests. Borrowed. */
struct rd_kafka_s *producer_handle(const struct producer *producer);

#endif

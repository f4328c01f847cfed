/* SPDX-License-Identifier: Apache-2.0 */
#ifndef KAFKA_KAFKA_PRIVATE_H
#define KAFKA_KAFKA_PRIVATE_H

#include "kafka/helper.h"
#include "kafka/kafka.h"
#include "output/remarks.h"
#include "pressure/ledger.h"

/*
 * Shared by kafka.c (records, reports), life.c (the life of a producer), lone.c (records that go
 * alone), facts.c (what is known), count.c (numbers of partitions), durability.c (what an
 * acknowledgement is worth), waits.c (records that wait) and views.c (how things are).
 */

enum state {
	MAKING,
	RUNNING,
	DRAINING,
};

/* The producer for records that go alone. */
struct lone {
	struct producer *producer; /* NULL: none was needed yet, or it is being made */
	bool busy;                 /* its record is under way, */
	size_t topic;              /* to this one, */
	uint64_t sent_us;          /* since then */
	bool spoilt;               /* something failed in it: it is made anew */
	uint64_t asked_us;         /* when it was ordered; 0: it is not */
	uint64_t not_before_us;    /* it is to be ordered */
};

struct kafka {
	struct output base;
	struct helper *helper;
	const struct kafka_options *options; /* the helper's copy */
	struct producer *producer;           /* RUNNING and DRAINING */
	struct producer *next;               /* DRAINING: its successor, if it is there already */
	struct lone lone;
	struct ledger ledger;
	struct remarks remarks;
	struct brokers brokers; /* the leaders of our topics */
	bool told_many;         /* that the cluster has very many brokers */
	int fd;
	enum state state;
	uint64_t state_us;
	bool reachable;
	enum trouble trouble; /* the most telling since the last answer; goes with last_error */
	enum trouble told_trouble; /* what the log knows; TROUBLE_NONE while brokers answer */
	bool told_props;
	bool purged;
	uint64_t waits_since_us; /* records-wait was told: since when they do; or 0 */
	bool waits_failed;       /* some of those came back as failed */
	bool slowed;             /* they only wait for a quota */
	bool place_asked;        /* a question is ordered that may give held records their place */
	bool dead;               /* the instance met a fatal error: kicks are of no use */
	uint64_t answer_us;      /* the library waits so long for an answer */
	uint64_t answered_us;    /* the helper's last answer from a broker */
	uint64_t reported_us;    /* the last report */
	uint64_t reached_us;     /* since then `reachable` is true, when it is */
	uint64_t asked_us;       /* the last question that we ordered */
	uint64_t ask_at_us;      /* one is ordered for then; 0: none */
	uint64_t refused_us;     /* a broker has last refused our login or certificate */
	uint64_t silent_us;      /* the first question since the last answer that had none; or 0 */
	bool all_down;           /* the library has no connection, it says, since the last answer */
	uint64_t probed_us;
	uint64_t next_check_us;
	uint64_t make_backoff_us;
	uint64_t delivered;     /* by this instance */
	unsigned int fruitless; /* instances in a row that delivered nothing */
	struct output_stats stats;
	char last_error[384];    /* the library's last words on a connection */
	char reason[384];        /* why no broker answered the last question; "": one did */
	unsigned int renewal;    /* the number of the last order for one */
	bool renewal_waits;      /* properties that were handed to us are not in use */
	char renewal_error[384]; /* why; "": they are only being tried, as far as is known */
};

/* Whether only dead letters go to the topic, so that no file waits for it. */
static inline bool kafka_only_letters(const struct kafka *k, size_t topic)
{
	return k->options->topic_settings && k->options->topic_settings[topic].letters;
}

/* Whether nothing goes to the topic any more, so that it matters to nobody how it is. */
static inline bool kafka_is_unused(const struct kafka *k, size_t topic)
{
	return k->options->topic_settings && k->options->topic_settings[topic].unused;
}

/* Who waits for a topic, in words. */
static inline const char *kafka_who_waits(const struct kafka *k, size_t topic)
{
	return kafka_only_letters(k, topic) ? "its dead letters" : "its files";
}

/* At least so far apart are the questions that a repeated error gives rise to. */
#define ASK_GAP_US (5 * US_PER_S)

/* How old an answer may be to count as "brokers answer"; above the helper's time-out. */
#define ANSWER_FRESH_US (10 * US_PER_S)

/* Orders a question to the brokers, gap_us behind the one before, unless one is ordered by then. */
void kafka_ask(struct kafka *k, uint64_t now_us, uint64_t gap_us);

/* RUNNING → DRAINING: says why at `priority`; nothing in any other state. cause is static. */
void kafka_dispose(struct kafka *k, int priority, const char *cause, const char *why,
		   uint64_t now_us);

/*
 * What a report of a record that is not in Kafka, and went alone or not, says of its topic; sets
 * report->producer_gone.
 */
void kafka_not_delivered(struct kafka *k, struct report *report, const struct producer_note *note,
			 bool alone, uint64_t now_us);

/* The producer met a fatal error; a batch that was refused for good is one too. */
void kafka_died(struct kafka *k, const char *why, uint64_t now_us);

/* The helper's new producer (consumed): MAKING → RUNNING. */
void kafka_take_producer(struct kafka *k, struct producer *producer, uint64_t now_us);

/* What became of new properties: its producer (consumed) replaces the one in use. */
void kafka_take_renewal(struct kafka *k, const struct helper_answer *a, uint64_t now_us);

/* What submit of an output says, which is described there. */
int kafka_take(struct kafka *k, const struct record *record, void *slot, uint64_t now_us);

/*
 * Sends the record alone. 0; PRODUCER_E_FULL: not now, ledger_topic.moved tells when it may go;
 * PRODUCER_E_TOO_LARGE; -ENOMEM.
 */
int kafka_send_alone(struct kafka *k, const struct record *record, int32_t partition, void *slot,
		     uint64_t now_us) MUSTCHECK;

/* The helper's new producer (consumed) for records that go alone. */
void kafka_take_lone(struct kafka *k, struct producer *producer);

/* Something failed in it: it is made anew before it is used again. */
void kafka_spoil_lone(struct kafka *k, uint64_t now_us);

/* The report of the record that went alone. */
void kafka_lone_reported(struct kafka *k, const struct report *report, uint64_t now_us);

/* Others, or the end of a producer, wait too long for a dead letter: that one is given up. */
void kafka_check_lone(struct kafka *k, uint64_t now_us);

/* A broker refused what was sent to the topic: until a record got through, all go alone. */
void kafka_doubt(struct kafka *k, const struct report *report, uint64_t now_us);

/* The helper asked the leader of a partition that makes no progress. */
void kafka_take_probe(struct kafka *k, const struct helper_answer *a, uint64_t now_us);

/* All that is in flight is purged. */
void kafka_give_up(struct output *output);

/* What time brings: a stall is looked into, a drained producer is replaced or purged. */
void kafka_check(struct kafka *k, uint64_t now_us);

/* What the helper found out of one topic: kept in the ledger, and told once when it changed. */
void kafka_take_facts(struct kafka *k, size_t topic, const struct topic_facts *facts,
		      uint64_t now_us);

/*
 * The topic has so many partitions: sets what its keys go by, and tells what changes. False: its
 * records wait until that is accepted.
 */
bool kafka_take_count(struct kafka *k, size_t topic, int32_t n, uint64_t now_us);

/* What an acknowledgement is worth, of topics of which the log does not know it. */
void kafka_tell_durability(struct kafka *k);

/* output_accept. */
bool kafka_accept(struct output *output, size_t topic);

/*
 * A record of the topic was not placed. When that is so because the rules of its partitioner name
 * more partitions than it has: tells so, and has the brokers asked again until it has them.
 */
void kafka_no_place(struct kafka *k, size_t topic, uint64_t now_us);

/* Asks the brokers when records begin to wait for long. Once a second. */
void kafka_check_waits(struct kafka *k, uint64_t now_us);

/* A broker has just answered: tells which records wait for long, unless the log knows. */
void kafka_tell_waits(struct kafka *k, uint64_t now_us);

/* Reports came of a partition, and waits_since_us is set: whether its records were delivered. */
void kafka_note_wait(struct kafka *k, size_t topic, int32_t partition, bool delivered);

/* Records were delivered and waits_since_us is set: tells it when nothing waits any more. */
void kafka_end_waits(struct kafka *k, uint64_t now_us);

/* How things are: in numbers, and for those who ask. */
void kafka_stats(const struct output *output, struct output_stats *ret_stats);
extern const struct output_views kafka_views;

/*
 * Whether brokers refuse records of the partition until more of its replicas are in sync; where
 * min.insync.replicas could not be learned, whether they may do so.
 */
bool kafka_may_lack_replicas(const struct kafka *k, size_t topic, int32_t partition);

/* So many brokers are named: told once when they are very many. */
void kafka_tell_many(struct kafka *k, int32_t n_brokers);

/* Brokers answer. Told when the log knows otherwise. */
void kafka_reachable(struct kafka *k, uint64_t now_us);

/*
 * No broker answered a question. Told when it is no chance any more, and again when the reason is
 * of another kind.
 */
void kafka_unreachable(struct kafka *k, enum trouble trouble, const char *reason, uint64_t now_us);

#endif

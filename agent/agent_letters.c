/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Dead letters before a transaction takes them: they are told, and where a source says so its
 * oldest ones make room. Those go in the very transaction that stores the newer ones and the
 * positions behind them, so a crash leaves either the old ones or the new. The store is read for
 * that, which may be done only while nobody writes to it.
 */
#include <inttypes.h>
#include <string.h>
#include <syslog.h>

#include "agent_private.h"

/* What became a dead letter since the batch before: once it is stored it is gone from here. */
static void tell_letters(struct agent *agent)
{
	const struct store_dead_letter *letter;
	const char *source;

	while ((letter = letters_next_untold(&agent->letters, &source)))
		log_limited_about(
			agent->log, LOG_WARNING,
			&(struct log_about){.id = "dead-letter",
					    .source = source,
					    .topic = letter->topic,
					    .cause = letter->cause},
			"%s: position %" PRIu64
			": a record was refused (%s): it is not in Kafka, but kept as a dead "
			"letter of source %s; see waybill(8), DEAD LETTERS",
			letter->path, letter->position, letter->reason, source);
}

/* The oldest one of the share goes. False: there is none, or it cannot be read. */
static bool displace(struct agent *agent, struct letters_share *share)
{
	struct store_gone oldest;
	int r = store_oldest_letter(agent->store, share->source, share->looked, &oldest);

	if (!r) {
		share->looked = oldest.id;
		/* It is on its way, and goes when its report says so. */
		if (agent_is_replayed(agent, oldest.id))
			return true;
		agent_copies_let_go(agent, oldest.id);
		r = letters_displace(&agent->letters, share, &oldest);
	}
	if (r < 0)
		log_source(agent->log, LOG_ERR, share->source, "letters-unread",
			   "source %s: its oldest dead letters cannot be removed: %s",
			   share->source, strerror(-r));
	return r == 0;
}

static void make_room(struct agent *agent, struct letters_share *share)
{
	uint64_t before = share->displaced;

	while (letters_has_surplus(&agent->letters, share) && displace(agent, share))
		;
	if (share->displaced == before)
		return;
	agent->counters.letters_displaced += share->displaced - before;
	log_source(agent->log, LOG_WARNING, share->source, "letters-displaced",
		   "source %s: the room of its dead letters is used up (dead_letter_max: %" PRIu64
		   " bytes): %" PRIu64 " of the oldest were removed for newer ones, %" PRIu64
		   " since the start (dead_letter_full = \"drop_oldest\")",
		   share->source, share->max_bytes, share->displaced - before, share->displaced);
}

void agent_prepare_letters(struct agent *agent)
{
	struct letters *letters = &agent->letters;

	tell_letters(agent);
	for (size_t i = 0; i < letters->n_shares && !agent->checkpoint.under_way; i++)
		make_room(agent, &letters->shares[i]);
}

void agent_tell_letters_full(struct agent *agent)
{
	const struct letters_share *share;

	while ((share = letters_next_full(&agent->letters)))
		log_source(
			agent->log, LOG_ERR, share->source, "letters-full",
			"source %s: its dead letters take %" PRIu64
			" bytes, and there is no room for the next one (dead_letter_max: %" PRIu64
			" for this source, %" PRIu64 " of %zu are taken by all): its files whose "
			"next record was refused wait; raise it, or look at them with `waybill "
			"dead-letters list %s` and send them again or remove them (`waybill "
			"dead-letters replay`, `waybill dead-letters drop`)",
			share->source, share->bytes, share->max_bytes,
			agent->letters.stored + agent->letters.bytes, agent->conf->dead_letter_max,
			share->source);
}

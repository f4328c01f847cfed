/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Dead letters before a transaction takes them: they are told, and those make room that their topic
 * has, and where a source says so its oldest ones. Those go in the very transaction that stores the
 * newer ones and the positions behind them, so a crash leaves either the old ones or the new. The
 * store is read for that, which may be done only while nobody writes to it.
 */
#include "letters/intake.h"

#include <inttypes.h>
#include <string.h>
#include <syslog.h>

#include "state/rows.h"

/* Where the dead letters of the source go on to; NULL: they stay. */
static const char *topic_of(const struct conf *conf, const char *source)
{
	for (size_t i = 0; i < conf->n_sources; i++) {
		const struct source *one = &conf->sources[i];

		if (!one->gone && one->letter_topic != SOURCE_NO_TOPIC &&
		    strcmp(one->name, source) == 0)
			return conf->topics[one->letter_topic];
	}
	return NULL;
}

/* What became a dead letter since the batch before: once it is stored it is gone from here. */
static void tell_letters(const struct intake *intake)
{
	const struct store_dead_letter *letter;
	const char *source;

	while ((letter = letters_next_untold(intake->letters, &source))) {
		const struct log_about about = {.id = "dead-letter",
						.source = source,
						.topic = letter->topic,
						.cause = letter->cause};
		const char *topic = topic_of(intake->forward->conf, source);

		if (topic)
			log_limited_about(
				intake->log, LOG_WARNING, &about,
				"%s: position %" PRIu64
				": a record was refused (%s): it goes, as a dead letter of "
				"source %s, to topic %s (dead_letter_topic)",
				letter->path, letter->position, letter->reason, source, topic);
		else
			log_limited_about(
				intake->log, LOG_WARNING, &about,
				"%s: position %" PRIu64
				": a record was refused (%s): it is not in Kafka, but kept "
				"as a dead letter of source %s; `waybill dead-letters "
				"replay` sends it %s",
				letter->path, letter->position, letter->reason, source,
				store_letter_is_ruled(letter->reason) ?
					"as it is kept: it is not parsed again" :
					"again when that is mended");
	}
}

/*
 * The oldest one of the share goes, of those that were copied if there are some. False: there is
 * none, or it cannot be read.
 */
static bool displace(const struct intake *intake, struct letters_share *share)
{
	bool copied = share->copied;
	uint64_t *looked = copied ? &share->copies_from : &share->looked;
	struct store_gone oldest;
	int r = store_oldest_letter(intake->store, share->source, *looked, copied, &oldest);

	if (!r) {
		*looked = oldest.id;
		/* It is on its way, and goes when its report says so. */
		if (forward_is_busy(intake->busy, oldest.id))
			return true;
		forward_let_go(intake->forward, oldest.id);
		r = letters_displace(intake->letters, share, &oldest, copied);
	}
	/* What an order sent, and was refused again, is behind us. */
	if (r == STORE_E_NONE && copied)
		share->copies_from = 0;
	if (r < 0)
		log_source(intake->log, LOG_ERR, share->source, "letters-unread",
			   "source %s: its oldest dead letters cannot be removed: %s",
			   share->source, strerror(-r));
	return r == 0;
}

static void make_room(const struct intake *intake, struct letters_share *share)
{
	uint64_t before = share->displaced;

	while (letters_has_surplus(intake->letters, share) && displace(intake, share))
		;
	if (share->displaced == before)
		return;
	intake->counters->letters_displaced += share->displaced - before;
	log_source(intake->log, LOG_WARNING, share->source, "letters-displaced",
		   "source %s: the room of its dead letters is used up (dead_letter_max: %" PRIu64
		   " bytes): %" PRIu64 " of the oldest were removed for newer ones, %" PRIu64
		   " since the start (dead_letter_full = \"drop_oldest\")",
		   share->source, share->max_bytes, share->displaced - before, share->displaced);
}

void intake_prepare(const struct intake *intake, bool may_read)
{
	struct letters *letters = intake->letters;

	tell_letters(intake);
	for (size_t i = 0; i < letters->n_shares && may_read; i++)
		make_room(intake, &letters->shares[i]);
}

void intake_tell_full(struct letters *letters, struct log *log)
{
	const struct letters_share *share;

	while ((share = letters_next_full(letters)))
		log_source(
			log, LOG_ERR, share->source, "letters-full",
			"source %s: its dead letters take %" PRIu64
			" bytes, and there is no room for the next one (dead_letter_max: %" PRIu64
			" for this source, %" PRIu64 " of %" PRIu64
			" are taken by all): its files whose "
			"next record was refused wait; raise it, or look at them with `waybill "
			"dead-letters list %s` and send them again or remove them (`waybill "
			"dead-letters replay`, `waybill dead-letters drop`)",
			share->source, share->bytes, share->max_bytes,
			letters->stored + letters->bytes, letters->max_bytes, share->source);
}

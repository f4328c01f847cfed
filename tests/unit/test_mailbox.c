/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Answers that the loop did not fetch before the next one came. Nobody answers the helper's own
 * producer, so what is told here is all there is.
 */
#include <criterion/criterion.h>
#include <dirent.h>
#include <poll.h>
#include <sys/eventfd.h>

#include "base/clock.h"
#include "kafka/helper_private.h"

struct rig {
	struct helper *helper;
	struct kafka_options options;
	struct prop prop;
	const char *topic;
	size_t threads_before;
};

static size_t count_threads(void)
{
	DIR *dir = opendir("/proc/self/task");
	size_t n = 0;

	while (readdir(dir))
		n++;
	closedir(dir);
	return n;
}

static void begin(struct rig *rig)
{
	*rig = (struct rig){
		.prop = {"bootstrap.servers", "127.0.0.1:1"},
		.topic = "orders",
		.threads_before = count_threads(),
	};
	rig->options = (struct kafka_options){
		.props = &rig->prop,
		.n_props = 1,
		.topics = &rig->topic,
		.n_topics = 1,
		.queue_records = 1000,
		.queue_bytes = 1 << 20,
		.max_line = 4096,
	};
	cr_assert_eq(helper_new(&rig->options, eventfd(0, EFD_NONBLOCK), &rig->helper), 0);
}

static struct producer *new_producer(struct rig *rig)
{
	struct producer *producer = NULL;
	char message[256];

	cr_assert_eq(producer_new(&rig->options, &(struct producer_sizing){0}, message,
				  sizeof message, &producer),
		     0, "%s", message);
	return producer;
}

/* The answer that waits; what else it has is of the helper's own producer. */
static void fetch(struct rig *rig, struct helper_answer *ret_answer)
{
	cr_assert(helper_answer(rig->helper, ret_answer));
	kafka_props_free(ret_answer->props, ret_answer->n_props);
}

/* All producers are gone, and their threads with them. */
static void end(struct rig *rig)
{
	uint64_t until_us = clock_mono_us() + 30 * US_PER_S;

	while (count_threads() > rig->threads_before && clock_mono_us() < until_us)
		poll(NULL, 0, 1);
	cr_expect_eq(count_threads(), rig->threads_before, "a producer is left");
}

TestSuite(mailbox, .timeout = 60);

Test(mailbox, of_two_renewed_producers_the_newer_one_is_handed_over)
{
	struct helper_answer answer;
	struct producer *newer;
	struct rig rig;

	begin(&rig);
	newer = new_producer(&rig);
	helper_tell(rig.helper, &(struct helper_answer){.renewed = new_producer(&rig)});
	helper_tell(rig.helper, &(struct helper_answer){.renewed = newer});
	fetch(&rig, &answer);
	cr_expect_eq(answer.renewed, newer);
	helper_free(rig.helper, answer.renewed, NULL);
	end(&rig);
}

/* It was made after the renewed one, through which the helper asks no more. */
Test(mailbox, a_producer_takes_the_place_of_a_renewed_one)
{
	struct helper_answer answer;
	struct producer *newer;
	struct rig rig;

	begin(&rig);
	newer = new_producer(&rig);
	helper_tell(rig.helper, &(struct helper_answer){.renewed = new_producer(&rig)});
	helper_tell(rig.helper, &(struct helper_answer){.producer = newer});
	fetch(&rig, &answer);
	cr_expect_eq(answer.producer, newer);
	cr_expect_null(answer.renewed);
	helper_free(rig.helper, answer.producer, NULL);
	end(&rig);
}

/* The one behind that in use stays: it is the one through which the helper asks. */
Test(mailbox, a_renewed_producer_comes_behind_one_that_was_made)
{
	struct producer *made, *renewed;
	struct helper_answer answer;
	struct rig rig;

	begin(&rig);
	made = new_producer(&rig);
	renewed = new_producer(&rig);
	helper_tell(rig.helper, &(struct helper_answer){.producer = made});
	helper_tell(rig.helper, &(struct helper_answer){.renewed = renewed});
	fetch(&rig, &answer);
	cr_expect_eq(answer.producer, made);
	cr_expect_eq(answer.renewed, renewed);
	helper_retire(rig.helper, renewed);
	helper_free(rig.helper, made, NULL);
	end(&rig);
}

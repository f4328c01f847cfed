/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Dead letters from a store to their topics, and what makes room before a transaction: with an
 * output that keeps one record of each topic and gives it the fate that the test says.
 */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "letters/forward.h"
#include "letters/intake.h"
#include "tests/support/said.h"

enum { LINES, DEAD, OTHER, N_TOPICS };

static struct {
	struct output output;
	struct report flights[N_TOPICS]; /* slot NULL: none */
	bool ended[N_TOPICS], held[N_TOPICS];
	char sent[256]; /* values, in their order */
} out;

static char dir[64], message[512];
static struct store *store;
static struct letters letters;
static struct counters counters;
static struct forward forward;
static struct intake intake;
static struct log *log_of_test;
static uint64_t now_us = 1000 * US_PER_S;

/* It stands still in a step: how many letters one looks at is not for the machine to say. */
uint64_t clock_mono_us(void)
{
	return now_us;
}

uint64_t clock_mono_ns(void)
{
	return now_us * 1000;
}

int64_t clock_real_ms(void)
{
	return 0;
}

uint64_t clock_cpu_us(void)
{
	return 0;
}

static char names[3][8] = {"a", "b", "none"};
static char *topics[] = {"lines", "dead", "other"};
static struct source sources[] = {
	{.name = names[0], .letter_topic = DEAD},
	{.name = names[1], .letter_topic = OTHER},
	{.name = names[2], .letter_topic = SOURCE_NO_TOPIC},
};
static struct conf conf = {.sources = sources,
			   .n_sources = 3,
			   .topics = topics,
			   .n_topics = N_TOPICS,
			   .n_clusters = 1,
			   .shutdown_timeout_ms = 30000};

static int submit(struct output *output, const struct record *record, void *slot, uint64_t at_us)
{
	(void)output, (void)at_us;
	cr_assert(record->alone);
	if (out.held[record->topic] || out.flights[record->topic].slot)
		return OUTPUT_E_HOLD;
	if (memmem(record->value.at, record->value.len, "huge", 4))
		return OUTPUT_E_REFUSED;
	snprintf(out.sent + strlen(out.sent), sizeof out.sent - strlen(out.sent), "%.*s ",
		 (int)record->value.len, record->value.at);
	out.flights[record->topic] = (struct report){.slot = slot, .topic = record->topic};
	return 0;
}

static size_t reports(struct output *output, struct report *ret, size_t max, uint64_t at_us)
{
	size_t n = 0;

	(void)output, (void)at_us;
	for (size_t i = 0; i < N_TOPICS && n < max; i++) {
		if (!out.ended[i])
			continue;
		ret[n++] = out.flights[i];
		out.flights[i].slot = NULL;
		out.ended[i] = false;
	}
	return n;
}

static uint64_t moved(const struct output *output, uint32_t topic)
{
	(void)output, (void)topic;
	return 0;
}

static const struct output_ops ops = {.submit = submit, .reports = reports, .moved = moved};

static void begin(void)
{
	const struct pipeline_options options = {.output = &out.output,
						 .counters = &counters,
						 .letters = &letters,
						 .topics = (const char *const *)topics,
						 .n_topics = N_TOPICS};

	out.output.ops = &ops;
	strcpy(dir, "/tmp/test_forward.XXXXXX");
	cr_assert(mkdtemp(dir));
	cr_assert_eq(store_open(dir, &store, message, sizeof message), 0, "%s", message);
	log_of_test = said_begin();
	letters_init(&letters, 1000, 0);
	for (size_t i = 0; i < conf.n_sources; i++)
		cr_assert_eq(letters_share(&letters, names[i], 15), 0);
	forward = (struct forward){.conf = &conf,
				   .store = store,
				   .letters = &letters,
				   .output = &out.output,
				   .counters = &counters,
				   .log = log_of_test};
	cr_assert_eq(pipeline_new(&options, &forward.pipeline), 0);
	cr_assert_eq(forward_open(&forward), 0);
	cr_assert_eq(forward.n_topics, 2);
	intake = (struct intake){.letters = &letters,
				 .forward = &forward,
				 .store = store,
				 .counters = &counters,
				 .log = log_of_test};
}

static void end(void)
{
	char command[128];

	pipeline_free(forward.pipeline);
	forward_close(&forward);
	letters_deinit(&letters);
	store = store_close(store);
	log_of_test = said_end(log_of_test);
	snprintf(command, sizeof command, "rm -r %s", dir);
	cr_assert_eq(system(command), 0);
}

TestSuite(forward, .init = begin, .fini = end, .timeout = 60);

static void add(const char *source, const char *value)
{
	const struct store_dead_letter letter = {
		.source = source,
		.path = "/log",
		.topic = "lines",
		.reason = "r",
		.value = {value, strlen(value)},
		.partition = -1,
		.cause = "r",
	};

	cr_assert_eq(letters_add(&letters, &letter), 0);
}

/* A transaction. */
static void write_down(void)
{
	struct store_batch batch;

	intake_prepare(&intake, true);
	batch = (struct store_batch){.letters = letters.items,
				     .n_letters = letters.n,
				     .gone = letters.gone,
				     .n_gone = letters.n_gone};
	cr_assert_eq(store_write(store, &batch, message, sizeof message), 0, "%s", message);
	letters_stored(&letters, letters.n);
	letters_removed(&letters, letters.n_gone);
}

static void step(struct forward_busy busy)
{
	const struct forward_now now = {.may_send = true, .busy = busy, .now_us = now_us};
	bool any;

	cr_assert_geq(pipeline_reports(forward.pipeline, SIZE_MAX, now_us), 0);
	cr_assert_eq(forward_step(&forward, &now, &any), 0);
}

/* What is under way to the topic ends so, and the next one goes. */
static void report(uint32_t topic, enum report_kind kind, const char *reason)
{
	cr_assert(out.flights[topic].slot, "something is under way");
	out.flights[topic].kind = kind;
	out.flights[topic].reason = reason;
	out.ended[topic] = true;
	step((struct forward_busy){0});
}

/* Their values, in their order; one that was copied has a + behind it. */
static const char *stored(void)
{
	static char text[256];
	struct store_dead_letter letter;
	uint64_t after = 0;

	text[0] = '\0';
	while (store_next_letter(store, after, &letter) == 0) {
		snprintf(text + strlen(text), sizeof text - strlen(text), "%.*s%s ",
			 (int)letter.value.len, letter.value.at, letter.copied ? "+" : "");
		after = letter.id;
		store_letter_free(&letter);
	}
	return text;
}

Test(forward, each_topic_goes_in_its_order_and_waits_for_no_other)
{
	add("a", "a1"), add("b", "b1"), add("none", "n1"), add("a", "a2"), add("b", "b2");
	write_down();
	out.held[DEAD] = true;
	step((struct forward_busy){0});
	report(OTHER, REPORT_DELIVERED, NULL);
	report(OTHER, REPORT_DELIVERED, NULL);
	cr_expect_str_eq(out.sent, "b1 b2 ");
	out.held[DEAD] = false;
	step((struct forward_busy){0});
	report(DEAD, REPORT_DELIVERED, NULL);
	cr_expect_str_eq(out.sent, "b1 b2 a1 a2 ");
	cr_expect_str_eq(stored(), "a1 b1 n1 a2 b2 ", "until a transaction");
	write_down();
	cr_expect_str_eq(stored(), "n1 a2 ");
	cr_expect_eq(counters.letters_copied, 3);
	cr_expect_eq(letters_kept(&letters, "a"), 2);
}

Test(forward, a_topic_that_fails_is_told_once_and_tried_again_with_the_same)
{
	add("a", "a1"), add("a", "a2");
	write_down();
	step((struct forward_busy){0});
	for (unsigned i = 0; i < 3; i++) {
		report(DEAD, REPORT_FAILED, "TOPIC_AUTHORIZATION_FAILED");
		cr_expect(!out.flights[DEAD].slot, "not at once");
		now_us += 60 * US_PER_S;
		step((struct forward_busy){0});
	}
	cr_expect_str_eq(out.sent, "a1 a1 a1 a1 ");
	cr_expect_eq(said_times("takes no dead letters (TOPIC_AUTHORIZATION_FAILED); the user"), 1);
	report(DEAD, REPORT_DELIVERED, NULL);
	cr_expect_eq(said_times("takes the dead letters that it did not take"), 1);
	report(DEAD, REPORT_DELIVERED, NULL);
	write_down();
	cr_expect_str_eq(stored(), "");
}

Test(forward, one_that_is_refused_is_passed_and_looked_at_again)
{
	add("a", "huge"), add("a", "a2"), add("a", "a3");
	write_down();
	step((struct forward_busy){0});
	report(DEAD, REPORT_REFUSED, "MSG_SIZE_TOO_LARGE");
	report(DEAD, REPORT_DELIVERED, NULL);
	write_down();
	cr_expect_str_eq(stored(), "huge a2 ");
	cr_expect_str_eq(out.sent, "a2 a3 ");
	cr_expect_eq(said_times("refuses dead letters"), 1);
	now_us += 20 * US_PER_S;
	step((struct forward_busy){0});
	report(DEAD, REPORT_DELIVERED, NULL);
	write_down();
	cr_expect_str_eq(stored(), "huge ");
	cr_expect_eq(said_times("refuses dead letters"), 1, "it lasts");
}

/* An order has it, or took it while it was under way here: it is the order's to remove. */
Test(forward, what_an_order_sends_is_left_to_it)
{
	const uint64_t ids[] = {0, 1};

	add("a", "a1"), add("a", "a2"), add("a", "a3");
	write_down();
	step((struct forward_busy){ids, 2});
	cr_expect_str_eq(out.sent, "a2 ");
	forward_let_go(&forward, 2);
	report(DEAD, REPORT_DELIVERED, NULL);
	report(DEAD, REPORT_DELIVERED, NULL);
	write_down();
	cr_expect_str_eq(stored(), "a1 a2 ");
	now_us += 20 * US_PER_S;
	step((struct forward_busy){0});
	cr_expect_str_eq(out.sent, "a2 a3 a1 ", "what stayed is looked at again");
}

Test(forward, kept_copies_make_way_and_go_with_another_setting)
{
	sources[0].keeps_copied = true;
	add("a", "letter1"), add("a", "letter2");
	write_down();
	step((struct forward_busy){0});
	report(DEAD, REPORT_DELIVERED, NULL);
	report(DEAD, REPORT_DELIVERED, NULL);
	write_down();
	cr_expect_str_eq(stored(), "letter1+ letter2+ ");
	cr_assert(letters_has_room(&letters, "a", 7), "14 of 15 are in the topic");
	add("a", "letter3");
	write_down();
	cr_expect_str_eq(stored(), "letter2+ letter3 ", "hold: no more than is needed");
	cr_expect_eq(counters.letters_displaced, 0);
	step((struct forward_busy){0});
	report(DEAD, REPORT_DELIVERED, NULL);
	cr_expect_str_eq(out.sent, "letter1 letter2 letter3 ", "each once");
	write_down();
	sources[0].keeps_copied = false;
	forward_close(&forward);
	cr_assert_eq(forward_open(&forward), 0);
	step((struct forward_busy){0});
	write_down();
	cr_expect_str_eq(stored(), "");
	cr_expect_str_eq(out.sent, "letter1 letter2 letter3 ");
}

Test(forward, the_oldest_of_a_source_that_drops_make_room)
{
	const uint64_t busy[] = {1};

	letters_drop_oldest(&letters, "none");
	add("none", "letter1"), add("none", "letter2");
	write_down();
	intake.busy = (struct forward_busy){busy, 1};
	add("none", "letter3");
	write_down();
	cr_expect_str_eq(stored(), "letter1 letter3 ", "an order has the first");
	cr_expect_eq(counters.letters_displaced, 1);
	cr_expect_eq(said_times("removed for newer ones"), 1);
	letters_want(&letters, "a", 16);
	intake_tell_full(&letters, log_of_test);
	intake_tell_full(&letters, log_of_test);
	cr_expect_eq(said_times("there is no room for the next one"), 1);
}

/* run --until-eof: no longer than shutdown_timeout. */
Test(forward, the_end_waits_for_those_that_may_go)
{
	cr_expect(forward_waits(&forward, now_us), "it has not looked yet");
	step((struct forward_busy){0});
	cr_expect_not(forward_waits(&forward, now_us), "there is none");
	add("a", "a1");
	cr_expect(forward_waits(&forward, now_us), "one is on its way to the state");
	write_down();
	step((struct forward_busy){0});
	cr_expect(forward_waits(&forward, now_us));
	cr_expect_not(forward_waits(&forward, now_us + 31 * US_PER_S));
	report(DEAD, REPORT_FAILED, "POLICY_VIOLATION");
	cr_expect_not(forward_waits(&forward, now_us), "the topic takes none");
}

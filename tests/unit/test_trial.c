/* SPDX-License-Identifier: Apache-2.0 */
/* Properties on trial beside those in use: which are the newer ones, and what is said of them. */
#include <criterion/criterion.h>
#include <string.h>

#include "kafka/kafka_private.h"
#include "kafka/work.h"

static struct prop *client(const char *name)
{
	struct prop *props = kafka_props_copy(&(struct prop){"client.id", name}, 1);

	cr_assert(props);
	return props;
}

/* Those of order 1 are in use, those of order 2 on trial. */
static void begin(struct helper *h, struct work *w)
{
	pthread_mutex_init(&h->mutex, NULL);
	h->wake_fd = -1;
	trial_begin(w, client("first"), 1, NULL, 1);
	trial_adopt(h, w);
	trial_begin(w, client("second"), 1, NULL, 2);
}

static void end(struct helper *h, struct work *w)
{
	trial_end(w);
	kafka_props_free(w->own_props, w->options.n_props);
	kafka_props_free(h->answer.props, h->answer.n_props);
}

/* Brokers may let those in later that a reload has replaced: nobody asked for them any more. */
Test(trial, older_properties_are_not_tried_once_newer_ones_are_in_use)
{
	struct helper h = {0};
	struct work w = {0};

	begin(&h, &w);
	trial_end_older(&w);
	cr_expect_str_eq(w.trial.props->value, "second", "it is the newer one");
	trial_swap(&h, &w);
	cr_expect_str_eq(w.own_props->value, "second");
	cr_expect_str_eq(w.trial.props->value, "first");
	cr_expect_eq(h.answer.renewal_number, 2);
	trial_end_older(&w);
	cr_expect_null(w.trial.props);
	end(&h, &w);
}

Test(trial, newer_properties_are_tried_again_where_the_older_ones_are_let_in)
{
	struct helper h = {0};
	struct work w = {0};

	begin(&h, &w);
	trial_swap(&h, &w);
	trial_swap(&h, &w);
	cr_expect_eq(h.answer.renewal_number, 1);
	trial_end_older(&w);
	cr_expect_str_eq(w.own_props->value, "first");
	cr_expect_str_eq(w.trial.props->value, "second");
	end(&h, &w);
}

static struct helper_answer refusal(unsigned int number, bool told, const char *reason)
{
	struct helper_answer a = {
		.renewal = RENEWAL_REFUSED, .renewal_number = number, .renewal_told = told};

	strcpy(a.renewal_reason, reason);
	return a;
}

static bool says(struct kafka *k, const char *words)
{
	struct output_remark remark;

	return remarks_next(&k->remarks, &remark) == 0 && strstr(remark.text, words);
}

/* The log has it once, and who asks gets the words of now. */
Test(trial, what_was_said_before_is_not_said_again)
{
	struct kafka k = {.renewal = 1};
	struct helper_answer a = refusal(1, false, "a wrong password");
	struct output_remark none;

	kafka_take_renewal(&k, &a, 0);
	cr_expect(k.renewal_waits && says(&k, "a wrong password"));
	a = refusal(1, true, "a certificate that has expired");
	kafka_take_renewal(&k, &a, 0);
	cr_expect_str_eq(k.renewal_error, "a certificate that has expired");
	cr_expect_neq(remarks_next(&k.remarks, &none), 0);
}

Test(trial, what_is_said_of_an_older_order_is_not_said_of_the_newest)
{
	struct kafka k = {.renewal = 2, .renewal_waits = true};
	struct helper_answer a = refusal(1, false, "a wrong password");
	struct output_remark none;

	kafka_take_renewal(&k, &a, 0);
	cr_expect(k.renewal_waits);
	cr_expect_str_empty(k.renewal_error);
	cr_expect_neq(remarks_next(&k.remarks, &none), 0);
	a = (struct helper_answer){.renewal = RENEWAL_IN_USE, .renewal_number = 1};
	kafka_take_renewal(&k, &a, 0);
	cr_expect(k.renewal_waits, "the newest is not in use");
}

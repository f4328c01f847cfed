/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Nearly every line has nothing to be noted, so what is noted may cost a walk over the rows. The
 * rules of a source are two sets: an option that filters puts its bits into one of them when it is
 * loaded, and no code on the way of a line knows it by name.
 */
#include "route/outcome.h"

#include "base/result.h"
#include "route/rules.h"

#define COUNTED(counter) offsetof(struct counters, counter)
#define NOT_COUNTED SIZE_MAX

static const struct outcome_row ROWS[] = {
#define OUTCOMES_ROW(name, counter, why, label, text) {counter, why, label, text},
	OUTCOMES(OUTCOMES_ROW)
#undef OUTCOMES_ROW
};

_Static_assert(ARRAY_LEN(ROWS) <= 32, "a set of outcomes has 32 bits");

const struct outcome_row *outcome_rows(void)
{
	return ROWS;
}

static const char *first_why(uint32_t set)
{
	return set ? ROWS[__builtin_ctz(set)].why : NULL;
}

const char *outcome_leaves_out(const struct outcome_rules *rules, struct outcome *outcome)
{
	const char *why = outcome_has(outcome, OUTCOME_RULED) ?
				  outcome->rule->why :
				  first_why(outcome->set & rules->leaves_out);

	/* A line that was withheld is told, whatever it was. */
	if (!why || outcome_has(outcome, OUTCOME_WITHHELD))
		return NULL;
	outcome_note(outcome, OUTCOME_LEFT_OUT);
	return why;
}

const char *outcome_refuses(const struct outcome_rules *rules, const struct outcome *outcome)
{
	/* What the library has no room for cannot be sent, whatever a source says. */
	return first_why(outcome->set & (rules->refuses | OUTCOME_BIT(OUTCOME_TOO_LARGE)));
}

void outcome_count(const struct outcome *outcome, struct counters *counters)
{
	for (uint32_t left = outcome->set; left; left &= left - 1) {
		int kind = __builtin_ctz(left);

		if (ROWS[kind].counter != SIZE_MAX)
			counter_add(counters, ROWS[kind].counter, outcome->times[kind]);
	}
}

/* SPDX-License-Identifier: Apache-2.0 */
/* W3C traceparent: what a tracing library accepts, and what it throws away. */
#include "parsers/traceparent.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "base/result.h"

#define TRACE "0af7651916cd43dd8448eb211c80319c"
#define PARENT "b7ad6b7169203331"
#define GOOD "00-" TRACE "-" PARENT "-01"

static const struct {
	const char *text;
	bool valid;
} CASES[] = {
	{GOOD, true},
	{"00-" TRACE "-" PARENT "-00", true},
	{"00-" TRACE "-" PARENT "-ff", true}, /* unknown flags are set, which is allowed */
	{"", false},
	{"-", false},
	{"00-" TRACE "-" PARENT "-0", false},
	{"00-" TRACE "-" PARENT, false},
	{"ff-" TRACE "-" PARENT "-01", false},
	{"fe-" TRACE "-" PARENT "-01", true},
	{"f0-" TRACE "-" PARENT "-01", true},
	/* Version 00 ends behind the flags; a later one may go on, behind a dash. */
	{"00-" TRACE "-" PARENT "-01-what-the-future-will-be-like", false},
	{"00-" TRACE "-" PARENT "-01.", false},
	{"cc-" TRACE "-" PARENT "-01-what-the-future-will-be-like", true},
	{"cc-" TRACE "-" PARENT "-01-", true},
	{"cc-" TRACE "-" PARENT "-01.", false},
	{"01-" TRACE "-" PARENT "-01-x", true},
	{"10-" TRACE "-" PARENT "-01-x", true},
	/* Ids of zeros only are no ids. */
	{"00-00000000000000000000000000000000-" PARENT "-01", false},
	{"00-" TRACE "-0000000000000000-01", false},
	{"00-00000000000000000000000000000001-" PARENT "-01", true},
	{"00-10000000000000000000000000000000-0000000000000001-01", true},
	/* Lower case only. */
	{"00-0AF7651916CD43DD8448EB211C80319C-" PARENT "-01", false},
	{"00-" TRACE "-B7AD6B7169203331-01", false},
	{"0A-" TRACE "-" PARENT "-01", false},
	{"00-" TRACE "-" PARENT "-0A", false},
	/* Every part at its place. */
	{"00_" TRACE "-" PARENT "-01", false},
	{"00-" TRACE "_" PARENT "-01", false},
	{"00-" TRACE "-" PARENT "_01", false},
	{"0x-" TRACE "-" PARENT "-01", false},
	{"00-0af7651916cd43dd8448eb211c80319g-" PARENT "-01", false},
	{"00-" TRACE "-b7ad6b716920333`-01", false},
	{"00-" TRACE "-" PARENT "-/1", false},
	{"00-" TRACE "-" PARENT "-:1", false},
	{" " GOOD, false},
	{GOOD " ", false},
};

/* An exact copy, so that a sanitizer sees a read behind its end. */
static bool judge(const char *text, size_t len)
{
	char *copy = malloc(len ? len : 1);
	bool valid;

	memcpy(copy, text, len);
	valid = traceparent_is_valid((struct slice){copy, len});
	free(copy);
	return valid;
}

Test(traceparent, table)
{
	for (size_t i = 0; i < ARRAY_LEN(CASES); i++)
		cr_expect_eq(judge(CASES[i].text, strlen(CASES[i].text)), CASES[i].valid, "%s",
			     CASES[i].text);
	cr_expect_not(traceparent_is_valid(SLICE_NONE));
}

/* No prefix of a valid one is valid, and no byte of it may be just anything. */
Test(traceparent, every_prefix_and_every_byte)
{
	char text[] = GOOD;
	const size_t len = sizeof text - 1;

	for (size_t n = 0; n < len; n++)
		cr_expect_not(judge(text, n), "%zu", n);
	for (size_t at = 0; at < len; at++) {
		for (int byte = 0; byte < 256; byte++) {
			bool hex = byte && strchr("0123456789abcdef", byte) != NULL;
			bool may = at == 2 || at == 35 || at == 52 ? byte == '-' : hex;

			text[at] = (char)byte;
			cr_expect_eq(judge(text, len), may, "%zu %d", at, byte);
		}
		text[at] = GOOD[at];
	}
}

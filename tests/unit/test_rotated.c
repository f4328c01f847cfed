/* SPDX-License-Identifier: Apache-2.0 */
#include "search/rotated.h"

#include <criterion/criterion.h>
#include <string.h>

#define SURE ROTATED_SURELY
#define PERHAPS ROTATED_PERHAPS
#define NUMBERED ROTATED_NUMBERED
#define NO ROTATED_NO

Test(rotated, names_of_the_usual_tools)
{
	static const struct {
		const char *name, *base;
		enum rotated kind;
	} cases[] = {
		{"app.log.1", "app.log", NUMBERED},
		{"app.log.64", "app.log", NUMBERED},
		{"app.log.999", "app.log", NUMBERED},
		{"app.log-20260101", "app.log", SURE},
		{"app.log-20260101-1767225600", "app.log", SURE},
		{"app.log-1767225600", "app.log", SURE},
		{"app.log-01-02-2026", "app.log", SURE},
		{"app-20260101.log", "app.log", SURE},
		{"app.log.2026-01-01", "app.log", SURE},
		{"app.log.2026-01-01_10-00-00", "app.log", SURE},
		{"app-2026-01-01T10-00-00.log", "app.log", SURE},
		{"app-2026-01-01T10-00-00.000Z.log", "app.log", SURE},
		{"app.2026-01-01.3.log", "app.log", SURE},
		{"app-2026-01.log", "app.log", SURE},
		{"0.log.20260101-101112", "0.log", SURE},
		{"app.log.old", "app.log", SURE},
		{"app.log.old1", "app.log", SURE},
		{"app.log.bak.2", "app.log", SURE},
		{"app.old.log", "app.log", SURE},
		{"syslog.1", "syslog", NUMBERED},
		{"access_20260101.log", "access.log", SURE},
		{"@4000000069568a3c1b2d3e4f.s", "current", SURE},
		{"app.1.log", "app.log", PERHAPS},
		{"app-1.log", "app.log", PERHAPS},
		{"worker-8081", "worker", PERHAPS},
		{"worker.8081", "worker", PERHAPS},
		{"node-1", "node", PERHAPS},
		{"worker-123456", "worker", PERHAPS},
		{"app-99999999.log", "app.log", PERHAPS},
		{"app.log", "app.log", NO},
		{"app.log.", "app.log", NO},
		{"app.log1", "app.log", NO},
		{"app.log.1.gz", "app.log", NO},
		{"app.log.json", "app.log", NO},
		{"mail.err", "mail", NO},
		{"mail.err.1", "mail", NO},
		{"application.log", "app.log", NO},
		{"app-http.log", "app.log", NO},
		{"app-20260101.txt", "app.log", NO},
		{"golden.log", "app.log", NO},
		{"app.log.older", "app.log", NO},
		{"@4000000069568a3c1b2d3e4f.s", "app.log", NO},
	};

	for (size_t i = 0; i < ARRAY_LEN(cases); i++)
		cr_expect_eq(rotated_judge(cases[i].name, cases[i].base), cases[i].kind,
			     "%s of %s: %d", cases[i].name, cases[i].base,
			     (int)rotated_judge(cases[i].name, cases[i].base));
}

static bool note(void *context, const char *base, enum rotated kind)
{
	(void)kind;
	strcat(context, base);
	strcat(context, " ");
	return false;
}

Test(rotated, every_base_is_offered)
{
	static const struct {
		const char *name, *bases;
	} cases[] = {
		{"mail.err.1", "mail.err "},
		{"app.log.2026-01-01", "app.log.2026-01 app.log.2026 app.log "},
		{"app-1.log", "app.log "},
		{"app.log", ""},
		{"x", ""},
	};

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		char bases[256] = "";

		cr_expect_not(rotated_bases(cases[i].name, note, bases));
		cr_expect_str_eq(bases, cases[i].bases, "%s: \"%s\"", cases[i].name, bases);
	}
}

Test(rotated, numbers_at_the_end_count_down_and_all_else_goes_up)
{
	cr_expect(rotated_order("app.log.10", "app.log.9") < 0);
	cr_expect(rotated_order("app.log.1", "app.log.2") > 0);
	cr_expect(rotated_order("app.log.2026-01-01", "app.log.2026-01-02") < 0);
	cr_expect(rotated_order("app.log.20260101", "app.log.20260102") < 0);
	cr_expect(rotated_order("app-2.log", "app-10.log") < 0);
}

Test(rotated, dates_and_numbers_at_the_end_tell_who_is_older)
{
	cr_expect(rotated_is_before("app.log.2", "app.log.1"));
	cr_expect_not(rotated_is_before("app.log.1", "app.log.2"));
	cr_expect(rotated_is_before("app-2026-01-01.log", "app-2026-01-02.log"));
	cr_expect_not(rotated_is_before("app-2026-01-02.log", "app-2026-01-01.log"));
	cr_expect_not(rotated_is_before("app.log.old1", "app.log.old2"));
	cr_expect_not(rotated_is_before("app.log.old2", "app.log.old1"));
	cr_expect_not(rotated_is_before("app.log.2", "app.log-1"));
}

Test(rotated, alike_are_names_that_differ_in_numbers)
{
	uint64_t number = 0;

	cr_expect(rotated_alike("app.log.1", "app.log.10"));
	cr_expect(rotated_alike("app-2026-01-01.log", "app-2027-11-30.log"));
	cr_expect_not(rotated_alike("app.log.1", "app.log-1"));
	cr_expect_not(rotated_alike("app.log.1", "app.log.1.2"));
	cr_expect(rotated_number("worker-8081", 6, &number));
	cr_expect_eq(number, 8081);
	cr_expect_not(rotated_number("app-2026-01.log", 3, &number));
	cr_expect_not(rotated_number("app.log.old", 3, &number));
}

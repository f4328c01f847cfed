/* SPDX-License-Identifier: Apache-2.0 */
/* Grok: how macros are written out, what the usual ones match and what they do not. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "parsers/grok.h"
#include "parsers/pattern.h"

static const struct grok_macro OWN[] = {
	{{"ORDER", 5}, {"[A-Z]-%{INT}", 12}},
	{{"LOOP", 4}, {"x%{LOOP}", 8}},
	{{"WORD", 4}, {"[a-z]+", 6}},
};

/* The translation, or the message; static. */
static const char *translated(const char *text)
{
	static char said[8192];
	struct grok_error error;
	char *pattern = NULL;
	int r = grok_translate(slice_of(text), OWN, ARRAY_LEN(OWN), &pattern, &error);

	cr_assert(r == 0 || r == GROK_E_SYNTAX);
	snprintf(said, sizeof said, "%s", r ? error.message : pattern);
	free(pattern);
	return said;
}

Test(grok, macros_are_written_out)
{
	static const char *const rows[][2] = {
		{"", ""},
		{"a%b{c}", "a%b{c}"},
		{"%{INT}", "(?:[+-]?[0-9]+)"},
		{"%{INT:n}", "(?<n>[+-]?[0-9]+)"},
		{"%{INT:n:int} x", "(?<n>[+-]?[0-9]+) x"},
		{"%{INT:[http][status.code]}", "(?<http_status_code>[+-]?[0-9]+)"},
		{"%{INT:@n}", "(?<_n>[+-]?[0-9]+)"},
		{"%{ORDER:o}", "(?<o>[A-Z]-(?:[+-]?[0-9]+))"},
		{"%{WORD:w}", "(?<w>[a-z]+)"},
		{"%{INT:n} %{INT:n}", "(?J)(?<n>[+-]?[0-9]+) (?<n>[+-]?[0-9]+)"},
		{"(?<=a)%{INT:n}(?<=a)", "(?<=a)(?<n>[+-]?[0-9]+)(?<=a)"},
		{"%{INT", "\"%{\" is not closed by \"}\""},
		{"%{INT:}", "%{INT:} has no field"},
		{"%{NUMBR}", "there is no macro %{NUMBR} (did you mean NUMBER?)"},
		{"%{}", "there is no macro %{}"},
		{"%{LOOP}", "macros within each other are too deep, or in a circle"},
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		cr_expect_str_eq(translated(rows[i][0]), rows[i][1]);
}

static struct pattern *compiled(const char *macro)
{
	struct pattern_error error;
	struct grok_error refused;
	struct pattern *pattern = NULL;
	char text[64], *all = NULL;

	snprintf(text, sizeof text, "^%%{%s}$", macro);
	cr_assert_eq(grok_translate(slice_of(text), NULL, 0, &all, &refused), 0, "%s: %s", macro,
		     refused.message);
	cr_assert_eq(pattern_compile(all, strlen(all), &pattern, &error), 0, "%s: %s", macro,
		     error.message);
	free(all);
	return pattern;
}

Test(grok, all_of_the_usual_ones_compile)
{
	const char *name;
	size_t n = 0;

	for (; (name = grok_usual_name(n)); n++)
		pattern_free(compiled(name));
	cr_expect(n > 80, "%zu", n);
}

static bool matches(const char *macro, const char *text)
{
	struct pattern_scratch *scratch = pattern_scratch_new();
	struct pattern *pattern = compiled(macro);
	bool good = pattern_match(pattern, scratch, slice_of(text), PATTERN_NO_FIELDS, NULL) == 0;

	pattern_free(pattern);
	pattern_scratch_free(scratch);
	return good;
}

Test(grok, what_the_usual_ones_match)
{
	static const struct {
		const char *macro, *good[8], *bad[8];
	} rows[] = {
		{"WORD", {"a", "a_1"}, {"", "a b", "a-b"}},
		{"INT", {"0", "-17", "+007"}, {"", "1.0", "x"}},
		{"NUMBER", {"1", "-1.5", "+.5", "1."}, {"", ".", "1e5", "1.2.3", "0x1"}},
		{"POSINT", {"1", "10"}, {"0", "-1", "01"}},
		{"BASE16NUM", {"ff", "0xFF", "-a"}, {"g", "0x"}},
		{"QS", {"\"\"", "\"a \\\" b\"", "'a'"}, {"\"a", "a\"", "\"a\"b\""}},
		{"UUID",
		 {"123e4567-e89b-12d3-a456-426614174000"},
		 {"123e4567-e89b-12d3-a456-42661417400", "123e4567e89b12d3a456426614174000"}},
		{"MAC", {"00:1a:2B:3c:4d:5e", "00-1a-2b-3c-4d-5e", "001a.2b3c.4d5e"}, {"00:1a"}},
		{"IPV4",
		 {"0.0.0.0", "255.255.255.255"},
		 {"256.1.1.1", "1.1.1", "1.1.1.1.1", "01.1.1.1"}},
		{"IPV6",
		 {"::", "::1", "fe80::1%eth0", "2001:db8:0:0:0:0:0:1",
		  "2001:db8::", "::ffff:1.2.3.4", "1:2:3:4:5:6:1.2.3.4"},
		 {"", ":", "1::2::3", "1:2:3", "12345::", "1:2:3:4:5:6:7:8:9", "::g"}},
		{"HOSTNAME", {"a", "web-1.example.com", "x."}, {"-a", "a b", ".a"}},
		{"HOSTPORT", {"web:80", "1.2.3.4:8080"}, {"web", "web:0"}},
		{"UNIXPATH", {"/", "/var/log/a.log"}, {"a/b", "/a b"}},
		{"WINPATH", {"C:\\a\\b.txt", "\\\\srv\\x"}, {"a", "C:a b"}},
		{"URI",
		 {"http://a/b?c=d", "https://u:p@host:8080/", "ftp://x"},
		 {"a/b", "http:/a", "http://[x"}},
		{"MONTH", {"Jan", "may", "September"}, {"Janu", "13"}},
		{"MONTHDAY", {"1", "09", "31"}, {"0", "32", "1st"}},
		{"HOUR", {"0", "09", "23"}, {"24", "29"}},
		{"TIME",
		 {"12:34", "12:34:56", "1:02:03.456", "23:59:60"},
		 {"24:00", "12:60", "12"}},
		{"TIMESTAMP_ISO8601",
		 {"2026-01-31T12:34:56Z", "2026-01-31 12:34:56,789", "2026-01-31T12:34+01:00"},
		 {"2026-13-01T00:00:00", "2026-01-01", "20260101T000000", "2026-1-3 01:02:03 "}},
		{"HTTPDATE",
		 {"10/Oct/2000:13:55:36 -0700"},
		 {"10/10/2000:13:55:36 -0700", "10/Oct/2000"}},
		{"SYSLOGTIMESTAMP", {"Oct 11 22:14:15", "Oct  1 02:03:04"}, {"11 Oct 22:14:15"}},
		{"SYSLOGPROG", {"su", "su[23]", "/usr/sbin/cron[1]"}, {"", "a b", "su[]"}},
		{"LOGLEVEL", {"INFO", "warn", "Warning", "ERR"}, {"INF", "level", ""}},
		{"JAVACLASS", {"a.b.C", "C$1"}, {"a..b", "1a", "a."}},
		{"JAVASTACKTRACEPART",
		 {"at a.B.c(B.java:17)", "\tat a.B.<init>(Native Method)"},
		 {"a.B.c(B.java:17)"}},
		{"EMAILADDRESS", {"a@b.c", "a.b+c@d"}, {"@b", "a@", "a b@c"}},
		{"COMMONAPACHELOG",
		 {"1.2.3.4 - - [10/Oct/2000:13:55:36 -0700] \"GET / HTTP/1.0\" 200 -",
		  "::1 - frank [10/Oct/2000:13:55:36 -0700] \"-\" 408 0"},
		 {"x: 1.2.3.4 - - [10/Oct/2000:13:55:36 -0700] \"GET / HTTP/1.0\" 200 -"}},
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		for (size_t k = 0; k < 8 && rows[i].bad[k]; k++)
			cr_expect_not(matches(rows[i].macro, rows[i].bad[k]), "%s matches %s",
				      rows[i].macro, rows[i].bad[k]);
		for (size_t k = 0; k < 8 && rows[i].good[k]; k++)
			cr_expect(matches(rows[i].macro, rows[i].good[k]), "%s does not match %s",
				  rows[i].macro, rows[i].good[k]);
	}
}

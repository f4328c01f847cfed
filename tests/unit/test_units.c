/* SPDX-License-Identifier: Apache-2.0 */
#include <criterion/criterion.h>

#include "flow/rate.h"
#include "settings/units.h"

struct row {
	const char *text;
	int r;
	uint64_t value;
};

static const struct row sizes[] = {
	{"0", 0, 0},
	{"4096", 0, 4096},
	{"64KB", 0, 64000},
	{"64kB", 0, 64000},
	{"64KiB", 0, 65536},
	{"16MiB", 0, 16777216},
	{"16 MiB", 0, 16777216},
	{"2GB", 0, 2000000000},
	{"1GiB", 0, 1073741824},
	{"7B", 0, 7},
	{"18446744073709551615", 0, UINT64_MAX},
	{"18446744073709551616", UNITS_E_RANGE, 0},
	{"17179869184GiB", UNITS_E_RANGE, 0},
	{"17179869183GiB", 0, 17179869183ull << 30},
	{"", UNITS_E_SYNTAX, 0},
	{"MiB", UNITS_E_SYNTAX, 0},
	{"-1", UNITS_E_SYNTAX, 0},
	{"+1", UNITS_E_SYNTAX, 0},
	{" 1", UNITS_E_SYNTAX, 0},
	{"1.5MiB", UNITS_E_SYNTAX, 0},
	{"16M", UNITS_E_SYNTAX, 0},
	{"16MiBs", UNITS_E_SYNTAX, 0},
	{"0x10", UNITS_E_SYNTAX, 0},
};

static const struct row rates[] = {
	{"10MiB/s", 0, 10 << 20},
	{"64KB/s", 0, 64000},
	{"1/s", 0, 1},
	{"5000lines/s", 0, RATE_LINES | 5000},
	{"1 line/s", 0, RATE_LINES | 1},
	{"5000lines", UNITS_E_SYNTAX, 0},
	{"9223372036854775808lines/s", UNITS_E_RANGE, UINT64_MAX},
	{"10MiB", UNITS_E_SYNTAX, 0},
	{"/s", UNITS_E_SYNTAX, 0},
	{"s", UNITS_E_SYNTAX, 0},
	{"", UNITS_E_SYNTAX, 0},
	{"10MiB/m", UNITS_E_SYNTAX, 0},
	{"10MiB/s/s", UNITS_E_SYNTAX, 0},
	{"18446744073709551616/s", UNITS_E_RANGE, RATE_LINES - 1},
	/* It was taken for five lines. */
	{"9223372036854775813B/s", UNITS_E_RANGE, RATE_LINES - 1},
};

static const struct row times[] = {
	{"0", 0, 0},
	{"0s", 0, 0},
	{"20ms", 0, 20},
	{"5s", 0, 5000},
	{"2m", 0, 120000},
	{"1h", 0, 3600000},
	{"7d", 0, 604800000},
	{"5 s", 0, 5000},
	{"5", UNITS_E_SYNTAX, 0},
	{"", UNITS_E_SYNTAX, 0},
	{"s", UNITS_E_SYNTAX, 0},
	{"1m30s", UNITS_E_SYNTAX, 0},
	{"1.5s", UNITS_E_SYNTAX, 0},
	{"5w", UNITS_E_SYNTAX, 0},
	{"99999999999999999999s", UNITS_E_RANGE, 0},
	{"213503982335d", UNITS_E_RANGE, 0},
};

static void check(const struct row *row, int (*parse)(const char *, uint64_t *))
{
	uint64_t value = 12345;

	cr_expect_eq(parse(row->text, &value), row->r, "\"%s\"", row->text);
	cr_expect_eq(value, row->r && !row->value ? 12345 : row->value, "\"%s\" gave %llu",
		     row->text, (unsigned long long)value);
}

Test(units, sizes)
{
	for (size_t i = 0; i < ARRAY_LEN(sizes); i++)
		check(&sizes[i], units_size);
}

Test(units, rates)
{
	for (size_t i = 0; i < ARRAY_LEN(rates); i++)
		check(&rates[i], units_rate);
}

Test(units, times)
{
	for (size_t i = 0; i < ARRAY_LEN(times); i++)
		check(&times[i], units_time);
}

Test(units, bytes)
{
	static const struct {
		const char *text;
		size_t n;
		const char *bytes;
	} rows[] = {
		{"ab", 2, "ab"},     {"\\r\\n", 2, "\r\n"},
		{"\\0", 1, ""},      {"\\x1E\\xff", 2, "\x1e\xff"},
		{"\\\\t", 2, "\\t"}, {"\\t\\\\", 2, "\t\\"},
		{"", 0, ""},         {"\\", 0, ""},
		{"\\q", 0, ""},      {"\\x1", 0, ""},
		{"\\xg0", 0, ""},    {"12345", 0, ""},
	};
	char bytes[4];

	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		cr_assert_eq(units_bytes(rows[i].text, bytes, sizeof bytes), rows[i].n, "%s",
			     rows[i].text);
		cr_expect_arr_eq(bytes, rows[i].bytes, rows[i].n);
	}
}

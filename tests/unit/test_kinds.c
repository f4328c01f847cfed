/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Each kind of parser by a table: a text, and the fields that come out. What is asked for stands in
 * front, so that what is not asked for is tried, too.
 */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "parsers/kinds/parser.h"

#define MISS "(miss)"

static struct pattern *compile_pattern(const char *text)
{
	struct pattern *pattern = NULL;
	struct pattern_error error;

	cr_assert_eq(pattern_compile(text, strlen(text), &pattern, &error), 0, "%s", error.message);
	return pattern;
}

/* The words of a text as fields; all are wanted. */
static struct parser *compile(const struct parser_link *const *links, size_t n, const char *wanted)
{
	struct parser_fields fields = {0};
	struct parser *parser = NULL;
	char *copy = strdup(wanted), *rest = copy, *word;
	uint32_t ignored;

	while ((word = strsep(&rest, " ")))
		cr_assert_eq(parser_fields_add(&fields, slice_of(word), &ignored), 0);
	free(copy);
	cr_assert_eq(
		parser_new(links, n, &fields, UINT64_MAX >> (64 - fields.n), &parser, &ignored), 0);
	return parser;
}

/* Of the file. */
static struct slice header;

/* "a|b|-": the fields in the order of the words; "-" is one that is missing. */
static void run(const struct parser *parser, size_t n, struct slice text, char *said, size_t size)
{
	struct pattern_scratch *scratch = pattern_scratch_new();
	struct arena arena = ARENA_NULL;
	struct slice fields[PARSER_FIELDS_MAX];
	/* Of exactly its length, so that a sanitizer sees a read behind the end. */
	char *copy = memcpy(malloc(text.len + 1), text.at, text.len);
	struct parser_input input = {{realloc(copy, text.len ? text.len : 1), text.len},
				     slice_of("/var/log/pods/app.log"),
				     slice_of("app.log"),
				     .header = header};
	int r = parser_extract(parser, scratch, &input, &arena, fields);
	FILE *out = fmemopen(said, size, "w");

	setbuf(out, NULL);
	if (r == PARSER_E_PARTLY)
		fputs("(partly) ", out);
	if (r == PARSER_E_MISS)
		fputs(MISS, out);
	else
		for (size_t i = 0; i < n; i++)
			fprintf(out, "%s%.*s", i ? "|" : "", fields[i].at ? (int)fields[i].len : 1,
				fields[i].at ? fields[i].at : "-");
	fputc('\0', out);
	fclose(out);
	free((char *)input.line.at);
	arena_deinit(&arena);
	pattern_scratch_free(scratch);
}

static size_t count_words(const char *text)
{
	size_t n = 1;

	for (; *text; text++)
		n += *text == ' ';
	return n;
}

static void expect(const struct parser_link *const *links, size_t n, const char *wanted,
		   const char *text, size_t len, const char *said)
{
	struct parser *parser = compile(links, n, wanted);
	char got[4096];

	run(parser, count_words(wanted), (struct slice){text, len}, got, sizeof got);
	cr_expect_str_eq(got, said, "%s of %s\n  got    %s\n  wanted %s", wanted, text, got, said);
	parser_free(parser);
}

struct row {
	const char *wanted, *text, *said;
};

static void expect_all(enum parser_kind kind, const struct row *rows, size_t n)
{
	const struct parser_link link = {.name = "x", .kind = kind};
	const struct parser_link *links = &link;

	for (size_t i = 0; i < n; i++)
		expect(&links, 1, rows[i].wanted, rows[i].text, strlen(rows[i].text), rows[i].said);
}

static const struct row json[] = {
	{"a", "{\"a\":1}", "1"},
	{"a b", "{\"a\":\"x\",\"b\":true}", "x|true"},
	{"a", "{\"b\":1}", "-"},
	{"a", "{}", "-"},
	{"a", " \t{ \"a\" :\r\n -0.5e+10 } ", "-0.5e+10"},
	{"a", "{\"a\":null}", "-"},
	{"a", "{\"a\":\"\"}", ""},
	{"a", "{\"a\":{\"b\":[1,{}]},\"c\":2}", "{\"b\":[1,{}]}"},
	{"a.b c", "{\"a\":{\"b\":[1, {}]},\"c\":2}", "[1, {}]|2"},
	{"user.id", "{\"user\":{\"name\":{\"id\":1},\"id\":17}}", "17"},
	{"user.id", "{\"x\":{\"user\":{\"id\":17}},\"id\":3}", "-"},
	{"items[0].sku items[2].sku items[3].sku",
	 "{\"items\":[{\"sku\":\"a\"},5,{\"n\":[{\"sku\":9}],\"sku\":\"c\"}]}", "a|c|-"},
	{"m[1][0]", "{\"m\":[[1,2],[3,4]]}", "3"},
	{"m[1]", "{\"m\":{\"[1]\":5}}", "-"},
	{"m.x", "{\"m\":[{\"x\":5}]}", "-"},
	/* Both spellings of a path with points, and the last of either. */
	{"log.level", "{\"log.level\":\"info\"}", "info"},
	{"log.level", "{\"log.level\":\"info\",\"log\":{\"logger\":\"x\"}}", "info"},
	{"log.level", "{\"log\":{\"level\":\"warn\"},\"log.level\":\"info\"}", "info"},
	{"log.level", "{\"log.level\":\"info\",\"log\":{\"level\":\"warn\"}}", "warn"},
	{"a.b.c", "{\"a.b\":{\"c\":1}}", "1"},
	{"a.b.c", "{\"a\":{\"b.c\":1}}", "1"},
	/* Of members of the same name the last, with all that is in it. */
	{"a", "{\"a\":1,\"a\":2}", "2"},
	{"a", "{\"a\":1,\"a\":null}", "-"},
	{"a.b", "{\"a\":{\"b\":1},\"a\":{\"c\":2}}", "-"},
	{"a.b", "{\"a\":{\"b\":1},\"a\":3}", "-"},
	{"a.b", "{\"a\":{\"b\":1,\"b\":{\"x\":1}}}", "{\"x\":1}"},
	/* Names by what they mean. */
	{"aé", "{\"a\\u00e9\":1}", "1"},
	{"a\"b", "{\"a\\\"b\":1}", "1"},
	{"@timestamp", "{\"@timestamp\":\"t\"}", "t"},
	{"aa", "{\"a\":1,\"aaa\":2,\"ab\":3}", "-"},
	/* Escapes are decoded where somebody wants them. */
	{"a", "{\"b\":\"\\n\",\"a\":\"1\\n2\\t\\\"\\\\\\/\\b\\f\\r3\"}", "1\n2\t\"\\/\b\f\r3"},
	{"a", "{\"a\":\"\\u0041\\u00e9\\u20ac\\ud83d\\ude00\"}",
	 "A\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80"},
	{"a", "{\"a\":\"\\ud83d\"}", "\xef\xbf\xbd"},
	{"a", "{\"a\":\"\\ud83dx\\ude00\"}", "\xef\xbf\xbdx\xef\xbf\xbd"},
	{"a", "{\"a\":\"\\ud83d\\u0041\"}",
	 "\xef\xbf\xbd"
	 "A"},
	{"a", "{\"a\":\"caf\xe9\"}", "caf\xe9"},
	/* A line is one object, and nothing else. */
	{"a", "", MISS},
	{"a", "[{\"a\":1}]", MISS},
	{"a", "17", MISS},
	{"a", "{\"a\":1}{\"a\":2}", MISS},
	{"a", "{\"a\":1} x", MISS},
	{"a", "INFO {\"a\":1}", MISS},
};

Test(kinds, json)
{
	expect_all(PARSER_JSON, json, ARRAY_LEN(json));
}

/* Values that RFC 8259 allows, and texts that are none; each as the member of an object. */
static const char *const valid[] = {
	"0",
	"-0",
	"1",
	"-1",
	"10",
	"0.5",
	"1e1",
	"1E+2",
	"1e-2",
	"0e0",
	"123.456e78",
	"1e9999",
	"true",
	"false",
	"null",
	"\"\"",
	"\" \"",
	"\"\\\"\"",
	"\"\\\\\"",
	"\"\\/\"",
	"\"\\u0000\"",
	"\"\\u005C\"",
	"\"\\uD83D\\uDE00\"",
	"\"\\ud800\"",
	"\"\x7f\"",
	"\"\xe2\x80\xa8\"",
	"\"\xff\"",
	"[]",
	"[ ]",
	"[1]",
	"[1 , 2]",
	"[[]]",
	"[[],[]]",
	"[null,1,\"1\",{}]",
	"{}",
	"{ }",
	"{\"\":0}",
	"{\"a\":1,\"a\":1}",
	"{\"a\":[{\"b\":{}}]}",
	"[\n1\r,\t2 ]",
	"{\"\\u0061\":1}",
};

static const char *const invalid[] = {
	"",
	" ",
	"-",
	"+1",
	"01",
	"-01",
	"1.",
	".5",
	"-.5",
	"1.e1",
	"1e",
	"1e+",
	"1E-",
	"1eE2",
	"0x1",
	"1_000",
	"1 2",
	"NaN",
	"nan",
	"Infinity",
	"-Infinity",
	"tru",
	"True",
	"truee",
	"nul",
	"undefined",
	"\"",
	"\"\\\"",
	"\"\\x\"",
	"\"\\a\"",
	"\"\\u12\"",
	"\"\\u12G4\"",
	"\"\\u\"",
	"\"\n\"",
	"\"\t\"",
	"\"\x1f\"",
	"'a'",
	"a",
	"\"a\" \"b\"",
	"[",
	"[1",
	"[1,",
	"[,]",
	"[,1]",
	"[1,]",
	"[1,,2]",
	"[1 2]",
	"]",
	"[1}",
	"[\"a\":1]",
	"[\"\":",
	"{",
	"{\"a\"",
	"{\"a\":",
	"{\"a\":1",
	"{\"a\":1,",
	"{,}",
	"{\"a\":1,}",
	"{\"a\":1,,\"b\":2}",
	"{a:1}",
	"{'a':1}",
	"{1:1}",
	"{\"a\" 1}",
	"{\"a\"::1}",
	"{\"a\":1 \"b\":2}",
	"{\"a\":1]",
	"{\"a\"}",
	"{[]:1}",
	"{null:1}",
	"[1]]",
	"{}}",
	"/**/1",
	"1//",
	"[1]x",
	"\xef\xbb\xbf"
	"1",
	"\xc2\xa0"
	"1",
	"\"a\"\"b\"",
	"\\u0031",
	"--1",
	"1-1",
	"1+1",
};

static void expect_json(const char *value, bool is_json)
{
	const struct parser_link link = {.name = "x", .kind = PARSER_JSON};
	const struct parser_link *links = &link;
	char text[256];

	snprintf(text, sizeof text, "{\"z\":%s,\"a\":1}", value);
	expect(&links, 1, "a", text, strlen(text), is_json ? "1" : MISS);
	snprintf(text, sizeof text, "{\"a\":1,\"z\":%s}", value);
	expect(&links, 1, "a", text, strlen(text), is_json ? "1" : MISS);
}

Test(kinds, json_is_what_rfc_8259_says)
{
	for (size_t i = 0; i < ARRAY_LEN(valid); i++)
		expect_json(valid[i], true);
	for (size_t i = 0; i < ARRAY_LEN(invalid); i++)
		expect_json(invalid[i], false);
}

Test(kinds, json_with_a_nul_is_none)
{
	const struct parser_link link = {.name = "x", .kind = PARSER_JSON};
	const struct parser_link *links = &link;

	expect(&links, 1, "a", "{\"a\":1}\0", 8, MISS);
	expect(&links, 1, "a", "{\"a\":\"\0\"}", 9, MISS);
	expect(&links, 1, "a", "\0{\"a\":1}", 8, MISS);
}

Test(kinds, json_of_any_length_is_read_to_its_end)
{
	static const char line[] =
		"{\"name\":\"a string that is longer than eight\",\"a\":\"\\u00e9\","
		"\"b\":[true,null,{\"c\":-1.5e3}]}";
	const struct parser_link link = {.name = "x", .kind = PARSER_JSON};
	const struct parser_link *links = &link;

	for (size_t len = 0; len < strlen(line); len++)
		expect(&links, 1, "a b[2].c", line, len, MISS);
	expect(&links, 1, "a b[2].c", line, strlen(line), "\xc3\xa9|-1.5e3");
}

/* As deep as the limit, and one more. */
Test(kinds, json_is_not_deeper_than_its_limit)
{
	const struct parser_link link = {.name = "x", .kind = PARSER_JSON};
	const struct parser_link *links = &link;

	for (int depth = 126; depth <= 129; depth++) {
		char text[512], *at = text + sprintf(text, "{\"a\":1,\"z\":");

		memset(at, '[', (size_t)depth - 1);
		at += depth - 1;
		memset(at, ']', (size_t)depth - 1);
		at[depth - 1] = '}';
		expect(&links, 1, "a", text, (size_t)(at + depth - text),
		       depth <= 128 ? "1" : MISS);
	}
}

static const struct row logfmt[] = {
	{"level msg id", "level=info msg=\"not yet\" id=17", "info|not yet|17"},
	{"msg", "msg=\"a \\\"b\\\" \\u00e9\\n\"", "a \"b\" \xc3\xa9\n"},
	{"a b", "  a=1 \t b=  ", "1|"},
	{"a", "a=1 a=2", "2"},
	{"a", "b=1", "-"},
	{"url", "url=http://x/?a=b&c=d t=1", "http://x/?a=b&c=d"},
	{"a.b", "a.b=1", "1"},
	{"a", "a=\"\"", ""},
	{"a", "", MISS},
	{"a", "hello a=1", MISS},
	{"a", "a=1 hello", MISS},
	{"msg", "msg=connection refused", MISS},
	{"a", "=1", MISS},
	{"a", "a=\"1", MISS},
	{"a", "a=\"1\"b=2", MISS},
	{"a", "a=b\"c", MISS},
	{"a", "a=\"\\x\"", MISS},
};

Test(kinds, logfmt)
{
	expect_all(PARSER_LOGFMT, logfmt, ARRAY_LEN(logfmt));
}

static void expect_columns(enum parser_kind kind, char delimiter, const struct row *row)
{
	char *columns[] = {(char *)"a", (char *)"", (char *)"b", (char *)"c"};
	const struct parser_link link = {.name = "x",
					 .kind = kind,
					 .columns = columns,
					 .n_columns = 4,
					 .delimiter = delimiter};
	const struct parser_link *links = &link;

	expect(&links, 1, row->wanted, row->text, strlen(row->text), row->said);
}

Test(kinds, csv)
{
	static const struct row rows[] = {
		{"a b c", "1,2,3,4", "1|3|4"},
		{"c a", "1,2,3,4", "4|1"},
		{"a b c", ",,,", "||"},
		{"a b c", "\"1,1\",2,\"x \"\"y\"\" z\",\"\"", "1,1|x \"y\" z|"},
		{"b", "1,\"\"\"\",\"\"\"\",4", "\""},
		{"a", "1,2,3", MISS},
		{"a", "1,2,3,4,5", MISS},
		{"a", "\"1,2,3,4", MISS},
		{"a", "\"1\"x,2,3,4", MISS},
		{"a", "1,2,3,4\"", MISS},
		{"a", "", MISS},
	};
	static const struct row semicolons = {"a b c", "1,1;2;\"3;3\";4", "1,1|3;3|4"};
	static const struct row tabs = {"a b c", "\"1\t2\t3\t4", "\"1|3|4"};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		expect_columns(PARSER_CSV, ',', &rows[i]);
	expect_columns(PARSER_CSV, ';', &semicolons);
	expect_columns(PARSER_TSV, 0, &tabs);
}

/* The first line of the file names them: in any order, in quotes, more than anybody wants. */
Test(kinds, columns_that_a_header_names)
{
	static const struct {
		const char *header, *text, *said;
	} rows[] = {
		{"a,b,c", "1,2,3", "1|3"},
		{"c,x,a", "1,2,3", "3|1"},
		{"\"a\",\"b,\"\"\",c", "1,\"2\n2\",\"3\"\"\"", "1|3\""},
		{"a", "1", "1|-"},
		{"a,a,c", "1,2,3", "2|3"},
		{"a,b", "1", MISS},
		{"a,b", "1,2,3", MISS},
		{"a,\"b", "1,2", MISS},
		{"", "", "-|-"},
		{NULL, "1,2,3", MISS},
	};
	const struct parser_link link = {
		.name = "x", .kind = PARSER_CSV, .delimiter = ',', .header = true};
	const struct parser_link *links = &link;
	struct parser *parser = compile(&links, 1, "a c");
	char said[256];

	cr_expect(parser_link_may_have(&link, slice_of("anything")));
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		header = slice_of(rows[i].header);
		run(parser, 2, slice_of(rows[i].text), said, sizeof said);
		cr_expect_str_eq(said, rows[i].said, "%s: %s", rows[i].header, rows[i].text);
	}
	header = SLICE_NONE;
	parser_free(parser);
}

static const struct row syslog[] = {
	{"pri facility severity time host program pid message",
	 "<34>Oct 11 22:14:15 mymachine su[17]: 'su root' failed",
	 "34|auth|crit|Oct 11 22:14:15|mymachine|su|17|'su root' failed"},
	{"time host program pid message", "Jun 8 11:54:08 web1 cron: x",
	 "Jun 8 11:54:08|web1|cron|-|x"},
	{"time program", "Nov  1 05:06:07 web1 CRON[998]: (root) CMD", "Nov  1 05:06:07|CRON"},
	{"time", "Jul 14 12:17:01.234 web1 CRON[8695]: x", "Jul 14 12:17:01.234"},
	{"time host", "Jul 14 2026 12:17:01 web1 %ASA-6-302013: x", "Jul 14 2026 12:17:01|web1"},
	{"time host", "2026-11-21T15:11:55.624103+00:00 web1 systemd[1]: x",
	 "2026-11-21T15:11:55.624103+00:00|web1"},
	{"host program message", "Jan 11 22:33:44 kernel: eth0: link up", "-|kernel|eth0: link up"},
	{"host program", "Nov  9 12:10:43 web1 audit(1131538222.234:0): initialized",
	 "web1|audit(1131538222.234:0)"},
	{"host program message", "Jun 19 04:09:11 web1 syslogd 1.4.1: restart.",
	 "web1|syslogd|restart."},
	{"host program message", "Jun 19 04:09:11 syslogd 1.4.1: restart.", "-|syslogd|restart."},
	{"host program", "Jun 19 04:09:11 2001:db8::9 x[1]: y", "2001:db8::9|x"},
	{"program message", "Nov 21 15:12:02 web1 rsyslogd:", "rsyslogd|"},
	{"pid program", "Nov 21 15:12:02 web1 su(pam_unix)[12]: x", "12|su(pam_unix)"},
	{"program", "Nov 21 15:12:03 web1 last message repeated 3 times", MISS},
	{"program", "Nov 21 15:12:03", MISS},
	{"program", "Nov 21 web1 x: y", MISS},
	{"program", "<192>Nov 21 15:12:03 web1 x: y", MISS},
	{"program", "<>Nov 21 15:12:03 web1 x: y", MISS},
	{"program", "2026-07-04T09:20:46.1Z stdout F text", MISS},
	{"pri severity time host program pid msgid data message",
	 "<165>1 2003-08-24T05:14:15.000003-07:00 192.0.2.1 myproc 8710 - - %% It's time",
	 "165|notice|2003-08-24T05:14:15.000003-07:00|192.0.2.1|myproc|8710|-|-|%% It's time"},
	{"data data.ex@1.a data.ex@1.b data.p@1.class message",
	 "<165>1 2003-10-11T22:14:15.003Z h p - ID [ex@1 a=\"3\" b=\"x\\\"y\\]z\\n\"][p@1 "
	 "class=\"high\"] m",
	 "[ex@1 a=\"3\" b=\"x\\\"y\\]z\\n\"][p@1 class=\"high\"]|3|x\"y]z\\n|high|m"},
	{"data.a.b.c message", "<1>1 - - - - - [a.b c=\"1\"]", "1|"},
	{"message time", "<1>1 - - - - - - \xef\xbb\xbf\xc3\xa9", "\xc3\xa9|-"},
	{"message", "<1>1 - - - - -", MISS},
	{"message", "<1>1 - - - - - [a", MISS},
	{"message", "<1>1 - - - - - [a b=\"c]", MISS},
	{"message", "<1>1 - - - - - [a b=\"c\"]x", MISS},
	{"message", "<1>1 - - - - - []", MISS},
	{"message", "1 - - - - - - x", MISS},
};

Test(kinds, syslog)
{
	expect_all(PARSER_SYSLOG, syslog, ARRAY_LEN(syslog));
}

static const struct row cri[] = {
	{"time stream tag message", "2026-11-21T15:11:55.624103123Z stdout F a  b ",
	 "2026-11-21T15:11:55.624103123Z|stdout|F|a  b "},
	{"stream tag message", "2026-11-21T15:11:55+01:00 stderr P ", "stderr|P|"},
	{"message", "2026-11-21T15:11:55Z stderr F", ""},
	{"tag message", "2026-11-21T15:11:55Z stderr P:x x", "P|x"},
	{"message", "2026-11-21T15:11:55Z stdin F x", MISS},
	{"message", "2026-11-21T15:11:55Z stdout X x", MISS},
	{"message", "2026-11-21T15:11:55Z stdout Fx", MISS},
	{"message", "2026-11-21 15:11:55Z stdout F x", MISS},
	{"message", "2026-11-21T15:11:55Z stdout ", MISS},
	{"message", "2026-11-21T15:11:55Z", MISS},
	{"message", "", MISS},
};

Test(kinds, cri)
{
	expect_all(PARSER_CRI, cri, ARRAY_LEN(cri));
}

static const struct row docker[] = {
	{"message stream time tag",
	 "{\"log\":\"a \\\"b\\\"\\n\",\"stream\":\"stdout\",\"time\":\"2026-11-21T15:11:55Z\"}",
	 "a \"b\"|stdout|2026-11-21T15:11:55Z|F"},
	{"tag message", "{\"log\":\"part\",\"stream\":\"stdout\",\"time\":\"t\"}", "P|part"},
	{"message tag", "{\"log\":\"\\n\",\"stream\":\"stdout\",\"time\":\"t\"}", "|F"},
	{"attrs.tag attrs.env", "{\"log\":\"\\n\",\"attrs\":{\"tag\":\"web\"},\"time\":\"t\"}",
	 "web|-"},
	{"tag", "{\"log\":\"x\"}", "P"},
	{"message", "{\"msg\":\"x\"}", MISS},
	{"message", "x", MISS},
};

Test(kinds, docker)
{
	expect_all(PARSER_DOCKER, docker, ARRAY_LEN(docker));
}

Test(kinds, patterns_are_tried_in_their_order)
{
	struct pattern *patterns[] = {
		compile_pattern("^(?<level>[A-Z]+) (?<thread>\\S+) (?<id>\\d+)?$"),
		compile_pattern("^(?<thread>\\S+) (?<level>[A-Z]+)$"),
		compile_pattern("^(?<level>x)"),
	};
	const struct parser_link link = {.name = "x", .patterns = patterns, .n_patterns = 3};
	const struct parser_link *links = &link;
	static const struct row rows[] = {
		{"level thread id", "WARN main 17", "WARN|main|17"},
		{"level thread id", "main WARN", "WARN|main|-"},
		{"thread level", "main WARN", "main|WARN"},
		{"id level", "xyz", "-|x"},
		{"id level", "yz", MISS},
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		expect(&links, 1, rows[i].wanted, rows[i].text, strlen(rows[i].text), rows[i].said);
	for (size_t i = 0; i < ARRAY_LEN(patterns); i++)
		pattern_free(patterns[i]);
}

/* What a container writes: a path, the runtime's prefix, and JSON in it. */
Test(kinds, chain)
{
	struct pattern *path = compile_pattern("/(?<app>[a-z]+)\\.log$");
	const struct parser_link links[] = {
		{.name = "path", .from = "file.path", .patterns = &path, .n_patterns = 1},
		{.name = "cri", .kind = PARSER_CRI},
		{.name = "app", .kind = PARSER_JSON},
	};
	const struct parser_link *const chain[] = {&links[0], &links[1], &links[2]};
	static const struct row rows[] = {
		{"app stream message level time", "2026-11-21T15:11:55Z stdout F {\"level\":\"x\"}",
		 "app|stdout|{\"level\":\"x\"}|x|2026-11-21T15:11:55Z"},
		/*
		 * The last that finds a field has it; one that does not match takes nothing away.
		 */
		{"message time", "2026-11-21T15:11:55Z stdout F {\"time\":\"x\",\"n\":null}",
		 "{\"time\":\"x\",\"n\":null}|x"},
		{"message time", "2026-11-21T15:11:55Z stdout F {\"time\":\"x\"",
		 "(partly) {\"time\":\"x\"|2026-11-21T15:11:55Z"},
		{"app message level", "x", "(partly) app|-|-"},
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		expect(chain, 3, rows[i].wanted, rows[i].text, strlen(rows[i].text), rows[i].said);
	pattern_free(path);
}

/* The path at which a file was found, and what links led to: the first that matches. */
Test(kinds, where_a_file_was_found)
{
	static const struct {
		const char *found, *real, *said;
	} rows[] = {
		{"/a/one.log", NULL, "one"},
		{"/a/one.log", "/b/two.log", "one"},
		{"/a/one", "/b/two.log", "two"},
		{"/a/one", NULL, NULL},
	};
	struct pattern *pattern = compile_pattern("/(?<app>[a-z]+)\\.log$");
	const struct parser_link link = {
		.name = "p", .from = PARSER_FROM_FOUND, .patterns = &pattern, .n_patterns = 1};
	const struct parser_link *const links[] = {&link};
	struct parser_fields names = {0};
	struct parser *parser;
	struct arena arena = ARENA_NULL;
	struct pattern_scratch *scratch = pattern_scratch_new();
	uint32_t number;

	cr_assert_eq(parser_fields_add(&names, slice_of("app"), &number), 0);
	cr_assert_eq(parser_new(links, 1, &names, 1, &parser, &number), 0);
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct parser_input input = {.line = slice_of("/a/line.log"),
					     .path = slice_of("/a/path.log"),
					     .found = slice_of(rows[i].found),
					     .real = slice_of(rows[i].real)};
		struct slice field;
		int r = parser_extract(parser, scratch, &input, &arena, &field);

		cr_expect_eq(r, rows[i].said ? 0 : PARSER_E_MISS);
		if (rows[i].said)
			cr_expect(slice_eq(field, slice_of(rows[i].said)));
	}
	parser_free(parser);
	pattern_scratch_free(scratch);
	arena_deinit(&arena);
	pattern_free(pattern);
}

Test(kinds, what_a_link_reads)
{
	struct pattern *pattern = compile_pattern("^(?<rest>.*)");
	const struct parser_link path = {
		.name = "a", .from = "file.path", .patterns = &pattern, .n_patterns = 1};
	const struct parser_link regex = {.name = "b", .patterns = &pattern, .n_patterns = 1};
	const struct parser_link runtime = {.name = "c", .kind = PARSER_CRI};
	const struct parser_link json_link = {.name = "d", .kind = PARSER_JSON};
	const struct parser_link *const wrapped[] = {&path, &runtime, &json_link};
	const struct parser_link *const lost[] = {&regex, &json_link};

	cr_expect_str_eq(parser_link_from(wrapped, 0), "file.path");
	cr_expect_str_eq(parser_link_from(wrapped, 1), "line");
	cr_expect_str_eq(parser_link_from(wrapped, 2), "message");
	cr_expect_null(parser_link_from(lost, 1));
	pattern_free(pattern);
}

/* Where preview shows that a line stops to be what it should. */
Test(kinds, where_a_line_stops)
{
	static const struct {
		enum parser_kind kind;
		const char *text;
		size_t end;
	} rows[] = {
		{PARSER_JSON, "{\"a\":1,x}", 7},
		{PARSER_JSON, "{\"a\":\"b\\x\"}", 7},
		{PARSER_LOGFMT, "a=1 hello b=2", 9},
		{PARSER_CRI, "2026-11-21T15:11:55Z stdin F x", 21},
	};
	struct pattern_scratch *scratch = pattern_scratch_new();
	struct arena arena = ARENA_NULL;

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		const struct parser_link link = {.name = "x", .kind = rows[i].kind};
		const struct parser_link *links = &link;
		struct parser *parser = compile(&links, 1, "a");
		struct parser_input input = {slice_of(rows[i].text)};
		struct parser_stop stop;

		cr_assert_eq(parser_explain(parser, scratch, &input, &arena, &stop), 0);
		cr_assert_eq(stop.link, &link);
		cr_expect_eq(stop.end, rows[i].end, "%s: %zu", rows[i].text, stop.end);
		parser_free(parser);
	}
	arena_deinit(&arena);
	pattern_scratch_free(scratch);
}

Test(kinds, no_path_of_json)
{
	const struct parser_link link = {.name = "x", .kind = PARSER_JSON};
	const struct parser_link *links = &link;
	char deep[64] = "a", wide[256] = "";
	const char *const names[] = {deep, wide};

	for (int i = 0; i < 16; i++)
		strcat(deep, ".a");
	memset(wide, 'x', 128);
	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		struct parser_fields fields = {0};
		struct parser *parser = NULL;
		uint32_t field = 9;

		cr_assert_eq(parser_fields_add(&fields, slice_of(names[i]), &field), 0);
		field = 9;
		cr_expect_eq(parser_new(&links, 1, &fields, 1, &parser, &field), PARSER_E_NAME);
		cr_expect_eq(field, 0);
		cr_expect_null(parser);
		parser_fields_deinit(&fields);
	}
}

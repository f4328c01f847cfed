/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which lines are one event: a corpus of what programs write, each event as it has to come out. The
 * corpus of a kind is one text; however it is split over reads, and wherever reading begins again,
 * its events are those.
 */
#include "join/join.h"

#include <criterion/criterion.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "input/tail.h"
#include "join/streams.h"

#define EVENTS_MAX 16

struct corpus {
	const char *name;
	enum join_kind kind;
	const char *start, *go_on, *end;
	enum join_wrap wrap;
	const char *log;                /* NULL: the events one behind the other */
	const char *events[EVENTS_MAX]; /* the last one as it is when nothing comes behind it */
};

static const struct line_rules RULES = {.max_line = 4096};

#define T "2026-11-21T15:11:55.123Z "
#define D(log, stream) "{\"log\":\"" log "\",\"stream\":\"std" stream "\",\"time\":\"2026\"}\n"

/* What the libraries and runtimes print, each in a form of its own versions. */
static const struct corpus CORPORA[] = {
	{"start", JOIN_PATTERNS, .start = "^\\d{4}-",
	 .events = {"an orphan\n", "2026-01 a\n", "2026-01 b\nmore\n\n\tmore\n", "2026-01 c\n"}},
	{"continue", JOIN_PATTERNS, .go_on = "^(\\+|$)", .events = {"a\n", "b\n+c\n\n+d\n", "e\n"}},
	{"start and continue", JOIN_PATTERNS, .start = "^S", .go_on = "^[SC]",
	 .events = {"S 1\nC\n", "S 2\n", "x\nC\n", "y\n"}},
	{"end", JOIN_PATTERNS, .end = ";$", .events = {"a\nb;\n", "c;\n", "d\ne\n"}},
	{"start and end", JOIN_PATTERNS, .start = "^BEGIN", .end = "^END",
	 .events = {"BEGIN\na\nEND\n", "b\n", "BEGIN\nc\n", "BEGIN\nEND\n"}},
	{"indent", JOIN_INDENT, .events = {"  an orphan\n", "a\r\n\tb\r\n  c\n", "\n", "d\n e\n"}},
	{"csv", JOIN_CSV,
	 .events = {"a,b\n", "1,\"two\n\nlines \"\"and\n\"\" quotes\"\r\n", "\"\"\"\",\"\"\n",
		    "2,\"open\n"}},
	{"java", JOIN_JAVA,
	 .events = {"2026-01-01 10:00:00 ERROR failed\njava.lang.IllegalStateException: no\n"
		    "\tat shop.Orders.pay(Orders.java:7)\n"
		    "\tSuppressed: java.io.IOException: closed\n\t\tat shop.Db.close(Db.java:3)\n"
		    "\t\t... 1 more\nCaused by: shop.DeclinedException\n"
		    "\tat shop.Bank.ask(Bank.java:9) ~[bank.jar:2.1]\n\t... 12 more\n"
		    "Caused by: java.net.SocketTimeoutException: Read timed out\n"
		    "\t... 31 common frames omitted\n",
		    "2026-01-01 10:00:01 INFO next\n",
		    "Exception in thread \"main\" java.lang.Error: x\n\tat A.main(A.java:1)\n",
		    "java.lang.RuntimeException: one\n\tat A.a(A.java:1)\n",
		    "java.lang.RuntimeException: two\n\tat A.b(A.java:2)\n",
		    "kotlin.KotlinNullPointerException\n\tat A.c(A.kt:2)\n",
		    "com.shop.Orders: no exception\n",
		    "WARN   [main] x\njava.util.concurrent.TimeoutException: null\n"}},
	{"python", JOIN_PYTHON,
	 .events = {"ERROR:root:failed\nTraceback (most recent call last):\n"
		    "  File \"a.py\", line 3, in pay\n    ask()\n    ~~~^^\n"
		    "  [Previous line repeated 996 more times]\nValueError: no\n\n"
		    "During handling of the above exception, another exception occurred:\n\n"
		    "Traceback (most recent call last):\n  File \"a.py\", line 5, in <module>\n"
		    "KeyError: 'x'\n",
		    "Traceback (most recent call last):\n  File \"b.py\", line "
		    "1\nZeroDivisionError: d\n\n"
		    "The above exception was the direct cause of the following exception:\n\n"
		    "Traceback (most recent call last):\n  File \"b.py\", line 9\napp.Error\n",
		    "Traceback (most recent call last):\n  File \"c.py\", line 1\nOSError: e\n\n",
		    "INFO:root:behind an empty line\n",
		    "ERROR:root:group\n  + Exception Group Traceback (most recent call last):\n"
		    "  |   File \"d.py\", line 1, in <module>\n  | ExceptionGroup: two (2 "
		    "sub-exceptions)\n"
		    "  +-+---------------- 1 ----------------\n    | ValueError: 1\n"
		    "    +------------------------------------\n",
		    "INFO:root:end\n"}},
	{"go", JOIN_GO,
	 .events =
		 {"panic: runtime error: index out of range [5] with length 3\n"
		  "[signal SIGSEGV: segmentation violation code=0x1]\n\ngoroutine 1 [running]:\n"
		  "main.(*Shop).pay(0xc000012345, {0x1, 0x2})\n\t/src/shop.go:8 +0x1d\n"
		  "created by main.main in goroutine 7\n\t/src/main.go:3 +0x2\n\n"
		  "goroutine 5 [select]:\nmain.wait()\n\t/src/w.go:1 +0x3\nexit status 2\n",
		  "2026/01/01 10:00:00 next\n",
		  "2026/01/01 10:00:01 http: panic serving 10.0.0.1:5: no\ngoroutine 8 [running]:\n"
		  "net/http.(*conn).serve.func1()\n\t/go/server.go:1 +0x1\n",
		  "I0101 10:00:02.0 1 main.go:5] line\n",
		  "fatal error: all goroutines are asleep - deadlock!\n\ngoroutine 1 [chan "
		  "receive]:\n"
		  "main.main()\n\t/src/main.go:4 +0x5\n",
		  "SIGQUIT: quit\n\ngoroutine 0 [idle]:\nruntime.futex(0x1)\n\t/go/sys.s:1 +0x2\n\n"
		  "rax    0xca\nrip    0x45d\n"}},
	{"ruby", JOIN_RUBY,
	 .events = {"app.rb:3:in `pay': no (RuntimeError)\n\tfrom app.rb:6:in `<main>'\n"
		    "app.rb:1:in `ask': closed (IOError)\n\tfrom app.rb:2:in `pay'\n",
		    "I, [2026-01-01T10:00:00 #1]  INFO -- : next\n",
		    "E, [2026-01-01T10:00:00 #1] ERROR -- : no (ArgumentError)\n"
		    "app/a.rb:3:in 'Shop#pay'\n/gems/rack.rb:6:in 'call'\n",
		    "plain\n", "b.rb:1:in 'x': y (E)\n"}},
	{"node", JOIN_NODE,
	 .events = {"/app/a.js:3\n    throw new Error('no');\n    ^\n\nError: no\n"
		    "    at pay (/app/a.js:3:11)\n    at node:internal/main:1:1 {\n  code: 'E1',\n"
		    "  [cause]: Error: inner\n      at x (/app/b.js:1:1)\n}\n\nNode.js v20.1.0\n",
		    "ready\n", "Error: logged\n    at f (/app/c.js:1:2)\n",
		    "TypeError: two\n    at g (d)\n",
		    "file:///app/e.mjs:1\nthrow 1;\n^\n\n1\n(Use `node --trace-uncaught ...`)\n"}},
	{"dotnet", JOIN_DOTNET,
	 .events = {"Unhandled exception. System.InvalidOperationException: no\n"
		    " ---> System.Exception: inner\n   at A.B() in /src/a.cs:line 5\n"
		    "   --- End of inner exception stack trace ---\n   at A.Main()\n"
		    "--- End of stack trace from previous location ---\n   at C.D()\n",
		    "fail: Shop.Orders[0]\n      failed\n      System.Exception: no\n         at "
		    "A.B()\n",
		    "info: Shop[0]\n      next\n",
		    "2026-01-01 ERROR failed\nSystem.IO.IOException: closed\n   at A.E()\n"}},
	{"php", JOIN_PHP,
	 .events = {"[01-Jan-2026 10:00:00 UTC] PHP Fatal error:  Uncaught Exception: no in "
		    "/a.php:3\n"
		    "Stack trace:\n#0 /a.php(7): pay()\n#1 {main}\n\nNext LogicException: outer in "
		    "/a.php:5\nStack trace:\n#0 {main}\n  thrown in /a.php on line 5\n",
		    "[01-Jan-2026 10:00:01 UTC] PHP Notice:  next\n",
		    "[2026-01-01 10:00:00] local.ERROR: no {\"exception\":\"[object] (Exception)\n"
		    "[stacktrace]\n#0 /b.php(1): x()\n#1 {main}\n\"} \n",
		    "[2026-01-01 10:00:01] local.INFO: next\n"}},
	{"postgresql", JOIN_POSTGRESQL,
	 .events =
		 {"2026-01-01 10:00:00 UTC [7] shop@orders ERROR:  relation \"x\" does not exist\n"
		  "2026-01-01 10:00:00 UTC [7] shop@orders STATEMENT:  select *\n\tfrom x\n\twhere "
		  "y\n",
		  "2026-01-01 10:00:01 UTC [7] LOG:  duration: 5 ms  statement: select 1\n\t+ 2\n",
		  "2026-01-01 10:00:02 UTC [8] ERROR:  duplicate key\n"
		  "2026-01-01 10:00:02 UTC [8] DETAIL:  Key (id)=(1)\n",
		  "2026-01-01 10:00:03 UTC [8] LOG:  a word STATEMENT:  in it\n"}},
	{"mysql-slow", JOIN_MYSQL_SLOW,
	 .events = {"/usr/sbin/mysqld, Version: 8.0.32 (GPL). started with:\n"
		    "Tcp port: 3306  Unix socket: /run/mysqld.sock\n"
		    "Time                 Id Command    Argument\n",
		    "# Time: 2026-01-01T10:00:00.000000Z\n# User@Host: root[root] @ localhost []  "
		    "Id: 8\n"
		    "# Query_time: 2.0  Lock_time: 0.0 Rows_sent: 1\nSET timestamp=1704067200;\n"
		    "select sleep(2)\nfrom dual;\n",
		    "# User@Host: app[app] @ [10.0.0.1]\n# Query_time: 3.0\nselect 2;\n",
		    "# Time: 2026-01-01T10:00:09.000000Z\n# User@Host: x\nselect 3;\n"}},
	{"cri", JOIN_LINES, .wrap = WRAP_CRI,
	 .log = T "stdout P one, \n" T "stderr F err\n" T "stdout P and \n" T "stderr P a\n" T
		  "stdout F two\n" T "stderr F b\nnone\n" T "stdout F\n" T "stderr P:x last\n",
	 .events = {T "stdout F one, and two\n", T "stderr F err\n", T "stderr F ab\n", "none\n",
		    T "stdout F\n", T "stderr P:x last\n"}},
	{"cri, java", JOIN_JAVA, .wrap = WRAP_CRI,
	 .log = T "stdout F ERROR no\n" T "stderr F warn\n" T "stdout F java.lang.Error: x\n" T
		  "stderr F \tindented\n" T "stdout P \tat A.\n" T "stderr F next\n" T
		  "stdout F b(A.java:1)\n" T "stdout F INFO\n" T "stderr F end\n",
	 .events = {T "stdout F ERROR no\njava.lang.Error: x\n\tat A.b(A.java:1)\n",
		    T "stderr F warn\n\tindented\n", T "stderr F next\n", T "stdout F INFO\n",
		    T "stderr F end\n"}},
	{"docker, java", JOIN_JAVA, .wrap = WRAP_DOCKER,
	 .log = D("ERROR no\\n", "out") D("err\\\\n", "err")
		 D("java.lang.Error: \\\"x\\\"\\n", "out") D("or\\n", "err")
			 D("\\tat A.b\\n", "out") D("INFO\\n", "out") D("open", "err"),
	 .events = {D("ERROR no\\njava.lang.Error: \\\"x\\\"\\n\\tat A.b\\n", "out"),
		    D("err\\\\nor\\n", "err"), D("INFO\\n", "out"), D("open", "err")}},
};

static struct pattern *compile(const char *text)
{
	struct pattern *pattern = NULL;
	struct pattern_error error;

	if (text)
		cr_assert_eq(pattern_compile(text, strlen(text), &pattern, &error), 0, "%s", text);
	return pattern;
}

static struct join *make(const struct corpus *corpus, uint32_t max_lines, size_t max_event)
{
	struct join_options options = {
		.kind = corpus->kind,
		.wrap = corpus->wrap,
		.start = compile(corpus->start),
		.go_on = compile(corpus->go_on),
		.end = compile(corpus->end),
		.max_lines = max_lines,
		.max_event = max_event,
	};
	struct join *join;

	cr_assert_eq(join_new(&options, &join), 0);
	return join;
}

static size_t text_of(const struct corpus *corpus, char *ret_text, size_t len)
{
	*ret_text = '\0';
	if (corpus->log)
		strcpy(ret_text, corpus->log);
	for (size_t i = 0; !corpus->log && i < EVENTS_MAX && corpus->events[i]; i++) {
		cr_assert_lt(strlen(ret_text) + strlen(corpus->events[i]), len);
		strcat(ret_text, corpus->events[i]);
	}
	return strlen(ret_text);
}

/* The lines of an event, without the end of the last. */
static struct slice value_of(const char *event)
{
	size_t len = strlen(event) - 1;

	return (struct slice){event, len && event[len - 1] == '\r' ? len - 1 : len};
}

/* The bytes become known one by one, at one place or over and over from the event's start. */
static void feed(const struct corpus *corpus, bool again)
{
	struct join *join = make(corpus, 1000, 1 << 20);
	struct join_state state = {0};
	char text[8192];
	size_t len = text_of(corpus, text, sizeof text), start = 0, n = 0;

	for (size_t known = 0; known <= len; known++) {
		bool ended = known == len;
		struct join_event event;

		while (start < len || !ended) {
			struct slice bytes = {text + start, known - start};

			if (again)
				state = (struct join_state){0};
			if (join_cut(join, &RULES, bytes, ended, &state, &event))
				break;
			cr_assert(corpus->events[n], "%s: event %zu is too much", corpus->name, n);
			cr_expect(slice_eq(event.line.text, value_of(corpus->events[n])),
				  "%s, event %zu: got \"%.*s\", wanted \"%s\"", corpus->name, n,
				  (int)event.line.text.len, event.line.text.at, corpus->events[n]);
			cr_expect(!event.cut && event.line.terminated);
			start += event.line.extent;
			state = (struct join_state){0};
			n++;
		}
	}
	cr_expect_eq(start, len);
	cr_expect(!corpus->events[n], "%s: event %zu is missing", corpus->name, n);
	join_free(join);
}

Test(join, every_kind_joins_what_belongs_together)
{
	for (size_t i = 0; i < ARRAY_LEN(CORPORA); i++) {
		if (CORPORA[i].wrap)
			continue;
		feed(&CORPORA[i], false);
		feed(&CORPORA[i], true);
	}
}

static void expect(struct join *join, const char *text, const char *value, uint32_t lines, bool cut)
{
	struct join_state state = {0};
	struct join_event event;

	cr_assert_eq(join_cut(join, &RULES, slice_of(text), false, &state, &event), 0, "%s", text);
	cr_expect(slice_eq(event.line.text, slice_of(value)), "%.*s", (int)event.line.text.len,
		  event.line.text.at);
	cr_expect_eq(event.lines, lines);
	cr_expect_eq(event.cut, cut, "%s", text);
}

Test(join, an_event_at_a_limit_is_cut_at_a_line_and_marked)
{
	struct corpus indent = {"", JOIN_INDENT};
	struct join *join = make(&indent, 3, 16);

	expect(join, "a\n b\n c\n d\n", "a\n b\n c", 3, true);
	expect(join, "a\n b\n c\nd\n", "a\n b\n c", 3, false);
	expect(join, "a\n 3456789\n bcde\n", "a\n 3456789", 2, true);
	expect(join, "a\n 3456789\n bcd\nx\n", "a\n 3456789\n bcd", 3, false);
	/* A longer first line is an event all the same. */
	expect(join, "0123456789012345678\n b\n", "0123456789012345678", 1, true);
	join_free(join);
}

/* They may be a hole, which is to be seen at the cursor: before their line has come to its end. */
Test(join, nuls_at_the_start_of_a_line_end_an_event)
{
	struct corpus all = {"", JOIN_PATTERNS, .start = "^never"};
	struct join *join = make(&all, 3, 16);
	struct join_state state = {0};
	struct join_event event;

	cr_assert_eq(join_cut(join, &RULES, (struct slice){"a\n\0\0", 4}, false, &state, &event),
		     0);
	cr_expect_eq(event.lines, 1);
	join_free(join);
}

/* ---- through the tail: reads, restarts, rewinds ---- */

struct reading {
	struct chunk_pools pools;
	struct account account;
	struct tail tail;
	struct join *join;
	const struct corpus *corpus;
	size_t n;      /* events shown */
	size_t lose;   /* this one comes back when it is sent first */
	size_t behind; /* 0: it did not; else the next one that was not shown */
	bool lost;
	int file;
};

static void open_tail(struct reading *r, uint64_t position)
{
	account_init(&r->account, &r->pools, position);
	tail_init(&r->tail, &r->account, &RULES);
	r->tail.join = r->join;
	tail_set_fd(&r->tail, dup(r->file));
}

static void close_tail(struct reading *r)
{
	tail_close(&r->tail);
	account_deinit(&r->account);
}

static void expect_value(struct reading *r, const struct event *event)
{
	struct arena arena = ARENA_NULL;
	struct slice text = event->line.text;

	if (event->wrapped.at)
		cr_assert_eq(
			streams_text(r->join, &RULES, event->wrapped, event->lines, &arena, &text),
			0);
	cr_expect(slice_eq(text, value_of(r->corpus->events[r->n])), "%s, event %zu: %.*s",
		  r->corpus->name, r->n, (int)text.len, text.at);
	arena_deinit(&arena);
}

/* As the pipeline does when the event is delivered. */
static void keep_parts(struct reading *r, const struct event *event)
{
	for (size_t i = 0; i < event->n_parts; i++) {
		uint64_t start = event->position + join_parts(r->join)[i].start;

		cr_assert_eq(
			ranges_add(&r->account.ahead, start, start + join_parts(r->join)[i].len),
			0);
	}
}

static void pass_ahead(struct reading *r, const struct event *event)
{
	struct chunk *chunk = account_open_chunk(&r->account);

	if (!chunk)
		chunk = tail_new_chunk(&r->tail, CHUNK_SMALL, 0);
	cr_assert(account_pass(&r->account, chunk, event->extent, SLOT_AHEAD));
	tail_consumed(&r->tail, event);
	account_advance(&r->account);
}

/* Consumes all that is whole; `last`: nothing more comes. */
static void read_on(struct reading *r, bool last)
{
	struct event event;

	for (;;) {
		int code = tail_peek(&r->tail, &event);
		struct event again;
		struct slot *slot;

		if (!code && event.kind == EVENT_AHEAD) {
			pass_ahead(r, &event);
			continue;
		}
		if (code == TAIL_E_DRY && last)
			code = tail_peek_last(&r->tail, &event);
		if (code == TAIL_E_DRY)
			return;
		cr_assert_eq(code, 0);
		cr_assert(r->corpus->events[r->n], "%s", r->corpus->name);
		expect_value(r, &event);
		slot = account_add_slot(&r->account, account_open_chunk(&r->account), event.extent);
		slot->lines = (uint16_t)event.lines;
		again = tail_event_of(&r->tail, slot);
		expect_value(r, &again);
		cr_expect_eq(again.cut, event.cut, "%s, event %zu", r->corpus->name, r->n);
		keep_parts(r, &event);
		if (r->n == r->lose && !r->lost && !event.n_parts) {
			r->lost = true;
			account_report(&r->account, slot, SLOT_FAILED);
		} else {
			slot->state = SLOT_DELIVERED;
			account_delivered(&r->account, slot_chunk(slot), 1);
		}
		tail_consumed(&r->tail, &event);
		account_advance(&r->account);
		r->n++;
		if (r->behind && r->n == r->lose + 1) {
			r->n = r->behind;
			r->behind = 0;
		}
	}
}

/* What happens between two writes. */
enum between { NOTHING, GIVE_BACK, RESTART, REWIND, BETWEEN_N };

static void happen(struct reading *r, enum between what)
{
	uint64_t committed = r->account.committed, position;
	struct ranges ahead;

	switch (what) {
	case GIVE_BACK:
		tail_give_back(&r->tail);
		break;
	case RESTART:
		cr_assert_eq(account_settled_ahead(&r->account, &ahead), 0);
		close_tail(r);
		open_tail(r, committed);
		r->account.ahead = ahead;
		break;
	case REWIND:
		if (r->lost) {
			r->behind = r->n;
			r->n = r->lose;
		}
		position = account_read_position(&r->account);
		cr_assert_eq(account_rewind(&r->account), 0);
		tail_rewound(&r->tail, position);
		break;
	default:
		break;
	}
}

static void split(const struct corpus *corpus, struct join *join, const char *text, size_t len,
		  size_t at, enum between what, size_t lose)
{
	struct reading r = {.corpus = corpus, .join = join, .lose = lose};

	cr_assert_eq(chunk_pools_init(&r.pools, 8 << 20), 0);
	r.file = memfd_create("log", MFD_CLOEXEC);
	open_tail(&r, 0);
	cr_assert_eq(write(r.file, text, at), (ssize_t)at);
	read_on(&r, false);
	happen(&r, what);
	cr_assert_eq(write(r.file, text + at, len - at), (ssize_t)(len - at));
	read_on(&r, true);
	cr_expect(!corpus->events[r.n], "%s, split at %zu: event %zu is missing", corpus->name, at,
		  r.n);
	close_tail(&r);
	close(r.file);
	chunk_pools_deinit(&r.pools);
}

Test(join, every_split_over_reads_restarts_and_rewinds_gives_the_same_events)
{
	for (size_t i = 0; i < ARRAY_LEN(CORPORA); i++) {
		struct join *join = make(&CORPORA[i], 1000, 1 << 16);
		char text[8192];
		size_t len = text_of(&CORPORA[i], text, sizeof text);

		for (size_t at = 0; at <= len; at++) {
			for (enum between what = NOTHING; what < BETWEEN_N; what++)
				split(&CORPORA[i], join, text, len, at, what, SIZE_MAX);
			for (size_t lose = 0; lose < 4; lose++)
				split(&CORPORA[i], join, text, len, at, REWIND, lose);
		}
		join_free(join);
	}
}

/* An event of more than the small and the large class of chunks. */
Test(join, an_event_larger_than_a_chunk_is_one)
{
	struct corpus corpus = {"large", JOIN_INDENT};
	struct join *join = make(&corpus, 60000, 1 << 20);
	size_t len = 0;
	char *text = malloc(700000), *first = malloc(600000);

	len += (size_t)sprintf(text, "begin\n");
	while (len < 500000)
		len += (size_t)sprintf(text + len, "\tat line %zu of it\n", len);
	memcpy(first, text, len);
	first[len] = '\0';
	strcpy(text + len, "next\n");
	corpus.events[0] = first;
	corpus.events[1] = "next\n";
	for (size_t at = 0; at < len; at += 49999)
		split(&corpus, join, text, len + 5, at, GIVE_BACK, SIZE_MAX);
	free(text);
	free(first);
	join_free(join);
}

/* The first line is longer than an event may be, and the next one shows that it ends. */
static void long_lines(enum join_wrap wrap, const char *head)
{
	static const struct line_rules rules = {.max_line = 400000};
	struct corpus corpus = {"long lines", JOIN_INDENT, .wrap = wrap};
	struct reading r = {.corpus = &corpus, .join = make(&corpus, 1000, 64)};
	size_t len = 390000 + strlen(head);
	char *line = malloc(len + 1);
	struct event event;

	cr_assert_eq(chunk_pools_init(&r.pools, 8 << 20), 0);
	r.file = memfd_create("log", MFD_CLOEXEC);
	open_tail(&r, 0);
	r.tail.rules = &rules;
	memset(mempcpy(line, head, strlen(head)), 'a', len - strlen(head));
	line[len] = '\n';
	for (int i = 0; i < 2; i++)
		cr_assert_eq(write(r.file, line, len + 1), (ssize_t)len + 1);
	cr_assert_eq(tail_peek(&r.tail, &event), 0);
	cr_expect_eq(event.line.extent, len + 1);
	free(line);
	join_free(r.join);
	close_tail(&r);
	close(r.file);
	chunk_pools_deinit(&r.pools);
}

/* No chunk was large enough for both, and another was read for ever. */
Test(join, lines_longer_than_an_event_come_to_an_end, .timeout = 60)
{
	long_lines(WRAP_NONE, "");
	long_lines(WRAP_CRI, "2026-11-21T15:11:55Z stdout F ");
}

static void write_text(struct reading *r, const char *text)
{
	cr_assert_eq(write(r->file, text, strlen(text)), (ssize_t)strlen(text));
}

/* What was taken for whole is sent again as it was: the rest was shipped by itself. */
static void take_up_again(const struct corpus *corpus, const char *first, const char *rest)
{
	struct reading r = {.corpus = corpus, .join = make(corpus, 1000, 1 << 16)};
	struct event event;
	struct slot *slot;

	cr_assert_eq(chunk_pools_init(&r.pools, 8 << 20), 0);
	r.file = memfd_create("log", MFD_CLOEXEC);
	r.lose = SIZE_MAX;
	open_tail(&r, 0);
	write_text(&r, first);
	cr_assert_eq(tail_peek(&r.tail, &event), TAIL_E_DRY);
	cr_assert(r.tail.open);
	cr_assert_eq(tail_peek_open(&r.tail, &event), 0);
	slot = account_add_slot(&r.account, account_open_chunk(&r.account), event.extent);
	tail_consumed(&r.tail, &event);
	r.n = 1;
	write_text(&r, rest);
	read_on(&r, true);
	cr_expect_eq(r.n, 2);
	account_report(&r.account, slot, SLOT_FAILED);
	happen(&r, REWIND);
	r.n = 0;
	read_on(&r, true);
	cr_expect_eq(r.n, 1, "%s: %zu", corpus->name, r.n);
	join_free(r.join);
	close_tail(&r);
	close(r.file);
	chunk_pools_deinit(&r.pools);
}

Test(join, an_event_that_was_flushed_does_not_take_what_was_shipped_behind_it)
{
	static const struct corpus indent = {"indent", JOIN_INDENT, .events = {"a\n", " b\n"}};
	static const struct corpus cri = {"cri", JOIN_LINES, .wrap = WRAP_CRI,
					  .events = {T "stdout P a\n", T "stdout F b\n"}};

	take_up_again(&indent, indent.events[0], indent.events[1]);
	take_up_again(&cri, cri.events[0], cri.events[1]);
}

/* What may follow on it would stand where the other stream's line does. */
Test(join, a_last_line_without_its_end_is_no_part)
{
	static const struct corpus corpus = {
		"cri", JOIN_LINES, .wrap = WRAP_CRI,
		.events = {T "stdout P a\n", T "stderr F x\n", T "stdout F b"}};
	struct reading r = {.corpus = &corpus, .join = make(&corpus, 1000, 1 << 16)};
	struct event event;

	cr_assert_eq(chunk_pools_init(&r.pools, 8 << 20), 0);
	r.file = memfd_create("log", MFD_CLOEXEC);
	open_tail(&r, 0);
	for (size_t i = 0; i < 3; i++)
		write_text(&r, corpus.events[i]);
	cr_assert_eq(tail_peek(&r.tail, &event), TAIL_E_DRY);
	cr_assert_eq(tail_peek_last(&r.tail, &event), 0);
	cr_expect_eq(event.n_parts, 0);
	cr_expect_eq(event.lines, 1);
	cr_expect(event.line.terminated);
	cr_expect(event.cut, "the next one of its stream goes on with it");
	join_free(r.join);
	close_tail(&r);
	close(r.file);
	chunk_pools_deinit(&r.pools);
}

/* A dead letter is made of the event again: it lost the header that says that it goes on. */
Test(join, an_event_that_was_cut_is_so_when_it_is_shown_again)
{
	static const struct corpus indent = {"indent", JOIN_INDENT,
					     .events = {"a\n b\n", " c\n d\n", " e\n"}};
	static const struct corpus cri = {"cri", JOIN_INDENT, .wrap = WRAP_CRI,
					  .log = T "stdout F a\n" T "stdout F  b\n" T
						   "stdout F  c\n",
					  .events = {T "stdout F a\n b\n", T "stdout F  c\n"}};
	static const struct corpus *const corpora[] = {&indent, &cri};

	for (size_t i = 0; i < ARRAY_LEN(corpora); i++) {
		struct join *join = make(corpora[i], 2, 1 << 16);
		char text[8192];

		split(corpora[i], join, text, text_of(corpora[i], text, sizeof text), 0, NOTHING,
		      SIZE_MAX);
		join_free(join);
	}
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An agent over real files and a real store is killed at every call of its that reads or changes
 * what outlives it, one after the other, on a short life of two rotations, a truncation, a line in
 * two pieces, late lines and lines in flight. Kafka is a piece of shared memory: it keeps what it
 * was given. The writer's own calls are not counted, and what it had not done by then it does
 * either while no agent runs (down) or beside the next one (up).
 *
 * The judge: every line arrives, in the order of its file, and none again that was acknowledged
 * when a checkpoint began that was completed. In pairs the next life is killed, too, at each
 * fifth of its calls (WAYBILL_LONG=1), begun at another one each time: all pairs take hours.
 */
#include "tests/support/calls.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>

#include "tests/support/follow_rig.h"

#define LINES_MAX 128
#define LINE_MAX_LEN 1000

/* As an assertion, in children too. */
static void must(bool condition)
{
	if (!condition)
		abort();
}

/* ---- what outlives a child ---- */

static struct shared {
	size_t step; /* the writer's next */
	int calls;   /* of this life */
	int kinds[CALL_KINDS];
	size_t len;
	char kafka[1 << 18]; /* see note() */
} * shared;

/*
 * One word a line: `+` a line is in Kafka, `=` a line is in Kafka and acknowledged, `!` a line is
 * acknowledged, `(` a checkpoint begins, `)` the last one begun is durable, `L` a new life.
 */
static void note(char what, const char *text, size_t len)
{
	size_t at = shared->len;

	must(at + len + 2 < sizeof shared->kafka);
	shared->kafka[at++] = what;
	memcpy(shared->kafka + at, text, len);
	shared->kafka[at + len] = '\n';
	shared->len = at + len + 1;
}

/* ---- calls ---- */

static bool armed;       /* the agent's turn, not the writer's */
static int kill_at = -1; /* the number of the call that is the last; negative: none */

static bool before_call(const struct call *call)
{
	if (!armed)
		return true;
	if (shared->calls++ == kill_at)
		kill(getpid(), SIGKILL);
	shared->kinds[call->kind]++;
	return true;
}

/* ---- the writer ---- */

enum action { APPEND, PIECE, REST, RENAME, TRUNCATE, REMOVE };

/* What the agent does after a step. */
enum { RUN = 1, STORE = 2, HOLD = 4, SOME = 8, ALL = 16, QUIET = 32 };

/* Lines generation.first and on, n of them, each of so many bytes at least. */
struct step {
	enum action action;
	const char *name;
	const char *to;
	int generation, first, n, width;
	unsigned then;
};

static const struct step steps[] = {
	{APPEND, "app.log", NULL, 1, 1, 3, 0, RUN},
	{APPEND, "app.log", NULL, 1, 11, 12, 700, RUN | STORE},
	{APPEND, "app.log", NULL, 1, 31, 6, 0, HOLD | RUN | SOME | STORE},
	{APPEND, "app.log", NULL, 1, 41, 2, 0},
	{RENAME, "app.log", "app.log.1"},
	{APPEND, "app.log", NULL, 2, 1, 4, 0, RUN | ALL},
	{APPEND, "app.log.1", NULL, 1, 91, 2, 0, RUN | STORE},
	{PIECE, "app.log", NULL, 2, 5, 1, 0, RUN | STORE},
	{REST, "app.log", NULL, 2, 5, 1, 0, RUN},
	{APPEND, "app.log", NULL, 2, 6, 8, 600, RUN},
	{RENAME, "app.log.1", "app.log.2"},
	{RENAME, "app.log", "app.log.1", .then = RUN},
	{APPEND, "app.log", NULL, 3, 1, 5, 0, RUN | QUIET | STORE},
	{REMOVE, "app.log.2", .then = RUN | STORE},
	{APPEND, "app.log", NULL, 3, 11, 3, 0, RUN},
	{TRUNCATE, "app.log", .then = RUN | STORE},
	{APPEND, "app.log", NULL, 4, 1, 9, 300, RUN | STORE},
	{APPEND, "app.log", NULL, 4, 11, 1, 0, RUN},
};

static struct follow_rig rig;

/* The line with its LF; a piece is one whose beginning was written before. */
static size_t line_of(const struct step *step, int i, char text[LINE_MAX_LEN])
{
	return (size_t)snprintf(text, LINE_MAX_LEN, "%d.%02d %0*d\n", step->generation,
				step->first + i, step->width, 7 * i);
}

static void write_to(const char *name, const char *text, size_t len)
{
	long fd = syscall(SYS_openat, AT_FDCWD, rig_path(&rig, name),
			  O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);

	must(fd >= 0);
	must(syscall(SYS_write, fd, text, len) == (long)len);
	close((int)fd);
}

static void append(const struct step *step)
{
	char text[LINE_MAX_LEN];

	for (int i = 0; i < step->n; i++)
		write_to(step->name, text, line_of(step, i, text));
}

/* alive: an agent is there that has read it all; what nobody has shipped is not destroyed. */
static void take_step(bool alive)
{
	const struct step *step = &steps[shared->step++];
	char text[LINE_MAX_LEN];
	size_t len;

	armed = false;
	if (step->action == APPEND) {
		append(step);
	} else if (step->action == PIECE || step->action == REST) {
		len = line_of(step, 0, text);
		if (step->action == PIECE)
			write_to(step->name, text, len / 2);
		else
			write_to(step->name, text + len / 2, len - len / 2);
	} else if (step->action == RENAME) {
		syscall(SYS_rename, rig_path(&rig, step->name), rig_path(&rig, step->to));
	} else if (alive) {
		if (step->action == TRUNCATE)
			must(truncate(rig_path(&rig, step->name), 0) == 0);
		else
			syscall(SYS_unlink, rig_path(&rig, step->name));
	}
	armed = alive;
}

/* ---- the agent ---- */

/*
 * Lines in flight. Odd ones go to a partition that has them at once, the others to one that has
 * them when the first of all is acknowledged; there is an order in each of them, and none between.
 */
static struct held {
	char *text;
	bool arrived;
} held[ARRAY_LEN(rig.in_flight)];

static bool is_odd(const char *text)
{
	return text[3] % 2;
}

static void on_line(struct follow_rig *it, struct slice line)
{
	bool at_once = is_odd(line.at);

	if (!it->hold) {
		note('=', line.at, line.len);
		return;
	}
	held[it->n_in_flight] = (struct held){strndup(line.at, line.len), at_once};
	if (at_once)
		note('+', line.at, line.len);
}

static void all_arrive(void)
{
	for (size_t i = 0; i < rig.n_in_flight; i++) {
		if (!held[i].arrived)
			note('+', held[i].text, strlen(held[i].text));
		held[i].arrived = true;
	}
}

static void note_report(size_t i)
{
	note('!', held[i].text, strlen(held[i].text));
	free(held[i].text);
}

/* The second half of what is in flight is acknowledged, out of order. */
static void deliver_some(void)
{
	all_arrive();
	for (size_t half = rig.n_in_flight / 2; rig.n_in_flight > half;) {
		struct slot *slot = rig.in_flight[--rig.n_in_flight];
		struct account *account = slot_chunk(slot)->account;

		note_report(rig.n_in_flight);
		account_report(account, slot, SLOT_DELIVERED);
		files_dirty(&rig.files, file_of_account(account));
	}
}

static void deliver_all(void)
{
	all_arrive();
	for (size_t i = 0; i < rig.n_in_flight; i++)
		note_report(i);
	rig_deliver(&rig);
	rig.hold = false;
	rig_run(&rig);
}

static void store(void)
{
	note('(', "", 0);
	rig_checkpoint(&rig);
	note(')', "", 0);
}

static void act(unsigned then)
{
	rig.hold |= (then & HOLD) != 0;
	if (then & RUN)
		rig_run(&rig);
	if (then & SOME)
		deliver_some();
	if (then & ALL)
		deliver_all();
	if (then & QUIET) {
		rig.quiet = true;
		rig_run(&rig);
	}
	if (then & STORE)
		store();
}

/* From the start to the end of the writer's work and of the agent's; dies at its n-th call. */
static void life(int n)
{
	kill_at = n;
	shared->calls = 0;
	note('L', "", 0);
	rig.on_line = on_line;
	armed = true;
	rig_start(&rig);
	rig_run(&rig);
	while (shared->step < ARRAY_LEN(steps)) {
		take_step(true);
		act(steps[shared->step - 1].then);
	}
	act(RUN | ALL | QUIET | STORE);
	rig_crash(&rig);
	_exit(0);
}

/* Whether it came to its end. */
static bool live(int n)
{
	pid_t pid = fork();
	bool killed;
	int status;

	if (pid == 0)
		life(n);
	cr_assert(eq(int, waitpid(pid, &status, 0), pid));
	if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
		return true;
	killed = WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL;
	cr_assert(killed, "call %d: status %x", n, status);
	return false;
}

/* ---- the judge ---- */

struct written {
	char text[LINE_MAX_LEN];
	int generation, number;
	int times;
	bool acknowledged, marked, settled;
};

static struct written lines[LINES_MAX];
static size_t n_lines;
static char where[64];

static void expect(void)
{
	for (size_t s = n_lines = 0; s < ARRAY_LEN(steps); s++) {
		bool some = steps[s].action == APPEND || steps[s].action == REST;

		for (int i = 0; some && i < steps[s].n; i++) {
			struct written *line = &lines[n_lines++];

			*line = (struct written){.generation = steps[s].generation,
						 .number = steps[s].first + i};
			line->text[line_of(&steps[s], i, line->text) - 1] = '\0';
		}
	}
}

static struct written *find(const char *text, size_t len)
{
	for (size_t i = 0; i < n_lines; i++)
		if (strlen(lines[i].text) == len && memcmp(lines[i].text, text, len) == 0)
			return &lines[i];
	cr_assert(false, "%s: nobody wrote `%.*s'", where, (int)len, text);
	return NULL;
}

/*
 * A line comes for the first time: after all that it must follow. Late ones have numbers from 90.
 */
static void check_order(const struct written *line)
{
	for (const struct written *other = lines; other < lines + n_lines; other++) {
		bool before = other->generation < line->generation ?
				      other->number < 90 :
				      other->generation == line->generation &&
					      other->number < line->number;

		before &= !other->times && is_odd(other->text) == is_odd(line->text);
		cr_assert(not(before), "%s: %.4s came before %.4s", where, line->text, other->text);
	}
}

static void arrives(struct written *line)
{
	cr_assert(not(line->settled), "%s: %.4s was settled and came again", where, line->text);
	if (!line->times++)
		check_order(line);
}

static void judge_word(char what, const char *text, size_t len)
{
	struct written *line = len ? find(text, len) : NULL;

	if (what == '+' || what == '=')
		arrives(line);
	if (what == '!' || what == '=')
		line->acknowledged = true;
	for (size_t i = 0; i < n_lines; i++) {
		if (what == '(')
			lines[i].marked = lines[i].acknowledged;
		if (what == ')')
			lines[i].settled |= lines[i].marked;
		if (what == 'L')
			lines[i].acknowledged = lines[i].marked = lines[i].settled;
	}
}

/* The lines that came more than once. */
static int judge(void)
{
	int repeats = 0;

	expect();
	for (const char *at = shared->kafka, *end; at < shared->kafka + shared->len; at = end + 1) {
		end = memchr(at, '\n', (size_t)(shared->kafka + shared->len - at));
		judge_word(*at, at + 1, (size_t)(end - at - 1));
	}
	for (size_t i = 0; i < n_lines; i++) {
		cr_assert(ge(int, lines[i].times, 1), "%s: %.4s is lost", where, lines[i].text);
		repeats += lines[i].times - 1;
	}
	return repeats;
}

/* ---- the sweep ---- */

static void begin(void)
{
	shared->step = 0;
	shared->len = 0;
	rig_begin_in(&rig, "/dev/shm", "app.log*"); /* a kill takes nothing from a disk */
	take_step(false);
}

static void finish_writer(void)
{
	while (shared->step < ARRAY_LEN(steps))
		take_step(false);
}

enum next { UP, DOWN, N_NEXT };

/* Killed at call n, and the next at call m if that is not negative. 0: it was over before. */
static int one(int n, enum next next, int m, int *repeats)
{
	int killed = 0;

	snprintf(where, sizeof where, "killed at %d, %s, %d", n, next == UP ? "up" : "down", m);
	begin();
	killed += !live(n);
	if (next == DOWN)
		finish_writer();
	if (m >= 0)
		killed += !live(m);
	live(-1);
	*repeats += judge();
	/* And it is over: the next one finds nothing to do. */
	n = (int)shared->len;
	live(-1);
	cr_assert(eq(ptr, memchr(shared->kafka + n, '=', shared->len - (size_t)n), NULL),
		  "%s: it goes on", where);
	rig_end(&rig);
	return killed;
}

static void setup(void)
{
	shared = mmap(NULL, sizeof *shared, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1,
		      0);
	cr_assert(ne(ptr, shared, MAP_FAILED));
}

TestSuite(kill_sweep, .init = setup, .timeout = 36000);

static bool is_long(void)
{
	return getenv("WAYBILL_LONG") != NULL;
}

static int sweep(enum next next)
{
	int n = 0, repeats = 0;

	memset(shared->kinds, 0, sizeof shared->kinds);
	while (one(n, next, -1, &repeats))
		n++;
	fprintf(stderr, "%s: killed at each of %d calls, %d lines repeated in all\n",
		next == UP ? "up" : "down", n, repeats);
	/* It happened: each kind of call was there to be killed at, and repeats had to be. */
	for (enum call_kind kind = 0; kind < CALL_KINDS; kind++)
		cr_assert(ge(int, shared->kinds[kind], 1), "kind %d", kind);
	cr_assert(ge(int, repeats, 100));
	return n;
}

/* Scenario F01, B01 */
Test(kill_sweep, at_each_call_and_the_writer_goes_on_beside_the_next)
{
	cr_assert(ge(int, sweep(UP), 150));
}

/* Scenario F01, A11 */
Test(kill_sweep, at_each_call_and_the_writer_goes_on_while_none_runs)
{
	cr_assert(ge(int, sweep(DOWN), 150));
}

/* Scenario F01. What is done after a kill is interrupted, too. */
Test(kill_sweep, killed_again_while_it_recovers)
{
	const int by = is_long() ? 5 : 23;
	int n = 0, pairs = 0, repeats = 0, killed;

	do {
		int m = n % by;

		killed = 0;
		while (one(n, n % N_NEXT, m, &repeats) == 2) {
			killed = 1;
			pairs++;
			m += by;
		}
		n += is_long() ? 1 : 7;
	} while (killed);
	fprintf(stderr, "killed at each of %d pairs of calls, %d lines repeated in all\n", pairs,
		repeats);
	cr_assert(ge(int, pairs, 60));
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is all right takes one line; what is not has a line that says so, in the order in which it
 * explains what follows: brokers, topics, sources, files.
 */
#include "cmd/status/table.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <string.h>

#include "cmd/amount.h"
#include "cmd/wrap.h"

#define INDENT 2
/* Partitions that are all right, of a topic that is asked about. */
#define WELL_MAX 20
/* Before a path, and before what is told under it. */
#define FILE_COLUMNS 32
#define FILE_INDENT 23
/* Of a source. */
#define NAME_COLUMNS 24
/* Troubles of topics. */
#define STUCK_ROWS 5

static const char *plural(int64_t n)
{
	return n == 1 ? "" : "s";
}

/* How old what was sent last is, of what is not all settled; "-": it is, or that is not known. */
static const char *late(int64_t lag_ms, char text[AMOUNT_MAX])
{
	return lag_ms > 0 ? amount_time(lag_ms / 1000, text) : "-";
}

/* A sentence of ours, indented where it goes on. */
PRINTF_LIKE(3, 4)
static void say(const struct table *table, size_t indent, const char *format, ...)
{
	char text[1024];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof text, format, args);
	va_end(args);
	fprintf(table->paper.to, "%*s", (int)indent, "");
	wrap_text(table->paper.to, text, strlen(text), indent, indent + INDENT);
}

static void show_stopped(const struct table *table, const struct object *line)
{
	int64_t files = object_number(line, "files", 0);
	int64_t letters = object_number(line, "dead_letters", 0);

	say(table, 0, "No agent is running: this is the state as it was stored.");
	say(table, 0, "%" PRId64 " file%s, %" PRId64 " dead letter%s", files, plural(files),
	    letters, plural(letters));
}

static void show_replaced(const struct table *table, size_t indent, const struct object *line)
{
	int64_t made = object_number(line, "producers_made", 1);

	if (made > 1)
		say(table, indent, "producers that were replaced: %" PRId64 "; it is %s", made - 1,
		    object_text(line, "producer") ?: "?");
}

/* It goes on as it was, which nobody would see by anything else. */
static void show_renewal(const struct table *table, size_t indent, const struct object *line)
{
	const char *error = object_text(line, "renewal_error");

	if (error)
		say(table, indent,
		    "the kafka block, or a file that it names, says what is not in use, for "
		    "brokers or the library do not take it: %s; correct that file, or the block "
		    "and reload",
		    error);
	else if (object_number(line, "renewal_waits", 0) &&
		 strcmp(object_text(line, "producer") ?: "", "draining") == 0)
		say(table, indent,
		    "the kafka block, or a file that it names, says what is in use as soon as the "
		    "producer before it has delivered what it has");
	else if (object_number(line, "renewal_waits", 0))
		say(table, indent,
		    "the kafka block, or a file that it names, says what is not in use yet: it is "
		    "tried");
}

static void show_troubles(const struct table *table, const struct object *line)
{
	char text[2][32];
	const char *error = object_text(line, "last_error");
	const char *reason = object_text(line, "dead_letter_reason");
	int64_t age_ms = object_number(line, "checkpoint_age_ms", 0);
	int64_t letters = object_number(line, "dead_letters", 0);

	if (!object_number(line, "kafka_configured", 1))
		say(table, INDENT, "the configuration has no kafka block: nothing can be shipped");
	else if (!object_number(line, "brokers_answer", 1) && !object_number(line, "clusters", 0))
		say(table, INDENT,
		    "no broker answers%s%s: mend the brokers or the way to them (`waybill check` "
		    "asks them, too)",
		    error ? ": " : "", error ? error : "");
	/* Of several clusters each has its own. */
	if (!object_number(line, "clusters", 0))
		show_replaced(table, INDENT, line), show_renewal(table, INDENT, line);
	if (age_ms > 5000)
		say(table, INDENT,
		    "the last checkpoint has been due for %s, and the log says why: is the disk of "
		    "state_dir full? Make room, since a crash now would repeat lines",
		    amount_time(age_ms / 1000, text[0]));
	if (object_number(line, "reload_refused", 0))
		say(table, INDENT, "the last reload was refused: `waybill check` says why");
	if (letters)
		say(table, INDENT,
		    "%" PRId64 " dead letter%s, %s of %s%s%s: `waybill dead-letters list` says why",
		    letters, plural(letters),
		    amount_size(object_number(line, "dead_letter_bytes", 0), text[0]),
		    amount_size(object_number(line, "dead_letter_max", 0), text[1]),
		    reason ? ", now for " : "", reason ? reason : "");
}

/* So many of those that may be, and what waits beside them: ", and 5 beside ...". */
#define BESIDE_MAX 96
static int64_t in_flight(const struct object *line, char beside[BESIDE_MAX])
{
	int64_t n = object_number(line, "in_flight_beside", 0);

	beside[0] = '\0';
	if (n)
		snprintf(beside, BESIDE_MAX, ", and %" PRId64 " in partitions that stand still", n);
	return object_number(line, "in_flight", 0) - n;
}

static void show_agent(const struct table *table, const struct object *line)
{
	char text[2][32], beside[BESIDE_MAX];
	int64_t files = object_number(line, "files", 0);
	int64_t sources = object_number(line, "sources", 0);

	if (!object_number(line, "running", 0)) {
		show_stopped(table, line);
		return;
	}
	say(table, 0,
	    "waybill %s, process %" PRId64 ", %s for %s: %" PRId64 " file%s of %" PRId64
	    " source%s",
	    object_text(line, "waybill") ?: "?", object_number(line, "pid", 0),
	    object_text(line, "state") ?: "?",
	    amount_time(object_number(line, "uptime_s", 0), text[0]), files, plural(files), sources,
	    plural(sources));
	say(table, 0, "Kafka is %s: %" PRId64 " of %" PRId64 " records in flight, %s of %s%s",
	    object_number(line, "kafka_up", 0) ? "up" : "not ready", in_flight(line, beside),
	    object_number(line, "in_flight_max", 0),
	    amount_size(object_number(line, "in_flight_bytes", 0) -
				object_number(line, "in_flight_bytes_beside", 0),
			text[0]),
	    amount_size(object_number(line, "in_flight_bytes_max", 0), text[1]), beside);
	show_troubles(table, line);
}

/* One of several. */
static void show_cluster(const struct table *table, const struct object *line)
{
	const char *error = object_text(line, "last_error");
	bool answers = object_number(line, "brokers_answer", 1);
	char beside[BESIDE_MAX];

	say(table, INDENT, "cluster %s is %s: %" PRId64 " of %" PRId64 " records in flight%s%s%s%s",
	    object_text(line, "cluster") ?: "?",
	    object_number(line, "kafka_up", 0) ? "up" : "not ready", in_flight(line, beside),
	    object_number(line, "in_flight_max", 0), beside, answers ? "" : "; no broker answers",
	    !answers && error ? ": " : "", !answers && error ? error : "");
	show_replaced(table, 2 * (size_t)INDENT, line);
	show_renewal(table, 2 * (size_t)INDENT, line);
}

static void show_counters(const struct table *table, const struct object *line)
{
	int64_t read = object_number(line, "lines_read", 0);
	int64_t forgotten = object_number(line, "lines_forgotten", 0);
	const char *lost = object_text(line, "lost_reason");

	say(table, 0,
	    "%" PRId64 " line%s read = %" PRId64 " delivered + %" PRId64 " in flight + %" PRId64
	    " waiting + %" PRId64 " filtered + %" PRId64 " dead",
	    read, plural(read), object_number(line, "lines_delivered", 0),
	    object_number(line, "in_flight", 0), object_number(line, "lines_waiting", 0),
	    object_number(line, "lines_filtered", 0), object_number(line, "lines_dead", 0));
	if (forgotten)
		say(table, INDENT,
		    "+ %" PRId64 " forgotten: of files, or content, that were left; what is still "
		    "there was read again",
		    forgotten);
	if (object_number(line, "files_denied", 0) || object_number(line, "directories_denied", 0))
		say(table, INDENT,
		    "cannot be opened: files %" PRId64 ", directories %" PRId64
		    ": `waybill check` says which, and which right is missing",
		    object_number(line, "files_denied", 0),
		    object_number(line, "directories_denied", 0));
	if (object_number(line, "files_lost", 0) || object_number(line, "bytes_lost", 0))
		say(table, INDENT,
		    "lost unread: files %" PRId64 ", bytes %" PRId64
		    "%s%s: the log has their names (file-lost); keep rotated files longer",
		    object_number(line, "files_lost", 0), object_number(line, "bytes_lost", 0),
		    lost ? ", most " : "", lost ? lost : "");
}

static void show_topic(const struct table *table, const struct object *line)
{
	const char *state = object_text(line, "state") ?: "?";
	const char *cure = object_text(line, "cure");
	char topic[STUCK_TOPIC_MAX];

	if (strcmp(state, "ready") != 0)
		say(table, INDENT, "topic %s is %s: its %s wait%s%s", stuck_topic(line, topic),
		    state, object_number(line, "letters_only", 0) ? "dead letters" : "files",
		    cure ? "; " : "", cure ? cure : "");
}

/* One that is all right, of the topic that is asked about. */
static void show_well(const struct table *table, const struct object *line)
{
	int64_t records = object_number(line, "in_flight", 0);
	char topic[STUCK_TOPIC_MAX];

	if (object_text(line, "trouble") || !table->one ||
	    object_number(line, "partition", 0) >= WELL_MAX)
		return;
	say(table, INDENT,
	    "topic %s partition %" PRId64 ": %" PRId64 " record%s in flight, broker %" PRId64
	    " leads it, %" PRId64 " in sync",
	    stuck_topic(line, topic), object_number(line, "partition", 0), records, plural(records),
	    object_number(line, "leader", -1), object_number(line, "in_sync", 0));
}

/* Those that stand still, once all have come. */
static void show_stuck(struct table *table)
{
	struct stuck *stuck = &table->stuck;
	char text[STUCK_WORDS_MAX], size[AMOUNT_MAX];
	int64_t told = 0;

	stuck_sort(stuck);
	for (size_t i = 0; i < stuck->n && i < STUCK_ROWS; i++) {
		say(table, INDENT, "%s", stuck_say(&stuck->at[i], text));
		told += stuck->at[i].all;
	}
	if (told < stuck->all)
		say(table, INDENT,
		    "and %" PRId64 " more partitions: of all of these %" PRId64
		    " records, %s, wait (--json has each)",
		    stuck->all - told, stuck->records, amount_size(stuck->bytes, size));
	if (stuck->n && stuck->records && !table->one)
		say(table, INDENT, "`waybill status %s:%" PRId64 "` has the files that wait for it",
		    stuck->at[0].topic, stuck->at[0].numbers[0]);
	stuck_deinit(stuck);
}

/* What of certificates and tokens does not end later. */
static void show_expiry(const struct table *table, const struct object *line)
{
	if (object_text(line, "words"))
		say(table, INDENT, "%s", object_text(line, "words"));
}

static void show_broker(const struct table *table, const struct object *line)
{
	const char *error = object_text(line, "last_error"), *cluster;
	char text[32];

	if (!error && !object_number(line, "silent", 0))
		return;
	cluster = object_text(line, "cluster");
	say(table, INDENT, "%s%sbroker %" PRId64 " at %s: %s, %s ago", cluster ? cluster : "",
	    cluster ? ": " : "", object_number(line, "broker", 0),
	    object_text(line, "address") ?: "?", error ? error : "it does not answer",
	    amount_time(object_number(line, "last_error_age_ms", 0) / 1000, text));
}

static void show_source(struct table *table, const struct object *line)
{
	char text[3][AMOUNT_MAX], name[256];
	size_t used;
	int64_t letters = object_number(line, "dead_letter_bytes", 0);
	const char *cluster = object_text(line, "cluster");

	snprintf(name, sizeof name, cluster ? "%s (%s)" : "%s", object_text(line, "source") ?: "?",
		 cluster);
	if (!table->sources)
		fprintf(table->paper.to, "\n%s%-24s %7s %7s %7s %10s %8s %10s%s\n",
			table->paper.bold, "Source", "files", "behind", "stuck", "lag", "late",
			"letters", table->paper.plain);
	table->sources = true;
	used = paper_print(&table->paper, slice_of(name), NAME_COLUMNS);
	fprintf(table->paper.to, "%*s %7" PRId64 " %7" PRId64 " %7" PRId64 " %10s %8s %10s\n",
		(int)(NAME_COLUMNS - used), "", object_number(line, "files", 0),
		object_number(line, "files_behind", 0), object_number(line, "files_stuck", 0),
		amount_size(object_number(line, "lag_bytes", 0), text[0]),
		late(object_number(line, "lag_ms", 0), text[2]),
		letters ? amount_size(letters, text[1]) : "-");
}

int table_line(struct table *table, const struct object *line)
{
	static const struct {
		const char *kind;
		void (*show)(const struct table *table, const struct object *line);
	} kinds[] = {
		{"agent", show_agent},   {"cluster", show_cluster}, {"counters", show_counters},
		{"topic", show_topic},   {"broker", show_broker},   {"partition", show_well},
		{"expiry", show_expiry},
	};
	const char *kind = object_text(line, "kind") ?: "";

	if (strcmp(kind, "partition") == 0 && stuck_add(&table->stuck, line))
		return -ENOMEM;
	if (strcmp(kind, "broker") == 0 || strcmp(kind, "source") == 0 || strcmp(kind, "end") == 0)
		show_stuck(table);
	for (size_t i = 0; i < ARRAY_LEN(kinds); i++) {
		if (strcmp(kinds[i].kind, kind) == 0)
			kinds[i].show(table, line);
	}
	if (strcmp(kind, "source") == 0)
		show_source(table, line);
	if (strcmp(kind, "end") == 0) {
		table->known = object_number(line, "known", 1);
		table->files = object_number(line, "files_shown", 0);
	}
	return strcmp(kind, "file") == 0 ? worst_add(&table->worst, line) : 0;
}

static void show_file(const struct table *table, const struct worst_file *file)
{
	char text[2][AMOUNT_MAX];

	fprintf(table->paper.to, "%-10s %10s %8s  ", file->state, amount_size(file->lag, text[0]),
		late(file->lag_ms, text[1]));
	paper_print_end(&table->paper, slice_of(file->path), WRAP_COLUMNS - FILE_COLUMNS);
	fputc('\n', table->paper.to);
	if (file->waits_for)
		say(table, FILE_INDENT, "waits for %s", file->waits_for);
	/* -1: what is packed has no size. */
	if (table->one && table->worst.n == 1 && file->size >= 0)
		say(table, FILE_INDENT,
		    "%" PRId64 " of %" PRId64 " bytes are settled, %" PRId64 " are read; %" PRId64
		    " record%s in flight",
		    file->position, file->size, file->read, file->in_flight,
		    plural(file->in_flight));
}

void table_end(struct table *table)
{
	struct worst *worst = &table->worst;

	if (worst->n)
		fprintf(table->paper.to, "\n%s%-10s %10s %8s  %s%s\n", table->paper.bold, "File",
			"lag", "late", "path", table->paper.plain);
	for (size_t i = 0; i < worst->n; i++)
		show_file(table, &worst->at[i]);
	if (table->files > (long long)worst->n)
		say(table, 0,
		    "These are the worst of %lld; --json has all of them, and a name after the "
		    "command shows one.",
		    table->files);
	worst_deinit(worst);
	stuck_deinit(&table->stuck);
}

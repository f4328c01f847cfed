/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One row an option; defaults and limits are written as a user would write them and go through the
 * same conversion as his values, so the documentation can quote the table and cannot drift from it.
 * Values land in an array by key rather than in struct members by offset: nothing needs casting,
 * and a source inherits the top level's defaults by copying one struct.
 */
#include "conf_options.h"

#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "conf_units.h"
#include "parsers/names.h"

#define BOTH (CONF_IN_MAIN | CONF_IN_SOURCE)

/* A plain number is taken as bytes up to here; above it a unit says that the user has counted. */
#define PLAIN_SIZE_MAX 1000000

static const struct conf_option options[CONF_N_KEYS] = {
	[CONF_STATE_DIR] = {"state_dir", CONF_IN_MAIN, CONF_T_TEXT, .written = "/var/lib/waybill",
			    .help = "directory of the positions and dead letters"},
	[CONF_LINGER_MS] = {"linger_ms", CONF_IN_MAIN, CONF_T_INT, .written = "20", .min = "0",
			    .max = "1000", .help = "the longest a line waits for company, in ms"},
	[CONF_PRODUCER_LINGER] = {"producer_linger", CONF_IN_MAIN, CONF_T_WORD, .written = "kick",
				  .words = {"kick", "library"},
				  .help = "who keeps linger_ms: waybill, or librdkafka (more CPU)"},
	[CONF_SHUTDOWN_TIMEOUT] = {"shutdown_timeout", CONF_IN_MAIN, CONF_T_TIME, .written = "30s",
				   .min = "100ms", .max = "1h",
				   .help = "how long a stop waits for what is under way"},
	[CONF_CHECKPOINT_INTERVAL] = {"checkpoint_interval", CONF_IN_MAIN, CONF_T_TIME,
				      .written = "1s", .min = "10ms", .max = "1m",
				      .help = "how often positions are stored"},
	[CONF_STALL_TIMEOUT] = {"stall_timeout", CONF_IN_MAIN, CONF_T_TIME, .written = "60s",
				.min = "1s", .max = "1h",
				.help = "replace a producer that makes no progress for so long"},
	[CONF_CHUNK_MEMORY] = {"chunk_memory", CONF_IN_MAIN, CONF_T_SIZE, .written = "16MiB",
			       .min = "1MiB", .max = "4GiB",
			       .help = "memory for lines that are read and not yet acknowledged"},
	[CONF_DEAD_LETTER_MAX] = {"dead_letter_max", CONF_IN_MAIN, CONF_T_SIZE, .written = "64MiB",
				  .min = "0", .max = "64GiB",
				  .help = "dead letters kept; above it their files wait"},
	[CONF_STATE_DAMAGED] = {"state_damaged", CONF_IN_MAIN, CONF_T_WORD, .written = "beginning",
				.words = {"beginning", "end", "stop"},
				.help = "where to start when the stored positions are damaged"},
	[CONF_KAFKA] = {"kafka", CONF_IN_MAIN, CONF_T_GROUP, .required = true,
			.help = "librdkafka's properties, with _ for each dot"},
	[CONF_PARSERS] = {"parsers", CONF_IN_MAIN, CONF_T_LIST,
			  .help = "how lines are cut into fields"},
	[CONF_SOURCES] = {"sources", CONF_IN_MAIN, CONF_T_LIST,
			  .help = "which files are read and where their lines go"},
	[CONF_NAME] = {"name", CONF_IN_PARSER | CONF_IN_SOURCE | CONF_IN_HEADER | CONF_IN_JSON,
		       CONF_T_TEXT, .required = true,
		       .help = "what messages, metrics and sources call it"},
	[CONF_PARSER_TYPE] = {"type", CONF_IN_PARSER, CONF_T_WORD, .written = "regex",
			      .words = {"regex"}, .help = "the kind of parser"},
	[CONF_PATTERN] = {"pattern", CONF_IN_PARSER | CONF_IN_RULE | CONF_IN_REDACT, CONF_T_TEXT,
			  .help = "PCRE2 pattern with named groups; double its backslashes"},
	[CONF_PATTERN_FILE] = {"pattern_file", CONF_IN_PARSER, CONF_T_TEXT,
			       .help = "file with the pattern as it is, beside this file"},
	[CONF_PATHS] = {"paths", CONF_IN_SOURCE, CONF_T_TEXTS, .required = true,
			.help = "absolute paths, with * ? [a-z] {a,b} and **"},
	[CONF_EXCLUDE] = {"exclude", CONF_IN_SOURCE, CONF_T_TEXTS,
			  .help = "names or paths that are not read"},
	[CONF_PARSER] = {"parser", CONF_IN_SOURCE, CONF_T_TEXT,
			 .help = "name of the parser; none: lines are not cut"},
	[CONF_TOPIC] = {"topic", CONF_IN_SOURCE, CONF_T_TEXT, .required = true,
			.help = "topic, a template"},
	[CONF_TOPICS] = {"topics", CONF_IN_SOURCE, CONF_T_TEXTS,
			 .help = "the topics that a topic template may give"},
	[CONF_TOPIC_FALLBACK] = {"topic_fallback", CONF_IN_SOURCE, CONF_T_TEXT,
				 .help = "topic for all else; without it the first of topics"},
	[CONF_KEY] = {"key", CONF_IN_SOURCE, CONF_T_TEXT,
		      .help = "key of the record, a template; none: no key"},
	[CONF_KEY_TYPE] = {"key_type", CONF_IN_SOURCE, CONF_T_WORD, .written = "string",
			   .words = {"string", "int32", "int64", "uuid"},
			   .help = "what the key's bytes are, as Java's serializers write them"},
	[CONF_ON_MISSING_KEY] = {"on_missing_key", CONF_IN_SOURCE, CONF_T_TEXT, .written = "null",
				 .help = "records whose key is missing or no key_type: null, "
					 "\"constant:TEXT\" or \"dead_letter\""},
	[CONF_TIMESTAMP] = {"timestamp", CONF_IN_SOURCE, CONF_T_TEXT,
			    .help = "time of the record, a template; none: the time of reading"},
	[CONF_TIMESTAMP_FORMAT] = {"timestamp_format", CONF_IN_SOURCE, CONF_T_TEXTS,
				   .written = "iso8601",
				   .help = "how it is written, or a list of such: iso8601, "
					   "epoch_s, epoch_ms, epoch_us, strptime's directives"},
	[CONF_TIMESTAMP_ZONE] = {"timestamp_zone", BOTH, CONF_T_TEXT, .written = "UTC",
				 .help = "zone of times that name none: UTC, local, +02:00, "
					 "Europe/Paris"},
	[CONF_TIMESTAMP_MAX_PAST] = {"timestamp_max_past", BOTH, CONF_T_TIME, .written = "0",
				     .min = "0", .max = "36500d",
				     .help = "how long before its reading a line may have been "
					     "written"},
	[CONF_TIMESTAMP_MAX_FUTURE] = {"timestamp_max_future", BOTH, CONF_T_TIME, .written = "1h",
				       .min = "0", .max = "36500d",
				       .help = "how long after its reading a line may say that it "
					       "was written"},
	[CONF_ON_BAD_TIMESTAMP] = {"on_bad_timestamp", BOTH, CONF_T_WORD, .written = "read_time",
				   .words = {"read_time", "clamp"},
				   .help = "timestamps beyond these limits: replaced by the time "
					   "of reading, or by the limit"},
	[CONF_TOPIC_CONFIG] = {"topic_config", BOTH, CONF_T_GROUP,
			       .help = "compression and acks of the topics: librdkafka's "
				       "properties"},
	[CONF_PARTITION] = {"partition", CONF_IN_SOURCE, CONF_T_TEXT,
			    .help = "partition of the record, a template; none: by its key"},
	[CONF_ON_BAD_PARTITION] = {"on_bad_partition", CONF_IN_SOURCE, CONF_T_WORD,
				   .written = "key", .words = {"key", "dead_letter"},
				   .help = "records whose partition is no number or not of the "
					   "topic"},
	[CONF_VALUE] = {"value", CONF_IN_SOURCE | CONF_IN_HEADER | CONF_IN_JSON, CONF_T_TEXT,
			.help = "value, a template; without it the line as it is"},
	[CONF_JSON] = {"json", CONF_IN_SOURCE, CONF_T_LIST,
		       .help = "value, a JSON object: its members"},
	[CONF_MEMBER_TYPE] = {"type", CONF_IN_JSON, CONF_T_WORD, .written = "string",
			      .words = {"string", "number", "bool"},
			      .help = "what a member of json is"},
	[CONF_MEMBER_ON_MISSING] = {"on_missing", CONF_IN_JSON, CONF_T_WORD, .written = "null",
				    .words = {"null", "omit"},
				    .help = "a member of json whose field is missing"},
	[CONF_HEADERS] = {"headers", CONF_IN_SOURCE, CONF_T_LIST,
			  .help = "headers of the record: name and value"},
	[CONF_HEADER_TYPE] = {"type", CONF_IN_HEADER, CONF_T_WORD, .written = "text",
			      .words = {"text", "traceparent"},
			      .help = "traceparent: one that is not valid is left out"},
	[CONF_ON_MISSING] = {"on_missing", CONF_IN_HEADER, CONF_T_WORD, .written = "omit",
			     .words = {"omit", "null", "empty"},
			     .help = "what a header without value is"},
	[CONF_STANDARD_HEADERS] = {"standard_headers", BOTH, CONF_T_TEXTS,
				   .help = "ready-made headers, by name"},
	[CONF_HEADERS_MAX_BYTES] = {"headers_max_bytes", BOTH, CONF_T_SIZE, .written = "32KiB",
				    .min = "64", .max = "1MiB",
				    .help = "names and values of one record's headers together"},
	[CONF_PROVENANCE] = {"provenance", BOTH, CONF_T_BOOL, .written = "false",
			     .help = "headers with which a consumer drops what a crash repeats"},
	[CONF_PARTITIONER] = {"partitioner", BOTH, CONF_T_GROUP,
			      .help = "which partition a record goes to"},
	[CONF_HASH] = {"hash", CONF_IN_PARTITIONER, CONF_T_WORD, .written = "murmur2",
		       .words = {"murmur2", "crc32", "fnv1a"},
		       .help = "how a key chooses its partition"},
	[CONF_NULL_KEY] = {"null_key", CONF_IN_PARTITIONER, CONF_T_WORD, .written = "sticky",
			   .words = {"sticky", "round_robin", "random"},
			   .help = "how records without a key are spread"},
	[CONF_RULES] = {"rules", CONF_IN_PARTITIONER, CONF_T_LIST,
			.help = "keys with partitions of their own"},
	[CONF_PREFIX] = {"prefix", CONF_IN_RULE, CONF_T_TEXT, .help = "keys that begin with it"},
	[CONF_KEYS] = {"keys", CONF_IN_RULE, CONF_T_TEXTS, .help = "keys that are one of these"},
	[CONF_PARTITIONS] = {"partitions", CONF_IN_RULE, CONF_T_INTS, .required = true, .min = "0",
			     .max = "99999",
			     .help = "where the keys of the rule go, and no others"},
	[CONF_REDACT] = {"redact", BOTH, CONF_T_LIST,
			 .help = "what is replaced in a line before anything is made of it"},
	[CONF_REPLACEMENT] = {"replacement", CONF_IN_REDACT, CONF_T_TEXT, .required = true,
			      .help = "what takes its place; $1 and ${name} are groups"},
	[CONF_START_AT] = {"start_at", BOTH, CONF_T_WORD, .written = "beginning",
			   .words = {"beginning", "end"},
			   .help = "where to start in files found at the first start"},
	[CONF_IGNORE_OLDER] = {"ignore_older", BOTH, CONF_T_TIME, .written = "0", .min = "0",
			       .max = "3650d",
			       .help = "leave files alone that were last written so long ago"},
	[CONF_ROTATE_WAIT] = {"rotate_wait", BOTH, CONF_T_TIME, .written = "5s", .min = "0",
			      .max = "1h",
			      .help = "quiet time before a rotated file's last line without LF"},
	[CONF_MAX_LINE] = {"max_line", BOTH, CONF_T_SIZE, .written = "1MiB", .min = "64",
			   .max = "8MiB", .help = "longer lines are truncated and marked"},
	[CONF_KEEP_CR] = {"keep_cr", BOTH, CONF_T_BOOL, .written = "false",
			  .help = "keep a CR before the LF"},
	[CONF_ON_NO_MATCH] = {"on_no_match", BOTH, CONF_T_WORD, .written = "ship",
			      .words = {"ship", "skip"},
			      .help = "lines that the parser does not match"},
};

const struct conf_option *conf_options(void)
{
	return options;
}

/* What a value is read with. */
struct reader {
	const struct conf_option *option;
	const struct conf_node *node;
	const char *what;
	struct conf_problems *problems;
};

#define COMPLAIN(reader, format, ...)                                                            \
	conf_problem((reader)->problems, (reader)->node->place, "%s%s: " format, (reader)->what, \
		     (reader)->option->name, ##__VA_ARGS__)

/* Text of a size, time or integer (range limits and defaults too) to its number. 0 or UNITS_E_*. */
static int to_number(enum conf_type type, const char *text, uint64_t *ret_number)
{
	return type == CONF_T_TIME ? units_time(text, ret_number) : units_size(text, ret_number);
}

/* What was written, for behind "not". */
static const char *written(const struct conf_node *node, char *text, size_t len)
{
	if (node->kind == CONF_TEXT)
		snprintf(text, len, "\"%.40s\"", node->text);
	else if (node->kind == CONF_INT)
		snprintf(text, len, "%lld", (long long)node->number);
	else if (node->kind == CONF_BOOL)
		snprintf(text, len, "%s", node->number ? "true" : "false");
	else
		snprintf(text, len, "%s", conf_kind_name(node->kind));
	return text;
}

static bool in_range(const struct reader *reader, uint64_t number)
{
	const struct conf_option *option = reader->option;
	uint64_t min = 0, max = UINT64_MAX;
	char text[64];

	if (option->min && to_number(option->type, option->min, &min))
		min = 0;
	if (option->max && to_number(option->type, option->max, &max))
		max = UINT64_MAX;
	if (number >= min && number <= max)
		return true;
	COMPLAIN(reader, "must be between %s and %s, not %s", option->min, option->max,
		 written(reader->node, text, sizeof text));
	return false;
}

static bool read_int(const struct reader *reader, uint64_t *ret_number)
{
	const struct conf_node *node = reader->node;

	if (node->kind != CONF_INT) {
		COMPLAIN(reader, "must be a whole number, not %s", conf_kind_name(node->kind));
		return false;
	}
	if (!in_range(reader, node->number < 0 ? UINT64_MAX : (uint64_t)node->number))
		return false;
	*ret_number = (uint64_t)node->number;
	return true;
}

static bool read_ints(const struct reader *reader)
{
	const struct conf_node *list = reader->node;
	struct reader each = *reader;
	uint64_t ignored;

	if (list->kind != CONF_LIST)
		return read_int(reader, &ignored);
	for (size_t i = 0; i < list->n_kids; i++) {
		each.node = list->kids[i];
		if (!read_int(&each, &ignored))
			return false;
	}
	return true;
}

/* A size or time written as a number: zero is nothing in any unit, small sizes are bytes. */
static bool read_plain(const struct reader *reader, uint64_t *ret_number)
{
	int64_t number = reader->node->number;

	if (reader->option->type == CONF_T_TIME && number != 0) {
		COMPLAIN(reader, "%lld of what? write " UNITS_TIME_HINT, (long long)number);
		return false;
	}
	if (number < 0 || number > PLAIN_SIZE_MAX) {
		COMPLAIN(reader, "write sizes above %d as a string with a unit: " UNITS_SIZE_HINT,
			 PLAIN_SIZE_MAX);
		return false;
	}
	*ret_number = (uint64_t)number;
	return in_range(reader, *ret_number);
}

static bool read_measure(const struct reader *reader, uint64_t *ret_number)
{
	const struct conf_node *node = reader->node;
	bool time = reader->option->type == CONF_T_TIME;
	uint64_t number;
	int r;

	if (node->kind == CONF_INT)
		return read_plain(reader, ret_number);
	if (node->kind != CONF_TEXT) {
		COMPLAIN(reader, "must be a string, not %s: %s", conf_kind_name(node->kind),
			 time ? UNITS_TIME_HINT : UNITS_SIZE_HINT);
		return false;
	}
	r = to_number(reader->option->type, node->text, &number);
	if (r == UNITS_E_SYNTAX) {
		COMPLAIN(reader, "cannot read \"%s\": write %s", node->text,
			 time ? UNITS_TIME_HINT : UNITS_SIZE_HINT);
		return false;
	}
	if (!in_range(reader, r ? UINT64_MAX : number))
		return false;
	*ret_number = number;
	return true;
}

static size_t n_words(const struct conf_option *option)
{
	size_t n = 0;

	while (n < CONF_WORDS_MAX && option->words[n])
		n++;
	return n;
}

static bool read_word(const struct reader *reader, uint64_t *ret_number)
{
	const struct conf_option *option = reader->option;
	const char *word = reader->node->kind == CONF_TEXT ? reader->node->text : "", *near;
	size_t n = n_words(option), len = 0;
	char list[128] = "", text[64];

	for (size_t i = 0; i < n; i++) {
		if (strcmp(word, option->words[i]) == 0) {
			*ret_number = i;
			return true;
		}
		len += (size_t)snprintf(list + len, sizeof list - len, "%s\"%s\"",
					i == 0     ? "" :
					i == n - 1 ? " or " :
						     ", ",
					option->words[i]);
	}
	near = names_nearest(word, option->words, n);
	written(reader->node, text, sizeof text);
	if (near)
		COMPLAIN(reader, "must be %s, not %s (did you mean \"%s\"?)", list, text, near);
	else
		COMPLAIN(reader, "must be %s, not %s", list, text);
	return false;
}

static bool is_texts(const struct conf_node *node)
{
	if (node->kind == CONF_TEXT)
		return true;
	if (node->kind != CONF_LIST)
		return false;
	for (size_t i = 0; i < node->n_kids; i++) {
		if (node->kids[i]->kind != CONF_TEXT)
			return false;
	}
	return true;
}

/* A group where a list of groups belongs is the usual slip, so it is named. */
static bool is_groups(const struct reader *reader)
{
	const struct conf_node *node = reader->node;
	bool good = node->kind == CONF_LIST;

	for (size_t i = 0; good && i < node->n_kids; i++)
		good = node->kids[i]->kind == CONF_GROUP;
	if (!good)
		COMPLAIN(reader, "must be a list of groups: %s: ( { ... }, { ... } )",
			 reader->option->name);
	return good;
}

static bool must_be(const struct reader *reader, bool good, const char *wanted)
{
	if (!good)
		COMPLAIN(reader, "must be %s, not %s", wanted, conf_kind_name(reader->node->kind));
	return good;
}

static bool read_value(const struct reader *reader, struct conf_value *value)
{
	const struct conf_node *node = reader->node;

	switch (reader->option->type) {
	case CONF_T_TEXT:
		value->text = node->text;
		return must_be(reader, node->kind == CONF_TEXT, "a string");
	case CONF_T_TEXTS:
		if (!is_texts(node))
			COMPLAIN(reader, "must be a string or a list of strings");
		return is_texts(node);
	case CONF_T_SIZE:
	case CONF_T_TIME:
		return read_measure(reader, &value->number);
	case CONF_T_INT:
		return read_int(reader, &value->number);
	case CONF_T_INTS:
		return read_ints(reader);
	case CONF_T_BOOL:
		value->number = node->number != 0;
		return must_be(reader, node->kind == CONF_BOOL, "true or false");
	case CONF_T_WORD:
		return read_word(reader, &value->number);
	case CONF_T_GROUP:
		return must_be(reader, node->kind == CONF_GROUP, "a group { }");
	case CONF_T_LIST:
		return is_groups(reader);
	}
	return false;
}

static void set_default(const struct conf_option *option, struct conf_value *value)
{
	const char *written = option->written;

	*value = (struct conf_value){0};
	if (!written)
		return;
	if (option->type == CONF_T_TEXT)
		value->text = written;
	else if (option->type == CONF_T_BOOL)
		value->number = strcmp(written, "true") == 0;
	else if (option->type == CONF_T_WORD)
		while (strcmp(option->words[value->number], written) != 0)
			value->number++;
	else if (to_number(option->type, written, &value->number))
		value->number = 0;
}

void conf_values_init(struct conf_values *values)
{
	for (size_t i = 0; i < CONF_N_KEYS; i++)
		set_default(&options[i], &values->of[i]);
}

static const struct conf_option *find(const char *name, unsigned where)
{
	for (size_t i = 0; i < CONF_N_KEYS; i++) {
		if ((options[i].where & where) && strcmp(options[i].name, name) == 0)
			return &options[i];
	}
	return NULL;
}

static const char *place_of(unsigned where)
{
	if (where & CONF_IN_MAIN)
		return "at the top level";
	if (where & CONF_IN_SOURCE)
		return "in a source";
	if (where & CONF_IN_PARSER)
		return "in a parser";
	if (where & CONF_IN_PARTITIONER)
		return "in a partitioner";
	return where & CONF_IN_RULE ? "in a rule of a partitioner" : "in a header";
}

static void complain_unknown(const struct conf_node *node, unsigned where, const char *what,
			     struct conf_problems *problems)
{
	const struct conf_option *elsewhere = find(node->name, ~0u);
	const char *names[CONF_N_KEYS], *near;
	size_t n = 0;

	for (size_t i = 0; i < CONF_N_KEYS; i++) {
		if (options[i].where & where)
			names[n++] = options[i].name;
	}
	near = names_nearest(node->name, names, n);
	if (elsewhere)
		conf_problem(problems, node->place, "%sunknown key \"%s\": it belongs %s", what,
			     node->name, place_of(elsewhere->where));
	else if (near)
		conf_problem(problems, node->place, "%sunknown key \"%s\" (did you mean \"%s\"?)",
			     what, node->name, near);
	else
		conf_problem(problems, node->place, "%sunknown key \"%s\"", what, node->name);
}

void conf_values_read(struct conf_values *values, const struct conf_node *group, unsigned where,
		      const char *what, struct conf_problems *problems)
{
	for (size_t i = 0; i < group->n_kids; i++) {
		const struct conf_node *node = group->kids[i];
		const struct conf_option *option = find(node->name, where);
		struct reader reader = {option, node, what, problems};
		struct conf_value value = {.node = node};

		if (!option)
			complain_unknown(node, where, what, problems);
		else if (read_value(&reader, &value))
			values->of[option - options] = value;
	}
	for (size_t i = 0; i < CONF_N_KEYS; i++) {
		const struct conf_option *option = &options[i];

		if ((option->where & where) && option->required &&
		    !conf_node_find(group, option->name))
			conf_problem(problems, group->place, "%s%s is missing", what, option->name);
	}
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The only place that reads JSON, with jansson: what preview prints is read back rather than that
 * records are compared as structs, so a test holds exactly what its reader can see. An outcome
 * without a record is words; a string among the objects stands for it here.
 */
#include "cmd/test/expect.h"

#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cmd/test/time.h"
#include "parsers/names.h"

#define READ_FLAGS (JSON_REJECT_DUPLICATES | JSON_ALLOW_NUL)
#define WRITE_FLAGS (JSON_ENCODE_ANY | JSON_REAL_PRECISION(17))
#define SKIPPED "skipped"
#define DEAD_LETTER "dead letter: "

/* An expectation that is longer has a line for each member. */
#define COLUMNS 80

struct outcomes {
	json_t *list;
};

struct outcomes *outcomes_free(struct outcomes *outcomes)
{
	if (outcomes)
		json_decref(outcomes->list);
	free(outcomes);
	return NULL;
}

size_t outcomes_count(const struct outcomes *outcomes)
{
	return json_array_size(outcomes->list);
}

static struct outcomes *outcomes_new(void)
{
	struct outcomes *outcomes = calloc(1, sizeof *outcomes);

	if (!outcomes)
		return NULL;
	outcomes->list = json_array();
	return outcomes->list ? outcomes : outcomes_free(outcomes);
}

static unsigned line_of(struct slice text, const char *at)
{
	unsigned line = 1;

	for (const char *c = text.at; c < at; c++)
		line += *c == '\n';
	return line;
}

/*
 * A timestamp may be a number, as preview prints it, or a date in any zone: here it becomes a date
 * in UTC. What is neither stays, and is like none.
 */
static int set_date(json_t *record)
{
	json_t *timestamp = json_object_get(record, "timestamp");
	char text[TEST_TIME_LEN];
	int64_t ms = 0;
	int r = 0;

	if (json_is_integer(timestamp))
		ms = json_integer_value(timestamp);
	else if (json_is_string(timestamp))
		r = test_time_read(json_string_value(timestamp), &ms);
	else
		return 0;
	if (r)
		return r < 0 ? r : 0;
	test_time_write(ms, text);
	return json_object_set_new(record, "timestamp", json_string(text)) ? -ENOMEM : 0;
}

/* The object at *at, which is moved behind it. NULL: *ret_error is filled. */
static json_t *parse_record(struct slice text, const char **at, struct outcomes_error *ret_error)
{
	size_t left = (size_t)(text.at + text.len - *at);
	json_error_t error;
	json_t *record = json_loadb(*at, left, READ_FLAGS | JSON_DISABLE_EOF_CHECK, &error);

	if (!record) {
		ret_error->line =
			line_of(text, *at) + (unsigned)(error.line > 0 ? error.line : 1) - 1;
		snprintf(ret_error->message, sizeof ret_error->message, "not JSON: %s", error.text);
		return NULL;
	}
	*at += error.position;
	return record;
}

/* The words of the line at *at, which is moved behind it. NULL: *ret_error is filled. */
static json_t *parse_words(struct slice text, const char **at, struct outcomes_error *ret_error)
{
	const char *end = memchr(*at, '\n', (size_t)(text.at + text.len - *at));
	struct slice words = {*at, (size_t)((end ? end : text.at + text.len) - *at)};
	size_t dead = strlen(DEAD_LETTER);
	json_t *outcome = NULL;

	while (words.len && strchr(" \t\r", words.at[words.len - 1]))
		words.len--;
	*at += words.len;
	/* NULL as well for what is not UTF-8. */
	if (slice_eq(words, slice_of(SKIPPED)) ||
	    (words.len > dead && memcmp(words.at, DEAD_LETTER, dead) == 0 &&
	     !memchr(words.at, 0, words.len)))
		outcome = json_stringn(words.at, words.len);
	if (outcome)
		return outcome;
	ret_error->line = line_of(text, words.at);
	snprintf(ret_error->message, sizeof ret_error->message,
		 "expected may be a record, {\"key\": \"A-1\"}, or \"" SKIPPED
		 "\", or \"" DEAD_LETTER "REASON\"");
	return NULL;
}

int outcomes_parse(struct slice text, struct outcomes **ret_outcomes,
		   struct outcomes_error *ret_error)
{
	struct outcomes *outcomes = outcomes_new();
	const char *at = text.at, *end = text.at + text.len;
	json_t *one;

	if (!outcomes)
		return -ENOMEM;
	for (;;) {
		while (at < end && strchr(" \t\r\n", *at))
			at++;
		if (at == end)
			break;
		one = *at == '{' ? parse_record(text, &at, ret_error) :
				   parse_words(text, &at, ret_error);
		if (!one || set_date(one) || json_array_append(outcomes->list, one)) {
			json_decref(one);
			outcomes_free(outcomes);
			return one ? -ENOMEM : OUTCOMES_E_SYNTAX;
		}
		json_decref(one);
	}
	*ret_outcomes = outcomes;
	return 0;
}

/* What preview says of one line → an outcome. Takes the reference; NULL when memory is out. */
static json_t *outcome_of(json_t *seen)
{
	const json_t *letter = json_object_get(seen, "dead_letter");
	json_t *outcome;

	if (letter)
		outcome = json_sprintf(DEAD_LETTER "%s", json_string_value(letter));
	else if (json_is_null(json_object_get(seen, "topic")))
		outcome = json_string(SKIPPED);
	else
		outcome = set_date(seen) ? NULL : json_incref(seen);
	json_decref(seen);
	return outcome;
}

int outcomes_take(struct slice json, struct outcomes **ret_outcomes)
{
	struct outcomes *outcomes = outcomes_new();
	const char *at = json.at, *end = json.at + json.len;

	if (!outcomes)
		return -ENOMEM;
	while (at < end) {
		json_error_t error;
		json_t *seen = json_loadb(at, (size_t)(end - at),
					  READ_FLAGS | JSON_DISABLE_EOF_CHECK, &error);

		if (!seen || json_array_append_new(outcomes->list, outcome_of(seen))) {
			outcomes_free(outcomes);
			return seen ? -ENOMEM : -EBADMSG;
		}
		at += error.position;
		at += strspn(at, "\n");
	}
	*ret_outcomes = outcomes;
	return 0;
}

/* Comparing */

struct comparison {
	outcomes_differ_fn *differ;
	void *context;
	size_t outcome;
	int n;
	bool no_memory;
};

/* As it is shown; malloc'ed. NULL for NULL. */
static char *text_of(struct comparison *comparison, const char *where, const json_t *value)
{
	char *text;

	if (!value)
		return NULL;
	if (json_is_string(value) && !*where)
		text = strdup(json_string_value(value));
	else
		text = json_dumps(value, WRITE_FLAGS);
	comparison->no_memory |= !text;
	return text;
}

static void tell(struct comparison *comparison, const char *where, const json_t *expected,
		 const json_t *got)
{
	char *left = text_of(comparison, where, expected);
	char *right = text_of(comparison, where, got);

	comparison->n++;
	comparison->differ(comparison->context, comparison->outcome, where, left, right);
	free(left);
	free(right);
}

static void compare_value(struct comparison *comparison, const char *where, const json_t *expected,
			  const json_t *got);

/* Elements at the same place; those of the longer list that are over. */
static void compare_lists(struct comparison *comparison, const char *where, const json_t *expected,
			  const json_t *got)
{
	size_t n = json_array_size(expected), m = json_array_size(got);
	char place[128];

	for (size_t i = 0; i < n || i < m; i++) {
		snprintf(place, sizeof place, "%s[%zu]", where, i);
		compare_value(comparison, place, json_array_get(expected, i),
			      json_array_get(got, i));
	}
}

static void compare_value(struct comparison *comparison, const char *where, const json_t *expected,
			  const json_t *got)
{
	if (json_is_array(expected) && json_is_array(got))
		compare_lists(comparison, where, expected, got);
	else if (!expected || !got || !json_equal(expected, got))
		tell(comparison, where, expected, got);
}

/* A member that no record has: most likely a slip of the pen. */
static void tell_unknown(struct comparison *comparison, const char *name, json_t *expected,
			 json_t *got)
{
	const char *names[32], *near, *other;
	json_t *value, *words;
	size_t n = 0;

	json_object_foreach(got, other, value)
	{
		if (n < ARRAY_LEN(names))
			names[n++] = other;
	}
	near = names_nearest(name, names, n);
	words = near ? json_sprintf("no \"%s\" (did you mean \"%s\"?)", name, near) :
		       json_sprintf("no \"%s\"", name);
	tell(comparison, name, expected, words);
	json_decref(words);
}

static void compare_records(struct comparison *comparison, json_t *expected, json_t *got)
{
	const char *name;
	json_t *value;

	json_object_foreach(expected, name, value)
	{
		if (json_object_get(got, name))
			compare_value(comparison, name, value, json_object_get(got, name));
		else
			tell_unknown(comparison, name, value, got);
	}
}

static void compare_outcomes(struct comparison *comparison, json_t *expected, json_t *got)
{
	if (json_is_object(expected) && json_is_object(got))
		compare_records(comparison, expected, got);
	else
		compare_value(comparison, "", expected, got);
}

int outcomes_compare(const struct outcomes *expected, const struct outcomes *got,
		     outcomes_differ_fn *differ, void *context)
{
	struct comparison comparison = {.differ = differ, .context = context};
	size_t n = outcomes_count(expected), m = outcomes_count(got);

	for (; comparison.outcome < n || comparison.outcome < m; comparison.outcome++)
		compare_outcomes(&comparison, json_array_get(expected->list, comparison.outcome),
				 json_array_get(got->list, comparison.outcome));
	return comparison.no_memory ? -ENOMEM : comparison.n;
}

/* Writing */

/* What is got, of the members that are expected. A new reference, or NULL. */
static json_t *chosen(json_t *expected, json_t *got)
{
	json_t *some, *value;
	const char *name;

	if (!json_is_object(expected) || !json_is_object(got) || !json_object_size(expected))
		return json_incref(got);
	some = json_object();
	json_object_foreach(expected, name, value)
	{
		json_t *now = json_object_get(got, name);

		if (some && now && json_object_set(some, name, now)) {
			json_decref(some);
			some = NULL;
		}
	}
	return some;
}

static void write_value(FILE *to, const json_t *value)
{
	if (json_dumpf(value, to, WRITE_FLAGS))
		fputs("null", to);
}

/* Headers have a line each: what is added or gone is then a line in a diff. */
static void write_list(FILE *to, const json_t *list)
{
	for (size_t i = 0; i < json_array_size(list); i++) {
		fputs(i ? ",\n>     " : "[\n>     ", to);
		write_value(to, json_array_get(list, i));
	}
	fputs(json_array_size(list) ? " ]" : "[]", to);
}

/* With its escapes: a name may hold quotes and backslashes as any other string may. */
static void write_name(FILE *to, const char *name)
{
	json_t *string = json_string(name);

	write_value(to, string);
	json_decref(string);
}

static void write_members(FILE *to, json_t *record)
{
	const char *name, *before = "> { ";
	json_t *value;

	json_object_foreach(record, name, value)
	{
		fputs(before, to);
		write_name(to, name);
		fputs(": ", to);
		if (json_is_array(value))
			write_list(to, value);
		else
			write_value(to, value);
		before = ",\n>   ";
	}
	fputs(" }\n", to);
}

/* 0 or -ENOMEM. */
static int write_outcome(FILE *to, json_t *outcome)
{
	char *text;

	if (json_is_string(outcome)) {
		fprintf(to, "> %s\n", json_string_value(outcome));
		return 0;
	}
	text = json_dumps(outcome, WRITE_FLAGS);
	if (!text)
		return -ENOMEM;
	if (strlen(text) + 2 <= COLUMNS)
		fprintf(to, "> %s\n", text);
	else
		write_members(to, outcome);
	free(text);
	return 0;
}

int outcomes_write(const struct outcomes *got, const struct outcomes *expected, char **ret_text,
		   size_t *ret_len)
{
	char *text = NULL;
	size_t len;
	FILE *to = open_memstream(&text, &len);
	int r = to ? 0 : -ENOMEM;

	for (size_t i = 0; !r && i < outcomes_count(got); i++) {
		json_t *one =
			chosen(json_array_get(expected->list, i), json_array_get(got->list, i));

		r = one ? write_outcome(to, one) : -ENOMEM;
		json_decref(one);
	}
	if (to && fclose(to) && !r)
		r = -ENOMEM;
	if (r) {
		free(text);
		return r;
	}
	*ret_text = text;
	*ret_len = len;
	return 0;
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Whether a pattern can be driven into endless backtracking is hard to prove and easy to try. From
 * the pattern's text a line is made that it would match; then every part of that line is repeated,
 * as an attacker or a broken application would, and the end is spoilt so that the match has to go
 * back. The judge is the match itself with the limit that run has, so nothing is said about a
 * pattern that merely looks dangerous: "(\w+\s)+" is harmless.
 *
 * 256 bytes a line: with quadratic effort, which most patterns have on some line, the limit of
 * 100,000 steps is not reached, with cubic or exponential it is.
 *
 * Not understood: conditions, recursion, backreferences. What is missed costs some milliseconds a
 * line at run time, and is counted there.
 */
#include "cmd/check/pattern.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cmd/check/check.h"
#include "conf_build.h"
#include "conf_read.h"

/* Longest part that is repeated. */
#define UNIT_MAX 4

/* Groups within groups; deeper ones are passed over. */
#define DEPTH_MAX 32

/* ---- a text that matches ---- */

/* One character for a class of a backslash; 0: it stands for no character. */
static char escaped(char c, char filler)
{
	if (c == 'd')
		return '0';
	if (strchr("wSNVH", c))
		return filler;
	if (c == 'D')
		return 'a';
	if (c == 's' || c == 'h' || c == 'W')
		return ' ';
	if (c == 't')
		return '\t';
	return isalnum((unsigned char)c) ? 0 : c;
}

/* Behind the class that begins at at ('['); *ret_c is one of its characters. */
static const char *skip_class(const char *at, char filler, char *ret_c)
{
	bool negated = at[1] == '^';
	const char *first = at + 1 + negated;

	at = first;
	if (*at == ']')
		at++;
	while (*at && *at != ']') {
		const char *named = at[0] == '[' && at[1] == ':' ? strstr(at + 2, ":]") : NULL;

		if (named)
			at = named + 2;
		else
			at += at[0] == '\\' && at[1] ? 2 : 1;
	}
	if (negated)
		*ret_c = memchr(first, filler, (size_t)(at - first)) ? '!' : filler;
	else if (*first == '\\')
		*ret_c = escaped(first[1], filler);
	else
		*ret_c = first[0] == '[' && first[1] == ':' ? filler : *first;
	return *at ? at + 1 : at;
}

/* Behind the "?<name>", "?:", "?=" of a group that began at at - 1. */
static const char *skip_group_head(const char *at)
{
	if (*at != '?')
		return at;
	at++;
	if (*at == 'P')
		at++;
	if ((*at == '<' && at[1] != '=' && at[1] != '!') || *at == '\'') {
		at += strcspn(at + 1, ">'") + 1;
		return *at ? at + 1 : at;
	}
	while (*at && !strchr(":=!>|)", *at))
		at++;
	return *at && *at != ')' ? at + 1 : at;
}

/* Behind a quantifier, if there is one. */
static const char *skip_quantifier(const char *at)
{
	if (*at == '{' && isdigit((unsigned char)at[1]) && strchr(at, '}'))
		at = strchr(at, '}') + 1;
	else if (*at && strchr("*+?", *at))
		at++;
	else
		return at;
	return *at && strchr("?+", *at) ? at + 1 : at;
}

/* Behind the alternatives that follow the first one: to the ')' that ends their group. */
static const char *skip_alternatives(const char *at)
{
	int depth = 0;
	char c;

	while (*at && !(depth == 0 && *at == ')')) {
		if (*at == '[') {
			at = skip_class(at, 'a', &c);
			continue;
		}
		if (*at == '\\' && at[1])
			at++;
		else if (*at == '(' || *at == ')')
			depth += *at == '(' ? 1 : -1;
		at++;
	}
	return at;
}

size_t check_pattern_sample(const char *at, char filler, char ret_sample[CHECK_SAMPLE_MAX + 1])
{
	size_t n = 0;

	while (*at && n < CHECK_SAMPLE_MAX) {
		char c = 0;

		if (*at == '\\' && at[1]) {
			c = escaped(at[1], filler);
			at += 2;
		} else if (*at == '[') {
			at = skip_class(at, filler, &c);
		} else if (*at == '(') {
			at = skip_group_head(at + 1);
			continue;
		} else if (*at == '|') {
			at = skip_alternatives(at + 1);
			continue;
		} else {
			c = strchr("^$)", *at) ? 0 : *at == '.' ? filler : *at;
			at++;
		}
		if (c)
			ret_sample[n++] = c;
		at = skip_quantifier(at);
	}
	ret_sample[n] = '\0';
	return n;
}

/* ---- a quantifier on a quantifier ---- */

/* Whether an unbounded quantifier stands at at that can give back what it took. */
static bool is_greedy_for_ever(const char *at)
{
	const char *end = skip_quantifier(at);

	if (end == at || *at == '?' || (end - at > 1 && end[-1] == '+'))
		return false;
	if (*at != '{')
		return true;
	at = strpbrk(at, ",}");
	return at && *at == ',' && at[1] == '}';
}

bool check_pattern_nested(const char *pattern, size_t *ret_at)
{
	struct {
		size_t start;
		bool repeats, atomic;
	} groups[DEPTH_MAX] = {{0}};
	const char *at = pattern;
	size_t depth = 0;
	char c;

	while (*at) {
		bool closed = false;

		if (*at == '(' && depth + 1 < DEPTH_MAX) {
			groups[++depth].start = (size_t)(at - pattern);
			groups[depth].repeats = false;
			groups[depth].atomic = strncmp(at, "(?>", 3) == 0;
			at = skip_group_head(at + 1);
			continue;
		}
		if (*at == '[') {
			at = skip_class(at, 'a', &c);
		} else {
			closed = *at == ')' && depth > 0;
			at += *at == '\\' && at[1] ? 2 : 1;
		}
		if (closed && groups[depth].repeats && !groups[depth].atomic) {
			groups[depth - 1].repeats = true;
			if (is_greedy_for_ever(at)) {
				*ret_at = groups[depth].start;
				return true;
			}
		}
		depth -= closed;
		if (is_greedy_for_ever(at))
			groups[depth].repeats = true;
		at = skip_quantifier(at);
	}
	return false;
}

/* ---- trials ---- */

/* What is put behind the repeated part: a byte that few patterns want, two blanks, nothing. */
static const char *const ends[] = {"\x01", "  \x01", ""};

/*
 * With and without the rest of the sample at its end: PCRE2 does not even begin when a character
 * that must come later is not there.
 */
static bool gives_up(const struct pattern *compiled, struct pattern_scratch *scratch,
		     struct slice sample, size_t before, size_t unit)
{
	struct slice fields[PATTERN_FIELDS_MAX];
	char text[2 * CHECK_SAMPLE_MAX + CHECK_TRIAL_LEN + 8];
	size_t repeated = CHECK_TRIAL_LEN / unit * unit, behind = before + unit, len;

	memcpy(text, sample.at, before);
	for (size_t i = 0; i < repeated; i++)
		text[before + i] = sample.at[before + i % unit];
	for (size_t e = 0; e < 2 * ARRAY_LEN(ends); e++) {
		const char *end = ends[e / 2];

		len = before + repeated;
		memcpy(text + len, end, strlen(end));
		len += strlen(end);
		if (e % 2) {
			memcpy(text + len, sample.at + behind, sample.len - behind);
			len += sample.len - behind;
		}
		if (pattern_match(compiled, scratch, (struct slice){text, len}, fields) ==
		    PATTERN_E_LIMIT)
			return true;
	}
	return false;
}

bool check_pattern_backtracks(const struct pattern *compiled, struct pattern_scratch *scratch,
			      const char *sample, size_t len, const char **ret_unit,
			      size_t *ret_len)
{
	for (size_t unit = 1; unit <= UNIT_MAX; unit++) {
		for (size_t at = 0; at + unit <= len; at++) {
			if (!gives_up(compiled, scratch, (struct slice){sample, len}, at, unit))
				continue;
			*ret_unit = sample + at;
			*ret_len = unit;
			return true;
		}
	}
	return false;
}

/* ---- the patterns of a configuration ---- */

struct trial {
	const char *what; /* whose pattern it is, in the message */
	struct conf_place place;
	const char *text; /* as its user wrote it */
	const struct pattern *compiled;
	const char *outcome; /* what becomes of a line on which it gives up */
};

static void tell(struct check *check, const struct trial *trial, const char *unit, size_t len)
{
	char part[UNIT_MAX + 1] = "", where[128] = "";
	size_t at;

	for (size_t i = 0; i < len && i < UNIT_MAX; i++)
		part[i] = isprint((unsigned char)unit[i]) ? unit[i] : '?';
	if (check_pattern_nested(trial->text, &at))
		snprintf(where, sizeof where,
			 " The repeated group at character %zu repeats something itself: make one "
			 "possessive (\"++\").",
			 at + 1);
	check_find(&check->report, CHECK_WARNING, trial->place,
		   "%s: the pattern backtracks badly: a line of %d characters with \"%s\" "
		   "repeated uses up the match limit\n"
		   "Such lines are %s, and cost 50 times the usual CPU.\n"
		   "Make parts that follow each other exclude each other (\"[^ ]+ \" and not "
		   "\".*\").%s",
		   trial->what, CHECK_TRIAL_LEN, part, trial->outcome, where);
}

static void try_pattern(struct check *check, struct pattern_scratch *scratch,
			const struct trial *trial)
{
	static const char fillers[] = {'a', '0'};
	char sample[CHECK_SAMPLE_MAX + 1];
	const char *unit;
	size_t len;

	for (size_t i = 0; i < ARRAY_LEN(fillers); i++) {
		len = check_pattern_sample(trial->text, fillers[i], sample);
		if (check_pattern_backtracks(trial->compiled, scratch, sample, len, &unit, &len)) {
			tell(check, trial, unit, len);
			return;
		}
	}
}

/* The pattern as its user wrote it. 0: *ret_text is the caller's or NULL. -ENOMEM. */
static int text_of(const struct check *check, size_t index, char **ret_text)
{
	const struct conf_node *group = check_group(check, CONF_PARSERS, index);
	const struct conf_node *pattern = conf_node_find(group, "pattern");
	const struct conf_node *file = conf_node_find(group, "pattern_file");
	char *path;
	size_t len;
	int r;

	*ret_text = NULL;
	if (pattern) {
		*ret_text = strdup(pattern->text);
		return *ret_text ? 0 : -ENOMEM;
	}
	path = file ? conf_path_beside(file->place.file, file->text) : NULL;
	if (!path)
		return file ? -ENOMEM : 0;
	r = conf_read(path, CONF_FILE_MAX, ret_text, &len);
	free(path);
	return r < 0 ? r : 0;
}

static int try_parser(struct check *check, struct pattern_scratch *scratch, size_t index)
{
	const struct conf_parser *parser = &check->conf->parsers[index];
	char what[128], *text;
	struct trial trial = {
		.what = what,
		.place = check_place(check, CONF_PARSERS, index, CONF_PATTERN),
		.compiled = parser->pattern,
		.outcome = "shipped without key and captured headers",
	};
	int r = parser->pattern ? text_of(check, index, &text) : 0;

	if (r || !parser->pattern || !text)
		return r;
	snprintf(what, sizeof what, "parser \"%.64s\"", parser->name);
	trial.text = text;
	try_pattern(check, scratch, &trial);
	free(text);
	return 0;
}

/*
 * The rules of one list, which may be NULL. They are compiled once more: a wrong one is not in the
 * conf's list, so its members cannot be told by their number.
 */
static int try_redact(struct check *check, struct pattern_scratch *scratch,
		      const struct conf_node *list, const char *whose)
{
	size_t n = list && list->kind == CONF_LIST ? list->n_kids : 0;

	for (size_t i = 0; i < n; i++) {
		const struct conf_node *text = conf_node_find(list->kids[i], "pattern");
		struct pattern *compiled = NULL;
		struct pattern_error error;
		char what[128];
		struct trial trial = {.what = what,
				      .outcome = "withheld (nothing of them is sent)"};
		int r;

		if (!text || text->kind != CONF_TEXT)
			continue;
		r = pattern_compile(text->text, strlen(text->text), &compiled, &error);
		if (r < 0)
			return r;
		if (r)
			continue;
		snprintf(what, sizeof what, "%sredact: rule %zu", whose, i + 1);
		trial.place = text->place;
		trial.text = text->text;
		trial.compiled = compiled;
		try_pattern(check, scratch, &trial);
		pattern_free(compiled);
	}
	return 0;
}

/* Those of the top level and those of each source. */
static int try_all_redact(struct check *check, struct pattern_scratch *scratch)
{
	const struct conf_node *root = check->load.root;
	int r = try_redact(check, scratch, conf_node_find(root, "redact"), "");

	for (size_t i = 0; i < check->conf->n_sources && r == 0; i++) {
		const struct conf_node *group = check_group(check, CONF_SOURCES, i);
		char whose[96];

		snprintf(whose, sizeof whose, "source \"%.64s\": ", check->conf->sources[i].name);
		if (group)
			r = try_redact(check, scratch, conf_node_find(group, "redact"), whose);
	}
	return r;
}

static void check_jit(struct check *check)
{
	bool works = pattern_jit_works();

	if (!works)
		check_find(
			&check->report, CHECK_WARNING, CHECK_NOWHERE,
			"PCRE2 cannot compile patterns to machine code here (no JIT)\n"
			"Matching takes three times as long.\n"
			"In the unit MemoryDenyWriteExecute=yes forbids it: leave that line out.");
	for (size_t i = 0; works && i < check->conf->n_parsers; i++) {
		const struct conf_parser *parser = &check->conf->parsers[i];

		if (parser->pattern && !pattern_has_jit(parser->pattern))
			check_find(&check->report, CHECK_NOTE,
				   check_place(check, CONF_PARSERS, i, CONF_PATTERN),
				   "parser \"%s\": PCRE2 does not compile this pattern to machine "
				   "code: matching takes three times as long",
				   parser->name);
	}
}

int check_patterns(struct check *check)
{
	struct pattern_scratch *scratch;
	int r = 0;

	if (check->conf->n_parsers > 0)
		check_jit(check);
	scratch = pattern_scratch_new();
	if (!scratch)
		return -ENOMEM;
	for (size_t i = 0; i < check->conf->n_parsers && r == 0; i++)
		r = try_parser(check, scratch, i);
	if (r == 0)
		r = try_all_redact(check, scratch);
	pattern_scratch_free(scratch);
	return r;
}

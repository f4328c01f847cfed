/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The patterns of a configuration, the parsers' and those of redact, are tried one by one
 * (trial.c says how), and a finding names what becomes of the lines on which one gives up: that
 * differs, for a line that is not parsed is shipped, one that is not redacted is not.
 *
 * A text is read again where its user wrote it, since a compiled pattern does not tell it.
 */
#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cmd/check/check.h"
#include "cmd/check/trial.h"
#include "conf/build.h"
#include "settings/read.h"

struct trial {
	const char *what; /* whose pattern it is, in the message */
	struct conf_place place;
	const char *text; /* as its user wrote it */
	const struct pattern *compiled;
	const char *outcome; /* what becomes of a line on which it gives up */
};

static void tell(struct check *check, const struct trial *trial, const char *unit, size_t len)
{
	char part[CHECK_UNIT_MAX + 1] = "", where[128] = "";
	size_t at;

	for (size_t i = 0; i < len && i < CHECK_UNIT_MAX; i++)
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

/* Pattern n as its user wrote it. 0: *ret_text is the caller's or NULL. -ENOMEM. */
static int text_of(const struct check *check, size_t index, size_t n, char **ret_text)
{
	const struct conf_node *group = check_group(check, CONF_PARSERS, index);
	const struct conf_node *pattern = conf_node_find(group, "pattern");
	const struct conf_node *list = conf_node_find(group, "patterns");
	const struct conf_node *file = conf_node_find(group, "pattern_file");
	char *path;
	size_t len;
	int r;

	*ret_text = NULL;
	if (list)
		pattern = list->kind == CONF_LIST ? list->kids[n] : list;
	if (pattern) {
		*ret_text = strdup(pattern->text);
		return *ret_text ? 0 : -ENOMEM;
	}
	path = file ? conf_path_beside(file->place.file->name, file->text) : NULL;
	if (!path)
		return file ? -ENOMEM : 0;
	r = conf_read(path, CONF_FILE_MAX, ret_text, &len);
	free(path);
	return r < 0 ? r : 0;
}

static int try_parser(struct check *check, struct pattern_scratch *scratch, size_t index, size_t n)
{
	const struct conf_parser *parser = &check->conf->parsers[index];
	char what[128], *text;
	struct trial trial = {
		.what = what,
		.place = check_place(check, CONF_PARSERS, index, CONF_PATTERN),
		.compiled = parser->link.patterns[n],
		.outcome = "shipped without key and captured headers",
	};
	int r = text_of(check, index, n, &text);

	if (r || !text)
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
	const struct conf_node *root = check->load.text.root;
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

		for (size_t n = 0; n < parser->link.n_patterns; n++)
			if (!pattern_has_jit(parser->link.patterns[n]))
				check_find(&check->report, CHECK_NOTE,
					   check_place(check, CONF_PARSERS, i, CONF_PATTERN),
					   "parser \"%s\": PCRE2 does not compile this pattern to "
					   "machine "
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
	for (size_t i = 0; i < check->conf->n_parsers; i++)
		for (size_t n = 0; n < check->conf->parsers[i].link.n_patterns && r == 0; n++)
			r = try_parser(check, scratch, i, n);
	if (r == 0)
		r = try_all_redact(check, scratch);
	pattern_scratch_free(scratch);
	return r;
}

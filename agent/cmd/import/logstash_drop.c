/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The filter drop as a rule. Its condition is about one field, which is held against a text, a
 * pattern or a list: any other is a program.
 */
#include <stdlib.h>
#include <string.h>

#include "cmd/import/logstash.h"

/* The quote or slash that closes the text at `at`; NULL: there is none. */
static const char *text_end(const char *at)
{
	char quote = *at;

	if (!quote || !strchr("\"'/", quote))
		return NULL;
	for (at++; *at && *at != quote; at++)
		at += *at == '\\' && at[1];
	return *at ? at : NULL;
}

static void put_text(FILE *to, const char *at, const char *end, bool is_pattern)
{
	for (; at < end; at++) {
		/* A slash that is no end is written with a backslash. */
		if (is_pattern && *at == '\\' && at[1] == '/')
			continue;
		if (!is_pattern && strchr("\\^$.|?*+()[]{}", *at))
			fputc('\\', to);
		fputc(*at, to);
	}
}

/* The operand of a condition as a pattern, at its quote, slash or bracket. malloc'ed or NULL. */
static char *operand(const char *text, bool is_pattern)
{
	bool list = *text == '[', any = false;
	char *made = NULL;
	const char *end;
	size_t len;
	FILE *to = open_memstream(&made, &len);

	if (!to)
		return NULL;
	fputs(is_pattern ? "" : "^(?:", to);
	for (text += list; (text += strspn(text, list ? " ," : ""), end = text_end(text));
	     any = true) {
		fputs(any ? "|" : "", to);
		put_text(to, text + 1, end, is_pattern);
		text = end + 1;
		if (!list)
			break;
	}
	fputs(is_pattern ? "" : ")$", to);
	fclose(to);
	if (any || end)
		return made;
	free(made);
	return NULL;
}

/* "[level] == "debug"" and its kin as the pattern of a rule. False: it is none of these. */
static bool put_condition(struct logstash_filter *f, const char *condition)
{
	static const struct {
		const char *word;
		bool pattern, not ;
	} words[] = {
		{"==", false, false}, {"!=", false, true},   {"=~", true, false},
		{"!~", true, true},   {"in ", false, false}, {"not in ", false, true},
	};
	size_t len = strspn(condition, "[]@_-.abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
				       "0123456789");
	const char *at = condition + len + strspn(condition + len, " ");
	char name[128], *pattern = NULL;
	size_t row = 0;
	FILE *to;

	while (row < ARRAY_LEN(words) && strncmp(at, words[row].word, strlen(words[row].word)) != 0)
		row++;
	if (row < ARRAY_LEN(words) && *condition == '[') {
		at += strlen(words[row].word);
		pattern = operand(at + strspn(at, " "), words[row].pattern);
	}
	if (!pattern || strstr(at, " and ") || strstr(at, " or ")) {
		free(pattern);
		return false;
	}
	logstash_field(f->c, (struct slice){condition, len}, name, sizeof name);
	to = logstash_row(&f->c->rules);
	if (to) {
		fprintf(to, "{ name = \"drop-%u\"; action = \"%s\"; ", f->number + 1,
			words[row].not ? "keep" : "drop");
		/* What is missing is not equal, and so dropped, too. */
		fprintf(to, "value = \"${%s%s}\";\n        pattern = ",
			strcmp(name, "message") == 0 ? f->c->message : name,
			words[row].not ? ":-" : "");
		write_quoted(to, pattern);
		fputs("; }", to);
	}
	free(pattern);
	return true;
}

bool logstash_drop(struct logstash_filter *f, const char *condition)
{
	const char *percentage = logstash_value(f, "percentage");
	int kept = percentage ? 100 - atoi(percentage) : 0;
	FILE *to;

	if (strcmp(condition, "\"_grokparsefailure\" in [tags]") == 0 && !percentage) {
		f->c->skips = true;
		return true;
	}
	if (*condition && !percentage)
		return put_condition(f, condition);
	if (*condition || kept <= 0 || 100 % kept != 0)
		return false;
	to = logstash_row(&f->c->rules);
	if (to)
		fprintf(to, "{ name = \"drop-%u\"; action = \"sample\"; one_in = %d; }",
			f->number + 1, 100 / kept);
	return true;
}

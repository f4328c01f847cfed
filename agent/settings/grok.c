/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Macros of a parser of the type grok: "NAME PATTERN", in the configuration or in a file of such
 * lines, as people have them. Both are kept as text for the time of the load only.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "settings/grok.h"
#include "settings/read.h"

void conf_macros_deinit(struct conf_macros *macros)
{
	for (size_t i = 0; i < macros->n_texts; i++)
		free(macros->texts[i]);
	free(macros->texts);
	free(macros->of);
	*macros = (struct conf_macros){0};
}

/* The first one of a name is the one that is found, so the user's later ones go to the front. */
static int add(struct conf_macros *macros, struct slice name, struct slice text)
{
	struct grok_macro *of = reallocarray(macros->of, macros->n + 1, sizeof *of);

	if (!of)
		return -ENOMEM;
	macros->of = of;
	memmove(of + 1, of, macros->n++ * sizeof *of);
	of[0] = (struct grok_macro){name, text};
	return 0;
}

/* text is consumed. */
static int keep(struct conf_macros *macros, char *text)
{
	char **texts = reallocarray(macros->texts, macros->n_texts + 1, sizeof *texts);

	if (!texts || !text) {
		free(text);
		return -ENOMEM;
	}
	macros->texts = texts;
	texts[macros->n_texts++] = text;
	return 0;
}

/* One line. False: it is none. */
static bool split(struct slice line, struct slice *ret_name, struct slice *ret_text)
{
	size_t name = 0, blanks;

	while (name < line.len && !strchr(" \t", line.at[name]))
		name++;
	for (blanks = name; blanks < line.len && strchr(" \t", line.at[blanks]);)
		blanks++;
	*ret_name = (struct slice){line.at, name};
	*ret_text = (struct slice){line.at + blanks, line.len - blanks};
	return name && blanks < line.len;
}

static int add_line(struct conf_macros *macros, struct conf_problems *problems,
		    struct conf_place place, const char *label, struct slice line)
{
	struct slice name, text;

	if (line.len && line.at[line.len - 1] == '\r')
		line.len--;
	if (!line.len || *line.at == '#')
		return 0;
	if (split(line, &name, &text))
		return add(macros, name, text);
	conf_problem(problems, place, "%smacros: \"%.*s\" is not \"NAME PATTERN\"", label,
		     (int)(line.len < 48 ? line.len : 48), line.at);
	return 0;
}

static int add_lines(struct conf_macros *macros, struct conf_problems *problems,
		     struct conf_place place, const char *label, char *text)
{
	int r = keep(macros, text);

	/* What is out of memory is gone by now. */
	while (r == 0 && *text) {
		size_t len = strcspn(text, "\n");

		r = add_line(macros, problems, place, label, (struct slice){text, len});
		text += len + (text[len] == '\n');
	}
	return r;
}

static int add_file(struct conf_macros *macros, struct conf_problems *problems,
		    const struct conf_node *name, const char *label)
{
	char *path = conf_path_beside(name->place.file->name, name->text), *text, words[160];
	size_t len;
	int r = path ? conf_read(path, CONF_FILE_MAX, &text, &len) : -ENOMEM;

	if (r == READ_E_FAILED)
		conf_problem(problems, name->place, "%smacros_file %s %s", label, path,
			     conf_read_message(errno, words, sizeof words));
	else if (r == 0)
		r = add_lines(macros, problems, name->place, label, text);
	free(path);
	return r < 0 ? r : 0;
}

int conf_read_macros(const struct conf_values *values, struct conf_problems *problems,
		     const char *label, struct conf_macros *ret_macros)
{
	const struct conf_node *file = values->of[CONF_MACROS_FILE].node;
	const struct conf_node *list = values->of[CONF_MACROS].node;
	size_t n = !list ? 0 : list->kind == CONF_LIST ? list->n_kids : 1;
	int r = file ? add_file(ret_macros, problems, file, label) : 0;

	for (size_t i = 0; i < n && r == 0; i++) {
		const struct conf_node *text = list->kind == CONF_LIST ? list->kids[i] : list;

		r = add_lines(ret_macros, problems, text->place, label, strdup(text->text));
	}
	return r;
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From files to one tree, and the only file that knows libconfig: every file is scanned and parsed
 * into our own tree, then the trees are joined. Joining is ours, not libconfig's @include, because
 * an include pastes text: lists cannot be joined by it, and a broken piece is blamed on the file
 * that includes it.
 */
#include "settings/text.h"

#include <errno.h>
#include <libconfig.h>
#include <stdlib.h>
#include <string.h>

#include "settings/options.h"
#include "settings/read.h"
#include "settings/scan.h"

/* libconfig's tree → ours. The depth is bounded by conf_scan. NULL when memory is out. */
static struct conf_node *convert(const config_setting_t *setting, const struct conf_file *file)
{
	static const enum conf_kind kinds[] = {
		[CONFIG_TYPE_GROUP] = CONF_GROUP, [CONFIG_TYPE_INT] = CONF_INT,
		[CONFIG_TYPE_INT64] = CONF_INT,   [CONFIG_TYPE_FLOAT] = CONF_REAL,
		[CONFIG_TYPE_STRING] = CONF_TEXT, [CONFIG_TYPE_BOOL] = CONF_BOOL,
		[CONFIG_TYPE_ARRAY] = CONF_LIST,  [CONFIG_TYPE_LIST] = CONF_LIST,
	};
	int type = config_setting_type(setting);
	struct conf_place place = {file, config_setting_source_line(setting)};
	struct conf_node *node = conf_node_new(kinds[type], config_setting_name(setting), place);

	if (!node)
		return NULL;
	if (node->kind == CONF_TEXT && !(node->text = strdup(config_setting_get_string(setting))))
		return conf_node_free(node);
	if (node->kind == CONF_REAL)
		node->real = config_setting_get_float(setting);
	if (node->kind == CONF_BOOL)
		node->number = config_setting_get_bool(setting);
	if (node->kind == CONF_INT)
		node->number = type == CONFIG_TYPE_INT64 ? config_setting_get_int64(setting) :
							   config_setting_get_int(setting);
	for (int i = 0; config_setting_is_aggregate(setting) && i < config_setting_length(setting);
	     i++) {
		struct conf_node *kid =
			convert(config_setting_get_elem(setting, (unsigned)i), file);

		if (!kid || conf_node_add(node, kid)) {
			conf_node_free(kid);
			return conf_node_free(node);
		}
	}
	return node;
}

/*
 * libconfig says "syntax error" and where it gave up; what the scan saw first, further up, tells
 * the likely reason.
 */
static void explain_syntax(struct conf_place place, const struct conf_scan *seen,
			   struct conf_problems *problems)
{
	char bracket[80], noticed[40] = "";
	const struct {
		unsigned line;
		const char *text;
	} hints[] = {
		{seen->dot, "names have \"_\" for each dot: bootstrap_servers"},
		{seen->comma, "a comma stands before the closing bracket"},
		{seen->no_equals, "\"=\" or \":\" is missing before the bracket"},
		{seen->no_value, "there is no value behind \"=\""},
		{seen->no_quotes, "text is written in quotes: name = \"value\";"},
		{seen->stray_quote, SCAN_STRAY_QUOTE},
		{seen->other_quote, "text is written in plain double quotes: name = \"value\";"},
		{seen->no_list, "groups are listed in parentheses: ( { ... }, { ... } )"},
		{seen->no_comma, "a comma is missing between the groups: { ... }, { ... }"},
		{seen->no_setting, "nothing stands before this \";\"; comments begin with \"#\""},
		{seen->extra_close, "there is nothing that this bracket closes"},
		{seen->long_string < place.line ? seen->long_string : 0, SCAN_LONG_STRING},
		{seen->wrong_close, bracket},
		{seen->open_line, bracket}, /* only where there is nothing else */
	};
	const size_t last = ARRAY_LEN(hints) - 1;
	size_t first = last;

	snprintf(bracket, sizeof bracket,
		 seen->wrong_close ?
			 "the \"%1$c\" of line %2$u is not closed before this \"%3$c\"" :
			 "the \"%1$c\" of line %2$u is never closed by a \"%3$c\"",
		 seen->open, seen->open_line, seen->close);
	for (size_t i = 0; i < last; i++)
		if (hints[i].line && hints[i].line <= place.line &&
		    (first == last || hints[i].line < hints[first].line))
			first = i;
	if (!hints[first].line || (first == last && seen->wrong_close)) {
		conf_problem(problems, place,
			     "syntax error, here or at the end of the line before");
		return;
	}
	if (hints[first].line < place.line)
		snprintf(noticed, sizeof noticed, ", noticed in line %u", place.line);
	place.line = hints[first].line;
	conf_problem(problems, place, "syntax error%s: %s", noticed, hints[first].text);
}

static void explain(const config_t *config, const struct conf_file *file,
		    const struct conf_scan *seen, struct conf_problems *problems)
{
	struct conf_place place = {file, (unsigned)config_error_line(config)};
	const char *text = config_error_text(config);

	if (!text || strcmp(text, "syntax error") == 0)
		explain_syntax(place, seen, problems);
	else if (strcmp(text, "duplicate setting name") == 0)
		conf_problem(problems, place,
			     "a setting of this name stands above it in the same group: keep "
			     "one of them");
	else
		conf_problem(problems, place, "%s", text);
}

static int parse_config(const struct conf_file *file, const char *text,
			struct conf_problems *problems, struct conf_node **ret_root)
{
	struct conf_scan seen = conf_scan(file, text, problems);
	config_t config;
	int r = 0;

	*ret_root = NULL;
	if (seen.stop)
		return 0;
	config_init(&config);
	if (!config_read_string(&config, text)) {
		explain(&config, file, &seen, problems);
	} else {
		*ret_root = convert(config_root_setting(&config), file);
		r = *ret_root ? 0 : -ENOMEM;
	}
	config_destroy(&config);
	return r;
}

/* Whether a key of the top level may stand in several files: its lists are then joined. */
static bool is_joined(const char *name)
{
	const struct conf_option *options = conf_options();

	return strcmp(name, options[CONF_KAFKA].name) == 0 ||
	       strcmp(name, options[CONF_PARSERS].name) == 0 ||
	       strcmp(name, options[CONF_REDACT].name) == 0 ||
	       strcmp(name, options[CONF_SOURCES].name) == 0;
}

/* Moves the elements of one list behind those of another. 0 or -ENOMEM. */
static int append(struct conf_node *list, struct conf_node *more)
{
	for (size_t i = 0; i < more->n_kids; i++) {
		int r = conf_node_add(list, more->kids[i]);

		if (r)
			return r;
		more->kids[i] = NULL;
	}
	return 0;
}

/* Moves one setting of a file into the joined root, or notes that it was there before. */
static int join_one(struct conf_text *all, struct conf_node *node)
{
	struct conf_node *first = conf_node_find(all->root, node->name);
	int r = 0;

	if (!first)
		return conf_node_add(all->root, node);
	if (is_joined(node->name) && first->kind == CONF_LIST && node->kind == CONF_LIST)
		r = append(first, node);
	else
		conf_problem(&all->problems, node->place,
			     "%s is set a second time; the first is at %s:%u", node->name,
			     first->place.file->name, first->place.line);
	if (r == 0)
		conf_node_free(node);
	return r;
}

static int join(struct conf_text *all, struct conf_node *root)
{
	int r = 0;

	if (!all->root) {
		all->root = root;
		return 0;
	}
	for (size_t i = 0; i < root->n_kids && r == 0; i++) {
		r = join_one(all, root->kids[i]);
		if (r == 0)
			root->kids[i] = NULL;
	}
	conf_node_free(root);
	return r;
}

static const struct conf_file *new_file(struct conf_text *all, const char *path)
{
	struct conf_file *file = &all->files[all->n_files];

	file->name = strdup(path);
	file->order = all->n_files;
	if (!file->name)
		return NULL;
	all->n_files++;
	return file;
}

/* libconfig wants an LF behind the last comment. */
static int parse_text(struct conf_text *all, const struct conf_file *file, char *text, size_t len)
{
	struct conf_node *root = NULL;
	char *more = realloc(text, len + 2);
	int r;

	if (!more) {
		free(text);
		return -ENOMEM;
	}
	more[len] = '\n';
	more[len + 1] = '\0';
	r = parse_config(file, more, &all->problems, &root);
	free(more);
	return root ? join(all, root) : r;
}

static void complain_unread(struct conf_text *all, const struct conf_file *file, int error)
{
	char words[160];

	conf_problem(&all->problems, (struct conf_place){file, 0}, "%s%s",
		     conf_read_message(error, words, sizeof words),
		     error == EACCES ?
			     " (what lets the service read it: chgrp waybill, chmod 640, of a "
			     "directory 750)" :
			     "");
}

/* 0, TEXT_E_UNREADABLE (noted; errno says why), -ENOMEM. */
static int read_one(struct conf_text *all, const char *path)
{
	const struct conf_file *file = new_file(all, path);
	char *text;
	size_t len;
	int error, r;

	if (!file)
		return -ENOMEM;
	/* The first is the one that is named on the command line. */
	r = file->order ? conf_read(path, CONF_FILE_MAX, &text, &len) :
			  conf_read_any(path, CONF_FILE_MAX, &text, &len);
	if (r == READ_E_FAILED) {
		error = errno;
		complain_unread(all, file, error);
		errno = error;
		return TEXT_E_UNREADABLE;
	}
	if (r)
		return r;
	if (text[strspn(text, " \t\r\n")] == '\0')
		conf_problem(&all->problems, (struct conf_place){file, 0}, "is empty");
	return parse_text(all, file, text, len);
}

/* The files of conf.d; one that cannot be read is a problem among others. */
static int read_more(struct conf_text *all, char *const *paths)
{
	int r = 0;

	for (; *paths && r == 0; paths++) {
		r = read_one(all, *paths);
		if (r == TEXT_E_UNREADABLE)
			r = 0;
	}
	return r;
}

static size_t count(char *const *paths)
{
	size_t n = 0;

	while (paths[n])
		n++;
	return n;
}

/* Reads the main file and then those of conf.d beside it. 0, TEXT_E_UNREADABLE, -ENOMEM. */
static int read_all(struct conf_text *all, const char *path, const char *dir)
{
	char **paths = NULL;
	int r = conf_list(dir, &paths), list_errno = r == READ_E_FAILED ? errno : 0;

	if (r < 0)
		return r;
	/* One for the main file, one for the directory when it cannot be listed. */
	all->files = calloc((paths ? count(paths) : 0) + 2, sizeof *all->files);
	r = all->files ? read_one(all, path) : -ENOMEM;
	if (r == 0 && list_errno) {
		const struct conf_file *file = new_file(all, dir);

		if (file)
			complain_unread(all, file, list_errno);
		r = file ? 0 : -ENOMEM;
	}
	if (r == 0 && paths)
		r = read_more(all, paths);
	conf_paths_free(paths);
	return r;
}

int conf_text_load(const char *file, struct conf_text *ret_text)
{
	char *dir = conf_path_beside(file, "conf.d");
	int r, error;

	*ret_text = (struct conf_text){0};
	r = dir ? read_all(ret_text, file, dir) : -ENOMEM;
	error = errno;
	free(dir);
	errno = error;
	return ret_text->problems.no_memory ? -ENOMEM : r;
}

void conf_text_deinit(struct conf_text *text)
{
	conf_node_free(text->root);
	conf_problems_deinit(&text->problems);
	for (unsigned i = 0; i < text->n_files; i++)
		free(text->files[i].name);
	free(text->files);
	*text = (struct conf_text){0};
}

#define TEXT_OF(x) #x
#define VERSION_OF(major, minor, revision) TEXT_OF(major) "." TEXT_OF(minor) "." TEXT_OF(revision)

const char *conf_library_version(void)
{
	return VERSION_OF(LIBCONFIG_VER_MAJOR, LIBCONFIG_VER_MINOR, LIBCONFIG_VER_REVISION);
}

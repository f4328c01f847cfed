/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The joined tree gets its meaning: global settings and parsers here, the kafka block in
 * kafka.c, sources in sources.c. Everything is compiled now, so a configuration that
 * loads also runs. A broken part stays in its list without its compiled half: what refers to it
 * can then be checked on its own and does not produce errors that follow from the first.
 */
#include "conf/build.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "settings/read.h"
#include "settings/secret.h"

/* What one line of the message shows of a pattern, before and behind the place of the error. */
#define EXCERPT 24

char *conf_path_beside(const struct conf_file *file, const char *path)
{
	const char *slash = strrchr(file->name, '/');
	char *joined = NULL;

	if (path[0] == '/' || !slash)
		return strdup(path);
	if (asprintf(&joined, "%.*s/%s", (int)(slash - file->name), file->name, path) < 0)
		return NULL;
	return joined;
}

/* A parser while it is built. */
struct parser_build {
	struct conf_build *build;
	struct conf_parser *parser;
	const struct conf_node *group;
	struct conf_values values;
	char label[96];
};

void conf_complain_pattern(struct conf_problems *problems, struct conf_place place,
			   const char *label, const char *text, const struct pattern_error *error)
{
	size_t start = error->at > EXCERPT ? error->at - EXCERPT : 0, line = 1, column = 1;
	char where[64] = "";

	for (size_t i = 0; i < error->at; i++, column++) {
		if (text[i] == '\n') {
			line++;
			column = 0;
		}
	}
	if (line > 1)
		snprintf(where, sizeof where, "line %zu, ", line);
	conf_problem(problems, place,
		     "%sthe pattern does not compile, %scharacter %zu: %s: %.*s <HERE> %.*s", label,
		     where, column, error->message, (int)(error->at - start), text + start, EXCERPT,
		     text + error->at);
}

static int compile(struct parser_build *p, struct conf_place place, const char *text, size_t len)
{
	struct pattern_error error;
	int r = pattern_compile(text, len, &p->parser->pattern, &error);

	if (r != PATTERN_E_SYNTAX)
		return r;
	conf_complain_pattern(p->build->problems, place, p->label, text, &error);
	return 0;
}

static int compile_file(struct parser_build *p, const struct conf_value *value)
{
	struct conf_place place = value->node->place;
	struct conf_problems *problems = p->build->problems;
	char *path = conf_path_beside(place.file, value->text), *text = NULL, words[160];
	size_t len = 0;
	int r = path ? conf_read(path, CONF_FILE_MAX, &text, &len) : -ENOMEM;

	if (r == READ_E_FAILED) {
		conf_problem(problems, place, "%spattern_file %s %s", p->label, path,
			     conf_read_message(errno, words, sizeof words));
		r = 0;
	} else if (r == 0) {
		/* The line end at the end of the file is the editor's, not the pattern's. */
		while (len && strchr("\r\n", text[len - 1]))
			text[--len] = '\0';
		if (len)
			r = compile(p, place, text, len);
		else
			conf_problem(problems, place, "%spattern_file %s is empty", p->label, path);
	}
	free(text);
	free(path);
	return r;
}

static int build_pattern(struct parser_build *p)
{
	const struct conf_value *pattern = &p->values.of[CONF_PATTERN];
	const struct conf_value *file = &p->values.of[CONF_PATTERN_FILE];
	struct conf_problems *problems = p->build->problems;

	if (pattern->node && file->node)
		conf_problem(problems, file->node->place,
			     "%spattern and pattern_file: give one of them", p->label);
	else if (pattern->text)
		return compile(p, pattern->node->place, pattern->text, strlen(pattern->text));
	else if (file->text)
		return compile_file(p, file);
	else if (!conf_node_find(p->group, "pattern") && !conf_node_find(p->group, "pattern_file"))
		conf_problem(problems, p->group->place, "%spattern (or pattern_file) is missing",
			     p->label);
	return 0;
}

void conf_check_name(struct conf_build *build, const struct conf_node *list, size_t index,
		     const char *kind)
{
	const struct conf_node *name = conf_node_find(list->kids[index], "name"), *first;

	if (!name || name->kind != CONF_TEXT)
		return;
	if (!*name->text)
		conf_problem(build->problems, name->place, "the name of a %s must not be empty",
			     kind);
	first = conf_node_named(list, index, name->text);
	if (first)
		conf_problem(build->problems, name->place,
			     "%s \"%s\" is there a second time; the first is at %s:%u", kind,
			     name->text, first->place.file->name, first->place.line);
}

void conf_label(const struct conf_node *list, size_t index, const char *kind, char *label,
		size_t len)
{
	const struct conf_node *name = conf_node_find(list->kids[index], "name");

	if (name && name->kind == CONF_TEXT)
		snprintf(label, len, "%s \"%.64s\": ", kind, name->text);
	else
		snprintf(label, len, "%s %zu: ", kind, index + 1);
}

static int build_parser(struct conf_build *build, const struct conf_node *list, size_t index)
{
	struct parser_build p = {build, &build->conf->parsers[index], list->kids[index]};
	const struct conf_value *name = &p.values.of[CONF_NAME];

	conf_label(list, index, "parser", p.label, sizeof p.label);
	conf_values_init(&p.values);
	conf_values_read(&p.values, p.group, CONF_IN_PARSER, p.label, build->problems);
	conf_check_name(build, list, index, "parser");
	if (name->text) {
		p.parser->name = strdup(name->text);
		if (!p.parser->name)
			return -ENOMEM;
	}
	return build_pattern(&p);
}

int conf_build_parsers(struct conf_build *build)
{
	const struct conf_node *list = build->main.of[CONF_PARSERS].node;
	struct conf *conf = build->conf;
	int r = 0;

	if (!list || list->n_kids == 0)
		return 0;
	conf->parsers = calloc(list->n_kids, sizeof *conf->parsers);
	if (!conf->parsers)
		return -ENOMEM;
	conf->n_parsers = list->n_kids;
	for (size_t i = 0; i < list->n_kids && r == 0; i++)
		r = build_parser(build, list, i);
	return r;
}

static int build_main(struct conf_build *build, const char *file)
{
	const struct conf_value *of = build->main.of;
	struct conf *conf = build->conf;

	conf->file = strdup(file);
	conf->state_dir = strdup(of[CONF_STATE_DIR].text ? of[CONF_STATE_DIR].text : "");
	if (!conf->file || !conf->state_dir)
		return -ENOMEM;
	if (conf->state_dir[0] != '/')
		conf_problem(build->problems, of[CONF_STATE_DIR].node->place,
			     "state_dir must be an absolute path");
	conf->linger_ms = of[CONF_LINGER_MS].number;
	conf->library_linger = of[CONF_PRODUCER_LINGER].number == 1;
	conf->shutdown_timeout_ms = of[CONF_SHUTDOWN_TIMEOUT].number;
	conf->checkpoint_interval_ms = of[CONF_CHECKPOINT_INTERVAL].number;
	conf->stall_timeout_ms = of[CONF_STALL_TIMEOUT].number;
	conf->chunk_memory = of[CONF_CHUNK_MEMORY].number;
	conf->dead_letter_max = of[CONF_DEAD_LETTER_MAX].number;
	conf->state_damaged = (enum conf_on_damage)of[CONF_STATE_DAMAGED].number;
	return 0;
}

static int build_all(struct conf_build *build, const char *file)
{
	int r;

	conf_values_init(&build->main);
	conf_values_read(&build->main, build->root, CONF_IN_MAIN, "", build->problems);
	r = build_main(build, file);
	if (r == 0)
		r = conf_build_kafka(build);
	if (r == 0)
		r = conf_build_parsers(build);
	if (r == 0)
		r = conf_build_partitioner(build, build->main.of[CONF_PARTITIONER].node, "",
					   &build->partitioner);
	if (r == 0)
		r = conf_build_topic_config(build, build->main.of[CONF_TOPIC_CONFIG].node, "",
					    &build->topic_settings);
	if (r == 0)
		r = conf_build_redact(build, "", build->main.of[CONF_REDACT].node, NULL,
				      &build->conf->redact);
	if (r == 0)
		r = conf_build_sources(build);
	return r ? r : conf_build_producer(build);
}

int conf_build(const struct conf_surroundings *surroundings, const char *file,
	       const struct conf_node *root, struct conf_problems *problems, struct conf **ret_conf)
{
	struct conf_build build = {
		.problems = problems,
		.root = root,
		.zone = surroundings->zone,
		.no_secrets = surroundings->no_secrets,
	};
	int r;

	if (surroundings->host)
		snprintf(build.host, sizeof build.host, "%s", surroundings->host);
	else if (gethostname(build.host, sizeof build.host - 1) < 0)
		return -errno;
	build.conf = calloc(1, sizeof *build.conf);
	if (!build.conf)
		return -ENOMEM;
	build.conf->refs = 1;
	r = build_all(&build, file);
	free(build.claims);
	if (r) {
		conf_destroy(build.conf);
		return r;
	}
	*ret_conf = build.conf;
	return 0;
}

static void free_source(struct conf_source *source)
{
	route_free(source->route);
	redact_deinit(&source->redact);
	conf_paths_free(source->paths);
	conf_paths_free(source->exclude);
	free(source->name);
}

struct conf *conf_destroy(struct conf *conf)
{
	if (!conf)
		return NULL;
	/* Routes borrow the names of topics and the zones, sources their parsers: backwards. */
	for (size_t i = 0; i < conf->n_sources; i++)
		free_source(&conf->sources[i]);
	redact_deinit(&conf->redact);
	for (size_t i = 0; i < conf->n_parsers; i++) {
		pattern_free(conf->parsers[i].pattern);
		free(conf->parsers[i].name);
	}
	for (size_t i = 0; i < conf->n_topics; i++)
		free(conf->topics[i]);
	for (size_t i = 0; i < conf->n_zones; i++) {
		zone_free(conf->zones[i].zone);
		free(conf->zones[i].name);
	}
	for (size_t i = 0; i < conf->n_props; i++) {
		free((char *)conf->props[i].name);
		secret_free((char *)conf->props[i].value);
	}
	free(conf->sources);
	free(conf->parsers);
	for (size_t i = 0; i < conf->n_partitioners; i++)
		partitioner_free(conf->partitioners[i]);
	free(conf->partitioners);
	free(conf->topic_partitioners);
	free(conf->topics);
	free(conf->topic_settings);
	free(conf->zones);
	free(conf->props);
	free(conf->state_dir);
	free(conf->file);
	free(conf);
	return NULL;
}

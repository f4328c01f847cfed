/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The end of a configuration. Whatever was half-built is freed here too, so a builder just stops.
 */
#include "conf/conf.h"

#include <stdlib.h>

#include "settings/read.h"

static void free_link(struct parser_link *link)
{
	for (size_t i = 0; i < link->n_patterns; i++)
		pattern_free(link->patterns[i]);
	for (size_t i = 0; i < link->n_columns; i++)
		free(link->columns[i]);
	free(link->patterns);
	free(link->columns);
}

static void free_source(struct source *source, struct conf_patterns *patterns)
{
	route_free(source->route);
	for (unsigned i = 0; i < source->n_also; i++)
		route_free(source->also[i].route);
	free(source->also);
	parser_free(source->parser);
	join_free(source->join);
	redact_deinit(&source->redact);
	charset_free(source->charset);
	conf_paths_free(patterns->paths);
	conf_paths_free(patterns->exclude);
	conf_paths_free(patterns->rotated);
	free_link(&patterns->path);
	free(source->name);
}

static void free_parser(struct conf_parser *parser)
{
	free_link(&parser->link);
	free(parser->from);
	free(parser->name);
}

static void free_conf(struct conf *conf)
{
	/* Routes borrow the names of topics and the zones, sources their parsers: backwards. */
	for (size_t i = 0; i < conf->n_sources; i++)
		free_source(&conf->sources[i], &conf->patterns[i]);
	redact_deinit(&conf->redact);
	for (size_t i = 0; i < conf->n_parsers; i++)
		free_parser(&conf->parsers[i]);
	kafka_plans_free(conf->plans, conf->n_topics);
	for (size_t i = 0; i < conf->n_topics; i++)
		free(conf->topics[i]);
	for (size_t i = 0; conf->topic_keys && i < conf->n_topics; i++)
		free(conf->topic_keys[i]);
	for (size_t i = 0; i < conf->n_zones; i++) {
		zone_free(conf->zones[i].zone);
		free(conf->zones[i].name);
	}
	for (size_t i = 0; i < conf->n_clusters; i++)
		cluster_deinit(&conf->clusters[i]);
	for (size_t i = 0; i < conf->n_rules; i++)
		free(conf->rules[i]);
	free(conf->rules);
	free(conf->sources);
	free(conf->patterns);
	free(conf->parsers);
	for (size_t i = 0; i < conf->n_partitioners; i++)
		partitioner_free(conf->partitioners[i]);
	free(conf->partitioners);
	free(conf->topic_partitioners);
	free(conf->topics);
	free(conf->topic_keys);
	free(conf->cluster_names);
	free(conf->topic_clusters);
	free(conf->clusters);
	free(conf->topic_settings);
	free(conf->zones);
	marks_deinit(&conf->marks);
	free(conf->state_dir);
	free(conf->control_socket);
	free(conf->control_group);
	free(conf->http_listen);
	free(conf->file);
	free(conf);
}

struct conf *conf_ref(struct conf *conf)
{
	conf->refs++;
	return conf;
}

struct conf *conf_unref(struct conf *conf)
{
	if (conf && --conf->refs == 0 && conf->free)
		conf->free(conf);
	else if (conf && conf->refs == 0)
		free_conf(conf);
	return NULL;
}

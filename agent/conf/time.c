/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a source says of timestamps. Zones are kept by the conf and shared by its sources: each
 * costs some ms to find out, and there may be hundreds of sources.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "conf/build.h"
#include "settings/zone.h"

/*
 * The zone of this name, found out when it is new; the setting is named in messages. 0; 1 with a
 * message noted; -ENOMEM.
 */
static int find_zone(struct source_build *s, enum conf_key setting, struct conf_place place,
		     const char *wanted, const struct zone **ret_zone)
{
	struct conf *conf = s->build->conf;
	struct conf_zone *zones;
	const char *name = wanted;
	char message[256];
	int r;

	for (size_t i = 0; i < conf->n_zones; i++) {
		if (strcmp(conf->zones[i].name, wanted) == 0) {
			*ret_zone = conf->zones[i].zone;
			return 0;
		}
	}
	zones = reallocarray(conf->zones, conf->n_zones + 1, sizeof *zones);
	if (!zones)
		return -ENOMEM;
	conf->zones = zones;
	zones += conf->n_zones;
	if (s->build->zone && strcmp(wanted, "local") == 0)
		name = s->build->zone;
	r = conf_zone_load(name, &zones->zone, message, sizeof message);
	if (r > 0)
		conf_problem(s->build->problems, place, "%s%s: %s", s->label,
			     conf_options()[setting].name, message);
	if (r)
		return r;
	zones->name = strdup(wanted);
	conf->n_zones++;
	*ret_zone = zones->zone;
	return zones->name ? 0 : -ENOMEM;
}

/* "NAME=ZONE", or the name of a zone that means itself. 0 or -ENOMEM. */
static int add_zone_name(struct source_build *s, const struct conf_node *node,
			 struct route_time *time)
{
	const char *mark = strchr(node->text, '='), *wanted = mark ? mark + 1 : node->text;
	struct timestamp_zone *names = &time->zones[time->n_zones];
	int r = find_zone(s, CONF_TIMESTAMP_ZONES, node->place, wanted, &names->zone);

	if (r)
		return r < 0 ? r : 0;
	if (mark == node->text)
		conf_problem(s->build->problems, node->place,
			     "%stimestamp_zones: \"%s\" has no name: write \"CST=Asia/Shanghai\"",
			     s->label, node->text);
	names->name = strndup(node->text, mark ? (size_t)(mark - node->text) : strlen(wanted));
	time->n_zones++;
	return names->name ? 0 : -ENOMEM;
}

static int add_zone_names(struct source_build *s, struct route_time *time)
{
	const struct conf_node *node = s->values.of[CONF_TIMESTAMP_ZONES].node;
	size_t n = !node ? 0 : node->kind == CONF_LIST ? node->n_kids : 1;
	int r = 0;

	if (n == 0)
		return 0;
	time->zones = calloc(n, sizeof *time->zones);
	if (!time->zones)
		return -ENOMEM;
	for (size_t i = 0; i < n && r == 0; i++)
		r = add_zone_name(s, node->kind == CONF_LIST ? node->kids[i] : node, time);
	return r;
}

static int compile_format(struct source_build *s, const char *text, struct conf_place place,
			  const struct zone *zone, struct route_time *time)
{
	struct timestamp_means means = {
		zone, time->zones, time->n_zones,
		(enum timestamp_language)s->values.of[CONF_TIMESTAMP_LANGUAGE].number};
	struct timestamp_error error;
	int r = timestamp_compile(text, &means, &time->formats[time->n_formats], &error);

	time->n_formats += r == 0;
	if (r != TIMESTAMP_E_FORMAT)
		return r;
	/* A word, or what is missing in the format as a whole, has no place in it. */
	if (error.at)
		conf_problem(s->build->problems, place, "%stimestamp_format: %s at character %zu",
			     s->label, error.message, error.at + 1);
	else
		conf_problem(s->build->problems, place, "%stimestamp_format: %s", s->label,
			     error.message);
	return 0;
}

static int compile_formats(struct source_build *s, const struct zone *zone, struct route_time *time)
{
	const struct conf_node *node = s->values.of[CONF_TIMESTAMP_FORMAT].node;
	const struct conf_node *const *items = &node;
	size_t n = 1;
	int r = 0;

	if (!node)
		return compile_format(s, conf_options()[CONF_TIMESTAMP_FORMAT].written,
				      s->group->place, zone, time);
	if (node->kind == CONF_LIST) {
		items = (const struct conf_node *const *)node->kids;
		n = node->n_kids;
	}
	if (n == 0 || n > ROUTE_TIME_FORMATS_MAX)
		conf_problem(s->build->problems, node->place,
			     "%stimestamp_format: %zu formats: write 1 to %d", s->label, n,
			     ROUTE_TIME_FORMATS_MAX);
	for (size_t i = 0; i < n && i < ROUTE_TIME_FORMATS_MAX && r == 0; i++)
		r = compile_format(s, items[i]->text, items[i]->place, zone, time);
	return r;
}

/* Defaults of the top level are for those sources that have a timestamp. */
static void warn_of_idle(struct source_build *s)
{
	static const enum conf_key keys[] = {
		CONF_TIMESTAMP_FORMAT,   CONF_TIMESTAMP_ZONE,     CONF_TIMESTAMP_ZONES,
		CONF_TIMESTAMP_LANGUAGE, CONF_TIMESTAMP_MAX_PAST, CONF_TIMESTAMP_MAX_FUTURE,
		CONF_ON_BAD_TIMESTAMP,
	};

	for (size_t i = 0; i < ARRAY_LEN(keys); i++) {
		const char *name = conf_options()[keys[i]].name;
		const struct conf_node *node = conf_node_find(s->group, name);

		if (node)
			conf_warning(s->build->problems, node->place,
				     "%s%s does nothing without a timestamp", s->label, name);
	}
}

int conf_build_time(struct source_build *s, struct route_parts *parts)
{
	const struct conf_value *of = s->values.of;
	const struct zone *zone = NULL;
	int r = conf_build_template(s, "timestamp", &of[CONF_TIMESTAMP], &parts->time.text);

	if (r)
		return r;
	if (!conf_node_find(s->group, "timestamp")) {
		warn_of_idle(s);
		return 0;
	}
	if (parts->time.text && template_is_constant(parts->time.text))
		conf_problem(s->build->problems, of[CONF_TIMESTAMP].node->place,
			     "%stimestamp is always the same: write a field, ${time}; without "
			     "timestamp it is the time of reading",
			     s->label);
	parts->time.max_past_ms = of[CONF_TIMESTAMP_MAX_PAST].number;
	parts->time.max_future_ms = of[CONF_TIMESTAMP_MAX_FUTURE].number;
	parts->time.clamp = of[CONF_ON_BAD_TIMESTAMP].number == 1;
	/* A default that is wrong cannot be, and of another type it was noted. */
	r = 0;
	if (of[CONF_TIMESTAMP_ZONE].text)
		r = find_zone(s, CONF_TIMESTAMP_ZONE,
			      of[CONF_TIMESTAMP_ZONE].node ? of[CONF_TIMESTAMP_ZONE].node->place :
							     s->group->place,
			      of[CONF_TIMESTAMP_ZONE].text, &zone);
	if (r >= 0)
		r = add_zone_names(s, &parts->time);
	return r < 0 ? r : compile_formats(s, zone, &parts->time);
}

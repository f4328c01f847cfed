/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a source says of its keys, and of partitions that its lines name. Everything that can be
 * known of a constant is known when the configuration is read: a constant key of the wrong type is
 * an error there, and the constant of on_missing_key is serialised there.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "conf/build.h"

#define CONSTANT "constant:"

/* What the messages show of a value that may be as long as a file. */
#define SHOWN 64

/* Notes what is wrong with a constant. 0: *ret_key is malloc'ed, at NULL when noted. -ENOMEM. */
static int serialize(struct source_build *s, enum conf_key setting, struct slice text,
		     enum key_type type, struct slice *ret_key)
{
	struct arena arena = ARENA_NULL;
	struct slice key = SLICE_NONE;
	char *copy = NULL;
	int r = keytype_serialize(type, text, &arena, &key);

	if (r == KEYTYPE_E_INVALID) {
		conf_problem(s->build->problems, s->values.of[setting].node->place,
			     "%s%s: \"%.*s\" is not a key of key_type \"%s\": write %s", s->label,
			     conf_options()[setting].name, text.len > SHOWN ? SHOWN : (int)text.len,
			     text.at, keytype_name(type), keytype_hint(type));
	} else if (r == 0) {
		copy = malloc(key.len + 1);
		if (copy)
			memcpy(copy, key.at, key.len);
		r = copy ? 0 : -ENOMEM;
	}
	arena_deinit(&arena);
	if (r >= 0)
		*ret_key = copy ? (struct slice){copy, key.len} : SLICE_NONE;
	return r < 0 ? r : 0;
}

static int build_missing(struct source_build *s, struct route_parts *parts)
{
	const struct conf_value *value = &s->values.of[CONF_ON_MISSING_KEY];

	/* Of another type than text, and noted. */
	if (!value->text || strcmp(value->text, "null") == 0)
		return 0;
	if (strcmp(value->text, "dead_letter") == 0) {
		parts->rules.refuses |= OUTCOMES_OF_KEY;
		return 0;
	}
	if (strncmp(value->text, CONSTANT, strlen(CONSTANT)) != 0) {
		conf_problem(s->build->problems, value->node->place,
			     "%son_missing_key: must be \"null\", \"constant:TEXT\" or "
			     "\"dead_letter\"",
			     s->label);
		return 0;
	}
	return serialize(s, CONF_ON_MISSING_KEY, slice_of(value->text + strlen(CONSTANT)),
			 parts->key_type, &parts->missing_key);
}

/* A key that is always the same and never of its type would make every record an exception. */
static int check_constant(struct source_build *s, const struct route_parts *parts)
{
	struct slice ignored = SLICE_NONE;
	int r;

	if (!template_is_constant(parts->key))
		return 0;
	r = serialize(s, CONF_KEY, template_text(parts->key), parts->key_type, &ignored);
	free((char *)ignored.at);
	return r;
}

static void warn_of_idle(struct source_build *s, enum conf_key key, const char *needs)
{
	const struct conf_node *node = s->values.of[key].node;

	if (node)
		conf_warning(s->build->problems, node->place, "%s%s does nothing without a %s",
			     s->label, conf_options()[key].name, needs);
}

int conf_build_key(struct source_build *s, struct route_parts *parts)
{
	int r;

	parts->key_type = (enum key_type)s->values.of[CONF_KEY_TYPE].number;
	r = conf_build_template(s, "key", &s->values.of[CONF_KEY], &parts->key);
	if (r == 0)
		r = build_missing(s, parts);
	if (r == 0 && parts->key)
		r = check_constant(s, parts);
	if (parts->key_type != KEY_STRING)
		conf_warn_of_time(s, "key", &s->values.of[CONF_KEY], parts->key,
				  "of this key_type");
	if (!s->values.of[CONF_KEY].node && !conf_node_find(s->group, "key")) {
		warn_of_idle(s, CONF_KEY_TYPE, "key");
		warn_of_idle(s, CONF_ON_MISSING_KEY, "key");
	}
	return r;
}

int conf_build_partition(struct source_build *s, struct route_parts *parts)
{
	const struct conf_value *value = &s->values.of[CONF_PARTITION];
	int32_t ignored;
	int r = conf_build_template(s, "partition", value, &parts->partition);

	if (r)
		return r;
	if (s->values.of[CONF_ON_BAD_PARTITION].number == 1)
		parts->rules.refuses |= OUTCOMES_OF_PARTITION;
	if (!value->node && !conf_node_find(s->group, "partition"))
		warn_of_idle(s, CONF_ON_BAD_PARTITION, "partition");
	conf_warn_of_time(s, "partition", value, parts->partition, "the number of a partition");
	if (parts->partition && template_is_constant(parts->partition) &&
	    keytype_partition(template_text(parts->partition), &ignored))
		conf_problem(s->build->problems, value->node->place,
			     "%spartition: \"%.*s\" is not the number of a partition: 0 or more",
			     s->label, SHOWN, value->text);
	return 0;
}

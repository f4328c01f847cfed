/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The partitioner group. A source's own one replaces that of the top level as a whole: rules that
 * come half from here and half from there would be read by nobody. It is compiled for the source
 * but belongs to its topics, since where a key goes must not depend on the file that it was read
 * from; so sources that share a topic have to say the same, in whatever words.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "conf/build.h"
#include "partitioning/partitioning.h"

static int keep(struct conf *conf, struct partitioner *partitioner)
{
	struct partitioner **all = reallocarray(conf->partitioners, conf->n_partitioners + 1,
						sizeof *conf->partitioners);

	if (!all)
		return -ENOMEM;
	conf->partitioners = all;
	all[conf->n_partitioners++] = partitioner;
	return 0;
}

int conf_build_partitioner(struct conf_build *build, const struct conf_node *group,
			   const char *label, const struct partitioner **ret_partitioner)
{
	struct partitioner *made = group ? calloc(1, sizeof *made) : NULL;
	struct conf_values values;
	const struct conf_node *list;
	char inside[128];
	int r = group ? -ENOMEM : 0;

	*ret_partitioner = group ? NULL : partitioner_default();
	if (!made)
		return r;
	snprintf(inside, sizeof inside, "%spartitioner: ", label);
	conf_values_init(&values);
	conf_values_read(&values, group, CONF_IN_PARTITIONER, inside, build->problems);
	made->hash = (enum partitioner_hash)values.of[CONF_HASH].number;
	made->null_key = (enum partitioner_null_key)values.of[CONF_NULL_KEY].number;
	r = keep(build->conf, made);
	if (r) {
		partitioner_free(made);
		return r;
	}
	list = values.of[CONF_RULES].node;
	if (list)
		r = partitioning_rules(build->problems, list, inside, &made->rules);
	if (r == 0 && (!list || made->rules))
		*ret_partitioner = made;
	return r;
}

/* Rules of the source's own that cannot mean what is written. */
static void warn_of_keys(const struct source_build *s, struct conf_place place)
{
	uint64_t type = s->values.of[CONF_KEY_TYPE].number;

	if (!s->partitioner || !s->partitioner->rules)
		return;
	if (!s->values.of[CONF_KEY].node && !conf_node_find(s->group, "key"))
		conf_warning(s->build->problems, place,
			     "%spartitioner.rules do nothing without key", s->label);
	else if (type == KEY_INT32 || type == KEY_INT64)
		conf_warning(s->build->problems, place,
			     "%spartitioner.rules are compared with the bytes of the key, which "
			     "with key_type = \"%s\" are not its digits",
			     s->label, conf_options()[CONF_KEY_TYPE].words[type]);
}

int conf_source_partitioner(struct source_build *s)
{
	const struct conf_node *group = s->values.of[CONF_PARTITIONER].node;
	int r;

	if (group == s->build->main.of[CONF_PARTITIONER].node) {
		s->partitioner = s->build->partitioner;
		return 0;
	}
	r = conf_build_partitioner(s->build, group, s->label, &s->partitioner);
	warn_of_keys(s, group->place);
	return r;
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From files to a struct conf in two steps, each with all its problems at once: what the files say
 * (settings/text.c), and what that means (build.c).
 */
#include "conf/load.h"

#include <errno.h>

#include "conf/build.h"
#include "settings/env.h"

void conf_load_deinit(struct conf_load *load)
{
	conf_unref(load->conf);
	conf_text_deinit(&load->text);
	*load = (struct conf_load){0};
}

static int build(const struct conf_surroundings *surroundings, const char *file,
		 struct conf_text *text, struct conf **ret_conf)
{
	struct conf *conf;
	int r = conf_expand_env(text->root, &text->problems);

	if (!r)
		r = conf_build(surroundings, file, text->root, &text->problems, &conf);
	if (r)
		return r;
	if (!text->problems.n_errors)
		r = marks_of(text->root, &conf->marks);
	if (r)
		conf_unref(conf);
	else
		*ret_conf = conf;
	return r;
}

int conf_load_files(const struct conf_surroundings *surroundings, const char *file,
		    struct conf_load *ret_load)
{
	static const struct conf_surroundings own;
	struct conf_text *text = &ret_load->text;
	int r, error;

	*ret_load = (struct conf_load){0};
	r = conf_text_load(file, text);
	error = errno;
	if (r == TEXT_E_UNREADABLE)
		r = CONF_E_UNREADABLE;
	else if (r == 0 && text->problems.n_errors == 0)
		r = build(surroundings ? surroundings : &own, file, text, &ret_load->conf);
	errno = error;
	return text->problems.no_memory ? -ENOMEM : r;
}

int conf_load_in(const struct conf_surroundings *surroundings, const char *file, FILE *errors,
		 struct conf **ret_conf)
{
	struct conf_load load;
	int r = conf_load_files(surroundings, file, &load), error = errno;

	if (r >= 0)
		conf_problems_print(&load.text.problems, errors);
	if (r == 0 && load.text.problems.n_errors)
		r = CONF_E_INVALID;
	if (r == 0) {
		*ret_conf = load.conf;
		load.conf = NULL;
	}
	conf_load_deinit(&load);
	errno = error;
	return r;
}

int conf_load(const char *file, FILE *errors, struct conf **ret_conf)
{
	return conf_load_in(NULL, file, errors, ret_conf);
}

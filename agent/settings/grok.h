/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SETTINGS_GROK_H
#define SETTINGS_GROK_H

#include "parsers/grok.h"
#include "settings/options.h"
#include "settings/problems.h"

/* The macros that a parser of the type grok is given. */
struct conf_macros {
	struct grok_macro *of; /* owned, as the texts that they borrow from */
	size_t n;
	char **texts;
	size_t n_texts;
};

/*
 * Those of macros_file, and before them those of macros; what is wrong is noted. *ret_macros is
 * zeroed before, and for conf_macros_deinit afterwards. 0 or -ENOMEM.
 */
int conf_read_macros(const struct conf_values *values, struct conf_problems *problems,
		     const char *label, struct conf_macros *ret_macros) MUSTCHECK;

void conf_macros_deinit(struct conf_macros *macros);

#endif

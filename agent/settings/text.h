/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SETTINGS_TEXT_H
#define SETTINGS_TEXT_H

#include "base/result.h"
#include "settings/problems.h"
#include "settings/tree.h"

/* What the files of a configuration say: the main file and the *.conf files of conf.d beside it. */
struct conf_text {
	struct conf_file *files; /* the places in root and problems point to them */
	unsigned n_files;
	struct conf_node *root; /* all files joined; NULL when none could be parsed */
	struct conf_problems problems;
};

enum {
	TEXT_E_UNREADABLE = 1, /* the main file cannot be opened or read: EX_NOINPUT or EX_NOPERM */
};

/*
 * Reads and joins the files. 0: see problems. TEXT_E_UNREADABLE (noted in problems; errno kept),
 * -ENOMEM. Whatever it returns, *ret_text is for conf_text_deinit.
 */
int conf_text_load(const char *file, struct conf_text *ret_text) MUSTCHECK;

void conf_text_deinit(struct conf_text *text);

/* Of the libconfig that this was built with, e.g. "1.5.0". */
const char *conf_library_version(void);

#endif

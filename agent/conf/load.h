/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CONF_LOAD_H
#define CONF_LOAD_H

#include "base/result.h"
#include "conf/conf.h"
#include "settings/problems.h"
#include "settings/tree.h"

/*
 * A load that is kept whole, for those who must say where a setting stands: conf_load without the
 * printing. Places in root and problems point to files.
 */
struct conf_load {
	struct conf_file *files;
	unsigned n_files;
	struct conf_node *root; /* all files joined; NULL when none could be parsed */
	struct conf_problems problems;
	/*
	 * NULL when a file has a syntax error. With other errors (problems.n_errors) it is
	 * half-built: parts that are wrong are NULL or left out; sources and parsers stand in the
	 * order of root's.
	 */
	struct conf *conf;
};

/*
 * surroundings: NULL for those of the host. 0: see problems. CONF_E_UNREADABLE (noted in problems;
 * errno kept), -ENOMEM. Whatever it returns, *ret_load is for conf_load_deinit.
 */
int conf_load_files(const struct conf_surroundings *surroundings, const char *file,
		    struct conf_load *ret_load) MUSTCHECK;

/* Frees all of it, the reference to conf included. */
void conf_load_deinit(struct conf_load *load);

#endif

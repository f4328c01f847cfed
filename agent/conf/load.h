/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CONF_LOAD_H
#define CONF_LOAD_H

#include <stdio.h>

#include "base/result.h"
#include "conf/conf.h"
#include "settings/text.h"

/*
 * Reads `file` and the *.conf files of conf.d beside it (sorted by name), prints every problem
 * found to `errors` as "file:line: message" ("file: message" for a file as a whole), one a line.
 * What is probably not meant but works is "file:line: warning: message", also where 0 is returned.
 * 0: *ret_conf with one reference. CONF_E_UNREADABLE (message printed; errno kept),
 * CONF_E_INVALID, -ENOMEM.
 */
int conf_load(const char *file, FILE *errors, struct conf **ret_conf) MUSTCHECK;

/* The same in surroundings of its own (NULL: those of the host); borrowed for the call. */
int conf_load_in(const struct conf_surroundings *surroundings, const char *file, FILE *errors,
		 struct conf **ret_conf) MUSTCHECK;

/*
 * A load that is kept whole, for those who must say where a setting stands: conf_load without the
 * printing.
 */
struct conf_load {
	struct conf_text text;
	/*
	 * NULL when a file has a syntax error. With other errors (text.problems.n_errors) it is
	 * half-built: parts that are wrong are NULL or left out; sources and parsers stand in the
	 * order of text.root's.
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

/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CONF_SCAN_H
#define CONF_SCAN_H

#include <stdbool.h>

#include "conf_problems.h"

/* What the scan saw that explains a syntax error; lines, 0 when not seen. */
struct conf_scan {
	unsigned long_string; /* the first string that does not end in its line began here */
	unsigned comma;       /* the first comma before a closing bracket */
	unsigned no_equals;   /* the first name with a bracket right behind it */
	bool stop;            /* an error was noted after which there is no use in parsing */
};

/*
 * Looks at the text of a configuration file for what libconfig accepts without a word and then
 * reads differently from what was written: integers that wrap, comments that never end, backslashes
 * that were not doubled. Also refuses what we do not want: @include, deep nesting.
 */
struct conf_scan conf_scan(const struct conf_file *file, const char *text,
			   struct conf_problems *problems);

#endif

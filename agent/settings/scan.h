/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SETTINGS_SCAN_H
#define SETTINGS_SCAN_H

#include <stdbool.h>

#include "settings/problems.h"

/* What is said of a stray quote. */
#define SCAN_STRAY_QUOTE "a quote is missing here, or one too many; within text it is written \\\""
#define SCAN_LONG_STRING "perhaps the string that begins here should end in this line"

/* What the scan saw that explains a syntax error; lines, 0 when not seen. */
struct conf_scan {
	unsigned long_string; /* the first string that does not end in its line began here */
	unsigned dot;         /* the first name with a dot in it */
	unsigned comma;       /* the first comma before a closing bracket */
	unsigned no_equals;   /* the first name with a bracket right behind it */
	unsigned no_value;    /* the first "=" or ":" with no value behind it */
	unsigned no_quotes;   /* the first value that is a word but neither true nor false */
	unsigned
		stray_quote; /* unless that was before: the first string with more behind its end */
	unsigned other_quote; /* the first quote that is none here: ', or a typographic one */
	unsigned no_comma;    /* the first group right behind another one */
	unsigned no_list;     /* the first group in "{" or "[", where "(" belongs */
	unsigned no_setting;  /* the first ";" right behind another one */
	unsigned extra_close; /* the first bracket that closes nothing */
	unsigned wrong_close; /* the first bracket that closes one of another kind: */
	unsigned open_line; /* that one; without wrong_close, the innermost that is never closed */
	char open;          /* which of "({[" it is */
	char close;         /* what closes it, or should */
	bool stop;          /* an error was noted after which there is no use in parsing */
};

/*
 * Looks at the text of a configuration file for what libconfig accepts without a word and then
 * reads differently from what was written: integers that wrap, comments that never end, backslashes
 * that were not doubled. Also refuses what we do not want: @include, deep nesting.
 */
struct conf_scan conf_scan(const struct conf_file *file, const char *text,
			   struct conf_problems *problems);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CMD_OPTIONS_H
#define CMD_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/result.h"

/*
 * The options of a command, a row each: reading the command line, what is said of a wrong one, and
 * --help (which a command has without a row) follow from the rows.
 */
struct cmd_option {
	const char *name;     /* without "--" */
	const char *argument; /* what --help calls its argument; NULL: none */
	size_t at;            /* where its value is in the command's own struct (offsetof) */
	/*
	 * Reads the argument into the value; false when it is wrong. NULL: the value is a const
	 * char *, which borrows the argument, not an empty one, or, of an option without one, a
	 * bool.
	 */
	bool (*take)(const char *argument, void *ret_value);
	const char *wanted; /* what `take` wants, as the end of "--name is ..." */
	bool alternative;   /* to the row before it: not both of them */
	const char *help;   /* a line break in it is one on the screen too */
};

/* All that a command takes. Texts end without LF. */
struct cmd_syntax {
	const char *about; /* what it does: whole lines of up to 80 columns */
	const struct cmd_option *options;
	size_t n_options;  /* up to CMD_OPTIONS_MAX */
	const char *words; /* what --help calls the words behind the options, "[FILE...]" */
	const char *help;  /* of these; NULL: `about` has said it */
	int words_min, words_max;
	const char *missing; /* what is asked when there are fewer, "which files?" */
	const char *more;    /* whole lines at the end of --help; NULL: none */
};

#define CMD_OPTIONS_MAX 16

/* The words behind the options. */
struct cmd_words {
	char **at; /* argv's, ending with NULL */
	int n;
};

/* Not an exit status: the command is to be carried out. */
#define CMD_GO_ON (-1)

/*
 * Reads the command line into *values, the command's struct, which holds the defaults. CMD_GO_ON;
 * otherwise the exit status, when --help was printed or something that is wrong was told. ret_words
 * is NULL where the syntax has none.
 */
int cmd_read_options(const struct cmd_syntax *syntax, int argc, char **argv, void *values,
		     struct cmd_words *ret_words) MUSTCHECK;

#endif

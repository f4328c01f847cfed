/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CMD_LETTERS_SHOW_H
#define CMD_LETTERS_SHOW_H

#include "cmd/letters/told.h"

/* Prints those that are asked for: in a table, as JSON, or one with all that is known of it. */
enum show_how { SHOW_TABLE, SHOW_JSON, SHOW_ONE };

/* The exit status: EX_NOINPUT, after a message, when there is none. */
int show_letters(const struct letters_options *options, struct request *request, enum show_how how)
	MUSTCHECK;

#endif

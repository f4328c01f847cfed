/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CMD_WRAP_H
#define CMD_WRAP_H

#include <stddef.h>
#include <stdio.h>

/*
 * Text of our own in 80 columns, wherever it goes: messages can be copied out of a mail as they
 * were. What a terminal would act upon is shown as \xHH.
 */
#define WRAP_COLUMNS 80

/*
 * Prints text, broken at blanks, and a line end; lines after the first begin with `indent` blanks,
 * and `column` columns of the first are used already. A word that is too long for a line is not
 * cut.
 */
void wrap_text(FILE *to, const char *text, size_t len, size_t column, size_t indent);

/* Prints text in one piece, without a line end. Returns its columns. */
size_t wrap_nothing(FILE *to, const char *text, size_t len);

#endif

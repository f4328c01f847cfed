/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CMD_NTH_H
#define CMD_NTH_H

#include "parsers/lines.h"

enum {
	NTH_E_NONE = 1, /* the file has no such line */
	NTH_E_SPECIAL,  /* it is no regular file: a pipe has no lines that stand still */
	NTH_E_BROKEN,   /* it cannot be unpacked so far */
};

/*
 * Where the line of this number, from 1 on, begins in a file, of which packed says that it is
 * compressed and the position is one of its content. The end in the rules is corrected by the mark
 * of UTF-16. 0, the E codes, negative errno.
 */
int nth_line(const char *path, int64_t line, struct line_rules *rules, bool packed,
	     int64_t *ret_position) MUSTCHECK;

#endif

/* SPDX-License-Identifier: Apache-2.0 */
#ifndef INPUT_HOLE_H
#define INPUT_HOLE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/result.h"

/*
 * NULs that stand before a line because nobody wrote anything there. A writer that does not append
 * goes on where it was after its file was truncated (copytruncate): what it left out is a hole.
 */

enum {
	HOLE_E_NONE = 1, /* they belong to the line: somebody wrote them */
	HOLE_E_OPEN,     /* nothing but NULs behind position yet: who preallocates may fill them */
	HOLE_E_PART,     /* *ret_end is somewhere in the hole: call again from there, nuls = true */
};

/*
 * The byte at position is NUL and begins a line: where the line really begins, in *ret_end. They
 * are no line's when a hole of the file (SEEK_DATA) is among them, or written ones are none, either
 * (nuls): they begin a file that was seen truncated, or go on a hole. Some system calls, however
 * large the hole is where the file system knows holes. 0, the E codes, negative errno.
 */
int hole_find(int fd, uint64_t position, bool nuls, uint64_t *ret_end) MUSTCHECK;

#endif

/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CHANGE_PROGRAM_H
#define CHANGE_PROGRAM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/result.h"

/* This program as the next one in its process: a restart in place. */

/*
 * The file to execute: ours, or what an upgrade put in its place; *ret_other: it is the latter. 0,
 * -ENOENT when there is none any more, other negative errno; `path` (size bytes) tells in each case
 * what it is about.
 */
int program_find(char *path, size_t size, bool *ret_other) MUSTCHECK;

/*
 * Executes this program again in this process, with argv (the first is the program's name): what
 * an upgrade put in its place, if there was one. No descriptor but 0, 1 and 2 survives. Returns
 * only on failure, with a negative errno; then the process has nothing left to do but to exit with
 * an error, and the next start goes on where the agent has stopped.
 */
int program_restart(char **argv) MUSTCHECK;

/*
 * The generation of the configuration, over a restart in place: what was kept before it, once; 0:
 * this is the first life.
 */
uint64_t program_take_generation(void);
void program_keep_generation(uint64_t generation);

#endif

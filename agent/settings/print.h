/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SETTINGS_PRINT_H
#define SETTINGS_PRINT_H

#include <stdio.h>

#include "settings/tree.h"

/*
 * The effective configuration: what the files say, joined, with the defaults of the option table
 * filled in, in libconfig's syntax. What is printed loads again and means the same, but for values
 * that are secret: those are "***". Where a secret is to be found ("file:...") is no secret. root
 * must have loaded without errors; errors of writing are left in the stream. state_dir: instead of
 * that of the files, or NULL.
 */
void conf_print(const struct conf_node *root, const char *state_dir, FILE *to);

#endif

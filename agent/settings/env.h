/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SETTINGS_ENV_H
#define SETTINGS_ENV_H

#include "base/result.h"
#include "settings/problems.h"
#include "settings/tree.h"

/*
 * Puts what the environment says in place of "${env:NAME}" and "${env:NAME:-DEFAULT}" in all
 * strings of the tree, but for those that are templates, which do so themselves: what a variable
 * holds is no template. One that is not set and has no default is noted. 0 or -ENOMEM.
 */
int conf_expand_env(struct conf_node *root, struct conf_problems *problems) MUSTCHECK;

#endif

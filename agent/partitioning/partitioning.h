/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PARTITIONING_PARTITIONING_H
#define PARTITIONING_PARTITIONING_H

#include "base/result.h"
#include "output/partitioner_rules.h"
#include "settings/problems.h"
#include "settings/tree.h"

/*
 * The rules that a list of groups says; label stands before what is noted of them. 0: *ret_rules is
 * the caller's, NULL when something is wrong, which was noted. -ENOMEM.
 */
int partitioning_rules(struct conf_problems *problems, const struct conf_node *list,
		       const char *label, struct partitioner_rules **ret_rules) MUSTCHECK;

#endif

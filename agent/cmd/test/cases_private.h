/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CMD_TEST_CASES_PRIVATE_H
#define CMD_TEST_CASES_PRIVATE_H

#include "cmd/test/cases.h"

/*
 * The text of the file → its cases. 0; TEST_FILE_E_WRONG, every problem was printed; -ENOMEM. For
 * cases.c.
 */
int test_file_parse(struct test_file *file) MUSTCHECK;

#endif

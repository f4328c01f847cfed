/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CMD_TEST_FILE_PRIVATE_H
#define CMD_TEST_FILE_PRIVATE_H

#include "cmd/test/file.h"

/*
 * The text of the file → its cases. 0; TEST_FILE_E_WRONG, every problem was printed; -ENOMEM. For
 * file.c.
 */
int test_file_parse(struct test_file *file) MUSTCHECK;

#endif

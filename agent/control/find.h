/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CONTROL_FIND_H
#define CONTROL_FIND_H

#include "files/files.h"
#include "protocol/request.h"

/*
 * The file that a request is about: by its name now; by its inode, for it may have other names, or
 * one that is no UTF-8; or by the name at which its generations appear. NULL: it is not known.
 */
struct file *request_file(const struct files *files, const struct request *request);

/* Whether it is asked about a file of that name; one that is not UTF-8 as JSON has it. */
bool request_names(const struct request *request, const char *name);

/* The same of those of which only the row is kept. */
const struct dormant *request_dormant(const struct files *files, const struct request *request);

/*
 * Where the line begins that has the byte at *position, of a file that is open as fd. False, and
 * *position is not touched: its beginning is not found in the 64 KiB before.
 */
bool request_line_start(int fd, const struct line_rules *rules, uint64_t *position);

/* request_line: no line of the file begins there. */
enum { REQUEST_E_WITHIN = 1 };

/*
 * Where a file is to be read on that is open as fd: at the position of the request, or without one
 * where the line begins that is not ended yet at the end of the file. 0, REQUEST_E_WITHIN, negative
 * errno.
 */
int request_line(const struct request *request, int fd, const struct line_rules *rules,
		 uint64_t *ret_position) MUSTCHECK;

#endif

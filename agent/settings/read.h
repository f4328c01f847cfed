/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SETTINGS_READ_H
#define SETTINGS_READ_H

#include <stddef.h>

#include "base/result.h"

/* Small files that an administrator wrote: configuration, patterns, passwords. */

#define CONF_FILE_MAX ((size_t)1 << 20)

enum {
	READ_E_FAILED = 1, /* errno says why; EISDIR, EFBIG, EINVAL for a NUL byte, EILSEQ for
			    * UTF-16, ENXIO for no regular file among them */
};

/*
 * Reads the whole regular file, at most max bytes; a byte order mark of UTF-8 is left out. 0:
 * *ret_text ends in NUL, holds no other, and is the caller's to free; its length is *ret_len.
 * READ_E_FAILED. -ENOMEM.
 */
int conf_read(const char *path, size_t max, char **ret_text, size_t *ret_len) MUSTCHECK;

/* The same of a file that is no text: whatever bytes it holds, all of them. */
int conf_read_bytes(const char *path, size_t max, char **ret_bytes, size_t *ret_len) MUSTCHECK;

/* The same of a pipe too, whose end is waited for. */
int conf_read_any(const char *path, size_t max, char **ret_text, size_t *ret_len) MUSTCHECK;

/* "cannot be read: Permission denied", "is a directory", ... for the errno of READ_E_FAILED. */
const char *conf_read_message(int error, char *buffer, size_t len);

/*
 * The paths of the files named *.conf in a directory, sorted by bytes, hidden ones left out. A
 * directory that does not exist holds none. 0: *ret_paths (NULL-terminated) is the caller's, for
 * conf_paths_free. READ_E_FAILED. -ENOMEM.
 */
int conf_list(const char *dir, char ***ret_paths) MUSTCHECK;

/* NULL is fine. Returns NULL. */
char **conf_paths_free(char **paths);

/*
 * The path of a file that `file` names: relative ones are relative to the directory of the file
 * that names them. malloc'ed, NULL when memory is out.
 */
char *conf_path_beside(const char *file, const char *path);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FILES_DOUBT_H
#define FILES_DOUBT_H

#include <sys/stat.h>

#include "files/files.h"

/*
 * A file whose time changed but that did not grow may have been rewritten in place: it is read
 * again from its start and held against the chain of what was read. What comes out other is
 * tail.rewritten: the next turn of the file says so.
 */

/*
 * Before each turn of a file that is open. real_ms: CLOCK_REALTIME, to know a time that is too
 * fresh to tell two writes apart. False: it is in doubt and not read now; it is ready again when
 * that is over.
 */
bool doubt_look(struct files *files, struct file *file, uint64_t now_us, int64_t real_ms);

/* The turn has read the file to its end: what doubt_look saw is the state of what was read. */
void doubt_dry(struct files *files, struct file *file);

/* One step, 256 KiB, with one of the files that are read again (files->proofs). */
void doubt_step(struct files *files, uint64_t now_us);

/* Whether a file in doubt waits for its time to be read again, and that has come. */
bool doubt_due(const struct file *file, uint64_t now_us);

/* Whether its time is another than when it was read to its end. */
bool doubt_touched(const struct file *file, const struct stat *st);

/* Its content is known to be another: nothing is in doubt any more. */
void doubt_end(struct files *files, struct file *file);

#endif

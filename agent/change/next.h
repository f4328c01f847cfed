/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CHANGE_NEXT_H
#define CHANGE_NEXT_H

#include "conf/conf.h"
#include "ops/log.h"

/* Logs what conf_load has printed, each line a message of its own, and cuts `text` into pieces. */
void next_log(struct log *log, char *text, bool wrong);

/*
 * The configuration of that file, to go by in the place of another one. state_dir: what it may not
 * change; NULL: what it says of that does not count. warns: what is doubtful in it is logged. NULL:
 * it cannot be taken, and why was logged. The caller's, to be given to conf_unref.
 */
struct conf *next_load(struct log *log, const char *file, const char *state_dir, bool warns);

#endif

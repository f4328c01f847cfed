/* SPDX-License-Identifier: Apache-2.0 */
#ifndef JOIN_READY_H
#define JOIN_READY_H

#include <stdbool.h>
#include <stdint.h>

#include "base/slice.h"

/* Which lines go on with the event before them: the words of multiline's type, in their order. */
enum join_kind {
	JOIN_PATTERNS, /* as start, go_on and end say */
	JOIN_INDENT,   /* those that begin with a blank or a tab */
	JOIN_JAVA,
	JOIN_PYTHON,
	JOIN_GO,
	JOIN_RUBY,
	JOIN_NODE,
	JOIN_DOTNET,
	JOIN_PHP,
	JOIN_POSTGRESQL,
	JOIN_MYSQL_SLOW,
	JOIN_CSV,   /* as long as a value in quotes is open */
	JOIN_LINES, /* none: each line is an event, if it is not a part of one */
};

/* What lines of an event come one after the other, for kinds that need no pattern. */

/* The mode of an event with this first line: the last argument of what follows. */
uint8_t ready_begin(enum join_kind kind, struct slice first);

/* Whether a line goes on with the event before it; the mode goes on, too. */
bool ready_goes_on(enum join_kind kind, uint8_t *mode, struct slice text);

/* Whether no line behind one of this mode is of its event. */
bool ready_is_whole(enum join_kind kind, uint8_t mode);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/* The cause of a failure in words, for whoever reports it. */
#include <stdarg.h>
#include <stdio.h>

#include "state/store_private.h"

void store_say(struct words words, const char *format, ...)
{
	va_list args;

	if (!words.at || !words.len)
		return;
	va_start(args, format);
	vsnprintf(words.at, words.len, format, args);
	va_end(args);
}

/* The extended code tells a failed write from a failed fsync, which the text does not. */
void store_say_db(struct words words, sqlite3 *db)
{
	store_say(words, "%s: %s (SQLite code %d)", DB_NAME, sqlite3_errmsg(db),
		  sqlite3_extended_errcode(db));
}

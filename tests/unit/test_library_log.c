/* SPDX-License-Identifier: Apache-2.0 */
/* Lines of the library's log, from its threads to the one that logs them. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>

#include "client/library_log.h"

#define WRITERS 4
#define EACH 200

Test(library_log, gives_lines_in_their_order)
{
	struct library_log log;
	unsigned dropped = 7;
	char *line;

	library_log_init(&log);
	cr_assert_null(library_log_take(&log, &dropped));
	library_log_note(&log, "FAIL", "one");
	library_log_note(&log, "DRAIN", "two");
	line = library_log_take(&log, &dropped);
	cr_assert_str_eq(line, "FAIL: one");
	cr_assert_eq(dropped, 0);
	free(line);
	line = library_log_take(&log, &dropped);
	cr_assert_str_eq(line, "DRAIN: two");
	free(line);
	cr_assert_null(library_log_take(&log, &dropped));
	library_log_deinit(&log);
}

Test(library_log, above_its_limit_the_newest_are_dropped_and_counted)
{
	struct library_log log;
	unsigned dropped = 0;
	char text[16], *line;

	library_log_init(&log);
	for (int i = 0; i < LIBRARY_LOG_LINES + 3; i++) {
		snprintf(text, sizeof text, "%d", i);
		library_log_note(&log, "F", text);
	}
	line = library_log_take(&log, &dropped);
	cr_assert_str_eq(line, "F: 0");
	cr_assert_eq(dropped, 3);
	free(line);
	library_log_note(&log, "F", "behind");
	for (int i = 1; i < LIBRARY_LOG_LINES; i++)
		free(library_log_take(&log, &dropped));
	cr_assert_eq(dropped, 0);
	line = library_log_take(&log, &dropped);
	cr_assert_str_eq(line, "F: behind");
	free(line);
	library_log_deinit(&log);
}

static void *write_lines(void *log)
{
	for (int i = 0; i < EACH; i++)
		library_log_note(log, "F", "line");
	return NULL;
}

Test(library_log, may_be_written_by_several_threads)
{
	struct library_log log;
	pthread_t threads[WRITERS];
	unsigned dropped = 0;
	char *line;
	int n = 0;

	library_log_init(&log);
	for (int i = 0; i < WRITERS; i++)
		pthread_create(&threads[i], NULL, write_lines, &log);
	for (int i = 0; i < WRITERS; i++)
		pthread_join(threads[i], NULL);
	while ((line = library_log_take(&log, &dropped))) {
		free(line);
		n++;
	}
	cr_assert_eq(n, WRITERS * EACH);
	library_log_deinit(&log);
}

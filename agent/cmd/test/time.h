/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CMD_TEST_TIME_H
#define CMD_TEST_TIME_H

#include <stdint.h>

#include "base/iso_time.h"
#include "base/result.h"

/* Points in time as files of tests have them: ISO 8601, written in UTC. */

enum {
	TEST_TIME_E_INVALID = 1,
};

/* "2026-01-02T03:04:05.678+01:00" → ms since 1970. 0, TEST_TIME_E_INVALID, -ENOMEM. */
int test_time_read(const char *text, int64_t *ret_ms) MUSTCHECK;

#define TEST_TIME_LEN (ISO_TIME_LEN + 1)

/* "2026-01-02T02:04:05Z", with milliseconds where there are any. */
void test_time_write(int64_t ms, char ret_text[TEST_TIME_LEN]);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/* What has to hold in the test code that runs without the frame of the unit tests, too. */
#ifndef SUPPORT_MUST_H
#define SUPPORT_MUST_H

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MUST(condition)                                                                    \
	do {                                                                               \
		if (!(condition)) {                                                        \
			fprintf(stderr, "%s:%d: %s: %s\n", __FILE__, __LINE__, #condition, \
				strerror(errno));                                          \
			abort();                                                           \
		}                                                                          \
	} while (0)

#endif

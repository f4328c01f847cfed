/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SUPPORT_CALLER_H
#define SUPPORT_CALLER_H

/* Who asks at a unix socket; what fails aborts the test. */

/* A connection to the socket at path; the caller's. */
int call(const char *path);

/* All of the text goes out at once. */
void say(int fd, const char *text);

#endif

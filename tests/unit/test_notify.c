/* SPDX-License-Identifier: Apache-2.0 */
/* Notices, received on a socket that stands for systemd's. */
#include "ops/notify.h"

#include <criterion/criterion.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

/* An abstract name, so that nothing is left behind. */
static int listen_as_manager(void)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	char name[64];
	int len = snprintf(name, sizeof name, "@waybill-test-%d", getpid());

	memcpy(address.sun_path, name, (size_t)len);
	address.sun_path[0] = '\0';
	cr_assert_eq(bind(fd, (struct sockaddr *)&address,
			  (socklen_t)(offsetof(struct sockaddr_un, sun_path) + (size_t)len)),
		     0);
	setenv("NOTIFY_SOCKET", name, 1);
	return fd;
}

static void expect_received(int fd, const char *expected)
{
	char text[512];
	ssize_t n = recv(fd, text, sizeof text - 1, MSG_DONTWAIT);

	cr_assert_gt(n, 0);
	text[n] = '\0';
	/* Whether the library ends a notice with a newline is its own affair. */
	if (text[n - 1] == '\n')
		text[n - 1] = '\0';
	for (char *at = text; (at = strchr(at, '\n'));)
		*at = ',';
	cr_expect_str_eq(text, expected);
}

Test(notify, tells_the_manager)
{
	int fd = listen_as_manager();
	char expected[7 + 255 + 1];

	notify_ready();
	expect_received(fd, "READY=1");
	notify_watchdog();
	expect_received(fd, "WATCHDOG=1");
	notify_stopping();
	expect_received(fd, "STOPPING=1");
	notify_reloading(1234567890123);
	expect_received(fd, "RELOADING=1,MONOTONIC_USEC=1234567890123");
	notify_status("%d files\nMAINPID=1", 3);
	expect_received(fd, "STATUS=3 files MAINPID=1");
	notify_status("%01000d", 0);
	snprintf(expected, sizeof expected, "STATUS=%0255d", 0);
	expect_received(fd, expected);
	close(fd);
}

Test(notify, silent_without_manager)
{
	unsetenv("NOTIFY_SOCKET");
	notify_ready();
	notify_status("x");
}

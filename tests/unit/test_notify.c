/* SPDX-License-Identifier: Apache-2.0 */
/* Notices, received on a socket that stands for systemd's. */
#include "ops/notify.h"

#include <criterion/criterion.h>
#include <errno.h>
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
	for (char *at = text; (at = strchr(at, '\n'));)
		*at = ',';
	cr_expect_str_eq(text, expected);
}

Test(notify, tells_the_manager)
{
	int fd = listen_as_manager();
	struct notify notify = {0};
	char expected[7 + 255 + 1];

	notify_ready(&notify);
	expect_received(fd, "READY=1");
	notify_watchdog(&notify);
	expect_received(fd, "WATCHDOG=1");
	notify_stopping(&notify);
	expect_received(fd, "STOPPING=1");
	notify_reloading(&notify, 1234567890123);
	expect_received(fd, "RELOADING=1,MONOTONIC_USEC=1234567890123");
	notify_status(&notify, "%d files\nMAINPID=1", 3);
	expect_received(fd, "STATUS=3 files MAINPID=1");
	notify_status(&notify, "%01000d", 0);
	snprintf(expected, sizeof expected, "STATUS=%0255d", 0);
	expect_received(fd, expected);
	close(fd);
}

Test(notify, silent_without_manager)
{
	struct notify notify = {0};

	unsetenv("NOTIFY_SOCKET");
	notify_ready(&notify);
	notify_status(&notify, "x");
}

/* The queue of a manager that does not read. */
static void fill_queue(int fd)
{
	struct sockaddr_un manager;
	socklen_t len = sizeof manager;
	int sender = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	cr_assert_eq(getsockname(fd, (struct sockaddr *)&manager, &len), 0);
	while (sendto(sender, "x", 1, MSG_DONTWAIT, (struct sockaddr *)&manager, len) == 1)
		;
	cr_assert_eq(errno, EAGAIN);
	close(sender);
}

static void empty_queue(int fd)
{
	char text[512];

	while (recv(fd, text, sizeof text, MSG_DONTWAIT) > 0)
		;
}

/* Scenario F08. The library's function waits here for ever: a timeout is its failure. */
Test(notify, does_not_wait_for_a_manager_that_does_not_read, .timeout = 10)
{
	struct notify notify = {0};
	int fd = listen_as_manager();
	char none[8];

	fill_queue(fd);
	notify_status(&notify, "busy");
	notify_watchdog(&notify);
	notify_reloading(&notify, 17);
	notify_ready(&notify);
	notify_stopping(&notify);
	empty_queue(fd);
	/* A change of state is not lost, and goes before what is routine. */
	notify_watchdog(&notify);
	expect_received(fd, "RELOADING=1,MONOTONIC_USEC=17");
	expect_received(fd, "READY=1");
	expect_received(fd, "STOPPING=1");
	expect_received(fd, "WATCHDOG=1");
	notify_watchdog(&notify);
	expect_received(fd, "WATCHDOG=1");
	cr_expect_lt(recv(fd, none, sizeof none, MSG_DONTWAIT), 0);
	close(fd);
}

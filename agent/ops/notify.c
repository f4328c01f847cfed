/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What systemd is told: a datagram to the socket in the environment, as sd_notify(3) describes it.
 * The library's function is not used, because it waits in sendmsg as long as the manager's queue is
 * full (a manager that hangs, or one that is stopped), and with it would the one thread that does
 * everything; it has no way of not waiting, and to look before with poll says nothing of the socket
 * that it opens itself.
 *
 * A notice that finds no room: of the watchdog and the status another one comes soon; a change of
 * state (ready, reloading, stopping) is kept and goes before the next notice, at the latest a
 * second later with the watchdog's. Other failures are not looked at: without systemd there is
 * nobody to tell, and with it a lost notice shows in systemd's own log. The environment is left as
 * it is, so that a second agent of the same process works.
 */
#include "ops/notify.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define STATUS_MAX 256

/* The manager's address: a path, or an abstract name with "@" for its NUL. 0: there is none. */
static socklen_t address_of_manager(struct sockaddr_un *ret)
{
	const char *name = getenv("NOTIFY_SOCKET");
	size_t len = name ? strlen(name) : 0;

	if (len < 2 || (name[0] != '/' && name[0] != '@') || len >= sizeof ret->sun_path)
		return 0;
	*ret = (struct sockaddr_un){.sun_family = AF_UNIX};
	memcpy(ret->sun_path, name, len);
	if (name[0] == '@')
		ret->sun_path[0] = '\0';
	return (socklen_t)(offsetof(struct sockaddr_un, sun_path) + len);
}

/* False when there is no room for it. */
static bool tell(const char *text)
{
	struct sockaddr_un address;
	socklen_t len = address_of_manager(&address);
	bool full;
	int fd;

	if (!len)
		return true;
	fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return true;
	full = sendto(fd, text, strlen(text), MSG_DONTWAIT | MSG_NOSIGNAL,
		      (struct sockaddr *)&address, len) < 0 &&
	       errno == EAGAIN;
	close(fd);
	return !full;
}

/* What was kept, in the order of a life. False when there still is no room. */
static bool tell_kept(struct notify *notify)
{
	char text[64];

	snprintf(text, sizeof text, "RELOADING=1\nMONOTONIC_USEC=%" PRIu64, notify->reloading_us);
	if (notify->reloading_us && !tell(text))
		return false;
	notify->reloading_us = 0;
	if (notify->ready && !tell("READY=1"))
		return false;
	notify->ready = false;
	if (notify->stopping && !tell("STOPPING=1"))
		return false;
	notify->stopping = false;
	return true;
}

void notify_ready(struct notify *notify)
{
	notify->ready = true;
	(void)tell_kept(notify);
}

void notify_stopping(struct notify *notify)
{
	notify->stopping = true;
	(void)tell_kept(notify);
}

/* Without the time a unit of Type=notify-reload takes the notice for one of an earlier reload. */
void notify_reloading(struct notify *notify, uint64_t now_us)
{
	notify->reloading_us = now_us;
	notify->ready = false;
	(void)tell_kept(notify);
}

void notify_status(struct notify *notify, const char *format, ...)
{
	char text[sizeof "STATUS=" + STATUS_MAX] = "STATUS=";
	va_list args;

	va_start(args, format);
	vsnprintf(text + strlen(text), STATUS_MAX, format, args);
	va_end(args);
	/* A newline would start another assignment. */
	for (char *at = text; *at; at++) {
		if ((unsigned char)*at < ' ')
			*at = ' ';
	}
	if (tell_kept(notify))
		(void)tell(text);
}

void notify_starting(struct notify *notify)
{
	if (tell_kept(notify))
		(void)tell("WATCHDOG=1\nEXTEND_TIMEOUT_USEC=60000000");
}

void notify_watchdog(struct notify *notify)
{
	if (tell_kept(notify))
		(void)tell("WATCHDOG=1");
}

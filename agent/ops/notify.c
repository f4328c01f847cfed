/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sd_notify, kept in this one file. Results are not looked at: without systemd there is nobody to
 * tell, and with it a lost notice shows in systemd's own log (a start that times out, a watchdog
 * that bites). The environment is left as it is, so that a second agent of the same process works.
 *
 * Accepted: the datagram may block while the manager's queue is full. That is the same hand that
 * feeds the watchdog, and no data waits on it longer than the manager itself hangs.
 */
#include "ops/notify.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>

#include <systemd/sd-daemon.h>

#define STATUS_MAX 256

void notify_ready(void)
{
	sd_notify(0, "READY=1");
}

void notify_stopping(void)
{
	sd_notify(0, "STOPPING=1");
}

/* Without the time a unit of Type=notify-reload takes the notice for one of an earlier reload. */
void notify_reloading(uint64_t now_us)
{
	sd_notifyf(0, "RELOADING=1\nMONOTONIC_USEC=%" PRIu64, now_us);
}

void notify_status(const char *format, ...)
{
	char text[STATUS_MAX];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof text, format, args);
	va_end(args);
	/* A newline would start another assignment. */
	for (char *at = text; *at; at++) {
		if ((unsigned char)*at < ' ')
			*at = ' ';
	}
	sd_notifyf(0, "STATUS=%s", text);
}

void notify_watchdog(void)
{
	sd_notify(0, "WATCHDOG=1");
}

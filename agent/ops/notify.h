/* SPDX-License-Identifier: Apache-2.0 */
#ifndef OPS_NOTIFY_H
#define OPS_NOTIFY_H

#include <stdbool.h>
#include <stdint.h>

/*
 * What systemd is told; each does nothing when not started by it, and none of them waits: what the
 * manager has no room for is kept if it is a change of state, and goes with a later notice.
 * Embedded; zeroed.
 */
struct notify {
	uint64_t reloading_us; /* kept: since when; or 0 */
	bool ready, stopping;  /* kept */
};

/* Changes of state, told at once or as soon as the manager has room. */
void notify_ready(struct notify *notify);
void notify_stopping(struct notify *notify);
/* Since now_us (CLOCK_MONOTONIC), until notify_ready. */
void notify_reloading(struct notify *notify, uint64_t now_us);
/* One line of `systemctl status`; cut at 255 bytes. */
void notify_status(struct notify *notify, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
void notify_watchdog(struct notify *notify);
/* The same of a start that goes on: TimeoutStartSec= is over a minute from now at the earliest. */
void notify_starting(struct notify *notify);

#endif

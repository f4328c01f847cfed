/* SPDX-License-Identifier: Apache-2.0 */
#ifndef OPS_NOTIFY_H
#define OPS_NOTIFY_H

#include <stdint.h>

/* What systemd is told; each does nothing when not started by it. */
void notify_ready(void);
void notify_stopping(void);
/* Since now_us (CLOCK_MONOTONIC), until notify_ready. */
void notify_reloading(uint64_t now_us);
/* One line of `systemctl status`; cut at 255 bytes. */
void notify_status(const char *format, ...) __attribute__((format(printf, 1, 2)));
void notify_watchdog(void);

#endif

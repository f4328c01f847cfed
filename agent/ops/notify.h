/* SPDX-License-Identifier: Apache-2.0 */
#ifndef OPS_NOTIFY_H
#define OPS_NOTIFY_H

/* What systemd is told; each does nothing when not started by it. */
void notify_ready(void);
void notify_stopping(void);
/* One line of `systemctl status`; cut at 255 bytes. */
void notify_status(const char *format, ...) __attribute__((format(printf, 1, 2)));
void notify_watchdog(void);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A message with fields: a datagram to the journal's socket, as systemd's "Native Journal Protocol"
 * describes it, NAME=value a line. The library's function (sd_journal_sendv) is not used, for the
 * reason that notify.c tells: it waits in sendmsg as long as the journal takes nothing, and with it
 * would the data path. Nor is what it does for large entries and for newlines in values needed: a
 * message is bounded, and what was shown (unicode_show) has none.
 *
 *	sent ──► taken
 *	     ├─► no room (journald hangs or is flooded): dropped and counted, as of a full pipe
 *	     └─► nobody there, not permitted: the line on stderr, which is the journal's as well
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/unicode.h"
#include "ops/log_private.h"
#include "ops/messages.h"

/* Names, digits, and values of VALUE_MAX bytes beside the message. */
#define FIELDS_MAX 2048
#define VALUE_MAX 512

struct entry {
	char at[LOG_LINE_MAX + FIELDS_MAX];
	size_t len;
};

static void add(struct entry *entry, const char *name, struct slice value, size_t room)
{
	if (!value.len)
		return;
	entry->len = (size_t)(stpcpy(stpcpy(entry->at + entry->len, name), "=") - entry->at);
	entry->len += unicode_show(entry->at + entry->len, room, value);
	entry->at[entry->len++] = '\n';
}

static void make(struct entry *entry, int priority, const struct log_about *about,
		 struct slice text)
{
	char number[16];

	snprintf(number, sizeof number, "%d", priority);
	entry->len = 0;
	add(entry, "MESSAGE", text, LOG_LINE_MAX);
	add(entry, "PRIORITY", slice_of(number), VALUE_MAX);
	add(entry, "SYSLOG_IDENTIFIER", slice_of("waybill"), VALUE_MAX);
	add(entry, "MESSAGE_ID", slice_of(message_journal_id(about->id)), VALUE_MAX);
	add(entry, "WAYBILL_MESSAGE", slice_of(about->id), VALUE_MAX);
	add(entry, "WAYBILL_SOURCE", slice_of(about->source), VALUE_MAX);
	add(entry, "WAYBILL_CLUSTER", slice_of(about->cluster), VALUE_MAX);
	add(entry, "WAYBILL_TOPIC", slice_of(about->topic), VALUE_MAX);
}

enum log_journal_result log_journal_send(struct log *log, int priority,
					 const struct log_about *about, struct slice text)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	struct entry entry;

	if (log->journal_fd < 0)
		log->journal_fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (log->journal_fd < 0)
		return LOG_JOURNAL_E_NONE;
	make(&entry, priority, about, text);
	snprintf(address.sun_path, sizeof address.sun_path, "%s", log->journal_path);
	if (sendto(log->journal_fd, entry.at, entry.len, MSG_DONTWAIT | MSG_NOSIGNAL,
		   (struct sockaddr *)&address, sizeof address) >= 0)
		return LOG_JOURNAL_TAKEN;
	return errno == EAGAIN ? LOG_JOURNAL_E_FULL : LOG_JOURNAL_E_NONE;
}

void log_journal_close(struct log *log)
{
	if (log->journal_fd >= 0)
		close(log->journal_fd);
}

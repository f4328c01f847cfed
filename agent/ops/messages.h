/* SPDX-License-Identifier: Apache-2.0 */
#ifndef OPS_MESSAGES_H
#define OPS_MESSAGES_H

/* Bytes of a MESSAGE_ID of the journal as text, without NUL. */
#define MESSAGE_ID_LEN 32

/*
 * What the journal knows a message by: 32 hex digits for its id, a heading of docs/messages.md.
 * Static text. NULL: there is no such message.
 */
const char *message_journal_id(const char *id);

#endif

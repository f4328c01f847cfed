/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PARSERS_KINDS_SYSLOG_PRIVATE_H
#define PARSERS_KINDS_SYSLOG_PRIVATE_H

#include "parsers/kinds/kinds_private.h"

/* Between syslog.c and the two forms, a file each. */

enum {
	SYSLOG_PRI,
	SYSLOG_FACILITY,
	SYSLOG_SEVERITY,
	SYSLOG_TIME,
	SYSLOG_HOST,
	SYSLOG_PROGRAM,
	SYSLOG_PID,
	SYSLOG_MSGID,
	SYSLOG_DATA,
	SYSLOG_MESSAGE,
	SYSLOG_FIELDS_N,
};

struct syslog {
	int8_t slots[SYSLOG_FIELDS_N];
	size_t n_params;
	struct {
		struct slice name; /* "ID.NAME" */
		int8_t slot;
	} params[PARSER_FIELDS_MAX];
};

/* The fields that are wanted, as a set. */
static inline uint64_t syslog_slots(const struct syslog *syslog)
{
	uint64_t set = 0;

	for (size_t i = 0; i < SYSLOG_FIELDS_N; i++)
		set |= syslog->slots[i] >= 0 ? (uint64_t)1 << syslog->slots[i] : 0;
	for (size_t i = 0; i < syslog->n_params; i++)
		set |= (uint64_t)1 << syslog->params[i].slot;
	return set;
}

/* What stands behind the priority (5424: and the version). As a kind's extract. */
int syslog_5424(const struct syslog *syslog, const char *at, const char *end, struct kind_run *run);
int syslog_3164(const struct syslog *syslog, const char *at, const char *end, struct kind_run *run);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Syslog, both forms, told apart by the "1" behind the priority:
 *
 *	<165>1 2026-11-21T15:11:55.003Z host program pid msgid [id name="value"] message   RFC 5424
 *	Nov 21 15:11:55 host program[pid]: message                                         RFC 3164
 *
 * The second is what programs write rather than what its RFC says: without priority, with a
 * fraction of a second, a year or an ISO 8601 time, without a host, with a version or a
 * parenthesis behind the program. What is "-" in the first is missing. The program has no
 * default: a line without one ("last message repeated 3 times") does not match.
 *
 * A parameter of the structured data is the field data.ID.NAME; data is all of it as it stands.
 */
#include <ctype.h>
#include <errno.h>
#include <stdlib.h>

#include "parsers/kinds/kinds_private.h"
#include "parsers/kinds/syslog_private.h"

static const char *const names[] = {"pri", "facility", "severity", "time",    "host", "program",
				    "pid", "msgid",    "data",     "message", NULL};

static int compile(const struct parser_link *link UNUSED, const struct kind_wants *wants,
		   void **ret_state, uint32_t *ret_field UNUSED)
{
	struct syslog *syslog = calloc(1, sizeof *syslog);

	if (!syslog)
		return -ENOMEM;
	for (size_t i = 0; i < SYSLOG_FIELDS_N; i++)
		syslog->slots[i] = kind_slot(wants, names[i]);
	for (size_t i = 0; i < wants->fields->n; i++) {
		const char *name = wants->fields->names[i];

		if (!(wants->wanted >> i & 1) || strncmp(name, "data.", 5) != 0)
			continue;
		syslog->params[syslog->n_params].name = slice_of(name + 5);
		syslog->params[syslog->n_params++].slot = (int8_t)i;
	}
	*ret_state = syslog;
	return 0;
}

static void *discard(void *state)
{
	free(state);
	return NULL;
}

/* "<165>" at *at, if there is one. False: it is a wrong one. */
static bool take_pri(const struct syslog *syslog, const char **at, const char *end,
		     struct kind_run *run)
{
	static const char *const facilities[24] = {
		"kern",   "user",   "mail",     "daemon", "auth",   "syslog", "lpr",    "news",
		"uucp",   "cron",   "authpriv", "ftp",    "ntp",    "audit",  "alert",  "clock",
		"local0", "local1", "local2",   "local3", "local4", "local5", "local6", "local7"};
	static const char *const severities[8] = {"emerg",   "alert",  "crit", "err",
						  "warning", "notice", "info", "debug"};
	const char *start = *at + 1, *here = start;
	unsigned pri = 0;

	if (*at == end || **at != '<')
		return true;
	while (here < end && here - start < 3 && isdigit((unsigned char)*here))
		pri = pri * 10 + (unsigned)(*here++ - '0');
	if (here == start || here == end || *here != '>' || pri > 191)
		return false;
	kind_set(run, syslog->slots[SYSLOG_PRI], start, here);
	if (syslog->slots[SYSLOG_FACILITY] >= 0)
		run->fields[syslog->slots[SYSLOG_FACILITY]] = slice_of(facilities[pri / 8]);
	if (syslog->slots[SYSLOG_SEVERITY] >= 0)
		run->fields[syslog->slots[SYSLOG_SEVERITY]] = slice_of(severities[pri % 8]);
	*at = here + 1;
	return true;
}

static int extract(const void *state, struct slice text, struct kind_run *run)
{
	const struct syslog *syslog = state;
	const char *at = text.at, *end = at + text.len;
	struct slice found[PARSER_FIELDS_MAX];
	struct kind_run own = {run->scratch, run->arena, found};
	uint64_t set;
	int r;

	for (size_t i = 0; i < PARSER_FIELDS_MAX; i++)
		found[i] = SLICE_NONE;
	if (!take_pri(syslog, &at, end, &own))
		return kind_miss(run, at);
	if (at > text.at && end - at > 2 && at[0] == '1' && at[1] == ' ')
		r = syslog_5424(syslog, at + 2, end, &own);
	else
		r = syslog_3164(syslog, at, end, &own);
	if (r)
		return r < 0 ? r : kind_miss(run, own.stop);
	set = syslog_slots(syslog);
	for (; set; set &= set - 1) {
		int i = __builtin_ctzll(set);

		if (found[i].at)
			run->fields[i] = found[i];
	}
	return 0;
}

const struct kind kind_syslog = {names, "data.", compile, discard, extract};

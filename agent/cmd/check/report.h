/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CMD_CHECK_REPORT_H
#define CMD_CHECK_REPORT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "base/result.h"
#include "settings/problems.h"

/*
 * What check has found, collected, so that all of it is said at once and in the order of the
 * files.
 */

enum check_severity {
	CHECK_ERROR,   /* run would refuse it, or something would not be shipped */
	CHECK_WARNING, /* it works, but lines may be lost or late one day */
	CHECK_NOTE,    /* good to know */
	CHECK_SEVERITIES,
};

struct check_finding {
	enum check_severity severity;
	struct conf_place place; /* file is NULL where no setting is to blame */
	size_t order;
	char *text; /* problem LF consequence LF suggestion; each of the last two may be missing */
};

struct check_report {
	struct check_finding *items; /* the first CHECK_FINDINGS_MAX */
	size_t n;
	size_t counts[CHECK_SEVERITIES];
	bool no_memory; /* something could not be noted down */
	/* bootstrap_servers of the cluster that is judged, and what else commands to copy need */
	const char *servers;
};

/* What a command to copy has behind --bootstrap-server. */
static inline const char *check_servers(const struct check_report *report)
{
	return report->servers ? report->servers : "HOST:9092";
}

/* More than these are counted only. */
#define CHECK_FINDINGS_MAX 500

/* Where no setting is to blame. */
#define CHECK_NOWHERE ((struct conf_place){0})

/*
 * Notes a finding: what is wrong, what follows from it and what to do, a line (LF) each, of any
 * length. A line that begins with a blank is a command and is not wrapped. Never fails: see
 * no_memory.
 */
void check_find(struct check_report *report, enum check_severity severity, struct conf_place place,
		const char *format, ...) PRINTF_LIKE(4, 5);

/* Takes over what loading the configuration has found. */
void check_take_problems(struct check_report *report, const struct conf_problems *problems);

/*
 * Prints the findings up to the severity given, by file and line, those without a place last, in 80
 * columns: "FILE:LINE: error: problem", then consequence and suggestion indented. Control
 * characters become '?'. Colours only when colour is set.
 */
void check_print(struct check_report *report, enum check_severity least, bool colour, FILE *to);

void check_report_deinit(struct check_report *report);

#endif

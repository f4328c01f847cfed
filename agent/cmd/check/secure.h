/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CMD_CHECK_SECURE_H
#define CMD_CHECK_SECURE_H

#include <sys/stat.h>

#include "cmd/check/report.h"
#include "login/expiry.h"
#include "login/life.h"

/* What works, and lets others listen, pose as the brokers, or tell us what to do. */

/* Values of a kafka block; NULL: not set. */
struct check_wire {
	const char *label; /* what the block is called */
	const char *protocol, *mechanism, *verification, *endpoint;
	bool endpoint_by_default; /* names are compared unless the block says otherwise */
};

/* What protects passwords and records on their way to the brokers. */
void check_judge_wire(struct check_report *report, struct conf_place place,
		      const struct check_wire *wire);

/* Something (`what`; `follows` if others write to it) that only its owner should write to. */
void check_judge_writable(struct check_report *report, struct conf_place place, const char *what,
			  const char *follows, const char *path, const struct stat *st);

/* A key that only its owner and its group should read. setting: with the name of its block. */
void check_judge_readable(struct check_report *report, struct conf_place place, const char *setting,
			  const char *path, const struct stat *st);

/* How long the certificate of a setting (as before) is good, at now_s (since 1970). */
void check_judge_expiry(struct check_report *report, struct conf_place place, const char *setting,
			const struct expiry *expiry, int64_t now_s, uint64_t warning_ms);

/* How long a token is good at now_ms (since 1970), or why there is none. */
void check_judge_token(struct check_report *report, struct conf_place place, const char *setting,
		       const struct life *life, int64_t now_ms, uint64_t warning_ms);

#endif

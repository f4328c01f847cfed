/* SPDX-License-Identifier: Apache-2.0 */
/* The first scan: all that it finds is collected, and taken in in its order. */
#include "hints/findings.h"
#include "hints/hints.h"

/*
 * Every path of the scan. Changes that come meanwhile wait: they may have no end, a scan has one.
 */
static int collect(struct files *files, struct discover *discover, int64_t now_ms,
		   struct findings *findings)
{
	struct hint hint;
	int r = discover_scan(discover);

	while (!r && discover_is_scanning(discover)) {
		r = discover_next(discover, &hint);
		if (!r && hint.kind == HINT_FOUND)
			r = findings_add(findings, hint.source, hint.path);
		else if (!r)
			r = hints_follow(files, discover, &hint, now_ms);
	}
	return r == DISCOVER_E_NONE ? 0 : r;
}

int hints_first_scan(struct files *files, struct discover *discover, int64_t now_ms)
{
	struct findings findings = {0};
	int r = collect(files, discover, now_ms, &findings);

	if (!r)
		r = findings_take_in(&findings, files, discover, now_ms);
	findings_deinit(&findings);
	return r;
}

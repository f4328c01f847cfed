/* SPDX-License-Identifier: Apache-2.0 */
/* The first scan: all that it finds is collected, and taken in in its order. */
#include "hints/findings.h"
#include "hints/hints.h"

/* Each look deals out what is free by then, and what the one before it found to be. */
#define LOOKS_MAX 8

/*
 * Every path of the scan. Changes that come meanwhile wait: they may have no end, a scan has one.
 */
static int collect(struct files *files, struct discover *discover, int64_t now_ms,
		   struct findings *findings)
{
	struct hint hint;
	size_t n = 0;
	int r = discover_scan(discover);

	while (!r && discover_is_scanning(discover)) {
		r = discover_next(discover, &hint);
		if (!r && hint.kind == HINT_FOUND &&
		    files_is_first(files, &files->sources[hint.source]))
			r = findings_add(findings, files, hint.source, hint.path);
		else if (!r)
			r = hints_follow(files, discover, &hint, now_ms);
		findings_keep_alive(files, n++);
	}
	return r == DISCOVER_E_NONE ? 0 : r;
}

static int look(struct files *files, struct discover *discover, int64_t now_ms)
{
	struct findings findings = {0};
	int r;

	quota_begin_look(&files->quota);
	quota_begin_look(&files->awake);
	r = collect(files, discover, now_ms, &findings);
	if (!r)
		r = findings_take_in(&findings, files, discover, now_ms);
	findings_deinit(&findings);
	quota_end_look(&files->quota);
	quota_end_look(&files->awake);
	return r;
}

int hints_first_scan(struct files *files, struct discover *discover, int64_t now_ms)
{
	int r, left = LOOKS_MAX;

	/* What a source may not have in its first turn is there at the start all the same. */
	do
		r = look(files, discover, now_ms);
	while (!r && --left &&
	       (quota_wants_look(&files->quota) || quota_wants_look(&files->awake) ||
		quota_wants_look(discover_quota(discover))));
	return r;
}

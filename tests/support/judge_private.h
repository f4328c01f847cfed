/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SUPPORT_JUDGE_PRIVATE_H
#define SUPPORT_JUDGE_PRIVATE_H

#include "tests/support/judge.h"

/* Shared by judge.c (what is sent, what comes of it) and judge_agent.c (the agent's own word). */

/* "a0.log generation 2, line at 1234". */
#define WHERE "%c%d.log generation %d, line at %llu"
#define WHERE_OF(file, position)                                              \
	(file)->lineage % 2 ? 'b' : 'a', (file)->lineage, (file)->generation, \
		(unsigned long long)(position)

/* All of its branches are done, or nothing needs to be done. */
bool judge_passed(const struct judge *judge, const struct log_line *line);

/* The same of one of them. */
bool judge_branch_passed(const struct log_line *line, unsigned branch);

/* Whether nothing more can be expected behind a last line without LF. */
bool judge_may_end(const struct judge *judge, const struct log_file *file, uint64_t now_us);

/* The line that a dead letter holds, or NULL. */
struct log_line *judge_line_of(const struct judge *judge, const struct store_dead_letter *letter);

/* Which branch of it. */
unsigned judge_branch_of(const struct store_dead_letter *letter);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What would become of a line that was settled, for who asks: nothing is kept of it, but its bytes
 * may be in the file still, and rules are pure. So it is read again and judged again. Limits are
 * not: they are of their time. And where one that is in flight went: a slot has no room for that.
 */
#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "pipeline/pipeline_private.h"

/* Longer lines are not judged: one who asks waits, and so does the loop. */
#define JUDGED_MAX ((size_t)64 << 10)

static int judge(struct pipeline *pipeline, const struct file *file, uint64_t position,
		 struct slice bytes, const char **ret_why)
{
	struct event event = {.kind = EVENT_LINE, .position = position};
	size_t half = lines_half(position, file->tail.rules);
	int r;

	bytes = (struct slice){bytes.at + half, bytes.len - half};
	if (lines_cut(bytes, 0, file->tail.rules, &event.line))
		return 0;
	r = pipeline_record(pipeline, file, &event, 0);
	if (r == 0)
		*ret_why = outcome_leaves_out(route_rules(file->source->route),
					      &pipeline->line.outcome);
	return r;
}

/* Where lines are joined, one says nothing: it may be of an event that was judged as a whole. */
static bool may_judge(const struct file *file)
{
	const struct join *join = file->source->join;

	return !file->tail.packing && (!join || join_options(join)->kind == JOIN_LINES);
}

const char *pipeline_left_out(struct pipeline *pipeline, const struct file *file, int fd,
			      uint64_t position)
{
	char *bytes = may_judge(file) ? malloc(JUDGED_MAX) : NULL;
	ssize_t n = bytes ? pread(fd, bytes, JUDGED_MAX, (off_t)position) : 0;
	const char *why = NULL;

	if (n > 0 && judge(pipeline, file, position, (struct slice){bytes, (size_t)n}, &why))
		why = NULL;
	pipeline->taken = false;
	free(bytes);
	return why;
}

bool pipeline_where(struct pipeline *pipeline, struct slot *slot, uint32_t *ret_topic,
		    int32_t *ret_partition)
{
	int r = pipeline_remake(pipeline, slot);

	pipeline->taken = false;
	if (r)
		return false;
	*ret_topic = pipeline->record.topic;
	*ret_partition = output_place(pipeline->options.output, &pipeline->record);
	return true;
}

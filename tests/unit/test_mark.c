/* SPDX-License-Identifier: Apache-2.0 */
/* The mark of UTF-16 says how lines end: of what is read, not of what is on disk now. */
#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <stdlib.h>
#include <unistd.h>

#include "files/file.h"

/* An open file of a source of UTF-16 with these bytes; without a name. */
static struct file *open_file(struct source *source, struct chunk_pools *pools, const char *bytes,
			      size_t len)
{
	static const struct identity nobody;
	char path[] = "/tmp/waybill-mark-XXXXXX";
	struct file *file;
	int fd = mkstemp(path);

	cr_assert(ge(int, fd, 0));
	unlink(path);
	cr_assert(eq(sz, (size_t)pwrite(fd, bytes, len, 0), len));
	source->rules = (struct line_rules){
		.max_line = 100, .wide = true, .nuls = true, .end_len = 2, .end = "\n"};
	source->big_rules = source->rules;
	memcpy(source->big_rules.end, "\0\n", 2);
	source->by_mark = true;
	cr_assert(not(chunk_pools_init(pools, (size_t)1 << 20)));
	cr_assert(not(file_new(1, source, path, path, &nobody, 0, pools, &file)));
	tail_set_fd(&file->tail, fd);
	return file;
}

static void end(struct file *file, struct chunk_pools *pools)
{
	file_free(file);
	chunk_pools_deinit(pools);
}

/* What was in memory then was cut as UTF-16LE. */
Test(mark, of_a_file_that_was_truncated_is_that_of_what_is_in_memory)
{
	struct source source = {0};
	struct chunk_pools pools;
	struct file *file = open_file(&source, &pools, "\xfe\xff\0a\0\n", 6);

	file_read_mark(file);
	cr_expect(eq(ptr, (void *)file->tail.rules, (void *)&source.big_rules));
	cr_assert(not(ftruncate(file->tail.fd, 0)));
	file_read_mark(file);
	cr_expect(eq(ptr, (void *)file->tail.rules, (void *)&source.big_rules));
	cr_assert(eq(sz,
		     (size_t)pwrite(file->tail.fd,
				    "\xff\xfe"
				    "a\0\n\0",
				    6, 0),
		     6));
	file_read_mark(file);
	cr_expect(eq(ptr, (void *)file->tail.rules, (void *)&source.big_rules));
	/* The content begins anew. */
	file_forget_start(file);
	file_read_mark(file);
	cr_expect(eq(ptr, (void *)file->tail.rules, (void *)&source.rules));
	end(file, &pools);
}

/* Half a mark says nothing yet. */
Test(mark, that_is_half_written_is_waited_for)
{
	struct source source = {0};
	struct chunk_pools pools;
	struct file *file = open_file(&source, &pools, "\xfe", 1);

	file_read_mark(file);
	cr_assert(eq(sz, (size_t)pwrite(file->tail.fd, "\xff", 1, 1), 1));
	file_read_mark(file);
	cr_expect(eq(ptr, (void *)file->tail.rules, (void *)&source.big_rules));
	end(file, &pools);
}

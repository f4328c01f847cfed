/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Another process is quicker than we are: what a path names is exchanged, and what a descriptor
 * holds is cut, between two of our system calls. The calls are ours, so it happens in between every
 * time and not once in a million.
 */
#include "tests/support/calls.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include "tests/support/follow_rig.h"
#include "tests/support/said.h"

/* ---- the doubles ---- */

/* Done once, before that path is opened. */
static char swap_path[256];
static void (*swap)(void);

/* Cut to so many bytes before a file of this inode is read, once. */
static ino_t cut_inode;
static int cut_fd = -1;
static off_t cut_to;

static void cut_before_read(const struct call *call)
{
	struct stat st;

	if (cut_fd < 0 || fstat(call->fd, &st) < 0 || st.st_ino != cut_inode)
		return;
	cr_assert_eq(syscall(SYS_ftruncate, cut_fd, cut_to), 0);
	cut_fd = -1;
}

static bool before_call(const struct call *call)
{
	void (*now)(void) = swap;

	if (call->kind == CALL_READ)
		cut_before_read(call);
	if (call->kind != CALL_OPEN || !swap || strcmp(call->path, swap_path) != 0)
		return true;
	swap = NULL;
	now();
	return true;
}

/* ---- the rig ---- */

static struct follow_rig *rig;

static void begin(void)
{
	rig = malloc(sizeof *rig);
	rig_begin(rig, "*.log");
}

static void end(void)
{
	rig_end(rig);
	free(rig);
}

TestSuite(swapped, .init = begin, .fini = end, .timeout = 120);

#define READS(expected) cr_expect_str_eq(rig_run(rig), expected)

static void swap_at(const char *name, void (*how)(void))
{
	snprintf(swap_path, sizeof swap_path, "%s", rig_path(rig, name));
	swap = how;
}

/* ---- what a path names ---- */

static void rotate(void)
{
	rig_rename(rig, "a.log", "a.log.1");
	rig_append(rig, "a.log", "new 1\nnew 2\n");
}

/* Scenario C14. The new file's own lines, from 0; the old one's before them. */
Test(swapped, a_new_file_is_rotated_before_it_is_opened)
{
	rig_start(rig);
	rig_append(rig, "a.log", "oldest\n");
	READS("oldest ");
	rig_rename(rig, "a.log", "a.log.2");
	rig_append(rig, "a.log", "old 1\n");
	swap_at("a.log", rotate);
	READS("old 1 new 1 new 2 ");
	cr_expect_null(swap);
	rig_append(rig, "a.log", "new 3\n");
	READS("new 3 ");
	rig_append(rig, "a.log.1", "old 2\n");
	READS("old 2 ");
	READS("");
}

/* Scenario C14. It is opened to go on at position 6, and a file of more bytes is there. */
Test(swapped, a_known_file_is_rotated_before_it_is_opened_again)
{
	struct file *file;

	rig_start(rig);
	rig_append(rig, "a.log", "old 1\n");
	READS("old 1 ");
	file = rig_file(rig, "a.log");
	files_close(&rig->files, file);
	rig_append(rig, "a.log", "old 2\n");
	swap_at("a.log", rotate);
	READS("old 2 ");
	READS("new 1 new 2 ");
	cr_expect_null(swap);
	cr_expect_eq(rig->counters.truncations, 0);
	cr_expect_neq(rig_file(rig, "a.log"), file);
}

/* Scenario C14. After a restart, too, where a row says where to go on. */
Test(swapped, a_stored_file_is_rotated_while_it_is_met_again)
{
	rig_start(rig);
	rig_append(rig, "a.log", "old 1\n");
	READS("old 1 ");
	rig_stop(rig);
	rig_append(rig, "a.log", "old 2\n");
	swap_at("a.log", rotate);
	rig_start(rig);
	cr_expect_null(swap);
	READS("old 2 new 1 new 2 ");
	cr_expect_eq(rig->counters.truncations, 0);
}

static void put_fifo(void)
{
	rig_remove(rig, "a.log");
	cr_assert_eq(mkfifo(rig_path(rig, "a.log"), 0600), 0);
}

/* Scenario C12, C14. Opening does not wait for a writer, and no FIFO becomes a file of ours. */
Test(swapped, a_fifo_takes_the_place_of_a_file_before_it_is_opened)
{
	rig_start(rig);
	rig->files.log = said_begin();
	rig_append(rig, "a.log", "old 1\n");
	swap_at("a.log", put_fifo);
	READS("");
	cr_expect_null(swap);
	cr_expect_null(rig_file(rig, "a.log"));
	cr_expect_eq(said_times("a FIFO"), 1);
	rig->files.log = said_end(rig->files.log);
}

/* ---- what is no file ---- */

static void make_socket(const char *name)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	snprintf(address.sun_path, sizeof address.sun_path, "%s", rig_path(rig, name));
	cr_assert_eq(bind(fd, (struct sockaddr *)&address, sizeof address), 0);
	close(fd);
}

/* Scenario C12. One warning each however often they are found; what is a file flows. */
Test(swapped, what_is_no_file_is_told_once)
{
	static const char *const kinds[] = {"a FIFO", "a socket", "a device", "a directory"};

	rig_start(rig);
	rig->files.log = said_begin();
	cr_assert_eq(mkfifo(rig_path(rig, "fifo.log"), 0600), 0);
	make_socket("socket.log");
	cr_assert_eq(symlink("/dev/zero", rig_path(rig, "device.log")), 0);
	cr_assert_eq(mkdir(rig_path(rig, "directory.log"), 0700), 0);
	rig_append(rig, "a.log", "one\n");
	cr_expect_str_eq(rig_rescan(rig), "one ");
	for (int i = 0; i < 3; i++)
		cr_expect_str_eq(rig_rescan(rig), "");
	/* Nobody has it open for reading: a writer that does not wait is refused. */
	cr_expect_eq(open(rig_path(rig, "fifo.log"), O_WRONLY | O_NONBLOCK | O_CLOEXEC), -1);
	for (size_t i = 0; i < ARRAY_LEN(kinds); i++)
		cr_expect_eq(said_times(kinds[i]), 1, "%s", kinds[i]);
	cr_expect_eq(said_times("is not followed"), 4);
	cr_expect_eq(rig->files.n_open, 1);
	rig->files.log = said_end(rig->files.log);
}

/* ---- what a descriptor holds ---- */

#define CUTS 20000

/* Scenario C10. fstat says 24 bytes, and 8 are left when they are read. */
Test(swapped, a_file_is_cut_between_the_look_at_its_size_and_the_read)
{
	struct stat st;
	int fd;

	rig_start(rig);
	rig_append(rig, "a.log", "first..\n");
	READS("first.. ");
	fd = open(rig_path(rig, "a.log"), O_WRONLY | O_APPEND | O_CLOEXEC);
	cr_assert_eq(fstat(fd, &st), 0);
	cut_inode = st.st_ino;
	for (int i = 1; i <= CUTS; i++) {
		cut_to = 8 + 8 * (off_t)i;
		cut_fd = fd;
		cr_assert_eq(write(fd, "one....\ntwo....\nthree..\n", 24), 24);
		cr_assert_str_eq(rig_run(rig), "one.... ", "cut %d", i);
		cr_assert_eq(cut_fd, -1);
	}
	cr_expect_eq(rig->counters.truncations, 0);
	cr_expect_eq(rig_file(rig, "a.log")->account.committed, 8 + 8 * (uint64_t)CUTS);
	close(fd);
}

static size_t n_lines, n_mapped;

/* While lines are looked at, in the middle of a chunk: is the file part of our memory? */
static void look_at_maps(struct follow_rig *of, struct slice line)
{
	char text[4096];
	FILE *maps;

	(void)line;
	of->lines[0] = '\0';
	if (n_lines++ % 1000)
		return;
	maps = fopen("/proc/self/maps", "re");
	cr_assert_not_null(maps);
	while (fgets(text, sizeof text, maps))
		n_mapped += strstr(text, of->top) != NULL;
	fclose(maps);
}

#define ROUNDS 10000

/* Truncates and fills again as fast as it can. */
static void *truncate_and_fill(void *fd)
{
	static char text[64 << 10];

	memset(text, 'x', sizeof text);
	for (size_t i = 99; i < sizeof text; i += 100)
		text[i] = '\n';
	for (int i = 0; i < ROUNDS; i++)
		if (syscall(SYS_ftruncate, *(int *)fd, 0L) ||
		    write(*(int *)fd, text, sizeof text) != sizeof text)
			abort();
	return NULL;
}

/* Scenario C10. A file that was mapped would end the process with SIGBUS. */
Test(swapped, a_file_is_truncated_all_the_time_while_it_is_read)
{
	pthread_t thread;
	int fd;

	rig_start(rig);
	rig_append(rig, "a.log", "first\n");
	READS("first ");
	rig->on_line = look_at_maps;
	fd = open(rig_path(rig, "a.log"), O_WRONLY | O_APPEND | O_CLOEXEC);
	cr_assert_eq(pthread_create(&thread, NULL, truncate_and_fill, &fd), 0);
	while (pthread_tryjoin_np(thread, NULL) == EBUSY)
		rig_run(rig);
	cr_assert_eq(syscall(SYS_ftruncate, fd, 0L), 0);
	rig_run(rig);
	rig->on_line = NULL;
	rig_append(rig, "a.log", "last\n");
	READS("last ");
	cr_expect_gt(n_lines, 655);
	cr_expect_gt(rig->counters.truncations, 0);
	cr_expect_eq(n_mapped, 0);
	close(fd);
}

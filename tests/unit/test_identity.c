/* SPDX-License-Identifier: Apache-2.0 */
/*
 * identity: what tells files apart. Real files, no double.
 */
#include "input/identity.h"

#include <criterion/criterion.h>
#include <criterion/parameterized.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

static int file_with(const void *bytes, size_t len)
{
	int fd = memfd_create("identity", MFD_CLOEXEC);

	cr_assert_geq(fd, 0);
	cr_assert_eq(write(fd, bytes, len), (ssize_t)len);
	return fd;
}

Test(identity, names_the_inode_and_its_birth)
{
	char path[] = "/tmp/waybill-identity-XXXXXX";
	int fd = mkostemp(path, O_CLOEXEC);
	struct identity id;
	struct stat st;

	cr_assert_geq(fd, 0);
	unlink(path);
	cr_assert_eq(fstat(fd, &st), 0);
	cr_assert_eq(identity_of(fd, &id), 0);
	cr_expect_eq(id.device, st.st_dev);
	cr_expect_eq(id.inode, st.st_ino);
	cr_expect_eq(id.head_len, 0);
	/* Not every file system knows it. Where known, it was just now. */
	if (id.born_ns)
		cr_expect_leq(llabs(id.born_ns / 1000000000 - st.st_ctim.tv_sec), 5);
	close(fd);
	cr_expect_eq(identity_of(fd, &id), -EBADF);
}

/* Scenario A05 */
Test(identity, head_covers_what_was_read_up_to_its_limit)
{
	char bytes[3000];
	struct identity id = {0};
	int fd;

	for (size_t i = 0; i < sizeof bytes; i++)
		bytes[i] = (char)(i * 31 >> 3);
	fd = file_with(bytes, sizeof bytes);
	cr_assert_eq(identity_grow_head(fd, &id, 10), 0);
	cr_expect_eq(id.head_len, 10);
	cr_expect_eq(id.head_hash, identity_hash(bytes, 10));
	cr_assert_eq(identity_grow_head(fd, &id, UINT64_MAX), 0);
	cr_expect_eq(id.head_len, IDENTITY_HEAD_MAX);
	cr_expect_eq(id.head_hash, identity_hash(bytes, IDENTITY_HEAD_MAX));
	close(fd);
}

/*
 * Else the id of content that is gone would be stored with the first bytes of what took its place.
 */
Test(identity, head_does_not_grow_over_other_content)
{
	struct identity id = {0};
	int fd = file_with("first line\n", 11);

	cr_assert_eq(identity_grow_head(fd, &id, 5), 0);
	cr_assert_eq(pwrite(fd, "F", 1, 0), 1);
	cr_expect_eq(identity_grow_head(fd, &id, 11), IDENTITY_E_OTHER);
	cr_expect_eq(id.head_len, 5);
	cr_expect_eq(id.head_hash, identity_hash("first", 5));
	cr_assert_eq(ftruncate(fd, 3), 0);
	cr_expect_eq(identity_grow_head(fd, &id, 11), IDENTITY_E_OTHER);
	cr_assert_eq(ftruncate(fd, 0), 0);
	cr_expect_eq(identity_grow_head(fd, &id, 11), IDENTITY_E_OTHER);
	close(fd);
}

/* Scenario A05 */
Test(identity, head_of_a_shorter_file_is_the_file)
{
	struct identity id = {0};
	int fd = file_with("one\n", 4);

	cr_assert_eq(identity_grow_head(fd, &id, 500), 0);
	cr_expect_eq(id.head_len, 4);
	cr_expect_eq(id.head_hash, identity_hash("one\n", 4));
	close(fd);
}

Test(identity, head_matches_while_the_first_bytes_stay)
{
	struct identity id = {0};
	int fd = file_with("first line\n", 11);

	cr_expect_eq(identity_head_matches(fd, &id), 1, "no head yet: nothing speaks against it");
	cr_assert_eq(identity_grow_head(fd, &id, 11), 0);
	cr_assert_eq(write(fd, "more\n", 5), 5);
	cr_expect_eq(identity_head_matches(fd, &id), 1, "it grew");
	cr_assert_eq(pwrite(fd, "F", 1, 0), 1);
	cr_expect_eq(identity_head_matches(fd, &id), 0, "another first byte");
	cr_assert_eq(pwrite(fd, "f", 1, 0), 1);
	cr_assert_eq(ftruncate(fd, 5), 0);
	cr_expect_eq(identity_head_matches(fd, &id), 0, "shorter than its head");
	close(fd);
	cr_expect_eq(identity_head_matches(fd, &id), -EBADF);
	cr_expect_eq(identity_grow_head(fd, &id, 5), -EBADF);
	cr_expect_eq(id.head_len, 11, "untouched on failure");
}

Test(identity, a_head_length_from_a_damaged_row_is_refused)
{
	struct identity id = {.head_len = IDENTITY_HEAD_MAX + 1};
	int fd = file_with("x", 1);

	cr_expect_eq(identity_head_matches(fd, &id), 0);
	close(fd);
}

/* The hash is in every state database: it must never change. */
Test(identity, hash_is_xxh64)
{
	cr_expect_eq(identity_hash("", 0), 0xef46db3751d8e999ull);
	cr_expect_eq(identity_hash("abc", 3), 0x44bc2cf5ad770999ull);
}

struct inode_case {
	struct identity a, b;
	bool same;
};

ParameterizedTestParameters(identity, same_inode)
{
	static struct inode_case cases[] = {
		{{1, 2, 0, 0, 0}, {1, 2, 0, 0, 0}, true},
		{{1, 2, 7, 0, 0}, {1, 2, 0, 0, 0}, true},
		{{1, 2, 0, 0, 0}, {1, 2, 7, 0, 0}, true},
		{{1, 2, 7, 0, 0}, {1, 2, 7, 9, 9}, true},
		{{1, 2, 7, 0, 0}, {1, 2, 8, 0, 0}, false}, /* the number came again (A03) */
		{{1, 2, 7, 0, 0}, {3, 2, 7, 0, 0}, false},
		{{1, 2, 7, 0, 0}, {1, 3, 7, 0, 0}, false},
	};

	return cr_make_param_array(struct inode_case, cases, ARRAY_LEN(cases));
}

/* Scenario A03 */
ParameterizedTest(struct inode_case *c, identity, same_inode)
{
	cr_expect_eq(identity_same_inode(&c->a, &c->b), c->same);
}

struct magic_case {
	char name[16];
	char head[12];
	size_t len;
	bool compressed;
};

ParameterizedTestParameters(identity, compressed)
{
	static struct magic_case cases[] = {
		{"gzip", "\x1f\x8b\x08\x00", 4, true},
		{"zstd", "\x28\xb5\x2f\xfd\x04", 5, true},
		{"xz",
		 "\xfd"
		 "7zXZ\0\0",
		 7, true},
		{"bzip2", "BZh91AY&SY", 10, true},
		{"bzip2 empty", "BZh9\x17rE8", 8, true},
		{"lz4", "\x04\x22\x4d\x18\x64", 5, true},
		{"text", "2026-01-01 x", 12, false},
		{"BZh as text", "BZhello", 7, false},
		{"cut gzip", "\x1f", 1, false},
		{"cut xz",
		 "\xfd"
		 "7zXZ",
		 5, false},
		{"empty", "", 0, false},
	};

	return cr_make_param_array(struct magic_case, cases, ARRAY_LEN(cases));
}

/* Scenario A12 */
ParameterizedTest(struct magic_case *c, identity, compressed)
{
	cr_expect_eq(identity_is_compressed(c->head, c->len), c->compressed, "%s", c->name);
}

/* SPDX-License-Identifier: Apache-2.0 */
/* Compressed files, read by the position of their content: in any order, cut, damaged, growing. */
#include <criterion/criterion.h>
#include <criterion/parameterized.h>
#include <fcntl.h>
#include <lzma.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "packed/packed.h"
#include "tests/support/pack.h"

#define CONTENT_BYTES ((size_t)3 << 20)

static char *content;
static int fd;

static void begin(void)
{
	char name[] = "/tmp/waybill-packed-XXXXXX";

	content = malloc(CONTENT_BYTES);
	for (size_t i = 0; i < CONTENT_BYTES; i++)
		content[i] = i % 80 == 79 ? '\n' : (char)('a' + (i * i / 7 + i / 80) % 26);
	fd = mkstemp(name);
	cr_assert(fd >= 0);
	unlink(name);
}

static void end(void)
{
	close(fd);
	free(content);
}

TestSuite(packed, .init = begin, .fini = end, .timeout = 60);

static const enum packed_kind kinds[] = {PACKED_GZIP, PACKED_ZSTD, PACKED_XZ};

ParameterizedTestParameters(packed, any_position)
{
	return cr_make_param_array(const enum packed_kind, kinds, ARRAY_LEN(kinds));
}

/* Puts the packed bytes at the end of the file. */
static size_t put(enum packed_kind kind, const char *bytes, size_t len)
{
	struct slice packed = pack(kind, bytes, len);
	size_t n = packed.len;

	cr_assert_eq(write(fd, packed.at, n), (ssize_t)n);
	free((char *)packed.at);
	return n;
}

static int read_all(struct packed *packed, uint64_t at, char *bytes, size_t len, size_t *ret_len)
{
	int r;

	do
		r = packed_read(packed, fd, at, bytes, len, ret_len);
	while (r == PACKED_E_MORE);
	return r;
}

static void expect_at(struct packed *packed, uint64_t at, size_t len)
{
	char *bytes = malloc(len + 1);
	size_t n, have = 0;

	do
		cr_assert_eq(read_all(packed, at + have, bytes + have, len - have, &n), 0);
	while (n && (have += n) < len);
	cr_assert_eq(have, len, "%zu of %zu at %lu", have, len, at);
	cr_assert_eq(memcmp(bytes, content + at, len), 0, "at %lu", at);
	free(bytes);
}

ParameterizedTest(const enum packed_kind *kind, packed, any_position)
{
	static const uint64_t at[] = {0, 5, 4096, 70000, 69000, 2 << 20, 1 << 20, 0, 3000000};
	struct packed *packed;

	put(*kind, content, CONTENT_BYTES);
	cr_assert_eq(packed_kind_of_file(fd), *kind);
	cr_assert_eq(packed_new(*kind, &packed), 0);
	for (size_t i = 0; i < ARRAY_LEN(at); i++)
		expect_at(packed, at[i], 5000);
	expect_at(packed, 0, CONTENT_BYTES);
	packed_free(packed);
}

ParameterizedTestParameters(packed, the_end)
{
	return cr_make_param_array(const enum packed_kind, kinds, ARRAY_LEN(kinds));
}

ParameterizedTest(const enum packed_kind *kind, packed, the_end)
{
	struct packed *packed;
	char bytes[64];
	size_t n;

	put(*kind, content, 100000);
	cr_assert_eq(packed_new(*kind, &packed), 0);
	cr_expect_eq(read_all(packed, 99990, bytes, sizeof bytes, &n), 0);
	cr_expect_eq(n, 10);
	cr_expect_eq(read_all(packed, 100000, bytes, sizeof bytes, &n), 0);
	cr_expect_eq(n, 0);
	cr_expect_eq(read_all(packed, 100001, bytes, sizeof bytes, &n), 0);
	cr_expect_eq(n, 0);
	packed_free(packed);
}

ParameterizedTestParameters(packed, members_and_padding)
{
	return cr_make_param_array(const enum packed_kind, kinds, ARRAY_LEN(kinds));
}

/* cat a.gz b.gz, an empty member between, NULs behind. */
ParameterizedTest(const enum packed_kind *kind, packed, members_and_padding)
{
	struct packed *packed;

	put(*kind, content, 1000);
	put(*kind, content, 0);
	put(*kind, content + 1000, 99000);
	cr_assert_eq(write(fd, "\0\0\0\0\0\0\0\0", 8), 8);
	cr_assert_eq(packed_new(*kind, &packed), 0);
	expect_at(packed, 0, 100000);
	cr_expect_eq(read_all(packed, 100000, (char[1]){0}, 1, &(size_t){0}), 0);
	/* Another one later is the content's continuation. */
	put(*kind, content + 100000, 500);
	expect_at(packed, 99000, 1500);
	packed_free(packed);
}

ParameterizedTestParameters(packed, cut_at_every_byte)
{
	return cr_make_param_array(const enum packed_kind, kinds, ARRAY_LEN(kinds));
}

/* What is not whole yet says so, gives what it has, and goes on when more comes. */
ParameterizedTest(const enum packed_kind *kind, packed, cut_at_every_byte)
{
	struct slice bytes = pack(*kind, content, 2000);
	struct packed *packed;
	char read[3000];
	size_t n, last = 0;

	cr_assert_eq(packed_new(*kind, &packed), 0);
	for (size_t i = 0; i < bytes.len; i++) {
		cr_assert_eq(read_all(packed, 0, read, sizeof read, &n), PACKED_E_SHORT, "%zu", i);
		cr_assert_geq(n, last);
		cr_assert_eq(memcmp(read, content, n), 0);
		last = n;
		cr_assert_eq(write(fd, bytes.at + i, 1), 1);
	}
	cr_assert_eq(read_all(packed, 0, read, sizeof read, &n), 0);
	cr_expect_eq(n, 2000);
	packed_free(packed);
	free((char *)bytes.at);
}

ParameterizedTestParameters(packed, damaged)
{
	return cr_make_param_array(const enum packed_kind, kinds, ARRAY_LEN(kinds));
}

/* A flipped byte in the midst is told by the check sum at the latest; and told again. */
ParameterizedTest(const enum packed_kind *kind, packed, damaged)
{
	size_t len = put(*kind, content, 200000), n;
	char *bytes = malloc(200000), byte;
	struct packed *packed;

	cr_assert_eq(pread(fd, &byte, 1, (off_t)len / 2), 1);
	byte ^= 0x55;
	cr_assert_eq(pwrite(fd, &byte, 1, (off_t)len / 2), 1);
	cr_assert_eq(packed_new(*kind, &packed), 0);
	cr_expect_eq(read_all(packed, 199999, bytes, 2, &n), PACKED_E_CORRUPT);
	cr_expect_eq(read_all(packed, 199999, bytes, 2, &n), PACKED_E_CORRUPT);
	packed_free(packed);
	free(bytes);
}

/* Found by fuzz_packed: content before the damage is given whatever the size of the pieces. */
Test(packed, small_pieces_give_what_is_before_the_damage)
{
	struct packed *packed;
	char bytes[50];
	size_t n, have = 0;
	size_t len = put(PACKED_GZIP, content, 1000);
	int r;

	cr_assert_eq(pwrite(fd, "\0\0\0\0", 4, (off_t)len - 8), 4);
	cr_assert_eq(packed_new(PACKED_GZIP, &packed), 0);
	while (!(r = packed_read(packed, fd, have, bytes, sizeof bytes, &n)))
		have += n;
	cr_expect_eq(r, PACKED_E_CORRUPT);
	cr_expect_eq(have + n, 1000);
	packed_free(packed);
}

Test(packed, what_wants_too_much_memory_is_refused)
{
	struct packed *packed;
	char bytes[10];
	size_t n;

	/* A zstd frame whose header asks for a window of 2 GiB. */
	cr_assert_eq(write(fd, "\x28\xb5\x2f\xfd\x04\xa8\x01\x00\x00", 9), 9);
	cr_assert_eq(packed_new(PACKED_ZSTD, &packed), 0);
	cr_expect_eq(read_all(packed, 0, bytes, sizeof bytes, &n), PACKED_E_LARGE);
	packed_free(packed);
}

/* An xz file whose header asks for a dictionary of 1.5 GiB. */
Test(packed, an_xz_file_that_wants_too_much_memory_is_refused)
{
	struct slice bytes = pack(PACKED_XZ, content, 1000);
	uint8_t *header = (uint8_t *)bytes.at + LZMA_STREAM_HEADER_SIZE;
	size_t len = (header[0] + 1u) * 4, at = 2;
	struct packed *packed;
	char read[10];
	uint32_t crc;
	size_t n;

	while (at < len && (header[at] != 0x21 || header[at + 1] != 1))
		at++;
	header[at + 2] = 37;
	crc = lzma_crc32(header, len - 4, 0);
	for (int i = 0; i < 4; i++)
		header[len - 4 + i] = (uint8_t)(crc >> (8 * i));
	cr_assert_eq(write(fd, bytes.at, bytes.len), (ssize_t)bytes.len);
	cr_assert_eq(packed_new(PACKED_XZ, &packed), 0);
	cr_expect_eq(read_all(packed, 0, read, sizeof read, &n), PACKED_E_LARGE);
	packed_free(packed);
	free((char *)bytes.at);
}

/* pzstd writes a frame to be skipped before each frame; its last half byte is anybody's. */
Test(packed, frames_without_content_are_passed)
{
	struct packed *packed;

	cr_assert_eq(write(fd, "\x50\x2a\x4d\x18\x04\0\0\0size", 12), 12);
	cr_assert_eq(packed_kind_of_file(fd), PACKED_ZSTD);
	put(PACKED_ZSTD, content, 1000);
	cr_assert_eq(write(fd, "\x5f\x2a\x4d\x18\0\0\0\0", 8), 8);
	put(PACKED_ZSTD, content + 1000, 2000);
	cr_assert_eq(packed_new(PACKED_ZSTD, &packed), 0);
	expect_at(packed, 0, 3000);
	cr_expect_eq(read_all(packed, 3000, (char[1]){0}, 1, &(size_t){0}), 0);
	packed_free(packed);
}

static size_t resident_kib(void)
{
	char text[128];
	unsigned long total, resident;
	FILE *file = fopen("/proc/self/statm", "re");

	cr_assert(file && fgets(text, sizeof text, file));
	fclose(file);
	cr_assert_eq(sscanf(text, "%lu %lu", &total, &resident), 2);
	return resident * 4;
}

ParameterizedTestParameters(packed, a_bomb_is_only_streamed)
{
	return cr_make_param_array(const enum packed_kind, kinds, ARRAY_LEN(kinds));
}

/* 64 MiB of NULs in some 64 KiB, many times: it costs time, and no memory. */
ParameterizedTest(const enum packed_kind *kind, packed, a_bomb_is_only_streamed)
{
	size_t len = (size_t)64 << 20, before, n;
	struct slice bytes;
	struct packed *packed;
	char *nuls = calloc(1, len), last[16];

	bytes = pack(*kind, nuls, len);
	free(nuls);
	cr_assert_lt(bytes.len, 100000);
	for (int i = 0; i < 8; i++)
		cr_assert_eq(write(fd, bytes.at, bytes.len), (ssize_t)bytes.len);
	free((char *)bytes.at);
	before = resident_kib();
	cr_assert_eq(packed_new(*kind, &packed), 0);
	cr_expect_eq(read_all(packed, 8 * len - 10, last, sizeof last, &n), 0);
	cr_expect_eq(n, 10);
	cr_expect_lt(resident_kib(), before + 16384);
	packed_free(packed);
}

/* Getting to a far position is cut into pieces; a caller has his turn between. */
Test(packed, the_way_to_a_far_position_goes_in_steps)
{
	struct packed *packed;
	char bytes[10];
	int steps = 0;
	size_t n;

	put(PACKED_GZIP, content, CONTENT_BYTES);
	cr_assert_eq(packed_new(PACKED_GZIP, &packed), 0);
	while (packed_read(packed, fd, CONTENT_BYTES - 10, bytes, 10, &n) == PACKED_E_MORE)
		steps++;
	cr_expect_eq(n, 10);
	cr_expect_geq(steps, 2);
	cr_expect_leq(steps, 4);
	packed_free(packed);
}

Test(packed, other_bytes_are_not_packed)
{
	cr_expect_eq(packed_kind_of("\x1f\x8b\x08", 3), PACKED_GZIP);
	cr_expect_eq(packed_kind_of("\x1f\x8b", 2), PACKED_NOT);
	cr_expect_eq(packed_kind_of("plain text", 10), PACKED_NOT);
	cr_expect_eq(packed_kind_of_file(fd), PACKED_NOT);
}

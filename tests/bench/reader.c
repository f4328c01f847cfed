/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the content chain costs, with as little around it as there can be: a file is read as the
 * agent reads it, with as many lines in flight, but nothing is made of them. The chain is too
 * little of a whole run to be seen there: runs differ by more. Built twice, with and without it
 * (unchained.c).
 *
 *   reader whole FILE          all of FILE, as when catching up
 *   reader drops FILE LINES    LINES lines of 230 bytes are appended to FILE, each read alone, with
 *                              a checkpoint, and the chunk is given back
 *
 * Both print the CPU-seconds that the reading took, and the bytes.
 */
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "input/tail.h"

#define IN_FLIGHT 10000
#define LINE_BYTES 230

struct reader {
	struct chunk_pools pools;
	struct account account;
	struct line_rules rules;
	struct tail tail;
	struct slot *in_flight[IN_FLIGHT];
	size_t sent, reported;
	uint64_t cpu_ns, bytes;
};

static void die(const char *what)
{
	perror(what);
	exit(1);
}

static uint64_t cpu_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
}

static void report(struct reader *reader, size_t upto)
{
	while (reader->reported < upto)
		account_report(&reader->account, reader->in_flight[reader->reported++ % IN_FLIGHT],
			       SLOT_DELIVERED);
	account_advance(&reader->account);
}

/* All that the file has now. */
static void read_lines(struct reader *reader)
{
	struct account *account = &reader->account;
	struct event event;
	struct slot *slot;
	int r;

	while ((r = tail_peek(&reader->tail, &event)) == 0) {
		if (reader->sent == reader->reported + IN_FLIGHT)
			report(reader, reader->reported + IN_FLIGHT / 10);
		slot = account_add_slot(account, account_open_chunk(account), event.extent);
		if (!slot)
			die("memory");
		reader->in_flight[reader->sent++ % IN_FLIGHT] = slot;
		tail_consumed(&reader->tail, &event);
		reader->bytes += event.extent;
	}
	if (r != TAIL_E_DRY)
		die("reading");
	report(reader, reader->sent);
}

static void whole(struct reader *reader)
{
	uint64_t begin = cpu_ns();

	read_lines(reader);
	reader->cpu_ns += cpu_ns() - begin;
}

static void drops(struct reader *reader, int fd, size_t lines)
{
	char line[LINE_BYTES];
	struct chain chain;

	memset(line, 'x', sizeof line);
	line[LINE_BYTES - 1] = '\n';
	for (size_t i = 0; i < lines; i++) {
		uint64_t begin;

		if (write(fd, line, sizeof line) != sizeof line)
			die("writing");
		begin = cpu_ns();
		read_lines(reader);
		tail_give_back(&reader->tail);
		tail_chain(&reader->tail, &chain);
		reader->cpu_ns += cpu_ns() - begin;
	}
}

int main(int argc, char **argv)
{
	struct reader *reader = calloc(1, sizeof *reader);
	int fd;

	if (argc < 3 || !reader || chunk_pools_init(&reader->pools, (size_t)16 << 20))
		die("usage: see the head of tests/bench/reader.c");
	fd = open(argv[2], O_RDWR | O_APPEND | O_CLOEXEC | (argc == 4 ? O_CREAT | O_TRUNC : 0),
		  0644);
	if (fd < 0)
		die(argv[2]);
	reader->rules.max_line = (size_t)1 << 20;
	account_init(&reader->account, &reader->pools, 0);
	tail_init(&reader->tail, &reader->account, &reader->rules);
	tail_set_fd(&reader->tail, fd);
	if (argc == 4)
		drops(reader, fd, strtoul(argv[3], NULL, 10));
	else
		whole(reader);
	printf("{\"cpu\": %.9f, \"bytes\": %llu}\n", (double)reader->cpu_ns / 1e9,
	       (unsigned long long)reader->bytes);
	return 0;
}

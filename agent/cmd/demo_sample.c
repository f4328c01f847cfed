/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Orders overlap, as they do in a shop, and each goes through the same states: in Kafka one sees
 * the lines of one order come out of one partition in order, although other lines lie between them
 * in the file. One line in ten is about no order, because logs are like that; it is shipped
 * without a key. Everything follows from the number, so that two runs show the same.
 */
#include "cmd/demo_sample.h"

#include <errno.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

#define OPEN_ORDERS 3
#define STRANGER 10

static const char *const states[] = {"created", "paid", "packed", "shipped"};

/* Spreads the bits of a small number, for identifiers that look like some. */
static uint32_t scramble(uint32_t x)
{
	x = (x ^ x >> 16) * 0x45d9f3bu;
	x = (x ^ x >> 16) * 0x45d9f3bu;
	return x ^ x >> 16;
}

size_t demo_sample_line(char to[DEMO_SAMPLE_LINE_MAX], unsigned number, int64_t now_ms)
{
	unsigned about = number - (number + 1) / STRANGER; /* among the lines about an order */
	unsigned round = about / OPEN_ORDERS;
	unsigned order = round / ARRAY_LEN(states) * OPEN_ORDERS + about % OPEN_ORDERS;
	time_t seconds = (time_t)(now_ms / 1000);
	struct tm tm;
	size_t len;

	gmtime_r(&seconds, &tm);
	len = strftime(to, DEMO_SAMPLE_LINE_MAX, "%Y-%m-%dT%H:%M:%S", &tm);
	len += (size_t)snprintf(to + len, DEMO_SAMPLE_LINE_MAX - len, ".%03dZ ",
				(int)(now_ms % 1000));
	if (number % STRANGER == STRANGER - 1)
		len += (size_t)snprintf(to + len, DEMO_SAMPLE_LINE_MAX - len,
					"WARN stock is low, reorder soon\n");
	else
		len += (size_t)snprintf(to + len, DEMO_SAMPLE_LINE_MAX - len,
					"INFO order=A-%u cid=%08x %s\n", 1001 + order,
					scramble(order + 1), states[round % ARRAY_LEN(states)]);
	return len;
}

int demo_sample_append(int fd, const char *line, size_t len)
{
	ssize_t n;

	do {
		n = write(fd, line, len);
	} while (n < 0 && errno == EINTR);
	if (n < 0)
		return -errno;
	return (size_t)n == len ? 0 : -ENOSPC;
}

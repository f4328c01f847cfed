/* SPDX-License-Identifier: Apache-2.0 */
/*
 * waybill broker TOPIC:PARTITIONS...: the embedded broker as a process of its own. Only `waybill
 * demo` starts it, so it is not in --help; topics come as arguments because that needs no file and
 * shows in ps. It ends when its standard input does.
 */
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "cmd/cmd.h"
#include "cmd/demo/embedded.h"

#define TOPICS_MAX 16
#define PARTITIONS_MAX 64

/* Cuts "name:3" at its colon; the name stays in text. False when it is not of that form. */
static bool parse_topic(char *text, struct embedded_topic *topic)
{
	char *colon = strrchr(text, ':');
	char *end;
	long partitions;

	if (!colon || colon == text)
		return false;
	partitions = strtol(colon + 1, &end, 10);
	if (*end || partitions < 1 || partitions > PARTITIONS_MAX)
		return false;
	*colon = '\0';
	*topic = (struct embedded_topic){.name = text, .partitions = (int)partitions};
	return true;
}

int cmd_broker(int argc, char **argv)
{
	struct embedded_topic topics[TOPICS_MAX];
	size_t n = 0;
	int r;

	while (n < TOPICS_MAX && (int)n + 1 < argc && parse_topic(argv[n + 1], &topics[n]))
		n++;
	if (n == 0 || (int)n + 1 != argc) {
		fputs("usage: waybill broker TOPIC:PARTITIONS...\n", stderr);
		return EX_USAGE;
	}
	r = embedded_broker(topics, n);
	if (r) {
		fprintf(stderr, "waybill: the embedded broker does not start: %s\n", strerror(-r));
		return EX_OSERR;
	}
	return EX_OK;
}

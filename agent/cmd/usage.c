/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What all commands say alike. A wrong option is answered by what is wrong, and by the synopsis;
 * the whole help would push the first off the screen.
 */
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>

#include "cmd/cmd.h"

int cmd_usage(char **argv, const char *usage)
{
	const char *end = strstr(usage, "\n\n");

	fprintf(stderr, "%.*s\nTry `%s --help`.\n", end ? (int)(end - usage) : (int)strlen(usage),
		usage, argv[0]);
	return EX_USAGE;
}

int cmd_no_more(int argc, char **argv)
{
	const char *argument = argv[optind];
	const char *end = optind < argc ? strrchr(argument, '.') : NULL;

	if (optind == argc)
		return 0;
	fprintf(stderr, "%s: \"%s\" is an argument too many", argv[0], argument);
	if (end && strcmp(end, ".conf") == 0)
		fprintf(stderr, "; a configuration is named by --config %s", argument);
	fputc('\n', stderr);
	return EX_USAGE;
}

int cmd_finish(int status)
{
	int error = fflush(stdout) ? errno : ferror(stdout) ? EIO : 0;

	if (!error || status != EX_OK)
		return status;
	/* `waybill check | head` has got what it wanted. */
	if (error != EPIPE)
		fprintf(stderr, "waybill: standard output: %s\n", strerror(error));
	return EX_IOERR;
}

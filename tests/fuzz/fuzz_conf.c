/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The configuration: whatever the bytes, it loads or is refused with words. The file is a memory
 * file; there is no conf.d beside it. Leaks are looked for by the unit tests, not here: libconfig
 * 1.5 itself leaks the string in which it gives up.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "conf/load.h"

const char *__asan_default_options(void);
int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

const char *__asan_default_options(void)
{
	return "detect_leaks=0";
}

/* A pattern_file or secret may name /dev/stdin. */
int LLVMFuzzerInitialize(int *argc UNUSED, char ***argv UNUSED)
{
	return freopen("/dev/null", "r", stdin) ? 0 : -1;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	int fd = memfd_create("conf", MFD_CLOEXEC);
	struct conf *conf = NULL;
	char path[64], *said = NULL;
	size_t len = 0;
	FILE *errors;
	int r;

	if (fd < 0 || write(fd, data, size) != (ssize_t)size)
		abort();
	snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
	errors = open_memstream(&said, &len);
	r = conf_load(path, errors, &conf);
	fclose(errors);
	/* A refusal has words, and only what loaded is handed over. */
	if ((r == 0) != (conf != NULL) || (r > 0 && len == 0))
		abort();
	conf_unref(conf);
	free(said);
	close(fd);
	return 0;
}

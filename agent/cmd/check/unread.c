/* SPDX-License-Identifier: Apache-2.0 */
/* What lies in conf.d and is not read, because of its name: nobody else says so. */
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "cmd/check/check.h"
#include "settings/read.h"

/* Ends that are somebody's mistake; ".example", "~", ".dpkg-old" and the like are meant. */
static bool is_mistaken(const char *name)
{
	static const char *const ends[] = {".cfg",  ".cnf", ".config", ".conf.txt", ".txt",
					   ".yaml", ".yml", ".json",   ".toml",     ".waybill"};
	const char *end = strrchr(name, '.');

	if (*name == '.' || strncmp(name, "README", 6) == 0)
		return false;
	if (!end)
		return name[strlen(name) - 1] != '~';
	for (size_t i = 0; i < ARRAY_LEN(ends); i++) {
		size_t len = strlen(name), n = strlen(ends[i]);

		if (len > n && strcmp(name + len - n, ends[i]) == 0)
			return true;
	}
	return strcasecmp(end, ".conf") == 0 && strcmp(end, ".conf") != 0;
}

static int is_wanted(const struct dirent *entry)
{
	return entry->d_type != DT_DIR && is_mistaken(entry->d_name);
}

int check_unread(struct check *check, const char *config)
{
	struct dirent **entries = NULL;
	char *dir = conf_path_beside(config, "conf.d");
	int n = dir ? scandir(dir, &entries, is_wanted, alphasort) : 0;

	for (int i = 0; i < n; i++) {
		check_find(&check->report, CHECK_NOTE, CHECK_NOWHERE,
			   "%s/%s is not read: its name does not end in .conf", dir,
			   entries[i]->d_name);
		free(entries[i]);
	}
	free(entries);
	free(dir);
	return dir ? 0 : -ENOMEM;
}

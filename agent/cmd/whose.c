/* SPDX-License-Identifier: Apache-2.0 */
/* Whose a file is, for commands that have a configuration and no agent. */
#include "cmd/whose.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "input/discover.h"

const struct source *whose_path(const struct conf *conf, const char *path)
{
	struct discover *discover = NULL;
	char message[256];
	int found = -1;
	int r = discover_new_blind(&discover);

	for (size_t i = 0; !r && i < conf->n_sources; i++)
		r = discover_add(discover, (int)i, conf->patterns[i].paths,
				 conf->patterns[i].exclude, message, sizeof message);
	if (!r)
		found = discover_wants(discover, path);
	discover_free(discover);
	return found < 0 ? NULL : &conf->sources[found];
}

int whose_name(const char *name, char ret_path[PATH_MAX])
{
	const char *slash = strrchr(name, '/');
	char dir[PATH_MAX], real[PATH_MAX];
	int n;

	if (name[0] == '/' && !strstr(name, "/.") && !strstr(name, "//")) {
		n = snprintf(ret_path, PATH_MAX, "%s", name);
		return n < PATH_MAX ? 0 : -ENAMETOOLONG;
	}
	n = snprintf(dir, sizeof dir, "%.*s", slash ? (int)(slash - name + 1) : 1,
		     slash ? name : ".");
	if (n >= (int)sizeof dir)
		return -ENAMETOOLONG;
	if (!realpath(dir, real))
		return -errno;
	n = snprintf(ret_path, PATH_MAX, "%s/%s", strcmp(real, "/") == 0 ? "" : real,
		     slash ? slash + 1 : name);
	return n < PATH_MAX ? 0 : -ENAMETOOLONG;
}

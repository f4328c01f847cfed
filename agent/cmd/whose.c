/* SPDX-License-Identifier: Apache-2.0 */
/* Whose a file is, for commands that have a configuration and no agent. */
#include "cmd/whose.h"

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

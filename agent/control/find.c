/* SPDX-License-Identifier: Apache-2.0 */
/* What a person calls a file by: what he typed, and where that leads. */
#include "control/find.h"

#include <string.h>

struct file *request_file(const struct files *files, const struct request *request)
{
	const char *names[] = {request->about, request->path};
	struct file *file = NULL;

	for (size_t i = 0; i < ARRAY_LEN(names) && !file; i++)
		file = map_get(files->by_path, names[i], strlen(names[i]));
	for (size_t i = 0; i < ARRAY_LEN(names) && !file; i++)
		file = map_get(files->by_lineage, names[i], strlen(names[i]));
	return file;
}

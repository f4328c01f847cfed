/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Any text as a foreign configuration: all readers make entries of it whose paths and values are
 * texts, and what is made of them is written without a reader of ours in between. The first byte
 * says which.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cmd/import/write.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct entries entries = {0};
	char *text, *made = NULL;
	unsigned bad;
	size_t len;
	FILE *to;
	int r;

	if (size < 1)
		return 0;
	text = strndup((const char *)data + 1, size - 1);
	to = open_memstream(&made, &len);
	r = data[0] & 64 ? entries_read_blocks(text, &entries) :
	    data[0] & 16 ? entries_read_objects(text, &entries) :
	    data[0] & 4  ? entries_read_toml(text, &entries, &bad) :
	    data[0] & 1  ? entries_read_yaml(text, &entries, &bad) :
			   entries_read_sections(text, &entries);
	if (r == 0 && !(data[0] & 64))
		r = entries_take_environment(&entries);
	if (r == 0) {
		r = data[0] & 64 ? import_logstash(&entries, to) :
		    data[0] & 32 ? import_rsyslog(&entries, to) :
		    data[0] & 8  ? import_vector(&entries, to) :
		    data[0] & 2  ? import_filebeat(&entries, to) :
				   import_fluent_bit(&entries, to);
		write_rest(to, &entries);
	}
	fclose(to);
	free(made);
	entries_deinit(&entries);
	free(text);
	return 0;
}

/* SPDX-License-Identifier: Apache-2.0 */
/* waybill --version: what a bug report needs to say about the libraries. */
#include <stdio.h>
#include <sysexits.h>

#include "client/library.h"
#include "cmd/cmd.h"
#include "packed/packed.h"
#include "parsers/pattern.h"
#include "settings/text.h"
#include "state/store.h"

int cmd_version(int argc, char **argv)
{
	char pcre[64];

	(void)argc, (void)argv;
	pattern_library_version(pcre, sizeof pcre);
	printf("waybill %s\n", WAYBILL_VERSION);
	printf("librdkafka %s%s\n", kafka_library_version(),
	       kafka_library_is_safe() ? "" : " (too old)");
	printf("PCRE2 %s, JIT %s\n", pcre, pattern_jit_works() ? "on" : "off");
	printf("SQLite %s\n", store_library_version());
	printf("libconfig %s\n", conf_library_version());
	for (enum packed_kind kind = PACKED_GZIP; kind < PACKED_KINDS; kind++)
		printf("%s %s\n", packed_name(kind), packed_library_version(kind));
	return EX_OK;
}

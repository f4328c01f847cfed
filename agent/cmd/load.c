/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What run, preview and test do alike: a configuration is loaded, or the command ends with its
 * status.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>

#include "cmd/cmd.h"
#include "conf/load.h"

void cmd_hint_config(const char *file, FILE *errors)
{
	if (strcmp(file, DEFAULT_CONFIG) == 0)
		fputs("waybill: --config FILE names another configuration; `waybill demo` needs "
		      "none\n",
		      errors);
}

int cmd_load_conf(const struct conf_surroundings *surroundings, const char *file, FILE *errors,
		  struct conf **ret_conf)
{
	int r = conf_load_in(surroundings, file, errors, ret_conf);

	if (r == CONF_E_UNREADABLE) {
		r = errno == EACCES ? EX_NOPERM : EX_NOINPUT;
		cmd_hint_config(file, errors);
		return r;
	}
	if (r == CONF_E_INVALID)
		return EX_CONFIG;
	if (r) {
		fprintf(errors, "waybill: %s: %s\n", file, strerror(-r));
		return EX_OSERR;
	}
	return 0;
}

/* SPDX-License-Identifier: Apache-2.0 */
/* What run, preview and test do alike: a configuration is loaded, or the command ends with its status. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>

#include "cmd/cmd.h"
#include "conf.h"

int cmd_load_conf(const struct conf_surroundings *surroundings, const char *file,
		  struct conf **ret_conf)
{
	int r = conf_load_in(surroundings, file, stderr, ret_conf);

	if (r == CONF_E_UNREADABLE)
		return errno == EACCES ? EX_NOPERM : EX_NOINPUT;
	if (r == CONF_E_INVALID)
		return EX_CONFIG;
	if (r) {
		fprintf(stderr, "waybill: %s: %s\n", file, strerror(-r));
		return EX_OSERR;
	}
	return 0;
}

/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CMD_CHECK_UNIT_H
#define CMD_CHECK_UNIT_H

#include <stdbool.h>
#include <stddef.h>

#include "base/result.h"

/*
 * A check within the sandbox of a systemd unit: it starts itself there, and what it then says is
 * about what the service sees. How the outer check tells the inner one: $WAYBILL_CHECK_UNIT, with
 * the unit's name and what it hides, "waybill.service ProtectHome=yes PrivateTmp=yes".
 */

struct check_unit_order {
	const char *unit;      /* "waybill.service" */
	const char *config;    /* instead of what the unit's ExecStart= says; NULL: that */
	const char *state_dir; /* the same */
	const char *const
		*options; /* for the inner check, "--strict" and the like; NULL-terminated */
};

enum {
	CHECK_UNIT_E_NONE = 1, /* there is no such unit, or it runs something else */
};

/*
 * The command that runs the check in the sandbox: systemd-run with the unit's properties, from the
 * text that `systemctl show` prints of it. 0: *ret_argv (NULL-terminated) is for check_unit_free.
 * CHECK_UNIT_E_NONE, -ENOMEM.
 */
int check_unit_command(const struct check_unit_order *order, const char *shown, char ***ret_argv)
	MUSTCHECK;

/* NULL is fine. Returns NULL. */
char **check_unit_free(char **argv);

/* Does it, in the place of this process. Returns the exit status when it cannot (told). */
int check_unit_run(const struct check_unit_order *order);

/* "waybill", "waybill@second" or with ".service" → the latter. False: no name of a service. */
bool check_unit_name(const char *name, char ret_unit[256]);

/* The unit within which this check runs; NULL: none. */
const char *check_unit_inside(void);

/* Whether this check runs within a unit that has the property, as in "PrivateTmp=yes". */
bool check_unit_has(const char *property);

#endif

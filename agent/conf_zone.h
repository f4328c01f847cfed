/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CONF_ZONE_H
#define CONF_ZONE_H

#include <stddef.h>

#include "base/result.h"
#include "parsers/zone.h"

/* Where the time zones lie unless $TZDIR says otherwise, as for libc. */
#define CONF_ZONE_DIRECTORY "/usr/share/zoneinfo"

enum {
	CONF_ZONE_E_UNKNOWN = 1, /* no such zone; the message says why */
};

/*
 * "UTC", "local", "+02:00" or a name of the time zone database ("Europe/Paris") → its table, the
 * caller's. Sets TZ for the time of the call: not to be called while another thread asks for the
 * environment or for local time. 0, CONF_ZONE_E_UNKNOWN with ret_message (len bytes), -ENOMEM.
 */
int conf_zone_load(const char *name, struct zone **ret_zone, char *ret_message, size_t len)
	MUSTCHECK;

#endif

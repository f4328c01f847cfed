/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SETTINGS_ZONE_H
#define SETTINGS_ZONE_H

#include <stddef.h>

#include "base/result.h"
#include "parsers/zone.h"

/* Where the time zones lie unless $TZDIR says otherwise, as for libc. */
#define CONF_ZONE_DIRECTORY "/usr/share/zoneinfo"

enum {
	CONF_ZONE_E_UNKNOWN = 1, /* no such zone, or it cannot be looked up; the message says why */
};

/*
 * "UTC", "local", "+02:00" or a name of the time zone database ("Europe/Paris") → its table, the
 * caller's. The process stays as it is: a child looks the zone up, within some ms. 0,
 * CONF_ZONE_E_UNKNOWN with ret_message (len bytes), -ENOMEM.
 */
int conf_zone_load(const char *name, struct zone **ret_zone, char *ret_message, size_t len)
	MUSTCHECK;

#endif

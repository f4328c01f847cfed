/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Questions to librdkafka that need no producer: what it is, and whether it takes a property. The
 * configuration asks them before anything is started. Only the library knows its own properties,
 * and each version knows others, so we keep no table of them: each question makes a throw-away
 * configuration. Weakness: what is wrong only in combination shows when the producer is made.
 */
#include "client/library.h"

#include <librdkafka/rdkafka.h>
#include <stdio.h>
#include <string.h>

/* 1.9.0, in the form of rd_kafka_version(): MM.mm.rr.pp as hexadecimal. */
#define SAFE_VERSION 0x01090000
#define COMPARES_VERSION 0x02000000

int kafka_try_prop(const char *name, const char *value, char *ret_message, size_t len)
{
	rd_kafka_conf_t *conf = rd_kafka_conf_new();
	char message[512] = "the library has no memory";
	rd_kafka_conf_res_t r = RD_KAFKA_CONF_INVALID;

	if (conf) {
		r = rd_kafka_conf_set(conf, name, value, message, sizeof message);
		rd_kafka_conf_destroy(conf);
	}
	if (r == RD_KAFKA_CONF_OK)
		return 0;
	snprintf(ret_message, len, "%s", message);
	return 1;
}

int kafka_error_code(const char *name)
{
	const struct rd_kafka_err_desc *all;
	size_t n;

	rd_kafka_get_err_descs(&all, &n);
	for (size_t i = 0; name && i < n; i++) {
		if (all[i].name && strcmp(all[i].name, name) == 0)
			return all[i].code;
	}
	return 0;
}

const char *kafka_library_version(void)
{
	return rd_kafka_version_str();
}

bool kafka_library_is_safe(void)
{
	return rd_kafka_version() >= SAFE_VERSION;
}

bool kafka_library_compares_names(void)
{
	return rd_kafka_version() >= COMPARES_VERSION;
}

/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SETTINGS_PROPS_H
#define SETTINGS_PROPS_H

#include <stdbool.h>
#include <stddef.h>

/*
 * librdkafka's properties as waybill sees them: which a configuration may set. Whether the library
 * takes the value it is asked itself (client/library.h).
 */

/*
 * NULL when the user may set it. Otherwise the reason, with the waybill setting to use instead
 * where there is one; static. value matters for some (message.timeout.ms=0 is fine), and for some
 * whether the producer is idempotent, as it is unless enable.idempotence=false is among the others.
 */
const char *props_reserved(const char *name, const char *value, bool idempotent);

/* True for properties whose value must never be printed (sasl.password, ssl.key.pem, ...). */
bool props_is_secret(const char *name);

/* True for properties that name a file of which the library makes its login or its encryption. */
bool props_names_file(const char *name);

/*
 * Names that people write often, for "did you mean": librdkafka itself cannot be asked for its list
 * in a way that survives versions. Static; their number in *ret_n.
 */
const char *const *props_common(size_t *ret_n);

#endif

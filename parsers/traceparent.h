/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PARSERS_TRACEPARENT_H
#define PARSERS_TRACEPARENT_H

#include <stdbool.h>

#include "base/slice.h"

/*
 * Whether text is a traceparent that a tracing library would accept: version-traceid-parentid-flags
 * in lower-case hex, no id all zeros, version 00 of exactly 55 characters, version ff never, a
 * higher version perhaps longer, with "-" behind the flags.
 * Source: W3C Trace Context, Recommendation of 23 November 2021, sections 3.2 and 4.3.
 */
bool traceparent_is_valid(struct slice text);

#endif

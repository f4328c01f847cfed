/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SUPPORT_PACK_H
#define SUPPORT_PACK_H

#include "base/slice.h"
#include "packed/packed.h"

/* The bytes as one member of that kind (malloc'ed). Aborts when that fails. */
struct slice pack(enum packed_kind kind, const char *bytes, size_t len);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CONTROL_NEAREST_H
#define CONTROL_NEAREST_H

#include "conf/conf.h"

/*
 * Of all patterns the one that comes nearest to a path that none of them wants, and what is in the
 * way, in words; "" when there are no patterns.
 */
void nearest_pattern(const struct conf *conf, const char *path, char *ret_words, size_t len);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BASE_DECIMAL_H
#define BASE_DECIMAL_H

#include <stdint.h>

#include "base/slice.h"

/* Digits of UINT64_MAX. */
#define DECIMAL_MAX 20

/* The number's digits, at the end of the caller's room; 0 is one digit. No NUL behind them. */
struct slice decimal_print(uint64_t number, char digits[DECIMAL_MAX]);

#endif

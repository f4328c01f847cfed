/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CMD_AMOUNT_H
#define CMD_AMOUNT_H

#include <stdint.h>

/* Amounts for a person. */

#define AMOUNT_MAX 32

/* "512 B", "12.3 MiB"; "?" where it is negative: not known. In text, or static. */
const char *amount_size(int64_t bytes, char text[AMOUNT_MAX]);

/* "90 s", "5 min", "3 h", "4 days". In text. */
const char *amount_time(int64_t seconds, char text[AMOUNT_MAX]);

#endif

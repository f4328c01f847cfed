/* SPDX-License-Identifier: Apache-2.0 */
/*
 * On the way of a line: snprintf costs more than all else that is done to a header. The last digit
 * is known first, so the room is filled from its end and nothing has to be moved.
 */
#include "base/decimal.h"

struct slice decimal_print(uint64_t number, char digits[DECIMAL_MAX])
{
	char *at = digits + DECIMAL_MAX;

	do {
		*--at = (char)('0' + number % 10);
		number /= 10;
	} while (number > 0);
	return (struct slice){at, (size_t)(digits + DECIMAL_MAX - at)};
}

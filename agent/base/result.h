/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BASE_RESULT_H
#define BASE_RESULT_H

/*
 * The rules for return values, and the attributes that enforce them. Includes nothing.
 *
 *   0                 success
 *   negative errno    fatal: passed up unchanged, never compared with a particular errno
 *   ROOM_E_X > 0      a condition that the function's header documents; the caller handles it
 *                     on the spot and never passes it on
 *
 * Output parameters are named ret_x, come last, and are not touched unless 0 is returned.
 * Words in comments: a *borrowed* pointer must outlive the call (or the object that keeps it),
 * a *consumed* one belongs to the callee from then on, a *copied* one is free at once.
 */

#define MUSTCHECK __attribute__((warn_unused_result))
#define PRINTF_LIKE(fmt, args) __attribute__((format(printf, fmt, args)))
#define UNUSED __attribute__((unused))
#define CLEANUP(function) __attribute__((cleanup(function)))
#define LIKELY(x) __builtin_expect(!!(x), 1)
#define UNLIKELY(x) __builtin_expect(!!(x), 0)
#define ARRAY_LEN(a) (sizeof(a) / sizeof((a)[0]))

#endif

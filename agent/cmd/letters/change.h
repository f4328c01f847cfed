/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CMD_LETTERS_CHANGE_H
#define CMD_LETTERS_CHANGE_H

#include "cmd/letters/told.h"

/*
 * Sends again or removes (kind) the letters that are asked for, after a question, and waits until
 * that is done. The exit status, after a message of how it ended.
 */
int change_letters(const struct letters_options *options, struct request *request,
		   enum request_kind kind) MUSTCHECK;

#endif

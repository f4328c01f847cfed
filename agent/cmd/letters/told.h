/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CMD_LETTERS_TOLD_H
#define CMD_LETTERS_TOLD_H

#include "cmd/ask.h"

/* What waybill dead-letters was told. */
struct letters_options {
	struct ask_place place;
	bool json, content, all, dry_run, yes;
};

#endif

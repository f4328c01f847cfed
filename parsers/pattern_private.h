/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PARSERS_PATTERN_PRIVATE_H
#define PARSERS_PATTERN_PRIVATE_H

#include "parsers/pattern.h"

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

/* Shared by pattern.c (matching), pattern_jit.c and pattern_replace.c. */

/* Groups with and without a name, the whole match included. */
#define PATTERN_PAIRS_MAX 256

struct pattern {
	pcre2_code *code;
	bool jit;
	uint32_t n_fields;
	uint64_t all_fields;                   /* as a set */
	uint16_t groups[PATTERN_FIELDS_MAX];   /* group number of each field, ascending */
	const char *names[PATTERN_FIELDS_MAX]; /* into the name table of code */
};

struct pattern_scratch {
	pcre2_match_data *data;
	pcre2_match_context *context;
	pcre2_jit_stack *stack; /* NULL where PCRE2 has no JIT */
	const PCRE2_SIZE *pairs;
};

/* Options that the pattern (text, len bytes) has to be compiled with for the JIT: mostly 0. */
uint32_t pattern_jit_options(const pcre2_code *code, const char *text, size_t len);

/* Makes machine code; false when there is none, for want of a JIT or because it would be wrong. */
bool pattern_jit_compile(pcre2_code *code, const char *text, size_t len);

#endif

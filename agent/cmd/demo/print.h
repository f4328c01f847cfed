/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CMD_DEMO_PRINT_H
#define CMD_DEMO_PRINT_H

#include "cmd/demo/consumer.h"
#include "cmd/paper.h"

/* What the demo shows to a person, beside the sentences in between. */

void demo_print_title(const struct paper *paper, const char *title);

/* Topic, partition, offset, key; the headers; the value. */
void demo_print_record(const struct paper *paper, const struct consumed *record);

/* The file as it is, indented. */
void demo_print_file(const struct paper *paper, const char *path);

#endif

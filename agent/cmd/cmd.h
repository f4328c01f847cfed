/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CMD_CMD_H
#define CMD_CMD_H

#include <stdbool.h>
#include <stdio.h>

/*
 * The commands: each gets argv from its own name on ("waybill run"), prints usage errors itself,
 * and returns the exit status (<sysexits.h>).
 */
int cmd_run(int argc, char **argv);
int cmd_preview(int argc, char **argv);
int cmd_check(int argc, char **argv);
int cmd_status(int argc, char **argv);
int cmd_top(int argc, char **argv);
int cmd_metrics(int argc, char **argv);
int cmd_explain(int argc, char **argv);
int cmd_topics(int argc, char **argv);
int cmd_import(int argc, char **argv);
int cmd_checkpoint(int argc, char **argv);
int cmd_dead_letters(int argc, char **argv);
int cmd_test(int argc, char **argv);
int cmd_demo(int argc, char **argv);
int cmd_broker(int argc, char **argv); /* the embedded broker that demo starts; not in --help */
int cmd_sample(int argc, char **argv); /* the application that demo starts; not in --help */
int cmd_rows(int argc, char **argv);   /* the tables, for tests/docs.sh; not in --help */
int cmd_version(int argc, char **argv);

/*
 * The first act of a command: standard input, output and error that are closed are opened, so that
 * reading and writing there fail. False: they cannot be.
 */
bool cmd_begin(void);

/*
 * The last act of a command: writes out what stands in stdout. Returns the status, or EX_IOERR
 * after a message when that was EX_OK and the output could not be written; a reader that has gone
 * is no reason for a message.
 */
int cmd_finish(int status);

/* Where a command looks when --config is not given. */
#define DEFAULT_CONFIG "/etc/waybill/waybill.conf"

/* Behind the message that `file` cannot be read: what to do when nobody has named it. */
void cmd_hint_config(const char *file, FILE *errors);

struct conf;
struct conf_surroundings;

/*
 * Loads a configuration for a command (surroundings: as in conf_load_in), its problems told to
 * `errors`. 0: *ret_conf with one reference; otherwise the exit status.
 */
int cmd_load_conf(const struct conf_surroundings *surroundings, const char *file, FILE *errors,
		  struct conf **ret_conf);

#endif

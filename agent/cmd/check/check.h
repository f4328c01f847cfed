/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CMD_CHECK_CHECK_H
#define CMD_CHECK_CHECK_H

#include <limits.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/result.h"
#include "cmd/check/report.h"
#include "conf/load.h"
#include "input/discover.h"
#include "settings/options.h"

/*
 * One check. For check.c (options and end) and its parts, one file each; a part notes what it finds
 * in the report and says what is well with check_say (say.c, as what follows it).
 */
struct check {
	struct check_report report;
	struct conf_load load;
	const struct conf *conf;  /* load's; its wrong parts are missing */
	char state_dir[PATH_MAX]; /* of --state-dir, or conf's; absolute unless conf's is wrong */
	struct conf_place state_place; /* where it is set; nowhere: by --state-dir or by default */
	bool network;
	bool quiet;
	size_t n_files; /* that run would follow now */
};

/* A line of what is well, wrapped at 80 columns; nothing with --quiet. */
void check_say(const struct check *check, const char *format, ...) PRINTF_LIKE(2, 3);

/* The place of a setting of a source or parser: of the group when it is not set there. */
struct conf_place check_place(const struct check *check, enum conf_key list, size_t index,
			      enum conf_key key);

/* The place of a setting of the top level; nowhere when it is a default. */
struct conf_place check_main_place(const struct check *check, enum conf_key key);

/* The element of a list of groups at the top level, or NULL. */
const struct conf_node *check_group(const struct check *check, enum conf_key list, size_t index);

/* The kafka block of a cluster of conf, or NULL; and where a setting of it stands, or it itself. */
const struct conf_node *check_block(const struct check *check, const struct cluster *cluster);
struct conf_place check_block_place(const struct check *check, const struct cluster *cluster,
				    const char *setting);

/* "12.3 MB" */
void check_size_text(uint64_t bytes, char *ret_text, size_t len);

/* The parts. 0 or negative errno, after which the check cannot go on. */
int check_state(struct check *check) MUSTCHECK;
int check_files(struct check *check) MUSTCHECK;
int check_patterns(struct check *check) MUSTCHECK;
int check_brokers(struct check *check) MUSTCHECK;

/* What is insecure in the kafka block and in the rights of files, and what ends soon. */
int check_security(struct check *check) MUSTCHECK;

/* Files of the conf.d beside the configuration whose names keep them from being read. */
int check_unread(struct check *check, const char *config) MUSTCHECK;

/* The kernel's limits against the files and directories that were found. For files.c. */
void check_limits(struct check *check, const struct discover_trouble *trouble);

/* Files and directories that would wait for room. For files.c. */
void check_waiting(struct check *check, const struct quota *files, const struct quota *directories);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * waybill import: the configuration of another agent, written as one of ours. It is a beginning for
 * a person, not a translation for a machine: what has no equal is a comment with its line, and
 * secrets are not carried over.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "cmd/cmd.h"
#include "cmd/import/write.h"
#include "cmd/options.h"
#include "settings/read.h"

static const struct cmd_syntax syntax = {
	.about = "Writes a configuration of waybill that does what one of another agent does, to\n"
		 "standard output, with a comment for each thing that has no equal.",
	.words = "FORMAT FILE",
	.help = "FORMAT is filebeat or vector (YAML, TOML where FILE\n"
		"ends in .toml), fluent-bit (the form with sections, or\n"
		"YAML where FILE ends in .yaml), logstash (of a pipeline)\n"
		"or rsyslog (RainerScript)",
	.words_min = 2,
	.words_max = 2,
	.missing = "which format and file? `waybill import filebeat /etc/filebeat/filebeat.yml`",
};

static const struct format {
	const char *name;
	int (*import)(struct entries *entries, FILE *to);
	int (*read)(char *text, struct entries *ret_entries); /* NULL: YAML or TOML */
	bool no_environment; /* it has none, or knows its own way */
} formats[] = {
	{"filebeat", import_filebeat, NULL},
	{"fluent-bit", import_fluent_bit, entries_read_sections},
	{"logstash", import_logstash, entries_read_blocks, .no_environment = true},
	{"rsyslog", import_rsyslog, entries_read_objects, .no_environment = true},
	{"vector", import_vector, NULL},
};

/* What the file says, as its format writes it. As entries_read_yaml. */
static int read_entries(const struct format *format, const char *file, char *text,
			struct entries *ret_entries, unsigned *ret_bad)
{
	const char *end = strrchr(file, '.');
	bool yaml = end && (strcmp(end, ".yaml") == 0 || strcmp(end, ".yml") == 0);

	/* Those of Fluent Bit come in either form. */
	if (format->read && !(yaml && format->import == import_fluent_bit))
		return format->read(text, ret_entries);
	if (end && strcmp(end, ".toml") == 0)
		return entries_read_toml(text, ret_entries, ret_bad);
	return entries_read_yaml(text, ret_entries, ret_bad);
}

static int write_all(const struct format *format, const char *file, struct entries *entries,
		     unsigned bad)
{
	printf("# From %s. Look at it, then: waybill check --config THIS_FILE\n", file);
	if (bad)
		printf("# Not read: what begins in line %u (a block, an anchor or a tag of "
		       "YAML, a table or text of TOML over lines).\n",
		       bad);
	if (format->import(entries, stdout)) {
		fprintf(stderr,
			"waybill: %s: nothing in it that is %s's and ships files to Kafka\n", file,
			format->name);
		return EX_DATAERR;
	}
	write_rest(stdout, entries);
	return EX_OK;
}

static int import(const struct format *format, const char *file)
{
	struct entries entries = {0};
	char *text = NULL, words[160];
	unsigned bad = 0;
	size_t len;
	int status = EX_OSERR, r = conf_read_any(file, CONF_FILE_MAX, &text, &len);

	if (r == READ_E_FAILED) {
		fprintf(stderr, "waybill: %s %s\n", file,
			conf_read_message(errno, words, sizeof words));
		return EX_NOINPUT;
	}
	if (r == 0)
		r = read_entries(format, file, text, &entries, &bad);
	if (r == 0 && !format->no_environment)
		r = entries_take_environment(&entries);
	if (r == 0)
		status = write_all(format, file, &entries, bad);
	entries_deinit(&entries);
	free(text);
	return status;
}

int cmd_import(int argc, char **argv)
{
	struct cmd_words words;
	int status = cmd_read_options(&syntax, argc, argv, NULL, &words);

	if (status != CMD_GO_ON)
		return status;
	for (size_t i = 0; i < ARRAY_LEN(formats); i++) {
		if (strcmp(formats[i].name, words.at[0]) == 0)
			return import(&formats[i], words.at[1]);
	}
	fprintf(stderr,
		"waybill: import: \"%s\" is none of filebeat, fluent-bit, logstash, rsyslog, "
		"vector\n",
		words.at[0]);
	return EX_USAGE;
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * waybill preview: what each line of a file or of standard input would become, without a broker and
 * without a state. The configuration is loaded as run loads it and the lines go through run's own
 * pipeline, so that what is shown is what would be sent; only who the file belongs to is up to the
 * user here, because a sample of a log may lie anywhere.
 * Secrets are not fetched: whoever writes a pattern may have none.
 */
#include <errno.h>
#include <locale.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "cmd/cmd.h"
#include "cmd/options.h"
#include "cmd/preview/preview.h"
#include "cmd/whose.h"
#include "parsers/names.h"

#define DEFAULT_PARTITIONS 12
#define MAX_PARTITIONS 10000
#define OUT_BUFFER ((size_t)256 << 10)

struct preview_options {
	const char *config;
	const char *source;
	int32_t partitions;
	bool json;
	bool compares;
};

static bool take_partitions(const char *argument, void *ret_value)
{
	char *end;
	long n = strtol(argument, &end, 10);

	if (end == argument || *end || n < 1 || n > MAX_PARTITIONS)
		return false;
	*(int32_t *)ret_value = (int32_t)n;
	return true;
}

static const struct cmd_option rows[] = {
	{"config", "FILE", offsetof(struct preview_options, config),
	 .help = "default " DEFAULT_CONFIG "; conf.d/*.conf beside it too"},
	{"source", "NAME", offsetof(struct preview_options, source),
	 .help = "the source whose rules apply; needed when there are several\n"
		 "and none of them has INPUT in its paths"},
	{"partitions", "N", offsetof(struct preview_options, partitions), take_partitions,
	 .wanted = "a number from 1 to 10000", .help = "of each topic, 1 to 10000; default 12"},
	{"json", NULL, offsetof(struct preview_options, json),
	 .help = "one object a line, without the spread; a line that is left out\n"
		 "(on_no_match = \"skip\") has a null topic"},
	{"compare-partitioners", NULL, offsetof(struct preview_options, compares),
	 .alternative = true,
	 .help = "instead of the records: how many keys other clients (Java,\n"
		 "librdkafka, sarama, CRC32) would send to another partition,\n"
		 "and how evenly each fills them"},
};

static const struct cmd_syntax syntax = {
	.about = "Shows what each line of INPUT (or of standard input) would become: topic,\n"
		 "partition, key, headers, timestamp, value; for a line that does not match, how\n"
		 "far the pattern got; at the end how keys and bytes spread over partitions. No\n"
		 "broker is asked, nothing is stored.",
	.options = rows,
	.n_options = ARRAY_LEN(rows),
	.words = "[INPUT]",
	.words_max = 1,
	.more = "Where the source sets no timestamp it is now, as it is when a line is shipped.\n"
		"Records without a key stay with one partition for a batch: which one, only run\n"
		"knows.",
};

static void print_sources(const struct conf *conf)
{
	fputs("  the sources are:", stderr);
	for (size_t i = 0; i < conf->n_sources; i++)
		fprintf(stderr, " %s", conf->sources[i].name);
	fputc('\n', stderr);
}

/* The source named, or NULL after a message. */
static const struct source *named_source(const struct conf *conf, const char *name, const char *who)
{
	const char **names = calloc(conf->n_sources, sizeof names[0]);
	const char *near = NULL;

	for (size_t i = 0; i < conf->n_sources; i++) {
		if (strcmp(conf->sources[i].name, name) == 0) {
			free(names);
			return &conf->sources[i];
		}
		if (names)
			names[i] = conf->sources[i].name;
	}
	if (names)
		near = names_nearest(name, names, conf->n_sources);
	free(names);
	fprintf(stderr,
		near ? "%s: no source \"%s\" (did you mean \"%s\"?)\n" : "%s: no source \"%s\"\n",
		who, name, near);
	print_sources(conf);
	return NULL;
}

const struct source *preview_choose_source(const struct conf *conf, const char *name,
					   const char *path, const char *who, const char *hint)
{
	const struct source *source;

	if (name)
		return named_source(conf, name, who);
	source = whose_path(conf, path);
	if (source)
		return source;
	if (conf->n_sources == 1)
		return &conf->sources[0];
	fprintf(stderr, "%s: no source has %s in its paths: say which one it is, %s\n", who, path,
		hint);
	print_sources(conf);
	return NULL;
}

/* 0, or the exit status after a message. */
static int open_input(struct preview *preview, const char *name)
{
	int r = preview_input_open(&preview->input, name);

	if (!r) {
		if (!name && isatty(STDIN_FILENO) && isatty(STDERR_FILENO))
			fputs("waybill: reading lines from the terminal; Ctrl-D ends\n", stderr);
		return 0;
	}
	fprintf(stderr, "waybill: %s: %s\n", name ? name : "standard input", strerror(-r));
	return r == -EACCES || r == -EPERM ? EX_NOPERM : EX_NOINPUT;
}

static void set_paper(struct preview *preview)
{
	setvbuf(stdout, NULL, _IOFBF, OUT_BUFFER);
	preview->to = stdout;
	paper_init(&preview->paper, stdout);
}

int cmd_preview(int argc, char **argv)
{
	struct preview preview = {.input = PREVIEW_INPUT_NULL};
	struct preview_options options = {.config = DEFAULT_CONFIG,
					  .partitions = DEFAULT_PARTITIONS};
	struct cmd_words words;
	int status = cmd_read_options(&syntax, argc, argv, &options, &words);

	if (status != CMD_GO_ON)
		return status;
	setlocale(LC_CTYPE, "");
	preview.partitions = options.partitions;
	preview.json = options.json;
	preview.compares = options.compares;
	status = cmd_load_conf(&(struct conf_surroundings){.no_secrets = true}, options.config,
			       stderr, &preview.conf);
	/* The loader has said that there are no sources. */
	if (!status && !preview.conf->n_sources)
		status = EX_CONFIG;
	if (status)
		return status;
	set_paper(&preview);
	status = open_input(&preview, words.at[0]);
	if (!status) {
		preview.source =
			preview_choose_source(preview.conf, options.source, preview.input.path,
					      "waybill", "--source NAME");
		status = preview.source ? preview_run(&preview) : EX_USAGE;
	}
	preview_input_deinit(&preview.input);
	conf_unref(preview.conf);
	return status;
}

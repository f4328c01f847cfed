/* SPDX-License-Identifier: Apache-2.0 */
/*
 * waybill check: everything that run would build, built by the same code and thrown away again, and
 * a look at what run depends on. It says all of it at once, since whoever mends one thing wants to
 * know of the next before the night.
 *
 * It changes nothing: the state is neither made nor opened nor locked (a running agent has it), no
 * record is sent, no topic made by asking. So it may run beside the agent, at any time.
 *
 * What it cannot see: rights to write to a topic (the brokers tell only whoever writes), and what
 * the unit's sandbox hides when check is run outside of it.
 */
#include <errno.h>
#include <limits.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "client/library.h"
#include "cmd/check/access.h"
#include "cmd/check/check.h"
#include "cmd/check/unit.h"
#include "cmd/cmd.h"
#include "cmd/options.h"
#include "cmd/paper.h"
#include "settings/print.h"

struct check_options {
	const char *config;
	const char *state_dir;
	bool no_network, configuration, strict, print, quiet, unit;
};

static const struct cmd_option rows[] = {
	{"config", "FILE", offsetof(struct check_options, config),
	 .help = "default " DEFAULT_CONFIG "; conf.d/*.conf beside it\n"
		 "is read too"},
	{"state-dir", "DIR", offsetof(struct check_options, state_dir),
	 .help = "instead of the configuration's state_dir"},
	{"no-network", NULL, offsetof(struct check_options, no_network),
	 .help = "do not ask the brokers"},
	{"configuration", NULL, offsetof(struct check_options, configuration),
	 .help = "look at the configuration and nothing else, as a reload\n"
		 "does: not at files, state, system or brokers"},
	{"strict", NULL, offsetof(struct check_options, strict),
	 .help = "warnings count like errors"},
	{"print", NULL, offsetof(struct check_options, print),
	 .help = "only print the configuration as it is understood, with all\n"
		 "defaults; secrets are shown as \"***\""},
	{"quiet", NULL, offsetof(struct check_options, quiet),
	 .help = "print errors and warnings only"},
	{"unit", NULL, offsetof(struct check_options, unit),
	 .help = "as the service sees it: check from within the sandbox of\n"
		 "UNIT (default waybill), with its configuration; wants root"},
};

static const struct cmd_syntax syntax = {
	.about = "Looks at everything that `waybill run` would use, and says all that is wrong,\n"
		 "with file and line. It changes nothing, and may run beside the agent.",
	.options = rows,
	.n_options = ARRAY_LEN(rows),
	.words = "[UNIT]",
	.words_max = 1,
	.more = "Where systemd runs the agent: waybill check --unit. Elsewhere run it as the\n"
		"user that the agent runs as: runuser -u waybill -- waybill check\n"
		"Exit status: 0; 78 for errors; 66, 77 when the configuration cannot be read.",
};

static const char *plural(size_t n)
{
	return n == 1 ? "" : "s";
}

static void say_configuration(struct check *check)
{
	const struct conf *conf = check->conf;
	char who[512];

	check_who(who, sizeof who);
	check_say(check, "Checked as %s", who);
	check_say(check, "Configuration: %zu source%s, %zu parser%s, %zu topic%s", conf->n_sources,
		  plural(conf->n_sources), conf->n_parsers, plural(conf->n_parsers), conf->n_topics,
		  plural(conf->n_topics));
	for (unsigned i = 0; i < check->load.text.n_files; i++)
		check_say(check, "  %s", check->load.text.files[i].name);
}

static void check_library(struct check *check)
{
	if (!kafka_library_is_safe())
		check_find(&check->report, CHECK_ERROR, CHECK_NOWHERE,
			   "librdkafka %s loses records while it reports them delivered\n"
			   "run refuses to start with it.\n"
			   "Install librdkafka 1.9.0 or newer.",
			   kafka_library_version());
}

/* Root sees what the service's user may not. */
static void check_user(struct check *check)
{
	if (geteuid() == 0)
		check_find(&check->report, CHECK_NOTE, CHECK_NOWHERE,
			   "this check was run as root, who may read everything\n"
			   "If the agent runs as another user, its rights were not looked at.\n"
			   "Check as the service sees it:\n  waybill check --unit\n"
			   "or as that user:\n  runuser -u waybill -- waybill check");
}

/* 0, or 1 when the path is too long. */
static int find_state_dir(struct check *check, const struct check_options *options)
{
	char *const to = check->state_dir, here[PATH_MAX] = "";
	int n;

	if (!options->state_dir)
		check->state_place = check_main_place(check, CONF_STATE_DIR);
	if (!options->state_dir)
		n = snprintf(to, PATH_MAX, "%s", check->conf->state_dir);
	else if (options->state_dir[0] == '/' || !getcwd(here, sizeof here))
		n = snprintf(to, PATH_MAX, "%s", options->state_dir);
	else
		n = snprintf(to, PATH_MAX, "%s/%s", here, options->state_dir);
	return n >= PATH_MAX;
}

static int check_all(struct check *check, const struct check_options *options)
{
	int r;

	check_library(check);
	r = check_unread(check, options->config);
	if (r)
		return r;
	if (!check->load.conf) {
		check_say(check, "Nothing else was looked at: mend this first.");
		return 0;
	}
	check->conf = check->load.conf;
	if (find_state_dir(check, options))
		return -ENAMETOOLONG;
	say_configuration(check);
	/* Files belong to others, who must not be able to stop a reload by what they do to them. */
	if (options->configuration)
		return 0;
	check_user(check);
	r = check_security(check);
	if (!r)
		r = check_state(check);
	if (!r)
		r = check_files(check);
	if (!r)
		r = check_patterns(check);
	return r ? r : check_brokers(check);
}

static bool is_coloured(void)
{
	struct paper paper;

	paper_init(&paper, stdout);
	return paper.plain[0] != '\0';
}

static int conclude(struct check *check, const struct check_options *options)
{
	const size_t *counts = check->report.counts;
	bool bad = counts[CHECK_ERROR] || (options->strict && counts[CHECK_WARNING]);

	if (!options->quiet && check->report.n)
		fputc('\n', stdout);
	check_print(&check->report, options->quiet ? CHECK_WARNING : CHECK_NOTE, is_coloured(),
		    stdout);
	if (!options->quiet)
		printf("\n%zu error%s, %zu warning%s, %zu note%s: %s\n", counts[CHECK_ERROR],
		       plural(counts[CHECK_ERROR]), counts[CHECK_WARNING],
		       plural(counts[CHECK_WARNING]), counts[CHECK_NOTE],
		       plural(counts[CHECK_NOTE]),
		       counts[CHECK_ERROR] ? "not ready" :
		       bad                 ? "not ready (--strict)" :
					     "ready to run");
	return bad ? EX_CONFIG : EX_OK;
}

static int print_configuration(struct check *check, const struct check_options *options)
{
	check_print(&check->report, options->quiet ? CHECK_WARNING : CHECK_NOTE, false, stderr);
	if (check->load.text.problems.n_errors)
		return EX_CONFIG;
	if (options->state_dir && find_state_dir(check, options)) {
		fprintf(stderr, "waybill: check: %s\n", strerror(ENAMETOOLONG));
		return EX_OSERR;
	}
	printf("# %s as waybill understands it\n", options->config);
	conf_print(check->load.text.root, options->state_dir ? check->state_dir : NULL, stdout);
	return options->strict && check->report.counts[CHECK_WARNING] ? EX_CONFIG : EX_OK;
}

static int check_loaded(struct check *check, const struct check_options *options)
{
	int r = 0;

	check_take_problems(&check->report, &check->load.text.problems);
	if (options->print)
		return print_configuration(check, options);
	r = check_all(check, options);
	if (!r && check->report.no_memory)
		r = -ENOMEM;
	if (r) {
		fprintf(stderr, "waybill: check: %s\n", strerror(-r));
		return EX_OSERR;
	}
	return conclude(check, options);
}

/* As run does it: the exit status that an unreadable configuration has. */
static int check_file(struct check *check, const struct check_options *options)
{
	int r = conf_load_files(NULL, options->config, &check->load), error = errno;

	if (r == CONF_E_UNREADABLE) {
		conf_problems_print(&check->load.text.problems, stderr);
		cmd_hint_config(options->config, stderr);
		return error == EACCES ? EX_NOPERM : EX_NOINPUT;
	}
	if (r) {
		fprintf(stderr, "waybill: %s: %s\n", options->config, strerror(-r));
		return EX_OSERR;
	}
	return check_loaded(check, options);
}

/* Ends as the check within the unit does. */
static int check_within(const struct check_options *options, const char *name)
{
	const char *more[6] = {0};
	char unit[256];
	size_t n = 0;
	struct check_unit_order order = {unit, options->config, options->state_dir, more};

	if (!check_unit_name(name, unit)) {
		fprintf(stderr, "waybill: check: \"%s\" is no name of a unit\n", name);
		return EX_USAGE;
	}
	if (options->no_network)
		more[n++] = "--no-network";
	if (options->configuration)
		more[n++] = "--configuration";
	if (options->strict)
		more[n++] = "--strict";
	if (options->print)
		more[n++] = "--print";
	if (options->quiet)
		more[n++] = "--quiet";
	return check_unit_run(&order);
}

int cmd_check(int argc, char **argv)
{
	struct check_options options = {0};
	struct cmd_words words;
	struct check check = {0};
	int status = cmd_read_options(&syntax, argc, argv, &options, &words);

	if (status != CMD_GO_ON)
		return status;
	if (options.unit)
		return check_within(&options, words.n ? words.at[0] : "waybill");
	if (words.n) {
		fprintf(stderr,
			"%s: \"%s\" is an argument too many; a unit is named behind --unit, and a "
			"configuration by --config %s\n",
			argv[0], words.at[0], words.at[0]);
		return EX_USAGE;
	}
	if (!options.config)
		options.config = DEFAULT_CONFIG;
	check.network = !options.no_network;
	check.quiet = options.quiet;
	status = check_file(&check, &options);
	check_report_deinit(&check.report);
	conf_load_deinit(&check.load);
	/* The library's threads may hang in a resolver for seconds: nobody waits for them. */
	_exit(cmd_finish(status));
}

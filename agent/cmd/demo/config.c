/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The configuration of the demo is a file like any other: the agent reads it from disk, and the
 * user is shown the same text, so that it teaches what it does. The patterns are simpler than those
 * of conf/parsers.d, because a reader has to take them in at a glance.
 */
#include "cmd/demo/config.h"

#include <string.h>

#define HOSTNAME                           \
	{                                  \
		"hostname", "${host.name}" \
	}
#define PLACE                                  \
	{"file", "${file.path}"},              \
	{                                      \
		"position", "${file.position}" \
	}

const struct demo_kind demo_kind_sample = {
	.name = "orders",
	.pattern = "^\\S+ (?<level>\\w+) seq=\\d+ order=(?<order>\\S+) cid=(?<cid>\\S+)",
	.key = "${order}",
	.headers = {HOSTNAME,
		    {"correlation-id", "${cid}"},
		    {"file", "${file.name}"},
		    {"position", "${file.position}"}},
};

const struct demo_kind demo_kind_plain = {
	.name = "lines",
	.pattern = "^\\s*(?<word>\\S+)",
	.key = "${word}",
	.headers = {HOSTNAME, PLACE},
};

static const struct demo_kind dpkg = {
	.name = "packages",
	.pattern = "^\\S+ \\S+ (?<action>\\S+)[a-z -]* (?<package>[^ :]+):",
	.key = "${package}",
	.headers = {HOSTNAME, {"action", "${action}"}, PLACE},
};

static const struct demo_kind apt = {
	.name = "apt",
	.pattern = "^(?<field>[^: ]+):",
	.key = "${field}",
	.headers = {HOSTNAME, PLACE},
};

static const struct demo_kind alternatives = {
	.name = "alternatives",
	.pattern = "(?:link group|--install \\S+) (?<name>\\S+)",
	.key = "${name}",
	.headers = {HOSTNAME, PLACE},
};

/* Both forms of the time: "Nov 21 14:55:27" and ISO 8601. */
static const struct demo_kind syslog_lines = {
	.name = "syslog",
	.pattern = "^(?:\\w{3} +\\d+ \\S+|\\S+) \\S+ (?<program>[^\\[: ]+)",
	.key = "${program}",
	.headers = {HOSTNAME, PLACE},
};

const struct demo_log demo_logs[] = {
	{"/var/log/dpkg.log", &dpkg},
	{"/var/log/apt/history.log", &apt},
	{"/var/log/syslog", &syslog_lines},
	{"/var/log/messages", &syslog_lines},
	{"/var/log/alternatives.log", &alternatives},
	{"/var/log/dnf.log", &demo_kind_plain},
	{"/var/log/pacman.log", &demo_kind_plain},
	{"/var/log/bootstrap.log", &demo_kind_plain},
	{NULL, NULL},
};

/* Text between quotes. set: characters that need a backslash already before it is quoted. */
static void write_text(FILE *to, const char *text, const char *set)
{
	fputc('"', to);
	for (const unsigned char *c = (const unsigned char *)text; *c; c++) {
		if (strchr(set, *c))
			fputs("\\\\", to);
		if (*c < ' ' || *c == 0x7f)
			fprintf(to, "\\x%02x", *c);
		else
			fprintf(to, *c == '"' || *c == '\\' ? "\\%c" : "%c", *c);
	}
	fputc('"', to);
}

bool demo_conf_is_first(const struct demo_shipped *shipped, size_t i)
{
	for (size_t j = 0; j < i; j++) {
		if (shipped[j].kind == shipped[i].kind)
			return false;
	}
	return true;
}

static void write_parser(FILE *to, const struct demo_kind *kind)
{
	fprintf(to, "  { name = \"%s\";\n    pattern = ", kind->name);
	write_text(to, kind->pattern, "");
	fputs("; }", to);
}

static void write_source(FILE *to, const struct demo_kind *kind, const char *topic_prefix,
			 const struct demo_shipped *shipped, size_t n)
{
	const char *between = "";

	fprintf(to, "  { name = \"%s\"; parser = \"%s\";\n    paths = [ ", kind->name, kind->name);
	for (size_t i = 0; i < n; i++) {
		if (shipped[i].kind != kind)
			continue;
		fputs(between, to);
		write_text(to, shipped[i].path, "*?[]{},\\");
		between = ",\n              ";
	}
	fprintf(to, " ];\n    topic = \"%s%s\"; key = \"%s\";\n    headers: ( ", topic_prefix,
		kind->name, kind->key);
	for (size_t i = 0; kind->headers[i].name; i++)
		fprintf(to, "%s{ name = \"%s\"; value = \"%s\"; }", i ? ",\n               " : "",
			kind->headers[i].name, kind->headers[i].value);
	fputs(" ); }", to);
}

void demo_conf_write(FILE *to, const char *bootstrap_servers, const char *topic_prefix,
		     const struct demo_shipped *shipped, size_t n)
{
	const char *between = "";

	fputs("kafka: { bootstrap_servers = ", to);
	write_text(to, bootstrap_servers, "");
	fputs("; };\nparsers: (\n", to);
	for (size_t i = 0; i < n; i++) {
		if (demo_conf_is_first(shipped, i)) {
			fputs(between, to);
			write_parser(to, shipped[i].kind);
			between = ",\n";
		}
	}
	fputs("\n);\nsources: (\n", to);
	between = "";
	for (size_t i = 0; i < n; i++) {
		if (demo_conf_is_first(shipped, i)) {
			fputs(between, to);
			write_source(to, shipped[i].kind, topic_prefix, shipped, n);
			between = ",\n";
		}
	}
	fputs("\n);\n", to);
}

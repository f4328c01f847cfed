/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A wrong option is answered by what is wrong, and by the synopsis; the whole help would push the
 * first off the screen. Finding the options is left to getopt_long, whose ways people know: they
 * may be shortened, stand behind other words, and have their argument behind a "=".
 */
#include "cmd/options.h"

#include <getopt.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>

#include "cmd/wrap.h"

/* Of an option with its argument; the help of a longer one begins below it. */
#define TERM_COLUMNS 17

/* What getopt_long returns for --help; of a row it is the row's number. */
#define HELP CMD_OPTIONS_MAX

/* The synopsis while it is printed. */
struct line {
	FILE *to;
	size_t indent, column;
};

static void put_item(struct line *line, const char *text)
{
	size_t len = strlen(text);

	if (line->column + 1 + len > WRAP_COLUMNS) {
		fprintf(line->to, "\n%*s", (int)line->indent, "");
		line->column = line->indent;
	}
	line->column += (size_t)fprintf(line->to, " %s", text);
}

static void print_synopsis(const struct cmd_syntax *syntax, const char *command, FILE *to)
{
	struct line line = {.to = to};
	char item[WRAP_COLUMNS];
	size_t len = 0;

	line.column = line.indent = (size_t)fprintf(to, "usage: %s", command);
	for (size_t i = 0; i < syntax->n_options; i++) {
		const struct cmd_option *option = &syntax->options[i];
		bool more = i + 1 < syntax->n_options && option[1].alternative;

		len += (size_t)snprintf(item + len, sizeof item - len, "%s--%s%s%s%s",
					option->alternative ? " | " : "[", option->name,
					option->argument ? " " : "",
					option->argument ? option->argument : "", more ? "" : "]");
		if (more)
			continue;
		put_item(&line, item);
		len = 0;
	}
	if (syntax->words)
		put_item(&line, syntax->words);
	fputc('\n', to);
}

/* "  --name ARGUMENT  what it is", with all but the first line of the help below its beginning. */
static void print_row(const char *term, const char *help, size_t columns)
{
	size_t column = (size_t)printf("  %s", term);

	if (column > columns + 2) {
		putchar('\n');
		column = 0;
	}
	for (const char *end; *help; help = *end ? end + 1 : end) {
		end = strchrnul(help, '\n');
		printf("%*s%.*s\n", (int)(columns + 4 - column), "", (int)(end - help), help);
		column = 0;
	}
}

/* Returns its length. */
static size_t term_of(const struct cmd_option *option, char *ret_term, size_t len)
{
	return (size_t)snprintf(ret_term, len, "--%s%s%s", option->name,
				option->argument ? " " : "",
				option->argument ? option->argument : "");
}

static void print_help(const struct cmd_syntax *syntax, const char *command)
{
	char term[WRAP_COLUMNS];
	size_t columns = syntax->help ? strlen(syntax->words) : 0;

	print_synopsis(syntax, command, stdout);
	printf("\n%s\n\n", syntax->about);
	for (size_t i = 0; i < syntax->n_options; i++) {
		size_t len = term_of(&syntax->options[i], term, sizeof term);

		if (len > columns && len <= TERM_COLUMNS)
			columns = len;
	}
	for (size_t i = 0; i < syntax->n_options; i++) {
		term_of(&syntax->options[i], term, sizeof term);
		print_row(term, syntax->options[i].help, columns);
	}
	if (syntax->help)
		print_row(syntax->words, syntax->help, columns);
	if (syntax->more)
		printf("\n%s\n", syntax->more);
}

/* The end of what is said of a wrong command line. */
static int refuse(const struct cmd_syntax *syntax, const char *command)
{
	print_synopsis(syntax, command, stderr);
	fprintf(stderr, "Try `%s --help`.\n", command);
	return EX_USAGE;
}

/* False after a message. */
static bool take(const struct cmd_option *option, const char *command, void *values)
{
	void *value = (char *)values + option->at;

	if (option->take) {
		if (option->take(optarg, value))
			return true;
		fprintf(stderr, "%s: --%s is %s, not \"%s\"\n", command, option->name,
			option->wanted, optarg);
		return false;
	}
	if (option->argument && !*optarg) {
		fprintf(stderr, "%s: --%s is empty\n", command, option->name);
		return false;
	}
	if (option->argument)
		*(const char **)value = optarg;
	else
		*(bool *)value = true;
	return true;
}

/* What getopt_long wants to be told; the rows, --help, and an end. */
static void list(const struct cmd_syntax *syntax, struct option longs[CMD_OPTIONS_MAX + 2])
{
	for (size_t i = 0; i < syntax->n_options; i++) {
		const struct cmd_option *option = &syntax->options[i];

		longs[i] = (struct option){option->name,
					   option->argument ? required_argument : no_argument, NULL,
					   (int)i};
	}
	longs[syntax->n_options] = (struct option){"help", no_argument, NULL, HELP};
	longs[syntax->n_options + 1] = (struct option){0};
}

/* False after a message: two that exclude each other. `given` has a bit for each row. */
static bool agree(const struct cmd_syntax *syntax, const char *command, uint32_t given)
{
	for (size_t i = 1; i < syntax->n_options; i++) {
		const struct cmd_option *option = &syntax->options[i];

		if (!option->alternative || (given >> (i - 1) & 3) != 3)
			continue;
		fprintf(stderr, "%s: --%s and --%s: give one of them\n", command, option[-1].name,
			option->name);
		return false;
	}
	return true;
}

static bool has_config(const struct cmd_syntax *syntax)
{
	for (size_t i = 0; i < syntax->n_options; i++)
		if (strcmp(syntax->options[i].name, "config") == 0)
			return true;
	return false;
}

/* False after a message: too few words, or too many. */
static bool count_words(const struct cmd_syntax *syntax, const char *command,
			const struct cmd_words *words)
{
	const char *word, *end;

	if (words->n < syntax->words_min) {
		fprintf(stderr, "%s: %s\n", command, syntax->missing);
		return false;
	}
	if (words->n <= syntax->words_max)
		return true;
	word = words->at[syntax->words_max];
	end = strrchr(word, '.');
	fprintf(stderr, "%s: \"%s\" is an argument too many", command, word);
	if (end && strcmp(end, ".conf") == 0 && has_config(syntax))
		fprintf(stderr, "; a configuration is named by --config %s", word);
	fputc('\n', stderr);
	return false;
}

int cmd_read_options(const struct cmd_syntax *syntax, int argc, char **argv, void *values,
		     struct cmd_words *ret_words)
{
	struct option longs[CMD_OPTIONS_MAX + 2];
	struct cmd_words words;
	uint32_t given = 0;
	int c;

	list(syntax, longs);
	while ((c = getopt_long(argc, argv, "", longs, NULL)) >= 0) {
		if (c == HELP) {
			print_help(syntax, argv[0]);
			return EX_OK;
		}
		if (c == '?' || !take(&syntax->options[c], argv[0], values))
			return refuse(syntax, argv[0]);
		given |= 1u << c;
	}
	words = (struct cmd_words){argv + optind, argc - optind};
	if (!agree(syntax, argv[0], given) || !count_words(syntax, argv[0], &words))
		return refuse(syntax, argv[0]);
	if (ret_words)
		*ret_words = words;
	return CMD_GO_ON;
}

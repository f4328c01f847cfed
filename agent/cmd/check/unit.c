/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a service can see is not what its user can see: ProtectHome= hides /home, PrivateTmp= gives
 * it a /tmp of its own, a drop-in takes a group away. A check by hand sees none of that and says
 * ready. So it asks systemd for the unit's properties and has itself started as a transient unit
 * with the same ones.
 *
 * systemctl show prints values as the manager understands them, which a transient unit takes again.
 * Those are passed that decide what can be read, written and reached, and no others: the rest
 * (limits of the manager, watchdog, restart) is about a service that stays. Directories that the
 * manager makes for the unit are only made writable, since a check makes nothing.
 */
#include "cmd/check/unit.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/slice.h"

#define ENVIRONMENT "WAYBILL_CHECK_UNIT"
#define SHOWN_MAX ((size_t)256 << 10)

/* Passed as they are shown; the empty ones, too, where that means "none at all". */
static const struct {
	const char *name;
	bool empty_too;
} passed[] = {
	{"User"},
	{"Group"},
	{"SupplementaryGroups"},
	{"UMask"},
	{"AmbientCapabilities"},
	{"CapabilityBoundingSet", true},
	{"NoNewPrivileges"},
	{"PrivateUsers"},
	{"PrivateTmp"},
	{"PrivateDevices"},
	{"PrivateMounts"},
	{"PrivateNetwork"},
	{"ProtectSystem"},
	{"ProtectHome"},
	{"ProtectProc"},
	{"ProcSubset"},
	{"ProtectKernelTunables"},
	{"ProtectKernelLogs"},
	{"ProtectControlGroups"},
	{"MemoryDenyWriteExecute"},
	{"ReadWritePaths"},
	{"ReadOnlyPaths"},
	{"InaccessiblePaths"},
	{"BindPaths"},
	{"BindReadOnlyPaths"},
	{"TemporaryFileSystem"},
	{"RootDirectory"},
	{"WorkingDirectory"},
	{"RestrictAddressFamilies"},
	{"IPAddressAllow"},
	{"IPAddressDeny"},
	{"LoadCredential"},
	{"Environment"},
	{"LimitNOFILE"},
};

/* What the inner check has to know of to say the right thing. */
static const char *const hiding[] = {"ProtectHome", "PrivateTmp", "PrivateUsers",
				     "InaccessiblePaths", "TemporaryFileSystem"};

/* An argv that grows. */
struct words {
	char **at;
	size_t n;
	bool no_memory;
};

static void PRINTF_LIKE(2, 3) add(struct words *words, const char *format, ...)
{
	char **at = reallocarray(words->at, words->n + 2, sizeof *at);
	va_list args;
	int n = -1;

	if (at) {
		words->at = at;
		va_start(args, format);
		n = vasprintf(&at[words->n], format, args);
		va_end(args);
	}
	words->no_memory |= n < 0;
	if (n >= 0)
		at[++words->n] = NULL;
}

char **check_unit_free(char **argv)
{
	for (char **word = argv; word && *word; word++)
		free(*word);
	free(argv);
	return NULL;
}

/* The value of the first line "NAME=VALUE" from *at on, which is moved behind it. False: none. */
static bool next_value(const char **at, const char *name, struct slice *ret_value)
{
	size_t len = strlen(name);

	while (*at && **at) {
		const char *line = *at, *end = strchrnul(line, '\n');

		*at = *end ? end + 1 : end;
		if (strncmp(line, name, len) == 0 && line[len] == '=') {
			*ret_value = (struct slice){line + len + 1, (size_t)(end - line) - len - 1};
			return true;
		}
	}
	return false;
}

static struct slice value_of(const char *shown, const char *name)
{
	struct slice value = SLICE_NONE;

	return next_value(&shown, name, &value) ? value : SLICE_NONE;
}

/* The next word of a list; false when there is none. */
static bool next_word(struct slice *list, struct slice *ret_word)
{
	while (list->len && *list->at == ' ') {
		list->at++;
		list->len--;
	}
	*ret_word = (struct slice){list->at, 0};
	while (list->len && *list->at != ' ') {
		ret_word->len++;
		list->at++;
		list->len--;
	}
	return ret_word->len;
}

static void add_properties(struct words *words, const char *shown)
{
	for (size_t i = 0; i < ARRAY_LEN(passed); i++) {
		const char *at = shown;
		struct slice value;

		while (next_value(&at, passed[i].name, &value)) {
			/* "~": all but none. */
			if ((value.len || passed[i].empty_too) && !slice_eq(value, slice_of("~")))
				add(words, "--property=%s=%.*s", passed[i].name, (int)value.len,
				    value.at);
		}
	}
}

/* EnvironmentFiles=PATH (ignore_errors=yes), and what the manager makes in /var/lib. */
static void add_others(struct words *words, const char *shown)
{
	const char *at = shown;
	struct slice value, word;

	while (next_value(&at, "EnvironmentFiles", &value)) {
		bool optional = memmem(value.at, value.len, "=yes)", 5);

		if (next_word(&value, &word))
			add(words, "--property=EnvironmentFile=%s%.*s", optional ? "-" : "",
			    (int)word.len, word.at);
	}
	value = value_of(shown, "StateDirectory");
	while (next_word(&value, &word))
		add(words, "--property=ReadWritePaths=-/var/lib/%.*s", (int)word.len, word.at);
}

static void add_hiding(struct words *words, const char *unit, const char *shown)
{
	char text[2048];
	size_t used = (size_t)snprintf(text, sizeof text, "%s", unit);

	for (size_t i = 0; i < ARRAY_LEN(hiding) && used < sizeof text; i++) {
		struct slice value = value_of(shown, hiding[i]);

		if (value.len && !slice_eq(value, slice_of("no")))
			used += (size_t)snprintf(text + used, sizeof text - used, " %s=%.*s",
						 hiding[i], (int)value.len, value.at);
	}
	add(words, "--setenv=" ENVIRONMENT "=%s", text);
}

/* Of "... ; argv[]=PROGRAM run --config FILE ... ; ...": the program, and the two options. */
struct start {
	struct slice program, config, state_dir;
};

static bool read_start(const char *shown, struct start *ret_start)
{
	struct slice all = value_of(shown, "ExecStart"), word;
	const char *argv = all.at ? memmem(all.at, all.len, "argv[]=", 7) : NULL;

	*ret_start = (struct start){.config = SLICE_NONE, .state_dir = SLICE_NONE};
	if (!argv)
		return false;
	all = (struct slice){argv + 7, (size_t)(all.at + all.len - argv) - 7};
	if (!next_word(&all, &ret_start->program) || !next_word(&all, &word) ||
	    !slice_eq(word, slice_of("run")))
		return false;
	while (next_word(&all, &word) && !slice_eq(word, slice_of(";"))) {
		if (slice_eq(word, slice_of("--config")))
			next_word(&all, &ret_start->config);
		else if (slice_eq(word, slice_of("--state-dir")))
			next_word(&all, &ret_start->state_dir);
	}
	return true;
}

static void add_option(struct words *words, const char *name, const char *given,
		       struct slice of_unit)
{
	if (given)
		add(words, "%s=%s", name, given);
	else if (of_unit.len)
		add(words, "%s=%.*s", name, (int)of_unit.len, of_unit.at);
}

int check_unit_command(const struct check_unit_order *order, const char *shown, char ***ret_argv)
{
	static const char *const first[] = {"systemd-run", "--quiet", "--wait", "--pipe",
					    "--collect"};
	struct words words = {0};
	struct start start;

	if (!read_start(shown, &start))
		return CHECK_UNIT_E_NONE;
	for (size_t i = 0; i < ARRAY_LEN(first); i++)
		add(&words, "%s", first[i]);
	add(&words, "--description=waybill check --unit %s", order->unit);
	add_properties(&words, shown);
	add_others(&words, shown);
	add_hiding(&words, order->unit, shown);
	add(&words, "--");
	add(&words, "%.*s", (int)start.program.len, start.program.at);
	add(&words, "check");
	add_option(&words, "--config", order->config, start.config);
	add_option(&words, "--state-dir", order->state_dir, start.state_dir);
	for (const char *const *option = order->options; option && *option; option++)
		add(&words, "%s", *option);
	if (words.no_memory) {
		check_unit_free(words.at);
		return -ENOMEM;
	}
	*ret_argv = words.at;
	return 0;
}

/* What `systemctl show UNIT` prints, for free(); NULL with errno. */
static char *ask_systemd(const char *unit)
{
	const char *const argv[] = {"systemctl", "show", "--no-pager", "--", unit, NULL};
	char *text = calloc(1, SHOWN_MAX + 1);
	int fds[2], status = 0;
	size_t len = 0;
	ssize_t n;
	pid_t pid;

	if (!text || pipe(fds) < 0) {
		free(text);
		return NULL;
	}
	pid = fork();
	if (pid == 0) {
		dup2(fds[1], STDOUT_FILENO);
		execvp(argv[0], (char **)argv);
		_exit(127);
	}
	close(fds[1]);
	while (pid > 0 && len < SHOWN_MAX && (n = read(fds[0], text + len, SHOWN_MAX - len)) > 0)
		len += (size_t)n;
	close(fds[0]);
	if (pid > 0 && waitpid(pid, &status, 0) == pid && WIFEXITED(status) && !WEXITSTATUS(status))
		return text;
	free(text);
	errno = ENOENT;
	return NULL;
}

int check_unit_run(const struct check_unit_order *order)
{
	char *shown, **argv;
	int r;

	if (geteuid() != 0) {
		fputs("waybill: check: --unit wants to be root, to become the unit's user: sudo "
		      "waybill check --unit\n",
		      stderr);
		return EX_NOPERM;
	}
	shown = ask_systemd(order->unit);
	if (!shown) {
		fputs("waybill: check: --unit: systemctl show does not work here; without systemd "
		      "run check as the user that the agent runs as\n",
		      stderr);
		return EX_UNAVAILABLE;
	}
	r = check_unit_command(order, shown, &argv);
	free(shown);
	if (r == CHECK_UNIT_E_NONE)
		fprintf(stderr,
			"waybill: check: --unit: %s is not there, or does not run waybill\n",
			order->unit);
	if (r)
		return r == CHECK_UNIT_E_NONE ? EX_USAGE : EX_OSERR;
	fflush(stdout);
	execvp(argv[0], argv);
	fprintf(stderr, "waybill: check: %s: %s\n", argv[0], strerror(errno));
	check_unit_free(argv);
	return EX_UNAVAILABLE;
}

bool check_unit_name(const char *name, char ret_unit[256])
{
	static const char ending[] = ".service";
	size_t len = strlen(name), more = sizeof ending - 1;
	bool ended = len > more && strcmp(name + len - more, ending) == 0;

	if (!len || name[0] == '-' || strpbrk(name, " /\t\n") ||
	    snprintf(ret_unit, 256, "%s%s", name, ended ? "" : ending) >= 256)
		return false;
	return true;
}

const char *check_unit_inside(void)
{
	return getenv(ENVIRONMENT);
}

bool check_unit_has(const char *property)
{
	const char *unit = check_unit_inside(), *found = unit ? strstr(unit, property) : NULL;
	size_t len = strlen(property);

	return found && found > unit && found[-1] == ' ' && (found[len] == ' ' || !found[len]);
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What run would follow now: the same discovery walks the same patterns, and every file found is
 * looked at as a start would. Findings are gathered by pattern and kind with one file as an
 * example: a thousand rotated archives are one finding. What is in a place where no file is to be
 * seen is asked for component by component, since a directory that cannot be searched looks like
 * an empty one.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/map.h"
#include "cmd/check/access.h"
#include "cmd/check/check.h"
#include "input/discover.h"
#include "input/glob.h"
#include "input/identity.h"

/* What a path of a pattern turned out to be. */
enum kind {
	KIND_LOG,
	KIND_DENIED,
	KIND_COMPRESSED,
	KIND_SPECIAL,
	KIND_OWN_LOG,
	KIND_OWN_STATE,
	KINDS,
};

static const char *const kind_words[KINDS] = {
	[KIND_COMPRESSED] = "compressed",
	[KIND_SPECIAL] = "no regular file (FIFO, socket, device)",
	[KIND_OWN_LOG] = "where these messages go",
	[KIND_OWN_STATE] = "waybill's own state",
};

/* One path pattern of a source. */
struct tally {
	size_t source;
	const char *text; /* borrowed from conf */
	struct glob *glob;
	uint64_t bytes;
	size_t n[KINDS];
	size_t taken;         /* paths that match, too, and that another source has */
	size_t taken_by;      /* the last such source */
	char *example[KINDS]; /* the first of each kind */
};

struct walk {
	struct check *check;
	struct discover *discover;
	struct tally *tallies;
	size_t n_tallies;
	struct map *seen;   /* paths: a scan may give one twice */
	struct map *denied; /* directories of which it was told */
	struct stat own_log;
};

static int add_tally(struct walk *walk, size_t source, const char *text)
{
	struct tally *tally = &walk->tallies[walk->n_tallies];
	char message[256];
	int r = glob_compile(text, &tally->glob, message, sizeof message);

	/* An invalid one was noted when the configuration was loaded. */
	if (r)
		return r < 0 ? r : 0;
	tally->source = source;
	tally->text = text;
	walk->n_tallies++;
	return 0;
}

static int add_source(struct walk *walk, size_t source)
{
	const struct conf_source *s = &walk->check->conf->sources[source];
	char message[256];
	int r = 0;

	if (!s->paths || !s->exclude)
		return 0;
	for (char **path = s->paths; *path && r == 0; path++)
		r = add_tally(walk, source, *path);
	if (r == 0)
		r = discover_add(walk->discover, (int)source, s->paths, s->exclude, message,
				 sizeof message);
	return r < 0 ? r : 0;
}

static int begin(struct walk *walk)
{
	const struct conf *conf = walk->check->conf;
	size_t n = 1;
	int r;

	for (size_t i = 0; i < conf->n_sources; i++) {
		for (char **path = conf->sources[i].paths; path && *path; path++)
			n++;
	}
	walk->tallies = calloc(n, sizeof *walk->tallies);
	walk->seen = map_new();
	walk->denied = map_new();
	if (!walk->tallies || !walk->seen || !walk->denied)
		return -ENOMEM;
	if (fstat(STDERR_FILENO, &walk->own_log) < 0 || !S_ISREG(walk->own_log.st_mode))
		walk->own_log.st_ino = 0;
	r = discover_new(&walk->discover);
	if (r == 0 && walk->check->state_dir[0] == '/')
		r = discover_shun(walk->discover, walk->check->state_dir);
	for (size_t i = 0; i < conf->n_sources && r == 0; i++)
		r = add_source(walk, i);
	return r ? r : discover_scan(walk->discover);
}

static void end(struct walk *walk)
{
	for (size_t i = 0; i < walk->n_tallies; i++) {
		glob_free(walk->tallies[i].glob);
		for (size_t k = 0; k < KINDS; k++)
			free(walk->tallies[i].example[k]);
	}
	free(walk->tallies);
	map_free(walk->seen);
	map_free(walk->denied);
	discover_free(walk->discover);
}

static bool is_compressed(int fd)
{
	unsigned char head[8];
	ssize_t n = pread(fd, head, sizeof head, 0);

	return n > 0 && identity_is_compressed(head, (size_t)n);
}

/* Opens what a start would open, in the way in which it would. -1: it has gone meanwhile. */
static int kind_of(const struct walk *walk, const char *path, struct stat *ret_st)
{
	char target[PATH_MAX];
	int fd, kind = KIND_LOG;

	if (stat(path, ret_st) < 0)
		return errno == EACCES ? KIND_DENIED : -1;
	if (!S_ISREG(ret_st->st_mode))
		return KIND_SPECIAL;
	if (ret_st->st_ino == walk->own_log.st_ino && ret_st->st_dev == walk->own_log.st_dev)
		return KIND_OWN_LOG;
	if (realpath(path, target) && discover_shuns(walk->discover, target))
		return KIND_OWN_STATE;
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	if (fd < 0)
		return errno == ENOENT ? -1 : KIND_DENIED;
	if (is_compressed(fd))
		kind = KIND_COMPRESSED;
	close(fd);
	return kind;
}

static struct tally *tally_of(struct walk *walk, size_t source, const char *path)
{
	for (size_t i = 0; i < walk->n_tallies; i++) {
		if (walk->tallies[i].source == source && glob_match(walk->tallies[i].glob, path))
			return &walk->tallies[i];
	}
	return NULL;
}

/* An earlier source gets the path; those that match it, too, are told so when nothing is left. */
static void mark_taken(struct walk *walk, const struct hint *hint)
{
	for (size_t i = 0; i < walk->n_tallies; i++) {
		struct tally *tally = &walk->tallies[i];

		if (tally->source == (size_t)hint->source || !glob_match(tally->glob, hint->path))
			continue;
		tally->taken++;
		tally->taken_by = (size_t)hint->source;
	}
}

static int take(struct walk *walk, const struct hint *hint)
{
	struct tally *tally = tally_of(walk, (size_t)hint->source, hint->path);
	size_t len = strlen(hint->path);
	struct stat st;
	int kind, r;

	if (!tally || map_get(walk->seen, hint->path, len))
		return 0;
	r = map_put(walk->seen, hint->path, len, walk);
	if (r)
		return r;
	mark_taken(walk, hint);
	kind = kind_of(walk, hint->path, &st);
	if (kind < 0)
		return 0;
	if (tally->n[kind]++ == 0)
		tally->example[kind] = strdup(hint->path);
	if (kind == KIND_LOG) {
		tally->bytes += (uint64_t)st.st_size;
		walk->check->n_files++;
	}
	return tally->example[kind] ? 0 : -ENOMEM;
}

/* A path that stops us, told once a component; place is that of the setting that leads there. */
static int tell_denied(struct walk *walk, struct conf_place place, const char *path, size_t n,
		       const char *whose)
{
	struct check_denial denial;
	char where[PATH_MAX + 256], who[512], advice[PATH_MAX + 256];
	int mode = n ? R_OK : R_OK | X_OK, r; /* 0 files: a directory */

	if (check_access(path, mode, &denial) || denial.error == ENOENT)
		return 0;
	if (map_get(walk->denied, denial.component, strlen(denial.component)))
		return 0;
	r = map_put(walk->denied, denial.component, strlen(denial.component), walk);
	check_denial_text(&denial, path, where, sizeof where);
	check_denial_advice(&denial, advice, sizeof advice);
	check_who(who, sizeof who);
	if (n > 1)
		check_find(&walk->check->report, CHECK_ERROR, place,
			   "%s%zu files cannot be read, %s among them: %s\n"
			   "Nothing of them is shipped by %s; it is tried again every half "
			   "minute.\n%s",
			   whose, n, path, where, who, advice);
	else
		check_find(
			&walk->check->report, CHECK_ERROR, place,
			"%s%s cannot be read: %s\n"
			"Nothing of it is shipped by %s; it is tried again every half minute.\n%s",
			whose, path, where, who, advice);
	return r;
}

static void whose_of(const struct walk *walk, const struct tally *tally, char ret_text[128])
{
	snprintf(ret_text, 128,
		 "source \"%.64s\": ", walk->check->conf->sources[tally->source].name);
}

static struct conf_place place_of(const struct walk *walk, const struct tally *tally)
{
	const struct conf_node *group = check_group(walk->check, CONF_SOURCES, tally->source);
	const struct conf_node *paths = group ? conf_node_find(group, "paths") : NULL;

	for (size_t i = 0; paths && paths->kind == CONF_LIST && i < paths->n_kids; i++) {
		if (paths->kids[i]->kind == CONF_TEXT &&
		    strcmp(paths->kids[i]->text, tally->text) == 0)
			return paths->kids[i]->place;
	}
	return check_place(walk->check, CONF_SOURCES, tally->source, CONF_PATHS);
}

/* Whether the pattern leads through the directory, or the directory lies below its literal part. */
static bool leads_to(const struct tally *tally, const char *dir)
{
	size_t literal = strcspn(tally->text, "*?[{\\"), len = strlen(dir);

	return strncmp(tally->text, dir, literal < len ? literal : len) == 0;
}

/* A directory that discovery met and could not look into. */
static int take_trouble(struct walk *walk, const struct discover_trouble *trouble)
{
	char whose[128];

	if (!trouble->denied[0])
		return 0;
	for (size_t i = 0; i < walk->n_tallies; i++) {
		if (!leads_to(&walk->tallies[i], trouble->denied))
			continue;
		whose_of(walk, &walk->tallies[i], whose);
		return tell_denied(walk, place_of(walk, &walk->tallies[i]), trouble->denied, 0,
				   whose);
	}
	return tell_denied(walk, CHECK_NOWHERE, trouble->denied, 0, "");
}

/* All that a scan finds; not what is written meanwhile, of which there may be no end. */
static int scan(struct walk *walk, struct discover_trouble *ret_trouble)
{
	int watch_errno = 0, r = 0;
	struct hint hint;

	while (r == 0) {
		r = discover_next(walk->discover, &hint);
		if (r < 0)
			return r;
		discover_trouble(walk->discover, ret_trouble);
		watch_errno = watch_errno ? watch_errno : ret_trouble->watch_errno;
		if (take_trouble(walk, ret_trouble))
			return -ENOMEM;
		if (r == 0 && hint.kind != HINT_FOUND)
			break;
		if (r == 0)
			r = take(walk, &hint);
		if (r < 0)
			return r;
	}
	ret_trouble->watch_errno = watch_errno;
	return 0;
}

/* The directory before the first component that is a pattern. */
static void literal_part(const char *text, char ret_dir[PATH_MAX])
{
	size_t len = strcspn(text, "*?[{\\");

	while (len > 1 && text[len - 1] != '/')
		len--;
	while (len > 1 && text[len - 1] == '/')
		len--;
	snprintf(ret_dir, PATH_MAX, "%.*s", (int)len, text);
}

/* Nothing matches: because there is nothing yet, or because we may not look. */
static int judge_empty(struct walk *walk, const struct tally *tally, const char *whose)
{
	struct conf_place place = place_of(walk, tally);
	char dir[PATH_MAX], hint[128] = "";
	struct check_denial denial;

	literal_part(tally->text, dir);
	if (check_is_home(dir))
		snprintf(hint, sizeof hint,
			 "\nUnder systemd the unit must not hide it: ProtectHome=read-only");
	else if (strncmp(dir, "/tmp", 4) == 0 || strncmp(dir, "/var/tmp", 8) == 0)
		snprintf(hint, sizeof hint,
			 "\nUnder systemd the unit must not have a /tmp of its own: PrivateTmp=no");
	if (check_access(dir, strcmp(dir, tally->text) ? R_OK | X_OK : R_OK, &denial)) {
		check_find(&walk->check->report, CHECK_NOTE, place,
			   "%sno file matches %s now\nIt is followed when it comes.%s", whose,
			   tally->text, hint);
		return 0;
	}
	if (denial.error != ENOENT && denial.error != ENOTDIR)
		return tell_denied(walk, place, dir, 0, whose);
	check_find(&walk->check->report, CHECK_WARNING, place,
		   "%sno file matches %s: %s does not exist\n"
		   "Nothing is shipped until it does; perhaps the path is mistyped.%s",
		   whose, tally->text, denial.component, hint);
	return 0;
}

/* A pattern that leaves it out: by its ending, as rotation makes them, or by its name. */
static const char *exclude_for(const char *path, int kind, char *ret_text, size_t len)
{
	const char *name = strrchr(path, '/') + 1, *ending = strrchr(name, '.');

	if (kind == KIND_COMPRESSED && ending && strspn(ending, ".0123456789") < strlen(ending))
		snprintf(ret_text, len, "*%s", ending);
	else
		snprintf(ret_text, len, "%s", name);
	return ret_text;
}

static void judge_refused(struct walk *walk, const struct tally *tally, const char *whose)
{
	char name[NAME_MAX + 2], among[48];

	for (int kind = KIND_COMPRESSED; kind < KINDS; kind++) {
		if (tally->n[kind] == 0)
			continue;
		if (tally->n[kind] > 1)
			snprintf(among, sizeof among, ", one of %zu", tally->n[kind]);
		else
			among[0] = '\0';
		check_find(&walk->check->report, CHECK_WARNING, place_of(walk, tally),
			   "%s%s is %s%s\nrun would not follow %s.\n"
			   "An exclude pattern silences this: exclude = [ \"%s\" ]",
			   whose, tally->example[kind], kind_words[kind], among,
			   tally->n[kind] > 1 ? "them" : "it",
			   exclude_for(tally->example[kind], kind, name, sizeof name));
	}
}

static int judge(struct walk *walk, const struct tally *tally)
{
	char whose[128], size[32], denied[48] = "";
	size_t n = 0;

	whose_of(walk, tally, whose);
	for (int kind = 0; kind < KINDS; kind++)
		n += tally->n[kind];
	check_size_text(tally->bytes, size, sizeof size);
	if (tally->n[KIND_DENIED])
		snprintf(denied, sizeof denied, ", %zu cannot be read", tally->n[KIND_DENIED]);
	check_say(walk->check, "  %s: %zu file%s, %s%s", tally->text, tally->n[KIND_LOG],
		  tally->n[KIND_LOG] == 1 ? "" : "s", size, denied);
	judge_refused(walk, tally, whose);
	if (tally->n[KIND_DENIED])
		return tell_denied(walk, place_of(walk, tally), tally->example[KIND_DENIED],
				   tally->n[KIND_DENIED], whose);
	if (n || !tally->taken)
		return n ? 0 : judge_empty(walk, tally, whose);
	check_find(
		&walk->check->report, CHECK_WARNING, place_of(walk, tally),
		"%sno file of %s is left for it: source \"%s\" comes first and takes them (%zu)\n"
		"A file is followed once, by the first source that wants it.\n"
		"Narrow the other's paths, exclude these there, or change the order.",
		whose, tally->text, walk->check->conf->sources[tally->taken_by].name, tally->taken);
	return 0;
}

static int judge_all(struct walk *walk)
{
	size_t source = SIZE_MAX;
	int r = 0;

	for (size_t i = 0; i < walk->n_tallies && r == 0; i++) {
		if (walk->tallies[i].source != source) {
			source = walk->tallies[i].source;
			check_say(walk->check,
				  "Source \"%s\":", walk->check->conf->sources[source].name);
		}
		r = judge(walk, &walk->tallies[i]);
	}
	return r;
}

int check_files(struct check *check)
{
	struct walk walk = {.check = check};
	struct discover_trouble trouble = {0};
	int r = begin(&walk);

	if (r == 0)
		r = scan(&walk, &trouble);
	if (r == 0)
		r = judge_all(&walk);
	if (r == 0)
		check_limits(check, &trouble);
	end(&walk);
	return r;
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is said of the files that were found, and of those that were not. What is in a place where
 * no file is to be seen is asked for component by component, since a directory that cannot be
 * searched looks like an empty one; one that stops several patterns is told once.
 */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/map.h"
#include "cmd/check/access.h"
#include "cmd/check/files_private.h"
#include "cmd/check/unit.h"

static const char *const kind_words[CHECK_KINDS] = {
	[CHECK_KIND_PACKABLE] = "compressed",
	[CHECK_KIND_COMPRESSED] = "compressed, in a way that is not unpacked",
	[CHECK_KIND_SPECIAL] = "no regular file (FIFO, socket, device)",
	[CHECK_KIND_OWN_LOG] = "where these messages go",
	[CHECK_KIND_OWN_STATE] = "waybill's own state",
	[CHECK_KIND_LINK] = "behind a symbolic link that may not be followed (follow_links)",
};

/* A path that stops us, told once a component; place is that of the setting that leads there. */
static int tell_denied(struct check_walk *walk, struct conf_place place, const char *path, size_t n,
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

static void whose_of(const struct check_walk *walk, const struct check_tally *tally,
		     char ret_text[128])
{
	snprintf(ret_text, 128,
		 "source \"%.64s\": ", walk->check->conf->sources[tally->source].name);
}

static struct conf_place place_of(const struct check_walk *walk, const struct check_tally *tally)
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
static bool leads_to(const struct check_tally *tally, const char *dir)
{
	size_t literal = strcspn(tally->text, "*?[{\\"), len = strlen(dir);

	return strncmp(tally->text, dir, literal < len ? literal : len) == 0;
}

static int tell_closed(struct check_walk *walk, const char *dir)
{
	char whose[128];

	for (size_t i = 0; i < walk->n_tallies; i++) {
		if (!leads_to(&walk->tallies[i], dir))
			continue;
		whose_of(walk, &walk->tallies[i], whose);
		return tell_denied(walk, place_of(walk, &walk->tallies[i]), dir, 0, whose);
	}
	return tell_denied(walk, CHECK_NOWHERE, dir, 0, "");
}

int check_files_denied(struct check_walk *walk)
{
	const char *dir;
	int source, error, r = 0;

	while (!r && (dir = discover_next_denied(walk->discover, &source, &error)))
		r = tell_closed(walk, dir);
	return r;
}

static int tell_link(struct check_walk *walk, const char *link)
{
	if (map_get(walk->denied, link, strlen(link)) || walk->n_links > CHECK_LINKS_MAX)
		return 0;
	if (++walk->n_links > CHECK_LINKS_MAX)
		check_find(&walk->check->report, CHECK_WARNING, CHECK_NOWHERE,
			   "More than %d such links are there: of further ones nothing is told",
			   CHECK_LINKS_MAX);
	else
		check_find(&walk->check->report, CHECK_WARNING, CHECK_NOWHERE,
			   "%s is a symbolic link whose owner is neither root nor that of the "
			   "directory to which it leads, or that leads where no logs are\n"
			   "run would find nothing below it. follow_links in the source decides.",
			   link);
	return map_put(walk->denied, link, strlen(link), walk);
}

int check_files_link(struct check_walk *walk)
{
	const char *link;
	int source, r = 0;

	while (!r && (link = discover_next_refused(walk->discover, &source)))
		r = tell_link(walk, link);
	return r;
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

static bool is_below(const char *path, const char *dir)
{
	size_t len = strlen(dir);

	return strncmp(path, dir, len) == 0 && (path[len] == '/' || !path[len]);
}

/* Within a unit: whether it has another directory in the place of this one, and so no file ever. */
static bool judge_hidden(struct check_walk *walk, const struct check_tally *tally,
			 const char *whose, const char *dir)
{
	const char *unit = check_unit_inside();
	bool tmp = check_unit_has("PrivateTmp=yes") &&
		   (is_below(dir, "/tmp") || is_below(dir, "/var/tmp"));
	bool home = check_unit_has("ProtectHome=tmpfs") && check_is_home(dir);

	if (!tmp && !home)
		return false;
	check_find(&walk->check->report, CHECK_ERROR, place_of(walk, tally),
		   "%sno file matches %s: the unit has an empty directory of its own there (%s)\n"
		   "Nothing of it is shipped.\n"
		   "In a drop-in (systemctl edit %.*s):\n  [Service]\n  %s",
		   whose, tally->text, tmp ? "PrivateTmp=yes" : "ProtectHome=tmpfs",
		   (int)strcspn(unit, " "), unit, tmp ? "PrivateTmp=no" : "ProtectHome=read-only");
	return true;
}

/* Nothing matches: because there is nothing yet, or because we may not look. */
static int judge_empty(struct check_walk *walk, const struct check_tally *tally, const char *whose)
{
	struct conf_place place = place_of(walk, tally);
	char dir[PATH_MAX], hint[128] = "";
	struct check_denial denial;

	literal_part(tally->text, dir);
	if (judge_hidden(walk, tally, whose, dir))
		return 0;
	if (check_is_home(dir))
		snprintf(hint, sizeof hint,
			 "\nUnder systemd the unit must not hide it: ProtectHome=read-only");
	else if (strncmp(dir, "/tmp", 4) == 0 || strncmp(dir, "/var/tmp", 8) == 0)
		snprintf(hint, sizeof hint,
			 "\nUnder systemd the unit must not have a /tmp of its own: PrivateTmp=no");
	if (check_access(dir, strcmp(dir, tally->text) ? R_OK | X_OK : R_OK, &denial)) {
		check_find(&walk->check->report, CHECK_NOTE, place,
			   "%sno file matches %s now%s\nIt is followed when it comes.%s", whose,
			   tally->text,
			   *walk->check->conf->patterns[tally->source].exclude ?
				   ", but for what exclude leaves out" :
				   "",
			   hint);
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

	if (kind <= CHECK_KIND_COMPRESSED && ending &&
	    strspn(ending, ".0123456789") < strlen(ending))
		snprintf(ret_text, len, "*%s", ending);
	else
		snprintf(ret_text, len, "%s", name);
	return ret_text;
}

static void judge_refused(struct check_walk *walk, const struct check_tally *tally,
			  const char *whose)
{
	char name[NAME_MAX + 2], among[48];

	for (int kind = CHECK_KIND_PACKABLE; kind < CHECK_KINDS; kind++) {
		if (tally->n[kind] == 0)
			continue;
		if (tally->n[kind] > 1)
			snprintf(among, sizeof among, ", one of %zu", tally->n[kind]);
		else
			among[0] = '\0';
		check_find(
			&walk->check->report, CHECK_WARNING, place_of(walk, tally),
			"%s%s is %s%s\nrun would not follow %s.\n"
			"%sAn exclude pattern silences this: exclude = [ \"%s\" ]",
			whose, tally->example[kind], kind_words[kind], among,
			tally->n[kind] > 1 ? "them" : "it",
			kind == CHECK_KIND_PACKABLE ?
				"compressed = true in the source has it ship what is in them.\n" :
				"",
			exclude_for(tally->example[kind], kind, name, sizeof name));
	}
}

static void judge_unseen(struct check_walk *walk, const struct check_tally *tally,
			 const char *whose)
{
	if (tally->n_unseen)
		check_find(&walk->check->report, CHECK_NOTE, place_of(walk, tally),
			   "%s%zu of its files on %s, where inotify does not tell of every write\n"
			   "run asks for their sizes every 1 to 5 s: lines come that much later.",
			   whose, tally->n_unseen, tally->unseen);
}

static int judge(struct check_walk *walk, const struct check_tally *tally)
{
	size_t n = 0, shipped = tally->n[CHECK_KIND_LOG] + tally->n[CHECK_KIND_PACKED];
	char whose[128], size[32], denied[48] = "", packed[64] = "";

	whose_of(walk, tally, whose);
	for (int kind = 0; kind < CHECK_KINDS; kind++)
		n += tally->n[kind];
	check_size_text(tally->bytes, size, sizeof size);
	if (tally->n[CHECK_KIND_DENIED])
		snprintf(denied, sizeof denied, ", %zu cannot be read",
			 tally->n[CHECK_KIND_DENIED]);
	if (tally->n[CHECK_KIND_PACKED])
		snprintf(packed, sizeof packed, ", %zu of them compressed, to be unpacked",
			 tally->n[CHECK_KIND_PACKED]);
	check_say(walk->check, "  %s: %zu file%s, %s%s%s", tally->text, shipped,
		  shipped == 1 ? "" : "s", size, packed, denied);
	judge_refused(walk, tally, whose);
	judge_unseen(walk, tally, whose);
	if (tally->n[CHECK_KIND_DENIED])
		return tell_denied(walk, place_of(walk, tally), tally->example[CHECK_KIND_DENIED],
				   tally->n[CHECK_KIND_DENIED], whose);
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

int check_files_judge(struct check_walk *walk)
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

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Of a file that nobody reads: whether anybody wants it, and what is in its way; or all that was in
 * it is settled, and only its row is left.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <string.h>
#include <unistd.h>

#include "control/explain_private.h"
#include "control/nearest.h"
#include "input/reach.h"

static const char *source_name(const struct view *view, int source)
{
	return view->conf->sources[source].name;
}

void explain_dormant(const struct view *view, const struct dormant *file, int64_t position,
		     struct explanation *e)
{
	const char *source = source_name(view, file->source);

	if (position < 0)
		say(e, "idle",
		    "source %s follows it: all before position %" PRIu64
		    " is settled, and nothing happens in it",
		    source, file->committed);
	else if ((uint64_t)position < file->committed)
		say(e, "settled",
		    "it is settled, as all of its file is: delivered, filtered by on_no_match = "
		    "\"skip\" or a rule, or one of the dead letters of source %s",
		    source);
	else
		say(e, "beyond", "the file has %" PRIu64 " bytes: no such line is written yet",
		    file->committed);
}

/* So many files of the source find no room. */
static size_t files_waiting(const struct view *view, int source)
{
	return quota_waiting_of(&view->files->quota, (size_t)source) +
	       quota_waiting_of(&view->files->awake, (size_t)source);
}

/* A source may want the name that was typed, or that of the file to which it leads. */
static const char *wanted_name(const struct view *view, const struct request *request)
{
	const char *path = *request->path ? request->path : request->about;

	if (discover_wants(view->discover, request->about) >= 0 ||
	    (discover_wants(view->discover, path) < 0 &&
	     discover_excluded(view->discover, request->about) >= 0))
		return request->about;
	return path;
}

/* The first directory on the way to the path that denies us this right; false: none. */
static bool find_denied(const char *path, int right, char ret_dir[PATH_MAX])
{
	for (const char *at = path; (at = strchr(at + 1, '/'));) {
		snprintf(ret_dir, PATH_MAX, "%.*s", (int)(at - path), path);
		if (faccessat(AT_FDCWD, ret_dir, right, AT_EACCESS) < 0 && errno == EACCES)
			return true;
	}
	return false;
}

static void say_denied(const char *source, const char *dir, struct explanation *e)
{
	say(e, "unreadable",
	    "source %s wants it, and directory %.500s cannot be read: waybill's user or one of its "
	    "groups must be able to list and search it; it is tried again every half minute",
	    source, dir);
}

/* It is wanted, and not known. error: of opening it, 0: that went well. */
static const char *why_absent(int error)
{
	switch (error) {
	case 0:
		return "it is left out (compressed, and its source has no `compressed = true`; a "
		       "copy of what was shipped: the log says which), or came a moment ago";
	case -ENOENT:
		return "it is not there";
	case -ELOOP:
		return "a symbolic link on the way to it is not to be followed (`follow_links`)";
	case -ENXIO:
		return "it is a directory, FIFO, socket or device, and never followed";
	default:
		return strerror(-error);
	}
}

static void explain_absent(const char *source, const char *path, enum reach_links links,
			   struct explanation *e)
{
	int fd = reach_open_log(path, links);
	char real[PATH_MAX];

	if (fd >= 0)
		close(fd);
	if (fd >= 0 && find_denied(path, R_OK, real))
		say_denied(source, real, e);
	else if (fd == -ENOENT && reach_walk(path, links, NULL, NULL, real) == -ENOENT &&
		 strcmp(real, path) != 0)
		say(e, "absent",
		    "source %s wants it, and no such file is known: there is no %.500s, which is "
		    "on "
		    "the way to it",
		    source, real);
	else
		say(e, "absent", "source %s wants it, and no such file is known: %s", source,
		    why_absent(fd < 0 ? fd : 0));
}

void explain_unknown(const struct view *view, const struct request *request, struct explanation *e)
{
	const char *path = wanted_name(view, request);
	int wants = discover_wants(view->discover, path);
	int excludes = discover_excluded(view->discover, path);
	const struct loss *loss = losses_find(&view->files->losses, path);
	size_t waiting;
	char words[512], dir[PATH_MAX];

	if (loss) {
		losses_describe(loss, words, sizeof words);
		say(e, "destroyed",
		    "of what was in it %s; keep rotated files longer; a copy of it is shipped when "
		    "it is put under a name that a source wants",
		    words);
	} else if (wants >= 0 && find_denied(path, X_OK, dir)) {
		say_denied(source_name(view, wants), dir, e);
	} else if (wants >= 0 && map_get(view->files->unreadable, path, strlen(path))) {
		say(e, "unreadable",
		    "source %s wants it, and it cannot be opened: waybill's user or one of its "
		    "groups must be able to read it (the log says what the system said); it is "
		    "tried again every half minute",
		    source_name(view, wants));
	} else if (wants >= 0 && (waiting = files_waiting(view, wants))) {
		say(e, "no_room",
		    "source %s wants it, and no such file is known: it is not there, or one of "
		    "the %zu files of the source that wait until others are gone: raise max_files "
		    "(`waybill check`), or leave some out with `exclude`",
		    source_name(view, wants), waiting);
	} else if (wants >= 0) {
		explain_absent(source_name(view, wants), path, view->files->sources[wants].links,
			       e);
	} else if (discover_shuns(view->discover, path)) {
		say(e, "own", "it is waybill's own, and never followed");
	} else if (excludes >= 0) {
		say(e, "excluded", "the paths of source %s want it, and its exclude leaves it out",
		    source_name(view, excludes));
	} else {
		nearest_pattern(view->conf, path, words, sizeof words);
		say(e, "unmatched", "no source wants it%s%s", *words ? ": " : "", words);
	}
}

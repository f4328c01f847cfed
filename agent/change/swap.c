/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Sources that a reload changes are restarted alone, while the files of all others go on: with
 * their descriptors, their bytes in memory and their records under way, of which nothing here
 * knows.
 *
 *   halt     files of the sources concerned have no turns any more; their reports come in
 *   quiet    nothing is under way of them: a checkpoint has all that is settled
 *   swap     their files are freed, the places of sources get what the next configuration says
 *   meet     the store's rows of what the new sources want, and a first look at their paths, as at
 *            a start; a checkpoint before the first line
 *
 * From the last checkpoint on all of it is one step of the loop, so nobody sees half of it: it
 * takes what a start takes of these sources, and a look at the directories of the others.
 *
 * A file may change its source though its own is as it was: another one has come before it, or has
 * gone. So it is asked of each file which source would have it, and which has it; who gives or
 * takes one is concerned, too.
 */
#include "change/swap.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "change/live.h"
#include "files/release.h"
#include "hints/hints.h"
#include "resume/resume.h"

/* ---- whose files they are ---- */

struct owners {
	const struct discover *now, *next;
	struct plan *plan;
};

static void touch(struct owners *owners, int place)
{
	struct plan *plan = owners->plan;

	if (place < 0 || plan->touched[place])
		return;
	plan->touched[place] = true;
	plan->change++;
}

static void see_owner(void *context, const char *lineage, size_t source)
{
	struct owners *owners = context;
	int before = discover_wants(owners->now, lineage);
	int next = discover_wants(owners->next, lineage);

	next = next < 0 ? next : (int)owners->plan->places[next];
	if (before == next)
		return;
	touch(owners, (int)source);
	touch(owners, before);
	touch(owners, next);
}

/* What the next configuration wants; its sources by their order. */
static int make_wishes(const struct conf *next, struct discover *discover)
{
	char message[256];
	int r = 0;

	for (size_t i = 0; i < next->n_sources && !r; i++)
		r = discover_add(discover, (int)i, next->patterns[i].paths,
				 next->patterns[i].exclude, message, sizeof message);
	return r > 0 ? -EINVAL : r;
}

int swap_find_touched(const struct swap *swap, const struct conf *next, struct plan *plan)
{
	struct owners owners = {.now = swap->discover, .plan = plan};
	struct discover *wishes = NULL;
	int r = discover_new_blind(&wishes);

	if (!r)
		r = make_wishes(next, wishes);
	owners.next = wishes;
	if (!r)
		files_each_lineage(swap->files, see_owner, &owners);
	discover_free(wishes);
	return r;
}

/* ---- halt ---- */

void swap_halt(struct files *files, bool *halted, const bool *touched)
{
	for (size_t i = 0; i < files->n_sources; i++) {
		halted[i] |= touched[i];
		if (touched[i])
			files_halt(files, i, true);
	}
}

bool swap_has_halted(const struct files *files, const bool *halted, const struct plan *plan)
{
	for (size_t i = 0; i < files->n_sources; i++)
		if (plan->touched[i] && !halted[i])
			return false;
	return true;
}

uint64_t swap_records(const struct files *files, const struct output *output,
		      const struct pipeline *pipeline, const bool *halted)
{
	struct output_stats stats;
	uint64_t records = 0;

	/* Of the only source nothing is counted apart; what goes beside are dead letters. */
	output_stats(output, &stats);
	if (files->n_sources < 2)
		return halted[0] ? stats.records_in_flight - pipeline_replays(pipeline) : 0;
	for (size_t i = 0; i < files->n_sources; i++)
		for (unsigned k = 0; k < BRANCHES_MAX && halted[i]; k++)
			records += files->shares[i].under_way[k].records;
	return records;
}

/* ---- swap ---- */

static int change_patterns(const struct swap *swap, size_t place)
{
	static char *const none[] = {NULL};
	const struct conf_patterns *patterns = &swap->conf->patterns[place];
	const struct source *source = &swap->conf->sources[place];
	char *const *paths = source->gone ? none : patterns->paths;
	char message[256];
	int r;

	if (place < swap->files->n_sources)
		r = discover_change(swap->discover, (int)place, paths, patterns->exclude, message,
				    sizeof message);
	else
		r = discover_add(swap->discover, (int)place, paths, patterns->exclude, message,
				 sizeof message);
	discover_set_links(swap->discover, (int)place, source->links);
	return r > 0 ? -EINVAL : r;
}

struct returning {
	struct letters *letters;
	const char *source;
};

static void came_back(void *context, const char *source, uint64_t bytes, uint64_t copied)
{
	struct returning *returning = context;

	if (strcmp(source, returning->source) == 0)
		letters_come_back(returning->letters, source, bytes, copied);
}

/* A source that was never there has a place, and room for its dead letters. */
static int add_place(const struct swap *swap, size_t place)
{
	const struct source *source = &swap->conf->sources[place];
	struct returning returning = {swap->letters, source->name};
	int r = letters_share(swap->letters, source->name, source->dead_letter_max);

	files_add_source(swap->files);
	return r ? r : store_source_letters(swap->store, came_back, &returning);
}

static int fill_places(const struct swap *swap, const struct plan *plan)
{
	struct files *files = swap->files;
	const struct conf *conf = swap->conf;
	int r = 0;

	for (size_t i = 0; i < plan->n_places && !r; i++) {
		bool is_new = i >= files->n_sources;

		if (!plan->touched[i])
			continue;
		r = change_patterns(swap, i);
		if (!r && is_new)
			r = add_place(swap, i);
		else if (!r)
			files_see_clusters(files, i);
		if (r)
			return r;
		files->compressed |= conf->sources[i].compressed;
		r = store_knows_source(swap->store, conf->sources[i].name);
		files->source_known[i] = r > 0;
		r = r < 0 ? r : 0;
	}
	if (!r)
		discover_set_order(swap->discover, plan->order);
	return r;
}

/* ---- meet ---- */

struct wanting {
	const struct discover *discover;
	const bool *touched;
};

static bool is_wanted(void *context, const struct store_file *row)
{
	const struct wanting *wanting = context;
	int source = discover_wants(wanting->discover, row->lineage);

	return source >= 0 && wanting->touched[source];
}

static int load_rows(const struct swap *swap, const bool *touched)
{
	struct wanting wanting = {swap->discover, touched};
	struct store_file *rows = NULL;
	size_t n = 0;
	int r = store_load(swap->store, &rows, &n);

	return r ? r : files_add_rows(swap->files, rows, n, is_wanted, &wanting);
}

int swap_meet(const struct swap *swap, const bool *touched, int64_t now_ms)
{
	struct files *files = swap->files;
	int r = load_rows(swap, touched);

	files->first_scan = true;
	files->first_of = touched;
	if (!r)
		r = resume_files(files, swap->discover, touched);
	if (!r)
		r = hints_first_scan(files, swap->discover, now_ms);
	files->first_scan = false;
	files->first_of = NULL;
	return r ? r : files_drop_rows(files);
}

int swap_exchange(const struct swap *swap, struct conf *next, const struct plan *plan)
{
	int r = files_release_sources(swap->files, plan->touched);

	if (!r)
		r = live_take_sources(swap->conf, next, plan);
	if (!r)
		r = pipeline_set_rules(swap->pipeline, swap->conf->n_rules);
	return r ? r : fill_places(swap, plan);
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The pipeline of run, one line a turn, with the terminal as its output. Nothing in the pipeline
 * knows of preview: the record is seen by the output, and what became of its line, which is one a
 * turn, is asked of the pipeline.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sysexits.h>

#include "base/clock.h"
#include "cmd/preview/preview.h"
#include "output/terminal.h"

static size_t size_of(const struct record *record)
{
	size_t bytes = record->key.len + record->value.len;

	for (uint32_t i = 0; i < record->n_headers; i++)
		bytes += record->headers[i].name.len + record->headers[i].value.len;
	return bytes;
}

static void take_record(void *context, const struct record *record, int32_t partition,
			UNUSED int64_t offset)
{
	struct preview *preview = context;
	char key[KEYTYPE_SHOWN_MAX];
	struct spread_key *counted;

	if (preview->json) {
		/* Without memory it is not ended, and the outcome tells. */
		preview->no_memory |= preview_json_record(preview, record, partition) != 0;
		return;
	}
	if (!preview->compare)
		preview_show_record(preview, record, partition);
	counted =
		spread_add(preview->spread, record->topic, partition,
			   keytype_show(preview_key_type(preview, record->topic), record->key, key),
			   size_of(record));
	if (preview->compare && record->key.at)
		compare_add(preview->compare, record->topic, partition, record->key, counted);
}

/* What the last turn did. 0 or -ENOMEM. */
static int tell_outcome(struct preview *preview)
{
	const struct pipeline_line *line = pipeline_last_line(preview->pipeline);
	int r = 0;

	if (!line)
		return 0;
	if (preview->no_memory)
		r = -ENOMEM;
	else if (preview->json)
		r = preview_json_outcome(preview, line);
	else if (!preview->compare)
		preview_show_outcome(preview, line);
	letters_stored(&preview->letters, preview->letters.n);
	return r;
}

/* The reports of what was shown, so that its memory is given up. */
static int settle(struct preview *preview)
{
	struct file *file;
	int n = pipeline_reports(preview->pipeline, SIZE_MAX, 0);

	if (n < 0)
		return n;
	while ((file = pipeline_take_touched(preview->pipeline)))
		account_advance(&file->account);
	account_advance(&preview->file->account);
	return 0;
}

/* One line, or a piece of the rest of one that is too long. 0, PIPELINE_E_IDLE, negative errno. */
static int turn(struct preview *preview, bool last)
{
	uint64_t partial_after_us = last ? 0 : CLOCK_NEVER;
	int64_t now_ms = preview->read_ms ? preview->read_ms : clock_real_ms();
	const struct rate_budget one = {.bytes = 1, .lines = 1};
	int r = preview->source->n_also ? settle(preview) : 0;

	/* All copies of a line find room then, and are shown together. */
	if (r)
		return r;
	r = pipeline_turn(preview->pipeline, preview->file, one, partial_after_us, 0, now_ms);
	if (r == PIPELINE_E_FULL || r == PIPELINE_E_MEMORY || r == PIPELINE_E_HOLD) {
		r = settle(preview);
		if (!r)
			r = pipeline_turn(preview->pipeline, preview->file, one, partial_after_us,
					  0, now_ms);
	}
	if (!r)
		r = tell_outcome(preview);
	if (r <= 0 || r == PIPELINE_E_IDLE)
		return r;
	return r == PIPELINE_E_REWRITTEN ? -ESTALE : -ENOMEM;
}

/* All lines that are there. last: nothing comes behind them. 0 or negative errno. */
static int turns(struct preview *preview, bool last)
{
	int r = 0;

	while (!r && account_read_position(&preview->file->account) < preview->input.end &&
	       !ferror(preview->to))
		r = turn(preview, last);
	/* The last write that failed has set errno, and nothing fails behind it. */
	if (fflush(preview->to) || ferror(preview->to))
		return errno ? -errno : -EIO;
	return r == PIPELINE_E_IDLE ? 0 : r;
}

static int run_input(struct preview *preview)
{
	bool last;
	int r;

	do {
		r = preview_input_more(&preview->input, preview->file->account.committed);
		if (r < 0)
			return r;
		last = r == PREVIEW_INPUT_E_END;
		r = turns(preview, last);
		if (!r)
			r = settle(preview);
	} while (!r && !last);
	return r;
}

static int make_output(struct preview *preview)
{
	struct terminal_options options = {
		.partitions = preview->partitions,
		.n_topics = preview->conf->n_topics,
		.partitioners = preview->conf->topic_partitioners,
		.sink = take_record,
		.context = preview,
	};

	int r = 0;

	if (!preview->json)
		r = spread_new(options.n_topics, options.partitions, &preview->spread);
	if (!r && preview->compares)
		r = compare_new(options.n_topics, options.partitions, &preview->compare);
	return r ? r : terminal_new(&options, &preview->output);
}

static int make_file(struct preview *preview)
{
	static const struct identity nobody;
	int r = file_new(1, preview->source, preview->input.path, preview->input.path, &nobody,
			 preview->input.start, &preview->pools, &preview->file);

	if (r)
		return r;
	preview->file->origin.agent = slice_of("preview");
	file_set_state(preview->file, FILE_READING);
	r = fcntl(preview->input.fd, F_DUPFD_CLOEXEC, 0);
	if (r < 0)
		return -errno;
	tail_set_fd(&preview->file->tail, r);
	return 0;
}

static int build(struct preview *preview)
{
	struct pipeline_options options = {
		.counters = &preview->counters,
		.letters = &preview->letters,
		.topics = (const char *const *)preview->conf->topics,
		.topic_keys = preview->conf->n_clusters > 1 ?
				      (const char *const *)preview->conf->topic_keys :
				      NULL,
		.n_topics = preview->conf->n_topics,
		.n_rules = preview->conf->n_rules,
	};
	int r = chunk_pools_init(&preview->pools, preview->conf->chunk_memory);

	preview->json_text.arena = &preview->json_arena;
	letters_init(&preview->letters, UINT64_MAX, 0);
	preview->scratch = pattern_scratch_new();
	if (!r && !preview->scratch)
		r = -ENOMEM;
	if (!r)
		r = make_output(preview);
	options.output = preview->output;
	if (!r)
		r = pipeline_new(&options, &preview->pipeline);
	return r ? r : make_file(preview);
}

static void dismantle(struct preview *preview)
{
	if (preview->file && settle(preview))
		/* memory is out, and the process ends: rather leave than free what is in use */
		return;
	preview->file = file_free(preview->file);
	preview->pipeline = pipeline_free(preview->pipeline);
	preview->output = output_free(preview->output);
	preview->spread = spread_free(preview->spread);
	preview->compare = compare_free(preview->compare);
	preview->scratch = pattern_scratch_free(preview->scratch);
	arena_deinit(&preview->json_arena);
	arena_deinit(&preview->arena);
	letters_deinit(&preview->letters);
	chunk_pools_deinit(&preview->pools);
}

/* The exit status, after a message. */
static int explain(const struct preview *preview, int r)
{
	if (ferror(preview->to)) {
		if (r != -EPIPE)
			fprintf(stderr, "waybill: standard output: %s\n", strerror(-r));
	} else if (r == -ESTALE) {
		fprintf(stderr, "waybill: %s was rewritten while it was read\n",
			preview->input.path);
	} else {
		fprintf(stderr, "waybill: %s: %s\n", preview->input.path, strerror(-r));
	}
	return r == -ENOMEM ? EX_OSERR : EX_IOERR;
}

static void show_end(const struct preview *preview)
{
	preview_show_summary(preview);
	if (preview->compare)
		preview_show_comparison(preview);
	else
		preview_show_spread(preview);
}

int preview_run(struct preview *preview)
{
	int r = build(preview);

	if (!r)
		r = run_input(preview);
	if (!r && !preview->json)
		show_end(preview);
	if (!r && fflush(preview->to))
		r = -errno;
	dismantle(preview);
	return r ? explain(preview, r) : EX_OK;
}

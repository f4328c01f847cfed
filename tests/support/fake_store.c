/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Rows in an array, written as a transaction: all of a batch at its end, or nothing. Everything is
 * copied when it is handed over, as the real writer does, so that a change of the agent's own
 * memory in between is not stored.
 */
#include "tests/support/fake_store.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "state/writer.h"

static struct store_file copy_row(const struct store_file *row)
{
	struct store_file copy = *row;
	char *ahead = malloc(row->ahead.len + 1), *branches = malloc(row->branches.len + 1);

	if (row->ahead.len)
		memcpy(ahead, row->ahead.at, row->ahead.len);
	copy.ahead.at = ahead;
	if (row->branches.len)
		memcpy(branches, row->branches.at, row->branches.len);
	copy.branches.at = branches;
	copy.path = row->path ? strdup(row->path) : NULL;
	copy.lineage = row->lineage ? strdup(row->lineage) : NULL;
	return copy;
}

static struct store_file *copy_rows(const struct store_file *rows, size_t n)
{
	struct store_file *copies = calloc(n + 1, sizeof *copies);

	for (size_t i = 0; i < n; i++)
		copies[i] = copy_row(&rows[i]);
	return copies;
}

void fake_store_submit(struct fake_store *store, const struct store_batch *batch)
{
	if (store->written != WRITTEN_NOTHING)
		abort();
	store->batch = *batch;
	store->batch.files = store->files = copy_rows(batch->files, batch->n_files);
	letters_init(&store->letters, UINT64_MAX, 0);
	for (size_t i = 0; i < batch->n_letters; i++)
		if (letters_add(&store->letters, &batch->letters[i]))
			abort();
	store->batch.letters = store->letters.items;
	store->written = WRITTEN_UNDER_WAY;
}

static void free_row(struct store_file *row)
{
	free(row->path);
	free(row->lineage);
	free((char *)row->ahead.at);
	free((char *)row->branches.at);
}

static void remove_row(struct fake_store *store, size_t i)
{
	free_row(&store->rows[i]);
	store->n_rows--;
	if (i < store->n_rows)
		memmove(store->rows + i, store->rows + i + 1,
			(store->n_rows - i) * sizeof store->rows[0]);
}

static void insert_row(struct fake_store *store, size_t i, const struct store_file *row)
{
	store->rows = reallocarray(store->rows, store->n_rows + 1, sizeof store->rows[0]);
	if (!store->rows)
		abort();
	memmove(store->rows + i + 1, store->rows + i, (store->n_rows - i) * sizeof store->rows[0]);
	store->rows[i] = copy_row(row);
	store->n_rows++;
}

static void store_row(struct fake_store *store, const struct store_file *row)
{
	size_t i = 0;

	while (i < store->n_rows && store->rows[i].id < row->id)
		i++;
	if (i < store->n_rows && store->rows[i].id == row->id)
		remove_row(store, i);
	if (!row->removed)
		insert_row(store, i, row);
}

void fake_store_end(struct fake_store *store, bool ok)
{
	if (store->written != WRITTEN_UNDER_WAY)
		return;
	for (size_t i = 0; ok && i < store->batch.n_files; i++)
		store_row(store, &store->batch.files[i]);
	if (ok)
		store->letters_bytes += store->letters.bytes;
	store->files = store_files_free(store->files, store->batch.n_files);
	letters_deinit(&store->letters);
	store->written = ok ? WRITTEN_OK : WRITTEN_FAILED;
}

int fake_store_result(struct fake_store *store, char *ret_message, size_t len)
{
	enum fake_written written = store->written;

	if (written == WRITTEN_NOTHING || written == WRITTEN_UNDER_WAY)
		return WRITER_E_NONE;
	store->written = WRITTEN_NOTHING;
	if (written == WRITTEN_OK)
		return 0;
	snprintf(ret_message, len, "scripted");
	return WRITER_E_FAILED;
}

struct store_file *fake_store_load(const struct fake_store *store)
{
	return copy_rows(store->rows, store->n_rows);
}

const struct store_file *fake_store_row(const struct fake_store *store,
					const struct identity *identity)
{
	for (size_t i = 0; i < store->n_rows; i++)
		if (store->rows[i].inode == identity->inode &&
		    store->rows[i].born_ns == identity->born_ns)
			return &store->rows[i];
	return NULL;
}

void fake_store_deinit(struct fake_store *store)
{
	fake_store_end(store, false);
	store->rows = store_files_free(store->rows, store->n_rows);
	*store = (struct fake_store){0};
}

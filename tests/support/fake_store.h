/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SUPPORT_FAKE_STORE_H
#define SUPPORT_FAKE_STORE_H

#include "input/identity.h"
#include "state/letters.h"
#include "state/store.h"

/*
 * The store and its writer's thread in memory: a batch is under way until the test says how it
 * ended. A test that wants it in the place of state/writer.c defines all writer_ functions itself.
 */
enum fake_written { WRITTEN_NOTHING, WRITTEN_UNDER_WAY, WRITTEN_OK, WRITTEN_FAILED };

struct fake_store {
	struct store_file *rows; /* by ascending id */
	size_t n_rows;
	uint64_t letters_bytes; /* of the dead letters in it */
	enum fake_written written;
	struct store_batch batch; /* while it is under way; copies, as the next two hold them */
	struct store_file *files;
	struct letters letters;
};

/* Copies the batch. None may be under way. */
void fake_store_submit(struct fake_store *store, const struct store_batch *batch);

/* The batch under way, if there is one, is durable or was not written. */
void fake_store_end(struct fake_store *store, bool ok);

/* As writer_result. */
int fake_store_result(struct fake_store *store, char *ret_message, size_t len);

/* As store_load: the caller frees it with store_files_free. */
struct store_file *fake_store_load(const struct fake_store *store);

/* The row of this very file, or NULL. */
const struct store_file *fake_store_row(const struct fake_store *store,
					const struct identity *identity);

void fake_store_deinit(struct fake_store *store);

#endif

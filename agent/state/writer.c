/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One thread and one batch at a time, so there is no queue to bound and no order to keep.
 *
 *     IDLE --writer_submit--> GIVEN --the thread has written--> DONE --writer_result--> IDLE
 *
 * In IDLE and DONE the batch belongs to the caller's side, in GIVEN to the thread; the mutex is
 * held to change the state and never during I/O, so none of the calls of the loop waits for a disk.
 * The batch is copied because the loop goes on moving the positions it was made of.
 *
 * Rejected: writing from the loop's own thread (an fsync can take seconds), and a general pool of
 * threads (SQLite has one writer anyway).
 */
#include "state/writer.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#include "base/arena.h"

enum writer_state { WRITER_IDLE, WRITER_GIVEN, WRITER_DONE };

struct writer {
	struct store *store;
	pthread_t thread;
	bool started;
	int fd;
	pthread_mutex_t lock;
	pthread_cond_t changed;

	/* Under the lock. */
	enum writer_state state;
	bool ending;

	/* Whose they are says the state. */
	struct store_batch batch;
	struct store_file *files;
	struct store_dead_letter *letters;
	struct store_gone *gone;
	const char **sources;
	struct store_topic *topics;
	struct arena texts;
	int result;
	char message[256];
};

static void *writer_main(void *userdata)
{
	struct writer *writer = userdata;

	pthread_mutex_lock(&writer->lock);
	for (;;) {
		while (writer->state != WRITER_GIVEN && !writer->ending)
			pthread_cond_wait(&writer->changed, &writer->lock);
		if (writer->state != WRITER_GIVEN)
			break;
		pthread_mutex_unlock(&writer->lock);
		writer->result = store_write(writer->store, &writer->batch, writer->message,
					     sizeof writer->message);
		pthread_mutex_lock(&writer->lock);
		writer->state = WRITER_DONE;
		pthread_cond_broadcast(&writer->changed);
		(void)!eventfd_write(writer->fd, 1); /* cannot be full: at most one result waits */
	}
	pthread_mutex_unlock(&writer->lock);
	return NULL;
}

/* Signals are for the loop's thread: this one starts with all of them blocked. */
static int start_thread(struct writer *writer)
{
	sigset_t all, before;
	int error;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	error = pthread_create(&writer->thread, NULL, writer_main, writer);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	writer->started = error == 0;
	if (writer->started)
		pthread_setname_np(writer->thread, "waybill-store");
	return -error;
}

int writer_new(struct store *store, struct writer **ret_writer)
{
	struct writer *writer = calloc(1, sizeof *writer);
	pthread_condattr_t attributes;
	int r;

	if (!writer)
		return -ENOMEM;
	writer->store = store;
	pthread_mutex_init(&writer->lock, NULL);
	/* A deadline must not move with the wall clock. */
	pthread_condattr_init(&attributes);
	pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
	pthread_cond_init(&writer->changed, &attributes);
	pthread_condattr_destroy(&attributes);
	writer->fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	r = writer->fd < 0 ? -errno : start_thread(writer);
	if (r < 0) {
		writer_free(writer);
		return r;
	}
	*ret_writer = writer;
	return 0;
}

int writer_fd(const struct writer *writer)
{
	return writer->fd;
}

/* Lets go of the batch that was copied, keeping one block of the arena. */
static void drop_batch(struct writer *writer)
{
	free(writer->files);
	free(writer->letters);
	free(writer->gone);
	free(writer->sources);
	free(writer->topics);
	writer->files = NULL;
	writer->letters = NULL;
	writer->gone = NULL;
	writer->sources = NULL;
	writer->topics = NULL;
	writer->batch = (struct store_batch){0};
	arena_reset(&writer->texts);
}

/* Copies len bytes into the arena, with a NUL behind; false when memory is out. */
static bool keep(struct writer *writer, const char **at, size_t len)
{
	char *copy;

	if (!*at)
		return true;
	copy = arena_alloc(&writer->texts, len + 1);
	if (!copy)
		return false;
	memcpy(copy, *at, len);
	copy[len] = '\0';
	*at = copy;
	return true;
}

static bool keep_text(struct writer *writer, const char **text)
{
	return keep(writer, text, *text ? strlen(*text) : 0);
}

static bool keep_branches(struct writer *writer, struct store_file *file)
{
	return keep(writer, &file->ahead.at, file->ahead.len) &&
	       keep(writer, &file->branches.at, file->branches.len);
}

static bool keep_file(struct writer *writer, struct store_file *file)
{
	if (file->moved_only)
		return keep_branches(writer, file);
	return keep_text(writer, (const char **)&file->path) &&
	       keep_text(writer, (const char **)&file->lineage) &&
	       keep_text(writer, (const char **)&file->real) &&
	       keep_text(writer, (const char **)&file->went) && keep_branches(writer, file);
}

static bool keep_letter(struct writer *writer, struct store_dead_letter *letter)
{
	return keep_text(writer, &letter->source) && keep_text(writer, &letter->path) &&
	       keep_text(writer, &letter->topic) && keep_text(writer, &letter->reason) &&
	       keep(writer, &letter->key.at, letter->key.len) &&
	       keep(writer, &letter->value.at, letter->value.len) &&
	       keep(writer, &letter->headers.at, letter->headers.len);
}

/* A copy of an array; NULL for none, and when memory is out. */
static void *copy_array(const void *array, size_t n, size_t size)
{
	void *copy = n ? reallocarray(NULL, n, size) : NULL;

	return copy ? memcpy(copy, array, n * size) : NULL;
}

static bool copy_batch(struct writer *writer, const struct store_batch *batch)
{
	bool kept = true;

	writer->files = copy_array(batch->files, batch->n_files, sizeof *batch->files);
	writer->letters = copy_array(batch->letters, batch->n_letters, sizeof *batch->letters);
	writer->gone = copy_array(batch->gone, batch->n_gone, sizeof *batch->gone);
	writer->sources = copy_array(batch->sources, batch->n_sources, sizeof *batch->sources);
	writer->topics = copy_array(batch->topics, batch->n_topics, sizeof *batch->topics);
	if ((batch->n_files && !writer->files) || (batch->n_letters && !writer->letters) ||
	    (batch->n_gone && !writer->gone) || (batch->n_sources && !writer->sources) ||
	    (batch->n_topics && !writer->topics))
		return false;
	for (size_t i = 0; i < batch->n_files && kept; i++)
		kept = keep_file(writer, &writer->files[i]);
	for (size_t i = 0; i < batch->n_letters && kept; i++)
		kept = keep_letter(writer, &writer->letters[i]);
	for (size_t i = 0; i < batch->n_sources && kept; i++)
		kept = keep_text(writer, &writer->sources[i]);
	for (size_t i = 0; i < batch->n_topics && kept; i++)
		kept = keep_text(writer, &writer->topics[i].name);
	writer->batch = *batch;
	writer->batch.files = writer->files;
	writer->batch.letters = writer->letters;
	writer->batch.gone = writer->gone;
	writer->batch.sources = writer->sources;
	writer->batch.topics = writer->topics;
	return kept;
}

static enum writer_state state_of(struct writer *writer)
{
	enum writer_state state;

	pthread_mutex_lock(&writer->lock);
	state = writer->state;
	pthread_mutex_unlock(&writer->lock);
	return state;
}

int writer_submit(struct writer *writer, const struct store_batch *batch)
{
	if (state_of(writer) != WRITER_IDLE)
		return WRITER_E_BUSY;
	if (!copy_batch(writer, batch)) {
		drop_batch(writer);
		return -ENOMEM;
	}
	pthread_mutex_lock(&writer->lock);
	writer->state = WRITER_GIVEN;
	pthread_cond_broadcast(&writer->changed);
	pthread_mutex_unlock(&writer->lock);
	return 0;
}

int writer_result(struct writer *writer, char *ret_message, size_t len)
{
	eventfd_t ignored;
	int result;

	if (state_of(writer) != WRITER_DONE)
		return WRITER_E_NONE;
	(void)!eventfd_read(writer->fd, &ignored);
	result = writer->result;
	if (result && ret_message)
		snprintf(ret_message, len, "%s", writer->message);
	drop_batch(writer);
	pthread_mutex_lock(&writer->lock);
	writer->state = WRITER_IDLE;
	pthread_mutex_unlock(&writer->lock);
	return result ? WRITER_E_FAILED : 0;
}

int writer_wait(struct writer *writer, int timeout_ms, char *ret_message, size_t len)
{
	struct timespec until;

	clock_gettime(CLOCK_MONOTONIC, &until);
	until.tv_sec += timeout_ms / 1000;
	until.tv_nsec += timeout_ms % 1000 * 1000000l;
	if (until.tv_nsec >= 1000000000l) {
		until.tv_sec++;
		until.tv_nsec -= 1000000000l;
	}
	pthread_mutex_lock(&writer->lock);
	while (writer->state == WRITER_GIVEN)
		if (pthread_cond_timedwait(&writer->changed, &writer->lock, &until) == ETIMEDOUT)
			break;
	pthread_mutex_unlock(&writer->lock);
	return writer_result(writer, ret_message, len);
}

struct writer *writer_free(struct writer *writer)
{
	if (!writer)
		return NULL;
	if (writer->started) {
		pthread_mutex_lock(&writer->lock);
		writer->ending = true;
		pthread_cond_broadcast(&writer->changed);
		pthread_mutex_unlock(&writer->lock);
		pthread_join(writer->thread, NULL);
	}
	if (writer->fd >= 0)
		close(writer->fd);
	drop_batch(writer);
	arena_deinit(&writer->texts);
	pthread_cond_destroy(&writer->changed);
	pthread_mutex_destroy(&writer->lock);
	free(writer);
	return NULL;
}

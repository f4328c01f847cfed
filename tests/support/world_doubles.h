/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SUPPORT_WORLD_DOUBLES_H
#define SUPPORT_WORLD_DOUBLES_H

#include <errno.h>

#include "base/clock.h"
#include "tests/support/world.h"

/*
 * The clock and the store's thread of a world, in the place of base/clock.c and state/writer.c: all
 * functions of both, so that the linker takes neither from the library. Definitions: included by
 * the one .c file of a test.
 */

/* Doubles have no other way to find their world; a test runs in a process of its own. */
static struct world *here;

/* ---- the clock, in the place of base/clock.c ---- */

uint64_t clock_mono_us(void)
{
	here->now_us += random_below(&here->random, 1500);
	return here->now_us;
}

uint64_t clock_mono_ns(void)
{
	return here->now_us * 1000;
}

/* What it costs is what the test says that it takes. */
uint64_t clock_cpu_us(void)
{
	return clock_mono_us();
}

int64_t clock_real_ms(void)
{
	return 1700000000000 + (int64_t)(here->now_us / US_PER_MS);
}

/* ---- the store's thread, in the place of state/writer.c ---- */

int writer_submit(struct writer *writer, const struct store_batch *batch)
{
	(void)writer;
	world_submit(here, batch);
	return 0;
}

int writer_result(struct writer *writer, char *ret_message, size_t len)
{
	(void)writer;
	return fake_store_result(&here->store, ret_message, len);
}

int writer_wait(struct writer *writer, int timeout_ms, char *ret_message, size_t len)
{
	(void)timeout_ms;
	world_end_batch(here, true);
	return writer_result(writer, ret_message, len);
}

/* Nobody calls these here, but they must not come from the library either. */
int writer_new(struct store *store, struct writer **ret_writer)
{
	(void)store, (void)ret_writer;
	return -ENOSYS;
}

int writer_fd(const struct writer *writer)
{
	(void)writer;
	return -1;
}

struct writer *writer_free(struct writer *writer)
{
	(void)writer;
	return NULL;
}

#endif

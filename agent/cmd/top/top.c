/* SPDX-License-Identifier: Apache-2.0 */
/*
 * waybill top: the running agent is asked twice a second, as waybill status asks it, and tells of
 * its files those that come first. A key is answered at once, from what is known.
 */
#include <errno.h>
#include <locale.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/clock.h"
#include "cmd/cmd.h"
#include "cmd/options.h"
#include "cmd/top/draw.h"
#include "cmd/top/keys.h"
#include "cmd/top/screen.h"

/*
 * An answer takes the agent some 0.4 us a file, and a partition takes us 7 us to read: both stay
 * below a hundredth of a CPU.
 */
#define FRAME_US (US_PER_S / 2)
#define FILES_A_FRAME 10000
#define PARTITIONS_A_FRAME 1000

/* An agent that is alive begins its answer sooner. */
#define SILENT_MS 1000

struct top_options {
	struct ask_place place;
};

static const struct cmd_option rows[] = {
	ASK_OPTIONS(struct top_options),
};

static const struct cmd_syntax syntax = {
	.about = "Shows what a running agent does, in a terminal, twice a second.",
	.options = rows,
	.n_options = ARRAY_LEN(rows),
	.more = "Keys: q quit, s sort, / only paths that hold a text, Enter one file, the files\n"
		"of a source or a partition, o sources, p partitions, f files, Esc back, arrows\n"
		"and pages.",
};

struct top {
	struct ask_place place;
	struct look look, asked;  /* asked: what the question is about that is under way */
	uint64_t silent_since_us; /* 0: the agent answered the last question */
	struct frame before, now;
	char message[256]; /* "": there is a frame */
};

/* The next frame; what is shown stays, if there is none, or none is wanted any more. */
static int ask_again(struct top *top)
{
	struct frame next = {0};
	int r;

	top->asked = top->look;
	if (!top->silent_since_us)
		top->silent_since_us = clock_mono_us();
	r = frame_ask(&top->place, &top->asked, &top->now, &next);
	if (r)
		frame_deinit(&next);
	if (r != ASK_E_FAILED)
		top->silent_since_us = 0;
	if (r == ASK_E_FAILED && (top->look.quit || keys_differ(&top->look, &top->asked)))
		return 0;
	if (r) {
		snprintf(top->message, sizeof top->message, "%s %.180s",
			 access(top->place.path, W_OK) == 0 || errno != EACCES ?
				 "No agent answers at" :
				 "Only its owner and its group (control_group) may ask at",
			 top->place.path);
		return r < 0 ? r : 0;
	}
	top->message[0] = '\0';
	frame_deinit(&top->before);
	top->before = top->now;
	top->now = next;
	return 0;
}

static void show(struct top *top)
{
	keys_settle(&top->look, draw_rows(&top->look), draw_count(&top->look, &top->now));
	draw(&top->look, &top->before, &top->now, *top->message ? top->message : NULL);
}

/* One key, if there is one within that time. True: what is asked for is another by now. */
static bool hear_key(struct top *top, int wait_ms)
{
	int key = screen_key(wait_ms);

	if (key == KEY_NONE_YET)
		return false;
	keys_take(&top->look, &top->now, key, draw_rows(&top->look),
		  draw_count(&top->look, &top->now));
	if (top->look.quit || keys_differ(&top->look, &top->asked))
		return true;
	show(top);
	return false;
}

/* Keys are heard while the agent is silent, and that it is silent is said. */
static bool wait_for_agent(void *context, int fd)
{
	struct top *top = context;

	while (!screen_wait(fd, SILENT_MS)) {
		uint64_t silent_us = clock_mono_us() - top->silent_since_us;

		if (hear_key(top, 0))
			return false;
		if (silent_us < SILENT_MS * US_PER_MS)
			continue;
		snprintf(top->message, sizeof top->message, "The agent has not answered for %u s",
			 (unsigned int)(silent_us / US_PER_S));
		show(top);
	}
	return true;
}

/* Until the next frame is due, or what is asked for is another. */
static void hear_keys(struct top *top, uint64_t until_us)
{
	uint64_t now_us = clock_mono_us();

	while (now_us < until_us && !hear_key(top, (int)((until_us - now_us) / US_PER_MS) + 1))
		now_us = clock_mono_us();
}

static uint64_t frame_us(const struct top *top)
{
	return FRAME_US * (1 + (uint64_t)top->now.files / FILES_A_FRAME +
			   top->now.n_partitions / PARTITIONS_A_FRAME);
}

static int run(struct top *top)
{
	int r = 0;

	while (!r && !top->look.quit) {
		r = ask_again(top);
		if (top->look.quit || keys_differ(&top->look, &top->asked))
			continue;
		show(top);
		hear_keys(top, clock_mono_us() + frame_us(top));
	}
	return r;
}

int cmd_top(int argc, char **argv)
{
	struct top_options options = {.place = {.quiet = true}};
	struct top top = {0};
	int r, status = cmd_read_options(&syntax, argc, argv, &options, NULL);

	if (status != CMD_GO_ON)
		return status;
	status = ask_find(&options.place);
	if (status)
		return status;
	setlocale(LC_CTYPE, "");
	top.place = options.place;
	top.place.wait = wait_for_agent;
	top.place.context = &top;
	if (screen_open()) {
		fputs("waybill: top needs a terminal (TERM); waybill status does not\n", stderr);
		return EX_UNAVAILABLE;
	}
	r = run(&top);
	screen_close();
	frame_deinit(&top.before);
	frame_deinit(&top.now);
	if (r)
		fprintf(stderr, "waybill: %s\n", strerror(-r));
	return r ? EX_OSERR : EX_OK;
}

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

#include "base/clock.h"
#include "cmd/cmd.h"
#include "cmd/options.h"
#include "cmd/top/draw.h"
#include "cmd/top/keys.h"
#include "cmd/top/screen.h"

/* An answer takes the agent some 0.4 us a file; all of them stay below a hundredth of its time. */
#define FRAME_US (US_PER_S / 2)
#define FILES_A_FRAME 10000

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
	.more = "Keys: q quit, s sort, / only paths that hold a text, Enter one file or the files\n"
		"of a source, o sources, p partitions, f files, Esc back, arrows and pages.",
};

struct top {
	const struct ask_place *place;
	struct look look;
	struct frame before, now;
	char message[256]; /* "": there is a frame */
};

/* The next frame; what is shown stays, if there is none. */
static int ask_again(struct top *top)
{
	struct frame next = {0};
	int r = frame_ask(top->place, &top->look, &top->now, &next);

	if (r) {
		frame_deinit(&next);
		snprintf(top->message, sizeof top->message, "No agent answers at %.200s",
			 top->place->path);
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
	keys_settle(&top->look, draw_rows(), draw_count(&top->look, &top->now));
	draw(&top->look, &top->before, &top->now, *top->message ? top->message : NULL);
}

/* Until the next frame is due. True: what is asked for is another by now. */
static bool hear_keys(struct top *top, uint64_t until_us)
{
	uint64_t now_us = clock_mono_us();
	struct look before = top->look;

	while (!top->look.quit && now_us < until_us) {
		int key = screen_key((int)((until_us - now_us) / US_PER_MS) + 1);

		if (key != KEY_NONE_YET) {
			keys_take(&top->look, &top->now, key, draw_rows(),
				  draw_count(&top->look, &top->now));
			if (top->look.view != before.view || top->look.sort != before.sort ||
			    strcmp(top->look.about, before.about) != 0 ||
			    strcmp(top->look.match, before.match) != 0)
				return true;
			show(top);
		}
		now_us = clock_mono_us();
	}
	return false;
}

static uint64_t frame_us(const struct top *top)
{
	return FRAME_US * (1 + (uint64_t)top->now.files / FILES_A_FRAME);
}

static int run(struct top *top)
{
	int r = 0;

	while (!r && !top->look.quit) {
		r = ask_again(top);
		show(top);
		(void)hear_keys(top, clock_mono_us() + frame_us(top));
	}
	return r;
}

int cmd_top(int argc, char **argv)
{
	struct top_options options = {.place = {.quiet = true}};
	struct top top = {.place = &options.place};
	int r, status = cmd_read_options(&syntax, argc, argv, &options, NULL);

	if (status != CMD_GO_ON)
		return status;
	status = ask_find(&options.place);
	if (status)
		return status;
	setlocale(LC_CTYPE, "");
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

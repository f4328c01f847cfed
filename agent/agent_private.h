/* SPDX-License-Identifier: Apache-2.0 */
#ifndef AGENT_PRIVATE_H
#define AGENT_PRIVATE_H

#include <systemd/sd-event.h>

#include "agent.h"
#include "base/progress.h"
#include "change/swap.h"
#include "checkpoint/checkpoint.h"
#include "cluster/ends.h"
#include "cluster/watch.h"
#include "files/files.h"
#include "follow/follow.h"
#include "input/discover.h"
#include "letters/forward.h"
#include "ops/notify.h"
#include "pipeline/replay.h"
#include "protocol/order.h"

/*
 * Shared by agent.c (the loop), agent_start.c (start and end), agent_look.c (hints and looks at
 * all paths), agent_turn.c (turns of files), agent_limits.c (what waits for room), agent_pace.c
 * (what waits for a rate), agent_settle.c (what reports and time do to files), agent_after.c
 * (what follows every wake-up), agent_signals.c, agent_checkpoint.c, agent_letters.c (turns of
 * dead letters), agent_stop.c (draining, and the end), agent_reload.c, agent_change.c (what a
 * reload changes in a running agent), agent_renewal.c (what is replaced), agent_expiry.c (what
 * ends), agent_tell.c (what it says), agent_progress.c (how far it is), agent_control.c (what it
 * answers) and agent_order.c (what it is told to do).
 */

/* How far an order that sends dead letters again is with those of one cluster. */
struct agent_lane {
	uint64_t after;                  /* the dead letter that was looked at last */
	struct store_dead_letter letter; /* that is sent again; id 0: none */
	struct replay replay;            /* which sends it */
	uint64_t not_before_us;          /* it came back: another try */
	bool said;                       /* what the order says is about it */
};

/* How far the order of the control socket is carried out. */
struct agent_order {
	struct agent_lane *lanes; /* of each cluster one; NULL: no order was about letters yet */
	size_t n_lanes;
	uint64_t *busy;       /* the letters that they send, as many; 0: none */
	struct inode_key key; /* the file whose position is set, */
	uint64_t content_id;  /* and what was in it then */
};

enum agent_state { AGENT_RUNNING, AGENT_STOPPING, AGENT_STOPPED };

/* One of the configuration's clusters. */
struct agent_cluster {
	struct output *kafka;       /* the agent's, or a part of it; borrowed */
	struct cluster_watch watch; /* of the files of its block */
	int64_t token_told_ms;      /* the end of a token that was told; 0: none */
};

struct agent {
	struct conf *conf;
	const char *config;
	struct log *log;
	bool own_state_dir; /* not the configuration's */
	bool until_eof;
	bool draws;
	struct acks *acks;     /* NULL: acknowledgements are told nowhere */
	bool sample_acks;      /* also in the log, one now and then */
	uint64_t acks_told_us; /* the last sample */
	enum agent_state state;
	uint64_t stop_by_us;
	uint64_t given_up;     /* records that were not waited for any more; 0: all were */
	uint64_t maybe_before; /* maybe_persisted then */
	int stop_signals;
	bool reloading;      /* what AGENT_STOPPING is for */
	bool reload_refused; /* the last one */
	bool *halted;        /* by source: a reload waits for what is under way; NULL: none does */
	uint64_t halted_to_us; /* not for longer */
	uint64_t generation;   /* of the configuration: 1, and one more with each that was taken */
	int64_t reloaded_ms;   /* when that in force was read last, by the wall clock */

	struct notify notify;
	struct counters counters;
	struct histogram delays;
	struct letters letters;
	struct chunk_pools pools;
	struct files files;
	struct discover *discover;
	struct store *store;
	struct writer *writer;
	struct checkpoint checkpoint;
	struct output *output;          /* of all clusters */
	struct agent_cluster *clusters; /* of each of the configuration */
	struct cluster_ends *ends;      /* of their certificates, at the last look */
	struct pipeline *pipeline;

	struct control *control; /* NULL: it could not be made */
	struct http *http;       /* NULL: it is not configured, or could not be made */
	struct order order;
	struct agent_order ordered;
	struct forward forward; /* dead letters to topics of their own */

	sd_event *loop;
	sd_event_source
		*turn; /* a defer source: on while a file has data and the output has room */
	sd_event_source *hints; /* off while the output is full: then the tick looks */
	sd_event_source
		*acks_ready;   /* on while acknowledgements wait for their reader; NULL: no need */
	sd_event_source *kick; /* when the output wants to be served */
	sd_event_source *http_ready; /* NULL: nobody can ask there */
	sd_event_io_handler_t on_http;
	sd_event_source *tick;
	sd_event_source *pace; /* while files or sources wait for a rate */
	uint64_t pace_at_us;   /* when that is due; CLOCK_NEVER: it is not */
	uint64_t kick_at_us;   /* what the kick timer is armed for */
	bool looking;          /* a look at all paths is under way */
	uint64_t looked_us;    /* when the last one began */
	uint64_t look_at_us;   /* when the next is due */
	uint64_t look_took_us; /* of a processor's time, so far or in all */
	uint64_t room_at_us;   /* not before, when something waits for room */
	uint64_t relook_at_us; /* not before, when hints were lost */
	uint64_t rest_to_us;   /* not before, when nothing was */
	uint64_t ask_at_us;    /* hints are behind: open files are asked then; 0: they are not */
	uint64_t trim_at_us;   /* pools are trimmed after a second without a turn */
	uint64_t status_us;    /* the last status for systemd */
	uint64_t status_lines; /* delivered by then */
	uint64_t progress_us;  /* when lines last moved, for the watchdog */
	bool stuck;            /* at the last tick: it is not fed */
	uint64_t turned_us;    /* when files had their last turn */
	uint64_t behind_us;    /* since when there were always more hints; 0: all were taken */
	uint64_t certificates_at_us; /* when to look how long they are good */
	uint64_t started_us;
	bool catches_up; /* what was behind at the start, or is there with until_eof, is shipped */
	struct progress catch_up;     /* of that, in bytes */
	uint64_t dead;                /* until_eof, at its end: dead letters of this run */
	size_t unread;                /* until_eof, at its end: files that could not be read */
	bool damaged;                 /* the state was damaged and set aside at this start */
	bool checkpoint_failing;      /* it was told that checkpoints fail or do not end */
	uint64_t unsaved_since_us;    /* since then none was completed though one was begun; or 0 */
	uint64_t checkpoint_begun_us; /* that which is under way */
	uint64_t checkpoint_at_us;    /* the next one is due by the interval */
	bool checkpoint_wanted;       /* files wait for it: not at the next tick but now */
	uint64_t rows_at_us;          /* not before, for rows of files that left their paths */
	int error;                    /* negative errno that ends the loop */
};

/* The event loop with all its sources. 0 or negative errno. */
int agent_make_loop(struct agent *agent) MUSTCHECK;

/* Follows every wake-up of the loop: serves the output, opens or shuts what depends on its room. */
void agent_after_wakeup(struct agent *agent, uint64_t now_us);

/* The output wants to be served at at_us (CLOCK_MONOTONIC): sooner is armed, later is not. */
void agent_arm_kick(struct agent *agent, uint64_t at_us);

/* The signals of the loop. 0 or negative errno. */
int agent_add_signals(struct agent *agent) MUSTCHECK;

/* Begins the stop when all of until_eof is shipped; ends the loop when nothing is waited for. */
void agent_stop_if_done(struct agent *agent, uint64_t now_us);

/* Nothing more is read from now on; what is under way is waited for. `why` is logged. */
void agent_drain(struct agent *agent, const char *why, uint64_t now_us);

/* A stop, which takes the place of a reload under way. `why` is logged. */
void agent_begin_stop(struct agent *agent, const char *why);

/* SIGHUP: whether to drain for a restart; if not, why there will be none was logged. */
bool agent_reload(struct agent *agent, uint64_t now_us);

/* A reload that ends without another program: what it looks at again all the same. */
void agent_look_again(struct agent *agent);

/*
 * What may change in a running agent is as `next` says from now on, but for http_listen. 0 or
 * negative errno.
 */
int agent_take_limits(struct agent *agent, struct conf *next) MUSTCHECK;

/* The same of what the agent's configuration has taken already. */
int agent_hand_on_limits(struct agent *agent) MUSTCHECK;

/* Listens where http_listen says now, and nowhere else. 0 or negative errno. */
int agent_listen_again(struct agent *agent) MUSTCHECK;

/*
 * Sources are those of next, by the plan: those that it touches are quiet, and a checkpoint has all
 * that is settled of them. 0, or negative errno, with which the agent cannot go on.
 */
int agent_swap_sources(struct agent *agent, struct conf *next, const struct plan *plan) MUSTCHECK;

/* Of each topic of the cluster, how many partitions the state knows: malloc'ed, or NULL. */
uint32_t *agent_kept_of(const struct agent *agent, const struct cluster *cluster);

/* Its parts, for such a swap. */
struct swap agent_swap(struct agent *agent);

/* What a reload halted goes on. */
void agent_go_on_with_sources(struct agent *agent);

/*
 * A reload waits for the sources that it halted: a step of it. True: a restart in place is what is
 * left, and the agent is to drain.
 */
bool agent_step_reload(struct agent *agent, uint64_t now_us);

/* How many files there may be, and how fast they are read, by the configuration. 0 or -ENOMEM. */
int agent_limit_files(struct agent *agent) MUSTCHECK;

/* A new generation of the configuration is in force. */
void agent_count_generation(struct agent *agent);

/* Drained for a reload: whether it still can be. If not, reading goes on, and why was logged. */
bool agent_reload_stands(struct agent *agent, uint64_t now_us);

/* All paths are looked at so often, whatever hints say. */
#define AGENT_LOOK_US (30 * US_PER_S)
/* Hints taken in one go. */
#define AGENT_HINTS_AT_ONCE 256

/*
 * Follows hints that wait, AGENT_HINTS_AT_ONCE at most; false when no more wait. A failure goes to
 * agent->error.
 */
bool agent_take_hints(struct agent *agent);

/* Begins a look at all paths if one is due: its findings are hints. */
void agent_look(struct agent *agent, uint64_t now_us);

/*
 * Once a tick: tells who waits for max_files or max_directories. True: there is room by now, and a
 * look is due.
 */
bool agent_tick_limits(struct agent *agent);

/* The counters of that. */
void agent_count_limits(struct agent *agent);

/*
 * Once a tick: tells what is wrong with watches, begins a look that is due, and takes, for a short
 * while, hints that the loop does not take because they have no descriptor or the output no room.
 */
void agent_tick_looks(struct agent *agent, uint64_t now_us);

/* A checkpoint, unless one is under way or nothing is to be written. */
void agent_start_checkpoint(struct agent *agent);

/*
 * The same if files wait for it; or if one left its path before a row told of it, which a crash
 * would lose: at most every 0.1 s.
 */
void agent_start_wanted(struct agent *agent, uint64_t now_us);

/* Once a tick: the same, when the interval says so. */
void agent_tick_checkpoint(struct agent *agent, uint64_t now_us);

/*
 * How long a checkpoint has been due that is under way or fails: so old is the state. 0: neither.
 */
uint64_t agent_unsaved_us(const struct agent *agent, uint64_t now_us);

/* Once a tick: says that the disk takes very long. */
void agent_tell_slow_checkpoint(struct agent *agent, uint64_t now_us);

/* The result of the checkpoint under way, waiting up to wait_ms; tells once when it failed. */
void agent_finish_checkpoint(struct agent *agent, int wait_ms);

/*
 * All that is settled is made durable now, which may take the disk some seconds. False: it is not;
 * why was logged.
 */
bool agent_last_checkpoint(struct agent *agent);

/* The end comes without a last checkpoint: says what the next start repeats. */
void agent_tell_unsaved(struct agent *agent);

/* Who we are, and what we were told to do: the first thing that is looked for in a journal. */
void agent_tell_start(const struct agent *agent);

/* Who asks goes behind all but the turns of files. */
#define AGENT_PRIORITY_CONTROL 5

/* Makes the control socket; why it cannot be made is logged. */
void agent_open_control(struct agent *agent, const char *state_dir);

/* Listens where http_listen says, and nowhere else; what is wrong is logged. */
void agent_listen(struct agent *agent);

/* Has the loop take who asks there. 0 or negative errno. */
int agent_watch_http(struct agent *agent) MUSTCHECK;

/* Answers who asks there, for a while. */
void agent_serve_control(struct agent *agent, uint64_t now_us);
void agent_serve_http(struct agent *agent, uint64_t now_us);

/* The store was written to. */
void agent_wake_control(struct agent *agent, uint64_t now_us);

/* A step of the order that was given, if there is one. */
void agent_step_order(struct agent *agent, uint64_t now_us);

/* Frees what orders hold. The output is gone. */
void agent_close_order(struct agent *agent);

/* What sends dead letters to their topics. 0 or -ENOMEM. */
int agent_open_letters(struct agent *agent) MUSTCHECK;

/* A step of that. */
void agent_step_letters(struct agent *agent, uint64_t now_us);

/* Nobody is answered any more. */
void agent_close_control(struct agent *agent);

/* What others count is put into the counters. */
void agent_count_now(struct agent *agent, uint64_t now_us);

/* Dead letters that belong to no source any more. */
void agent_tell_left_behind(const struct agent *agent);

/* The counters as one message. */
void agent_log_counters(struct agent *agent);

/* Once a tick: systemd's watchdog (when there is progress or a reason for none) and status line. */
void agent_feed_watchdog(struct agent *agent, uint64_t now_us);
void agent_tell_status(struct agent *agent, uint64_t now_us);

/* Whether more may be read: the output has room, and so has who is told of acknowledgements. */
bool agent_has_room(const struct agent *agent, uint64_t now_us);

/* Acknowledgements: to their reader; what is to be said of him, and of them, once a tick; the end.
 */
void agent_flush_acks(struct agent *agent, uint64_t now_us);
void agent_tell_acks(struct agent *agent, uint64_t now_us);
void agent_finish_acks(struct agent *agent);

/* Directories that cannot be read, each once for as long as that lasts. */
void agent_tell_denied(struct agent *agent);

/* Links to directories that are not followed, each once. */
void agent_tell_refused(struct agent *agent);

/* The files by which the producer logs in: watched, and taken when they have something new. */
int agent_open_renewal(struct agent *agent) MUSTCHECK;
void agent_tick_renewal(struct agent *agent, uint64_t now_us);
/* Of these clusters the kafka blocks are others: so are their producers. 0 or negative errno. */
int agent_take_blocks(struct agent *agent, const bool *changed) MUSTCHECK;
void agent_close_renewal(struct agent *agent);

/* Looks, when it is time, how long certificates and tokens are good, and tells those that end. */
void agent_tick_expiry(struct agent *agent, uint64_t now_us);
/* With the next tick it is time for certificates, as at a start. */
void agent_look_at_certificates(struct agent *agent);

/* Before a checkpoint: tells what is new, and has the oldest go where a source says so. */
void agent_prepare_letters(struct agent *agent);

/* After the first scan: whether anything is behind. */
void agent_begin_progress(struct agent *agent);

/* Once a tick: looks how far it is, draws that, and says when it has come to its end. */
void agent_tick_progress(struct agent *agent, uint64_t now_us);

/* How far it is, in words. False: nothing is behind. */
bool agent_print_progress(const struct agent *agent, char *text, size_t len);

/* Turns of ready files, round robin, for at most 2 ms. */
void agent_turn_files(struct agent *agent, uint64_t now_us);

/* Who waited for a rate for long enough has turns again; the timer is armed for the others. */
void agent_keep_pace(struct agent *agent, uint64_t now_us);

/* After reports: held files whose memory, descriptor or topic may have come. */
void agent_wake_held(struct agent *agent);

/* Sources that had their share of what may be under way, and have more than that now. */
void agent_wake_spent(struct agent *agent);

/* Reports: settle, advance, rewind what is due, wake what waits. */
void agent_take_reports(struct agent *agent, uint64_t now_us);

/*
 * Nothing is read of the file until all its reports are in; then it goes back (agent_rewind_file).
 */
void agent_drain_file(struct agent *agent, struct file *file, uint64_t now_us);

/*
 * After its slots changed: moves the committed position; rewinds a draining file whose reports
 * are in.
 */
void agent_settle_file(struct agent *agent, struct file *file, uint64_t now_us);

/*
 * The reports of a draining file are all in: it goes back, at once or after a back-off. claimed:
 * what was cut off was looked for.
 */
void agent_rewind_file(struct agent *agent, struct file *file, bool claimed, uint64_t now_us);

/* Once a tick: ends of back-offs, files that are finished, last lines without LF. */
void agent_age_files(struct agent *agent, uint64_t now_us);

/* The same of some of those that were left by the tick; files.to_age says how many there are. */
void agent_age_some(struct agent *agent, uint64_t now_us);

/*
 * until_eof: every file was read to its end and all of it is settled, but for so many that cannot
 * be read or wait for one that cannot.
 */
bool agent_all_shipped(const struct agent *agent, size_t *ret_stuck);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The reader of the acknowledgements is somebody else's program, so each of the simple ways is
 * wrong: writing as printf does lets a pager that shows its first page stop the agent, its
 * checkpoints and its watchdog; dropping at once makes the output of a busy agent worthless, since
 * any reader is slower than it now and then. So there is a buffer; half full it holds up reading,
 * and only a reader that takes nothing for long is given up. What is left out then is counted in
 * the very place where it is missing, or a reader would take the list for whole.
 *
 * No thread: a descriptor that does not block does the same. O_NONBLOCK belongs to the open file,
 * which a terminal shares with the shell and a pipe perhaps with other writers, so pipes and
 * terminals are opened anew by way of /proc; where that is refused, the flag is set on what we were
 * given. Regular files cannot block for long and cannot be polled.
 *
 * Accepted: what lies in the buffer when the process is killed is not printed, although it is
 * acknowledged.
 */
#include "ops/acks.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/json.h"

/* The first room; it doubles. */
#define FIRST_BYTES ((size_t)64 << 10)

/* The front of the line that stands where others are missing. */
#define GAP "{\"lost\":"

struct acks {
	int fd; /* ours; -1: nothing is printed */
	bool pollable;
	bool is_socket;
	struct arena arena; /* of one line */
	char *bytes;
	size_t start, end, capacity; /* what waits lies from start to end */
	uint64_t stuck_since_us;     /* the reader took nothing since; 0: it does, or need not */
	int closed;                  /* negative errno that ended it; 0: open */
	uint64_t lost, lost_here;    /* all together; since the last line that got in */
	enum acks_state told;
	uint64_t n_sampled;
	char sample[512];
};

/* The same pipe or terminal with O_NONBLOCK of its own, or a copy of fd. */
static int open_again(int fd, mode_t mode)
{
	char path[32];
	int again = -1;

	snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
	if (S_ISFIFO(mode) || S_ISCHR(mode))
		again = open(path, O_WRONLY | O_NONBLOCK | O_CLOEXEC | O_NOCTTY);
	if (again >= 0)
		return again;
	again = fcntl(fd, F_DUPFD_CLOEXEC, 3);
	if (again >= 0 && !S_ISREG(mode) && !S_ISSOCK(mode))
		(void)fcntl(again, F_SETFL, fcntl(again, F_GETFL) | O_NONBLOCK);
	return again;
}

int acks_new(int fd, struct acks **ret_acks)
{
	struct acks *acks = calloc(1, sizeof *acks);
	struct stat st;

	if (!acks)
		return -ENOMEM;
	acks->fd = -1;
	if (fd >= 0) {
		if (fstat(fd, &st) == 0) {
			acks->fd = open_again(fd, st.st_mode);
			acks->is_socket = S_ISSOCK(st.st_mode);
			acks->pollable = acks->is_socket || S_ISFIFO(st.st_mode) ||
					 (S_ISCHR(st.st_mode) && isatty(fd));
		}
		if (acks->fd < 0) {
			free(acks);
			return -errno;
		}
	}
	*ret_acks = acks;
	return 0;
}

struct acks *acks_free(struct acks *acks)
{
	if (!acks)
		return NULL;
	if (acks->fd >= 0)
		close(acks->fd);
	arena_deinit(&acks->arena);
	free(acks->bytes);
	free(acks);
	return NULL;
}

/* The line of one, in the arena. 0 or -ENOMEM. */
static int print(struct acks *acks, const struct ack *ack, struct slice *ret_line)
{
	struct json json = {.arena = &acks->arena};

	arena_reset(&acks->arena);
	json_put_text(&json, "{\"file\":");
	json_put_string(&json, ack->path);
	json_put_text(&json, ",\"position\":");
	json_put_integer(&json, (int64_t)ack->position);
	if (ack->cluster.at) {
		json_put_text(&json, ",\"cluster\":");
		json_put_string(&json, ack->cluster);
	}
	json_put_text(&json, ",\"topic\":");
	json_put_string(&json, ack->topic);
	json_put_text(&json, ",\"partition\":");
	json_put_integer(&json, ack->partition);
	json_put_text(&json, ",\"offset\":");
	json_put_natural(&json, ack->offset);
	json_put_text(&json, ",\"timestamp\":");
	json_put_natural(&json, ack->timestamp_ms);
	json_put_text(&json, ack->append_time ? ",\"timestamp_type\":\"LogAppendTime\"}\n" :
						",\"timestamp_type\":\"CreateTime\"}\n");
	return json_finish(&json, ret_line);
}

/* Room for len bytes more behind what waits. */
static bool make_room(struct acks *acks, size_t len)
{
	size_t waiting = acks->end - acks->start, capacity = acks->capacity;
	char *bytes;

	if (waiting + len > ACKS_MAX_BYTES)
		return false;
	if (acks->end + len <= capacity)
		return true;
	/* Moving what waits costs a copy of it for at least as many bytes that are added. */
	if (waiting + len <= capacity / 2) {
		memmove(acks->bytes, acks->bytes + acks->start, waiting);
	} else {
		while (capacity < 2 * (waiting + len))
			capacity = capacity ? 2 * capacity : FIRST_BYTES;
		bytes = malloc(capacity);
		if (!bytes)
			return false;
		if (waiting)
			memcpy(bytes, acks->bytes + acks->start, waiting);
		free(acks->bytes);
		acks->bytes = bytes;
		acks->capacity = capacity;
	}
	acks->start = 0;
	acks->end = waiting;
	return true;
}

/* What stands in the place of those that are missing, in the arena. 0 or -ENOMEM. */
static int print_gap(struct acks *acks, struct slice *ret_line)
{
	struct json json = {.arena = &acks->arena};

	json_put_text(&json, GAP);
	json_put_integer(&json, (int64_t)acks->lost_here);
	json_put_text(&json, "}\n");
	return json_finish(&json, ret_line);
}

static void append(struct acks *acks, struct slice line)
{
	if (line.len)
		memcpy(acks->bytes + acks->end, line.at, line.len);
	acks->end += line.len;
}

/* Puts a line behind those that wait, and before it how many are missing there. */
static bool put_line(struct acks *acks, struct slice line)
{
	struct slice gap = SLICE_NONE;

	if (acks->closed || (acks->lost_here && print_gap(acks, &gap)))
		return false;
	if (!make_room(acks, gap.len + line.len))
		return false;
	append(acks, gap);
	append(acks, line);
	acks->lost_here = 0;
	return true;
}

static void take_sample(struct acks *acks, struct slice line)
{
	size_t len = line.len < sizeof acks->sample ? line.len : sizeof acks->sample;

	memcpy(acks->sample, line.at, len);
	acks->sample[len - 1] = '\0'; /* over the LF */
}

void acks_add(struct acks *acks, const struct ack *ack)
{
	struct slice line;

	acks->n_sampled++;
	if (acks->fd < 0 && acks->sample[0])
		return;
	if (print(acks, ack, &line) == 0) {
		if (!acks->sample[0])
			take_sample(acks, line);
		if (acks->fd < 0 || put_line(acks, line))
			return;
	}
	acks->lost++;
	acks->lost_here++;
}

static ssize_t hand_over(const struct acks *acks)
{
	const char *at = acks->bytes + acks->start;
	size_t len = acks->end - acks->start;

	return acks->is_socket ? send(acks->fd, at, len, MSG_DONTWAIT | MSG_NOSIGNAL) :
				 write(acks->fd, at, len);
}

/* Lines that the reader will never see; one that it has the front of counts, too. */
static void give_back(struct acks *acks)
{
	const char *at = acks->bytes + acks->start, *end = acks->bytes + acks->end;

	while (at < end) {
		/* What a gap says was counted when it came about. */
		acks->lost += strncmp(at, GAP, strlen(GAP)) != 0;
		at = (const char *)memchr(at, '\n', (size_t)(end - at)) + 1;
	}
	acks->start = acks->end = 0;
}

void acks_flush(struct acks *acks, uint64_t now_us)
{
	ssize_t n;

	while (acks->start < acks->end) {
		n = hand_over(acks);
		if (n > 0) {
			acks->start += (size_t)n;
			acks->stuck_since_us = 0;
		} else if (n < 0 && errno == EINTR) {
			continue;
		} else if (n < 0 && (errno == EAGAIN || errno == ENOSPC || errno == EDQUOT)) {
			/* A full disk may have room again, as a full pipe. */
			if (!acks->stuck_since_us)
				acks->stuck_since_us = now_us;
			return;
		} else {
			acks->closed = n < 0 ? -errno : -EPIPE;
			give_back(acks);
			return;
		}
	}
	acks->start = acks->end = 0;
}

bool acks_waits(const struct acks *acks)
{
	return acks->start < acks->end;
}

static bool is_full(const struct acks *acks)
{
	return !acks->closed && acks->end - acks->start >= ACKS_ROOM_BYTES;
}

bool acks_has_room(const struct acks *acks, uint64_t now_us)
{
	if (LIKELY(!is_full(acks)))
		return true;
	return acks->stuck_since_us && now_us - acks->stuck_since_us >= ACKS_PATIENCE_US;
}

static enum acks_state state_of(const struct acks *acks, uint64_t now_us)
{
	if (acks->closed)
		return ACKS_CLOSED;
	if (!is_full(acks) || !acks->stuck_since_us || now_us - acks->stuck_since_us < US_PER_S)
		return ACKS_FLOWING;
	return acks_has_room(acks, now_us) ? ACKS_GIVEN_UP : ACKS_PATIENT;
}

int acks_fd(const struct acks *acks)
{
	return acks->pollable ? acks->fd : -1;
}

void acks_finish(struct acks *acks, uint64_t patience_us)
{
	struct pollfd ready = {acks->fd, POLLOUT, 0};
	uint64_t now_us = clock_mono_us();

	acks_flush(acks, now_us);
	while (acks_waits(acks) && acks->stuck_since_us &&
	       now_us - acks->stuck_since_us < patience_us) {
		poll(&ready, 1, 100);
		now_us = clock_mono_us();
		acks_flush(acks, now_us);
	}
	if (acks_waits(acks)) {
		acks->closed = -ETIMEDOUT; /* for this process it is */
		give_back(acks);
	}
}

int acks_news(struct acks *acks, uint64_t now_us, struct acks_news *ret_news)
{
	enum acks_state state = state_of(acks, now_us);
	bool changed = state != acks->told;

	*ret_news = (struct acks_news){state, acks->closed, acks->lost};
	acks->told = state;
	return changed ? 0 : 1;
}

uint64_t acks_sample(struct acks *acks, char *ret_text, size_t len)
{
	uint64_t n = acks->n_sampled;

	snprintf(ret_text, len, "%s", acks->sample);
	acks->n_sampled = 0;
	acks->sample[0] = '\0';
	return n;
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A command that prints a secret. It runs in a thread of the library, whose signals are all blocked
 * and whose process may have other children (check and demo), so: posix_spawn, which is safe
 * beside other threads, with the signals as a program expects them; a process group, which can be
 * killed as a whole; and a wait for that one child only. What it prints goes through a pipe, never
 * through a file. Its end is seen by the end of both pipes and then by its status: a child that
 * closes them and goes on is killed at the time-out too.
 */
#include "login/command.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"

#define SAID_MAX_BYTES 512

/* One end of a pipe that the child writes to. */
struct stream {
	int fd;
	char *text;
	size_t len, max;
	bool overflown;
};

static int spawn(char *const argv[], int out, int err, pid_t *ret_pid)
{
	posix_spawn_file_actions_t files;
	posix_spawnattr_t attributes;
	sigset_t all, none;
	int r;

	sigfillset(&all);
	sigemptyset(&none);
	posix_spawn_file_actions_init(&files);
	posix_spawn_file_actions_addopen(&files, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
	posix_spawn_file_actions_adddup2(&files, out, STDOUT_FILENO);
	posix_spawn_file_actions_adddup2(&files, err, STDERR_FILENO);
	/* Those of the library are not all close-on-exec. */
	posix_spawn_file_actions_addclosefrom_np(&files, STDERR_FILENO + 1);
	posix_spawnattr_init(&attributes);
	posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK |
						      POSIX_SPAWN_SETSIGDEF);
	posix_spawnattr_setsigmask(&attributes, &none);
	posix_spawnattr_setsigdefault(&attributes, &all);
	r = posix_spawn(ret_pid, argv[0], &files, &attributes, argv, environ);
	posix_spawnattr_destroy(&attributes);
	posix_spawn_file_actions_destroy(&files);
	return r;
}

/* Takes what is there; closes at the end. What is too much is read and dropped. */
static void take(struct stream *s)
{
	char more[4096];
	ssize_t n = read(s->fd, more, sizeof more);
	size_t room = s->max - s->len;

	if (n < 0 && errno == EINTR)
		return;
	if (n <= 0) {
		close(s->fd);
		s->fd = -1;
		return;
	}
	s->overflown |= (size_t)n > room;
	memcpy(s->text + s->len, more, (size_t)n < room ? (size_t)n : room);
	s->len += (size_t)n < room ? (size_t)n : room;
	s->text[s->len] = '\0';
	explicit_bzero(more, sizeof more);
}

/* Until both are at their end. False: the time is over. */
static bool read_both(struct stream streams[2], uint64_t until_us)
{
	for (;;) {
		struct pollfd fds[2] = {{streams[0].fd, POLLIN, 0}, {streams[1].fd, POLLIN, 0}};
		uint64_t now_us = clock_mono_us();

		if (streams[0].fd < 0 && streams[1].fd < 0)
			return true;
		if (now_us >= until_us)
			return false;
		if (poll(fds, 2, (int)((until_us - now_us) / US_PER_MS) + 1) < 0 && errno != EINTR)
			return false;
		for (int i = 0; i < 2; i++) {
			if (fds[i].revents)
				take(&streams[i]);
		}
	}
}

/* Its status, or -1: it runs on. Nobody else waits for this child. */
static int wait_for(pid_t pid, uint64_t until_us)
{
	struct pollfd end = {(int)syscall(SYS_pidfd_open, pid, 0), POLLIN, 0};
	uint64_t now_us = clock_mono_us();
	int status = -1;

	if (end.fd < 0)
		return -1;
	if (now_us < until_us)
		poll(&end, 1, (int)((until_us - now_us) / US_PER_MS) + 1);
	close(end.fd);
	return waitpid(pid, &status, WNOHANG) == pid ? status : -1;
}

static void judge(int status, bool overflown, const char *said, int timeout_ms, char *ret_message,
		  size_t len)
{
	int line = (int)strcspn(said, "\r\n");

	if (status < 0)
		snprintf(ret_message, len, "did not end within %d s, and was killed",
			 timeout_ms / 1000);
	else if (WIFSIGNALED(status))
		snprintf(ret_message, len, "was ended by signal %d", WTERMSIG(status));
	else if (WEXITSTATUS(status))
		snprintf(ret_message, len, "exit status %d: %.*s", WEXITSTATUS(status), line, said);
	else if (overflown)
		snprintf(ret_message, len, "printed more than %d bytes", COMMAND_MAX_BYTES);
}

static int converse(pid_t pid, struct stream streams[2], int timeout_ms, char *ret_message,
		    size_t len)
{
	uint64_t until_us = clock_mono_us() + (uint64_t)timeout_ms * US_PER_MS;
	int status = -1;

	if (read_both(streams, until_us))
		status = wait_for(pid, until_us);
	/* Also what it has left behind: nobody asked for a daemon. */
	kill(-pid, SIGKILL);
	if (status < 0) {
		kill(pid, SIGKILL);
		while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
			;
	}
	ret_message[0] = '\0';
	judge(status, streams[0].overflown, streams[1].text, timeout_ms, ret_message, len);
	return ret_message[0] ? COMMAND_E_FAILED : 0;
}

/* All of it, when there is a child or when there could be none. */
static int run(char *const argv[], struct stream streams[2], int timeout_ms, char *ret_message,
	       size_t len)
{
	int ends[2] = {-1, -1};
	pid_t pid;
	int r = 0;

	for (int i = 0; i < 2 && r == 0; i++) {
		int both[2];

		r = pipe2(both, O_CLOEXEC) ? errno : 0;
		if (r == 0)
			streams[i].fd = both[0], ends[i] = both[1];
	}
	if (r == 0)
		r = spawn(argv, ends[0], ends[1], &pid);
	for (int i = 0; i < 2; i++) {
		if (ends[i] >= 0)
			close(ends[i]);
	}
	if (r) {
		snprintf(ret_message, len, "cannot be run: %s", strerror(r));
		return COMMAND_E_FAILED;
	}
	return converse(pid, streams, timeout_ms, ret_message, len);
}

int command_run(char *const argv[], int timeout_ms, char **ret_text, char *ret_message, size_t len)
{
	struct stream streams[2] = {{.fd = -1, .max = COMMAND_MAX_BYTES},
				    {.fd = -1, .max = SAID_MAX_BYTES}};
	int r = -ENOMEM;

	streams[0].text = calloc(1, COMMAND_MAX_BYTES + 1);
	streams[1].text = calloc(1, SAID_MAX_BYTES + 1);
	if (streams[0].text && streams[1].text)
		r = run(argv, streams, timeout_ms, ret_message, len);
	for (int i = 0; i < 2; i++) {
		if (streams[i].fd >= 0)
			close(streams[i].fd);
	}
	free(streams[1].text);
	if (r) {
		if (streams[0].text)
			explicit_bzero(streams[0].text, COMMAND_MAX_BYTES);
		free(streams[0].text);
		return r;
	}
	*ret_text = streams[0].text;
	return 0;
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The demo's broker, agent and application are processes as they would be in real life, so
 * nothing of them may outlive it, however it ends. A parent-death signal does that where a handler
 * cannot (SIGKILL). It is bound to the thread that forks, which is the main thread here.
 *
 * The process groups are their own, so that ^C reaches the demo alone and it can stop them in
 * order.
 */
#include "cmd/demo/child.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

struct ends {
	int in[2];
	int out[2];
	int messages;
};

static void close_end(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

static void close_all(struct ends *ends)
{
	for (int i = 0; i < 2; i++) {
		close_end(&ends->in[i]);
		close_end(&ends->out[i]);
	}
	close_end(&ends->messages);
}

static int open_ends(struct ends *ends, const char *messages, bool piped)
{
	*ends = (struct ends){{-1, -1}, {-1, -1}, -1};
	ends->messages = open(messages, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
	if (ends->messages < 0)
		return -errno;
	if (piped && (pipe2(ends->in, O_CLOEXEC) || pipe2(ends->out, O_CLOEXEC)))
		return -errno;
	if (!piped && (ends->in[0] = open("/dev/null", O_RDONLY | O_CLOEXEC)) < 0)
		return -errno;
	return 0;
}

/* In the child: only what is safe there although the parent has threads. */
static void become(const struct ends *ends, pid_t parent, char *const argv[])
{
	sigset_t none;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != parent)
		_exit(EXIT_FAILURE);
	setpgid(0, 0);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	signal(SIGPIPE, SIG_DFL);
	if (dup2(ends->in[0], STDIN_FILENO) < 0 || dup2(ends->messages, STDERR_FILENO) < 0 ||
	    dup2(ends->out[1] >= 0 ? ends->out[1] : ends->messages, STDOUT_FILENO) < 0)
		_exit(EXIT_FAILURE);
	execv("/proc/self/exe", argv);
	_exit(127);
}

int demo_child_start(struct demo_child *child, char *const argv[], const char *messages, bool piped)
{
	struct ends ends;
	pid_t parent = getpid();
	pid_t pid;
	int r = open_ends(&ends, messages, piped);

	if (r) {
		close_all(&ends);
		return r;
	}
	pid = fork();
	if (pid == 0)
		become(&ends, parent, argv);
	r = pid < 0 ? -errno : 0;
	if (r == 0) {
		*child = (struct demo_child){.pid = pid, .in = ends.in[1], .out = ends.out[0]};
		ends.in[1] = ends.out[0] = -1;
	}
	close_all(&ends);
	return r;
}

/*
 * Up to timeout_ms until the process has ended; without pidfd_open (before Linux 5.3) it is long.
 */
static void wait_end(pid_t pid, int timeout_ms)
{
	struct pollfd end = {.fd = (int)syscall(SYS_pidfd_open, pid, 0), .events = POLLIN};

	poll(&end, 1, timeout_ms);
	if (end.fd >= 0)
		close(end.fd);
}

int demo_child_status(struct demo_child *child, int timeout_ms)
{
	int status;

	if (timeout_ms > 0)
		wait_end(child->pid, timeout_ms);
	if (waitpid(child->pid, &status, WNOHANG) != child->pid)
		return DEMO_CHILD_RUNS;
	child->pid = 0;
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

void demo_child_close_input(struct demo_child *child)
{
	close_end(&child->in);
}

int demo_child_stop(struct demo_child *child, int number, int timeout_ms)
{
	int status;

	if (!child->pid)
		return 0;
	close_end(&child->in);
	close_end(&child->out);
	if (number)
		kill(child->pid, number);
	kill(child->pid, SIGCONT);
	status = demo_child_status(child, timeout_ms);
	if (status == DEMO_CHILD_RUNS) {
		kill(child->pid, SIGKILL);
		waitpid(child->pid, &status, 0);
		child->pid = 0;
		status = 128 + SIGKILL;
	}
	return status;
}

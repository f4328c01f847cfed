/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The beginning of the demo: the temporary directory, which files are shipped, and broker, reader
 * and agent in this order. Nothing is guessed about the host: the logs of a list are tried one
 * after the other, and a host without any of them still sees the sample.
 *
 * What was made so far is taken down by clean_up() in demo.c, so each step may just return.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/clock.h"
#include "cmd/demo_private.h"

#define BROKER_START_MS 15000

/* A path in the temporary directory. */
static int in_dir(const struct demo *demo, const char *name, char path[PATH_MAX])
{
	int n = snprintf(path, PATH_MAX, "%s/%s", demo->dir, name);

	return n < 0 || n >= PATH_MAX ? -ENAMETOOLONG : 0;
}

int demo_make_dir(struct demo *demo)
{
	const char *tmp = getenv("TMPDIR");
	char base[PATH_MAX - 32], path[PATH_MAX];
	int r;

	if (!realpath(tmp && *tmp ? tmp : "/tmp", path))
		return -errno;
	if (strlen(path) >= sizeof base)
		return -ENAMETOOLONG;
	strcpy(base, path);
	snprintf(path, sizeof path, "%s/waybill-demo-XXXXXX", base);
	if (!mkdtemp(path))
		return -errno;
	strcpy(demo->dir, path);
	r = in_dir(demo, "waybill.conf", demo->conf);
	if (r == 0)
		r = in_dir(demo, "state", demo->state);
	if (r == 0)
		r = in_dir(demo, "agent.log", demo->agent_log);
	if (r == 0)
		r = in_dir(demo, "broker.log", demo->broker_log);
	return r;
}

/* A file given twice, by whatever name, is shipped once. */
static bool is_known(const struct demo *demo, const char *path)
{
	for (size_t i = 0; i < demo->n_files; i++) {
		const struct demo_file *file = &demo->files[i];
		struct stat a, b;

		if (stat(*file->origin ? file->origin : file->path, &a) == 0 &&
		    stat(path, &b) == 0 && a.st_dev == b.st_dev && a.st_ino == b.st_ino)
			return true;
	}
	return false;
}

/* 0; DEMO_FILE_E_REFUSED with the reason; negative errno. */
static int add_file(struct demo *demo, const char *name, const struct demo_kind *kind,
		    const char **ret_why)
{
	struct demo_file *file = &demo->files[demo->n_files];
	int r;

	*file = (struct demo_file){.number = demo->n_files + 1, .kind = kind};
	r = demo_file_open(file, name, demo->dir, ret_why);
	if (r)
		demo_file_deinit(file);
	else
		demo->n_files++;
	return r;
}

/* The first log of the list that can be read and holds a line. */
static int add_host_log(struct demo *demo)
{
	const char *why;

	for (const struct demo_log *log = demo_logs; log->path; log++) {
		int r = add_file(demo, log->path, log->kind, &why);

		if (r < 0)
			return r;
		if (r == 0 && demo->files[demo->n_files - 1].lines > 0)
			return 0;
		if (r == 0)
			demo_file_deinit(&demo->files[--demo->n_files]);
	}
	return 0;
}

static int add_sample(struct demo *demo)
{
	struct demo_file *file = &demo->files[demo->n_files];
	char path[PATH_MAX];
	int r = in_dir(demo, "orders.log", path);

	if (r)
		return r;
	demo->sample_fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_APPEND | O_CLOEXEC, 0600);
	if (demo->sample_fd < 0)
		return -errno;
	*file = (struct demo_file){.number = demo->n_files + 1, .kind = &demo_kind_sample};
	r = demo_file_grows(file, path);
	if (r)
		return r;
	demo->sample = file;
	demo->n_files++;
	return 0;
}

/* The exit status, after a message. */
static int complain(const char *about, int error)
{
	fprintf(stderr, "waybill: %s: %s\n", about, strerror(-error));
	return error == -ENOMEM ? EX_OSERR : EX_CANTCREAT;
}

static uint64_t n_lines(const struct demo *demo)
{
	uint64_t n = 0;

	for (size_t i = 0; i < demo->n_files; i++)
		n += demo->files[i].lines;
	return n;
}

int demo_add_files(struct demo *demo, char **names, int n)
{
	const char *why = NULL;
	int r = 0;

	for (int i = 0; i < n && r == 0; i++) {
		if (is_known(demo, names[i]))
			continue;
		r = add_file(demo, names[i], &demo_kind_plain, &why);
		if (r == DEMO_FILE_E_REFUSED) {
			fprintf(stderr, "waybill: cannot ship %s: %s\n", names[i], why);
			return EX_NOINPUT;
		}
	}
	if (r == 0 && n == 0)
		r = add_host_log(demo);
	if (r == 0 && demo->lines > 0)
		r = add_sample(demo);
	if (r)
		return complain(demo->dir, r);
	if (!demo->sample && n_lines(demo) == 0) {
		fputs("waybill: nothing to ship: there is no line that ends with LF\n", stderr);
		return EX_NOINPUT;
	}
	return 0;
}

void demo_print_plan(const struct demo *demo)
{
	FILE *to = demo->paper.to;

	demo_print_title(&demo->paper, "What is shipped");
	for (size_t i = 0; i < demo->n_files; i++) {
		const struct demo_file *file = &demo->files[i];

		fputs("  ", to);
		demo_print_path(&demo->paper, file->path);
		fprintf(to, "\n    to topic \"%s\": ", file->kind->name);
		if (file == demo->sample)
			fprintf(to, "%u lines, written while it is followed\n", demo->lines);
		else
			fprintf(to, "%" PRIu64 " lines, from the beginning\n", file->lines);
		if (*file->origin) {
			fputs("    a copy of the last 1 MiB of ", to);
			demo_print_path(&demo->paper, file->origin);
			fputc('\n', to);
		}
		if (file->cut)
			fputs("    its last line has no LF: while tailing it waits for the rest\n",
			      to);
	}
	if (demo->n_files == 1 && demo->sample)
		fputs("  (none of the usual logs of this host can be read)\n", to);
}

/* Its line "bootstrap.servers=...", cut after the "=". False when none comes in time. */
static bool read_address(struct demo *demo, char *line, size_t size)
{
	static const char name[] = "bootstrap.servers=";
	uint64_t end = clock_mono_us() + BROKER_START_MS * US_PER_MS;
	size_t len = 0;

	while (len + 1 < size && clock_mono_us() < end) {
		struct pollfd polled[] = {{demo->broker.out, POLLIN, 0},
					  {demo->signals, POLLIN, 0}};

		poll(polled, ARRAY_LEN(polled), (int)((end - clock_mono_us()) / US_PER_MS));
		if (polled[1].revents && demo_signalled(demo))
			return false;
		if (!polled[0].revents)
			continue;
		if (read(demo->broker.out, line + len, 1) != 1)
			return false;
		if (line[len++] == '\n')
			break;
	}
	if (len < sizeof name || memcmp(line, name, sizeof name - 1) != 0)
		return false;
	line[len - 1] = '\0';
	memmove(line, line + sizeof name - 1, len - (sizeof name - 1));
	return true;
}

static int start_broker(struct demo *demo, char *address, size_t size)
{
	char topics[DEMO_FILES_MAX][64];
	char *argv[DEMO_FILES_MAX + 3] = {"waybill", "broker"};
	int r;

	for (size_t i = 0, n = 2; i < demo->n_files; i++) {
		if (demo_conf_is_first(demo->files, i)) {
			snprintf(topics[i], sizeof topics[i], "%s:%d", demo->files[i].kind->name,
				 DEMO_PARTITIONS);
			argv[n++] = topics[i];
		}
	}
	r = demo_child_start(&demo->broker, argv, demo->broker_log, true);
	if (r)
		return r;
	if (read_address(demo, address, size))
		return 0;
	if (demo->signal)
		return DEMO_E_SIGNAL;
	fputs("waybill: the embedded broker does not start\n", stderr);
	return DEMO_E_FAILED;
}

static int start_reader(struct demo *demo, const char *address)
{
	const char *topics[DEMO_FILES_MAX];
	size_t n = 0;

	for (size_t i = 0; i < demo->n_files; i++) {
		if (demo_conf_is_first(demo->files, i))
			topics[n++] = demo->files[i].kind->name;
	}
	if (embedded_reader_new(address, topics, n, &demo->reader) == 0)
		return 0;
	fprintf(stderr, "waybill: the embedded broker at %s does not answer\n", address);
	return DEMO_E_FAILED;
}

static int write_conf(struct demo *demo, const char *address)
{
	FILE *file = fopen(demo->conf, "wxe");

	if (!file)
		return -errno;
	demo_conf_write(file, address, demo->files, demo->n_files);
	if (ferror(file) | fclose(file))
		return errno ? -errno : -EIO;
	return 0;
}

int demo_start(struct demo *demo)
{
	char *argv[] = {"waybill", "run", "--config", demo->conf, "--state-dir", demo->state, NULL};
	char address[128];
	int r = start_broker(demo, address, sizeof address);

	if (r == 0)
		r = start_reader(demo, address);
	if (r == 0)
		r = write_conf(demo, address);
	if (r)
		return r;
	demo_print_title(&demo->paper, "The agent's configuration");
	demo_print_file(&demo->paper, demo->conf);
	demo_print_title(&demo->paper, "What arrives in Kafka");
	return demo_child_start(&demo->agent, argv, demo->agent_log, false);
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The beginning of the demo: the temporary directory, which files are shipped, the broker and the
 * consumer. Nothing is guessed about the host: the logs of a list are tried one after the other,
 * and a host without any of them still sees the sample. To a Kafka of the user's, where others may
 * read, only files go that were named.
 *
 * The topics of a run on the user's Kafka have the random part of the temporary directory's name in
 * theirs; they are left there, for deleting is what nobody should do unasked.
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
#include "cmd/demo/demo.h"

#define BROKER_START_MS 15000
#define ANSWER_US (10 * US_PER_S) /* of Kafka */
#define SLICE_MS 200              /* how long signals are not looked at */

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
	if (r == 0)
		r = in_dir(demo, "sample.log", demo->sample_log);
	if (r == 0)
		r = in_dir(demo, "orders.log", demo->sample);
	if (demo->brokers)
		snprintf(demo->prefix, sizeof demo->prefix, "waybill-demo-%s-",
			 path + strlen(path) - 6);
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

/* The exit status, after a message. */
static int complain(const char *about, int error)
{
	fprintf(stderr, "waybill: %s: %s\n", about, strerror(-error));
	return error == -ENOMEM ? EX_OSERR : EX_CANTCREAT;
}

/* What the agent is to follow, and the topics of that. */
static void list_shipped(struct demo *demo)
{
	for (size_t i = 0; i < demo->n_files; i++)
		demo->shipped[i] = (struct demo_shipped){demo->files[i].path, demo->files[i].kind};
	demo->shipped[demo->n_files] = (struct demo_shipped){demo->sample, &demo_kind_sample};
	for (size_t i = 0; i <= demo->n_files; i++) {
		char *topic = demo->topics[demo->n_topics];

		if (!demo_conf_is_first(demo->shipped, i))
			continue;
		snprintf(topic, DEMO_TOPIC_MAX, "%s%s", demo->prefix, demo->shipped[i].kind->name);
		demo->topic_names[demo->n_topics++] = topic;
	}
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
	if (r == 0 && n == 0 && !demo->brokers)
		r = add_host_log(demo);
	if (r)
		return complain(demo->dir, r);
	demo->shown_max = n > 0 ? 10 : 3;
	list_shipped(demo);
	return 0;
}

static void print_file(const struct demo *demo, const struct demo_file *file)
{
	FILE *to = demo->paper.to;

	fputs("  ", to);
	paper_print_path(&demo->paper, file->path);
	fprintf(to, "\n    to topic \"%s%s\": %" PRIu64 " lines, from the beginning\n",
		demo->prefix, file->kind->name, file->lines);
	if (*file->origin) {
		fputs("    a copy of the last 1 MiB of ", to);
		paper_print_path(&demo->paper, file->origin);
		fputc('\n', to);
	}
	if (file->cut)
		fputs("    its last line has no LF: while tailing it waits for the rest\n", to);
}

void demo_print_plan(const struct demo *demo)
{
	FILE *to = demo->paper.to;

	demo_print_title(&demo->paper, "What is shipped");
	for (size_t i = 0; i < demo->n_files; i++)
		print_file(demo, &demo->files[i]);
	if (demo->n_files == 0 && !demo->brokers)
		fputs("  (none of the usual logs of this host can be read)\n", to);
	fputs("  ", to);
	paper_print_path(&demo->paper, demo->sample);
	fprintf(to, "\n    to topic \"%s%s\": a sample application writes it\n", demo->prefix,
		demo_kind_sample.name);
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

static int start_broker(struct demo *demo)
{
	char topics[DEMO_SHIPPED_MAX][DEMO_TOPIC_MAX + 4];
	char *argv[DEMO_SHIPPED_MAX + 3] = {"waybill", "broker"};
	int r;

	for (size_t i = 0; i < demo->n_topics; i++) {
		snprintf(topics[i], sizeof topics[i], "%s:%d", demo->topics[i], DEMO_PARTITIONS);
		argv[2 + i] = topics[i];
	}
	r = demo_child_start(&demo->broker, argv, demo->broker_log, true);
	if (r)
		return r;
	if (read_address(demo, demo->address, sizeof demo->address))
		return 0;
	if (demo->signal)
		return DEMO_E_SIGNAL;
	return demo_fail(demo, "the embedded broker does not start");
}

static int refuse(struct demo *demo, const char *problem)
{
	return demo_fail(demo, "%s at %s %s", demo->brokers ? "Kafka" : "the embedded broker",
			 demo->address, problem);
}

static int make_topics(struct demo *demo)
{
	uint64_t end = clock_mono_us() + ANSWER_US;
	const char *why = NULL;
	int r;

	do {
		r = consumer_make_topics(demo->consumer, SLICE_MS, &why);
		if (demo_signalled(demo))
			return DEMO_E_SIGNAL;
	} while (r == CONSUMER_E_NONE && clock_mono_us() < end && !demo_is_late(demo));
	if (r == CONSUMER_E_REFUSED)
		return demo_fail(demo, "Kafka at %s does not make the topics: %s", demo->address,
				 why);
	if (r == CONSUMER_E_NONE)
		return refuse(demo, "does not answer");
	demo->topics_made = r == 0;
	return r;
}

int demo_new_consumer(struct demo *demo, const char *const *topics, size_t n_topics)
{
	uint64_t end = clock_mono_us() + ANSWER_US;
	int r = consumer_new(demo->address, topics, n_topics, DEMO_PARTITIONS, &demo->consumer);

	if (r == -EINVAL)
		return refuse(demo, "is no address");
	if (r == 0 && demo->brokers && !demo->topics_made)
		r = make_topics(demo);
	if (r)
		return r;
	do {
		r = consumer_begin(demo->consumer, SLICE_MS);
		if (demo_signalled(demo))
			return DEMO_E_SIGNAL;
	} while (r == CONSUMER_E_NONE && clock_mono_us() < end && !demo_is_late(demo));
	return r == CONSUMER_E_NONE ? refuse(demo, "has no leaders for the topics") : r;
}

static int write_conf(struct demo *demo)
{
	FILE *file = fopen(demo->conf, "wxe");

	if (!file)
		return -errno;
	demo_conf_write(file, demo->address, demo->prefix, demo->shipped, demo->n_files + 1);
	if (ferror(file) | fclose(file))
		return errno ? -errno : -EIO;
	return 0;
}

int demo_start(struct demo *demo)
{
	int r = demo_tally_init(&demo->tally);

	if (r == 0 && demo->brokers)
		snprintf(demo->address, sizeof demo->address, "%s", demo->brokers);
	else if (r == 0)
		r = start_broker(demo);
	if (r == 0)
		r = demo_new_consumer(demo, demo->topic_names, demo->n_topics);
	if (r == 0)
		r = write_conf(demo);
	if (r)
		return r;
	demo_print_title(&demo->paper, "The agent's configuration");
	demo_print_file(&demo->paper, demo->conf);
	demo_print_title(&demo->paper, "What happens");
	demo->rate_at = demo->next_status = clock_mono_us() + US_PER_S;
	return 0;
}

int demo_start_agent(struct demo *demo)
{
	char *argv[] = {"waybill", "run", "--config", demo->conf, "--state-dir", demo->state, NULL};

	return demo_child_start(&demo->agent, argv, demo->agent_log, false);
}

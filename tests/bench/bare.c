/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What waybill is measured against: the library with nothing around it. The same idempotent, lz4,
 * acks=all producer with the same queue and batches, fed by one loop of rd_kafka_produceva; reports
 * are taken as events in the same thread. Chosen in favour of this loop:
 *
 *   - lines, keys and header values lie in memory before the clock starts: no read, no match;
 *   - payloads are not copied, as in waybill, and nothing is kept of a report but a count;
 *   - the library's own linger and partitioner: waybill's kicks and ledger are not in here.
 *
 * A header list is made for each record, because the library consumes it; it is handed over as a
 * list, which is cheaper than letting the library build it.
 *
 *   bare flood FILE BOOTSTRAP TOPIC [LINES]    all lines of FILE as fast as they go
 *   bare drip  RATE SECONDS BOOTSTRAP TOPIC    a line each 1/RATE s, beginning with its time in us
 *   bare write RATE SECONDS FILE               the same lines into a file, one write each
 *   bare pour  RATE SECONDS FILE               the same, 1,000 lines a write
 *   bare spread RATE ROUNDS DIRECTORY FILES    each round one such line into each
 *   bare idle  BOOTSTRAP TOPIC                 connected and quiet until standard input ends
 *
 * flood prints lines, seconds, CPU-seconds of the loop with all of the library's threads.
 */
#include <errno.h>
#include <fcntl.h>
#include <librdkafka/rdkafka.h>
#include <poll.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

/* Under callgrind only the loop counts; outside of it the two are no instructions. */
#if __has_include(<valgrind/callgrind.h>)
#include <valgrind/callgrind.h>
#else
#define CALLGRIND_START_INSTRUMENTATION (void)0
#define CALLGRIND_STOP_INSTRUMENTATION (void)0
#endif

#define HEADER_NAME "correlation-id"
#define LINE_BYTES 230

struct piece {
	const char *at;
	size_t len;
};

struct line {
	struct piece text, key, cid;
};

struct bare {
	rd_kafka_t *rk;
	rd_kafka_queue_t *queue;
	rd_kafka_topic_t *topic;
	size_t reported, failed;
};

static const char *const settings[][2] = {
	{"enable.idempotence", "true"},
	{"message.timeout.ms", "0"},
	{"compression.type", "lz4"},
	{"linger.ms", "20"},
	{"batch.size", "131072"},
	{"batch.num.messages", "10000"},
	{"queue.buffering.max.messages", "10000"},
	{"queue.buffering.max.kbytes", "4096"},
	{"socket.nagle.disable", "true"},
	{"partitioner", "murmur2_random"},
};

static void die(const char *what)
{
	fprintf(stderr, "bare: %s\n", what);
	exit(1);
}

static uint64_t now_us(clockid_t clock)
{
	struct timespec t;

	clock_gettime(clock, &t);
	return (uint64_t)t.tv_sec * 1000000 + (uint64_t)t.tv_nsec / 1000;
}

static double cpu_seconds(void)
{
	return (double)now_us(CLOCK_PROCESS_CPUTIME_ID) / 1e6;
}

static void sleep_until(uint64_t at_us)
{
	struct timespec t = {(time_t)(at_us / 1000000), (long)(at_us % 1000000) * 1000};

	while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &t, NULL) == EINTR)
		;
}

/* Connected, and its topic known: records go straight to their partitions. */
static void connect_to(struct bare *bare, const char *bootstrap, const char *topic)
{
	rd_kafka_conf_t *conf = rd_kafka_conf_new();
	const struct rd_kafka_metadata *metadata;
	char message[512];

	if (rd_kafka_conf_set(conf, "bootstrap.servers", bootstrap, message, sizeof message))
		die(message);
	for (size_t i = 0; i < sizeof settings / sizeof *settings; i++) {
		if (rd_kafka_conf_set(conf, settings[i][0], settings[i][1], message,
				      sizeof message))
			die(message);
	}
	rd_kafka_conf_set_events(conf, RD_KAFKA_EVENT_DR | RD_KAFKA_EVENT_ERROR);
	bare->rk = rd_kafka_new(RD_KAFKA_PRODUCER, conf, message, sizeof message);
	if (!bare->rk)
		die(message);
	bare->queue = rd_kafka_queue_get_main(bare->rk);
	bare->topic = rd_kafka_topic_new(bare->rk, topic, NULL);
	if (rd_kafka_metadata(bare->rk, 0, bare->topic, &metadata, 30000))
		die("no metadata");
	rd_kafka_metadata_destroy(metadata);
}

static void take_reports(struct bare *bare, int wait_ms)
{
	rd_kafka_event_t *event;

	while ((event = rd_kafka_queue_poll(bare->queue, wait_ms))) {
		const rd_kafka_message_t *messages[256];
		size_t n;

		while (rd_kafka_event_type(event) == RD_KAFKA_EVENT_DR &&
		       (n = rd_kafka_event_message_array(event, messages, 256))) {
			bare->reported += n;
			for (size_t i = 0; i < n; i++)
				bare->failed += messages[i]->err != 0;
		}
		rd_kafka_event_destroy(event);
		wait_ms = 0;
	}
}

/* False: the queue is full. */
static bool produce(struct bare *bare, const struct line *line, int flags)
{
	rd_kafka_headers_t *headers = rd_kafka_headers_new(1);
	rd_kafka_vu_t v[] = {
		{.vtype = RD_KAFKA_VTYPE_RKT, .u.rkt = bare->topic},
		{.vtype = RD_KAFKA_VTYPE_MSGFLAGS, .u.i = flags},
		{.vtype = RD_KAFKA_VTYPE_VALUE, .u.mem = {(void *)line->text.at, line->text.len}},
		{.vtype = RD_KAFKA_VTYPE_KEY, .u.mem = {(void *)line->key.at, line->key.len}},
		{.vtype = RD_KAFKA_VTYPE_OPAQUE, .u.ptr = (void *)line},
		{.vtype = RD_KAFKA_VTYPE_HEADERS, .u.headers = headers},
	};
	rd_kafka_error_t *error;

	rd_kafka_header_add(headers, HEADER_NAME, sizeof HEADER_NAME - 1, line->cid.at,
			    (ssize_t)line->cid.len);
	error = rd_kafka_produceva(bare->rk, v, sizeof v / sizeof *v);
	if (!error)
		return true;
	if (rd_kafka_error_code(error) != RD_KAFKA_RESP_ERR__QUEUE_FULL)
		die(rd_kafka_error_string(error));
	rd_kafka_error_destroy(error);
	rd_kafka_headers_destroy(headers);
	return false;
}

static struct piece word_after(const char *text, const char *end, const char *mark)
{
	const char *at = memmem(text, (size_t)(end - text), mark, strlen(mark));

	if (!at)
		die("a line without key or header");
	at += strlen(mark);
	return (struct piece){at, (size_t)((const char *)memchr(at, ' ', (size_t)(end - at)) - at)};
}

/* All lines with their keys and headers; *ret_n is also the most that is wanted. */
static struct line *load(const char *path, size_t *ret_n, size_t *ret_bytes)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	size_t n = 0, room = 1 << 16;
	struct line *lines = malloc(room * sizeof *lines);
	struct stat st;
	char *bytes, *at, *lf;

	if (fd < 0 || fstat(fd, &st) || !(bytes = malloc((size_t)st.st_size)))
		die(path);
	for (off_t got = 0; got < st.st_size;) {
		ssize_t r = read(fd, bytes + got, (size_t)(st.st_size - got));

		if (r <= 0)
			die(path);
		got += r;
	}
	close(fd);
	for (at = bytes; n < *ret_n && (lf = memchr(at, '\n', (size_t)(bytes + st.st_size - at)));
	     at = lf + 1) {
		if (n == room)
			lines = realloc(lines, (room *= 2) * sizeof *lines);
		lines[n++] = (struct line){
			.text = {at, (size_t)(lf - at)},
			.key = word_after(at, lf, " order="),
			.cid = word_after(at, lf, " cid="),
		};
	}
	*ret_n = n;
	*ret_bytes = (size_t)(at - bytes);
	return lines;
}

static int flood(const char *path, const char *bootstrap, const char *topic, size_t n)
{
	struct bare bare = {0};
	size_t bytes;
	struct line *lines = load(path, &n, &bytes);
	double cpu = cpu_seconds();
	uint64_t begin = now_us(CLOCK_MONOTONIC);

	CALLGRIND_START_INSTRUMENTATION;
	connect_to(&bare, bootstrap, topic);
	for (size_t i = 0; i < n; i++) {
		while (!produce(&bare, &lines[i], 0))
			take_reports(&bare, 100);
		if (i % 256 == 0)
			take_reports(&bare, 0);
	}
	while (bare.reported < n)
		take_reports(&bare, 100);
	CALLGRIND_STOP_INSTRUMENTATION;
	printf("{\"lines\": %zu, \"bytes\": %zu, \"failed\": %zu, \"seconds\": %f, \"cpu\": %f}\n",
	       n, bytes, bare.failed, (double)(now_us(CLOCK_MONOTONIC) - begin) / 1e6,
	       cpu_seconds() - cpu);
	return bare.failed != 0;
}

/* "TIME_US INFO order=O cid=C xxx...\n", LINE_BYTES long. */
static void stamp(char text[LINE_BYTES + 1], struct line *line, uint64_t number)
{
	int n = snprintf(text, LINE_BYTES + 1, "%016llu INFO order=o%05llu cid=c%09llx ",
			 (unsigned long long)now_us(CLOCK_REALTIME),
			 (unsigned long long)(number * 7919 % 1000), (unsigned long long)number);

	memset(text + n, 'x', (size_t)(LINE_BYTES - 1 - n));
	text[LINE_BYTES - 1] = '\n';
	*line = (struct line){
		.text = {text, LINE_BYTES - 1},
		.key = word_after(text, text + LINE_BYTES, " order="),
		.cid = word_after(text, text + LINE_BYTES, " cid="),
	};
}

/* To a producer, or with bare == NULL to a file. */
static int drip(uint64_t rate, uint64_t seconds, struct bare *bare, int fd)
{
	uint64_t begin = now_us(CLOCK_MONOTONIC);
	char text[LINE_BYTES + 1];
	struct line line;

	for (uint64_t i = 0; i < rate * seconds; i++) {
		sleep_until(begin + i * 1000000 / rate);
		stamp(text, &line, i);
		if (!bare) {
			if (write(fd, text, LINE_BYTES) != LINE_BYTES)
				die(strerror(errno));
			continue;
		}
		while (!produce(bare, &line, RD_KAFKA_MSG_F_COPY))
			take_reports(bare, 100);
		take_reports(bare, 0);
	}
	while (bare && bare->reported < rate * seconds)
		take_reports(bare, 100);
	return 0;
}

#define POURED 1000

/* All lines of a write bear its time. */
static int pour(uint64_t rate, uint64_t seconds, int fd)
{
	static char text[POURED * LINE_BYTES + 1];
	uint64_t begin = now_us(CLOCK_MONOTONIC);
	struct line line;

	for (uint64_t i = 0; i < rate * seconds; i += POURED) {
		sleep_until(begin + i * 1000000 / rate);
		for (uint64_t k = 0; k < POURED; k++)
			stamp(text + k * LINE_BYTES, &line, i + k);
		if (write(fd, text, POURED * LINE_BYTES) != POURED * LINE_BYTES)
			die(strerror(errno));
	}
	return 0;
}

/* Opened for each line: there are more files than descriptors. */
static int spread(uint64_t rate, uint64_t rounds, const char *directory, uint64_t files)
{
	uint64_t begin = now_us(CLOCK_MONOTONIC);
	char path[4096], text[LINE_BYTES + 1];
	struct line line;

	for (uint64_t i = 0; i < rounds * files; i++) {
		int fd;

		sleep_until(begin + i * 1000000 / rate);
		snprintf(path, sizeof path, "%s/%llu.log", directory,
			 (unsigned long long)(i % files));
		fd = open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0644);
		stamp(text, &line, i);
		if (write(fd, text, LINE_BYTES) != LINE_BYTES)
			die(path);
		close(fd);
	}
	return 0;
}

static int idle(const char *bootstrap, const char *topic)
{
	struct bare bare = {0};
	struct pollfd in = {.fd = 0, .events = POLLIN};

	connect_to(&bare, bootstrap, topic);
	puts("ready");
	fflush(stdout);
	while (poll(&in, 1, 1000) == 0)
		take_reports(&bare, 0);
	return 0;
}

static uint64_t number(const char *text)
{
	return strtoull(text, NULL, 10);
}

static int appended(const char *path)
{
	return open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0644);
}

int main(int argc, char **argv)
{
	struct bare bare = {0};

	if (argc >= 5 && strcmp(argv[1], "flood") == 0)
		return flood(argv[2], argv[3], argv[4], argc > 5 ? number(argv[5]) : SIZE_MAX);
	if (argc == 6 && strcmp(argv[1], "drip") == 0) {
		connect_to(&bare, argv[4], argv[5]);
		return drip(number(argv[2]), number(argv[3]), &bare, -1);
	}
	if (argc == 5 && strcmp(argv[1], "write") == 0)
		return drip(number(argv[2]), number(argv[3]), NULL, appended(argv[4]));
	if (argc == 5 && strcmp(argv[1], "pour") == 0)
		return pour(number(argv[2]), number(argv[3]), appended(argv[4]));
	if (argc == 6 && strcmp(argv[1], "spread") == 0)
		return spread(number(argv[2]), number(argv[3]), argv[4], number(argv[5]));
	if (argc == 4 && strcmp(argv[1], "idle") == 0)
		return idle(argv[2], argv[3]);
	fputs("usage: see the head of tests/bench/bare.c\n", stderr);
	return 64;
}

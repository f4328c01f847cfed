/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Writers as they are: lines of all sorts, written in pieces, files that are rotated while the last
 * line is half written and written to for a while after that. Files are opened for each write, so
 * that only the agent keeps a deleted one alive and its inode may be used again.
 */
#include "tests/support/logs.h"
#include "tests/support/must.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/support/scripted.h"

static void *more(void *items, size_t n, size_t *capacity, size_t size)
{
	if (n <= *capacity)
		return items;
	while (n > *capacity)
		*capacity = *capacity ? 2 * *capacity : 64;
	items = reallocarray(items, *capacity, size);
	MUST(items);
	return items;
}

void logs_init(struct logs *logs, const char *dir, struct random *random)
{
	*logs = (struct logs){.random = random, .mtime_ns = 1000000000000000000};
	MUST(strlen(dir) < sizeof logs->dir);
	strcpy(logs->dir, dir);
	for (int i = 0; i < LOGS_LINEAGES; i++)
		logs->rules[i] = (struct logs_rules){.max_line = 1000};
}

void logs_deinit(struct logs *logs)
{
	for (size_t i = 0; i < logs->n_files; i++) {
		struct log_file *file = logs->files[i];

		if (file->path[0])
			unlink(file->path);
		free(file->bytes);
		free(file->lines);
		free(file);
	}
	free(logs->files);
	free(logs->hints);
}

void logs_path(const struct logs *logs, int lineage, char ret_path[PATH_MAX])
{
	snprintf(ret_path, PATH_MAX, "%s/%c%d.log", logs->dir, lineage % 2 ? 'b' : 'a', lineage);
}

static void hint(struct logs *logs, enum hint_kind kind, int lineage, const char *path)
{
	logs->hints =
		more(logs->hints, logs->n_hints + 1, &logs->hints_capacity, sizeof logs->hints[0]);
	logs->hints[logs->n_hints].kind = kind;
	logs->hints[logs->n_hints].lineage = lineage;
	strcpy(logs->hints[logs->n_hints++].path, path);
}

struct log_file *logs_current(const struct logs *logs, int lineage)
{
	char path[PATH_MAX];

	logs_path(logs, lineage, path);
	for (size_t i = logs->n_files; i-- > 0;)
		if (strcmp(logs->files[i]->path, path) == 0)
			return logs->files[i];
	return NULL;
}

struct log_file *logs_by_inode(const struct logs *logs, uint64_t device, uint64_t inode)
{
	for (size_t i = logs->n_files; i-- > 0;)
		if (logs->files[i]->identity.inode == inode &&
		    logs->files[i]->identity.device == device)
			return logs->files[i];
	return NULL;
}

/* The order of the last writings, told as the file system would with a finer clock. */
static void set_mtime(struct logs *logs, int fd)
{
	struct timespec times[2] = {{.tv_nsec = UTIME_OMIT}};

	logs->mtime_ns += 1000;
	times[1].tv_sec = logs->mtime_ns / 1000000000;
	times[1].tv_nsec = logs->mtime_ns % 1000000000;
	MUST(futimens(fd, times) == 0);
}

struct log_file *logs_create(struct logs *logs, int lineage)
{
	struct log_file *file = calloc(1, sizeof *file);
	int fd;

	MUST(file);
	logs_path(logs, lineage, file->path);
	fd = open(file->path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
	MUST(fd >= 0 && identity_of(fd, &file->identity) == 0);
	set_mtime(logs, fd);
	close(fd);
	file->lineage = lineage;
	file->generation = logs->generations[lineage]++;
	file->born_us = file->written_us = logs->now_us;
	logs->files = more(logs->files, logs->n_files + 1, &logs->capacity, sizeof file);
	logs->files[logs->n_files++] = file;
	hint(logs, HINT_FOUND, lineage, file->path);
	return file;
}

/* ---- what the lines are ---- */

static bool take_word(const char **at, const char *end, char first, uint32_t *ret_at,
		      uint32_t *ret_len, const char *text)
{
	const char *start = *at, *digits;

	if (start == end || *start != first)
		return false;
	for (digits = start + 1; digits < end && *digits >= '0' && *digits <= '9'; digits++)
		;
	if (digits == start + 1 || digits == end || *digits != ' ')
		return false;
	*ret_at = (uint32_t)(start - text);
	*ret_len = (uint32_t)(digits - start);
	*at = digits + 1;
	return true;
}

/* Whether the text has number, topic and key. */
static bool match(const char *text, size_t len, struct log_line *line)
{
	const char *at = text, *end = text + len;
	uint32_t number_at, number_len, topic_at, topic_len;

	if (!take_word(&at, end, 'L', &number_at, &number_len, text) ||
	    !take_word(&at, end, 't', &topic_at, &topic_len, text) ||
	    !take_word(&at, end, 'k', &line->key_at, &line->key_len, text))
		return false;
	line->topic = (uint32_t)(text[topic_at + 1] - '0');
	return true;
}

static struct log_line *add_line(struct logs *logs, struct log_file *file, size_t len,
				 size_t extent, bool truncated)
{
	const char *text = file->bytes + file->next;
	struct log_line line = {
		.start = file->next,
		.end = file->next + extent,
		.rest_end = file->next + extent,
		.text_len = (uint32_t)len,
		.truncated = truncated,
		.terminated = extent > len,
	};

	if (!match(text, len, &line)) {
		line.key_len = 0;
		line.kind = logs->rules[file->lineage].skip ? LINE_FILTERED : LINE_PLAIN;
	}
	if (line.kind == LINE_PLAIN && len) {
		if (memmem(text, len, SCRIPTED_POISON, strlen(SCRIPTED_POISON)))
			line.kind = LINE_POISON;
		if (memmem(text, len, SCRIPTED_HUGE, strlen(SCRIPTED_HUGE)))
			line.kind = LINE_HUGE;
	}
	file->lines = more(file->lines, file->n_lines + 1, &file->lines_capacity, sizeof line);
	file->lines[file->n_lines] = line;
	file->next += extent;
	return &file->lines[file->n_lines++];
}

/* The rest of an over-long line, as far as it is written. False: the line ended before. */
static bool take_rest(struct log_file *file)
{
	struct log_line *last = file->n_lines ? &file->lines[file->n_lines - 1] : NULL;
	const char *lf;

	if (!last || !last->truncated || last->terminated)
		return false;
	lf = memchr(file->bytes + file->next, '\n', file->len - file->next);
	file->next = lf ? (size_t)(lf - file->bytes) + 1 : file->len;
	last->rest_end = file->next;
	last->terminated = lf != NULL;
	return true;
}

/* Cuts what was written into lines, as far as it is clear what they are. */
static void cut(struct logs *logs, struct log_file *file)
{
	size_t max_line = logs->rules[file->lineage].max_line;

	while (file->next < file->len) {
		const char *start = file->bytes + file->next;
		size_t waiting = file->len - file->next;
		const char *lf = memchr(start, '\n', waiting);
		size_t len = lf ? (size_t)(lf - start) : waiting;

		if (take_rest(file))
			continue;
		/* The CR of a CR LF is no text; a CR at the end may become one. */
		if (len && start[len - 1] == '\r' && (lf || len == max_line + 1))
			len--;
		if (len > max_line)
			add_line(logs, file, max_line, max_line, true);
		else if (lf)
			add_line(logs, file, len, (size_t)(lf - start) + 1, false);
		else
			return;
	}
}

struct log_line *logs_end(struct logs *logs, struct log_file *file)
{
	size_t len = file->len - file->next;

	file->ended = true;
	if (!len)
		return NULL;
	if (len > logs->rules[file->lineage].max_line) {
		add_line(logs, file, len - 1, len - 1, true);
		take_rest(file);
		return &file->lines[file->n_lines - 1];
	}
	return add_line(logs, file, len, len, false);
}

/* ---- writing ---- */

void logs_append(struct logs *logs, struct log_file *file, const char *bytes, size_t len)
{
	int fd = open(file->path, O_WRONLY | O_APPEND | O_CLOEXEC);

	MUST(fd >= 0 && write(fd, bytes, len) == (ssize_t)len);
	set_mtime(logs, fd);
	close(fd);
	file->bytes = more(file->bytes, file->len + len, &file->capacity, 1);
	memcpy(file->bytes + file->len, bytes, len);
	file->len += len;
	file->written_us = logs->now_us;
	cut(logs, file);
	hint(logs, HINT_CHANGED, -1, file->path);
}

static size_t filler(struct logs *logs, char *at, size_t len)
{
	for (size_t i = 0; i < len; i++)
		at[i] = (char)('a' + random_below(logs->random, 26));
	return len;
}

/* One line of any sort, with its end; returns its length. */
static size_t make_line(struct logs *logs, size_t max_line, char *text)
{
	struct random *random = logs->random;
	uint32_t sort = (uint32_t)random_below(random, 100);
	size_t len = 0;

	if (sort < 90)
		len = (size_t)sprintf(text, "L%u t%zu k%zu %s", logs->next_number++,
				      random_below(random, LOGS_TOPICS), random_below(random, 5),
				      sort < 4 ? SCRIPTED_POISON :
				      sort < 6 ? SCRIPTED_HUGE :
						 "");
	else if (sort < 95)
		text[len++] = '#';
	if (sort == 89)
		len += filler(logs, text + len, max_line - len + random_below(random, 4));
	else if (sort == 88)
		len += filler(logs, text + len, max_line + random_below(random, 9000));
	else if (sort < 97)
		len += filler(logs, text + len, random_below(random, 30));
	if (random_percent(random, 10))
		text[len++] = '\r';
	text[len++] = '\n';
	return len;
}

void logs_write(struct logs *logs, struct log_file *file, uint32_t lines)
{
	size_t max_line = logs->rules[file->lineage].max_line;
	char *text = malloc(lines * (max_line + 10000));
	size_t len = 0, last = 0;

	MUST(text);
	for (uint32_t i = 0; i < lines; i++) {
		last = len;
		len += make_line(logs, max_line, text + len);
	}
	if (random_percent(logs->random, 30))
		len = last + random_below(logs->random, (uint32_t)(len - last));
	if (len)
		logs_append(logs, file, text, len);
	free(text);
}

void logs_complete(struct logs *logs, struct log_file *file)
{
	if (file->len && file->bytes[file->len - 1] != '\n')
		logs_append(logs, file, "\n", 1);
}

static void move(struct logs *logs, struct log_file *file, const char *to)
{
	char from[PATH_MAX];

	strcpy(from, file->path);
	MUST(rename(from, to) == 0);
	strcpy(file->path, to);
	hint(logs, HINT_LEFT, -1, from);
	hint(logs, HINT_MOVED, -1, to);
}

void logs_rotate(struct logs *logs, int lineage)
{
	char path[PATH_MAX - 16], to[PATH_MAX];
	int newest = logs->generations[lineage];

	logs_path(logs, lineage, to);
	strcpy(path, to);
	for (size_t i = 0; i < logs->n_files; i++) {
		struct log_file *file = logs->files[i];

		if (file->lineage != lineage || !file->path[0])
			continue;
		snprintf(to, sizeof to, "%s.%d", path, newest - file->generation);
		move(logs, file, to);
	}
}

void logs_unlink(struct logs *logs, struct log_file *file)
{
	MUST(unlink(file->path) == 0);
	hint(logs, HINT_LEFT, -1, file->path);
	file->path[0] = '\0';
}

void logs_scan(struct logs *logs)
{
	for (int i = 0; i < LOGS_LINEAGES; i++) {
		struct log_file *file = logs_current(logs, i);

		if (file)
			hint(logs, HINT_FOUND, i, file->path);
	}
}

struct log_line *logs_line_at(const struct log_file *file, uint64_t position)
{
	size_t low = 0, high = file->n_lines;

	while (low < high) {
		size_t middle = (low + high) / 2;

		if (file->lines[middle].start < position)
			low = middle + 1;
		else
			high = middle;
	}
	return low < file->n_lines && file->lines[low].start == position ? &file->lines[low] : NULL;
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The other end of control/. What an agent of another version says is passed on as far as it can be
 * read: a line of a kind that is not known is no error.
 */
#include "cmd/ask.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/json.h"
#include "cmd/cmd.h"
#include "conf/conf.h"
#include "protocol/address.h"

/* Longer than an agent is ever busy with something else. */
#define PATIENCE_S 40

/* The state of an instance is below that of waybill.service, wherever its configuration puts it. */
#define INSTANCE_STATE "/var/lib/waybill"

/* Where waybill@.service has its configuration and state. False: it can be no such name. */
static bool find_instance(struct ask_place *place, char config[PATH_MAX])
{
	if (!*place->instance || strchr(place->instance, '/') || place->instance[0] == '.' ||
	    strlen(place->instance) > NAME_MAX) {
		fprintf(stderr, "waybill: \"%s\" is the name of no instance\n", place->instance);
		return false;
	}
	snprintf(config, PATH_MAX, "/etc/waybill/%s/waybill.conf", place->instance);
	snprintf(place->dir, sizeof place->dir, INSTANCE_STATE "/%s", place->instance);
	return true;
}

static int failed(const struct ask_place *place, const char *what, const char *why)
{
	if (!place->quiet)
		fprintf(stderr, "waybill: %s: %s%s\n", place->path, what, why);
	return ASK_E_FAILED;
}

static int connect_to(const struct ask_place *place, int *ret_fd)
{
	const struct timeval patience = {.tv_sec = PATIENCE_S};
	struct address address;
	int fd, r = address_init(place->path, &address);

	if (r)
		return r == -ENOENT ? ASK_E_NOBODY : failed(place, "", strerror(-r));
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience) < 0 ||
	    setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience) < 0 ||
	    connect(fd, (const struct sockaddr *)&address.name, sizeof address.name) < 0)
		r = -errno;
	address_deinit(&address);
	if (!r) {
		*ret_fd = fd;
		return 0;
	}
	if (fd >= 0)
		close(fd);
	if (r == -ENOENT || r == -ECONNREFUSED)
		return ASK_E_NOBODY;
	return failed(
		place, strerror(-r),
		r == -EACCES ? ": you are neither its owner nor in its group (control_group)" : "");
}

/*
 * Where the configuration cannot be read: the place where an agent of that state listens if nothing
 * else is said. False: nobody answers there.
 */
static bool find_without_conf(struct ask_place *place)
{
	bool quiet = place->quiet;
	int fd, r;

	if (place->state_dir || !place->instance)
		snprintf(place->dir, sizeof place->dir, "%s",
			 place->state_dir ? place->state_dir : INSTANCE_STATE);
	if (address_path(NULL, place->dir, place->path))
		return false;
	place->quiet = true;
	r = connect_to(place, &fd);
	place->quiet = quiet;
	if (r)
		return false;
	close(fd);
	fprintf(stderr, "waybill: %s: the agent there is asked, which goes on with what it has\n",
		place->path);
	return true;
}

int ask_find(struct ask_place *place)
{
	static const struct conf_surroundings without_secrets = {.no_secrets = true};
	const char *config = place->config ? place->config : DEFAULT_CONFIG;
	char of_instance[PATH_MAX];
	struct conf *conf;
	int status;

	if (place->socket) {
		snprintf(place->path, sizeof place->path, "%s", place->socket);
		return 0;
	}
	if (place->instance && !find_instance(place, of_instance))
		return EX_USAGE;
	if (place->instance)
		config = of_instance;
	snprintf(place->conf, sizeof place->conf, "%s", config);
	status = cmd_load_conf(&without_secrets, config, stderr, &conf);
	if (status)
		return find_without_conf(place) ? 0 : status;
	if (place->state_dir || !place->instance)
		snprintf(place->dir, sizeof place->dir, "%s",
			 place->state_dir ? place->state_dir : conf->state_dir);
	status = address_path(conf->control_socket, place->dir, place->path) ? EX_CONFIG : 0;
	if (status)
		fprintf(stderr, "waybill: state_dir %s is too long a path\n", place->dir);
	conf_unref(conf);
	return status;
}

/* Also from 0 to 0, which are none: without numbers all would be meant. */
static bool names_letters(const struct request *request)
{
	return request->kind == REQUEST_LETTERS || request->kind == REQUEST_REPLAY ||
	       request->kind == REQUEST_DROP;
}

/* The question is in the arena. 0 or -ENOMEM. */
static int write_question(const struct request *request, struct arena *arena,
			  struct slice *ret_question)
{
	struct json json = {.arena = arena};

	json_put_text(&json, "{\"version\":");
	json_put_integer(&json, CONTROL_VERSION);
	json_put_text(&json, ",\"request\":");
	json_put_string(&json, slice_of(request_name(request)));
	json_put_text(&json, ",\"about\":");
	json_put_string(&json, slice_of(request->about));
	json_put_text(&json, ",\"path\":");
	json_put_string(&json, slice_of(request->path));
	json_put_text(&json, ",\"position\":");
	json_put_integer(&json, request->position);
	if (request->inode) {
		json_put_text(&json, ",\"device\":");
		json_put_integer(&json, (int64_t)request->device);
		json_put_text(&json, ",\"inode\":");
		json_put_integer(&json, (int64_t)request->inode);
	}
	if (names_letters(request)) {
		json_put_text(&json, ",\"first\":");
		json_put_integer(&json, (int64_t)request->first);
		json_put_text(&json, ",\"last\":");
		json_put_integer(&json, (int64_t)request->last);
	}
	if (request->number) {
		json_put_text(&json, ",\"number\":");
		json_put_integer(&json, (int64_t)request->number);
	}
	if (request->limit) {
		json_put_text(&json, ",\"limit\":");
		json_put_integer(&json, (int64_t)request->limit);
		json_put_text(&json, ",\"sort\":");
		json_put_string(&json, slice_of(request_sorts[request->sort]));
	}
	if (*request->match) {
		json_put_text(&json, ",\"match\":");
		json_put_string(&json, slice_of(request->match));
	}
	if (request->topics)
		json_put_text(&json, ",\"topics\":true");
	if (request->content)
		json_put_text(&json, ",\"content\":true");
	json_put_text(&json, request->open_metrics ? ",\"open_metrics\":true}\n" : "}\n");
	return json_finish(&json, ret_question);
}

static int say_question(int fd, const struct ask_place *place, const struct request *request)
{
	struct arena arena = ARENA_NULL;
	struct slice question;
	int r = write_question(request, &arena, &question);

	/* Who was turned away hears why. */
	if (!r && send(fd, question.at, question.len, MSG_NOSIGNAL) != (ssize_t)question.len &&
	    errno != EPIPE)
		r = errno ? -errno : -EIO;
	arena_deinit(&arena);
	return r ? failed(place, "", strerror(-r)) : 0;
}

/* *ret_end: it was the last one. */
static int see_line(const struct ask_place *place, struct slice line, ask_see *see, void *context,
		    bool *ret_end)
{
	char message[128];
	struct object *object;
	const char *kind;
	int r;

	if (object_read(line, &object, message, sizeof message))
		return failed(place, "the answer cannot be read: ", message);
	kind = object_text(object, "kind");
	*ret_end = kind && strcmp(kind, "end") == 0;
	if (kind && strcmp(kind, "error") == 0)
		r = failed(place, "", object_text(object, "message") ?: "it refuses to answer");
	else
		r = see(context, line, object);
	object_free(object);
	return r;
}

static int hear_answer(FILE *from, const struct ask_place *place, ask_see *see, void *context)
{
	char *line = NULL;
	size_t room = 0;
	bool end = false;
	int r = 0;

	while (!r && !end) {
		ssize_t n = getline(&line, &room, from);

		if (n <= 0)
			r = failed(place, "the answer has no end: ",
				   ferror(from) ? strerror(errno) : "the agent is gone");
		else
			r = see_line(place, (struct slice){line, (size_t)n - (line[n - 1] == '\n')},
				     see, context, &end);
	}
	free(line);
	return r;
}

void ask_for_inode(struct request *request, const char *path)
{
	struct stat st;

	if (stat(path, &st) < 0 || !S_ISREG(st.st_mode))
		return;
	request->device = st.st_dev;
	request->inode = st.st_ino;
}

bool ask_about(struct request *request, const char *word)
{
	char real[PATH_MAX];

	if (!word)
		return true;
	if (!*word) {
		fputs("waybill: that name is empty\n", stderr);
		return false;
	}
	if (snprintf(request->about, sizeof request->about, "%s", word) >= PATH_MAX) {
		fputs("waybill: that name is too long\n", stderr);
		return false;
	}
	if (realpath(word, real))
		memcpy(request->path, real, sizeof real);
	ask_for_inode(request, word);
	return true;
}

/* What a connection is read by. */
struct hearing {
	const struct ask_place *place;
	int fd;
};

static ssize_t hear(void *cookie, char *to, size_t len)
{
	const struct hearing *hearing = cookie;
	const struct ask_place *place = hearing->place;

	if (place->wait && !place->wait(place->context, hearing->fd)) {
		errno = ECANCELED;
		return -1;
	}
	return recv(hearing->fd, to, len, 0);
}

int ask(const struct ask_place *place, const struct request *request, ask_see *see, void *context)
{
	struct hearing hearing = {place, -1};
	int fd = -1, r = connect_to(place, &fd);
	FILE *from;

	if (r)
		return r;
	hearing.fd = fd;
	from = fopencookie(&hearing, "r", (cookie_io_functions_t){.read = hear});
	if (!from) {
		close(fd);
		return failed(place, "", strerror(ENOMEM));
	}
	r = say_question(fd, place, request);
	if (!r)
		r = hear_answer(from, place, see, context);
	fclose(from);
	close(fd);
	return r;
}

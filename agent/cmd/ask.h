/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CMD_ASK_H
#define CMD_ASK_H

#include <limits.h>
#include <stdbool.h>

#include "base/object.h"
#include "protocol/request.h"

/* Asking a running agent by its control socket. */

/* Where a command is told to look; the first ones as its options say, or NULL. */
struct ask_place {
	const char *config, *instance, *state_dir, *socket;
	bool quiet; /* ask has no message for ASK_E_FAILED: there is a screen */
	/* Waits until the agent says more; false: nobody wants to know. NULL: unwatched. */
	bool (*wait)(void *context, int fd);
	void *context;
	/* filled by ask_find: */
	char path[PATH_MAX]; /* of the socket */
	char conf[PATH_MAX]; /* the configuration; "" as `dir` */
	char dir[PATH_MAX];  /* of the state; "": not known, as only a socket was named */
};

/* These options of a command, whose struct has a member `place`. */
#define ASK_OPTIONS(type)                                                                    \
	{"config", "FILE", offsetof(type, place.config), .help = "default " DEFAULT_CONFIG}, \
		{"instance", "NAME", offsetof(type, place.instance), .alternative = true,    \
		 .help = "the agent of the service waybill@NAME"},                           \
		{"state-dir", "DIR", offsetof(type, place.state_dir),                        \
		 .help = "that of the agent, if it was given one"},                          \
	{                                                                                    \
		"socket", "PATH", offsetof(type, place.socket),                              \
			.help = "the control socket; no configuration is read"               \
	}

/*
 * Finds socket and state; loads the configuration, without its secrets, if a socket was not named.
 * One that cannot be read is told, and is no matter if an agent answers where it does by default.
 * 0; otherwise the exit status, after a message.
 */
int ask_find(struct ask_place *place) MUSTCHECK;

/*
 * The request is about this name; NULL: about all. False: it is empty (which would be all, too) or
 * too long, after a message. Also its real path and its inode, if it is that of a file.
 */
bool ask_about(struct request *request, const char *word) MUSTCHECK;

/* It is about the file that is there, by whatever name, if one is. */
void ask_for_inode(struct request *request, const char *path);

/*
 * Sees one line of the answer, without its LF; other than 0 ends it. `object` is it, read, and
 * stays the caller's.
 */
typedef int ask_see(void *context, struct slice line, const struct object *object);

enum {
	ASK_E_NOBODY = 1, /* no agent answers there */
	ASK_E_FAILED,     /* after a message on stderr */
};

/*
 * Asks and sees all of the answer up to its line of kind "end". 0, the E codes, or what `see`
 * returned.
 */
int ask(const struct ask_place *place, const struct request *request, ask_see *see, void *context)
	MUSTCHECK;

#endif

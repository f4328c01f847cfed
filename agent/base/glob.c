/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Path patterns as a list of components for each alternative, instead of glob(3): the walk must
 * know which directory could ever hold a match, and an inotify event must be judged by its last
 * name alone, against one component, without looking at the directory again.
 *
 * Braces are expanded first, as text, so {a,b/c} may hold slashes; the rest of the module never
 * sees one. "**" over components is matched like "*" over bytes: on a miss only the last "**" takes
 * one directory more. That is exact: an earlier one that ends earlier never hurts, not even with
 * the rule on leading dots, since a component either wants a dot in front or refuses it.
 */
#include "base/glob.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/glob_name.h"

#define GLOB_ALTERNATIVES_MAX 1000

struct component {
	enum glob_kind kind;
	char *text;  /* as written; what glob_component gives for names */
	char *plain; /* GLOB_LITERAL: without backslashes */
};

struct alternative {
	struct component *components;
	size_t n;
};

struct glob {
	struct alternative *alternatives;
	size_t n;
};

struct exclude {
	struct glob *glob;
	bool by_name; /* had no slash: component 0 of each alternative against the last name */
};

/* Where a refusal puts its words. */
struct message {
	char *text;
	size_t len;
};

static int refuse(const struct message *message, const char *what, const char *pattern)
{
	if (message->len > 0)
		snprintf(message->text, message->len, "%s in \"%.200s\"", what, pattern);
	return GLOB_E_INVALID;
}

/* ---- a whole path ---- */

static bool match_component(const struct component *component, const char *name, size_t len)
{
	if (component->kind == GLOB_LITERAL)
		return strncmp(component->plain, name, len) == 0 && !component->plain[len];
	return glob_name_match(component->text, name, len);
}

static bool match_path(const struct alternative *alternative, const char *path)
{
	const struct component *c = alternative->components, *end = c + alternative->n;
	const struct component *deep = NULL;
	const char *deep_at = NULL;

	for (;;) {
		size_t len;

		while (*path == '/')
			path++;
		len = strcspn(path, "/");
		if (c < end && c->kind == GLOB_DEEP) {
			deep = ++c;
			deep_at = path;
		} else if (c == end && len == 0) {
			return true;
		} else if (c < end && len > 0 && match_component(c, path, len)) {
			c++;
			path += len;
		} else if (deep && *deep_at && *deep_at != '.') {
			/* "**" takes one directory more. */
			deep_at += strcspn(deep_at, "/");
			deep_at += strspn(deep_at, "/");
			c = deep;
			path = deep_at;
		} else {
			return false;
		}
	}
}

bool glob_match(const struct glob *glob, const char *path)
{
	if (path[0] != '/')
		return false;
	for (size_t i = 0; i < glob->n; i++)
		if (match_path(&glob->alternatives[i], path))
			return true;
	return false;
}

/* ---- compiling ---- */

static bool has_meta(const char *text)
{
	for (; *text; text++) {
		if (*text == '\\' && text[1])
			text++;
		else if (strchr("*?[", *text))
			return true;
	}
	return false;
}

/* The text without its backslashes; malloc'ed. */
static char *unescape(const char *text)
{
	char *plain = malloc(strlen(text) + 1), *to = plain;

	if (!plain)
		return NULL;
	while (*text) {
		if (*text == '\\' && text[1])
			text++;
		*to++ = *text++;
	}
	*to = '\0';
	return plain;
}

static int add_component(struct alternative *alternative, const char *text, size_t len)
{
	struct component *grown, *c;

	grown = reallocarray(alternative->components, alternative->n + 1, sizeof *grown);
	if (!grown)
		return -ENOMEM;
	alternative->components = grown;
	c = &grown[alternative->n++];
	*c = (struct component){.kind = GLOB_NAME, .text = strndup(text, len)};
	if (!c->text)
		return -ENOMEM;
	if (strcmp(c->text, "**") == 0) {
		c->kind = GLOB_DEEP;
	} else if (!has_meta(c->text)) {
		c->kind = GLOB_LITERAL;
		c->plain = unescape(c->text);
		if (!c->plain)
			return -ENOMEM;
	}
	return 0;
}

static bool is_deep(const char *text, size_t len)
{
	return len == 2 && memcmp(text, "**", 2) == 0;
}

/* One text without braces, "/a/b*", as an alternative of the glob. */
static int add_alternative(struct glob *glob, const char *text, const struct message *message)
{
	struct alternative *grown, *alternative;
	bool deep = false;
	int r = 0;

	if (text[0] != '/')
		return refuse(message, "not an absolute path", text);
	if (strlen(text) >= PATH_MAX)
		return refuse(message, "longer than any path", text);
	if (text[strlen(text) - 1] == '/')
		return refuse(message, "no file name at the end", text);
	grown = reallocarray(glob->alternatives, glob->n + 1, sizeof *grown);
	if (!grown)
		return -ENOMEM;
	glob->alternatives = grown;
	alternative = &grown[glob->n++];
	*alternative = (struct alternative){0};
	for (const char *at = text; *at && r == 0;) {
		size_t len;

		at += strspn(at, "/");
		len = strcspn(at, "/");
		if (len == 2 && memcmp(at, "..", 2) == 0)
			return refuse(message, "\"..\" is not followed", text);
		/* "**" twice is "**"; "." is nothing. */
		if (!(len == 1 && *at == '.') && !(deep && is_deep(at, len))) {
			r = add_component(alternative, at, len);
			deep = is_deep(at, len);
		}
		at += len;
	}
	/* "/a/" followed by "**" wants every file below: the last component always names a file. */
	if (r == 0 && deep)
		r = add_component(alternative, "*", 1);
	if (r == 0 && alternative->n == 0)
		return refuse(message, "no file name at the end", text);
	return r;
}

/* Checks brackets and braces of the whole pattern once, before anything is expanded. */
static int check_balance(const char *text, const struct message *message)
{
	size_t depth = 0;

	for (const char *p = text; *p; p++) {
		if (*p == '\\' && !p[1])
			return refuse(message, "backslash at the end", text);
		if (*p == '\\') {
			p++;
		} else if (*p == '[') {
			p = glob_bracket_end(p);
			if (!p)
				return refuse(message,
					      "\"[\" without \"]\" (one itself is written \"[[]\")",
					      text);
			p--;
		} else if (*p == '{') {
			depth++;
		} else if (*p == '}' && depth-- == 0) {
			return refuse(message, "\"}\" without \"{\"", text);
		}
	}
	return depth > 0 ? refuse(message, "\"{\" without \"}\"", text) : 0;
}

/* The first of the characters in stop at depth 0 from p on, or the end. Balanced text only. */
static const char *find_outside(const char *p, const char *stop)
{
	size_t depth = 0;

	for (; *p; p++) {
		if (depth == 0 && strchr(stop, *p))
			return p;
		if (*p == '\\')
			p++;
		else if (*p == '[')
			p = glob_bracket_end(p) - 1;
		else if (*p == '{')
			depth++;
		else if (*p == '}')
			depth--;
	}
	return p;
}

/*
 * Expands the first brace of text and goes on with each result; depth of recursion is the number of
 * braces, at most PATH_MAX / 2, and each level either adds an alternative or a level.
 */
static int expand(struct glob *glob, const char *text, const struct message *message)
{
	const char *open = find_outside(text, "{"), *from, *close;
	int r = 0;

	if (!*open) {
		if (glob->n >= GLOB_ALTERNATIVES_MAX)
			return refuse(message, "more than 1,000 alternatives", text);
		return add_alternative(glob, text, message);
	}
	close = find_outside(open + 1, "}");
	for (from = open + 1; r == 0 && from <= close;) {
		const char *to = find_outside(from, ",}");
		char *one;

		if (asprintf(&one, "%.*s%.*s%s", (int)(open - text), text, (int)(to - from), from,
			     close + 1) < 0)
			return -ENOMEM;
		r = expand(glob, one, message);
		free(one);
		from = to + 1;
	}
	return r;
}

int glob_compile(const char *text, struct glob **ret_glob, char *ret_message, size_t len)
{
	struct message message = {ret_message, len};
	struct glob *glob;
	int r;

	if (strlen(text) >= PATH_MAX)
		return refuse(&message, "longer than any path", text);
	r = check_balance(text, &message);
	if (r)
		return r;
	glob = calloc(1, sizeof *glob);
	if (!glob)
		return -ENOMEM;
	r = expand(glob, text, &message);
	if (r)
		glob_free(glob);
	else
		*ret_glob = glob;
	return r;
}

struct glob *glob_free(struct glob *glob)
{
	if (!glob)
		return NULL;
	for (size_t i = 0; i < glob->n; i++) {
		struct alternative *alternative = &glob->alternatives[i];

		for (size_t k = 0; k < alternative->n; k++) {
			free(alternative->components[k].text);
			free(alternative->components[k].plain);
		}
		free(alternative->components);
	}
	free(glob->alternatives);
	free(glob);
	return NULL;
}

size_t glob_n_alternatives(const struct glob *glob)
{
	return glob->n;
}

size_t glob_n_components(const struct glob *glob, size_t alternative)
{
	return glob->alternatives[alternative].n;
}

enum glob_kind glob_component(const struct glob *glob, size_t alternative, size_t component,
			      const char **ret_text)
{
	const struct component *c = &glob->alternatives[alternative].components[component];

	*ret_text = c->kind == GLOB_LITERAL ? c->plain : c->text;
	return c->kind;
}

bool glob_component_match(const struct glob *glob, size_t alternative, size_t component,
			  const char *name)
{
	return match_component(&glob->alternatives[alternative].components[component], name,
			       strlen(name));
}

/* ---- excludes ---- */

int exclude_compile(const char *text, struct exclude **ret_exclude, char *ret_message, size_t len)
{
	bool by_name = !strchr(text, '/');
	const char *root = by_name ? "/" : "/**/";
	struct exclude *exclude = calloc(1, sizeof *exclude);
	char *path = NULL;
	int r = -ENOMEM;

	/* "old/x.log" is meant at any depth. */
	if (text[0] == '/')
		root = "";
	if (exclude && asprintf(&path, "%s%s", root, text) < 0)
		path = NULL;
	if (path)
		r = glob_compile(path, &exclude->glob, ret_message, len);
	free(path);
	if (r) {
		exclude_free(exclude);
		return r;
	}
	exclude->by_name = by_name;
	*ret_exclude = exclude;
	return 0;
}

struct exclude *exclude_free(struct exclude *exclude)
{
	if (!exclude)
		return NULL;
	glob_free(exclude->glob);
	free(exclude);
	return NULL;
}

bool exclude_match(const struct exclude *exclude, const char *path)
{
	const char *slash = strrchr(path, '/');
	const char *name = slash ? slash + 1 : path;

	if (!exclude->by_name)
		return glob_match(exclude->glob, path);
	for (size_t i = 0; i < exclude->glob->n; i++)
		if (glob_component_match(exclude->glob, i, 0, name))
			return true;
	return false;
}

bool exclude_match_directory(const struct exclude *exclude, const char *path)
{
	return !exclude->by_name && glob_match(exclude->glob, path);
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A template becomes a short list of parts. Whatever is known when it is compiled (text, host,
 * source, environment) is folded into text parts, neighbours joined, so what is left to do for a
 * record is what differs from record to record:
 *
 * "${host.name}/${file.name}:${cid:-none}"   →   [ "web1/" ] [ file.name ] [ ":" ] [ cid | "none"
 *                                              ]
 *
 * Nearly every template in use is a constant or a lone field; both are answered with a slice and
 * no copy. Only the rest costs arena bytes: parts are looked up first, then copied once into a
 * run of exactly the right length.
 *
 * All text of one template lies in one buffer, and parts know it by place and length, so that the
 * buffer can grow while it is compiled. Rejected: nested templates and functions such as upper();
 * this is not the place for a second language.
 */
#include "parsers/template.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "parsers/names.h"

/* A record's parts are looked up on the stack: 64 slices are 1 KiB. */
#define PARTS_MAX 64

/* Longest name quoted in a message, and names looked at for "did you mean", the parser's first. */
#define QUOTE_MAX 64
#define GUESS_FIELDS_MAX 64
#define GUESS_MAX 96

enum part_kind { PART_TEXT, PART_FIELD, PART_FACT };

struct part {
	enum part_kind kind;
	bool has_default; /* PART_FIELD: from and len are its default */
	uint32_t field;   /* PART_FIELD: index in the facts' fields */
	size_t from, len; /* in the template's bytes; PART_FACT: its format, len without a NUL */
	const struct fact *fact;
};

struct template
{
	char *bytes; /* never NULL once compiled */
	size_t len, capacity;
	size_t n_parts;
	struct part parts[PARTS_MAX];
};

static int append(struct template *template, const char *text, size_t len)
{
	if (template->capacity - template->len < len) {
		size_t capacity = 2 * (template->len + len);
		char *bytes = realloc(template->bytes, capacity);

		if (!bytes)
			return -ENOMEM;
		template->bytes = bytes;
		template->capacity = capacity;
	}
	if (len > 0)
		memcpy(template->bytes + template->len, text, len);
	template->len += len;
	return 0;
}

static int refuse(struct template_error *ret_error, size_t at, const char *message)
{
	ret_error->at = at;
	snprintf(ret_error->message, sizeof ret_error->message, "%s", message);
	return TEMPLATE_E_SYNTAX;
}

static int add_part(struct template *template, struct part part, size_t at,
		    struct template_error *ret_error)
{
	if (template->n_parts == PARTS_MAX)
		return refuse(ret_error, at, "more than 64 parts");
	template->parts[template->n_parts++] = part;
	return 0;
}

/* Constant text joins the text before it. */
static int add_text(struct template *template, const char *text, size_t len, size_t at,
		    struct template_error *ret_error)
{
	size_t from = template->len;
	struct part *last = template->n_parts ? &template->parts[template->n_parts - 1] : NULL;
	int r;

	if (len == 0)
		return 0;
	r = append(template, text, len);
	if (r != 0)
		return r;
	if (last && last->kind == PART_TEXT) {
		last->len += len;
		return 0;
	}
	return add_part(template, (struct part){PART_TEXT, .from = from, .len = len}, at,
			ret_error);
}

/* What stands between "${" and "}". */
struct reference {
	size_t at; /* byte of the template */
	struct slice name;
	struct slice fallback; /* SLICE_NONE when there is no ":-" */
};

static int add_field(struct template *template, const struct reference *ref, uint32_t index,
		     struct template_error *ret_error)
{
	struct part part = {PART_FIELD, .field = index, .from = template->len};

	if (ref->fallback.at) {
		int r = append(template, ref->fallback.at, ref->fallback.len);

		if (r != 0)
			return r;
		part.has_default = true;
		part.len = ref->fallback.len;
	}
	return add_part(template, part, ref->at, ret_error);
}

static int unknown_name(const struct reference *ref, const struct template_scope *scope,
			struct template_error *ret_error)
{
	const char *names[GUESS_MAX];
	size_t n_facts, n = 0;
	const struct fact *facts = facts_all(&n_facts);
	char name[QUOTE_MAX + 1];
	const char *near;

	for (size_t i = 0; i < scope->n_fields && n < GUESS_FIELDS_MAX; i++)
		names[n++] = scope->fields[i];
	for (size_t i = 0; i < n_facts && n < GUESS_MAX; i++)
		names[n++] = facts[i].name;
	snprintf(name, sizeof name, "%.*s", (int)ref->name.len, ref->name.at);
	near = facts_by_other_name(name);
	if (!near)
		near = names_nearest(name, names, n);
	ret_error->at = ref->at;
	if (near)
		snprintf(ret_error->message, sizeof ret_error->message,
			 "no field \"%s\" (did you mean \"%.64s\"?)", name, near);
	else
		snprintf(ret_error->message, sizeof ret_error->message, "no field \"%s\"%s", name,
			 scope->n_fields ? "" : ": the source has no parser with named groups");
	return TEMPLATE_E_UNKNOWN;
}

/* ref names "env:NAME". */
static int add_env(struct template *template, const struct reference *ref,
		   const struct template_scope *scope, struct template_error *ret_error)
{
	struct slice name = {ref->name.at + 4, ref->name.len - 4};
	const char *value;
	char *copy;

	if (name.len == 0)
		return refuse(ret_error, ref->at, "\"${env:\" without a name");
	copy = strndup(name.at, name.len);
	if (!copy)
		return -ENOMEM;
	value = scope->env ? scope->env(copy) : NULL;
	free(copy);
	if (value)
		return add_text(template, value, strlen(value), ref->at, ret_error);
	if (ref->fallback.at)
		return add_text(template, ref->fallback.at, ref->fallback.len, ref->at, ret_error);
	ret_error->at = ref->at;
	snprintf(ret_error->message, sizeof ret_error->message,
		 "environment variable \"%.*s\" is not set and has no default",
		 name.len > QUOTE_MAX ? QUOTE_MAX : (int)name.len, name.at);
	return TEMPLATE_E_UNKNOWN;
}

static int add_fact(struct template *template, const struct reference *ref, const struct fact *fact,
		    const struct template_scope *scope, struct template_error *ret_error)
{
	const char *text;

	if (fact->kind == FACT_ENV)
		return add_env(template, ref, scope, ret_error);
	if (fact->kind != FACT_CONSTANT)
		return add_part(template, (struct part){PART_FACT, .fact = fact}, ref->at,
				ret_error);
	text = fact_constant(fact, scope);
	return add_text(template, text, strlen(text), ref->at, ret_error);
}

/* A field that has no number yet, or the one that is its place. */
static int add_numbered(struct template *template, const struct reference *ref, struct slice name,
			uint32_t place, const struct template_scope *scope,
			struct template_error *ret_error)
{
	int r = scope->number ? scope->number(scope->context, name, &place) : 0;

	if (r == TEMPLATE_E_FULL) {
		ret_error->at = ref->at;
		snprintf(ret_error->message, sizeof ret_error->message,
			 "more than 64 fields are used");
		return TEMPLATE_E_UNKNOWN;
	}
	return r ? r : add_field(template, ref, place, ret_error);
}

/* "event.time:%F": NULL when the name is no time with a format. */
static const struct fact *time_of(struct slice name, struct slice *ret_format)
{
	const char *colon = memchr(name.at, ':', name.len);
	const struct fact *fact;

	if (!colon)
		return NULL;
	fact = fact_named((struct slice){name.at, (size_t)(colon - name.at)});
	*ret_format = (struct slice){colon + 1, name.len - (size_t)(colon + 1 - name.at)};
	return fact && fact->kind == FACT_TIME ? fact : NULL;
}

static int add_time(struct template *template, const struct reference *ref, const struct fact *fact,
		    struct slice format, struct template_error *ret_error)
{
	struct part part = {PART_FACT, .from = template->len, .len = format.len, .fact = fact};
	int r = append(template, format.at, format.len);

	if (r == 0)
		r = append(template, "", 1);
	if (r == 0 && !fact_time_format_valid(template->bytes + part.from))
		return refuse(
			ret_error, ref->at,
			"no format of a time: write directives of strftime, epoch_s or epoch_ms");
	return r ? r : add_part(template, part, ref->at, ret_error);
}

static int add_reference(struct template *template, const struct reference *ref,
			 const struct template_scope *scope, struct template_error *ret_error)
{
	const struct fact *fact = fact_named(ref->name);
	struct slice name = ref->name, format = SLICE_NONE;
	const struct fact *time = time_of(name, &format);

	if (name.len == 0)
		return refuse(ret_error, ref->at, "\"${\" without a name");
	if (name.at[0] == '.' && name.len > 1)
		name = (struct slice){name.at + 1, name.len - 1};
	for (size_t i = 0; i < scope->n_fields; i++) {
		if (slice_eq(name, slice_of(scope->fields[i])))
			return add_numbered(template, ref, name, (uint32_t)i, scope, ret_error);
	}
	if (time)
		return add_time(template, ref, time, format, ret_error);
	if (fact)
		return add_fact(template, ref, fact, scope, ret_error);
	if (scope->may_have && scope->may_have(scope->context, name))
		return add_numbered(template, ref, name, 0, scope, ret_error);
	return unknown_name(ref, scope, ret_error);
}

/* at points at "${". 0, or TEMPLATE_E_SYNTAX when it is not closed. */
static int read_reference(const char *text, const char *at, struct reference *ret_ref,
			  struct template_error *ret_error)
{
	const char *start = at + 2;
	const char *end = strchr(start, '}');
	const char *mark;

	if (!end)
		return refuse(ret_error, (size_t)(at - text), "\"${\" is not closed by \"}\"");
	*ret_ref = (struct reference){.at = (size_t)(at - text)};
	mark = memmem(start, (size_t)(end - start), ":-", 2);
	ret_ref->name = (struct slice){start, (size_t)((mark ? mark : end) - start)};
	if (mark)
		ret_ref->fallback = (struct slice){mark + 2, (size_t)(end - mark - 2)};
	return 0;
}

static int compile_parts(struct template *template, const char *text,
			 const struct template_scope *scope, struct template_error *ret_error)
{
	const char *at = text;

	while (*at) {
		size_t plain = strcspn(at, "$");
		struct reference ref;
		int r;

		if (plain > 0) {
			r = add_text(template, at, plain, (size_t)(at - text), ret_error);
			at += plain;
		} else if (at[1] == '{') {
			r = read_reference(text, at, &ref, ret_error);
			if (r == 0)
				r = add_reference(template, &ref, scope, ret_error);
			if (r == 0)
				at = strchr(at, '}') + 1;
		} else {
			r = add_text(template, "$", 1, (size_t)(at - text), ret_error);
			at += at[1] == '$' ? 2 : 1;
		}
		if (r != 0)
			return r;
	}
	return 0;
}

int template_compile(const char *text, const struct template_scope *scope,
		     struct template **ret_template, struct template_error *ret_error)
{
	struct template *template = calloc(1, sizeof *template);
	int r;

	if (!template)
		return -ENOMEM;
	template->capacity = strlen(text) + 1;
	template->bytes = malloc(template->capacity);
	r = template->bytes ? compile_parts(template, text, scope, ret_error) : -ENOMEM;
	if (r != 0) {
		template_free(template);
		return r;
	}
	*ret_template = template;
	return 0;
}

struct template *template_free(struct template *template)
{
	if (template) {
		free(template->bytes);
		free(template);
	}
	return NULL;
}

bool template_is_constant(const struct template *template)
{
	return template->n_parts == 0 ||
	       (template->n_parts == 1 && template->parts[0].kind == PART_TEXT);
}

struct slice template_text(const struct template *template)
{
	if (!template_is_constant(template))
		return SLICE_NONE;
	return (struct slice){template->bytes, template->len};
}

bool template_holds_time(const struct template *template)
{
	for (size_t i = 0; i < template->n_parts; i++) {
		const struct part *part = &template->parts[i];

		if (part->kind == PART_FACT && part->fact->kind == FACT_TIME && !part->len)
			return true;
	}
	return false;
}

bool template_holds_line(const struct template *template)
{
	const size_t line = offsetof(struct template_facts, line);

	for (size_t i = 0; i < template->n_parts; i++) {
		const struct part *part = &template->parts[i];

		if (part->kind == PART_FACT && part->fact->from == line)
			return true;
	}
	return false;
}

uint64_t template_fields(const struct template *template)
{
	uint64_t fields = 0;

	for (size_t i = 0; i < template->n_parts; i++) {
		if (template->parts[i].kind == PART_FIELD)
			fields |= (uint64_t)1 << template->parts[i].field;
	}
	return fields;
}

bool template_may_be_missing(const struct template *template)
{
	for (size_t i = 0; i < template->n_parts; i++) {
		if (template->parts[i].kind == PART_FIELD && !template->parts[i].has_default)
			return true;
	}
	return false;
}

/* 0, TEMPLATE_E_MISSING, -ENOMEM. */
static int look_up(const struct template *template, const struct part *part,
		   const struct template_facts *facts, struct arena *arena, struct slice *ret_text)
{
	struct slice text = {template->bytes + part->from, part->len};
	int r = 0;

	if (part->kind == PART_FACT && part->len)
		r = fact_time(part->fact, facts, text.at, arena, &text);
	else if (part->kind == PART_FACT)
		r = fact_text(part->fact, facts, arena, &text);
	else if (part->kind == PART_FIELD && facts->fields && facts->fields[part->field].at)
		text = facts->fields[part->field];
	else if (part->kind == PART_FIELD && !part->has_default)
		text = SLICE_NONE;
	if (r)
		return r;
	if (!text.at)
		return TEMPLATE_E_MISSING;
	*ret_text = text;
	return 0;
}

/* Several parts: into the arena. */
static int render_joined(const struct template *template, const struct template_facts *facts,
			 struct arena *arena, struct slice *ret_text)
{
	struct slice found[PARTS_MAX];
	size_t len = 0;
	char *at;

	for (size_t i = 0; i < template->n_parts; i++) {
		int r = look_up(template, &template->parts[i], facts, arena, &found[i]);

		if (r)
			return r;
		len += found[i].len;
	}
	at = arena_alloc(arena, len);
	if (!at)
		return -ENOMEM;
	*ret_text = (struct slice){at, len};
	for (size_t i = 0; i < template->n_parts; i++)
		at = mempcpy(at, found[i].at, found[i].len);
	return 0;
}

int template_render(const struct template *template, const struct template_facts *facts,
		    struct arena *arena, struct slice *ret_text)
{
	const struct part *lone = &template->parts[0];

	/* Keys and headers are a lone field nearly always, and it is nearly always there. */
	if (LIKELY(template->n_parts == 1 && lone->kind == PART_FIELD && facts->fields)) {
		struct slice text = facts->fields[lone->field];

		if (LIKELY(text.at)) {
			*ret_text = text;
			return 0;
		}
	}
	if (template->n_parts == 0) {
		*ret_text = (struct slice){template->bytes, 0};
		return 0;
	}
	if (template->n_parts > 1)
		return render_joined(template, facts, arena, ret_text);
	return look_up(template, lone, facts, arena, ret_text);
}

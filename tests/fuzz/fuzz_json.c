/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Any bytes as the members of a JSON value: what comes out is an object with these members, each
 * string valid UTF-8 (by iconv, which is not ours), and where nothing was replaced it is read back
 * as the bytes that went in. The first byte of the input chooses types and policies; the rest is
 * cut into members at each 0xfe.
 */
#include <iconv.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "route/value.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define MEMBERS 4
#define SEPARATOR 0xfe

static const char *const FIELDS[MEMBERS] = {"a", "b\"", "c", "d"};

static void need(bool good)
{
	if (!good)
		abort();
}

static void need_utf8(struct slice text)
{
	iconv_t to = iconv_open("UTF-32LE", "UTF-8");
	char *in = (char *)text.at, *out = malloc(4 * text.len + 4), *at = out;
	size_t left = text.len, room = 4 * text.len + 4;

	need(to != (iconv_t)-1);
	need(iconv(to, &in, &left, &at, &room) != (size_t)-1);
	iconv_close(to);
	free(out);
}

static const char *skip(const char *at, const char *end, const char *word)
{
	size_t len = strlen(word);

	need((size_t)(end - at) >= len && memcmp(at, word, len) == 0);
	return at + len;
}

static unsigned hex(const char *at)
{
	char text[3] = {at[0], at[1], 0}, *end;
	unsigned long value = strtoul(text, &end, 16);

	need(end == text + 2);
	return (unsigned)value;
}

/* Behind the string at `at`; its bytes go to *ret_text (malloc'ed). */
static const char *read_string(const char *at, const char *end, struct slice *ret_text)
{
	char *out = malloc((size_t)(end - at)), *to = out;
	static const char letters[] = "btnfr\"\\", bytes[] = "\b\t\n\f\r\"\\";

	at = skip(at, end, "\"");
	for (; at < end && *at != '"'; at++) {
		need((unsigned char)*at >= 0x20);
		if (*at != '\\') {
			*to++ = *at;
			continue;
		}
		at++;
		need(at < end);
		if (*at == 'u') {
			need(end - at > 5 && at[1] == '0' && at[2] == '0');
			*to++ = (char)hex(at + 3);
			at += 4;
		} else {
			need(*at && strchr(letters, *at));
			*to++ = bytes[strchr(letters, *at) - letters];
		}
	}
	*ret_text = (struct slice){out, (size_t)(to - out)};
	need_utf8(*ret_text);
	return skip(at, end, "\"");
}

static const char *read_value(const char *at, const char *end, enum value_type type,
			      struct slice field, bool exact)
{
	struct slice text;

	need(at < end);
	if (*at == 'n')
		return skip(at, end, "null");
	if (*at == '"') {
		need(type == VALUE_STRING);
		at = read_string(at, end, &text);
		need(!exact || slice_eq(text, field));
		free((char *)text.at);
		return at;
	}
	if (type == VALUE_BOOL)
		return skip(at, end, *at == 't' ? "true" : "false");
	need(type == VALUE_NUMBER && json_number_valid(field));
	need((size_t)(end - at) > field.len && memcmp(at, field.at, field.len) == 0);
	return at + field.len;
}

static void read_object(struct slice json, const struct value_field *members,
			const struct slice *fields, bool exact)
{
	const char *at = json.at, *end = json.at + json.len, *separator = "{";

	need(json.len >= 2 && end[-1] == '}');
	if (json.len == 2)
		separator = "{}";
	for (size_t i = 0; i < MEMBERS && end - at > 2; i++) {
		struct slice name;

		if (members[i].omitted && !fields[i].at)
			continue;
		if (members[i].omitted) {
			/* Left out when it is not of its type: the next name tells. */
			const char *probe = read_string(skip(at, end, separator), end, &name);
			bool here = slice_eq(name, slice_of(members[i].name));

			free((char *)name.at);
			(void)probe;
			if (!here)
				continue;
		}
		at = read_string(skip(at, end, separator), end, &name);
		need(slice_eq(name, slice_of(members[i].name)));
		free((char *)name.at);
		at = read_value(skip(at, end, ":"), end, members[i].type, fields[i], exact);
		separator = ",";
		if (*at == '}')
			break;
	}
	at = skip(at, end, *separator == '{' ? "{}" : "}");
	need(at == end);
}

/* Cuts the bytes into members; one that is not there did not take part. */
static void cut(struct slice bytes, struct slice *fields)
{
	for (size_t i = 0; i < MEMBERS; i++) {
		const char *end = memchr(bytes.at, SEPARATOR, bytes.len);
		size_t len = end ? (size_t)(end - bytes.at) : bytes.len;

		fields[i] = (struct slice){bytes.at, len};
		if (!end) {
			for (i++; i < MEMBERS; i++)
				fields[i] = SLICE_NONE;
			return;
		}
		bytes = (struct slice){end + 1, bytes.len - len - 1};
	}
}

static void compile(uint8_t choice, struct value_fields *fields)
{
	static const enum value_type types[] = {VALUE_STRING, VALUE_NUMBER, VALUE_BOOL};
	struct template_scope scope = {FIELDS, MEMBERS, "host", "source", NULL};
	static const char *const texts[MEMBERS] = {"${a}", "${b\"}", "${c}", "${d}"};
	struct template_error error;

	for (size_t i = 0; i < MEMBERS; i++) {
		struct value_field *field = &fields->of[fields->n++];

		field->name = strdup(FIELDS[i]);
		field->type = types[(choice >> i) % 3];
		field->omitted = choice >> (4 + i) & 1;
		need(template_compile(texts[i], &scope, &field->template, &error) == 0);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct value_fields fields = {0}, kept;
	struct value_json *json = NULL;
	struct value_outcome outcome;
	struct arena arena = ARENA_NULL;
	struct slice captured[MEMBERS], value;
	struct template_facts facts = {captured, SLICE_NONE, slice_of("/p"), slice_of("p"), 1};
	size_t bad;

	if (size < 1)
		return 0;
	facts.line = (struct slice){(const char *)data + 1, size - 1};
	cut(facts.line, captured);
	compile(data[0], &fields);
	kept = fields;
	need(value_json_new(&fields, &json, &bad) == 0);
	need(value_json_render(json, &facts, &arena, &value, &outcome) == 0);
	read_object(value, kept.of, captured, !outcome.repaired);
	arena_deinit(&arena);
	value_json_free(json);
	return 0;
}

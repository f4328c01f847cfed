/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Any text as a template: it is refused with a place within it, or it renders the same twice, to
 * readable bytes, and is missing only when a field without default is. The first byte of the
 * input says which fields took part.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "parsers/template.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char *const FIELDS[] = {"a", "cid", "line", "order_id"};

static const char *fuzz_env(const char *name)
{
	return name[0] < 'Q' ? "value" : NULL;
}

static void try_render(const struct template *template, uint8_t taking_part)
{
	struct slice fields[4], first = SLICE_NONE, second = SLICE_NONE;
	struct template_facts facts = {fields, slice_of("l"), slice_of("/p/n"), slice_of("n"), 7};
	struct arena arena = ARENA_NULL;
	int r;

	for (size_t i = 0; i < 4; i++)
		fields[i] = taking_part >> i & 1 ? slice_of(FIELDS[i]) : SLICE_NONE;
	r = template_render(template, &facts, &arena, &first);
	if (r != template_render(template, &facts, &arena, &second))
		abort();
	if (r == 0 && !slice_eq(first, second))
		abort();
	if (r != 0 && (template_is_constant(template) || (taking_part & 15) == 15))
		abort();
	if (r == 0 && template_is_constant(template) && !slice_eq(first, template_text(template)))
		abort();
	/* Only what holds the line depends on it. */
	facts.line = slice_of("another");
	if (r == 0 && !template_holds_line(template) &&
	    (template_render(template, &facts, &arena, &second) != 0 || !slice_eq(first, second)))
		abort();
	arena_deinit(&arena);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct template_scope scope = {FIELDS, 4, "host", "source", fuzz_env};
	struct template *template = NULL;
	struct template_error error;
	char *text;
	int r;

	if (size < 1)
		return 0;
	text = strndup((const char *)data + 1, size - 1);
	r = template_compile(text, &scope, &template, &error);
	if (r == 0)
		try_render(template, data[0]);
	else if (error.at >= strlen(text) || !memchr(error.message, '\0', sizeof error.message))
		abort();
	template_free(template);
	free(text);
	return 0;
}

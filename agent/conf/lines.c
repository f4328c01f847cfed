/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How the lines of a source end, and how they are encoded. Where the end is no LF, events of
 * several lines and compressed files are refused: what looks for line ends there looks for LF.
 */
#include <errno.h>
#include <string.h>
#include <strings.h>

#include "conf/build.h"
#include "settings/units.h"

static void build_end(struct source_build *s)
{
	const struct conf_value *value = &s->values.of[CONF_LINE_END];
	struct line_rules *rules = &s->source->rules;

	if (!value->text)
		return;
	rules->end_len = (uint8_t)units_bytes(value->text, rules->end, sizeof rules->end);
	rules->nuls = rules->end_len && !*rules->end;
	if (!rules->end_len)
		conf_problem(s->build->problems, value->node->place,
			     "%sline_end: must be 1 to %d bytes, such as \"\\\\r\", \"\\\\0\" or "
			     "\"\\\\x1e\"",
			     s->label, LINES_END_MAX);
	/* As everybody has it: with its CR. */
	if (rules->end_len == 1 && *rules->end == '\n')
		rules->end_len = 0;
}

/* UTF-16: an LF of two bytes, and lines of whole pairs. */
static void widen(struct source_build *s, enum charset_order order)
{
	struct line_rules *rules = &s->source->rules, *big = &s->source->big_rules;

	rules->wide = rules->nuls = true;
	rules->end_len = 2;
	rules->max_line &= ~(size_t)1;
	memcpy(rules->end, "\n", 2);
	*big = *rules;
	memcpy(big->end, "\0\n", 2);
	if (order == CHARSET_BIG)
		*rules = *big;
	s->source->by_mark = order == CHARSET_MARKED;
}

/* UTF-8 is not looked at: bytes that are none arrive as they are. 0 or -ENOMEM. */
static int build_encoding(struct source_build *s)
{
	const struct conf_value *value = &s->values.of[CONF_ENCODING];
	enum charset_order order;
	int r;

	if (!value->node || !value->text || strcasecmp(value->text, "UTF-8") == 0 ||
	    strcasecmp(value->text, "UTF8") == 0)
		return 0;
	r = charset_new(value->text, &s->source->charset);
	order = charset_order(s->source->charset);
	if (r == CHARSET_E_UNKNOWN)
		conf_problem(s->build->problems, value->node->place,
			     "%sencoding: \"%.64s\" is not known (`iconv -l` lists what is)",
			     s->label, value->text);
	else if (r == CHARSET_E_WIDE)
		conf_problem(s->build->problems, value->node->place,
			     "%sencoding: \"%.64s\" has characters of several bytes, or not those "
			     "of ASCII: such files have to be converted (UTF-16 has not)",
			     s->label, value->text);
	else if (order && s->values.of[CONF_LINE_END].text)
		conf_problem(s->build->problems, s->values.of[CONF_LINE_END].node->place,
			     "%sline_end: lines of UTF-16 end in an LF of two bytes", s->label);
	else if (order)
		widen(s, order);
	return r < 0 ? r : 0;
}

/* What is written of a setting that has no place beside another end than LF. */
static void refuse(struct source_build *s, const char *what)
{
	conf_problem(s->build->problems, s->group->place,
		     "%s%s: needs lines that end in LF, and neither line_end nor UTF-16", s->label,
		     what);
}

int conf_build_lines(struct source_build *s)
{
	int r;

	build_end(s);
	r = build_encoding(s);
	if (r || !s->source->rules.end_len)
		return r;
	if (s->source->join)
		refuse(s, "multiline (or the parser cri or docker)");
	if (s->source->compressed)
		refuse(s, "compressed");
	return 0;
}

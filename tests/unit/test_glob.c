/* SPDX-License-Identifier: Apache-2.0 */
/*
 * glob and exclude, by tables: what matches, what is refused, and the components a walk sees.
 */
#include "base/glob.h"

#include <criterion/criterion.h>
#include <criterion/parameterized.h>
#include <string.h>

static struct glob *compiled(const char *text)
{
	struct glob *glob = NULL;
	char message[300] = "";

	cr_assert_eq(glob_compile(text, &glob, message, sizeof message), 0, "%s: %s", text,
		     message);
	return glob;
}

struct match_case {
	char pattern[80];
	char path[80];
	bool match;
};

ParameterizedTestParameters(glob, match)
{
	static struct match_case cases[] = {
		/* names */
		{"/var/log/syslog", "/var/log/syslog", true},
		{"/var/log/syslog", "/var/log/syslog.1", false},
		{"/var/log/syslog", "/var/log/syslo", false},
		{"/var/log/syslog", "/var/log", false},
		{"/var/log/*.log", "/var/log/a.log", true},
		{"/var/log/*.log", "/var/log/.log", false},
		{"/var/log/*.log", "/var/log/sub/a.log", false},
		{"/var/log/*.log", "/var/log/a.log.1", false},
		{"/var/log/.*.log", "/var/log/.a.log", true},
		{"/var/log/?.log", "/var/log/a.log", true},
		{"/var/log/?.log", "/var/log/ab.log", false},
		{"/var/log/?log", "/var/log/.log", false},
		{"/a/*a*a*a*a*a*a*b", "/a/aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
		 false},
		{"/a/*ab*", "/a/xaab", true},
		{"/a/**b", "/a/xb", true},
		{"/a/*", "/a", false},
		{"/*/x", "/a/x", true},
		{"/a/*.log", "/a/\xff\xfe.log", true},
		/* brackets */
		{"/a/[abc]", "/a/b", true},
		{"/a/[a-c]x", "/a/bx", true},
		{"/a/[a-c]x", "/a/dx", false},
		{"/a/[!a-c]x", "/a/dx", true},
		{"/a/[^a-c]x", "/a/bx", false},
		{"/a/[]x]", "/a/]", true},
		{"/a/[!]x]", "/a/]", false},
		{"/a/[a-]", "/a/-", true},
		{"/a/[.]x", "/a/.x", false},
		{"/a/x[[:digit:]_]", "/a/x7", true},
		{"/a/x[[:digit:]_]", "/a/x_", true},
		{"/a/x[[:digit:]_]", "/a/xd", false},
		{"/a/x[\\]]", "/a/x]", true},
		{"/a/[{]", "/a/{", true},
		/* escapes */
		{"/a/\\*", "/a/*", true},
		{"/a/\\*", "/a/b", false},
		{"/a/x\\?*", "/a/x?y", true},
		{"/a/\\{b,c\\}", "/a/{b,c}", true},
		/* braces */
		{"/a/{b,c}.log", "/a/b.log", true},
		{"/a/{b,c}.log", "/a/c.log", true},
		{"/a/{b,c}.log", "/a/d.log", false},
		{"/a/x{,.1}", "/a/x", true},
		{"/a/x{,.1}", "/a/x.1", true},
		{"/{a,b/c}/x", "/b/c/x", true},
		{"/{a,b{1,2}}/{x,y}", "/b2/y", true},
		{"/{a,b{1,2}}/{x,y}", "/b/y", false},
		{"{/a,/b}/x", "/b/x", true},
		{"/a/{*.log,*.txt}", "/a/n.txt", true},
		{"/a/{b}", "/a/b", true},
		{"/a/{b,[,}]}", "/a/}", true},
		/* any depth */
		{"/a/**/x", "/a/x", true},
		{"/a/**/x", "/a/b/x", true},
		{"/a/**/x", "/a/b/c/d/x", true},
		{"/a/**/x", "/a/b/.c/x", false},
		{"/a/**/x", "/a/b/y", false},
		{"/a/**", "/a/b/c", true},
		{"/a/**", "/a", false},
		{"/a/**", "/a/.b", false},
		{"/a/**/**/x", "/a/x", true},
		{"/**/b/**/x", "/a/b/b/c/x", true},
		{"/**/b/*/x", "/b/b/b/c/x", true},
		{"/**/.git/**/y", "/a/.git/b/y", true},
		{"/**/.git/**/y", "/a/.git/.git/y", false},
		{"/a/**/b.log", "/a/b.log/b.log", true},
		{"/**", "/x", true},
		/* spelling of paths */
		{"/a//b/./c", "/a/b/c", true},
		{"/a/b", "a/b", false},
	};

	return cr_make_param_array(struct match_case, cases, ARRAY_LEN(cases));
}

ParameterizedTest(struct match_case *c, glob, match)
{
	struct glob *glob = compiled(c->pattern);

	cr_expect_eq(glob_match(glob, c->path), c->match, "%s against %s", c->pattern, c->path);
	glob_free(glob);
}

struct refused_case {
	char pattern[64];
	char word[32];
};

ParameterizedTestParameters(glob, refused)
{
	static struct refused_case cases[] = {
		{"", "absolute"},
		{"var/log/x", "absolute"},
		{"/a/{b,c}/{d", "\"{\" without"},
		{"/a/b}", "\"}\" without"},
		{"/a/[b", "\"[\" without"},
		{"/a/[b/c]", "\"[\" without"},
		{"/a/b\\", "backslash"},
		{"/a/b/", "no file name"},
		{"/", "no file name"},
		{"/.", "no file name"},
		{"/a/../b", "\"..\""},
		{"/{a,b/..}/x", "\"..\""},
		{"{/a,b}/x", "absolute"},
		{"/{1,2,3,4}{1,2,3,4}{1,2,3,4}{1,2,3,4}{1,2,3,4}", "1,000"},
	};

	return cr_make_param_array(struct refused_case, cases, ARRAY_LEN(cases));
}

ParameterizedTest(struct refused_case *c, glob, refused)
{
	struct glob *glob = NULL;
	char message[300] = "";

	cr_expect_eq(glob_compile(c->pattern, &glob, message, sizeof message), GLOB_E_INVALID, "%s",
		     c->pattern);
	cr_expect_null(glob);
	cr_expect_not_null(strstr(message, c->word), "%s: %s", c->pattern, message);
	glob_free(glob);
	/* Without room for words it is refused all the same. */
	cr_expect_eq(glob_compile(c->pattern, &glob, NULL, 0), GLOB_E_INVALID);
}

Test(glob, longer_than_any_path_is_refused)
{
	char text[5000], message[300];
	struct glob *glob;

	memset(text, 'a', sizeof text);
	text[0] = '/';
	text[sizeof text - 1] = '\0';
	cr_expect_eq(glob_compile(text, &glob, message, sizeof message), GLOB_E_INVALID);
	/* Braces within braces, as deep as the length allows. */
	memset(text, '{', 2000);
	memset(text + 2000, '}', 2000);
	text[0] = '/';
	text[3999] = '\0';
	cr_expect_eq(glob_compile(text, &glob, message, sizeof message), GLOB_E_INVALID);
}

Test(glob, components_as_a_walk_sees_them)
{
	struct glob *glob = compiled("/var/{log,lib\\*}/**/**/app-*.[0-9]");
	const char *text;

	cr_assert_eq(glob_n_alternatives(glob), 2);
	cr_assert_eq(glob_n_components(glob, 1), 4);
	cr_expect_eq(glob_component(glob, 1, 0, &text), GLOB_LITERAL);
	cr_expect_str_eq(text, "var");
	cr_expect_eq(glob_component(glob, 1, 1, &text), GLOB_LITERAL);
	cr_expect_str_eq(text, "lib*");
	cr_expect_eq(glob_component(glob, 1, 2, &text), GLOB_DEEP);
	cr_expect_eq(glob_component(glob, 1, 3, &text), GLOB_NAME);
	cr_expect(glob_component_match(glob, 1, 3, "app-x.7"));
	cr_expect_not(glob_component_match(glob, 1, 3, "app-x.log"));
	cr_expect(glob_component_match(glob, 1, 1, "lib*"));
	cr_expect_not(glob_component_match(glob, 0, 1, "lo"));
	glob_free(glob);
	/* The last component always names a file. */
	glob = compiled("/a/**/.");
	cr_assert_eq(glob_n_components(glob, 0), 3);
	cr_expect_eq(glob_component(glob, 0, 2, &text), GLOB_NAME);
	glob_free(glob);
}

struct exclude_case {
	char pattern[40];
	char path[40];
	bool match;
	bool directory;
};

ParameterizedTestParameters(glob, excludes)
{
	static struct exclude_case cases[] = {
		{"*.gz", "/var/log/a.gz", true, false},
		{"*.gz", "/var/log/a.log", false, false},
		{"*.{gz,xz}", "/var/log/a.xz", true, false},
		{"old", "/var/log/old", true, false},
		{"/var/log/private/**", "/var/log/private/a", true, true},
		{"/var/log/private/**", "/var/log/private", false, false},
		{"/var/log/private", "/var/log/private", true, true},
		{"old/*.log", "/var/log/old/a.log", true, true},
		{"old/*.log", "/var/log/a.log", false, false},
	};

	return cr_make_param_array(struct exclude_case, cases, ARRAY_LEN(cases));
}

ParameterizedTest(struct exclude_case *c, glob, excludes)
{
	struct exclude *exclude = NULL;
	char message[300];

	cr_assert_eq(exclude_compile(c->pattern, &exclude, message, sizeof message), 0);
	cr_expect_eq(exclude_match(exclude, c->path), c->match, "%s %s", c->pattern, c->path);
	cr_expect_eq(exclude_match_directory(exclude, c->path), c->directory, "%s %s", c->pattern,
		     c->path);
	exclude_free(exclude);
}

Test(glob, a_bad_exclude_is_refused)
{
	struct exclude *exclude = NULL;
	char message[300] = "";

	cr_expect_eq(exclude_compile("*.[gz", &exclude, message, sizeof message), GLOB_E_INVALID);
	cr_expect_not_null(strstr(message, "without"));
	cr_expect_eq(exclude_compile("", &exclude, message, sizeof message), GLOB_E_INVALID);
	cr_expect_null(exclude_free(NULL));
	cr_expect_null(glob_free(NULL));
}

#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Runs every example of waybill.conf(5): tests/examples.sh PROGRAM [PAGE], from the top of the tree. A PAGE
# in Markdown (.md) has no backslash doubled, and is not read on a terminal.
#
# An example is a literal block of the page. One in which a line begins with "<" holds sample lines
# and what is to become of them (the format is that of `waybill test`) for the configuration in the
# block above it. Any other block is configuration, and has to load without a warning. What it lacks
# to be a whole one is added to it:
#
#   kafka, sources  to a block that has a kafka, parsers or sources of its own, or stands under the
#                   heading TOP LEVEL or KAFKA
#   all of it       to any other: it is the inside of a source, whose parser gives each word
#                   NAME=VALUE (or NAME="V A L U E") of a line as the field NAME
#
# Each setting that the page explains has to stand in one of them.
#
# What is written for an example keeps its place in the page, so a message names the page's line.
# The script then breaks an example in each way and has to see it.
# shellcheck disable=SC2016 # dollars and backquotes that are not the shell's
set -u
shopt -s nullglob
export LC_ALL=C.UTF-8

program=$(realpath "${1:?usage: tests/examples.sh PROGRAM [PAGE]}")
page=${2-packaging/man/waybill.conf.5.scd}
work=$(mktemp -d) && trap 'rm -rf "$work"' EXIT
umask 077

# Writes DIR/N/NAME (configuration) and DIR/N/test, N being the line of the block. $1: DIR, $2: page.
extract() {
	awk -v dir="$1" -v path="$2" -v name="$(basename "$2")" '
		# The fields that standard_headers stands for, as templates.
		function standard_fields(text,    all) {
			if (!match(text, /standard_headers *= *\[[^]]*\]/))
				return ""
			text = substr(text, RSTART, RLENGTH)
			while (match(text, /"[^"]*"/)) {
				all = all "${" substr(text, RSTART + 1, RLENGTH - 2) "}"
				text = substr(text, RSTART + RLENGTH)
			}
			gsub(/-/, "_", all)
			return all
		}
		# A parser that gives each field that the text uses.
		function pattern(text,    seen, field, all) {
			all = "^(?=.*\\\\w=)"
			text = text standard_fields(text)
			while (match(text, /\$\{[a-z_0-9]+/)) {
				field = substr(text, RSTART + 2, RLENGTH - 2)
				text = substr(text, RSTART + RLENGTH)
				if (field ~ /^(line|source|env)$/ || field in seen)
					continue
				seen[field] = 1
				all = all "(?=(?:.*?\\\\b" field "=(?|\\\"(?<" field ">[^\\\"]*)\\\"|(?<" field ">\\\\S*)))?)"
			}
			return all
		}
		# What stands at the top of the text, without strings.
		function outermost(text) {
			gsub(/"([^"\\]|\\.)*"/, "_", text)
			while (sub(/[({[][^][(){}]*[])}]/, "_", text))
				;
			return text
		}
		# What base() has of a setting that the text has not.
		function unless(text, setting, value) {
			return text ~ ("(^|[\n;] *)" setting " *[:=]") ? "" : setting " = " value "; "
		}
		function base_source(text) {
			text = outermost(text)
			return "{ " unless(text, "name", "\"example\"") \
				unless(text, "paths", "\"/var/log/example.log\"") \
				unless(text, "parser", "\"example\"") unless(text, "topic", "\"example\"")
		}
		# What stands before and behind the text so that it is a whole configuration.
		function complete(text, heading,    kafka, parser) {
			kafka = "kafka: { bootstrap_servers = \"localhost:9092\"; }; "
			parser = "parsers: ( { name = \"example\"; pattern = \"" pattern(text) "\"; } ); "
			before = behind = ""
			if (text !~ /(^|\n)kafka *:/)
				before = kafka
			if (text ~ /(^|\n)sources *:/)
				return
			if (text ~ /(^|\n)(kafka|parsers) *:/ || heading ~ /^# (TOP LEVEL|KAFKA)/) {
				behind = "sources: ( { name = \"example\"; paths = \"/var/log/example.log\"; topic = \"example\"; } );"
				return
			}
			before = before parser "sources: ( " base_source(text)
			behind = "} );"
		}
		# The name of the first source.
		function source_of(text) {
			if (!match(text, /(^|\n)sources *:/))
				return outermost(text) ~ /(^|[\n;] *)name *=/ ? name_in(text) : "example"
			return name_in(substr(text, RSTART))
		}
		function name_in(text) {
			match(text, /name *= *"[^"]*/)
			text = substr(text, RSTART, RLENGTH)
			sub(/^[^"]*"/, "", text)
			return text
		}
		# So many lines that the next one written is the line given; the first of them is text.
		function pad(file, text, line,    i) {
			printf "%s", text >file
			for (i = 1; i < line; i++)
				print "" >file
		}
		function finish(    file) {
			if (is_test) {
				if (!conf) {
					print path ":" start ": lines without a configuration above them" >"/dev/stderr"
					return
				}
				file = dir "/" conf "/test" start
				pad(file, "config " name (start > 2 ? "\nsource " source : ""), start - (start > 2))
			} else {
				conf = start
				print text >(dir "/all")
				source = source_of(text)
				system("mkdir -p " dir "/" conf)
				complete(text, heading)
				file = dir "/" conf "/" name
				pad(file, before, start)
				print "config " name "\nsource " source "\n< x" >(dir "/" conf "/probe")
				close(dir "/" conf "/probe")
				if (match(text, /pattern_file = "[^"]+/))
					print "(?<id>.)" >(dir "/" conf "/" substr(text, RSTART + 16, RLENGTH - 16))
				if (match(text, /macros_file = "[^"]+/))
					print "X x" >(dir "/" conf "/" substr(text, RSTART + 15, RLENGTH - 15))
			}
			printf "%s%s\n", text, is_test ? "" : behind >file
			close(file)
		}
		/^# / && !on { heading = $0 }
		/^\t*```/ {
			if (on)
				finish()
			on = !on
			indent = match($0, /[^\t]/) - 1
			start = NR + 1
			text = ""
			is_test = 0
			next
		}
		on {
			line = substr($0, indent + 1)
			if (path !~ /\.md$/) {
				gsub(/\\\\/, "\001", line)
				gsub(/\\/, "", line)
				gsub(/\001/, "\\", line)
			}
			if (path !~ /\.md$/ && length(line) > 69 - 4 * indent)
				print path ":" NR ": too wide for a terminal of 80 columns" >"/dev/stderr"
			is_test = is_test || line ~ /^</
			text = text line "\n"
		}' "$2"
}

# Runs what was written for a page. $1: DIR. Returns 1 after messages.
run() {
	local bad=0 block file

	for block in "$1"/*/; do
		if ! "$program" test --update "$block/probe" >/dev/null 2>"$work/said" || [ -s "$work/said" ]; then
			bad=1
			grep -v '/probe:' "$work/said"
			continue
		fi
		for file in "$block"/test*; do
			"$program" test "$file" || bad=1
		done >"$work/out" 2>&1
		grep -v ': [0-9]* passed' "$work/out"
	done
	return $bad
}

# $1: DIR, $2: page. Settings are lines in bold with an indented one below them.
without_example() {
	awk '/^\t/ && name != "" { print name }
		{ name = /^\*[a-z_]+\*/ ? $0 : ""; sub(/^\*/, "", name); sub(/\*.*/, "", name) }' "$2" | sort -u |
		while read -r name; do
			grep -q "\b$name *[=:]" "$1/all" || echo "$2: no example has $name"
		done
}

# $1: page. Its name takes the place of the temporary files'.
check() {
	rm -rf "$work/blocks" && mkdir "$work/blocks"
	touch "$work/blocks/all"
	extract "$work/blocks" "$1" 2>"$work/astray"
	without_example "$work/blocks" "$1" >>"$work/astray"
	{ run "$work/blocks" && [ ! -s "$work/astray" ]; } >"$work/report"
	local status=$?
	sed "s|$work/blocks/*[0-9]*/*|$(dirname "$1")/|g; s|/test[0-9]*:|/$(basename "$1"):|; s|^|examples: |" \
		"$work/report" "$work/astray"
	return $status
}

# $1: what is planted, $2: what has to be said of it (regular expression), $3: the page, for printf.
must_find() {
	# shellcheck disable=SC2059 # a format on purpose
	printf "$3" >"$work/page.scd"
	if check "$work/page.scd" >"$work/found" || ! grep -q -- "$2" "$work/found"; then
		echo "examples: self-test: not found: $1"
		cat "$work/found"
		failed=1
	fi
}

self_test() {
	local failed=0 good='```\nkey = "${id}:${a_b}"; headers: ( { name = "x"; value = "y"; } );\n```\n\n'

	# shellcheck disable=SC2059
	printf "$good"'```\n< a_b="x y" id=7\n> {"key": "7:x y"}\n```\n' >"$work/page.scd"
	check "$work/page.scd" || {
		echo "examples: self-test: a good page is not taken"
		failed=1
	}
	must_find "a wrong setting" '/page.scd:4: .*kee' '# SOURCES\n\n```\nkee = "x";\n```\n'
	must_find "a wrong property" '/page.scd:4: .*ack' '# KAFKA\n\n```\nkafka: { ack = 1; };\n```\n'
	must_find "a warning" '/page.scd:2: .*backslash' '```\nkey = "\\\\S";\n```\n'
	must_find "a wrong source" '/page.scd:2: .*pathz' \
		'```\nsources: ( { name = "a"; pathz = "/x"; topic = "t"; } );\n```\n'
	must_find "a wrong record" '/page.scd:6: failed' "$good"'```\n< id=7\n> {"key": "7"}\n```\n'
	must_find "a wrong test" '/page.scd:7: not JSON' "$good"'```\n< id=7\n> {key}\n```\n'
	must_find "a wide line" '/page.scd:3: too wide' "\`\`\`\n\n# $(printf %70s '')\n\`\`\`\n"
	must_find "a setting without" 'page.scd: no example has key' '*key*\n\tA key.\n'
	must_find "lines astray" '/page.scd:2: lines without' '```\n< id=7\n> {"key": "8"}\n```\n'
	return $failed
}

check "$page" || exit 1
n=$(find "$work/blocks" -type f ! -name probe | wc -l)
self_test || exit 1
echo "examples: $n examples of $page do as it says"

#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# The words about waybill say the same: tests/docs.sh PROGRAM, from the top of the tree.
#
#   commands     in --help, in waybill(8), and offered by the completion
#   options      in a command's --help, in its part of waybill(8), and offered by the completion
#   settings     of the option table: in waybill.conf(5) with default and range, and no others;
#                those of the top level in conf/waybill.conf with their default
#   lists        of facts, counters, metrics and settings in the man pages are those of the program's tables;
#                --write brings them up to date
#   redaction    in README.md and conf/waybill.conf is that of waybill.conf(5)
#   widths       no line of any --help has more than 80 columns
#   man pages    without errors
#
# Each check is then run on a copy with something missing, and has to find it.
set -u
export LC_ALL=C.UTF-8

write=
[ "${1-}" != --write ] || {
	write=yes
	shift
}
program=$(realpath "${1:?usage: tests/docs.sh [--write] PROGRAM}")
man=packaging/man
sample=conf/waybill.conf
bad=0

complain() {
	echo "docs: $*"
	bad=$((bad + 1))
}

commands() {
	"$program" --help | sed -n 's/^  \([a-z-]*\)  .*/\1/p' | grep -vx -e --help
}

# $1: command.
options() {
	"$program" "$1" --help | grep -o -- '--[a-z][a-z-]*' | sort -u | grep -vx -e --help
}

# $1: command. Its part of waybill(8), between "## command" and the next heading.
section() {
	awk -v "want=## $1" '/^#/ { on = $0 == want } on' $man/waybill.8.scd
}

# $1: command. The options that its part explains.
terms_of() {
	section "$1" | grep '^\*--' | grep -o -e '\*--[a-z-]*' | tr -d '*'
}

# What the completion offers after the words given.
completed() {
	PATH=$(dirname "$program"):$PATH bash -c '
		. packaging/completion/waybill
		COMP_WORDS=(waybill "$@") COMP_CWORD=$#
		_waybill
		printf "%s\n" "${COMPREPLY[@]}"' _ "$@"
}

# $1: what is printed, $2: the text. No line may be wider than a terminal of 80 columns.
fits() {
	! expand <<<"$2" | grep -q '.\{81\}' || complain "$1: wider than 80 columns"
}

check_commands() {
	local command option offered

	fits "--help" "$("$program" --help)"
	for command in $(commands); do
		completed '' | grep -qx -e "$command" || complain "completion: no command $command"
		grep -q "^\*waybill $command\*" $man/waybill.8.scd ||
			complain "waybill(8): no $command in the synopsis"
		[ "$command" != --version ] || continue
		fits "$command --help" "$("$program" "$command" --help)"
		[ -n "$(section "$command")" ] || complain "waybill(8): no part about $command"
		offered=$(completed "$command" --)
		for option in $(options "$command"); do
			terms_of "$command" | grep -qx -e "$option" ||
				complain "waybill(8): $command: no $option"
			grep -qx -e "$option" <<<"$offered" || complain "completion: $command: no $option"
		done
		for option in $(terms_of "$command"); do
			options "$command" | grep -qx -e "$option" ||
				complain "waybill(8): $command has no option $option"
		done
	done
}

# A terminal of 80 columns shows --help as it is.
check_widths() {
	local command wide

	for command in '' $(commands | grep -vx -e --version); do
		# shellcheck disable=SC2086 # no command is no word
		wide=$("$program" $command --help | grep '.\{81\}') &&
			complain "--help${command:+ of }$command: wider than 80 columns: $wide"
	done
}

# name|places|default|min|max|words|help of each row of the option table.
settings() {
	"$program" rows settings
}

# Text in which scdoc finds nothing; an underscore within a word means nothing to it.
literal() {
	sed 's/[\\*<]/\\&/g; s/\(^\|[^[:alnum:]]\)_/\1\\_/g'
}

# Rows on standard input, each "cell|cell|...": a table whose first cells are bold.
as_table() {
	awk -F'|' '{ for (i = 1; i <= NF; i++)
			print (i == 1 ? (NR == 1 ? "[[ " : "|  ") "*" $i "*" : (NR == 1 ? ":[ " : ":  ") $i) }
		END { print "" }'
}

# $1: a place where settings stand.
table_of_place() {
	settings | literal | awk -F'|' -v place="$1" '
		(" " $2 " ") ~ (" " place " ") && !(place == "main" && (" " $2 " ") ~ " source ") {
			more = $3 == "" ? "" : "default " $3
			if ($5 != "")
				more = more (more == "" ? "" : "; ") $4 " to " $5
			also = place == "source" && $2 ~ /main/ ? "; also at the top level" : ""
			print $1 "|" $7 also (more == "" ? "" : " (" more ")")
		}' | as_table
}

# $1: the list that stands between "; rows: $1" and "; end".
generated() {
	local place
	case $1 in
	facts)
		"$program" rows facts | literal | awk -F'|' '
			{ kind = $2 == "text" ? "" : $2 == "number" ? ", in decimal" : ", as 2026-11-21T15:11:55.605Z"
			  print "${" $1 "}|" $3 kind }' | as_table
		;;
	counters)
		"$program" rows counters | literal |
			awk -F'|' '{ print $1 "|" $3 ($2 == "now" ? ", now" : "") }' | as_table
		;;
	metrics)
		"$program" rows metrics | literal |
			awk -F'|' '{ print $1 ($3 == "" ? "" : "{" $3 "}") "|" $4 ($2 == "gauge" ? ", now" : "") }' | as_table
		;;
	settings)
		while IFS=: read -r place title; do
			printf '%s:\n\n' "$title"
			table_of_place "$place"
		done <<-'END'
			main:At the top level
			parser:In a parser
			source:In a source
			header:In a header
			json:In a member of *json*
			field:In one of *fields*
			multiline:In *multiline*
			filter:In one of the *rules* of a source
			partitioner:In a partitioner
			rule:In a rule of a partitioner
			redact:In a rule of *redact*
			topic:In one of *topics* of the top level
		END
		;;
	esac
}

# $1: a page. It with all its lists generated anew.
with_lists() {
	local line skip=
	while IFS= read -r line; do
		[ "$line" != "; end" ] || skip=
		[ -n "$skip" ] || printf '%s\n' "$line"
		if [[ $line == "; rows: "* ]]; then
			generated "${line#; rows: }"
			skip=yes
		fi
	done <"$1"
}

check_lists() {
	local page

	for page in "$man"/*.scd; do
		with_lists "$page" | diff "$page" - ||
			complain "$page: a list is not that of the program: tests/docs.sh --write $program"
	done
	[ "$(grep -h '^; rows: ' "$man"/*.scd | sort | tr -d '\n')" = \
		"; rows: counters; rows: facts; rows: metrics; rows: settings" ] || complain "a list is missing"
}

# The settings that waybill.conf(5) explains: a line in bold with an indented one under it.
terms() {
	awk '/^\t/ && name != "" { print name }
		{ name = /^\*[a-z_]+\*/ ? $0 : ""; sub(/^\*/, "", name); sub(/\*.*/, "", name) }' \
		$man/waybill.conf.5.scd
}

check_settings() {
	local name where default min max words line wanted rows

	rows=$(settings)
	[ "$(wc -l <<<"$rows")" -gt 20 ] || complain "the settings cannot be read any more"
	while IFS='|' read -r name where default min max words _; do
		line=$(grep "^\*$name\*" $man/waybill.conf.5.scd)
		[ -n "$line" ] || {
			complain "waybill.conf(5): no $name"
			continue
		}
		wanted="default $default"
		[ -z "$max" ] || wanted+="; $min to $max"
		[ -z "$default" ] || [[ $line == *"($wanted"[\;\)]* ]] ||
			complain "waybill.conf(5): $name: not \"($wanted)\""
		for word in $words; do
			[[ $line == *[\ \(]"$word"[\ ,\;\)]* ]] || complain "waybill.conf(5): $name: no \"$word\""
		done
		[[ -n $default && $where == *main* ]] || continue
		grep -q "^# $name = \"\?$default\"\?;" $sample ||
			complain "$sample: no \"# $name = $default\""
	done <<<"$rows"
	while read -r name; do
		grep -q "^$name|" <<<"$rows" || complain "waybill.conf(5): there is no setting $name"
	done < <(terms)
}

# $1: file, $2: sed script that takes the escapes of its format away. Its first rule of redact.
redaction() {
	sed -n "$2"'; s/.*redact: ( { pattern = "\([^"]*\)".*/\1/p' "$1"
}

# The example that is tried on lines, in waybill.conf(5), is the one that is copied.
check_redaction() {
	local rule file
	rule=$(redaction $man/waybill.conf.5.scd 's/\\\(.\)/\1/g')

	[ -n "$rule" ] || complain "waybill.conf(5): no example of redact"
	for file in README.md $sample; do
		[ "$(redaction "$file" '')" = "$rule" ] || complain "$file: redact: not \"$rule\""
	done
}

check_pages() {
	local page

	for page in "$man"/*.scd; do
		if ! scdoc <"$page" >"$work/page" || ! mandoc -T lint -W error "$work/page"; then
			complain "$page: see above"
		fi
	done
}

# $1: what is looked for, $2: file, $3: sed script that breaks it, $4: a check that has to find it.
must_find() {
	local before=$bad

	cp "$2" "$work/kept"
	sed -i "$3" "$2"
	"$4" >/dev/null
	if ((bad > before)); then
		bad=$before
	else
		complain "self-test: not found: $1"
	fi
	cp "$work/kept" "$2"
}

self_test() {
	cp -r packaging conf agent README.md "$work" && cd "$work" || exit 1
	must_find "an option" $man/waybill.8.scd 's/^\*--until-eof/*--until-oef/' check_commands
	must_find "a default" $man/waybill.conf.5.scd 's/default 1MiB/default 2MiB/' check_settings
	must_find "a range" $man/waybill.conf.5.scd 's/; 64 to/; 32 to/' check_settings
	must_find "a setting" $man/waybill.conf.5.scd '/^\*keep_cr/d' check_settings
	must_find "a word" $man/waybill.conf.5.scd 's/, end or stop/ or stop/' check_settings
	must_find "a counter's help" $man/waybill.8.scd 's/ out by on/ in by on/' check_lists
	must_find "a metric" $man/waybill-control.7.scd '/^|  .*waybill_files_lost/d' check_lists
	must_find "a list" $man/waybill.8.scd '/^; rows/d' check_lists
	must_find "a fact" $man/waybill.conf.5.scd '/^|  .*read[.]time/d' check_lists
	must_find "a sample" $sample 's/^# linger_ms = 20/# linger_ms = 30/' check_settings
	must_find "a redaction" README.md 's/(?<!//' check_redaction
	printf '#!/bin/sh\nprintf "%%081d\\n" 0\n' >"$work/wide" && chmod +x "$work/wide"
	program=$work/wide must_find "a wide help" $sample '' check_widths
	must_find "completion" packaging/completion/waybill 's/sort -u/head -n 1/' check_commands
}

if [ "$write" ]; then
	for page in "$man"/*.scd; do
		text=$(with_lists "$page" && echo .) && printf %s "${text%.}" >"$page"
	done
	exit
fi
for tool in scdoc mandoc; do
	command -v $tool >/dev/null || {
		echo "docs: there is no $tool; run packaging/deps.sh deb" >&2
		exit 77
	}
done
work=$(mktemp -d) && trap 'rm -rf "$work"' EXIT
check_commands
check_widths
check_settings
check_lists
check_redaction
check_pages
((bad)) || self_test
((bad == 0)) || exit 1
echo "docs: $(commands | wc -l) commands, $(settings | wc -l) settings: said the same everywhere"

#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Holds the building to its plan: tests/floors.sh [OBJECT...]
#
#   includes     point to a lower floor or stay in the room, name their room, and make no circle;
#                no header has the name of one in agent/
#   libraries    a foreign library is known to the files named here only
#   calls        no two modules call each other, in a room neither, nor three in a circle
#   sizes        no function above 100 lines, no file above 500, no room above 25 modules
#   state        the objects named hold no writable data: one struct owns everything
#   messages     where one can come for each file, it is of its source (log_source), and so limited
#   maps         the README.md of a room names its modules and the rooms it knows, main.c the rooms
#                and what is in agent/ itself; and neither names what is not there
#
# --self-test plants one violation of each kind in a copy of the tree and wants to see it found.
# ROOT=DIR looks at another tree.
set -uo pipefail
export LC_ALL=C

# Bottom to top: every folder is a room, and the files that lie in agent/ itself are the room
# "agent", but main.c. A room within a room (cmd/check) is one of its own; of the others there it
# includes its neighbours only, whatever the floors say.
floors() {
	cat <<-'END'
		0  base
		1  parsers
		2  parsers/kinds
		2  flow
		2  join
		2  ops
		2  packed
		2  protocol
		2  state
		3  input
		3  output
		3  route
		3  settings
		4  login
		4  partitioning
		4  search
		5  client
		5  files
		5  pressure
		6  checkpoint
		6  cluster
		6  follow
		6  instance
		6  pipeline
		7  conf
		7  hints
		7  kafka
		7  resume
		8  change
		8  letters
		8  view
		9  control
		10 agent
		11 cmd
		12 cmd/check
		12 cmd/checkpoint
		12 cmd/demo
		12 cmd/import
		12 cmd/letters
		12 cmd/preview
		12 cmd/status
		12 cmd/top
		13 cmd/test
		14 main
	END
}

# Rooms within one room, each pair as "includer included".
neighbours() {
	echo 'cmd/test cmd/preview'
}

# header (regular expression) and the files (glob patterns) that may include it: one module only (x
# with its x_y), but librdkafka, which has a room of its own and the demo's broker and consumer, and
# jansson, of which waybill test compares trees and base/object reads objects.
libraries() {
	cat <<-'END'
		librdkafka/.*          agent/{kafka/*,instance/*,client/*,output/partitioner,cmd/demo/embedded,cmd/demo/consumer}.[ch]
		pcre2\.h               parsers/pattern{.c,_*.[ch]}
		libconfig\.h           agent/settings/text.c
		sqlite3\.h             agent/state/{store,store_*}.[ch]
		systemd/sd-event\.h    agent/agent{.c,_*.[ch]}
		sys/inotify\.h         agent/input/watch.c
		curl/.*                agent/login/fetch.c
		openssl/.*             agent/login/crypto.c
		jansson\.h             agent/{base/object,cmd/test/expect}.c
		microhttpd\.h          agent/control/http.c
		n?curses\.h            agent/cmd/top/screen.c
		xxhash\.h              agent/base/hash.c
		zlib\.h                agent/packed/packed_gzip.c
		zstd.*\.h              agent/packed/packed_zstd.c
		lzma\.h                agent/packed/packed_xz.c
		uthash\.h|utlist\.h    agent/base/map.c
	END
}

FUNCTION_LINES=100
FILE_LINES=500
ROOM_MODULES=25
ROOM_LINES=4500

sources() {
	find agent parsers -name '*.[ch]' | sort
}

bad() {
	echo "floors: $*"
	found=$((found + 1))
}

# Prints "includer line header" for every #include of the tree; the header keeps its quotes.
list_includes() {
	# shellcheck disable=SC2016 # awk's own $
	sources | xargs awk 'match($0, /^[ \t]*#[ \t]*include[ \t]*["<][^">]*[">]/) {
		sub(/^[ \t]*#[ \t]*include[ \t]*/, ""); print FILENAME, FNR, $1 }'
}

# Sets floor[room] from the table.
declare -A floor
read_floors() {
	local level name
	while read -r level name; do
		floor[$name]=$level
	done < <(floors)
}

# $1: a source file. Sets $room, to nothing when the table has none.
place() {
	local path=${1#agent/}
	room=agent
	case $path in
	main.c) room=main ;;
	*/*) room=${path%/*} ;;
	esac
	[ -n "${floor[$room]-}" ] || room=
}

check_includes() {
	local file line header target room from to
	while read -r file line header; do
		if [[ $header != '"'* ]]; then
			header=${header//[<>]/}
			[[ $header != */* || ! -e agent/$header && ! -e $header ]] ||
				bad "$file:$line: <$header> is one of ours: it is included with quotes"
			continue
		fi
		header=${header//\"/}
		target=agent/$header
		[ -e "$target" ] || target=$header
		if [ ! -e "$target" ]; then
			bad "$file:$line: \"$header\" is not a file seen from agent/ or the top; name its room"
			continue
		fi
		place "$file" && from=$room
		place "$target" && to=$room
		if [ -z "$from" ] || [ -z "$to" ]; then
			bad "$file:$line: $([ -z "$from" ] && echo "$file" || echo "$target") has no floor in tests/floors.sh"
		elif [ "$from" != "$to" ] && [ "${floor[$from]}" -le "${floor[$to]}" ]; then
			bad "$file:$line: $from must not include \"$header\": it is not on a lower floor"
		elif [[ $from == */* && $to == */* && $from != "$to" && ${from%/*} == "${to%/*}" ]] &&
			! neighbours | grep -qx "$from $to"; then
			bad "$file:$line: $from must not include \"$header\": they are not neighbours"
		elif [[ $from != "$to" && $header == *_private.h ]]; then
			bad "$file:$line: $from must not include \"$header\": it is private to $to"
		fi
		[ "$from" = "$to" ] || echo "$from $to" >>"$scratch/knows"
		[[ $header == *_private.h ]] || echo "${file%.[ch]} ${target%.[ch]}" >>"$scratch/edges"
	done <"$scratch/includes"
}

# "x.h" is looked for beside the file that includes it before it is in agent/: no other may have the
# name.
check_names() {
	local header other
	for header in agent/*.h; do
		while read -r other; do
			bad "$other has the name of $header, and would be taken for it by its neighbours"
		done < <(find agent -mindepth 2 -name "${header##*/}")
	done
}

# stdin: pairs "from to". Prints the members of each circle, which tsort names on stderr.
circles() {
	awk '$1 != $2' | sort -u | tsort 2>&1 >/dev/null |
		sed -n 's/^tsort: \([^-]*\)$/\1/p' | sort -u | paste -sd' '
}

# x.c with x.h is a module. A private header is what several modules of a room share: including it
# says nothing of who needs whom, but the calls do.
check_circles() {
	local circle
	touch "$scratch/edges"
	circle=$(circles <"$scratch/edges")
	[ -z "$circle" ] || bad "modules include each other in a circle: $circle"
}

# $@: objects. Who uses a function or a table of whom, as the linker sees it.
check_calls() {
	local circle
	[ $# -gt 0 ] || return
	nm -A -P "$@" >"$scratch/names" || bad "nm cannot read $*"
	circle=$(awk '{ sub(/:$/, "", $1) } $3 ~ /^[TDRB]$/ { home[$2] = $1 }
		$3 == "U" { user[++n] = $1; wanted[n] = $2 }
		END { for (i = 1; i <= n; i++) if (wanted[i] in home) print user[i], home[wanted[i]] }' \
		"$scratch/names" | circles)
	[ -z "$circle" ] || bad "modules call each other in a circle: $circle"
}

check_libraries() {
	local message
	while read -r message; do
		bad "$message"
	done < <(libraries | awk '
		# {a,b} of a glob means either, as in the shell.
		function expression(glob) {
			gsub(/[.]/, "[.]", glob); gsub(/[*]/, ".*", glob); gsub(/,/, "|", glob)
			gsub(/[{]/, "(", glob); gsub(/[}]/, ")", glob)
			return "^" glob "$"
		}
		NR == FNR { header[NR] = "^[\"<](" $1 ")[\">]$"; files[NR] = $2; name[NR] = $1; n = NR; next }
		{
			for (i = 1; i <= n; i++) {
				if ($3 !~ header[i])
					continue
				if ($1 !~ expression(files[i]))
					print $1 ":" $2 ": " $3 " belongs to " files[i] " only"
				module = $1
				sub(/[.][ch]$/, "", module); sub(/_.*/, "", module)
				if (!((i, module) in seen)) {
					seen[i, module]
					users[i] = users[i] " " module
					count[i]++
				}
			}
		}
		END {
			for (i = 1; i <= n; i++)
				if (count[i] > 1 && name[i] !~ /^(librdkafka|jansson)/)
					print name[i] " is included by more than one module:" users[i]
		}' - "$scratch/includes")
}

check_sizes() {
	local size file
	while read -r size file; do
		[ "$file" = total ] || [ "$size" -le $FILE_LINES ] ||
			bad "$file: $size lines, the limit is $FILE_LINES"
	done <"$scratch/lines"
	sources | ctags -L - -o - --languages=C --langmap=C:.c.h --kinds-C=f --fields=+ne -x \
		--_xformat='%F %n %e %N' >"$scratch/functions"
	[ -s "$scratch/functions" ] || bad "ctags finds no function at all"
	local line end name
	while read -r file line end name; do
		[ -n "$name" ] || name=$end end=999999 # ctags saw no end
		[ $((end - line + 1)) -le $FUNCTION_LINES ] ||
			bad "$file:$line: $name() has $((end - line + 1)) lines, the limit is $FUNCTION_LINES"
	done <"$scratch/functions"
}

# A room that outgrows this is two rooms; cmd/ is counted without its rooms, as each folder is.
check_rooms() {
	local room modules lines
	while read -r room modules lines; do
		[ "$modules" -le $ROOM_MODULES ] || bad "$room: $modules modules, the limit is $ROOM_MODULES"
		[ "$lines" -le $ROOM_LINES ] || bad "$room: $lines lines, the limit is $ROOM_LINES"
	done < <(awk '$2 != "total" {
			room = module = $2
			sub("/[^/]*$", "", room); sub(/[.][ch]$/, "", module)
			lines[room] += $1
			modules[room] += $2 !~ /_private[.]h$/ && !seen[module]++
		}
		END { for (room in lines) print room, modules[room], lines[room] }' "$scratch/lines")
}

# Constant tables with pointers are written once, by the loader (.data.rel.ro), and are welcome.
# Sanitizers add sections of their own, so this wants objects of the plain build.
check_state() {
	local symbol
	[ $# -gt 0 ] || return
	nm --format=sysv "$@" >"$scratch/symbols" || bad "nm cannot read $*"
	while read -r symbol; do
		bad "writable file-scope data: $symbol"
	done < <(awk -F'|' '/^[^|]*\.o:$|^Symbols from/ { object = $0 }
		NF >= 7 { gsub(/[ \t]/, "", $1); gsub(/[ \t]/, "", $7)
			if ($7 ~ /^(\.data|\.bss|\.tdata|\.tbss|\*COM\*)/ && $7 !~ /^\.data\.rel\.ro/)
				print $1, "in section", $7, "(" object ")" }' "$scratch/symbols")
}

# Prints "folder name" for each module that is there, and "folder name/" for each room.
list_modules() {
	find agent parsers \( -name '*.[ch]' ! -name '*_private.h' -printf '%h %f\n' \) -o \
		\( -type d -printf '%h %f/\n' \) |
		sed -e '/^\. agent\/$/d' -e 's/^\. /agent /' -e '/^agent main\.c$/d' -e 's/\.[ch]$//' | sort -u
}

# The same for what the maps name: the first column of a README.md, and in main.c's opening comment
# the words behind exactly three blanks.
list_named() {
	# shellcheck disable=SC2016 # awk's own $
	find agent parsers -mindepth 1 -name README.md ! -path agent/README.md -print0 |
		xargs -0 awk 'match($0, /^\| `[a-z0-9_\/]+` \|/) {
			room = FILENAME; sub(/\/[^\/]*$/, "", room); print room, substr($0, 4, RLENGTH - 6) }'
	sed -n '2,/\*\//s/^ \*   \([a-z0-9_/]\{1,\}\).*/agent \1/p' agent/main.c
}

# $1: folder. Where its map is.
map_of() {
	[ "$1" = agent ] && echo agent/main.c || echo "$1/README.md"
}

# The rooms that a room includes, against the line "Knows: ..." of its map.
check_known() {
	local room known said map
	while read -r map; do
		room=${map%/README.md}
		known=$(sed -n "s|^${room#agent/} ||p" "$scratch/knows" | sort -u | paste -sd,)
		said=$(sed -n 's/^Knows: \(.*\)\.$/\1/p' "$map")
		known=${known//,/, }
		[ "$said" = "${known:-nobody}" ] ||
			bad "$map: \"Knows: $said\", but it includes ${known:-nobody}"
	done < <(find agent parsers -mindepth 1 -name README.md ! -path agent/README.md)
}

check_maps() {
	local room name
	list_modules >"$scratch/modules"
	list_named | sort >"$scratch/named"
	while read -r room name; do
		bad "$(map_of "$room") does not name $name"
	done < <(comm -23 "$scratch/modules" "$scratch/named")
	while read -r room name; do
		bad "$(map_of "$room") names $name, which is not there"
	done < <(comm -13 "$scratch/modules" "$scratch/named")
	check_known
}

# Whoever owns a directory decides how many files there are.
check_messages() {
	local where
	while read -r where; do
		bad "${where%%[[:space:]]*} log_say: how often is for the owner of the files to say; use log_source"
	done < <(grep -rn 'log_say(' agent/files agent/follow agent/search agent/pipeline)
}

check_all() {
	found=0
	scratch=$(mktemp -d)
	read_floors
	list_includes >"$scratch/includes"
	sources | xargs wc -l >"$scratch/lines"
	check_includes
	check_names
	check_circles
	check_libraries
	check_sizes
	check_rooms
	check_messages
	check_maps
	check_calls "$@"
	check_state "$@"
	rm -rf "$scratch"
	[ "$found" -eq 0 ]
}

# $1: what must be found (regular expression), the rest: arguments of the check. Uses $copy.
expect() {
	local wanted=$1 report
	shift
	if report=$(ROOT=$copy "$self" "$@") || ! grep -q -- "$wanted" <<<"$report"; then
		echo "floors: self-test: not found: $wanted"
		failures=$((failures + 1))
	fi
	fresh_copy
}

fresh_copy() {
	rm -rf "$copy"/agent "$copy"/parsers
	cp -r agent parsers "$copy"
}

self_test() {
	local copy self failures=0
	self=$PWD/tests/floors.sh
	copy=$(mktemp -d)
	fresh_copy

	echo '#include "input/watch.h"' >"$copy/agent/base/planted.c"
	expect 'planted.c:1: base must not include'
	echo '#include "state/store.h"' >"$copy/agent/ops/planted.c"
	expect 'planted.c:1: ops must not include'
	echo '#include <conf/build.h>' >"$copy/agent/files/planted.c"
	expect 'planted.c:1: <conf/build.h> is one of ours'
	echo '#include "instance/producer_private.h"' >"$copy/agent/conf/planted.c"
	expect 'planted.c:1: conf must not include "instance/producer_private.h": it is private'
	echo '#include "map.h"' >"$copy/agent/base/planted.c"
	expect 'planted.c:1: "map.h" is not a file'
	mkdir "$copy/agent/planted"
	echo '#include "base/map.h"' >"$copy/agent/planted/planted.c"
	expect 'agent/planted/planted.c has no floor'
	echo '#include "cmd/cmd.h"' >"$copy/agent/planted.c"
	expect 'planted.c:1: agent must not include'
	echo '#include "cmd/check/report.h"' >"$copy/agent/cmd/planted.c"
	expect 'planted.c:1: cmd must not include'
	echo '#include "cmd/preview/spread.h"' >"$copy/agent/cmd/check/planted.c"
	expect 'planted.c:1: cmd/check must not include'
	echo '#include "cmd/check/report.h"' >"$copy/agent/cmd/test/planted.c"
	expect 'planted.c:1: cmd/test must not include'
	mkdir "$copy/agent/cmd/planted"
	echo '#include "base/map.h"' >"$copy/agent/cmd/planted/planted.c"
	expect 'agent/cmd/planted/planted.c has no floor'
	: >"$copy/agent/cmd/demo/agent.h"
	expect 'agent/cmd/demo/agent.h has the name of agent/agent.h'
	echo '#include "base/planted_b.h"' >"$copy/agent/base/planted_a.h"
	echo '#include "base/planted_a.h"' >"$copy/agent/base/planted_b.h"
	expect 'in a circle: agent/base/planted_a agent/base/planted_b'
	echo '#include <librdkafka/rdkafka.h>' >"$copy/agent/output/planted.c"
	expect 'planted.c:1: <librdkafka/rdkafka.h> belongs to'
	echo '#include <pcre2.h>' >"$copy/agent/route/route.h"
	expect 'route.h:1: <pcre2.h> belongs to'
	echo '#include <libconfig.h>' >"$copy/agent/ops/planted.c"
	expect 'included by more than one module: .*agent/ops/planted'
	{ echo 'int planted(void)'; echo '{'; yes '' | head -n 100; echo '}'; } >"$copy/parsers/planted.c"
	expect 'planted() has 10[0-9] lines'
	yes '' | head -n 501 >"$copy/parsers/planted.h"
	expect 'planted.h: 501 lines'
	touch "$copy"/agent/base/planted_{1..26}.c
	expect 'agent/base: [0-9]* modules'
	for name in a b c d e f g h i j; do yes '' | head -n 450 >"$copy/agent/base/planted_$name.h"; done
	expect 'agent/base: [0-9]* lines'
	echo 'void planted(void) { log_say(0, 0, "a.log"); }' >"$copy/agent/follow/planted.c"
	expect 'agent/follow/planted.c:1:.* log_say'
	: >"$copy/agent/base/planted.h"
	expect 'agent/base/README.md does not name planted'
	: >"$copy/agent/agent_planted.c"
	expect 'agent/main.c does not name agent_planted'
	mkdir "$copy/agent/planted"
	expect 'agent/main.c does not name planted/'
	mkdir "$copy/agent/cmd/planted"
	expect 'agent/cmd/README.md does not name planted/'
	# shellcheck disable=SC2016
	echo '| `planted` | what |' >>"$copy/agent/base/README.md"
	expect 'agent/base/README.md names planted, which is not there'
	sed -i 's|^ \*   base/ |&\n *   planted/ |' "$copy/agent/main.c"
	expect 'agent/main.c names planted/, which is not there'
	sed -i 's/^Knows: .*/Knows: base, parsers./' "$copy/agent/base/README.md"
	expect 'agent/base/README.md: "Knows: base, parsers", but it includes nobody'
	sed -i 's/^Knows: .*/Knows: base./' "$copy/agent/input/README.md"
	expect 'but it includes base, flow, join, packed, parsers'
	echo 'int a(void); int b(void); int a(void) { return b(); }' >"$copy/a.c"
	echo 'int a(void); int b(void); int b(void) { return a(); }' >"$copy/b.c"
	# shellcheck disable=SC2206 # a command and its words ("ccache cc")
	local cc=(${CC:-cc})
	"${cc[@]}" -c -o "$copy/a.o" "$copy/a.c" && "${cc[@]}" -c -o "$copy/b.o" "$copy/b.c"
	expect 'call each other in a circle: .*a.o.*b.o' "$copy/a.o" "$copy/b.o"
	echo 'int *planted(void); int *planted(void) { static int n; return &n; }' >"$copy/planted.c"
	"${cc[@]}" -c -fPIE -o "$copy/planted.o" "$copy/planted.c"
	expect 'file-scope data: n\.[0-9]* in section .bss' "$copy/planted.o"
	echo 'int planted = 3; const char *const fine[] = {"a"};' >"$copy/planted.c"
	"${cc[@]}" -c -fPIE -o "$copy/planted.o" "$copy/planted.c"
	expect 'file-scope data: planted in section .data' "$copy/planted.o"
	if ROOT=$copy "$self" "$copy/planted.o" | grep -q 'data: fine'; then
		echo "floors: self-test: a constant table is taken for state"
		failures=$((failures + 1))
	fi

	rm -rf "$copy"
	[ "$failures" -eq 0 ] && echo "floors: self-test: every planted violation was found"
}

if [ "${1-}" = --self-test ]; then
	cd "$(dirname "$0")/.." && self_test
else
	cd "${ROOT:-$(dirname "$0")/..}" && check_all "$@"
fi

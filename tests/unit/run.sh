#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Runs Criterion binaries, as many at a time as there are processors: tests/unit/run.sh REPORT_DIR
# BINARY...
#
# Criterion says "passing" and exits 0 for a test that leaks under a sanitizer, for a binary
# without any test and for a skipped one. So the sanitizers write to files, and a file that
# appears is a failure; and the counts come from the TAP report, not from the exit status alone.
#
# Each test runs in a process of its own. The process that starts them holds no code of ours, and
# Criterion 2.4.1 leaks there (48 bytes for a .timeout that was not needed): not our finding.
set -uo pipefail

[ $# -ge 1 ] || {
	echo "usage: $0 REPORT_DIR BINARY..." >&2
	exit 64
}
reports=$1
shift
mkdir -p "$reports"

# $1: name of a test binary. True if its first process left a report of leaks and nothing else.
only_criterion_leaks() {
	local trace
	trace=$reports/$1.trace.$(cat "$reports/$1.pid")
	[ -s "$trace" ] && grep -q 'ERROR: LeakSanitizer' "$trace" &&
		! grep -q 'ERROR: AddressSanitizer\|runtime error' "$trace" && rm "$trace"
}

# $1: binary. "ok" or "FAIL", its name and "N passed", and for a failure also what there is to know.
run() {
	local name tap status note="" ok bad skipped traces
	name=$(basename "$1")
	tap=$reports/$name.tap
	rm -f "$reports/$name".trace*
	: >"$tap"
	local log=log_path=$reports/$name.trace

	# shellcheck disable=SC2016 # the inner shell's own $
	ASAN_OPTIONS=$log:detect_leaks=1:exitcode=86:${ASAN_OPTIONS-} \
		UBSAN_OPTIONS=$log:print_stacktrace=1:${UBSAN_OPTIONS-} \
		TSAN_OPTIONS=$log:${TSAN_OPTIONS-} \
		timeout --kill-after=5 "${UNIT_TIMEOUT:-300}" \
		sh -c 'echo $$ >"$0" && exec "$@"' "$reports/$name.pid" \
		"$1" --quiet --tap="$tap" >"$reports/$name.log" 2>&1
	status=$?
	[ $status -eq 86 ] && only_criterion_leaks "$name" && status=0

	skipped=$(grep -c '^ok .* # SKIP' "$tap")
	ok=$(($(grep -c '^ok ' "$tap") - skipped))
	bad=$(grep -c '^not ok ' "$tap")
	traces=$(find "$reports" -name "$name.trace*" | wc -l)

	[ "$skipped" -eq 0 ] || note+=", $skipped skipped"
	[ "$traces" -eq 0 ] || note+=", $traces sanitizer reports"
	[ $((ok + bad + skipped)) -gt 0 ] || note+=", no tests at all"
	[ "$status" -ne 124 ] || note+=", timed out"
	[ "$status" -eq 0 ] || [ "$bad" -gt 0 ] || note+=", exit status $status"
	if [ "$bad" -gt 0 ] || [ -n "$note" ]; then
		[ "$bad" -gt 0 ] || bad=1
		echo "FAIL $name: $ok passed, $bad failed$note"
		sed '/^ok /d; /^#/d; /^TAP/d; /^1\.\./d; s/^/     /' "$tap"
		sed 's/^/     /' "$reports/$name.log"
		find "$reports" -name "$name.trace*" -exec head -n 60 {} +
	else
		echo "ok   $name: $ok passed"
	fi
}

# What one says comes in one piece, when it has ended.
if [ "${UNIT_ONE-}" ]; then
	said=$(run "$1")
	echo "$said"
	exit
fi
printf '%s\n' "$@" | UNIT_ONE=1 xargs -r -P "$(nproc)" -n 1 "$0" "$reports" | tee "$reports/said"
awk -v wanted=$# '
	/^ok   [a-z0-9_]+: / { ran++; passed += $3 }
	/^FAIL [a-z0-9_]+: / { ran++; passed += $3; failed += $5 }
	END {
		if (!wanted || ran != wanted)
			print wanted ? wanted - ran " were not run" : "there are no unit tests"
		printf "%d passed, %d failed\n", passed, failed
		exit !wanted || ran != wanted || failed > 0
	}' "$reports/said"

#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Runs Criterion binaries: tests/unit/run.sh REPORT_DIR BINARY...
#
# Criterion says "passing" and exits 0 for a test that leaks under a sanitizer, for a binary
# without any test and for a skipped one. So the sanitizers write to files, and a file that
# appears is a failure; and the counts come from the TAP report, not from the exit status alone.
set -uo pipefail

[ $# -ge 1 ] || {
	echo "usage: $0 REPORT_DIR BINARY..." >&2
	exit 64
}
reports=$1
shift
mkdir -p "$reports"
passed=0 failed=0

# $1: binary. One closing line for it; adds to passed and failed.
run() {
	local name tap status note="" ok bad skipped traces
	name=$(basename "$1")
	tap=$reports/$name.tap
	rm -f "$reports/$name".trace*
	: >"$tap"
	local log=log_path=$reports/$name.trace

	ASAN_OPTIONS=$log:detect_leaks=1:${ASAN_OPTIONS-} \
		UBSAN_OPTIONS=$log:print_stacktrace=1:${UBSAN_OPTIONS-} \
		TSAN_OPTIONS=$log:${TSAN_OPTIONS-} \
		timeout --kill-after=5 "${UNIT_TIMEOUT:-180}" "$1" --quiet --tap="$tap" >"$reports/$name.log" 2>&1
	status=$?

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
	passed=$((passed + ok))
	failed=$((failed + bad))
}

for binary; do
	run "$binary"
done
[ $# -gt 0 ] || {
	echo "there are no unit tests"
	failed=1
}
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]

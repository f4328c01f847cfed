#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Runs targets of the Makefile one after another, whatever one of them says, and tells at the end what
# became of each: tests/nightly.sh TARGET...
#
# Exit status: 0 none failed; 1 one did. A part whose environment is not there says "not run: WHY" and
# fails: it is told apart here, and is the last thing to be read, but no failure.
set -uo pipefail

[ $# -gt 0 ] || {
	echo "usage: $0 TARGET..." >&2
	exit 64
}
logs=${NIGHTLY_LOGS:-build/reports/nightly}
mkdir -p "$logs"
failed=0 not_run=0 told=()

for part; do
	began=$SECONDS
	"${MAKE:-make}" --no-print-directory "$part" 2>&1 | tee "$logs/$part.log"
	status=${PIPESTATUS[0]}
	why=$(grep -m1 '^not run: ' "$logs/$part.log")
	if [ "$status" = 0 ]; then
		told+=("$part: passed in $((SECONDS - began)) s")
	elif [ -n "$why" ]; then
		not_run=$((not_run + 1))
		told+=("$part: NOT RUN: ${why#not run: }")
	else
		failed=$((failed + 1))
		told+=("$part: FAILED after $((SECONDS - began)) s, see $logs/$part.log")
	fi
done

printf 'nightly: %s\n' "${told[@]}"
echo "nightly: $(($# - failed - not_run)) passed, $not_run not run, $failed failed"
[ "$failed" = 0 ]

#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Fails unless every JUnit report named ran at least one test and skipped none.
# An expected failure counts as skipped there, and here too. (tests/unit/run.sh sees to its own.)
set -eu

[ $# -gt 0 ] || {
	echo "usage: $0 REPORT.xml..." >&2
	exit 64
}

# $1: report, $2: attribute. The sum of that attribute over all <testsuite> elements.
sum() {
	tr '>' '\n' <"$1" | sed -n "s/.*<testsuite .*[ ]$2=\"\([0-9]*\)\".*/\1/p" |
		awk '{ n += $1 } END { print n + 0 }'
}

bad=0
for report; do
	if [ ! -s "$report" ]; then
		echo "no_skips: $report: there is no such report" >&2
		bad=1
		continue
	fi
	tests=$(sum "$report" tests)
	skipped=$(sum "$report" skipped)
	echo "no_skips: $report: $tests tests, $skipped skipped"
	[ "$tests" -gt 0 ] && [ "$skipped" -eq 0 ] || bad=1
done
exit "$bad"

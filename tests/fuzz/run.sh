#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Runs fuzzers one after the other: tests/fuzz/run.sh DIR SECONDS BINARY...
# DIR/corpus/NAME grows from run to run; the seeds in tests/fuzz/corpus/NAME, if there are any,
# stay as they are. An input that broke something is left in DIR/NAME-*.
set -eu

[ $# -ge 2 ] || {
	echo "usage: $0 DIR SECONDS BINARY..." >&2
	exit 64
}
dir=$1 seconds=$2 seeds=$(dirname "$0")/corpus
shift 2

for binary; do
	name=$(basename "$binary")
	log=$dir/$name.log
	mkdir -p "$dir/corpus/$name"
	set -- "$dir/corpus/$name"
	[ ! -d "$seeds/$name" ] || set -- "$@" "$seeds/$name"
	if ! "$binary" -max_total_time="$seconds" -timeout=10 -print_final_stats=1 \
		-artifact_prefix="$dir/$name-" "$@" >"$log" 2>&1; then
		echo "FAIL $name"
		tail -n 60 "$log"
		exit 1
	fi
	sed -n "s/^stat::number_of_executed_units: */ok   $name: inputs tried: /p" "$log"
done

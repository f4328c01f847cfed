#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Runs fuzzers, as many at a time as there are processors: tests/fuzz/run.sh DIR SECONDS BINARY...
# DIR/corpus/NAME grows from run to run; the seeds in tests/fuzz/corpus/NAME, if there are any,
# stay as they are. An input that broke something is left in DIR/NAME-*.
set -eu

[ $# -ge 3 ] || {
	echo "usage: $0 DIR SECONDS BINARY..." >&2
	exit 64
}
if [ $# -gt 3 ]; then
	dir=$1 seconds=$2
	shift 2
	printf '%s\n' "$@" | xargs -P "$(nproc)" -n 1 "$0" "$dir" "$seconds"
	exit
fi

dir=$1 seconds=$2 binary=$3
name=$(basename "$binary")
seeds=$(dirname "$0")/corpus/$name log=$dir/$name.log
mkdir -p "$dir/corpus/$name"
set -- "$dir/corpus/$name"
[ ! -d "$seeds" ] || set -- "$@" "$seeds"
if ! "$binary" -max_total_time="$seconds" -timeout=10 -print_final_stats=1 \
	-artifact_prefix="$dir/$name-" "$@" >"$log" 2>&1; then
	echo "FAIL $name"
	tail -n 60 "$log"
	exit 1
fi
sed -n "s/^stat::number_of_executed_units: */ok   $name: inputs tried: /p" "$log"

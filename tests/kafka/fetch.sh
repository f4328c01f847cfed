#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Puts the broker's jars into build/kafka/lib. Does nothing when they are there already for this pom.
set -eu

here=$(cd "$(dirname "$0")" && pwd)
build=${BUILD:-$here/../../build}
stamp=$build/kafka/pom.xml

if cmp -s "$here/pom.xml" "$stamp"; then
	exit 0
fi
if ! command -v mvn >/dev/null; then
	echo "fetch.sh: mvn is missing (Debian: apt-get install maven)" >&2
	exit 1
fi
rm -rf "$build/kafka"
mkdir -p "$build/kafka/lib"
lib=$(cd "$build/kafka/lib" && pwd)
mvn --batch-mode --quiet --file "$here/pom.xml" dependency:copy-dependencies \
	-DincludeScope=runtime -DoutputDirectory="$lib"
cp "$here/pom.xml" "$stamp"

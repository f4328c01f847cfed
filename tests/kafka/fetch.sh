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
said=$build/kafka/maven.log

# The plugin by its full name: looked up by its prefix, a registry that cannot be reached is told as a
# plugin that does not exist.
if ! mvn --batch-mode --file "$here/pom.xml" \
	org.apache.maven.plugins:maven-dependency-plugin:copy-dependencies \
	-DincludeScope=runtime -DoutputDirectory="$lib" >"$said" 2>&1; then
	reason=$(sed -n 's/.*Could not transfer [^)]*): //; s/^transfer failed for [^ ]* //; t found
		b; :found; s/ -> .*//; p; q' "$said")
	if [ -n "$reason" ]; then
		cat >&2 <<-END
			fetch.sh: Maven cannot reach its registry, from which the tests have their Kafka:
			  $reason
			Name what works here (a mirror, a proxy) in a settings file, ~/.m2/settings.xml, or do
			without: WAYBILL_TEST_BROKERS=HOST:PORT make check-it uses a Kafka that runs already.
			All that Maven said is in build/kafka/maven.log.
		END
	else
		cat "$said" >&2
		echo "fetch.sh: Maven failed, see above" >&2
	fi
	exit 1
fi
cp "$here/pom.xml" "$stamp"

#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Builds the newest librdkafka that a package brings as source into build/librdkafka, where make
# it-newest has the agent take it from. Does nothing when it is there already for this script.
set -eu

here=$(cd "$(dirname "$0")" && pwd)
build=$(cd "${BUILD:-$here/../../build}" && pwd)
package=@confluentinc/kafka-javascript@1.10.1
sum=ada7d703bb1d3237e2292bfabf438d663b6160c9f1ac2a2406b5dc4257c81b66
goal=$build/librdkafka
source=package/deps/librdkafka

if cmp -s "$here/newest.sh" "$goal/newest.sh"; then
	exit 0
fi

# What nightly.sh looks for.
give_up() {
	echo "not run: newest.sh: $*" >&2
	exit 1
}

for tool in npm make g++; do
	command -v "$tool" >/dev/null || give_up "$tool is missing (Debian: apt-get install npm make g++)"
done
rm -rf "$goal"
mkdir -p "$goal"
cd "$goal"
npm pack --silent "$package" >npm.log 2>&1 || give_up "$package cannot be fetched: $(tail -n 1 npm.log)"
packed=$(echo ./*.tgz)
echo "$sum  $packed" | sha256sum --check --quiet
tar -xzf "$packed" "$source"
cd "$source"
# Without what needs packages that nothing else here does: curl serves a login of its own, SASL is Kerberos.
if ! {
	./configure --disable-debug-symbols --enable-ssl --enable-zlib --enable-zstd \
		--disable-gssapi --disable-curl && make -j"$(nproc)" libs
} >"$goal/build.log" 2>&1; then
	tail -n 20 "$goal/build.log" >&2
	echo "newest.sh: librdkafka does not build, see $goal/build.log" >&2
	exit 1
fi
cp src/librdkafka.so.1 "$goal/librdkafka.so.1"
cd "$goal"
rm -rf package "$packed"
cp "$here/newest.sh" newest.sh

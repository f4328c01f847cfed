#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Builds the Debian packages: deb.sh VERSION, from the top of the tree. They land in build/deb.
#
# dpkg-buildpackage wants debian/ at the top, ours lies in packaging/, so the tracked files are
# copied to a tree of their own and packages are built there. Two builds of one commit are alike to
# the byte: names are sorted and times are the commit's. DEB_BUILD_OPTIONS=nocheck leaves the unit
# tests out. Ends with lintian, which may find nothing.
set -eu

version=$1
name=waybill-$version
deb=build/deb
packaged=$(dpkg-parsechangelog -l packaging/debian/changelog -S Version)
if [ "${packaged%-*}" != "$version" ]; then
	echo "deb: this is $version, but packaging/debian/changelog is about $packaged" >&2
	exit 1
fi
if ! SOURCE_DATE_EPOCH=${SOURCE_DATE_EPOCH:-$(git log -1 --format=%ct)}; then
	echo "deb: packages are made of the tracked files, so this wants to be a git repository" >&2
	exit 1
fi
export SOURCE_DATE_EPOCH
# What the Makefile that called us keeps in the environment is not for the build in there.
unset MAKEFLAGS MFLAGS MAKELEVEL

rm -rf "$deb"
mkdir -p "$deb/$name"
git ls-files -z | tar -c --null --files-from=- | tar -x -C "$deb/$name"
find "$deb/$name" -exec touch -h -d "@$SOURCE_DATE_EPOCH" {} +
(
	cd "$deb"
	tar -c --sort=name --owner=0 --group=0 --numeric-owner --mode=go=rX,u+rw,a-s \
		--mtime="@$SOURCE_DATE_EPOCH" "$name" | gzip -9n >"waybill_$version.orig.tar.gz"
	cp -r "$name/packaging/debian" "$name/debian"
	cd "$name"
	if ! dpkg-buildpackage -us -uc >../build.log 2>&1; then
		tail -n 40 ../build.log >&2
		echo "deb: the build failed; all of its output is in $deb/build.log" >&2
		exit 1
	fi
)
echo "lintian"
# Not in the package's overrides, because not every release knows these tags: readiness, watchdog,
# user and sandbox are systemd's; the package follows the policy of the oldest Debian it is for.
ours='package-supports-alternative-init-but-no-init.d-script|out-of-date-standards-version'
lintian --allow-root --info --display-info --pedantic --fail-on error,warning,info,pedantic \
	--suppress-tags "$(lintian-explain-tags --list-tags | grep -xE "$ours" | paste -sd,)" \
	"$deb"/waybill_"$version"-*.changes
rm -rf "${deb:?}/$name"
ls -s "$deb"/*.deb

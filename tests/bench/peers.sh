#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Unpacks the distribution's rsyslog and syslog-ng below build/bench/peers. They are not installed: the
# two packages conflict, and installing would start a service and follow the machine's own logs.
set -eu

here=$(cd "$(dirname "$0")" && pwd)
build=${BUILD:-$here/../../build}
peers=$build/bench/peers

if [ -e "$peers/complete" ]; then
	exit 0
fi
rm -rf "$peers"
mkdir -p "$peers"
cd "$peers"
# apt-get reads as a user of its own where it can; it may not be let in here, which is no error.
apt-get -qq -o APT::Sandbox::User=root download \
	rsyslog rsyslog-kafka syslog-ng-core syslog-ng-mod-rdkafka
for package in ./*.deb; do
	dpkg-deb -x "$package" root
done
touch complete

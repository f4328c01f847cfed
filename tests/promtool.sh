#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Unpacks the distribution's promtool below build/prom; `promtool.sh prometheus` the server as well, which
# pictures are drawn by. Its package is not installed, for that would start a Prometheus on the machine.
set -eu

here=$(cd "$(dirname "$0")" && pwd)
prom=${BUILD:-$here/../build}/prom

wanted=${1:-promtool}
if [ -x "$prom/usr/bin/$wanted" ] || { [ $# = 0 ] && command -v promtool >/dev/null; }; then
	exit 0
fi
rm -rf "$prom"
mkdir -p "$prom"
cd "$prom"
# apt-get reads as a user of its own where it can; it may not be let in here, which is no error.
apt-get -qq -o APT::Sandbox::User=root download prometheus
dpkg-deb -x ./prometheus_*.deb .
rm -f ./prometheus_*.deb
[ "$wanted" = prometheus ] || rm -f usr/bin/prometheus

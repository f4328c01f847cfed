#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Unpacks the distribution's promtool below build/prom. Its package is not installed, for that would start
# a Prometheus on the machine.
set -eu

here=$(cd "$(dirname "$0")" && pwd)
prom=${BUILD:-$here/../build}/prom

if command -v promtool >/dev/null || [ -x "$prom/usr/bin/promtool" ]; then
	exit 0
fi
rm -rf "$prom"
mkdir -p "$prom"
cd "$prom"
# apt-get reads as a user of its own where it can; it may not be let in here, which is no error.
apt-get -qq -o APT::Sandbox::User=root download prometheus
dpkg-deb -x ./prometheus_*.deb .
rm -rf ./prometheus_*.deb usr/bin/prometheus

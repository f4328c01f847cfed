#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Makes build/venv with tests/requirements.txt. Does nothing when it is there already for this list.
set -eu

here=$(cd "$(dirname "$0")" && pwd)
build=${BUILD:-$here/../build}
stamp=$build/venv/requirements.txt

if cmp -s "$here/requirements.txt" "$stamp"; then
	exit 0
fi
for python in /usr/bin/python3 python3; do
	if "$python" -c 'import ensurepip, sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
		rm -rf "$build/venv"
		"$python" -m venv "$build/venv"
		"$build/venv/bin/pip" install --quiet --requirement "$here/requirements.txt"
		cp "$here/requirements.txt" "$stamp"
		exit 0
	fi
done
echo "venv.sh: no Python 3.11 or newer with venv (Debian: apt-get install python3-venv)" >&2
exit 1

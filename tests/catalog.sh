#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# journalctl takes build/waybill.catalog, and finds in it each message by its MESSAGE_ID with its
# sentence, its cause and its cure. 77: there is no journalctl.
set -u
export LC_ALL=C.UTF-8
catalog=$(realpath build/waybill.catalog)
root=$(mktemp -d) && trap 'rm -rf "$root"' EXIT
bad=0

command -v journalctl >/dev/null || {
	echo "catalog: there is no journalctl" >&2
	exit 77
}
mkdir -p "$root/usr/lib/systemd/catalog" "$root/var/lib/systemd/catalog"
cp "$catalog" "$root/usr/lib/systemd/catalog"
journalctl --root="$root" --update-catalog || exit 1
entries=0
while IFS='"' read -r _ name _ id _; do
	said=$(journalctl --root="$root" --dump-catalog "$id")
	entries=$((entries + 1))
	for word in "^-- $id" '^Subject: .' '^Defined-By: waybill' '^Cause: .' '^What happens: .' '^What to do: .'; do
		grep -q -e "$word" <<<"$said" && continue
		echo "catalog: $name: no \"$word\": $said"
		bad=1
	done
done < <(grep $'^\t{"' agent/ops/messages.c)
((entries > 50)) || {
	echo "catalog: the table of messages cannot be read any more"
	bad=1
}
((bad)) || echo "catalog: $entries messages, found by journalctl"
exit $bad

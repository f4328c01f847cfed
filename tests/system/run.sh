#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Boots a real systemd in a container, with the package at hand, and runs life.sh in there:
# tests/system/run.sh PACKAGE.deb
#
# Exit status: 0 all of it is well; 1 it is not; 77 this machine cannot boot a container, so nothing
# was tried, and the reason is told. The container has a user namespace of its own, so nothing that
# happens in it reaches the host, and an overlay in memory, so each run starts from the same tree.
# shellcheck disable=SC2317 # called by wait_for and by the trap
set -uo pipefail
export LC_ALL=C.UTF-8

here=$(cd "$(dirname "$0")" && pwd)
work=$PWD/build/system
machine=waybill-test-$$
# The same group as the host sees it: a tree of its own where version 1 is mounted beside it.
groups=/sys/fs/cgroup
[ ! -d /sys/fs/cgroup/unified ] || groups=/sys/fs/cgroup/unified
leader=

not_run() {
	echo "not run: $*" >&2
	exit 77
}

if [ $# != 1 ] || [ ! -f "$1" ]; then
	echo "usage: $0 PACKAGE.deb" >&2
	exit 64
fi
package=$(realpath "$1")

# $1: seconds, then a command: waits until it succeeds.
wait_for() {
	local deadline=$((SECONDS + $1))

	shift
	until "$@"; do
		((SECONDS < deadline)) || return 1
		read -r -t 0.1 <> <(:)
	done
	return 0 # not that of the read, which timed out
}

can_boot() {
	[ "$(id -u)" = 0 ] || not_run "it wants to be root"
	command -v systemd-nspawn >/dev/null || not_run "there is no systemd-nspawn (packaging/deps.sh system)"
	command -v mmdebstrap >/dev/null || not_run "there is no mmdebstrap (packaging/deps.sh system)"
	unshare --mount --propagation private sh -c \
		'umount -R /sys/fs/cgroup && mount -t cgroup2 cgroup2 /sys/fs/cgroup' 2>"$work/why" ||
		not_run "no cgroup tree of its own can be mounted: $(tail -n 1 "$work/why")"
	unshare --user --map-root-user true 2>"$work/why" ||
		not_run "no user namespace can be made: $(tail -n 1 "$work/why")"
}

# A minimal Debian of the host's release with what the package depends on; made once.
make_tree() {
	local release mirror=()
	local packages=systemd,systemd-sysv,dbus,init-system-helpers,procps,kcat

	release=$(sed -n 's/^VERSION_CODENAME=//p' /etc/os-release)
	packages+=$(dpkg-deb -f "$package" Depends | tr ',' '\n' |
		sed -n 's/^ *\([a-z0-9.+-]*\).*/,\1/p' | grep -vx ',systemd' | tr -d '\n')
	if [ -f "$work/tree.tar" ] && [ "$(cat "$work/tree.of" 2>/dev/null)" = "$release $packages" ]; then
		return
	fi
	[ ! -f /etc/apt/sources.list.d/debian.sources ] || mirror=(/etc/apt/sources.list.d/debian.sources)
	echo "making a tree of $release, once"
	mmdebstrap --quiet --variant=minbase --include="$packages" "$release" "$work/tree.tar" \
		"${mirror[@]}" || not_run "mmdebstrap failed, see above"
	echo "$release $packages" >"$work/tree.of"
}

# The mount namespace of its own makes a pure tree of control groups, whatever the host has mounted.
boot() {
	# shellcheck disable=SC2016 # expanded by the inner shell
	setsid unshare --mount --propagation private bash -c '
		root=$1 name=$2
		shift 2
		umount -R /sys/fs/cgroup && mount -t cgroup2 cgroup2 /sys/fs/cgroup &&
			mkdir -p "/sys/fs/cgroup/$name.scope" &&
			echo $$ >"/sys/fs/cgroup/$name.scope/cgroup.procs" || exit
		export SYSTEMD_NSPAWN_UNIFIED_HIERARCHY=1 SYSTEMD_NSPAWN_LOCK=0
		exec systemd-nspawn -D "$root" --boot --register=no --keep-unit --machine="$name" \
			--volatile=overlay --private-users=pick --private-network --console=pipe "$@"
		' boot "$work/root" "$machine" --bind-ro="$work/package:/package" \
		--bind-ro="$here:/system" </dev/null >"$work/console" 2>&1 &
	nspawn=$!
	wait_for 30 find_leader || not_run "the container does not boot: $(tail -n 1 "$work/console")"
	wait_for 60 is_up || not_run "the container's systemd does not come up: $(tail -n 1 "$work/console")"
}

find_leader() {
	kill -0 "$nspawn" 2>/dev/null || return 1
	leader=$(head -n 1 "$groups/$machine.scope/payload/init.scope/cgroup.procs" 2>/dev/null)
	[ -n "$leader" ]
}

enter() {
	nsenter -t "$leader" -U -m -u -i -n -p -C -- env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin LC_ALL=C.UTF-8 "$@"
}

is_up() {
	case $(enter systemctl is-system-running 2>/dev/null) in
	running | degraded) ;;
	*) return 1 ;;
	esac
}

is_down() {
	! kill -0 "$nspawn" 2>/dev/null
}

shut_down() {
	[ -z "$leader" ] || enter systemctl poweroff >/dev/null 2>&1
	if [ -n "${nspawn-}" ]; then
		# Killing its first process ends all others of the container.
		wait_for 20 is_down || kill -KILL ${leader:+"$leader"} "$nspawn"
		wait "$nspawn" 2>/dev/null
	fi
	find "$groups/$machine.scope" -depth -type d -exec rmdir {} \; 2>/dev/null
}

mkdir -p "$work"
can_boot
make_tree
rm -rf "$work/root" "$work/package"
mkdir -p "$work/root" "$work/package"
tar -C "$work/root" -xf "$work/tree.tar"
cp "$package" "$work/package/waybill.deb"
trap shut_down EXIT
boot
enter systemd-run --quiet --wait --pipe --collect bash /system/life.sh
status=$?
[ "$status" = 0 ] || echo "system: failed" >&2
exit $((status != 0))

#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Installs the Debian packages that are missing: deps.sh build | lint | site | test | bench | peers | deb | system.
# Where everything is there already it asks nothing of the network and needs no rights.
set -eu

build="gcc libc6-dev pkg-config librdkafka-dev libpcre2-dev libconfig-dev libsqlite3-dev
	libsystemd-dev libxxhash-dev libjansson-dev uthash-dev zlib1g-dev libzstd-dev
	liblzma-dev libmicrohttpd-dev libncurses-dev libcurl4-openssl-dev libssl-dev"
lint="clang-format shellcheck universal-ctags scdoc mandoc systemd"
site="scdoc mandoc mkdocs"
test="logrotate apache2-utils cronolog liblogback-java liblog4j2-java libslf4j-java zstd xz-utils
	libcriterion-dev python3-venv clang strace procps ca-certificates tzdata
	openssl krb5-kdc krb5-admin-server krb5-user libsasl2-modules-gssapi-mit"

bench="valgrind"
# What rsyslog and syslog-ng stand on. They themselves conflict: tests/bench/peers.sh unpacks them.
peers="libestr0 libfastjson4 liblognorm5 libivykis0 libnet1 libwrap0 libpcre3 libglib2.0-0
	libjson-c5 libcap2"
deb="build-essential debhelper bash-completion dpkg-dev git libcriterion-dev lintian scdoc tzdata"
system="mmdebstrap systemd-container"

case "${1-}" in
build) wanted=$build ;;
lint) wanted="$build $lint" ;;
site) wanted=$site ;;
test) wanted="$build $lint $site $test" ;;
bench) wanted="$build $lint $site $test $bench" ;;
peers) wanted="$build $lint $site $test $peers" ;;
deb) wanted="$build $deb" ;;
system) wanted="$build $deb $system" ;;
*)
	echo "usage: $0 build|lint|site|test|bench|peers|deb|system" >&2
	exit 64
	;;
esac

say() {
	echo "deps: $*" >&2
}

installed() {
	[ "$(dpkg-query -W -f '${db:Status-Status}' "$1" 2>/dev/null)" = installed ]
}

# The sanitizer and fuzzer runtimes are a package that carries clang's version in its name.
clang_runtime() {
	apt-cache depends clang 2>/dev/null | sed -n 's/.*Depends: clang-\([0-9]*\)$/libclang-rt-\1-dev/p'
}

# $@: packages. Prints those that are missing. Any JDK or JRE and any Maven on the PATH will do.
missing() {
	for package; do
		installed "$package" || printf '%s ' "$package"
	done
	case $kind in
	test) command -v javac >/dev/null || printf 'default-jdk-headless ' ;;
	esac
	case $kind in
	test | bench | peers)
		command -v java >/dev/null || printf 'default-jre-headless '
		command -v mvn >/dev/null || printf 'maven '
		runtime=$(clang_runtime)
		[ -z "$runtime" ] || installed "$runtime" || printf '%s ' "$runtime"
		;;
	esac
}

kind=$1
if ! command -v apt-get >/dev/null || ! command -v dpkg-query >/dev/null; then
	say "this is not Debian, so nothing is installed; go on if you have what these packages hold:"
	# shellcheck disable=SC2086 # a list of words
	say $wanted
	exit 0
fi

# shellcheck disable=SC2086
absent=$(missing $wanted)
if [ -z "$absent" ]; then
	exit 0
fi
if [ "$(id -u)" != 0 ]; then
	say "missing packages, and installing them needs root. Run this, then try again:"
	say "  apt-get install -y --no-install-recommends $absent"
	exit 1
fi

export DEBIAN_FRONTEND=noninteractive
say "apt-get update"
apt-get -qq -o DPkg::Lock::Timeout=300 update
# Asked again: only now does a fresh machine know which version of clang it would get.
# shellcheck disable=SC2086
absent=$(missing $wanted)
say "apt-get install $absent"
# shellcheck disable=SC2086
if ! apt-get -qq -y -o DPkg::Lock::Timeout=300 -o Dpkg::Use-Pty=0 \
	install --no-install-recommends $absent >build-deps.log 2>&1; then
	cat build-deps.log >&2
	say "apt-get failed, see above"
	exit 1
fi
rm -f build-deps.log

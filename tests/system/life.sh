#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# The life of the package, under a booted systemd: run by run.sh inside its container. Every line
# that is written to a log is numbered, and Kafka (librdkafka's mock in a process of its own, read
# by kcat) is asked which numbers it has.
set -u

log=/var/log/orders.log
second_log=/var/log/second.log
shut_log=/var/log/shut.log
state=/var/lib/waybill
written=0
tests=0

fail() {
	echo "not ok - $*"
	echo "--- the last messages ---"
	journalctl --no-pager -q -n 40 -u 'waybill*' -o short-monotonic
	systemctl status --no-pager -n 0 'waybill*'
	exit 1
}

ok() {
	tests=$((tests + 1))
	echo "ok $tests - $*"
}

# $1: seconds, $2: what is waited for, then a command that succeeds when it is there.
wait_for() {
	local deadline=$((SECONDS + $1)) what=$2

	shift 2
	until "$@"; do
		((SECONDS < deadline)) || fail "$what"
		read -r -t 0.05 <> <(:)
	done
}

# $1: number of lines to append to the log.
write() {
	local last=$((written + $1))

	seq -f 'order=%.0f created' $((written + 1)) "$last" >>"$log"
	written=$last
}

# $1: topic. All values in it.
consume() {
	kcat -q -C -b "$broker" -t "$1" -o beginning -e
}

# Kafka has the first $written numbers.
all_there() {
	[ "$(consume orders | sort -u | wc -l)" = "$written" ]
}

property() {
	systemctl show -P "$2" "$1"
}

is_state() {
	[ "$(property waybill ActiveState)" = "$1" ]
}

# Another process than $1 runs and is ready.
runs_again() {
	local pid

	pid=$(property waybill MainPID)
	is_state active && [ "$pid" != 0 ] && [ "$pid" != "$1" ]
}

has_status() {
	[[ $(property waybill StatusText) == *"Kafka up" ]]
}

has_broker() {
	broker=$(sed -n 's/^bootstrap.servers=//p' /run/broker 2>/dev/null)
	[ -n "$broker" ]
}

# What is left of the package outside of what the system itself keeps about users and services.
remains() {
	find / -xdev \( -path /proc -o -path /sys -o -path /package -o -path /system \) -prune \
		-o -name '*waybill*' -print 2>/dev/null
}

# Scenario F10
try_install() {
	remains >/tmp/before
	[ ! -s /tmp/before ] || fail "the tree is not clean: $(cat /tmp/before)"
	DEBIAN_FRONTEND=noninteractive dpkg -i /package/waybill.deb >/tmp/dpkg.out 2>&1 ||
		fail "dpkg -i: $(cat /tmp/dpkg.out)"
	ok "it installs without a question"
	id -nG waybill | grep -qw adm || fail "user waybill in group adm"
	[ "$(systemctl is-enabled waybill)" = enabled ] || fail "it is enabled"
	is_state active || fail "it is started, without a broker and without sources"
	ok "user, enabled, started, ready without a broker"
	[ "$(stat -c '%U:%G %a' $state)" = 'waybill:waybill 750' ] || fail "owner and mode of $state"
	systemd-analyze verify --man=no waybill.service waybill@x.service >/tmp/verify 2>&1 ||
		fail "systemd-analyze verify: $(cat /tmp/verify)"
	# A misspelt key is only a warning.
	! grep -E 'waybill.*(Unknown|ignoring)' /tmp/verify || fail "systemd-analyze verify"
	for unit in waybill.service waybill@x.service; do
		systemd-analyze security --threshold=15 --no-pager "$unit" >/tmp/security ||
			fail "exposure of $unit: $(tail -n 1 /tmp/security)"
		ok "$(tail -n 1 /tmp/security | sed 's/[^ -~]//g; s/^ *//')"
	done
}

start_broker() {
	systemd-run --quiet --unit=broker sh -c \
		'sleep infinity | exec waybill broker orders:3 second:1 >/run/broker' || fail "a broker"
	wait_for 20 "the embedded broker starts" has_broker
}

# Scenario F10
configure() {
	echo "kafka: { bootstrap_servers = \"$broker\"; };" >/etc/waybill/conf.d/kafka.conf
	cat >/etc/waybill/conf.d/orders.conf <<-END
		sources: ( { name = "orders"; paths = "$log"; topic = "orders"; } );
	END
	install -m 640 -g adm /dev/null "$log"
	write 10
	runuser -u waybill -- waybill check --quiet >/tmp/check 2>&1 || fail "waybill check: $(cat /tmp/check)"
	systemctl restart waybill || fail "restart with a configuration"
	wait_for 30 "a line of /var/log is in Kafka" all_there
	ok "lines of a log that only root and group adm may read are read back from Kafka"
	wait_for 20 "STATUS= tells how it is" has_status
	[ "$(stat -c '%U:%G %a' /run/waybill/control)" = 'waybill:waybill 660' ] ||
		fail "owner and mode of the control socket"
	waybill status >/tmp/status 2>&1 || fail "waybill status: $(cat /tmp/status)"
	grep -q '^orders .* 1 .* 0 ' /tmp/status ||
		fail "waybill status: $(cat /tmp/status)"
	runuser -u nobody -- waybill status --socket /run/waybill/control >/tmp/status 2>&1 &&
		fail "anybody may ask"
	ok "status: of root, and of nobody else but group waybill"
	ok "status: $(property waybill StatusText)"
	journalctl -u waybill -o cat | grep -q 'order=' && fail "content of lines in the journal"
	journalctl -u waybill -o cat | grep -q "^started: waybill [^ ]*, user waybill, 1 source,.* $broker\$" ||
		fail "the first message: $(journalctl -u waybill -o cat | grep '^started')"
	journalctl -q -u waybill -o cat WAYBILL_MESSAGE=started | grep -q '^started: ' ||
		fail "a message has no id in the journal"
	journalctl -q -u waybill -x WAYBILL_MESSAGE=started | grep -q 'waybill has started' ||
		fail "journalctl -x knows nothing of a message"
	! grep -E '^<[0-7]>' <(journalctl -u waybill -o cat) || fail "priorities are not taken by the journal"
}

try_stop() {
	write 1000
	systemctl stop waybill || fail "stop"
	[ "$(property waybill Result)" = success ] || fail "stop: $(property waybill Result)"
	write 1000
	systemctl start waybill || fail "start"
	wait_for 30 "lines written while it was stopped arrive" all_there
	[ "$(consume orders | wc -l)" = "$written" ] || fail "a stop and start repeats lines"
	ok "stop, start: nothing lost, nothing repeated"
}

# What is said by check within the unit, on one line.
check_within() {
	waybill check --unit --no-network >/tmp/check 2>&1
	local status=$?

	tr -s ' \n' ' ' </tmp/check >/tmp/check.line
	return $status
}

# $1: what has to be in what it said.
says() {
	grep -qF -- "$1" /tmp/check.line || fail "waybill check --unit: no \"$1\" in: $(cat /tmp/check)"
}

# Scenario F10
try_check_unit() {
	local dropin=/run/systemd/system/waybill.service.d

	mkdir -p /home/app /tmp/app
	echo line | tee /home/app/a.log >/tmp/app/a.log
	install -m 640 -g games /dev/null /var/log/games.log
	cat >/etc/waybill/conf.d/hidden.conf <<-END
		sources: ( { name = "home"; paths = "/home/app/*.log"; topic = "orders"; },
			{ name = "tmp"; paths = "/tmp/app/*.log"; topic = "orders"; } );
	END
	runuser -u waybill -- waybill check --no-network --quiet >/tmp/check 2>&1 ||
		fail "a check outside of the unit: $(cat /tmp/check)"
	check_within
	[ $? = 78 ] || fail "waybill check --unit is content: $(cat /tmp/check)"
	says 'Checked as user waybill, groups waybill and others (hidden by PrivateUsers=)'
	says 'The unit hides it (ProtectHome=). In a drop-in (systemctl edit waybill): [Service] ProtectHome=read-only'
	says '(PrivateTmp=yes) Nothing of it is shipped. In a drop-in'
	! grep -q 'setfacl\|nogroup\|usermod' /tmp/check || fail "wrong advice: $(cat /tmp/check)"
	mkdir -p $dropin
	printf '[Service]\nProtectHome=read-only\nPrivateTmp=no\n' >$dropin/logs.conf
	systemctl daemon-reload
	check_within || fail "with the drop-in that it advised: $(cat /tmp/check)"
	echo 'sources: ( { name = "games"; paths = "/var/log/games.log"; topic = "orders"; } );' \
		>/etc/waybill/conf.d/hidden.conf
	check_within && fail "a file of a group that it is not in"
	says 'it is -rw-r----- root (hidden by PrivateUsers=)'
	says 'SupplementaryGroups=GROUP'
	rm -r $dropin /etc/waybill/conf.d/hidden.conf /home/app /tmp/app /var/log/games.log
	systemctl daemon-reload
	check_within || fail "waybill check --unit: $(cat /tmp/check)"
	! systemctl list-units --all --plain --no-legend | grep 'waybill check' || fail "a unit is left"
	ok "check --unit sees what the service sees, and names the drop-in"
}

# An unattended upgrade to a package with other defaults: nobody is there to be asked.
try_upgrade() {
	local pid

	pid=$(property waybill MainPID)
	rm -rf /tmp/next && mkdir /tmp/next
	dpkg-deb -R /package/waybill.deb /tmp/next/tree || fail "dpkg-deb -R"
	echo '# linger_ms = 30;' >>/tmp/next/tree/etc/waybill/waybill.conf
	sed -i 's/^Version: .*/&.1/' /tmp/next/tree/DEBIAN/control
	dpkg-deb --root-owner-group -b /tmp/next/tree /tmp/next/waybill.deb >/dev/null || fail "dpkg-deb -b"
	dpkg -i /tmp/next/waybill.deb </dev/null >/tmp/dpkg.out 2>&1 ||
		fail "an upgrade asks: $(cat /tmp/dpkg.out)"
	rm -r /tmp/next
	wait_for 30 "it runs after an upgrade" runs_again "$pid"
	write 10
	wait_for 30 "lines flow after an upgrade" all_there
	ok "an upgrade with other defaults asks nothing"
}

# $1: a value of the header that tells by which configuration a record was sent.
configure_header() {
	cat >/etc/waybill/conf.d/orders.conf <<-END
		sources: ( { name = "orders"; paths = [ "$log", "$shut_log" ]; topic = "orders";
			headers: ( { name = "life"; value = "$1"; } ); } );
	END
}

# The header of each record in the topic.
headers() {
	kcat -q -C -b "$broker" -t orders -o beginning -e -f '%h\n'
}

# The service is not between two programs, as far as systemd was told.

# $1: how often it has said that it started.
has_started_again() {
	[ "$(times_started)" -gt "$1" ]
}

has_taken_sources() {
	[ "$(property waybill SubState)" = running ] &&
		journalctl -q -u waybill -o cat | grep -q 'reload: sources .* are taken'
}

times_started() {
	journalctl -q -u waybill -o cat | grep -c '^started: '
}

try_reload() {
	local pid restarts started before

	pid=$(property waybill MainPID) restarts=$(property waybill NRestarts)
	started=$(times_started) before=$written
	configure_header second
	install -m 000 /dev/null $shut_log
	systemctl reload waybill || fail "systemctl reload, with a file that cannot be read"
	wait_for 30 "ready again after a reload" has_taken_sources
	write 100
	wait_for 30 "lines flow after a reload" all_there
	[ "$(consume orders | wc -l)" = "$written" ] || fail "a reload repeats lines"
	[ "$(headers | grep -c '^life=second$')" = $((written - before)) ] || fail "the new header"
	[ "$(property waybill MainPID)" = "$pid" ] || fail "the same process after a reload"
	rm $shut_log
	ok "reload: the new configuration is in force, in the same process, nothing repeated"
	started=$(times_started)
	echo 'sorces: ( );' >/etc/waybill/conf.d/wrong.conf
	systemctl reload waybill 2>/dev/null && fail "systemctl reload says nothing of a wrong configuration"
	is_state active || fail "a wrong configuration at a reload: $(property waybill ActiveState)"
	journalctl -q -u waybill -o cat | grep -q 'wrong.conf:1' || fail "a reload: file and line in the journal"
	kill -HUP "$pid"
	wait_for 20 "SIGHUP by hand is refused" refuses_reload
	rm /etc/waybill/conf.d/wrong.conf
	write 100
	wait_for 30 "lines flow after a reload that was refused" all_there
	[ "$(property waybill MainPID) $(times_started)" = "$pid $started" ] || fail "a reload that was refused"
	[ "$(property waybill NRestarts)" = "$restarts" ] || fail "systemd has started it again"
	ok "reload with a wrong configuration: it fails visibly, and the service goes on"
}

refuses_reload() {
	journalctl -q -u waybill -o cat | grep -q '^reload refused'
}

# Writes lines in small steps, from number $1 on, until it is told to stop.
keep_writing() {
	local n=$1

	until [ -e /run/enough ]; do
		seq -f 'order=%.0f created' $((n + 1)) $((n + 200)) >>"$log"
		n=$((n + 200))
		read -r -t 0.005 <> <(:)
	done
	echo "$n" >/run/written
}

# Kafka has lines that were written after the first $written.
flows() {
	[ "$(consume orders | sort -u | wc -l)" -gt "$written" ]
}

# Sends it signal $1 in the middle of its work.
try_death() {
	local pid restarts writer

	pid=$(property waybill MainPID) restarts=$(property waybill NRestarts)
	rm -f /run/enough
	keep_writing "$written" &
	writer=$!
	wait_for 30 "lines flow" flows
	kill "-$1" "$pid"
	wait_for 60 "it is started again after $1" runs_again "$pid"
	: >/run/enough
	wait "$writer"
	written=$(cat /run/written)
	wait_for 60 "no line is lost after $1" all_there
	(($(property waybill NRestarts) == restarts + 1)) || fail "one restart after $1"
}

repeated() {
	echo $(($(consume orders | wc -l) - written))
}

# Scenario F01, F05
try_deaths() {
	try_death KILL
	ok "SIGKILL: systemd starts it again, nothing of $written lines lost, $(repeated) repeated"
	mkdir -p /run/systemd/system/waybill.service.d
	printf '[Service]\nWatchdogSec=3\n' >/run/systemd/system/waybill.service.d/watchdog.conf
	systemctl daemon-reload
	systemctl restart waybill
	try_death STOP
	journalctl -q -u waybill -o cat | grep -qi 'watchdog timeout' || fail "it was the watchdog"
	rm -r /run/systemd/system/waybill.service.d
	systemctl daemon-reload
	ok "SIGSTOP: the watchdog kills it, systemd starts it again, nothing of $written lines lost"
}

try_wrong_configuration() {
	local restarts

	systemctl stop waybill
	restarts=$(property waybill NRestarts)
	echo 'sorces: ( );' >/etc/waybill/conf.d/wrong.conf
	systemctl start waybill 2>/dev/null && fail "it starts with a wrong configuration"
	is_state failed || fail "wrong configuration: $(property waybill ActiveState)"
	[ "$(property waybill ExecMainStatus)" = 78 ] || fail "exit status $(property waybill ExecMainStatus), not 78"
	[ "$(property waybill NRestarts)" -le "$restarts" ] || fail "it is restarted with a wrong configuration"
	journalctl -q -u waybill -o cat | grep -q 'wrong.conf:1' || fail "file and line are in the journal"
	rm /etc/waybill/conf.d/wrong.conf
	systemctl start waybill || fail "start with the right configuration again"
	ok "a wrong configuration: failed, told with file and line, not tried for ever"
}

second_there() {
	[ "$(consume second)" = 'a line of the second' ]
}

try_instance() {
	mkdir /etc/waybill/second
	install -m 640 -g adm /dev/null "$second_log"
	cat >/etc/waybill/second/waybill.conf <<-END
		kafka: { bootstrap_servers = "$broker"; };
		sources: ( { name = "second"; paths = "$second_log"; topic = "second"; } );
	END
	systemctl enable --quiet --now waybill@second || fail "an instance starts"
	echo 'a line of the second' >>"$second_log"
	wait_for 30 "the instance ships its log" second_there
	systemctl reload waybill@second || fail "an instance reloads"
	waybill check --unit --quiet waybill@second >/tmp/check 2>&1 ||
		fail "waybill check --unit waybill@second: $(cat /tmp/check)"
	[ -d $state/second ] || fail "the instance has a state of its own"
	is_state active || fail "the first one is not touched by it"
	ok "an instance beside it, with configuration and state of its own"
}

try_remove() {
	dpkg -r waybill >/tmp/dpkg.out 2>&1 || fail "dpkg -r: $(cat /tmp/dpkg.out)"
	is_state active && fail "removed, but still running"
	pgrep -x waybill -a | grep -v ' broker ' && fail "removed, but an instance is still running"
	[ -f $state/waybill.db ] || fail "remove keeps the state"
	[ -f /etc/waybill/waybill.conf ] || fail "remove keeps the configuration"
	[ ! -e /usr/sbin/waybill ] || fail "the program is still there"
	ok "remove: stopped, instances too; state and configuration stay"
	dpkg -i /package/waybill.deb >/tmp/dpkg.out 2>&1 || fail "install again: $(cat /tmp/dpkg.out)"
	write 10
	wait_for 30 "installed again, it goes on where it was" all_there
	ok "installed again: goes on where it was"
}

try_purge() {
	# Enabled, and nobody disables it.
	[ -L /etc/systemd/system/multi-user.target.wants/waybill@second.service ] || fail "the instance's link"
	rm -r /etc/waybill/second
	systemctl stop broker
	dpkg -P waybill >/tmp/dpkg.out 2>&1 || fail "dpkg -P: $(cat /tmp/dpkg.out)"
	[ -f /etc/waybill/conf.d/orders.conf ] || fail "purge keeps what the administrator wrote"
	[ ! -e /etc/waybill/waybill.conf ] || fail "purge removes the configuration of the package"
	rm -r /etc/waybill
	remains >/tmp/after
	[ ! -s /tmp/after ] || fail "purge leaves: $(cat /tmp/after)"
	id waybill >/dev/null || fail "the user stays: files elsewhere may be his"
	ok "purge: nothing is left but the user and what the administrator wrote"
}

try_install
start_broker
configure
try_check_unit
try_stop
try_reload
try_deaths
try_wrong_configuration
try_upgrade
try_instance
try_remove
try_purge
echo "system: $tests ok, systemd $(systemctl --version | sed -n '1s/^systemd \([0-9]*\).*/\1/p')"

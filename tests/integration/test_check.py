# SPDX-License-Identifier: Apache-2.0
"""waybill check: says all of what run would trip over, changes nothing, and run agrees with it."""

import ctypes
import grp
import gzip
import os
import pwd
import re
import resource
import stat
import subprocess
import time

import pytest
from rig import config
from rig.agent import EX_CONFIG, EX_NOINPUT, EX_NOPERM, EX_OK, EX_USAGE
from rig.lines import PATTERN
from rig.paths import ROOT as TOP
from rig.paths import WAYBILL
from rig.process import free_port
from rig.rights import OTHER_NAME, OTHER_USER, ROOT, UNPRIVILEGED
from test_badstart import BROKEN, NOWHERE, spoil


class Check:
    """One run of waybill check."""

    def __init__(self, conf, *options, prefix=(), program=WAYBILL, preexec_fn=None):
        command = [*prefix, program, "check", "--config", conf, *options]
        begin = time.monotonic()
        done = subprocess.run(
            [str(part) for part in command],
            capture_output=True,
            text=True,
            timeout=60,
            preexec_fn=preexec_fn,
            check=False,
        )
        self.seconds = time.monotonic() - begin
        self.code, self.out, self.err = done.returncode, done.stdout, done.stderr

    def findings(self):
        """[(place, severity, text)]; what is wrapped and indented is joined again."""
        found = []
        for line in self.out.splitlines():
            head = re.match(r"(\S+): (error|warning|note): (.*)", line)
            if head:
                found.append(list(head.groups()))
            elif found and line.startswith("    "):
                found[-1][2] += " " + line.strip()
            elif found:
                break
        return found

    def says(self, severity, *words):
        for place, level, text in self.findings():
            if level == severity and all(str(word) in f"{place} {text}" for word in words):
                return place, text
        return None

    def assert_says(self, severity, *words):
        found = self.says(severity, *words)
        assert found, f"{severity} {words} in:\n{self.out}{self.err}"
        return found


@pytest.fixture
def conf(work):
    """conf(text or settings): the path of a configuration, in a directory that all may enter."""

    def write(what):
        path = work / "waybill.conf"
        path.write_text(what if isinstance(what, str) else config.render_settings(what))
        return path

    return write


@pytest.fixture
def good(work, conf):
    """good(bootstrap, topic, source={}, **settings): all is well with it but what is changed."""

    def write(bootstrap, topic, source=None, **settings):
        paths = [str(work / "log" / "*.log")]
        sources = [config.source(topic, **{"paths": paths, **(source or {})})]
        state = str(work / "state")
        return conf(config.settings(bootstrap, sources, **{"state_dir": state, **settings}))

    return write


def test_all_is_well(cluster, topic, work, good, make_agent):
    """Ready, facts of the topic, and nothing was made: no state directory."""
    (work / "log" / "a.log").write_text("x\n" * 10)
    path = good(cluster.bootstrap, topic)
    check = Check(path)
    assert check.code == EX_OK, check.out
    assert "1 file, 20 bytes" in " ".join(check.out.split())
    assert f"topic {topic}: 6 partitions" in " ".join(check.out.split())
    assert "ready to run" in check.out
    assert not check.err
    assert not check.says("error", "")
    assert not (work / "state").exists()
    assert max(len(line) for line in check.out.splitlines() if " " in line.strip()) <= 80, check.out


def test_quiet_prints_problems_only(cluster, topic_name, good):
    topic = cluster.make_topic(topic_name, max_message_bytes=1000)
    loud, quiet = Check(good(cluster.bootstrap, topic)), Check(good(cluster.bootstrap, topic), "--quiet")
    assert "note:" in loud.out and "Source" in loud.out
    assert "note:" not in quiet.out and "Source" not in quiet.out
    assert quiet.says("warning", "max.message.bytes 1000")
    assert [f for f in loud.findings() if f[1] != "note"] == quiet.findings()


@pytest.mark.parametrize("name", BROKEN)
@pytest.mark.scenario("F04")
def test_broken_configuration(conf, name):
    """What run refuses, check refuses, with the same words."""
    text, words = BROKEN[name]
    check = Check(conf(text), "--no-network")
    assert check.code == EX_CONFIG, check.out
    found = " ".join(check.out.split())
    for word in words:
        assert word in found, check.out
    assert any("waybill.conf:" in place for place, level, _ in check.findings() if level == "error")


def test_all_problems_at_once(work, conf):
    """Those of the configuration, of the files and of the state directory."""
    check = Check(
        conf(
            spoil(
                main={"lingr_ms": 5, "state_dir": str(work / "no" / "state")},
                source={"key": "${ordr_id}", "paths": [str(work / "nowhere" / "*.log")]},
            )
        ),
        "--no-network",
    )
    assert check.code == EX_CONFIG
    check.assert_says("error", "lingr_ms", "linger_ms")
    check.assert_says("error", "ordr_id", "order_id")
    check.assert_says("error", "state_dir", "does not exist")
    check.assert_says("warning", "nowhere does not exist")


def test_a_problem_in_conf_d_is_told_of_its_file(work, conf):
    path = conf(spoil())
    (work / "conf.d").mkdir()
    (work / "conf.d" / "more.conf").write_text('sources: (\n { name = "m";\n   pahts = "/x"; } );\n')
    check = Check(path, "--no-network")
    assert check.code == EX_CONFIG
    place, _ = check.assert_says("error", "pahts", "paths")
    assert place.endswith("conf.d/more.conf:3")


def test_a_file_of_conf_d_whose_name_is_wrong_is_told(work, conf):
    path = conf(spoil())
    (work / "conf.d").mkdir()
    for name in ("more.cfg", "MORE.CONF", "more", "a.conf.example", "b.conf~", "README", ".c.cfg"):
        (work / "conf.d" / name).write_text("nonsense")
    found = [text for _, level, text in Check(path, "--no-network").findings() if "is not read" in text]
    assert len(found) == 3, found
    assert all(any(f"conf.d/{name} is" in text for text in found) for name in ("more.cfg", "MORE.CONF", "more"))


def test_unreadable_configuration(work, conf):
    assert Check(work / "none.conf").code == EX_NOINPUT
    path = conf(spoil())
    path.chmod(0)
    check = Check(path, prefix=UNPRIVILEGED)
    assert check.code == EX_NOPERM
    assert "waybill.conf" in check.err and not check.out


def test_usage(conf):
    assert Check(conf(spoil()), "--no-such-option").code == EX_USAGE
    check = Check(conf(spoil()), "--help")
    assert check.code == EX_OK
    assert "--no-network" in check.out
    assert max(map(len, check.out.splitlines())) <= 80


def test_no_broker(good):
    """Told within 6 seconds, with address, setting and line."""
    address = f"127.0.0.1:{free_port()}"
    path = good(address, "t")
    check = Check(path)
    assert check.code == EX_CONFIG
    place, _ = check.assert_says("error", address, "bootstrap_servers")
    line = next(n for n, l in enumerate(path.read_text().splitlines(), 1) if "bootstrap_servers" in l)
    assert place == f"{path}:{line}"
    assert check.seconds < 7
    fast = Check(path, "--no-network")
    assert fast.code == EX_OK, fast.out
    assert fast.seconds < 2


def test_missing_topic(cluster, topic_name, good):
    """Told, and not made by the asking."""
    path = good(cluster.bootstrap, topic_name)
    check = Check(path)
    assert check.code == EX_CONFIG
    command = f"kafka-topics --bootstrap-server {cluster.bootstrap} --create --topic {topic_name}"
    place, text = check.assert_says("error", topic_name, "does not exist", command)
    # A cluster of one.
    assert text.endswith("--replication-factor 1"), text
    line = next(n for n, l in enumerate(path.read_text().splitlines(), 1) if " topic = " in l)
    assert place == f"{path}:{line}"
    assert topic_name not in cluster.admin.list_topics(timeout=5).topics


def test_what_is_insecure(work, good):
    """Fine in a trial; with --strict each of it is an error, with its cure."""
    secret, state = work / "secret", work / "state"
    secret.write_text("x")
    secret.chmod(0o644)
    state.mkdir(mode=0o700)
    kafka = {
        "security_protocol": "sasl_plaintext",
        "sasl_mechanism": "PLAIN",
        "sasl_username": "waybill",
        "sasl_password": f"file:{secret}",
    }
    path = good(NOWHERE, "t", kafka=kafka)
    (work / "conf.d").mkdir()
    for each in (path, state, work / "conf.d"):
        each.chmod(each.stat().st_mode | 0o002)
    check = Check(path, "--no-network")
    assert check.code == EX_OK, check.out
    check.assert_says("warning", "sasl_plaintext", "the password goes over the network")
    check.assert_says("warning", "sasl_password", f"chgrp waybill {secret} && chmod 640 {secret}")
    for each in (path, state, work / "conf.d"):
        check.assert_says("warning", f"{each} can be written by every user", f"chmod o-w {each}")
    assert Check(path, "--no-network", "--strict").code == EX_CONFIG
    for each in (path, state, work / "conf.d"):
        each.chmod(each.stat().st_mode & ~0o002)
    secret.chmod(0o600)
    kafka.update(security_protocol="sasl_ssl")
    check = Check(good(NOWHERE, "t", kafka=kafka), "--no-network", "--strict")
    assert check.code == EX_OK, check.out
    kafka.update(ssl_endpoint_identification_algorithm="none")
    check = Check(good(NOWHERE, "t", kafka=kafka), "--no-network")
    check.assert_says("warning", "ssl_endpoint_identification_algorithm", "pose as the brokers")
    kafka.update(enable_ssl_certificate_verification=False)
    check = Check(good(NOWHERE, "t", kafka=kafka), "--no-network")
    check.assert_says("warning", "enable_ssl_certificate_verification", "pose as the brokers")


def test_strict(cluster, topic, work, good):
    """One replica is a warning: fine, but not with --strict."""
    (work / "log" / "a.log").write_text("x\n")
    path = good(cluster.bootstrap, topic)
    check = Check(path)
    check.assert_says("warning", topic, "1 replica")
    assert check.code == EX_OK
    assert Check(path, "--strict").code == EX_CONFIG


def test_min_insync_above_the_replicas(broker, topic_name, good):
    """No line can ever be acknowledged: an error."""
    topic = broker.make_topic(topic_name, min_insync_replicas=2)
    check = Check(good(broker.bootstrap, topic))
    assert check.code == EX_CONFIG
    check.assert_says("error", topic, "min.insync.replicas 2", "no line can be acknowledged")


def test_replicas_without_acks_of_all(broker, topic_name, good):
    """min.insync.replicas holds for acks=all only: with less it is not judged, and run ships."""
    topic = broker.make_topic(topic_name, min_insync_replicas=2)
    plain = {"enable_idempotence": False, "acks": 1}
    check = Check(good(broker.bootstrap, topic, kafka=plain))
    check.assert_says("warning", "acks = 1", "lost")
    assert check.code == EX_OK and "min.insync.replicas 2: no line" not in check.out
    one = {"topic_config": {"acks": "all"}}
    check = Check(good(broker.bootstrap, topic, kafka=plain, source=one))
    check.assert_says("error", topic, "no line can be acknowledged")


def test_settings_of_a_topic(cluster, topic_name, good):
    topic = cluster.make_topic(
        topic_name, max_message_bytes=5000, message_timestamp_type="LogAppendTime"
    )
    check = Check(good(cluster.bootstrap, topic, source={"max_line": "8KiB"}))
    check.assert_says("warning", "max_line is 8192", "max.message.bytes 5000")
    check.assert_says("note", "LogAppendTime")


def test_timestamps_that_a_topic_does_not_take(cluster, topic_name, good):
    """What the brokers would overwrite or refuse, at the setting of the source."""
    lines = {"timestamp": "${line}", "timestamp_max_past": "7d"}
    append = cluster.make_topic(f"{topic_name}-append", message_timestamp_type="LogAppendTime")
    path = good(cluster.bootstrap, append, source=lines)
    command = f"kafka-configs --bootstrap-server {cluster.bootstrap} --alter"
    place, _ = Check(path).assert_says("warning", append, "LogAppendTime", command)
    line = next(n for n, l in enumerate(path.read_text().splitlines(), 1) if " timestamp = " in l)
    assert place == f"{path}:{line}"

    narrow = cluster.make_topic(
        f"{topic_name}-narrow",
        message_timestamp_before_max_ms=86400000,
        message_timestamp_after_max_ms=60000,
    )
    check = Check(good(cluster.bootstrap, narrow, source=lines))
    check.assert_says("warning", "timestamp_max_past is 604800000 ms", "before.max.ms 86400000 ms")
    check.assert_says("warning", "timestamp_max_future is 3600000 ms", "after.max.ms 60000 ms")
    within = {**lines, "timestamp_max_past": "23h", "timestamp_max_future": "59s"}
    assert "timestamp_max" not in Check(good(cluster.bootstrap, narrow, source=within)).out


def test_null_keys_for_a_compacted_topic(cluster, topic_name, good):
    """Kafka refuses them: an error where there is never a key, a warning where it may be missing."""
    topic = cluster.make_topic(topic_name, cleanup_policy="compact,delete")
    path = good(cluster.bootstrap, topic)
    place, _ = Check(path).assert_says("warning", topic, "compact", "on_missing_key")
    line = next(n for n, l in enumerate(path.read_text().splitlines(), 1) if " key = " in l)
    assert place == f"{path}:{line}"
    for never_null in (
        {"on_missing_key": "dead_letter"},
        {"on_missing_key": "constant:none"},
        {"key": "${order_id:-none}"},
        {"key": "${file.name}"},
    ):
        assert "cleanup.policy" not in Check(good(cluster.bootstrap, topic, source=never_null)).out
    number = {"key": "${order_id:-0}", "key_type": "int32"}
    Check(good(cluster.bootstrap, topic, source=number)).assert_says("warning", "may be missing")
    text = "\n".join(l for l in path.read_text().splitlines() if " key = " not in l)
    path.write_text(text)
    check = Check(path)
    assert check.code == EX_CONFIG
    check.assert_says("error", topic, "gives no key")


def shut(path, mode, group=None):
    """For OTHER_USER; returns the words that check should have for it."""
    path.chmod(mode if ROOT else mode & 0o555 if mode & 0o004 else 0)
    if ROOT and group is not None:
        os.chown(path, 0, grp.getgrnam(group).gr_gid)
    st = path.stat()
    owner, group = pwd.getpwuid(st.st_uid).pw_name, grp.getgrgid(st.st_gid).gr_name
    return f"{stat.filemode(st.st_mode)} {owner} {group}"


@pytest.fixture
def for_others(tmp_path_factory):
    """A directory that every user can enter, a copy of the program in it."""
    directory = tmp_path_factory.mktemp("check")
    for parent in (directory, *directory.parents):
        if not parent.stat().st_mode & stat.S_IXOTH:
            parent.chmod(0o755)
    copy = directory / "waybill"
    copy.write_bytes(WAYBILL.read_bytes())
    copy.chmod(0o755)
    yield directory
    for path in directory.rglob("*"):
        path.chmod(0o755)


def check_as_other(directory, paths, *options):
    path = directory / "waybill.conf"
    settings = config.settings(NOWHERE, [config.source("t", paths)], state_dir="/tmp/waybill-none")
    path.write_text(config.render_settings(settings))
    path.chmod(0o644)
    return Check(path, "--no-network", *options, prefix=OTHER_USER, program=directory / "waybill")


def test_links_of_others(tmp_path):
    """A link of one to what is another's, at the end of a path and on the way: not followed, told."""
    for name, target in (("app.log", "/etc/passwd"), ("conf", "/etc")):
        (tmp_path / name).symlink_to(target)
        if ROOT:
            os.lchown(tmp_path / name, 12345, 12345)
    paths = [f"{tmp_path}/*.log", f"{tmp_path}/conf/passwd"]
    path = tmp_path / "waybill.conf"

    def check(**settings):
        source = config.source("t", paths, **settings)
        path.write_text(config.render_settings(config.settings(NOWHERE, [source], state_dir="/tmp/none")))
        return Check(path, "--no-network")

    refused = check()
    refused.assert_says("warning", f"{tmp_path}/app.log", "follow_links")
    refused.assert_says("warning", f"{tmp_path}/conf", "follow_links")
    assert "follow_links" not in check(follow_links="any").out


def test_unreadable_file(for_others):
    """Who may not, what it is, and what would help: the group that may, else a right of his own."""
    log = for_others / "log"
    log.mkdir()
    log.chmod(0o755)
    (log / "open.log").write_text("x\n")
    (log / "open.log").chmod(0o644)
    (log / "shut.log").write_text("x\n")
    words = shut(log / "shut.log", 0o640, "adm")
    check = check_as_other(for_others, [log / "*.log"])
    assert check.code == EX_CONFIG
    check.assert_says("error", log / "shut.log", f"it is {words}", f"by user {OTHER_NAME}")
    if ROOT:
        check.assert_says("error", "SupplementaryGroups=adm", "usermod -aG adm nobody")
    assert not check.says("error", "open.log")
    assert "1 file, 2 bytes, 1 cannot be read" in " ".join(check.out.split())
    shut(log / "shut.log", 0o600)
    check = check_as_other(for_others, [log / "*.log"])
    check.assert_says("error", log / "shut.log", f"setfacl -m u:{OTHER_NAME}:r {log / 'shut.log'}")


def exec_reload(conf, program):
    """What the unit runs before it sends SIGHUP, for this program and configuration."""
    unit = (TOP / "packaging/systemd/waybill.service").read_text()
    command = re.search(r"^ExecReload=/usr/sbin/waybill (check .*)$", unit, re.MULTILINE)[1]
    return [program, *command.replace("/etc/waybill/waybill.conf", str(conf)).split()]


@pytest.mark.scenario("F03")
def test_reload_asks_for_the_configuration_only(for_others):
    """Whoever owns a matching file could forbid that a certificate is changed, by its mode."""
    log = for_others / "log"
    log.mkdir()
    log.chmod(0o755)
    (log / "shut.log").write_text("x\n")
    shut(log / "shut.log", 0)
    assert check_as_other(for_others, [log / "*.log"]).code == EX_CONFIG
    conf, program = for_others / "waybill.conf", for_others / "waybill"
    command = [*OTHER_USER, *exec_reload(conf, program)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (EX_OK, "", "")
    conf.write_text(conf.read_text() + "sorces: ( );\n")
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == EX_CONFIG and "sorces" in done.stdout, done.stdout + done.stderr


@pytest.mark.parametrize("pattern", ["deep/er/a.log", "deep/er/*.log", "**/*.log"])
def test_directory_that_cannot_be_entered(for_others, pattern):
    """It is the component that is named, not the file below it."""
    deep = for_others / "log" / "deep"
    (deep / "er").mkdir(parents=True)
    (deep / "er" / "a.log").write_text("x\n")
    (for_others / "log").chmod(0o755)
    words = shut(deep, 0o700)
    check = check_as_other(for_others, [for_others / "log" / pattern])
    deep.chmod(0o700)
    assert check.code == EX_CONFIG, check.out
    check.assert_says("error", 'source "lines"', deep, f"is {words}")


def test_state_directory_of_another_user(for_others):
    """The usual trap: it was run as root once."""
    state = for_others / "state"
    state.mkdir()
    words = shut(state, 0o755)
    check = check_as_other(for_others, ["/nowhere/*.log"], "--state-dir", state)
    assert check.code == EX_CONFIG
    said = f"state_dir {state} is not writable: it is {words}"
    check.assert_says("error", said, OTHER_NAME, "status 73")
    state.chmod(0o777)
    (state / "lock").write_text("")
    words = shut(state / "lock", 0o600)
    check = check_as_other(for_others, ["/nowhere/*.log"], "--state-dir", state)
    check.assert_says("error", f"{state}/lock is {words}")


def test_state_directory_is_a_file(work, good):
    (work / "state").write_text("")
    check = Check(good(NOWHERE, "t"), "--no-network")
    assert check.code == EX_CONFIG
    check.assert_says("error", "state_dir", "is not a directory")


def test_compressed_files(work, good):
    """What would be unpacked, what the setting would change, and what nothing does."""
    (work / "log" / "a.log").write_bytes(gzip.compress(b"x\n"))
    (work / "log" / "b.log").write_bytes(b"BZh91AY")
    check = Check(good(NOWHERE, "t"), "--no-network")
    assert check.code == EX_OK
    check.assert_says("warning", "a.log is", "compressed = true", "*.log")
    check.assert_says("warning", "b.log", "compressed, in a way that is not unpacked")
    assert "*.log: 0 files" in check.out
    check = Check(good(NOWHERE, "t", {"compressed": True}), "--no-network")
    assert check.code == EX_OK
    assert not check.says("warning", "a.log")
    check.assert_says("warning", "b.log", "not unpacked")
    said = " ".join(check.out.split())
    assert "*.log: 1 file, 22 bytes, 1 of them compressed, to be unpacked" in said


def test_what_run_would_not_follow(work, good):
    """A FIFO is not opened: that would wait for a writer."""
    log = work / "log"
    os.mkfifo(log / "fifo.log")
    (log / "zipped.log").write_bytes(b"\x1f\x8b\x08\x00\x00\x00\x00\x00")
    (log / "plain.log").write_text("x\n")
    check = Check(good(NOWHERE, "t"), "--no-network")
    assert check.code == EX_OK
    check.assert_says("warning", "fifo.log", "FIFO")
    check.assert_says("warning", "zipped.log", "compressed")
    assert "1 file," in " ".join(check.out.split())
    check = Check(good(NOWHERE, "t", source={"exclude": ["fifo*", "zipped*"]}), "--no-network")
    assert not check.says("warning", "")


def test_source_that_gets_nothing(work, conf):
    """Two sources want the same files: the first one has them."""
    (work / "log" / "a.log").write_text("x\n")
    sources = [
        config.source("t", [work / "log" / "*.log"], name="first"),
        config.source("t", [work / "log" / "a*"], name="second"),
    ]
    check = Check(conf(config.settings(NOWHERE, sources, state_dir=str(work / "s"))), "--no-network")
    check.assert_says("warning", 'source "second"', 'source "first"', "takes them (1)")


def test_badly_backtracking_pattern(good):
    check = Check(good(NOWHERE, "t", source={"key": "${file.name}", "headers": []},
                       pattern="^(?<x>([a-z]+,?)+);"), "--no-network")
    place, _ = check.assert_says("warning", 'parser "order"', "backtracks", "possessive")
    assert re.search(r"waybill.conf:\d+$", place)
    assert not Check(good(NOWHERE, "t"), "--no-network").says("warning", "backtracks")


PR_SET_MDWE = 65


def test_no_jit(good):
    """Told when the process may not make code (where the kernel can forbid it), and for a pattern."""
    path = good(NOWHERE, "t")
    forbid = lambda: ctypes.CDLL(None).prctl(PR_SET_MDWE, 1, 0, 0, 0)  # noqa: E731
    can = subprocess.run(["true"], preexec_fn=lambda: os._exit(forbid() != 0), check=False)
    check = Check(path, "--no-network", preexec_fn=forbid)
    assert bool(check.says("warning", "MemoryDenyWriteExecute")) == (can.returncode == 0), check.out
    assert not Check(path, "--no-network").says("warning", "JIT")
    path = good(NOWHERE, "t", pattern="(*NO_JIT)" + PATTERN)
    Check(path, "--no-network").assert_says("note", 'parser "order"', "machine code")


def test_limits(work, good):
    """Fewer descriptors than files."""
    for number in range(40):
        (work / "log" / f"{number}.log").write_text("x\n")
    few = lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (150, 150))  # noqa: E731
    check = Check(good(NOWHERE, "t"), "--no-network", preexec_fn=few)
    check.assert_says("warning", "40 files", "LimitNOFILE")
    assert not Check(good(NOWHERE, "t"), "--no-network").says("warning", "LimitNOFILE")


def test_beside_a_running_agent(cluster, topic, make_lineage, make_agent, make_oracle):
    """It says who holds the lock, and neither takes it nor opens the database."""
    lineage = make_lineage("a").append(1000)
    agent = make_agent(cluster.bootstrap, topic).start()
    agent.counted(lines_delivered=1000, checkpoints=1)
    before = {path.name: path.stat().st_ino for path in agent.state.iterdir()}
    check = Check(agent.config, "--state-dir", agent.state)
    assert check.code == EX_OK, check.out
    found = check.says("note", "holds its lock")
    assert not found or str(agent.process.pid) in found[1], check.out
    assert {path.name: path.stat().st_ino for path in agent.state.iterdir()} == before
    lineage.append(1000)
    agent.counted(lines_delivered=2000)
    agent.stop()
    make_oracle(cluster, topic, [lineage]).judge().assert_clean(written=2000)


def test_print_loads_again_and_equals(cluster, topic, work, good):
    """What is printed is a configuration, with all defaults and without secrets."""
    path = good(cluster.bootstrap, topic, kafka={"sasl_password": "hunter2"}, linger_ms=7)
    first = Check(path, "--print")
    assert first.code == EX_OK, first.err
    assert "hunter2" not in first.out + first.err
    assert 'sasl_password = "***";' in first.out
    assert "linger_ms = 7;" in first.out and 'chunk_memory = "16MiB";' in first.out
    again = work / "again.conf"
    again.write_text(first.out)
    second = Check(again, "--print")
    assert second.code == EX_OK, second.err
    assert second.out.splitlines()[1:] == first.out.splitlines()[1:]
    assert Check(again, "--no-network").code == EX_OK


def test_print_of_another_state_directory(conf, work):
    """It printed that of the configuration, which run would not use."""
    path = conf(spoil(main={"state_dir": "/var/lib/elsewhere"}))
    for given, wanted in ((work / "other", work / "other"), ("relative", f"{os.getcwd()}/relative")):
        check = Check(path, "--print", "--state-dir", given)
        assert check.code == EX_OK, check.err
        assert f'state_dir = "{wanted}";' in check.out and "elsewhere" not in check.out
    assert 'state_dir = "/var/lib/elsewhere";' in Check(path, "--print").out


def test_print_of_what_is_broken(conf):
    check = Check(conf(spoil(main={"lingr_ms": 5})), "--print")
    assert check.code == EX_CONFIG
    assert not check.out and "lingr_ms" in check.err


def test_no_colours_in_a_pipe(conf):
    assert "\033" not in Check(conf(spoil(main={"lingr_ms": 5})), "--no-network").out


@pytest.mark.parametrize("no_color", [False, True])
def test_colours_on_a_terminal(conf, no_color):
    path = conf(spoil(main={"lingr_ms": 5}))
    terminal, slave = os.openpty()
    env = {**os.environ, "TERM": "xterm", "NO_COLOR": "1" if no_color else ""}
    command = [WAYBILL, "check", "--no-network", "--config", path]
    done = subprocess.run(command, stdout=slave, env=env, timeout=20, check=False)
    os.close(slave)
    out = os.read(terminal, 65536).decode()
    os.close(terminal)
    assert done.returncode == EX_CONFIG
    assert ("\033[1;31m" in out) == (not no_color), out

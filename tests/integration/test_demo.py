# SPDX-License-Identifier: Apache-2.0
"""waybill demo: what is printed is all there is to judge by, so it is parsed. Only the test with
--brokers needs a Kafka, which says for itself what has come."""

import fcntl
import os
import pty
import re
import signal
import struct
import subprocess
import tempfile
import termios
import threading
from pathlib import Path

import pytest
from rig.agent import EX_NOINPUT, EX_OK, EX_SOFTWARE, EX_USAGE
from rig.paths import WAYBILL
from rig.reader import Reader
from rig.wait import wait_for

RECORD = re.compile(
    r"^(?P<topic>\w+)  partition (?P<partition>\d)  offset (?P<offset>\d+)  key (?P<key>.*)\n"
    r"  headers  (?P<headers>.*(?:\n {11}.*)*)\n"
    r"  value    (?P<value>.*)$",
    re.MULTILINE,
)
SHIPPED = re.compile(r"^    lines (\d+), delivered (\d+), lost (\d+), repeated (\d+)", re.MULTILINE)
ACT = re.compile(r"^(\d) (.*)$", re.MULTILINE)
COUNTERS = re.compile(
    r"^ +(\d+) s  written (\d+)  delivered (\d+)  behind (\d+)  repeated (\d+)  (\d+) lines/s *$"
)
DEADLINE = 60


class Demo:
    def __init__(self, tmp):
        self.tmp = tmp
        self.environment = dict(os.environ, TMPDIR=str(tmp), LC_ALL="C.UTF-8", TERM="xterm")
        self.environment.pop("NO_COLOR", None)
        self.deadlines = []

    def start(self, *arguments, **options):
        """It is killed when it does not end in time."""
        options = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, **options}
        command = [WAYBILL, "demo", *map(str, arguments)]
        process = subprocess.Popen(
            command, env=self.environment, stdin=subprocess.DEVNULL, **options
        )
        self.deadlines.append(threading.Timer(DEADLINE, process.kill))
        self.deadlines[-1].start()
        return process

    def run(self, *arguments, expect=EX_OK):
        process = self.start(*arguments)
        out, err = process.communicate()
        assert process.returncode == expect, (out.decode(), err.decode())
        return out.decode(), err.decode()

    def left(self):
        return list(self.tmp.glob("waybill-demo-*"))

    def processes(self):
        """Command lines that name our temporary directory."""
        found = []
        for path in Path("/proc").glob("[0-9]*/cmdline"):
            try:
                line = path.read_bytes().replace(b"\0", b" ").decode(errors="replace")
            except OSError:
                continue
            if f"{self.tmp}/waybill-demo-" in line:
                found.append(line)
        return found


@pytest.fixture
def demo(tmp_path):
    demo = Demo(tmp_path)
    yield demo
    for deadline in demo.deadlines:
        deadline.cancel()


def records(out, topic):
    found = [match.groupdict() for match in RECORD.finditer(out)]
    for record in found:
        record["headers"] = dict(part.split("=", 1) for part in record["headers"].split())
    return [record for record in found if record["topic"] == topic]


def shipped(out):
    """Of each file: lines, delivered, lost, repeated."""
    return [tuple(map(int, match.groups())) for match in SHIPPED.finditer(out)]


def count(out, name):
    return int(re.search(rf"^  {name} +(\d+)\b", out, re.MULTILINE)[1])


def acts(out):
    return [match[2] for match in ACT.finditer(out)]


WRITES = "the application writes 200 lines/s and rotates; the agent ships its log"
KILLED = "the agent is killed (SIGKILL); the application writes and rotates on"
AGAIN = "the agent is started again: it goes on from its last checkpoint"
FROZEN = "the broker is frozen (SIGSTOP) for 5 s; the application writes on"
THAWED = "the broker is thawed (SIGCONT)"
ENDS = "the application ends; the agent ships the rest and is stopped (SIGTERM)"


def judge(out):
    """The summary of a whole demo, and what the acts say of themselves. Returns lines written."""
    written = count(out, "lines written")
    assert written > 2000 and count(out, "delivered") == written
    assert count(out, "lost") == count(out, "out of order") == 0
    told = re.search(r"killed at line (\d+); (\d+) more lines and (\d+) rotations? without", out)
    killed, dead, rotations = map(int, told.groups())
    assert dead > 0 and rotations > 0
    # A checkpoint a second: what was written in the first of seven seconds is not repeated.
    repeated = count(out, "repeated")
    assert repeated < killed - 200
    assert (f"the kill at line {killed}" in out) == (repeated > 0)
    for first, last in re.findall(r"^    (\d+) to (\d+): \d+ at partition", out, re.MULTILINE):
        assert int(first) <= int(last) <= killed
    return written


def test_whole_demo_through_a_pipe(demo):
    """Every act, in its order; what is a fault is one: the broker was stopped while it said so."""
    process = demo.start(stderr=subprocess.STDOUT)
    out, states = "", set()
    for line in process.stdout:
        out += line.decode()
        if acts(out)[-1:] == [FROZEN]:
            states.add(state(child(process, "broker")))
    process.wait()
    assert process.returncode == EX_OK, out
    assert "T" in states
    assert acts(out) == [WRITES, KILLED, AGAIN, FROZEN, THAWED, ENDS]
    written = judge(out)
    frozen = re.search(r"^  (\d+) lines written, (\d+) delivered: the rest", out, re.MULTILINE)
    lines, rest = map(int, frozen.groups())
    assert lines > 500 and rest < lines / 4
    files, rotations = map(int, re.search(r"in (\d+) files, (\d+) of them rotated", out).groups())
    assert files == rotations + 1 == (written - 1) // 500 + 1 >= 5
    assert "mock: it does not deduplicate" in out and "--brokers" in out

    assert "\033" not in out and "\r" not in out
    told = [match for match in map(COUNTERS.match, out.splitlines()) if match]
    assert 5 < len(told) < 40
    assert max(int(match[4]) for match in told) > 500
    # A path is never cut, and that of the temporary directory is as long as the test has it.
    assert [line for line in out.splitlines() if len(line) > 80 and str(demo.tmp) not in line] == []
    assert demo.left() == [] and demo.processes() == []


def screen(out):
    """The lines as a terminal shows them, and all that was ever drawn in one."""
    shown, drawn = [], []
    for line in re.sub(r"\033\[\d*m", "", out.replace("\r\n", "\n")).split("\n"):
        cells = ""
        for part in line.split("\r"):
            drawn.append(part)
            cells = part + cells[len(part) :]
        shown.append(cells.rstrip())
    return shown, drawn


def test_whole_demo_on_a_terminal(demo):
    """80 columns: no line is wider; the counters are written over, and nothing of them is left."""
    master, slave = open_terminal(80, 24)
    process = demo.start(stdout=slave, stderr=slave)
    os.close(slave)
    out = read_terminal(master, process).decode()
    os.close(master)
    assert process.returncode == EX_OK
    shown, drawn = screen(out)
    assert [line for line in drawn if len(line) > 80 and str(demo.tmp) not in line] == []
    counters = [match for match in map(COUNTERS.match, drawn) if match]
    assert len(counters) > 50 and max(len(line[0]) for line in counters) < 80
    assert not any(map(COUNTERS.match, shown))
    text = "\n".join(shown)
    assert acts(text) == [WRITES, KILLED, AGAIN, FROZEN, THAWED, ENDS]
    judge(text)
    # What happened since the kill and what came of it are on one screen.
    assert len(text[text.index("Summary:") :].splitlines()) <= 23


@pytest.fixture
def own_topics(cluster):
    """Deletes what a demo has left on the cluster."""
    found = []
    yield found
    for name in found:
        cluster.delete_topic(name)


def test_brokers(demo, cluster, own_topics, tmp_path):
    """One's own Kafka: topics of its own, nothing frozen, no log of the host; an independent client
    finds what the summary says."""
    log = tmp_path / "own.log"
    log.write_text("one\ntwo\n")
    out, _ = demo.run("--brokers", cluster.bootstrap, log)
    prefix = re.search(r"--topic '(waybill-demo-\w+-)\.\*'", out)[1]
    own_topics += [prefix + "orders", prefix + "lines"]
    assert f"--bootstrap-server {cluster.bootstrap} " in out
    assert acts(out) == [WRITES, KILLED, AGAIN, ENDS]
    assert "no broker is frozen" in out and "mock" not in out and "/var/log" not in out
    assert [line for line in out.splitlines() if len(line) > 80 and str(demo.tmp) not in line] == []
    written = judge(out)
    assert shipped(out) == [(2, 2, 0, 0)]
    found = Reader(cluster.bootstrap, prefix + "orders", partitions=3).records()
    numbers = [int(re.search(rb" seq=(\d+) ", record.value)[1]) for record in found]
    assert set(numbers) == set(range(written))
    assert len(numbers) - written == count(out, "repeated")
    assert demo.left() == []


@pytest.mark.parametrize("brokers", ["127.0.0.1:1", "no such host"])
def test_brokers_do_not_answer(demo, brokers):
    out, err = demo.run("--brokers", brokers, expect=EX_SOFTWARE)
    assert f"Kafka at {brokers}" in err and "to delete" not in out
    assert demo.left() == []


def test_sample(demo):
    out, _ = demo.run("--quick")
    orders = records(out, "orders")
    assert len(orders) == 3
    for record in orders:
        order = re.search(r"order=(\S+) cid=(\S+)", record["value"])
        assert record["key"] == (order[1] if order else "(none)")
        assert record["headers"].get("correlation-id") == (order[2] if order else None)
        assert record["headers"]["file"] == "orders.log"
        assert record["headers"]["hostname"] == os.uname().nodename
    assert len({record["partition"] for record in orders}) > 1
    assert acts(out) == [WRITES, ENDS]
    written = count(out, "lines written")
    assert count(out, "delivered") == written > 500
    assert count(out, "lost") == count(out, "repeated") == count(out, "out of order") == 0
    assert all(of[0] == of[1] and of[2:] == (0, 0) for of in shipped(out))
    assert demo.left() == [] and demo.processes() == []


def open_terminal(columns, rows):
    master, slave = pty.openpty()
    fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
    return master, slave


def read_terminal(master, process):
    out = b""
    while True:
        try:
            part = os.read(master, 65536)
        except OSError:  # EIO: the other side is closed
            part = b""
        if not part:
            process.wait()
            return out
        out += part


@pytest.mark.parametrize("environment, columns, colours, redraws", [
    ({}, 100, True, True),
    ({"NO_COLOR": "1"}, 80, False, True),
    ({"TERM": "dumb"}, 80, False, False),
    ({}, 79, True, False),
])
def test_terminals(demo, environment, columns, colours, redraws):
    demo.environment.update(environment)
    master, slave = open_terminal(columns, 24)
    process = demo.start("--quick", stdout=slave, stderr=slave)
    os.close(slave)
    out = read_terminal(master, process).replace(b"\r\n", b"\n")
    os.close(master)
    assert process.returncode == EX_OK
    assert (b"\033[" in out) == colours and (b"\r" in out) == redraws


@pytest.fixture
def short_path():
    """A directory of a short name: a long one would be cut where it is printed."""
    with tempfile.TemporaryDirectory() as name:
        yield Path(name)


def test_own_file(demo, short_path):
    """First words are keys; odd names and control characters do no harm."""
    log = short_path / 'a {b,c}[d]*"\\.log'
    log.write_bytes(b"alpha one\n\nbeta \x1b[31mred\x07 \xff\ngamma " + b"x" * 200 + b"\nlast")
    out, _ = demo.run("--quick", log, log, short_path / "." / log.name)
    assert "\033" not in out and "\007" not in out
    found = map(re.Match.groupdict, RECORD.finditer(out))
    lines = {record["key"]: record for record in found if record["topic"] == "lines"}
    assert set(lines) == {"alpha", "(none)", "beta", "gamma"}
    assert f"file={log}" in re.sub(r"\n {10}", "", lines["alpha"]["headers"])
    assert "position=0" in lines["alpha"]["headers"]
    assert lines["beta"]["value"] == r"beta \x1b[31mred\x07 \xff"
    assert lines["gamma"]["value"].endswith("xxx...") and len(lines["gamma"]["value"]) == 69
    assert shipped(out) == [(4, 4, 0, 0)]
    assert "no LF" in out


def test_many_lines_and_the_rest(demo, tmp_path):
    log = tmp_path / "many.log"
    log.write_text("".join(f"k{i} line\n" for i in range(5000)))
    out, _ = demo.run("--quick", log)
    assert len(records(out, "lines")) == 10
    assert f"and 4990 more of {log}" in out
    assert shipped(out) == [(5000, 5000, 0, 0)]


def test_large_file_is_copied(demo, tmp_path):
    log = tmp_path / "large.log"
    log.write_text("".join(f"{i:09d}\n" for i in range(300000)))
    out, _ = demo.run("--quick", log)
    assert f"a copy of the last 1 MiB of {log}" in out
    # 2^20 / 10 lines, the first of which is cut
    assert shipped(out) == [(104857, 104857, 0, 0)]


def refused(demo, tmp_path, kind):
    path = tmp_path / kind
    if kind == "directory":
        path.mkdir()
    elif kind == "fifo":
        os.mkfifo(path)
    return path


@pytest.mark.parametrize("kind", ["missing", "directory", "fifo"])
def test_unreadable_file(demo, tmp_path, kind):
    good = tmp_path / "good"
    good.write_text("line\n")
    path = refused(demo, tmp_path, kind)
    out, err = demo.run(good, path, expect=EX_NOINPUT)
    assert str(path) in err and out == ""
    assert demo.left() == []


@pytest.mark.parametrize("text, lines", [("", 0), ("no newline", 0)])
def test_file_without_a_line(demo, tmp_path, text, lines):
    """Nothing of it is shipped, and nothing of it is lost."""
    log = tmp_path / "log"
    log.write_text(text)
    out, _ = demo.run("--quick", log)
    assert shipped(out) == [(0, 0, 0, 0)]


@pytest.mark.parametrize("arguments", [["--brokers"], ["--brokers", ""], ["--no"], ["f"] * 8])
def test_usage(demo, arguments):
    _, err = demo.run(*arguments, expect=EX_USAGE)
    assert "usage: waybill demo" in err


def test_help(demo):
    out, err = demo.run("--help")
    assert "usage: waybill demo" in out and err == ""


def test_keep(demo):
    out, _ = demo.run("--quick", "--keep")
    (kept,) = demo.left()
    assert str(kept) in out
    assert (kept / "waybill.conf").exists() and (kept / "state").is_dir()
    files = sorted(kept.glob("orders.log*"))
    assert len(files) > 1
    assert sum(file.read_bytes().count(b"\n") for file in files) == count(out, "lines written")


def started(demo, act=WRITES, *arguments):
    """A demo that has come to an act, and delivers, or does not."""
    process = demo.start(*arguments)
    reached = False
    for line in process.stdout:
        reached = reached or line.endswith(f" {act}\n".encode())
        if reached and COUNTERS.match(line.decode()):
            return process
    raise AssertionError(process.stderr.read().decode())


def children(process):
    text = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text(encoding="ascii")
    return [int(pid) for pid in text.split()]


def child(process, which):
    for pid in children(process):
        if f"waybill\0{which}\0".encode() in Path(f"/proc/{pid}/cmdline").read_bytes():
            return pid
    raise AssertionError(f"there is no {which}")


def state(pid):
    return Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()[0]


def gone(pids):
    return not any(Path(f"/proc/{pid}").exists() for pid in pids)


@pytest.mark.parametrize("number, act, n", [
    (signal.SIGINT, WRITES, 3),
    (signal.SIGTERM, KILLED, 2),
    (signal.SIGHUP, AGAIN, 3),
    (signal.SIGINT, FROZEN, 3),
])
def test_signal_cleans_up(demo, number, act, n):
    process = started(demo, act)
    pids = children(process)
    assert len(pids) == n
    process.send_signal(number)
    out, _ = process.communicate()
    assert process.returncode == -number
    assert acts(out.decode()) == [] and b"Summary" not in out  # nothing more happens
    assert gone(pids) and demo.left() == []


def test_signal_while_kafka_does_not_answer(demo):
    process = demo.start("--brokers", "127.0.0.1:1")
    wait_for(demo.left, 10, "the temporary directory")
    process.send_signal(signal.SIGINT)
    process.communicate()
    assert process.returncode == -signal.SIGINT
    assert demo.left() == []


def test_sigkill_takes_the_children(demo):
    process = started(demo, FROZEN)
    pids = children(process)
    assert len(pids) == 3
    process.kill()
    process.communicate()
    wait_for(lambda: gone(pids), 10, "the end of the children")


def test_reader_goes_away(demo):
    process = started(demo)
    process.stdout.close()
    assert process.wait() > 0
    assert demo.left() == []


@pytest.mark.parametrize("which, name", [
    ("broker", "embedded broker"),
    ("run", "agent"),
    ("sample", "sample application"),
])
def test_child_dies(demo, which, name):
    process = started(demo)
    os.kill(child(process, which), signal.SIGKILL)
    _, err = process.communicate()
    assert process.returncode == EX_SOFTWARE
    assert f"the {name} has ended, by signal 9".encode() in err and demo.left() == []

# SPDX-License-Identifier: Apache-2.0
"""waybill demo: needs no Kafka. What is printed is all there is to judge by, so it is parsed."""

import os
import pty
import re
import signal
import subprocess
from pathlib import Path

import pytest
from rig.agent import EX_NOINPUT, EX_OK, EX_USAGE
from rig.paths import WAYBILL
from rig.wait import wait_for

RECORD = re.compile(
    r"^(?P<topic>\w+)  partition (?P<partition>\d)  offset (?P<offset>\d+)  key (?P<key>.*)\n"
    r"  headers  (?P<headers>.*(?:\n {11}.*)*)\n"
    r"  value    (?P<value>.*)$",
    re.MULTILINE,
)
TOTALS = re.compile(r"lines shipped (\d+), records consumed (\d+), lost (\d+), repeated (\d+)")
DEADLINE = 40


class Demo:
    def __init__(self, tmp):
        self.tmp = tmp
        self.environment = dict(os.environ, TMPDIR=str(tmp), LC_ALL="C.UTF-8", TERM="xterm")
        self.environment.pop("NO_COLOR", None)

    def start(self, *arguments, **options):
        options = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, **options}
        command = [WAYBILL, "demo", *map(str, arguments)]
        return subprocess.Popen(command, env=self.environment, stdin=subprocess.DEVNULL, **options)

    def run(self, *arguments, expect=EX_OK):
        process = self.start(*arguments)
        try:
            out, err = process.communicate(timeout=DEADLINE)
        finally:
            process.kill()
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
    return Demo(tmp_path)


def records(out, topic):
    found = [match.groupdict() for match in RECORD.finditer(out)]
    for record in found:
        record["headers"] = dict(part.split("=", 1) for part in record["headers"].split())
    return [record for record in found if record["topic"] == topic]


def totals(out):
    return tuple(map(int, TOTALS.search(out).groups()))


def test_sample(demo):
    out, _ = demo.run("--lines", 20)
    orders = records(out, "orders")
    assert len(orders) == 20
    for record in orders:
        order = re.search(r"order=(\S+) cid=(\S+)", record["value"])
        assert record["key"] == (order[1] if order else "(none)")
        assert record["headers"].get("correlation-id") == (order[2] if order else None)
        assert record["headers"]["file"] == "orders.log"
        assert record["headers"]["hostname"] == os.uname().nodename
    assert sum(record["key"] == "(none)" for record in orders) == 2
    places = {(record["partition"], int(record["offset"])) for record in orders}
    assert len(places) == 20
    assert len({partition for partition, _ in places}) > 1
    positions = [int(record["headers"]["position"]) for record in orders]
    assert min(positions) == 0 and len(set(positions)) == 20

    shipped, consumed, lost, repeated = totals(out)
    assert shipped == consumed >= 20 and lost == repeated == 0
    assert "bootstrap_servers" in out and "mock" in out and "README" in out
    assert demo.left() == [] and demo.processes() == []


def test_order_in_a_partition(demo):
    """The lines of one order: one partition, and in the order in which they were written."""
    out, _ = demo.run("--lines", 40)
    states = {}
    for record in records(out, "orders"):
        states.setdefault((record["key"], record["partition"]), []).append(
            (int(record["offset"]), record["value"].split()[-1])
        )
    keyed = {place: found for place, found in states.items() if place[0] != "(none)"}
    assert len({key for key, _ in keyed}) == len(keyed) == 9
    for found in keyed.values():
        named = [state for _, state in sorted(found)]
        assert named == ["created", "paid", "packed", "shipped"]


def test_pipe_is_plain(demo):
    out, _ = demo.run("--lines", 5)
    assert "\033" not in out
    # A path is never cut, and that of the temporary directory is as long as the test has it.
    assert [line for line in out.splitlines() if len(line) > 80 and str(demo.tmp) not in line] == []
    assert records(out, "orders")


def read_terminal(master, process):
    out = b""
    while True:
        try:
            part = os.read(master, 65536)
        except OSError:  # EIO: the other side is closed
            part = b""
        if not part:
            process.wait(DEADLINE)
            return out
        out += part


@pytest.mark.parametrize("no_color", [None, "1"])
def test_terminal(demo, no_color):
    if no_color:
        demo.environment["NO_COLOR"] = no_color
    master, slave = pty.openpty()
    process = demo.start("--lines", 2, stdout=slave, stderr=slave)
    os.close(slave)
    out = read_terminal(master, process)
    os.close(master)
    assert process.returncode == EX_OK
    assert (b"\033[" in out) == (no_color is None)


def test_own_file(demo, tmp_path):
    """First words are keys; odd names and control characters do no harm; no sample."""
    log = tmp_path / 'a {b,c}[d]*"\\.log'
    log.write_bytes(b"alpha one\n\nbeta \x1b[31mred\x07 \xff\ngamma " + b"x" * 200 + b"\nlast")
    out, _ = demo.run(log, log, tmp_path / "." / log.name)
    assert "\033" not in out and "\007" not in out
    lines = {r["key"]: r for r in map(re.Match.groupdict, RECORD.finditer(out))}
    assert set(lines) == {"alpha", "(none)", "beta", "gamma"}
    assert f"file={log}" in re.sub(r"\n {10}", "", lines["alpha"]["headers"])
    assert "position=0" in lines["alpha"]["headers"]
    assert lines["beta"]["value"] == r"beta \x1b[31mred\x07 \xff"
    assert lines["gamma"]["value"].endswith("xxx...") and len(lines["gamma"]["value"]) == 69
    assert totals(out) == (4, 4, 0, 0)
    assert "no LF" in out


def test_many_lines_and_the_rest(demo, tmp_path):
    log = tmp_path / "many.log"
    log.write_text("".join(f"k{i} line\n" for i in range(5000)))
    out, _ = demo.run(log)
    assert len(records(out, "lines")) == 10
    assert f"and 4990 more of {log}" in out
    assert totals(out) == (5000, 5000, 0, 0)


def test_large_file_is_copied(demo, tmp_path):
    log = tmp_path / "large.log"
    log.write_text("".join(f"{i:09d}\n" for i in range(300000)))
    out, _ = demo.run(log)
    assert f"a copy of the last 1 MiB of {log}" in out
    # 2^20 / 10 lines, the first of which is cut
    assert totals(out) == (104857, 104857, 0, 0)


def refused(demo, tmp_path, kind):
    path = tmp_path / kind
    if kind == "directory":
        path.mkdir()
    elif kind == "fifo":
        os.mkfifo(path)
    elif kind == "empty":
        path.write_text("")
    elif kind == "unterminated":
        path.write_text("no newline")
    return path


@pytest.mark.parametrize("kind", ["missing", "directory", "fifo"])
def test_unreadable_file(demo, tmp_path, kind):
    good = tmp_path / "good"
    good.write_text("line\n")
    path = refused(demo, tmp_path, kind)
    out, err = demo.run(good, path, expect=EX_NOINPUT)
    assert str(path) in err and out == ""
    assert demo.left() == []


@pytest.mark.parametrize("kind", ["empty", "unterminated"])
def test_nothing_to_ship(demo, tmp_path, kind):
    _, err = demo.run(refused(demo, tmp_path, kind), expect=EX_NOINPUT)
    assert "nothing to ship" in err


@pytest.mark.parametrize("arguments", [["--lines", "x"], ["--lines", "-1"], ["--no"], ["f"] * 8])
def test_usage(demo, arguments):
    _, err = demo.run(*arguments, expect=EX_USAGE)
    assert "usage: waybill demo" in err


def test_help(demo):
    out, err = demo.run("--help")
    assert "usage: waybill demo" in out and err == ""


def test_keep(demo):
    out, _ = demo.run("--lines", 1, "--keep")
    (kept,) = demo.left()
    assert str(kept) in out
    assert (kept / "waybill.conf").exists() and (kept / "state").is_dir()


def started(demo, *arguments):
    """A demo that is under way: both children run, records arrive."""
    process = demo.start("--lines", 5000, *arguments)
    for line in process.stdout:
        if line.startswith(b"orders  partition"):
            return process
    raise AssertionError(process.stderr.read().decode())


def children(process):
    text = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text(encoding="ascii")
    return [int(pid) for pid in text.split()]


def gone(pids):
    return not any(Path(f"/proc/{pid}").exists() for pid in pids)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_signal_cleans_up(demo, number):
    process = started(demo)
    pids = children(process)
    assert len(pids) == 2
    process.send_signal(number)
    process.communicate(timeout=DEADLINE)
    assert process.returncode == -number
    assert gone(pids) and demo.left() == []


def test_sigkill_takes_the_children(demo):
    process = started(demo)
    pids = children(process)
    assert len(pids) == 2
    process.kill()
    process.communicate()
    wait_for(lambda: gone(pids), 10, "the end of the children")


def test_reader_goes_away(demo):
    process = started(demo)
    process.stdout.close()
    assert process.wait(DEADLINE) > 0
    assert demo.left() == []


@pytest.mark.parametrize("which", ["broker", "run"])
def test_child_dies(demo, which):
    process = started(demo)
    for pid in children(process):
        if f"\0{which}\0".encode() in Path(f"/proc/{pid}/cmdline").read_bytes():
            os.kill(pid, signal.SIGKILL)
    _, err = process.communicate(timeout=DEADLINE)
    assert process.returncode > 0
    assert b"has ended" in err and demo.left() == []

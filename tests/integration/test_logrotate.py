# SPDX-License-Identifier: Apache-2.0
"""Real logrotate: copies that are truncated, generations that are compressed, while it runs or not."""

import os
import signal
import subprocess
import threading
import time

import pytest
from rig.recipes import read_all
from rig.wait import wait_for
from test_provenance import make_plain_agent

LINES = 20_000
# In kilobytes, which is in lines of the test of it: what is read, and what is not.
READ, UNREAD = (40_000, 100_000) if os.environ.get("WAYBILL_LONG") else (4_000, 10_000)


class Log:
    """Lines app.log of which no two are alike, and logrotate with the directives wanted."""

    def __init__(self, work, directives):
        self.path = work / "log" / "app.log"
        self.path.parent.mkdir(exist_ok=True)
        self.state = work / "logrotate.state"
        self.conf = work / "logrotate.conf"
        self.conf.write_text(f"{self.path} {{\nsu root root\nrotate 60\n{directives}\n}}\n")
        self.conf.chmod(0o644)
        self.path.parent.chmod(0o755)
        self.written = []
        self.pad = 0

    def write(self, count=LINES):
        first = len(self.written)
        lines = [b"%08d of app.log" % n + self.pad * b"." for n in range(first, first + count)]
        fd = os.open(self.path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)
        os.write(fd, b"".join(line + b"\n" for line in lines))
        os.close(fd)
        self.written += lines

    def rotate(self):
        subprocess.run(["logrotate", "-f", "-s", self.state, self.conf], check=True)


def values(cluster, topic):
    return [message.value() for message in read_all(cluster.bootstrap, topic)]


def wait_all(cluster, topic, log):
    wait_for(
        lambda: len(values(cluster, topic)) >= len(log.written), 60, "all lines", every=0.3
    )


def expect_all(cluster, topic, log):
    """Every line once, and in each partition in its order."""
    partitions = {}
    for message in read_all(cluster.bootstrap, topic):
        partitions.setdefault(message.partition(), []).append(message.value())
    assert sorted(sum(partitions.values(), [])) == log.written
    for lines in partitions.values():
        assert lines == sorted(lines)


class Writer(threading.Thread):
    """Some 10,000 lines a second with O_APPEND, but for the instants between cp and truncate."""

    def __init__(self, log):
        super().__init__(daemon=True)
        self.log = log
        self.pen = threading.Lock()
        self.ended = threading.Event()

    def run(self):
        while not self.ended.wait(0.002):
            with self.pen:
                self.log.write(20)

    def rotate(self):
        with self.pen:
            self.log.rotate()

    def end(self):
        self.ended.set()
        self.join()


def rotate_unseen(agent, writer, times):
    """So many copytruncates between two looks of the agent, each of another content."""
    agent.signal(signal.SIGSTOP)
    for _ in range(times):
        time.sleep(0.02)
        writer.rotate()
    agent.signal(signal.SIGCONT)


def continuous_writing(agent, cluster, topic, log):
    """Rotated before anything was read, twice in a row, unseen, while it is down; all arrives once."""
    writer = Writer(log)
    agent.start()
    agent.wait_says("started")
    log.write(100)
    writer.rotate()
    writer.start()
    for times in (1, 4, 2):
        time.sleep(0.3)
        writer.rotate()
        writer.rotate()
        time.sleep(0.1)
        rotate_unseen(agent, writer, times)
    agent.stop()
    before = agent.counters()["lines_delivered"]
    for _ in range(3):
        time.sleep(0.05)
        writer.rotate()
    agent.start()
    time.sleep(0.3)
    writer.rotate()
    writer.end()
    counters = agent.counted(60, lines_delivered=len(log.written) - before)
    agent.stop()
    expect_all(cluster, topic, log)
    return counters


@pytest.mark.parametrize("pattern", ["app.log", "app.log*"], ids=["outside", "in-the-pattern"])
@pytest.mark.scenario("A06")
def test_copytruncate(cluster, topic, work, make_agent, pattern):
    """Whatever is unread when the file is truncated comes from the copies, in its order, once."""
    log = Log(work, "copytruncate")
    agent = make_plain_agent(make_agent, cluster, topic, log.path.parent / pattern)
    counters = continuous_writing(agent, cluster, topic, log)
    assert counters["files_lost"] == 0
    assert counters["bytes_lost"] == 0
    agent.start()
    log.write(1)
    agent.counted(20, lines_delivered=1)
    agent.stop()
    assert agent.counters()["lines_read"] == 1


@pytest.mark.long
@pytest.mark.parametrize("pattern", ["app.log", "app.log*"], ids=["outside", "in-the-pattern"])
@pytest.mark.scenario("A06")
def test_a_large_rest_of_a_truncated_file(cluster, topic, work, make_agent, pattern):
    """4 MB are read, 10 MB are not, when it is copied and truncated; in the long form 40 and 100."""
    log = Log(work, "copytruncate")
    log.pad = 990
    agent = make_plain_agent(make_agent, cluster, topic, log.path.parent / pattern)
    agent.start()
    log.write(READ)
    agent.counted(60, lines_delivered=len(log.written))
    agent.signal(signal.SIGSTOP)
    log.write(UNREAD)
    log.rotate()
    log.write(10)
    agent.signal(signal.SIGCONT)
    agent.counted(80, lines_delivered=len(log.written))
    agent.stop()
    expect_all(cluster, topic, log)
    assert (agent.counters()["files_lost"], agent.counters()["bytes_lost"]) == (0, 0)


@pytest.mark.scenario("A12")
def test_compressed_while_down(cluster, topic, work, make_agent):
    """app.log.1 is gone and app.log.2.gz has what was unread of it."""
    log = Log(work, "compress\ndelaycompress\ncreate")
    agent = make_plain_agent(make_agent, cluster, topic, log.path)
    agent.start()
    log.write()
    wait_all(cluster, topic, log)
    agent.stop()
    log.write()
    log.rotate()
    log.write()
    log.rotate()
    assert sorted(os.listdir(log.path.parent)) == ["app.log", "app.log.1", "app.log.2.gz"]
    log.write()
    agent.start()
    wait_all(cluster, topic, log)
    agent.stop()
    expect_all(cluster, topic, log)
    counters = agent.counters()
    assert counters["packed_rests"] == 1
    assert counters["files_lost"] == 0


@pytest.mark.scenario("A12")
def test_compressed_under_the_pattern(cluster, topic, work, make_agent):
    """A .gz that is made beside the file, empty at first, is no log."""
    log = Log(work, "compress\ncreate")
    agent = make_plain_agent(make_agent, cluster, topic, log.path.parent / "app.log*")
    agent.start()
    for _ in range(3):
        log.write()
        wait_all(cluster, topic, log)
        log.rotate()
    log.write()
    wait_all(cluster, topic, log)
    agent.stop()
    expect_all(cluster, topic, log)
    assert agent.counters()["files_lost"] == 0

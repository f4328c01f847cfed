# SPDX-License-Identifier: Apache-2.0
"""Real logrotate: copies that are truncated, generations that are compressed, while it runs or not."""

import os
import subprocess

import pytest
from rig.recipes import read_all
from rig.wait import wait_for
from test_provenance import make_plain_agent

LINES = 20_000


class Log:
    """Lines app.log of which no two are alike, and logrotate with the directives wanted."""

    def __init__(self, work, directives):
        self.path = work / "log" / "app.log"
        self.path.parent.mkdir(exist_ok=True)
        self.state = work / "logrotate.state"
        self.conf = work / "logrotate.conf"
        self.conf.write_text(f"{self.path} {{\nsu root root\nrotate 9\n{directives}\n}}\n")
        self.conf.chmod(0o644)
        self.path.parent.chmod(0o755)
        self.written = []

    def write(self, count=LINES):
        lines = [b"%08d of app.log" % (len(self.written) + n) for n in range(count)]
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


@pytest.mark.parametrize("pattern", ["app.log", "app.log*"], ids=["outside", "in-the-pattern"])
@pytest.mark.scenario("A06")
def test_copytruncate(cluster, topic, work, make_agent, pattern):
    """Lines that were unread when it was truncated come from the copy, in their order, once.

    Of each content something was shipped before: by that the copy is known.
    """
    log = Log(work, "copytruncate")
    agent = make_plain_agent(make_agent, cluster, topic, log.path.parent / pattern)
    agent.start()
    for _ in range(4):
        log.write(1)
        wait_all(cluster, topic, log)
        log.write()
        log.rotate()
        wait_all(cluster, topic, log)
    log.write()
    wait_all(cluster, topic, log)
    agent.stop()
    expect_all(cluster, topic, log)
    counters = agent.counters()
    assert counters["files_lost"] == 0
    assert counters["bytes_lost"] == 0


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

# SPDX-License-Identifier: Apache-2.0
"""Logs of containers as the kubelet lays them out: parts of lines are joined by stream, traces on top of
that, over rotations and kills; the example in contrib/kubernetes is what is run."""

import os

import pytest
from rig import config
from rig.cri import CriLog
from rig.paths import ROOT
from rig.reader import Reader
from rig.state import read_state
from rig.wait import wait_for

POD = "shop_web-0_3f2a5c1e-8d4b-4e0f-9a7c-1b2d3e4f5a6b"
TRACE = ["ERROR failed", "java.lang.IllegalStateException: no", "\tat shop.Orders.pay(Orders.java:7)"]


class Container(CriLog):
    """Its runtime writes 0.log line by line, and the kubelet renames that."""

    def __init__(self, work):
        self.directory = work / "log" / "pods" / POD / "app"
        self.directory.mkdir(parents=True)
        super().__init__(self.directory / "0.log")

    def rotate(self):
        super().rotate(f"{self.path}.20261121-1511{self.n:02}")


@pytest.fixture
def container(work):
    return Container(work)


@pytest.fixture
def agent(make_agent, cluster, topic, work):
    """With the configuration of the example, its directories and topic those of the test."""
    text = (ROOT / "contrib" / "kubernetes" / "waybill.conf").read_text()
    for old, new in {
        "/var/log/pods": str(work / "log" / "pods"),
        '"/var/lib/waybill"': f'"{work}/state"',
        "${env:KAFKA}": cluster.bootstrap,
        'topic = "containers"': f'topic = "{topic}"; rotate_wait = "1s"',
        'type = "java";': 'type = "java"; flush_after = "3s";',
    }.items():
        assert old in text, f"{old} is not in the example any more"
        text = text.replace(old, new)
    return make_agent(text=text)


def stored(agent, path):
    """The position of the file in the state."""
    return read_state(agent.state).files[path.stat().st_ino].committed


def records(cluster, topic):
    return Reader(cluster.bootstrap, topic).records()


@pytest.mark.scenario("C11")
def test_the_example_of_a_daemonset(cluster, topic, container, agent):
    """Long lines in parts, two streams in one file, and a trace; with the fields of path and runtime."""
    container.write(
        "stdout P one, ",
        "stderr F warning",
        "stdout F two",
        f"stdout F {TRACE[0]}",
        f"stdout F {TRACE[1]}",
        "stderr F another",
        f"stdout F {TRACE[2]}",
        "stdout F next",
    )
    agent.start()
    agent.counted(lines_delivered=8)
    agent.stop()
    agent.assert_true(read=8)
    assert agent.counters()["events_delivered"] == 5
    found = records(cluster, topic)
    assert [record.value.decode() for record in found] == [
        "one, two",
        "warning",
        "\n".join(TRACE),
        "another",
        "next",
    ]
    assert {record.key for record in found} == {b"shop/web-0"}
    assert found[1].headers == [
        ("namespace", b"shop"),
        ("pod", b"web-0"),
        ("container", b"app"),
        ("stream", b"stderr"),
    ]
    assert found[0].timestamp[1] == 1795273861000


@pytest.mark.scenario("C11", "F01")
def test_a_kill_between_the_parts_of_a_line(cluster, topic, container, agent):
    """With lines of the other stream between them: all is joined once, and nothing is repeated."""
    container.write("stdout F first", "stdout P one, ")
    agent.start()
    agent.counted(lines_delivered=1, lines_waiting=1, checkpoints=2)
    agent.kill()
    container.write("stderr P a", "stdout F two")
    agent.start()
    agent.counted(lines_delivered=2, lines_waiting=1, checkpoints=2)
    agent.kill()
    container.write("stderr F b", "stdout F last")
    agent.start()
    agent.counted(lines_delivered=2)
    agent.stop()
    agent.run("--until-eof")
    values = [record.value for record in records(cluster, topic)]
    # What a kill found unstored may come again, as it was.
    assert list(dict.fromkeys(values)) == [b"first", b"one, two", b"ab", b"last"]


@pytest.mark.scenario("C11", "A01")
def test_the_kubelet_rotates(cluster, topic, container, agent):
    """All lines of both generations, joined within each."""
    container.write("stdout P a", "stdout F b", f"stdout F {TRACE[0]}")
    agent.start()
    agent.counted(lines_read=3)
    container.write(*(f"stdout F {line}" for line in TRACE[1:]))
    container.rotate()
    container.write("stdout P c", "stderr F d", "stdout F e")
    agent.counted(lines_delivered=8)
    agent.stop()
    agent.assert_true(read=8)
    values = [record.value.decode() for record in records(cluster, topic)]
    assert values == ["ab", "\n".join(TRACE), "ce", "d"]


@pytest.mark.scenario("C11", "A01", "G01")
def test_the_kubelet_rotates_in_an_event(cluster, topic, container, agent):
    """What began at the end of one generation goes on at the start of the next, of both streams."""
    container.write("stdout F first", "stdout P a", "stderr P x", f"stderr P {TRACE[0]}")
    agent.start()
    agent.counted(lines_delivered=1, lines_waiting=3)
    container.rotate()
    container.write("stdout P b", "stderr F y", "stdout F c")
    container.write(*(f"stderr F {line}" for line in TRACE[1:]), "stdout F last")
    agent.counted(lines_delivered=10)
    agent.stop()
    agent.assert_true(read=10)
    values = [record.value.decode() for record in records(cluster, topic)]
    assert values == ["first", "abc", "\n".join([f"x{TRACE[0]}y", *TRACE[1:]]), "last"]
    assert agent.counters()["events_delivered"] == 4
    # The file was renamed before its last record was made.
    assert {record.key for record in records(cluster, topic)} == {b"shop/web-0"}


@pytest.mark.scenario("C11", "A01", "F01")
def test_a_kill_in_an_event_over_a_rotation(cluster, topic, container, agent):
    """Before it is whole, and when its position is stored: it is joined, and comes once."""
    container.write("stdout F first", "stdout P a")
    agent.start()
    agent.counted(lines_delivered=1, lines_waiting=1, checkpoints=2)
    container.rotate()
    agent.kill()
    container.write("stderr F between", "stdout P b", "stdout F c", "stdout F next")
    agent.start()
    agent.counted(lines_delivered=5)
    wait_for(lambda: stored(agent, container.path) == container.path.stat().st_size, 20, "the position")
    agent.kill()
    container.write("stdout F last")
    agent.start()
    agent.counted(lines_delivered=1)
    agent.stop()
    assert agent.counters()["lines_delivered"] == 1
    values = [record.value for record in records(cluster, topic)]
    assert values == [b"first", b"abc", b"between", b"next", b"last"]


def test_fields_of_the_path_choose_the_topic(cluster, topic, work, make_agent):
    """Behind a link, too, and still when what is read was renamed; never a topic that is not listed."""
    other = f"{topic}-other"
    cluster.make_topic(other)
    logs = {name: work / "log" / name / "app.log" for name in (topic, other, "no-such-topic")}
    source = {
        "name": "apps",
        "paths": f"{work}/log/*/app.log",
        "path_pattern": r"/(?<to>[^/]+)/app\.log$",
        "topic": "${to}",
        "topics": [other, topic],
        "key": "${to}",
        "follow_links": "any",
        "rotate_wait": "1s",
    }
    for name, path in logs.items():
        path.parent.mkdir(parents=True)
        path.write_text(f"{name} 1\n")
    real = work / "elsewhere.log"
    os.rename(logs[topic], real)
    logs[topic].symlink_to(real)
    text = config.render_settings(config.settings(cluster.bootstrap, [source]))
    agent = make_agent(text=text).start()
    agent.counted(lines_delivered=3)
    with open(logs[other], "a") as old:
        os.rename(logs[other], logs[other].with_suffix(".log.1"))
        old.write(f"{other} 2\n")
    with open(real, "a") as log:
        log.write(f"{topic} 2\n")
    agent.counted(lines_delivered=5, topics_fallback=1)
    agent.stop()
    agent.assert_true(read=5)
    assert [record.value.decode() for record in records(cluster, topic)] == [f"{topic} 1", f"{topic} 2"]
    assert {record.key.decode(): record.value.decode()[-1] for record in records(cluster, other)} == {
        other: "2",
        "no-such-topic": "1",
    }

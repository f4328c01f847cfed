# SPDX-License-Identifier: Apache-2.0
"""The watchdog is fed by who moves the lines, or gives a reason why none move: not by a process that
lives and does nothing, and an outage of Kafka is no reason to end one."""

import re
import time

import pytest
from rig.paths import ROOT
from rig.threads import held, threads
from rig.wait import last, wait_for
from rig.writer import Load

UNIT = ROOT / "packaging/systemd/waybill.service"
HELD_S = 3
OUTAGE_S = 15  # above the 10 s after which a standstill without a reason starves the watchdog


def watchdog_s():
    return int(re.search(r"^WatchdogSec=(\d+)", UNIT.read_text(), re.MULTILINE)[1])


def beats(manager, more):
    """Another so many of them."""
    goal = len(manager.beats) + more
    wait_for(lambda: len(manager.beats) >= goal, 20, f"{more} beats")


@pytest.mark.scenario("F05")
def test_each_thread_stands_still(broker, own_topic, manager, make_lineage, make_agent, make_oracle):
    """The one that moves the lines is missed by the watchdog. Without any other it is fed, with the
    state told; and whoever stood still, nothing is lost or repeated."""
    lineage = make_lineage("a", keys=60)
    agent = make_agent(broker.bootstrap, own_topic)
    agent.env = manager.env()
    agent.start()
    oracle = make_oracle(broker, own_topic, [lineage])
    load = Load(lineage, rate=500)
    agent.counted(lines_delivered=1000, checkpoints=1)
    pid, found = agent.process.pid, threads(agent.process.pid)
    assert len(found) >= 4, found  # ours, the state's, the library's and one of its brokers'
    for thread, name in found.items():
        print(f"{name} stands still")
        with held(thread):
            if thread == pid:
                wait_for(lambda: time.monotonic() - manager.beats[-1] > HELD_S, 20, "no beat")
            else:
                beats(manager, 2)
                last(HELD_S)
                beats(manager, 2)
        beats(manager, 2)
        agent.counted(lines_delivered=agent.counters()["lines_delivered"] + 500)
    written = load.stop()
    wait_for(oracle.complete, 30, lambda: f"{oracle.missing()} missing")
    agent.stop()
    agent.assert_true(read=written)
    assert agent.counters()["producers_made"] == 1, agent.messages()
    oracle.judge().assert_clean(written=written)


def outage_begins(broker, topic, kind):
    if kind == "frozen":
        broker.freeze()
    elif kind == "dead":
        broker.kill()
    else:
        broker.delete_topic(topic)


def outage_ends(broker, topic, kind):
    if kind == "frozen":
        broker.thaw()
    elif kind == "dead":
        broker.start()
    else:
        broker.make_topic(topic)


@pytest.mark.scenario("F05", "E30")
@pytest.mark.parametrize("kind", ["frozen", "dead", "no topic"])
def test_an_outage_is_a_reason(
    broker, own_topic, manager, make_lineage, make_agent, make_oracle, kind
):
    """More is written than the queue holds, so lines wait for a room that does not come. Files that
    wait are tried from time to time, which was taken for a standstill: systemd ended the agent."""
    lineage = make_lineage("a")
    agent = make_agent(broker.bootstrap, own_topic)
    agent.env = manager.env()
    agent.start()
    agent.wait_says("started:")
    outage_begins(broker, own_topic, kind)
    try:
        lineage.append(30000)
        last(OUTAGE_S)
        assert agent.running(), agent.messages()
        counters = agent.counters()
        assert counters["lines_delivered"] == 0, "there was no outage"
        assert counters["lines_read"] < 30000, "nothing waits"
        beats(manager, 4)
        assert manager.longest_gap() < watchdog_s() / 2
    finally:
        outage_ends(broker, own_topic, kind)
    oracle = make_oracle(broker, own_topic, [lineage])
    wait_for(oracle.complete, 60, lambda: f"{oracle.missing()} missing")
    agent.stop()
    agent.assert_true(read=30000)
    oracle.judge().assert_clean(written=30000)

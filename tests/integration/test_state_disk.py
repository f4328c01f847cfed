# SPDX-License-Identifier: Apache-2.0
"""A disk of the state that is slow or gives errors costs no line and no time: only the checkpoint
is late, and how late is told.

strace does it to the agent's own calls; it counts those of each thread for itself, and the first
ones of the writer's thread are those of its first checkpoint.
"""

import re

import pytest
from rig.agent import EX_OK
from rig.wait import wait_for

INTERVAL = "100ms"


def faulty(agent, calls, fault):
    trace = ["-e", f"trace={calls}", "-e", f"inject={calls}:{fault}"]
    agent.prefix = ["strace", "-D", "-f", "-qq", "--seccomp-bpf", "-o", "/dev/null", *trace]


@pytest.fixture
def known(cluster, topic, make_lineage, make_agent, make_oracle):
    """An agent that was there before: making the database is not what is looked at."""
    lineage = make_lineage("a").append(100)
    agent = make_agent(cluster.bootstrap, topic, checkpoint_interval=INTERVAL)
    assert agent.run("--until-eof") == EX_OK
    return agent, lineage, make_oracle(cluster, topic, [lineage])


def ship(agent, lineage, count):
    """`count` more lines until they are delivered; the counters then."""
    lineage.append(count)
    return agent.counted(lines_delivered=len(lineage) - 100)


def start(agent):
    agent.start()
    agent.wait_says("started:", deadline=60)


@pytest.mark.scenario("B06", "E24")
def test_each_fsync_takes_2_seconds(known):
    agent, lineage, oracle = known
    faulty(agent, "fsync,fdatasync", "delay_enter=2s")
    start(agent)
    before = ship(agent, lineage, 500)
    blocks = 0
    while ship(agent, lineage, 500)["checkpoints"] < before["checkpoints"] + 2:
        blocks += 1
    # A checkpoint takes 2 s at least, a block some tens of milliseconds.
    assert blocks >= 5
    wait_for(lambda: agent.counters()["checkpoint_age_ms"] >= 1500, 20, "an old checkpoint")
    agent.stop()
    oracle.judge().assert_clean(written=len(lineage))
    assert agent.run("--until-eof") == EX_OK
    oracle.judge().assert_clean(written=len(lineage))


@pytest.mark.scenario("B06", "E24")
def test_an_fsync_that_does_not_end(known):
    agent, lineage, oracle = known
    faulty(agent, "fsync,fdatasync", "delay_enter=8s:when=5")
    start(agent)

    def told():
        ship(agent, lineage, 100)
        return agent.says("has not finished a checkpoint")

    said = wait_for(told, 60, "a word of the disk", every=0.2)
    assert re.search(r"for [56] s: shipping goes on", said), said
    assert agent.counters()["checkpoint_age_ms"] >= 5000
    ship(agent, lineage, 100)
    assert re.search(r"after ([89]|1\d) s", agent.wait_says("checkpoints are written again"))
    wait_for(lambda: agent.counters()["checkpoint_age_ms"] == 0, 10, "a checkpoint that is new")
    agent.stop()
    assert agent.messages().count("has not finished a checkpoint") == 1
    oracle.judge().assert_clean(written=len(lineage))


@pytest.mark.parametrize("error", ["EIO", "EDQUOT", "ENOSPC", "EROFS"])
@pytest.mark.scenario("B06")
def test_writes_fail_for_some_seconds(known, error):
    agent, lineage, oracle = known
    faulty(agent, "pwrite64", f"error={error}:when=20..50")
    start(agent)

    def failed():
        return ship(agent, lineage, 100)["checkpoint_failures"] >= 10

    wait_for(failed, 60, "checkpoints that fail", every=0.1)
    assert re.search(r"written for \d+ s \(.*\): make room, .*; shipping goes on", agent.says("could not be written"))
    assert agent.counters()["checkpoint_age_ms"] >= 500
    wait_for(
        lambda: ship(agent, lineage, 100) and agent.says("checkpoints are written again, after"),
        60,
        "the disk to be well",
        every=0.1,
    )
    agent.stop()
    oracle.judge().assert_clean(written=len(lineage))
    agent.prefix = []
    assert agent.run("--until-eof") == EX_OK
    oracle.judge().assert_clean(written=len(lineage))

# SPDX-License-Identifier: Apache-2.0
"""Partitions move between brokers all the time, and their leaders with them, under load.

java/Shuffle.java gives each partition other replicas and has the first of them elected, each 2 s; a
library of Python does not do that.
"""

import os

import pytest
from rig.kafka import JAVA
from rig.paths import ROOT
from rig.process import spawn
from rig.wait import wait_for
from rig.writer import Load

PROGRAM = ROOT / "tests" / "integration" / "java" / "Shuffle.java"
LONG = bool(os.environ.get("WAYBILL_LONG"))
ROUNDS, MOVES = (40, 100) if LONG else (8, 20)
PAUSE_MS = 2000


@pytest.fixture
def shuffled(three, topic_name, work):
    """A topic of two replicas, and how many rounds were done with it."""
    three.mend()
    topic = three.make_topic(topic_name, replicas=2, min_insync_replicas=1)
    output = work / "rounds"
    command = [*JAVA, PROGRAM, three.bootstrap, topic, 3, PAUSE_MS]
    process = spawn(command, output)

    def rounds():
        assert process.poll() is None, output.read_text()
        return sum(line.isdigit() for line in output.read_text().splitlines())

    yield topic, rounds
    process.kill()
    process.wait()


@pytest.mark.long
@pytest.mark.timeout(1800, func_only=True)
@pytest.mark.scenario("E19", "E10", "E06")
@pytest.mark.parametrize("in_flight", [5, 1] if LONG else [5])
def test_partitions_and_leaders_move_all_the_time(
    three, shuffled, make_lineage, make_agent, make_oracle, in_flight
):
    """Nothing lost, repeated or out of its order, however many requests may be under way. A leader that
    moves while a batch waits for replicas can make librdkafka number all anew: the producer is replaced
    then, and what may come twice is counted."""
    topic, rounds = shuffled
    lineage = make_lineage("a", keys=60)
    kafka = {"max_in_flight_requests_per_connection": in_flight}
    agent = make_agent(three.bootstrap, topic, kafka=kafka).start()
    oracle = make_oracle(three, topic, [lineage])
    wait_for(lambda: rounds() >= 1, 60, "the first round")
    load = Load(lineage, rate=500)
    before, moves = three.leaders(topic), 0
    for number in range(2, 2 + ROUNDS):
        wait_for(lambda: rounds() >= number, 60, f"round {number}")
        now = three.leaders(topic)
        moves += sum(now[part] != leader for part, leader in before.items())
        before = now
    print(f"{moves} leaders moved")
    assert moves >= MOVES
    written = load.stop()
    wait_for(oracle.complete, 60, lambda: f"{oracle.missing()} missing")
    agent.stop()
    agent.assert_true(read=written)
    verdict, counters = oracle.judge(), agent.counters()
    agent.assert_one_producer(verdict)
    assert verdict.ORDER <= counters["lines_late"], (verdict, agent.messages())
    verdict.assert_clean(written=written, dup=verdict.DUP)

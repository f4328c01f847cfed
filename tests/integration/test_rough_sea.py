# SPDX-License-Identifier: Apache-2.0
"""Three brokers under load, some or all of which go and come: nothing is lost or out of its order, and it
goes on by itself when they are back.

With the same producer, but for one reason. Two small batches of a partition may be under way at once; a
broker that comes back refuses the first one (NOT_ENOUGH_REPLICAS until others are in sync again,
NOT_LEADER_OR_FOLLOWER until it leads), and the second one for its number, because meanwhile it would take
it. Then librdkafka ends the producer, or the agent does before batches get new numbers. What was in doubt
may come twice, and is counted.
"""

import os
import time

import pytest
from rig.wait import last, wait_for
from rig.writer import Load

# Not of the wait for who has three brokers already.
pytestmark = pytest.mark.timeout(3600, func_only=True)
LONG = bool(os.environ.get("WAYBILL_LONG"))
TIMES = 5 if LONG else 1
OUTAGE_S = 60 if LONG else 12
FREEZES = 20 if LONG else 1
FROZEN_S, THAWED_S = (45, 20) if LONG else (20, 1)  # the first longer than socket_timeout_ms


class Voyage:
    """A load on a topic that does with two of three replicas, and the agent that ships it."""

    def __init__(self, brokers, topic, lineage, agent, oracle):
        self.brokers, self.topic, self.lineage, self.agent, self.oracle = brokers, topic, lineage, agent, oracle
        self.agent.start()
        self.load = Load(lineage, rate=200)
        self.agent.counted(lines_delivered=400)

    def delivered(self):
        return self.agent.counters()["lines_delivered"]

    def goes_on(self, since):
        """Seconds from `since` to the first new acknowledgement, as far as samples can tell."""
        before = self.delivered()
        wait_for(lambda: self.delivered() > before, 60, "a new acknowledgement", every=0.1)
        print(f"goes on after {time.monotonic() - since:.1f} s")

    def stands(self):
        """Nothing is acknowledged any more."""
        before = [-1]

        def quiet():
            last(1)
            now = self.delivered()
            same = now == before[0]
            before[0] = now
            return same

        wait_for(quiet, 60, "it stands still")

    def end(self):
        """What comes twice was counted, and nothing does where there was no second producer."""
        written = self.load.stop()
        wait_for(self.oracle.complete, 120, "all lines")
        self.agent.stop()
        counters = self.agent.counters()
        verdict = self.oracle.judge()
        print(f"producers {counters['producers_made']}, in doubt {counters['maybe_persisted']}, {verdict}")
        self.agent.assert_one_producer(verdict)
        verdict.assert_clean(written=written, dup=verdict.DUP)


@pytest.fixture
def voyage(three, topic_name, make_lineage, make_agent, make_oracle):
    three.mend()
    topic = three.make_topic(topic_name, replicas=3, min_insync_replicas=2)
    lineage = make_lineage("a")
    agent = make_agent(three.bootstrap, topic)
    voyage = Voyage(three, topic, lineage, agent, make_oracle(three, topic, [lineage]))
    yield voyage
    voyage.load.stop()
    three.mend()


@pytest.mark.long
@pytest.mark.scenario("E19")
def test_brokers_are_restarted_one_after_the_other(voyage):
    for _ in range(TIMES):
        for node in (2, 3):
            voyage.brokers.brokers[node].stop()
            voyage.brokers.wait_without(node, voyage.topic)
            voyage.goes_on(time.monotonic())
            voyage.brokers.mend()
    voyage.end()


@pytest.mark.long
@pytest.mark.scenario("E19", "E06", "E10")
def test_a_leader_is_bounced_hard(voyage):
    for _ in range(TIMES):
        leaders = set(voyage.brokers.leaders(voyage.topic).values()) - {1}
        node = max(leaders or {3})
        voyage.brokers.brokers[node].kill()
        voyage.brokers.wait_without(node, voyage.topic)
        voyage.goes_on(time.monotonic())
        voyage.brokers.mend()
    voyage.end()


@pytest.mark.long
@pytest.mark.scenario("E18", "E19", "E02", "E03")
def test_two_of_three_are_frozen(voyage):
    """What is left may not take a record, and does not say so for as long as it waits for the others;
    requests to these end without an answer, and some were appended."""
    for _ in range(FREEZES):
        for node in (2, 3):
            voyage.brokers.brokers[node].freeze()
        voyage.stands()
        used = voyage.agent.cpu_seconds()
        last(FROZEN_S)
        print(f"CPU: {100 * (voyage.agent.cpu_seconds() - used) / FROZEN_S:.1f} % of a core")
        thawed = time.monotonic()
        for node in (2, 3):
            voyage.brokers.brokers[node].thaw()
        voyage.goes_on(thawed)
        last(THAWED_S)
    voyage.end()


@pytest.mark.long
@pytest.mark.scenario("E19", "E30", "E02", "F05")
def test_all_are_down(voyage):
    """Told once when it begins and once when it ends; the process lives, and is no reason to end it."""
    for broker in voyage.brokers.brokers.values():
        broker.kill()
    voyage.agent.wait_says("no broker of", deadline=60)
    said = len(voyage.agent.messages())
    used = voyage.agent.cpu_seconds()
    last(OUTAGE_S)
    print(f"CPU: {100 * (voyage.agent.cpu_seconds() - used) / OUTAGE_S:.1f} % of a core")
    assert len(voyage.agent.messages()) - said < 1000, voyage.agent.messages()[said:]
    voyage.brokers.mend()
    voyage.goes_on(time.monotonic())
    voyage.agent.wait_says("the brokers answer again")
    voyage.end()

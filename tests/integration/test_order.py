# SPDX-License-Identifier: Apache-2.0
"""A batch is refused under load, and an answer of another partition is lost beside it.

The proxy refuses in the broker's place, or turns one bit so that the broker itself refuses. Keys
recur within what is queued, so a record that overtakes the refused ones shows.
"""

import pytest
from rig import proxy as actions
from rig.frames import (
    CORRUPT_MESSAGE,
    FORBIDDEN,
    MESSAGE_TOO_LARGE,
    NOT_LEADER_OR_FOLLOWER,
    POLICY_VIOLATION,
)
from rig.kafka import Broker
from rig.proxy import Proxy
from rig.reader import Reader
from rig.wait import last, wait_for
from rig.writer import Load

ROUNDS = 2
CODES = [POLICY_VIOLATION, CORRUPT_MESSAGE, MESSAGE_TOO_LARGE]
# What Kafka says of a batch that waited for replicas when its leader moved.
DENIED = (actions.INSTEAD, NOT_LEADER_OR_FOLLOWER)


@pytest.fixture
def flow(broker, own_topic, proxy, make_lineage, make_agent, make_oracle):
    """Two files under load through the proxy; flow.finish() gives the verdict and the counters."""

    class Flow:
        def __init__(self):
            self.lineages = [make_lineage(name, keys=30) for name in "ab"]
            self.agent = make_agent(proxy.bootstrap, own_topic).start()
            self.oracle = make_oracle(broker, own_topic, self.lineages)
            self.loads = [Load(lineage, rate=2000) for lineage in self.lineages]
            self.progress()

        def progress(self):
            """Another 1,000 records; the counters are asked, and add up, all the while."""
            goal = self.agent.counters()["lines_delivered"] + 1000
            self.agent.counted(lines_delivered=goal)

        def finish(self):
            written = sum(load.stop() for load in self.loads)
            wait_for(self.oracle.complete, 30, lambda: f"{self.oracle.missing()} missing")
            self.agent.stop()
            self.agent.assert_true(read=written)
            return self.oracle.judge(), self.agent.counters()

    return Flow()


def once(action):
    """A rule that does `action` to the next batch of some size."""
    done = []

    def rule(request):
        if not done and 20 < request.records < 200:
            done.append(request)
            return action
        return None

    return rule


def lost_then(action):
    """A rule: an answer is lost after the append, and before its batch comes again another
    partition's batch is refused."""
    lost = []
    done = []

    def rule(request):
        if done:
            return None
        if not lost:
            if request.records > 20:
                lost.append(request.batches[0].partition)
                return actions.DROP
            return None
        if request.batches[0].partition == lost[0]:
            lost.clear()
            return None
        done.append(request)
        return action

    return rule


@pytest.mark.parametrize("action", [*CODES, actions.FLIP])
@pytest.mark.scenario("E06", "E35")
def test_nothing_overtakes_a_refused_batch(flow, proxy, action):
    for number in range(ROUNDS):
        proxy.rule = once(action)
        wait_for(lambda: len(proxy.faults(action)) == number + 1, 20, "a refused batch")
        flow.progress()
    verdict, counters = flow.finish()
    assert all(event.request.records > 0 for event in proxy.faults(action))
    assert verdict.ORDER <= counters["lines_late"], (verdict, counters)
    assert verdict.ORDER == 0, verdict
    assert verdict.DUP <= counters["maybe_persisted"], (verdict, counters)
    verdict.assert_clean(verdict.written, dup=verdict.DUP)


@pytest.mark.parametrize("action", CODES)
@pytest.mark.scenario("E07", "E35")
def test_a_batch_in_doubt_beside_a_refused_one(flow, proxy, action):
    """What is sent again without Kafka being able to know it is counted."""
    for number in range(ROUNDS):
        proxy.rule = lost_then(action)
        wait_for(lambda: len(proxy.faults(action)) == number + 1, 20, "a refused batch")
        flow.progress()
    verdict, counters = flow.finish()
    assert proxy.faults(actions.DROP)
    assert verdict.DUP <= counters["maybe_persisted"], (verdict, counters)
    assert verdict.ORDER <= counters["lines_late"], (verdict, counters)
    verdict.assert_clean(verdict.written, dup=verdict.DUP)


def denied_then(action):
    """A rule: a batch is appended, and denied as often as it comes; when it has come again another
    partition's batch is refused, and the first one still denied."""
    denied, done = [], []

    def rule(request):
        batch = request.batches[0]
        if not denied and request.records <= 20:
            return None
        if not denied or batch.partition == denied[0]:
            denied.append(batch.partition)
            return DENIED
        if len(denied) < 2 or done:
            return None
        done.append(request)
        return action

    return rule


@pytest.mark.scenario("E03", "E07", "E35")
def test_a_batch_that_a_leader_denies_beside_a_refused_one(flow, proxy):
    """It was appended, and the producer ends before Kafka could say so: it comes twice, counted."""
    proxy.rule = denied_then(POLICY_VIOLATION)
    wait_for(lambda: proxy.faults(POLICY_VIOLATION), 20, "a refused batch")
    flow.agent.wait_says("drained and replaced")
    proxy.rule = None
    flow.progress()
    verdict, counters = flow.finish()
    first, *again = [event.request.batches[0] for event in proxy.faults(DENIED)]
    assert again and {(b.sequence, b.records) for b in again} == {(first.sequence, first.records)}
    assert first.records <= verdict.DUP <= counters["maybe_persisted"], (verdict, counters)
    verdict.assert_clean(verdict.written, dup=verdict.DUP)


LEVELS = ("INFO", "WARN", "ERROR")


@pytest.mark.scenario("E12", "G01")
def test_a_forbidden_topic_repeats_nothing_of_another(
    broker, topic_name, proxy, make_lineage, make_agent
):
    """A source routes to three topics, and one may not be written: its file waits, and of what was
    delivered to the others nothing comes again. It is tried with one record at a time, so other
    files go on."""
    topics = [broker.make_topic(f"{topic_name}-{level}", partitions=2) for level in LEVELS]
    forbidden = topics[-1]
    proxy.rule = lambda request: FORBIDDEN if request.batches[0].topic == forbidden else None
    lineage = make_lineage("a", keys=30).append(3000)
    template = topic_name + "-${level}"
    agent = make_agent(proxy.bootstrap, template, source={"topics": topics}).start()
    agent.wait_says(forbidden, "not authorized")
    wait_for(lambda: agent.counters() and len(proxy.faults(FORBIDDEN)) >= 4, 20, "a few tries")
    assert [event.request.records for event in proxy.faults(FORBIDDEN)[-2:]] == [1, 1]
    counters = agent.counters()
    assert counters["lines_waiting"] > 0
    assert counters["producers_made"] == 2
    proxy.rule = None
    agent.counted(lines_delivered=3000)
    agent.stop()
    agent.assert_true(read=3000)
    for level, topic in zip(LEVELS, topics):
        values = [record.value for record in Reader(broker.bootstrap, topic, 2).records()]
        lines = [lineage.lines.line(0, n) for n in range(3000)]
        written = [line for line in lines if line.split()[1] == level.encode()]
        assert sorted(values) == sorted(written)


@pytest.fixture
def forgetful(work):
    """A broker that forgets a producer after a second, behind a proxy."""
    broker = Broker("forgetful-broker")
    broker.format()
    with open(broker.properties, "a", encoding="ascii") as file:
        file.write("producer.id.expiration.ms=1000\nproducer.id.expiration.check.interval.ms=200\n")
    broker.start()
    proxy = Proxy(broker)
    yield broker, proxy
    proxy.close()
    broker.stop()


@pytest.mark.scenario("E08")
def test_a_quiet_producer_is_forgotten(
    forgetful, topic_name, make_lineage, make_agent, make_oracle
):
    """It goes on as if nothing had been."""
    broker, proxy = forgetful
    lineage = make_lineage("a")
    agent = make_agent(proxy.bootstrap, broker.make_topic(topic_name)).start()
    oracle = make_oracle(broker, topic_name, [lineage])
    for times in range(1, 4):
        lineage.append(100)
        agent.counted(lines_delivered=100 * times)
        last(3)  # longer than producer.id.expiration.ms
    agent.stop()
    assert agent.counters()["producers_made"] == 1, agent.messages()
    oracle.judge().assert_clean(written=300)


def test_an_expired_producer_is_not_known_again(
    forgetful, topic_name, make_lineage, make_agent, make_oracle
):
    """An answer is lost for longer than producer.id.expiration.ms: the broker takes the batch again."""
    broker, proxy = forgetful
    lineage = make_lineage("a").append(1)
    agent = make_agent(proxy.bootstrap, broker.make_topic(topic_name)).start()
    oracle = make_oracle(broker, topic_name, [lineage])
    agent.counted(lines_delivered=1)
    proxy.rule = lambda request: None if proxy.log else actions.SWALLOW
    lineage.append(100)
    wait_for(lambda: proxy.faults(actions.SWALLOW), 20, "a lost answer")
    last(3)
    proxy.reset_all()
    agent.counted(lines_delivered=101)
    agent.stop()
    verdict = oracle.judge()
    assert verdict.DUP == sum(event.request.records for event in proxy.log), verdict
    verdict.assert_clean(written=101, dup=verdict.DUP)

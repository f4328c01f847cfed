# SPDX-License-Identifier: Apache-2.0
"""A batch is refused for its number, because the one before it failed: librdkafka then numbers all that
it has anew, what is in doubt of other partitions too, and Kafka cannot know that again.

The proxy keeps the answer to a batch that was appended, and has two small batches of another partition
be under way at once, of which it refuses the first; the broker itself refuses the second.
"""

import re

import pytest
from rig import logins
from rig import proxy as actions
from rig.frames import NOT_ENOUGH_REPLICAS, NOT_LEADER_OR_FOLLOWER
from rig.promtool import fires
from rig.wait import wait_for
from rig.writer import Load

LATE = (actions.LATE, NOT_ENOUGH_REPLICAS)
# What Kafka says of a batch that waited for replicas when its leader moved.
DENIED = (actions.INSTEAD, NOT_LEADER_OR_FOLLOWER)
PIPELINED = 4  # of batches of more records librdkafka has one under way


def doubt_then_gap(action):
    """A rule: one large batch is in doubt, as often as it comes; then the first of two small ones of
    another partition fails."""
    doubt, gap = [], []

    def rule(request):
        batch = request.batches[0]
        if not doubt:
            if request.records > PIPELINED:
                doubt.append(batch.partition)
                return action
        elif action == DENIED and batch.partition == doubt[0]:
            return action
        elif not gap and request.records <= PIPELINED and batch.partition != doubt[0]:
            gap.append(batch.partition)
            return LATE
        return None

    return rule


def alerts_fire(scrape, before, work):
    """Of repeats, if there may be some; of producers only when there were more."""
    repeats = re.search(r"^waybill_maybe_persisted_total [1-9]", scrape, re.M)
    assert fires("WaybillRepeatsPossible", scrape, work, before) == bool(repeats)
    assert not fires("WaybillProducersReplaced", scrape, work, before)
    more = re.sub(r"^(waybill_producers_failed_total) 1$", r"\1 5", scrape, flags=re.M)
    assert more != scrape and fires("WaybillProducersReplaced", more, work, before)


def ship(agent, oracle, lineage, proxy, rule, word):
    """500 lines, and then others by the rule until the agent says the word, and on without it until all are
    there: how many were written, and the verdict."""
    lineage.append(500)
    agent.start()
    agent.counted(lines_delivered=500)
    before = agent.ask("metrics")
    proxy.rule = rule
    lineage.append(200)
    load = Load(lineage, rate=40)
    wait_for(lambda: proxy.faults(LATE), 20, "a batch that fails before another")
    agent.wait_says(word)
    proxy.rule = None
    goal = oracle.in_topic() + 200
    wait_for(lambda: oracle.in_topic() > goal, 60, "it goes on")
    written = 700 + load.stop()
    wait_for(oracle.complete, 30, lambda: f"{oracle.missing()} missing")
    alerts_fire(agent.ask("metrics"), before, agent.config.parent)
    agent.stop()
    agent.assert_true(read=written)
    return written, oracle.judge()


@pytest.mark.parametrize("doubt", [actions.SWALLOW, DENIED], ids=["swallowed", "denied"])
@pytest.mark.parametrize("library", ["own", "newest"])
@pytest.mark.scenario("E03", "E06", "E04", "G04")
def test_what_is_in_doubt_is_not_sent_under_new_numbers(
    library, doubt, broker, own_topic, proxy, make_lineage, make_agent, make_oracle
):
    """What may come twice is counted, and nothing else comes twice."""
    lineage = make_lineage("a", keys=30)
    agent = make_agent(proxy.bootstrap, own_topic, kafka={"socket_timeout_ms": 4000})
    agent.env = logins.newest_library() if library == "newest" else None
    oracle = make_oracle(broker, own_topic, [lineage])
    written, verdict = ship(agent, oracle, lineage, proxy, doubt_then_gap(doubt), "new numbers")
    counters = agent.counters()
    doubt = proxy.faults(doubt)[0].request
    assert verdict.DUP <= counters["maybe_persisted"], (verdict, counters)
    assert counters["maybe_persisted"] >= doubt.records, counters
    assert counters["producers_made"] == 2, agent.messages()
    verdict.assert_clean(written, dup=verdict.DUP)


def lost_then_gap(proxy, denied, lost):
    """A rule: one large batch is appended and denied, as often as it comes. A small one of another partition
    is lost with its connection, and fails when it comes again, with one behind it."""

    def rule(request):
        batch = request.batches[0]
        if not denied and request.records > PIPELINED:
            denied.append(batch)
        if not denied or batch.partition == denied[0].partition:
            return DENIED
        if not lost and proxy.faults(DENIED) and request.records <= PIPELINED:
            lost.append(batch)
            return actions.RESET
        again = lost and (batch.partition, batch.sequence) == (lost[0].partition, lost[0].sequence)
        return LATE if again and not proxy.faults(LATE) else None

    return rule


@pytest.mark.parametrize("library", ["own", "newest"])
@pytest.mark.scenario("E03", "E06", "E04", "E19")
def test_what_is_in_doubt_comes_again_and_is_refused(
    library, broker, own_topic, proxy, make_lineage, make_agent, make_oracle
):
    """As when brokers were down, and come back. librdkafka before 2.3.0 ends the producer itself then, and
    does not say that a batch is in doubt whose leader moved after the append."""
    lineage = make_lineage("a", keys=30)
    agent = make_agent(proxy.bootstrap, own_topic, kafka={"socket_timeout_ms": 4000})
    agent.env = logins.newest_library() if library == "newest" else None
    oracle = make_oracle(broker, own_topic, [lineage])
    denied, lost = [], []
    rule = lost_then_gap(proxy, denied, lost)
    written, verdict = ship(agent, oracle, lineage, proxy, rule, "drained and replaced")
    agent.assert_one_producer(verdict)
    assert verdict.DUP >= denied[0].records, verdict
    verdict.assert_clean(written, dup=verdict.DUP)

# SPDX-License-Identifier: Apache-2.0
"""The clock of the day jumps under load, forward and back: nobody waits for it.

Only the agent sees the jumps (rig/jump.c), and who waits in it for a time of the day waits for the
one that the clock shows."""

import time

import pytest
from rig.writer import Load

HOUR = 3600
DAY = 24 * HOUR


@pytest.fixture
def topic_of_any_time(broker, topic_name):
    """Kafka refuses a record that is more than an hour ahead of its own clock, unless it is told not to."""
    return broker.make_topic(topic_name, message_timestamp_after_max_ms=HOUR * 1000 * 24 * 365)


def jumps():
    """Seconds ahead: days and years, forward and back, and to the first year that there is."""
    first_year = 200 * DAY - int(time.time())
    return [HOUR // 2, -DAY, 0, DAY, -30 * DAY, first_year, 30 * DAY, 0]


@pytest.mark.scenario("F07")
def test_the_clock_jumps(broker, topic_of_any_time, clock, make_lineage, make_agent, make_oracle):
    env, jump = clock
    lineage = make_lineage("a")
    agent = make_agent(broker.bootstrap, topic_of_any_time)
    agent.env = env
    agent.start()
    oracle = make_oracle(broker, topic_of_any_time, [lineage])
    load = Load(lineage, rate=500)
    agent.counted(lines_delivered=500)
    for seconds in jumps():
        jump(seconds)
        before = agent.counters()
        agent.counted(
            deadline=10,
            lines_delivered=before["lines_delivered"] + 500,
            checkpoints=before["checkpoints"] + 2,
        )
    written = load.stop()
    agent.counted(lines_delivered=written)
    agent.stop()
    agent.assert_true(read=written)
    counters = agent.counters()
    assert (counters["producers_made"], counters["rewinds"], counters["lines_dead"]) == (1, 0, 0), counters
    said = [line for line in agent.messages().splitlines() if "warning:" in line or "error:" in line]
    assert not said, said
    times = oracle.read().times
    assert max(times) - min(times) > 1000 * 365 * DAY, "the clock did not jump"
    oracle.judge().assert_clean(written=written)


@pytest.mark.scenario("F07", "E19")
@pytest.mark.parametrize("seconds", [DAY, -DAY], ids=["ahead", "back"])
def test_the_clock_jumps_in_an_outage(
    broker, topic_of_any_time, clock, make_lineage, make_agent, make_oracle, seconds
):
    """The back-off of a connection is no time of the day."""
    env, jump = clock
    lineage = make_lineage("a").append(500)
    agent = make_agent(broker.bootstrap, topic_of_any_time)
    agent.env = env
    agent.start()
    oracle = make_oracle(broker, topic_of_any_time, [lineage])
    agent.counted(lines_delivered=500)
    broker.kill()
    try:
        lineage.append(500)
        agent.wait_says("no broker of", deadline=60)
        jump(seconds)
    finally:
        broker.start()
    agent.counted(lines_delivered=1000)
    agent.wait_says("the brokers answer again")
    agent.stop()
    agent.assert_true(read=1000)
    oracle.judge().assert_clean(written=1000)

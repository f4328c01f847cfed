# SPDX-License-Identifier: Apache-2.0
"""Events of several lines are records, once each: whatever happens in the middle of one."""

import os

import pytest
from rig.agent import EX_OK
from rig.reader import Reader
from rig.state import read_state
from rig.wait import wait_for
from test_explain import explain

TRACE = [
    b"2026-01-01T00:00:00Z ERROR order=7 cid=c failed",
    b"java.lang.IllegalStateException: no",
    b"\tat shop.Orders.pay(Orders.java:7)",
    b"Caused by: java.io.IOException: closed",
    b"\t... 12 more",
]
NEXT = b"2026-01-01T00:00:01Z INFO order=8 cid=d went on"
JAVA = {"type": "java", "flush_after": "10m"}
PATTERN = r"^\S+ (?<level>[A-Z]+) order=(?<order_id>\d+) "


def block(lines):
    return b"".join(line + b"\n" for line in lines)


def values(cluster, topic):
    return sorted(record.value for record in Reader(cluster.bootstrap, topic).records())


def of_java(**more):
    return {"multiline": {**JAVA, **more}, "headers": [{"name": "level", "value": "${level}"}]}


class Log:
    def __init__(self, work, name="a"):
        self.path = work / "log" / f"{name}.log"

    def write(self, *lines, end=b"\n"):
        with open(self.path, "ab", buffering=0) as log:
            log.write(b"\n".join(lines) + end)
        return self


@pytest.mark.scenario("C11")
def test_a_stack_trace_is_one_record(cluster, topic, work, make_agent):
    """Its line ends are kept, its key is that of its first line, its lines and events are counted."""
    Log(work).write(*TRACE, NEXT, *TRACE)
    agent = make_agent(cluster.bootstrap, topic, source=of_java(), pattern=PATTERN)
    assert agent.run("--until-eof") == EX_OK
    records = Reader(cluster.bootstrap, topic).records()
    trace = b"\n".join(TRACE)
    assert sorted(record.value for record in records) == [trace, trace, NEXT]
    assert sorted(record.key for record in records) == [b"7", b"7", b"8"]
    counters = agent.counters()
    assert (counters["lines_delivered"], counters["events_delivered"]) == (11, 3), counters
    assert counters["lines_unmatched"] == 0
    agent.assert_true(read=11)


@pytest.mark.scenario("C11", "G01")
def test_an_open_event_waits_and_holds_the_position(cluster, topic, work, make_agent):
    """Its lines are read and wait; a stop and a kill in it join it once, and repeat nothing."""
    log = Log(work).write(NEXT, *TRACE[:2])
    agent = make_agent(cluster.bootstrap, topic, source=of_java(), pattern=PATTERN).start()
    agent.counted(lines_delivered=1, lines_waiting=2)
    agent.stop()
    agent.start()
    now = agent.counted(lines_waiting=2)
    assert now["lines_delivered"] == 0
    log.write(TRACE[2])
    agent.counted(lines_waiting=3)
    committed = read_state(agent.state).files[os.stat(log.path).st_ino].committed
    assert committed == len(NEXT) + 1
    agent.kill()
    agent.start()
    agent.counted(lines_waiting=3)
    log.write(*TRACE[3:], NEXT)
    agent.counted(lines_delivered=5, lines_waiting=1)
    agent.stop()
    agent.run("--until-eof")
    assert values(cluster, topic) == [b"\n".join(TRACE), NEXT, NEXT]


@pytest.mark.scenario("C11", "E01")
@pytest.mark.parametrize("killed", [False, True])
def test_an_outage_in_an_open_event(broker, own_topic, work, make_agent, killed):
    """The event that is under way comes once, the open one joins, and both are whole."""
    log = Log(work).write(NEXT, TRACE[0])
    agent = make_agent(broker.bootstrap, own_topic, source=of_java(), pattern=PATTERN).start()
    agent.counted(lines_delivered=1, lines_waiting=1)
    broker.freeze()
    try:
        log.write(*TRACE[1:], *TRACE[:3])
        agent.counted(in_flight=5, lines_waiting=3)
        if killed:
            agent.kill()
        log.write(TRACE[3])
    finally:
        broker.thaw()
    if killed:
        agent.start()
    agent.counted(lines_waiting=4)
    log.write(TRACE[4], NEXT, NEXT)
    agent.counted(lines_delivered=11 if killed else 12, lines_waiting=1)
    agent.stop()
    found = values(broker, own_topic)
    assert set(found) == {b"\n".join(TRACE), NEXT}
    # What the killed one had sent may have arrived all the same.
    assert len(found) == 4 or (killed and len(found) > 4)


@pytest.mark.scenario("C11")
def test_the_quiet_end_an_event(cluster, topic, work, make_agent):
    """After flush_after it is whole; what comes later is an event of its own."""
    log = Log(work).write(*TRACE[:3])
    source = of_java(flush_after="1s")
    agent = make_agent(cluster.bootstrap, topic, source=source, pattern=PATTERN).start()
    agent.counted(lines_delivered=3)
    log.write(*TRACE[3:])
    agent.counted(lines_delivered=5)
    agent.stop()
    agent.assert_true(read=5)
    assert values(cluster, topic) == sorted([b"\n".join(TRACE[:3]), b"\n".join(TRACE[3:])])


@pytest.mark.scenario("C11", "C02")
def test_limits_cut_and_mark_and_lose_nothing(cluster, topic, work, make_agent):
    frames = [b"\tat shop.Deep.call(Deep.java:%d)" % number for number in range(25)]
    long = b"\tat " + b"x" * 300
    Log(work).write(TRACE[0], *frames, NEXT, long, long)
    source = of_java(max_lines=10, max_event=600)
    agent = make_agent(cluster.bootstrap, topic, source=source, pattern=PATTERN)
    assert agent.run("--until-eof") == EX_OK
    records = Reader(cluster.bootstrap, topic).records()
    mark = ("waybill-continues", b"true")
    found = {record.value: mark in record.headers for record in records}
    assert found == {
        b"\n".join([TRACE[0], *frames[:9]]): True,
        b"\n".join(frames[9:19]): True,
        b"\n".join(frames[19:]): False,
        b"\n".join([NEXT, long]): True,
        long: False,
    }
    assert agent.counters()["events_cut"] == 3
    agent.assert_true(read=29)


@pytest.mark.scenario("C11", "A01")
def test_an_event_that_was_open_at_a_rotation(cluster, topic, work, make_agent):
    """It is finished where it began, in the file that was renamed."""
    log = Log(work).write(*TRACE[:2])
    source = {**of_java(), "rotate_wait": "1s"}
    agent = make_agent(cluster.bootstrap, topic, source=source, pattern=PATTERN).start()
    agent.counted(lines_waiting=2)
    old = open(log.path, "ab", buffering=0)
    os.rename(log.path, log.path.with_suffix(".log.1"))
    old.write(block(TRACE[2:]))
    log.write(NEXT, NEXT)
    agent.counted(lines_delivered=6)
    old.close()
    agent.stop()
    assert values(cluster, topic) == [b"\n".join(TRACE), NEXT]


@pytest.mark.scenario("C11", "G01")
def test_the_sum_holds_while_events_grow_and_are_left_out(cluster, topic, work, make_agent):
    """Line by line, with a rule that leaves out what does not match: at any moment."""
    source = {**of_java(), "on_no_match": "skip"}
    agent = make_agent(cluster.bootstrap, topic, source=source, pattern=PATTERN).start()
    log = Log(work)
    for round in range(30):
        for line in TRACE if round % 3 else [b"no key", *TRACE[1:]]:
            log.write(line)
            agent.counters()
    log.write(NEXT)
    now = agent.counted(lines_delivered=100, lines_filtered=50, lines_waiting=1)
    assert now["lines_read"] == 151 and now["lines_reread"] == 0
    wait_for(lambda: agent.counters()["in_flight"] == 0, 20, "reports")
    agent.stop()


@pytest.mark.scenario("C11", "G01")
def test_a_line_within_an_event_is_not_explained_as_one_of_its_own(cluster, topic, work, make_agent):
    """A rule that would leave out the line alone did not judge it."""
    rules = [{"name": "errors", "action": "keep", "pattern": "ERROR"}]
    log = Log(work).write(*TRACE, NEXT, NEXT)
    agent = make_agent(
        cluster.bootstrap, topic, source={**of_java(), "rules": rules}, pattern=PATTERN
    ).start()
    agent.counted(lines_delivered=len(TRACE), lines_filtered=1)
    said = explain(agent, f"{log.path}:3")
    assert said.startswith("settled: it is settled: delivered, or filtered"), said
    agent.stop()

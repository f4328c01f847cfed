# SPDX-License-Identifier: Apache-2.0
"""One agent, two clusters with a topic of the same name: what stops at one of them goes on at the
other, and each gets its own lines once and in their order, through outages and kills."""

import pytest
from rig import config
from rig.kafka import Broker
from rig.wait import wait_for
from rig.writer import Load

RATE = 2000  # lines a second, to each
MEANWHILE = 5000  # lines that the one gets while the other is down
KILLS = 3


@pytest.fixture(scope="module")
def other():
    """The second cluster; a test that breaks it mends it."""
    other = Broker("other-broker")
    other.format()
    other.start()
    yield other
    other.stop()


class Side:
    """One cluster with the lines that go to it."""

    def __init__(self, name, kafka, lineages, oracle):
        self.name, self.kafka, self.lineages, self.oracle = name, kafka, lineages, oracle

    def load(self, **more):
        return [Load(lineage, rate=RATE // len(self.lineages), **more) for lineage in self.lineages]


@pytest.fixture
def sides(work, broker, other, topic_name, make_lineage, make_oracle):
    """near: the broker of the session, far: the other; each with a topic of the same name."""
    made = []
    for name, kafka in (("near", broker), ("far", other)):
        kafka.make_topic(topic_name)
        lineages = [make_lineage(f"{name}-{letter}") for letter in "ab"]
        made.append(Side(name, kafka, lineages, make_oracle(kafka, topic_name, lineages)))
    return made


@pytest.fixture
def agent(work, sides, topic_name, make_agent):
    sources = [
        config.source(topic_name, [work / "log" / f"{side.name}-*.log"], side.name, cluster=side.name)
        for side in sides
    ]
    settings = config.settings("", sources)
    settings["kafka"] = [
        {"name": side.name, "bootstrap_servers": side.kafka.bootstrap} for side in sides
    ]
    agent = make_agent(text=config.render_settings(settings))
    return agent


def flowing(side, lines):
    wait_for(lambda: side.oracle.in_topic() > lines, 60, f"load to flow to {side.name}")


def judge(agent, sides, loads):
    """All that was written is there, once and in order, on each."""
    written = [sum(load.stop() for load in loads[side.name]) for side in sides]
    for side in sides:
        wait_for(side.oracle.complete, 120, f"all lines of {side.name}")
    agent.stop()
    for side, lines in zip(sides, written):
        side.oracle.judge().assert_clean(lines)
    return written


def test_each_gets_its_own(agent, sides):
    loads = {side.name: side.load() for side in sides}
    agent.start()
    for side in sides:
        flowing(side, MEANWHILE)
    written = judge(agent, sides, loads)
    agent.assert_true(read=sum(written))


@pytest.mark.parametrize("down", ["near", "far"])
@pytest.mark.parametrize("how", ["frozen", "dead"])
def test_one_is_down_and_the_other_goes_on(agent, sides, down, how):
    one = next(side for side in sides if side.name == down)
    rest = next(side for side in sides if side.name != down)
    loads = {side.name: side.load() for side in sides}
    agent.start()
    for side in sides:
        flowing(side, RATE)
    if how == "frozen":
        one.kafka.freeze()
    else:
        one.kafka.kill()
    try:
        before = rest.oracle.in_topic()
        for part in range(1, 5):
            flowing(rest, before + part * MEANWHILE)
            agent.counters()  # adds up at any moment
        agent.wait_says(f"cluster {down}:", "answer", deadline=60)
        assert not agent.says(f"cluster {rest.name}:", "no broker")
    finally:
        if how == "frozen":
            one.kafka.thaw()
        else:
            one.kafka.start()
    written = judge(agent, sides, loads)
    agent.assert_true(read=sum(written))


def test_it_starts_while_one_is_down(agent, sides):
    near, far = sides
    loads = {side.name: side.load() for side in sides}
    far.kafka.kill()
    try:
        agent.start()
        flowing(near, MEANWHILE)
    finally:
        far.kafka.start()
    judge(agent, sides, loads)


def test_it_is_killed_while_one_is_down(agent, sides):
    """A broker that is dead has none of what was under way to it, so nothing of it is there twice;
    of the other only what was under way at a kill may be."""
    near, far = sides
    loads = {side.name: side.load() for side in sides}
    agent.start()
    for side in sides:
        flowing(side, RATE)
    far.kafka.kill()
    in_flight = 0
    try:
        for _ in range(KILLS):
            flowing(near, near.oracle.in_topic() + MEANWHILE)
            in_flight += agent.counters()["in_flight"]
            agent.kill()
            agent.start()
    finally:
        far.kafka.start()
    written = {side.name: sum(load.stop() for load in loads[side.name]) for side in sides}
    for side in sides:
        wait_for(side.oracle.complete, 120, f"all lines of {side.name}")
    agent.stop()
    for side in sides:
        verdict = side.oracle.judge()
        assert (verdict.LOST, verdict.ORDER, verdict.CORRUPT, verdict.WRONG) == (0, 0, 0, 0), verdict
        assert verdict.written == written[side.name], verdict

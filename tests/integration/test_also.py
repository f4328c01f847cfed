# SPDX-License-Identifier: Apache-2.0
"""A line that goes to several topics: each gets all of them once and in their order, and what one of
them does not take now, or never, is nothing that another one gets twice."""

import random
import sqlite3

import pytest
from rig import config
from rig.reader import Reader
from rig.state import read_state
from rig.wait import last, wait_for
from rig.writer import Load

pytestmark = pytest.mark.timeout(300)

LINES = 3000
RATE = 1000


def audit(topic_name):
    return f"{topic_name}-audit"


@pytest.fixture
def lineages(make_lineage):
    return [make_lineage(letter) for letter in "ab"]


@pytest.fixture
def make_sides(broker, topic_name, lineages, make_oracle):
    """An oracle for the topic of the source, and one for each other place: (cluster, topic)."""

    def make(*places):
        return [
            make_oracle(kafka, topic, lineages) for kafka, topic in [(broker, topic_name), *places]
        ]

    return make


@pytest.fixture
def agent(broker, own_topic, topic_name, make_agent):
    """Its lines go to `audit` of the same cluster, too, which is not there yet."""
    also = [{"topic": audit(topic_name)}]
    return make_agent(
        broker.bootstrap, topic_name, source={"also": also}, checkpoint_interval="200ms"
    )


def complete(oracles, deadline=120):
    for oracle in oracles:
        wait_for(oracle.complete, deadline, lambda oracle=oracle: f"all lines in {oracle.topic}")


def judge(agent, oracles, lineages, stop=True):
    """All that was written is there, once and in order, in each topic; its number."""
    written = sum(len(lineage) for lineage in lineages)
    complete(oracles)
    if stop:
        agent.stop()
    for oracle in oracles:
        oracle.judge().assert_clean(written)
    return written


@pytest.mark.scenario("E37")
def test_two_topics(agent, broker, topic_name, lineages, make_sides):
    """And a restart has nothing left to send."""
    broker.make_topic(audit(topic_name))
    sides = make_sides((broker, audit(topic_name)))
    agent.start()
    for lineage in lineages:
        lineage.append(LINES)
    written = judge(agent, sides, lineages)
    agent.assert_true(read=written)
    assert agent.counters()["lines_delivered"] == written
    assert agent.run("--until-eof") == 0
    for side in sides:
        side.judge().assert_clean(written)


def test_each_has_a_record_of_its_own(broker, own_topic, topic_name, work, make_agent, make_lineage):
    """What a copy does not name is the source's."""
    name = broker.make_topic(audit(topic_name))
    also = [
        {
            "topic": audit(topic_name),
            "key": "${level}",
            "json": [{"name": "id", "value": "${order_id}"}],
            "headers": [{"name": "to", "value": "audit"}],
        }
    ]
    make_lineage("a").append(LINES)
    agent = make_agent(broker.bootstrap, topic_name, source={"also": also})
    assert agent.run("--until-eof") == 0
    own = Reader(broker.bootstrap, topic_name).records()
    records = Reader(broker.bootstrap, name).records()
    assert len(own) == len(records) == LINES
    for record in records:
        assert record.headers == [("to", b"audit")], record
        assert record.value.startswith(b'{"id":"'), record
    levels = {dict(record.headers)["level"] for record in own}
    assert {record.key for record in records} == levels


@pytest.mark.scenario("E37")
def test_one_topic_is_missing(agent, broker, topic_name, lineages, make_sides):
    """Until it is there no file goes past the first line that it lacks."""
    agent.start()
    for lineage in lineages:
        lineage.append(LINES)
    agent.wait_says(audit(topic_name), "not")
    near = make_sides()
    wait_for(lambda: near[0].in_topic() == len(lineages), 30, "the first line of each file")
    assert last(1) or near[0].in_topic() == len(lineages)
    counters = agent.counters()
    assert counters["lines_delivered"] == 0 and counters["lines_waiting"] == len(lineages), counters
    asked = " ".join(agent.ask("explain", f"{lineages[0].path}:1").split())
    assert "this one does not take it now" in asked, asked
    assert f"(copy 2 of 2, topic {audit(topic_name)})" in asked, asked
    asked = " ".join(agent.ask("explain", lineages[0].path).split())
    assert f"waits for topic {audit(topic_name)}" in asked, asked
    broker.make_topic(audit(topic_name))
    sides = [*near, *make_sides((broker, audit(topic_name)))[1:]]
    agent.assert_true(read=judge(agent, sides, lineages))


def state_of(agent):
    """As the running agent has stored it."""
    try:
        return read_state(agent.state)
    except sqlite3.Error:  # copied in the midst of a write
        return None


def half_settled(agent, n):
    """Whether the state says of n files that one copy of a line is settled."""
    state = state_of(agent)
    return state and sum(len(file.branches) == 1 for file in state.files.values()) == n


@pytest.mark.scenario("E37")
@pytest.mark.parametrize("how", ["kill", "stop"])
def test_restart_while_one_topic_is_missing(agent, broker, topic_name, lineages, make_sides, how):
    """What the one topic has acknowledged is not sent there again."""
    agent.start()
    for lineage in lineages:
        lineage.append(LINES)
    near = make_sides()
    for life in range(3):
        wait_for(lambda: half_settled(agent, len(lineages)), 30, "the state to know of them")
        if how == "kill":
            agent.kill()
        else:
            agent.stop()
        agent.start()
    agent.wait_says(audit(topic_name), "not")
    broker.make_topic(audit(topic_name))
    sides = [*near, *make_sides((broker, audit(topic_name)))[1:]]
    judge(agent, sides, lineages)


@pytest.fixture
def far_agent(broker, own_topic, other, topic_name, make_agent, work):
    """Its lines go to a topic of the same name in the other cluster, too."""
    also = [{"cluster": "far", "topic": topic_name}]
    paths = [str(work / "log" / "*.log")]
    sources = [config.source(topic_name, paths, also=also, cluster="near")]
    settings = config.settings("", sources, checkpoint_interval="200ms")
    settings["kafka"] = [
        {"name": "near", "bootstrap_servers": broker.bootstrap},
        {"name": "far", "bootstrap_servers": other.bootstrap},
    ]
    return make_agent(text=config.render_settings(settings))


def flowing(oracle, lines):
    wait_for(lambda: oracle.in_topic() > lines, 60, f"load to flow to {oracle.topic}")


@pytest.mark.scenario("E37")
@pytest.mark.parametrize("how", ["frozen", "dead"])
def test_one_of_two_clusters_is_down(far_agent, other, topic_name, lineages, make_sides, how):
    """The file is held, through rotations, and goes on when it is back: nothing is there twice."""
    other.make_topic(topic_name)
    near, far = make_sides((other, topic_name))
    loads = [Load(lineage, rate=RATE, rotate_every=2 * RATE) for lineage in lineages]
    far_agent.start()
    for side in (near, far):
        flowing(side, RATE)
    other.freeze() if how == "frozen" else other.kill()
    try:
        last(8)
        counters = far_agent.counters()
        assert counters["lines_delivered"] < counters["lines_read"], counters
    finally:
        other.thaw() if how == "frozen" else other.start()
    last(2)
    for load in loads:
        load.stop()
    far_agent.assert_true(read=judge(far_agent, [near, far], lineages))


@pytest.mark.scenario("E37")
def test_killed_while_one_cluster_is_down(far_agent, other, topic_name, lineages, make_sides):
    """A cluster that was never reached: what the other one has by then comes there once."""
    other.make_topic(topic_name)
    near, far = make_sides((other, topic_name))
    other.kill()
    try:
        far_agent.start()
        for lineage in lineages:
            lineage.append(LINES)
        wait_for(lambda: near.in_topic() >= len(lineages), 60, "lines in the near cluster")
        for _ in range(3):
            wait_for(lambda: half_settled(far_agent, len(lineages)), 30, "the state to know of them")
            far_agent.kill()
            far_agent.start()
    finally:
        other.start()
    judge(far_agent, [near, far], lineages)


@pytest.mark.scenario("E37")
def test_killed_at_any_time(far_agent, other, topic_name, lineages, make_sides):
    """Each side gets again what its copy was not stored as settled of, and no more."""
    other.make_topic(topic_name)
    sides = make_sides((other, topic_name))
    loads = [Load(lineage, rate=RATE) for lineage in lineages]
    repeats = 0
    for life in range(5):
        far_agent.start()
        flowing(sides[0], life * RATE)
        last(random.random())
        far_agent.kill()
        state = read_state(far_agent.state)
        for side in sides:
            side.read(side.settled_ends())
            for lineage in lineages:
                covered = state.uncovered(lineage, side.present(lineage))
                repeats += len(covered)
    far_agent.start()
    for load in loads:
        load.stop()
    complete(sides)
    far_agent.stop()
    for side in sides:
        verdict = side.judge()
        assert (verdict.LOST, verdict.ORDER, verdict.CORRUPT, verdict.WRONG) == (0, 0, 0, 0), verdict
    assert sum(side.verdict.DUP for side in sides) <= repeats


LARGE = 4000  # bytes: above what `audit` takes
SMALL = 2000


@pytest.mark.scenario("E37")
def test_one_topic_refuses_lines(agent, broker, topic_name, make_lineage, make_sides, lineages):
    """Batches with a line that is too large there go back, and the topic of the source does not
    notice. What was refused is a dead letter of that topic, and can be sent there again."""
    broker.make_topic(audit(topic_name))
    sides = make_sides((broker, audit(topic_name)))
    agent.start()
    for lineage in lineages:
        lineage.lines.big = {
            n: random.Random(n).randbytes(LARGE // 2).hex().encode() for n in range(100, LINES, 300)
        }
    lineages[0].append(50)
    wait_for(lambda: sides[1].in_topic() == 50, 60, "lines in both topics")
    broker.alter_topic(audit(topic_name), max_message_bytes=SMALL)
    lineages[0].append(LINES - 50)
    lineages[1].append(LINES)
    dead = sum(len(lineage.lines.big) for lineage in lineages)
    agent.counted(lines_dead=dead)
    wait_for(lambda: sides[1].in_topic() == 2 * LINES - dead, 120, "all other lines")
    complete(sides[:1])
    counters = agent.counted(lines_delivered=2 * LINES - dead)
    assert counters["lines_dead"] == dead, counters
    sides[0].judge().assert_clean(2 * LINES)
    verdict = sides[1].judge()
    assert verdict.faults() == {"LOST": dead, "DUP": 0, "ORDER": 0, "CORRUPT": 0, "WRONG": 0}, verdict
    letters = wait_for(lambda: state_of(agent), 20, "the state").dead_letters
    assert {letter["topic"] for letter in letters} == {audit(topic_name)} and len(letters) == dead
    broker.alter_topic(audit(topic_name), max_message_bytes=1 << 20)
    agent.ask("dead-letters", "replay", "--all", "--yes")
    wait_for(sides[1].complete, 60, "the letters in their topic")
    agent.stop()
    sides[0].judge().assert_clean(2 * LINES)
    assert sides[1].judge().DUP == 0

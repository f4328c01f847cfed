# SPDX-License-Identifier: Apache-2.0
"""SIGHUP and topics: those that are new come into the running producer, and a source that has more
topics than its own (`also`, dead_letter_topic), or gets or loses them, changes as any other."""

import json
import os
import re
import urllib.request

import pytest
from rig.process import free_port
from rig.reader import Reader
from rig.sides import Side, Sides
from rig.wait import wait_for
from rig.writer import Load

LONG = bool(os.environ.get("WAYBILL_LONG"))
RELOADS = 200 if LONG else 40
BAD = {"on_missing_key": "dead_letter"}


def status(agent):
    return [json.loads(text) for text in agent.ask("status", "--json").splitlines()]


def line(agent, kind):
    return next(found for found in status(agent) if found["kind"] == kind)


@pytest.fixture
def make_side(topic_name, cluster, make_lineage, make_oracle):
    def make(name, **shape):
        topic = cluster.make_topic(f"{topic_name}-{name}")
        lineage = make_lineage(name, **shape)
        return Side(name, cluster, topic, lineage, make_oracle(cluster, topic, [lineage], unjudged={"life"}))

    return make


@pytest.fixture
def make_sides(make_agent, manager, cluster):
    def make(*sides, **settings):
        kafka = {"bootstrap_servers": cluster.bootstrap}
        return Sides(make_agent(text=""), manager, list(sides), kafka, **settings)

    return make


@pytest.fixture
def audit(topic_name, cluster, make_oracle):
    """audit(side): its lines go to another topic, too, of which this is the oracle."""

    def audit(side):
        topic = cluster.make_topic(f"{topic_name}-{side.name}-audit")
        side.more = {"also": [{"topic": topic}]}
        return make_oracle(cluster, topic, [side.lineage], unjudged={"life"})

    return audit


@pytest.mark.scenario("F03")
def test_a_source_gets_several_topics(make_side, make_sides):
    """Of a topic that is there already: lines that are read from then on go there, too."""
    one, spare = make_side("one"), make_side("spare")
    sides = make_sides(one, spare)
    one.lineage.append(1000)
    sides.delivered(one, 1000)
    one.more = {"also": [{"topic": spare.topic}]}
    sides.reload()
    assert sides.agent.says("sources +0 -0 ~1 are taken")
    one.lineage.append(500)
    sides.delivered(one, 1500)
    wait_for(lambda: spare.oracle.in_topic() >= 500, 30, "the other topic's")
    one.more = {}
    sides.reload()
    one.lineage.append(500)
    sides.delivered(one, 2000)
    sides.agent.stop()
    sides.agent.assert_true(2000)
    assert sides.agent._printed()[-1]["producers_made"] == 1
    one.oracle.judge().assert_clean(2000)
    values = [record.value for record in Reader(spare.kafka.bootstrap, spare.topic).records()]
    sequences = sorted(int(value.split(b":")[-2]) for value in values)
    assert sequences == list(range(1000, 1500))


@pytest.mark.scenario("F03")
def test_a_new_topic_in_a_running_producer(make_side, make_sides):
    """It comes with its source, is left by it, and is taken up again; others do not notice."""
    old, new = make_side("old"), make_side("new")
    new.more = {"topic_config": {"compression_type": "gzip"}}
    new.there = False
    sides = make_sides(old, new)
    old.lineage.append(100), new.lineage.append(1000)
    sides.delivered(old, 100)
    descriptor = sides.descriptor(old)
    for count in (1000, 1500, 2000):
        new.there = True
        sides.reload()
        assert line(sides.agent, "agent")["kafka_up"], "that it is not asked for yet is no failure"
        sides.delivered(new, count)
        new.there = False
        sides.reload()
        topics = [line["topic"] for line in status(sides.agent) if line["kind"] == "topic"]
        assert topics == [old.topic], "the other one is not told of"
        new.lineage.append(500)
    new.there = True
    sides.reload()
    assert sides.descriptor(old) == descriptor
    sides.ends_clean([100, 2500])
    assert sides.agent._printed()[-1]["producers_made"] == 1


@pytest.mark.scenario("F03")
def test_a_new_topic_that_is_not_there_yet(topic_name, cluster, make_lineage, make_oracle, make_side, make_sides):
    """Its files wait until it is; when its source has gone meanwhile nobody waits."""
    old, topic, lineage = make_side("old"), f"{topic_name}-late", make_lineage("late")
    late = Side("late", cluster, topic, lineage, make_oracle(cluster, topic, [lineage], unjudged={"life"}))
    late.there = False
    sides = make_sides(old, late)
    sides.agent.counted(lines_read=0)
    lineage.append(300)
    late.there = True
    sides.reload()
    sides.agent.wait_says(f"topic {topic} does not exist")
    assert not line(sides.agent, "agent")["kafka_up"]
    late.there = False
    sides.reload()
    assert line(sides.agent, "agent")["kafka_up"]
    late.there = True
    sides.reload()
    cluster.make_topic(topic)
    old.lineage.append(100)
    sides.ends_clean([100, 300])


@pytest.mark.scenario("F03")
def test_a_new_topic_is_made(topic_name, cluster, make_lineage, make_oracle, make_side, make_sides):
    """As `topics` says, which comes with its source."""
    old, topic, lineage = make_side("old"), f"{topic_name}-made", make_lineage("made")
    made = Side("made", cluster, topic, lineage, make_oracle(cluster, topic, [lineage], unjudged={"life"}))
    made.there = False
    sides = make_sides(old, made)
    old.lineage.append(100), lineage.append(300)
    made.there = True
    sides.settings["topics"] = [{"name": topic, "create": True, "partitions": 6, "replication_factor": 1}]
    sides.reload()
    sides.agent.wait_says(f"topic {topic} was not there, and was made with 6 partitions")
    sides.ends_clean([100, 300])


@pytest.mark.scenario("F03")
def test_what_is_said_of_a_topic_in_use_restarts(make_side, make_sides):
    one, two = make_side("one"), make_side("two")
    sides = make_sides(one, two)
    one.lineage.append(100), two.lineage.append(100)
    sides.delivered(one, 100)
    one.more = {"topic_config": {"compression_type": "gzip"}}
    sides.restart("partitioner or topic_config of source one differ")
    sides.all_there([100, 100])


@pytest.mark.scenario("F03")
def test_copies_go_to_a_topic_that_is_new(topic_name, cluster, make_side, make_sides, audit):
    """Of a source that is halted in the middle of its lines, on and on."""
    one, two = make_side("one"), make_side("two")
    sides = make_sides(one, two)
    two.lineage.append(10)
    load = Load(one.lineage, rate=1000)
    sides.delivered(one, 500)
    copies = audit(one)
    one.life = 1
    sides.reload()
    wait_for(lambda: copies.in_topic() >= 500, 30, "copies")
    for one.life in range(2, 8):
        before = copies.in_topic()
        sides.reload()
        wait_for(lambda before=before: copies.in_topic() > before, 30, "copies")
    sides.ends_clean([load.stop(), 10])
    assert sides.agent._printed()[-1]["producers_made"] == 1
    values = [record.value for record in Reader(cluster.bootstrap, f"{topic_name}-one-audit").records()]
    sequences = sorted(int(value.split(b":")[-2]) for value in values)
    assert sequences == list(range(sequences[0], sequences[-1] + 1)), "each line once, from the reload on"


@pytest.mark.scenario("F03")
def test_the_only_source_has_several_topics(make_side, make_sides, audit):
    one, two = make_side("one"), make_side("two")
    copies = audit(one)
    two.there, two.topic = False, one.topic
    sides = make_sides(one, two)
    load = Load(one.lineage, rate=1000)
    sides.delivered(one, 1000)
    two.there = True
    sides.reload()
    assert sides.agent.says("sources +1 -0 ~0 are taken"), "the only one goes on"
    two.lineage.append(300)
    sides.delivered(one, 2000)
    written = load.stop()
    wait_for(copies.complete, 30, "all copies")
    wait_for(lambda: one.oracle.in_topic() == written + 300, 30, "the lines of both")
    sides.agent.stop()
    copies.judge().assert_clean(written)
    one.oracle.lineages[two.lineage.name] = two.lineage
    one.oracle.counts[two.lineage.name] = bytearray()
    one.oracle.judge().assert_clean(written + 300)


@pytest.mark.scenario("F03")
def test_dead_letters_get_a_topic(topic_name, cluster, make_side, make_sides):
    """Those that are kept already go there, too."""
    one, two = make_side("one", unmatched_every=10), make_side("two")
    dead = cluster.make_topic(f"{topic_name}-dead")
    one.more = dict(BAD)
    sides = make_sides(one, two)
    one.lineage.append(100)
    sides.agent.counted(lines_dead=10, lines_delivered=90)
    one.more["dead_letter_topic"] = two.topic
    sides.reload()
    one.lineage.append(100)
    wait_for(lambda: two.oracle.in_topic() == 20, 30, "dead letters in their topic")
    sides.delivered(one, 180)
    one.more["dead_letter_topic"] = dead
    sides.reload()
    one.lineage.append(100)
    oracle = Reader(cluster.bootstrap, dead)
    wait_for(lambda: len(oracle.records()) == 10, 30, "those that came later")
    del one.more["dead_letter_topic"]
    sides.reload()
    one.lineage.append(100)
    sides.agent.counted(lines_dead=40, letters_copied=30, lines_delivered=360)
    sides.agent.stop()
    assert one.oracle.in_topic() == 360 and two.oracle.in_topic() == 20
    assert len(Reader(cluster.bootstrap, dead).records()) == 10
    assert sides.agent.messages().count("started:") == 1


@pytest.mark.scenario("F03")
def test_a_file_of_a_source_with_several_topics_becomes_anothers(make_side, make_sides, audit, make_oracle):
    """It stays as it was, but one that comes before it wants one of its files: the other file's lines
    go to its topics, by whatever number each configuration calls them."""
    late, early, kept = make_side("late"), make_side("early"), make_side("late-kept")
    copies = audit(late)
    paths = [f"{late.lineage.path}*", f"{kept.lineage.path}*"]
    source = Side.source(late)
    late.source = lambda: {**source, "paths": paths}
    kept.there = False
    sides = make_sides(late, early)
    late.lineage.append(100), kept.lineage.append(100), early.lineage.append(10)
    sides.delivered(late, 200), sides.delivered(early, 10)
    wait_for(lambda: copies.in_topic() == 200, 30, "copies")
    wanted = {**early.source(), "paths": [f"{early.lineage.path}*", paths[0]]}
    early.source = lambda: wanted
    sides.sides = [early, late]
    sides.reload()
    late.lineage.append(50), kept.lineage.append(70)
    sides.delivered(early, 60), sides.delivered(late, 270)
    wait_for(lambda: copies.in_topic() == 270, 30, "copies of the file that stays")
    sides.agent.stop()
    assert (early.oracle.in_topic(), late.oracle.in_topic(), copies.in_topic()) == (60, 270, 270)


@pytest.mark.long
@pytest.mark.timeout(900 if LONG else 300)
@pytest.mark.scenario("F03")
def test_many_reloads_with_several_topics(make_side, make_sides, audit):
    """Of a source that has them nothing is noticed; one beside, which has them too, changes, another one
    comes and goes, and so does its topic."""
    whole, changes, comes = make_side("whole"), make_side("changes"), make_side("comes")
    copies, more_copies = audit(whole), audit(changes)
    comes.there = False
    sides = make_sides(whole, changes, comes, shutdown_timeout="5m")
    loads = [Load(side.lineage, rate=500, rotate_every=3500) for side in sides.sides]
    for number in range(1, RELOADS + 1):
        changes.life = number
        comes.there = number % 3 != 1
        comes.life += comes.there
        sides.reload(60)
    comes.there = True
    sides.reload(60)
    written = [load.stop() for load in loads]
    wait_for(lambda: copies.complete() and more_copies.complete(), 60, "all copies")
    sides.ends_clean(written)
    copies.judge().assert_clean(written[0])
    more_copies.judge().assert_clean(written[1])
    assert sides.agent._printed()[-1]["producers_made"] == 1
    for lives in changes.lives().values():
        assert lives == sorted(lives), "a record of an earlier configuration came later"


def answers(port):
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=20) as answer:
        return answer.read().decode()


@pytest.mark.scenario("F03")
def test_series_of_files_and_partitions_are_taken(make_side, make_sides):
    one = make_side("one")
    port = free_port()
    sides = make_sides(one, http_listen=f"127.0.0.1:{port}")
    one.lineage.append(100)
    sides.delivered(one, 100)
    mine = re.compile(r'^waybill_\w+\{[^}]*(file|path)="', re.M)
    assert not mine.search(answers(port)) and 'partition="' not in answers(port)
    sides.settings.update(metrics_per_file=3, metrics_per_partition=True)
    sides.reload()
    assert sides.agent.says("settings are taken, all goes on: metrics_per_file, metrics_per_partition")
    assert mine.search(answers(port)) and 'partition="' in answers(port)
    assert "waybill_configuration_generation 2\n" in answers(port)
    sides.settings.update(metrics_per_file=0, metrics_per_partition=False)
    sides.reload()
    assert not mine.search(answers(port)) and 'partition="' not in answers(port)
    sides.ends_clean([100])

# SPDX-License-Identifier: Apache-2.0
"""SIGHUP with other sources while their files are rotated, cut, compressed, linked or exchanged, and while
lines wait. All sources of a test have one topic: whoever reads a line, it is there once and in order."""

import gzip
import json
import os
import random
import shutil
import signal

import pytest
from rig import config
from rig.reader import Reader
from rig.sides import Sides
from rig.wait import wait_for
from rig.writer import Load

ROUNDS = 30


class Part:
    """A source of the one topic; life tells of which configuration its records are."""

    def __init__(self, name, topic, paths, **more):
        self.name, self.topic, self.more = name, topic, more
        self.paths = [str(path) for path in paths]
        self.life, self.there = 0, True

    def source(self):
        life = {"name": "life", "value": str(self.life)}
        return config.source(self.topic, self.paths, self.name, headers=[*config.HEADERS, life], **self.more)


@pytest.fixture
def make(make_agent, manager, cluster, topic, make_oracle):
    """make(lineages, parts): the agent, and the oracle of its topic."""

    def make(lineages, parts, **settings):
        oracle = make_oracle(cluster, topic, lineages, unjudged={"life"})
        kafka = {"bootstrap_servers": cluster.bootstrap}
        settings = {"shutdown_timeout": "5m", **settings}
        return Sides(make_agent(text=""), manager, parts, kafka, **settings), oracle

    return make


def ends_clean(sides, oracle, written):
    wait_for(oracle.complete, 60, "all lines")
    sides.agent.counters()
    sides.agent.stop()
    oracle.judge().assert_clean(written)
    sides.agent.assert_true(written)


@pytest.mark.scenario("F03")
def test_sources_exchange_their_paths(make, make_lineage, topic):
    a, b = make_lineage("a"), make_lineage("b")
    parts = [Part("one", topic, [f"{a.path}*"]), Part("two", topic, [f"{b.path}*"])]
    sides, oracle = make([a, b], parts)
    loads = [Load(lineage, rate=1000, rotate_every=1500) for lineage in (a, b)]
    for _ in range(ROUNDS):
        parts[0].paths, parts[1].paths = parts[1].paths, parts[0].paths
        sides.reload(60)
        assert sides.agent.says("+0 -0 ~2 are taken")
    ends_clean(sides, oracle, sum(load.stop() for load in loads))


@pytest.mark.scenario("F03")
def test_sources_are_renamed_and_overlap(make, make_lineage, topic, work):
    """Names go around, so do the first of those that want a file; more names than there is room for."""
    chance = random.Random(3)
    lineages = [make_lineage(name) for name in "abc"]
    wide = Part("wide", topic, [work / "log" / "*"])
    narrow = Part("narrow", topic, [f"{lineages[0].path}*", f"{lineages[1].path}*"])
    sides, oracle = make(lineages, [narrow, wide])
    loads = [Load(lineage, rate=500, rotate_every=900) for lineage in lineages]
    for number in range(ROUNDS):
        chance.shuffle(sides.sides)
        narrow.there = number % 4 != 2
        if number % 2:
            narrow.name = f"narrow{number}"
        wide.life += number % 5 == 0
        sides.reload(60)
    ends_clean(sides, oracle, sum(load.stop() for load in loads))


@pytest.mark.scenario("F03")
def test_copytruncate_during_reloads(make, make_lineage, topic):
    """The copy is taken at any instant of the reload; nothing is appended between it and the cut."""
    a = make_lineage("a")
    part, other = Part("one", topic, [a.path]), Part("other", topic, ["/nowhere/at/all"])
    sides, oracle = make([a], [part, other])
    written = 0
    for number in range(ROUNDS):
        a.append(700)
        written += 700
        if number % 2:
            wait_for(lambda: oracle.in_topic() >= written, 30, "these lines")
        ready = sides.ready()
        part.life = number
        sides.configure()
        sides.hang_up()
        if number % 2:
            shutil.copy2(a.path, f"{a.path}.1")
            os.truncate(a.path, 0)
            a.inodes.append(a.inodes[-1])
            a.position = 0
        a.append(300)
        written += 300
        sides.manager.wait("READY", ready + 1, 60)
        wait_for(lambda: oracle.in_topic() >= written, 30, "all of it")
    assert sides.agent.messages().count("started:") == 1
    ends_clean(sides, oracle, written)


@pytest.mark.scenario("F03")
@pytest.mark.parametrize("olddir", [False, True])
def test_compression_during_reloads(make, make_lineage, topic, work, olddir):
    """A generation of which a part is read is compressed, or moved away, while its source is halted."""
    a = make_lineage("a")
    away = work / "away"
    away.mkdir()
    more = {"rotated": [f"{away}/*"], "compressed": True} if olddir else {"compressed": True}
    part, other = Part("one", topic, [a.path], **more), Part("other", topic, ["/nowhere/at/all"])
    sides, oracle = make([a], [part, other])
    written = 0
    for number in range(ROUNDS // 2):
        a.append(3000)
        written += 3000
        ready = sides.ready()
        part.life = number
        sides.configure()
        sides.hang_up()
        old = away / f"a.log.{number}" if olddir else f"{a.path}.{number}"
        os.rename(a.path, old)
        os.close(a.file)
        a._open()
        a.append(100)
        written += 100
        with open(old, "rb") as plain, gzip.open(f"{old}.gz", "wb") as packed:
            shutil.copyfileobj(plain, packed)
        os.unlink(old)
        sides.manager.wait("READY", ready + 1, 60)
        wait_for(lambda: oracle.in_topic() >= written, 30, lambda: f"{written}:\n{sides.agent.messages()[-3000:]}")
    assert sides.agent.messages().count("started:") == 1
    ends_clean(sides, oracle, written)


@pytest.mark.scenario("F03")
def test_links_are_turned_during_reloads(make, make_lineage, topic, work):
    """A link that is the path of a source leads to another file after each reload."""
    lineages = [make_lineage(name) for name in "abcd"]
    link = work / "link.log"
    part = Part("one", topic, [link])
    other = Part("other", topic, [f"{lineages[3].path}*"])
    sides, oracle = make(lineages, [part, other])
    load = Load(lineages[3], rate=500, rotate_every=2000)
    written = 0
    for number, lineage in enumerate(lineages[:3]):
        lineage.append(1000)
        written += 1000
        part.life = number
        ready = sides.ready()
        sides.configure()
        sides.hang_up()
        os.symlink(lineage.path, work / "next")
        os.rename(work / "next", link)
        sides.manager.wait("READY", ready + 1, 60)
        wait_for(lambda: oracle.complete() or oracle.missing() < 500, 30, "the file of the link")
        sides.reload()
    ends_clean(sides, oracle, written + load.stop())


@pytest.mark.scenario("F03")
def test_lines_that_wait_for_a_topic(make_agent, manager, broker, topic_name, make_lineage, make_oracle):
    """Of the source that changes, and of the only one that gets company."""
    a, b = make_lineage("a"), make_lineage("b")
    parts = [Part("one", topic_name, [f"{a.path}*"]), Part("two", topic_name, [f"{b.path}*"])]
    parts[1].there = False
    kafka = {"bootstrap_servers": broker.bootstrap}
    sides = Sides(make_agent(text=""), manager, parts, kafka, shutdown_timeout="5m")
    a.append(1000), b.append(1000)
    sides.agent.wait_says(topic_name, "does not exist")
    parts[1].there = True
    sides.reload()
    sides.agent.counters()
    parts[0].life = 1
    sides.reload()
    assert sides.agent.says("+0 -0 ~1 are taken")
    sides.agent.counters()
    parts[1].there = False
    sides.reload()
    parts[1].there, parts[1].life = True, 2
    sides.reload()
    broker.make_topic(topic_name)
    oracle = make_oracle(broker, topic_name, [a, b], unjudged={"life"})
    wait_for(oracle.complete, 60, "all lines")
    for part in parts:
        part.life = 3
        sides.reload()
    a.append(100), b.append(100)
    ends_clean(sides, oracle, 2200)
    lives = sorted(int(dict(r.headers)["life"]) for r in Reader(broker.bootstrap, topic_name).records())
    assert lives == [1] * 1000 + [2] * 1000 + [3] * 200


@pytest.mark.scenario("F03")
def test_a_file_held_by_full_dead_letters(make, make_lineage, topic):
    """The reload mends what buried its lines: the one that found no room goes by the new configuration."""
    a = make_lineage("a", unmatched_every=10)
    part = Part("one", topic, [a.path], on_missing_key="dead_letter", dead_letter_max=1000)
    other = Part("other", topic, ["/nowhere/at/all"])
    sides, oracle = make([a], [part, other])
    a.append(1000)
    sides.agent.wait_says("its dead letters take", "no room for the next one")
    dead = sides.agent.counters()["lines_dead"]
    assert 0 < dead < 100
    del part.more["on_missing_key"]
    part.life = 1
    sides.reload()
    assert sides.agent.says("+0 -0 ~1 are taken")
    wait_for(lambda: oracle.in_topic() == 1000 - dead, 30, "the rest")
    sides.agent.stop()
    verdict = oracle.judge()
    assert verdict.LOST == dead and verdict.DUP == verdict.ORDER == 0, verdict
    sides.agent.assert_true(1000)


@pytest.mark.scenario("F03")
def test_an_open_event(make, topic, cluster, work):
    """Its first lines are not sent before it is whole, and are read again by the new configuration."""
    path = work / "log" / "events.log"
    join = {"multiline": {"start": "^E", "flush_after": "10m"}}
    part = Part("one", topic, [path], **join)
    other = Part("other", topic, ["/nowhere/at/all"])
    sides, _ = make([], [part, other])
    path.write_text("E 1\n  more\nE 2\n  begun\n")
    sides.agent.counted(lines_delivered=2)
    for part.life in range(1, 6):
        sides.reload()
        with open(path, "a", encoding="ascii") as log:
            log.write(f"  {part.life}\n")
    with open(path, "a", encoding="ascii") as log:
        log.write("E 3\n")
    reader = Reader(cluster.bootstrap, topic)
    wait_for(lambda: len(reader.records()) >= 2, 30, "both events")
    sides.agent.stop()
    values = sorted(record.value for record in Reader(cluster.bootstrap, topic).records())
    assert values[:2] == [b"E 1\n  more", b"E 2\n  begun\n  1\n  2\n  3\n  4\n  5"], values


@pytest.mark.scenario("F03")
def test_killed_right_after_a_reload(make, make_lineage, topic):
    """At most what was under way is repeated, by the next life; nothing is lost, nor begun again."""
    chance = random.Random(11)
    a, b = make_lineage("a"), make_lineage("b")
    parts = [Part("one", topic, [f"{a.path}*"]), Part("two", topic, [f"{b.path}*"])]
    sides, oracle = make([a, b], parts, checkpoint_interval="1m")
    a.append(2000), b.append(2000)
    wait_for(lambda: oracle.in_topic() >= 4000, 30, "the first lines")
    for number in range(8):
        parts[0].life = number + 1
        parts[1].there = number % 2 == 1
        parts[1].name = f"two{number}"
        sides.reload()
        if chance.random() < 0.5:
            a.rotate()
        sides.agent.kill()
        sides.agent.start()
        sides.pid = sides.agent.process.pid
        wait_for(lambda: sides.agent.says("started:"), 20, "next life")
    a.append(500), b.append(500)
    parts[1].there = True
    sides.reload()
    wait_for(oracle.complete, 60, "all lines")
    sides.agent.stop()
    oracle.judge().assert_clean(5000)


@pytest.mark.scenario("F03")
def test_wrong_ones_in_between(make, make_lineage, topic):
    """Signals as they come, whatever the configuration says by then."""
    chance = random.Random(5)
    a, b = make_lineage("a"), make_lineage("b")
    parts = [Part("one", topic, [f"{a.path}*"]), Part("two", topic, [f"{b.path}*"])]
    sides, oracle = make([a, b], parts)
    loads = [Load(lineage, rate=1000, rotate_every=1700) for lineage in (a, b)]
    for number in range(60):
        part = chance.choice(parts)
        part.life = number
        parts[1].there = chance.random() < 0.7
        sides.configure(extra="sorces = ();\n" if chance.random() < 0.3 else "")
        sides.hang_up()
        if chance.random() < 0.5:
            sides.agent.counters()
    for part in parts:
        part.there = True
    sides.configure()
    sides.hang_up()
    wait_for(lambda: json.loads(sides.agent.ask("status", "--json").splitlines()[0]) is not None, 20, "status")
    ends_clean(sides, oracle, sum(load.stop() for load in loads))
    assert sides.agent.messages().count("started:") == 1


@pytest.mark.scenario("F02")
def test_hung_up_while_it_stops(make, make_lineage, topic):
    a = make_lineage("a")
    part, other = Part("one", topic, [f"{a.path}*"]), Part("other", topic, ["/nowhere/at/all"])
    sides, oracle = make([a], [part, other])
    load = Load(a, rate=2000, rotate_every=3000)
    for number in range(10):
        part.life = number
        sides.configure()
        if number % 2:
            sides.agent.signal(signal.SIGTERM)
            sides.hang_up()
        else:
            sides.hang_up()
            sides.agent.signal(signal.SIGTERM)
        assert sides.agent.wait_exit(30) == 0
        sides.agent.start()
    ends = load.stop()
    wait_for(oracle.complete, 60, "all lines")
    sides.agent.stop()
    oracle.judge().assert_clean(ends)

# SPDX-License-Identifier: Apache-2.0
"""SIGHUP with other sources: those that change are restarted alone, others do not notice.

Each record has a header "life": the number of the configuration that its source came from.
"""

import json
import os
import signal

import pytest
from rig.agent import EX_OK
from rig.kafka import Broker
from rig.sides import Side, Sides
from rig.wait import wait_for
from rig.writer import Load

LONG = bool(os.environ.get("WAYBILL_LONG"))
RELOADS = 1000 if LONG else 50
RATE = 1000
# There is room for 256 topics and 64 sources that are new.
NEW_EVERY = max(5, RELOADS // 50)


@pytest.fixture(scope="module")
def far():
    far = Broker("far-broker")
    far.format()
    far.start()
    yield far
    far.stop()


@pytest.fixture
def make_sides(make_agent, manager, cluster, make_side):
    """Of one cluster."""

    def make(*names, **settings):
        sides = [make_side(name, cluster) for name in names]
        return Sides(make_agent(text=""), manager, sides, {"bootstrap_servers": cluster.bootstrap}, **settings)

    return make


@pytest.mark.scenario("F03")
def test_others_do_not_notice(make_agent, manager, broker, far, make_side):
    """The changed source's cluster is stuck; the other one's files go on meanwhile, on and on."""
    near, away = make_side("near", broker, "near"), make_side("away", far, "far")
    kafka = [
        {"name": "near", "bootstrap_servers": broker.bootstrap},
        {"name": "far", "bootstrap_servers": far.bootstrap},
    ]
    near.lineage.append(500), away.lineage.append(500)
    both = Sides(make_agent(text=""), manager, [near, away], kafka)
    both.delivered(near, 500), both.delivered(away, 500)
    descriptor = both.descriptor(near)
    far.freeze()
    try:
        away.lineage.append(500)
        both.agent.counted(lines_read=1500, in_flight=500)
        away.life = 1
        both.configure()
        both.hang_up()
        said = both.agent.wait_says("SIGHUP: reload: sources +0 -0 ~1, others go on")
        assert "until 500 records are acknowledged" in said
        away.lineage.append(500)
        for count in range(1000, 4000, 500):
            near.lineage.append(500)
            both.delivered(near, count)
        assert both.ready() == 1 and not both.agent.says("are taken")
        assert both.agent.counters()["lines_read"] == 1500 + 3000, "nothing of the halted one is read"
    finally:
        far.thaw()
    manager.wait("READY", 2)
    assert both.agent.says("sources +0 -0 ~1 are taken")
    assert both.descriptor(near) == descriptor
    both.delivered(away, 1500)
    both.ends_clean([3500, 1500])
    assert both.agent.messages().count("started:") == 1
    assert both.agent._printed()[-1]["producers_made"] == 2
    assert sorted(sum(away.lives().values(), [])) == [0] * 1000 + [1] * 500


@pytest.mark.scenario("F03")
def test_a_source_goes_and_comes_again(make_sides):
    """It goes on at its position, also of a file that was rotated while it was away."""
    sides = make_sides("stays", "goes")
    stays, goes = sides.sides
    stays.lineage.append(100), goes.lineage.append(1000)
    sides.delivered(goes, 1000)
    goes.there = False
    sides.reload()
    assert sides.agent.says("sources +0 -1 ~0 are taken")
    assert sides.descriptor(goes) is None and sides.descriptor(stays) is not None
    goes.lineage.append(300)
    goes.lineage.rotate()
    goes.lineage.append(200)
    stays.lineage.append(100)
    sides.delivered(stays, 200)
    status = [json.loads(line) for line in sides.agent.ask("status", "--json").splitlines()]
    assert [line["source"] for line in status if line["kind"] == "source"] == ["stays"]
    assert 'source="goes"' not in sides.agent.ask("metrics")
    assert goes.oracle.in_topic() == 1000
    goes.there, goes.life = True, 1
    sides.reload()
    assert sides.agent.says("sources +1 -0 ~0 are taken")
    sides.ends_clean([200, 1500])
    assert sorted(sum(goes.lives().values(), [])) == [0] * 1000 + [1] * 500
    assert sum(stays.lives().values(), []) == [0] * 200


def test_a_source_that_is_new(make_sides, make_side, cluster):
    """Its topic is one of those that are there; where it begins is as at its first start."""
    sides = make_sides("old", "spare")
    old, spare = sides.sides
    old.lineage.append(100), spare.lineage.append(100)
    sides.delivered(spare, 100)
    spare.there = False
    sides.reload()
    assert sides.agent.says("sources +0 -1 ~0 are taken")
    # Under another name it takes over what is read already, and reads on.
    spare.name, spare.there, spare.life = "renamed", True, 1
    spare.lineage.append(50)
    sides.reload()
    assert sides.agent.says("sources +1 -0 ~0 are taken")
    sides.delivered(spare, 150)
    sides.ends_clean([100, 150])
    assert sorted(sum(spare.lives().values(), [])) == [0] * 100 + [1] * 50


@pytest.mark.scenario("F03")
def test_the_only_source_gets_company(make_agent, manager, far, make_side):
    """What is under way of it was counted for nobody before."""
    one = make_side("one", far)
    two = Side("two", far, one.topic, one.lineage, one.oracle)
    other = f"{os.path.dirname(one.lineage.path)}/two.log"
    two.source = lambda: {**Side.source(two), "paths": [other]}
    two.there = False
    sides = Sides(make_agent(text=""), manager, [one, two], {"bootstrap_servers": far.bootstrap})
    one.lineage.append(1000)
    sides.delivered(one, 1000)
    far.freeze()
    try:
        one.lineage.append(500)
        sides.agent.counted(lines_read=1500, in_flight=500)
        two.there = True
        ready = sides.ready()
        sides.configure()
        sides.hang_up()
        manager.wait("READY", ready + 1)
        assert sides.agent.says("sources +1 -0 ~0 are taken")
        one.lineage.append(500)
        sides.agent.counted(lines_read=2000, in_flight=1000)
    finally:
        far.thaw()
    sides.delivered(one, 2000)
    sides.agent.stop()
    one.oracle.judge().assert_clean(2000)


@pytest.mark.scenario("F03")
def test_a_file_changes_its_source(make_sides, cluster, topic_name):
    """Its own stays as it was, but one that comes before it wants the file, too."""
    sides = make_sides("late", "early")
    late, early = sides.sides
    late.lineage.append(500), early.lineage.append(10)
    sides.delivered(late, 500)
    # One lineage, of two sources one after the other: what each has is told by its topic.
    early.more = {"exclude": ["*.none"]}
    source = early.source()
    source["paths"] = [f"{early.lineage.path}*", f"{late.lineage.path}*"]
    early.source = lambda: source
    sides.sides = [early, late]
    sides.reload()
    late.lineage.append(300)
    wait_for(lambda: early.oracle.in_topic() >= 310, 20, "lines by the other source")
    sides.agent.stop()
    assert late.oracle.in_topic() == 500 and early.oracle.in_topic() == 310
    sides.agent.assert_true(810)


@pytest.mark.scenario("F03")
def test_a_source_sends_to_another_cluster_too(make_agent, manager, broker, far, make_side):
    """The only one: it gets a second cluster, is halted while that is away, and gets company."""
    one, two = make_side("one", broker, "near"), make_side("two", broker, "near")
    copies = make_side("copies", far, lineage=one.lineage)
    kafka = [
        {"name": "near", "bootstrap_servers": broker.bootstrap},
        {"name": "far", "bootstrap_servers": far.bootstrap},
    ]
    # Of a cluster that no source uses there is no producer.
    one.more = {"also": [{"cluster": "far", "topic": copies.topic}]}
    two.there = False
    sides = Sides(make_agent(text=""), manager, [one, two], kafka, shutdown_timeout="5m")
    one.lineage.append(500)
    sides.delivered(one, 500), wait_for(lambda: copies.oracle.in_topic() == 500, 30, "copies")
    far.freeze()
    try:
        one.lineage.append(500)
        sides.agent.counted(lines_read=1000, in_flight=500)
        ready, two.there = sides.ready(), True
        sides.configure()
        sides.hang_up()
        sides.agent.wait_says("sources +1 -0 ~1, others go on")
        sides.delivered(one, 1000)
        assert sides.ready() == ready
    finally:
        far.thaw()
    manager.wait("READY", ready + 1)
    one.lineage.append(500), two.lineage.append(100)
    sides.delivered(one, 1500)
    one.life, one.more = 1, {"also": [{"cluster": "far", "topic": copies.topic}], "exclude": ["*.none"]}
    sides.reload()
    wait_for(copies.oracle.complete, 30, "copies")
    sides.ends_clean([1500, 100])
    copies.oracle.judge().assert_clean(1500)
    assert sides.agent.messages().count("started:") == 1


@pytest.fixture
def stuck(make_agent, manager, far, make_side):
    """500 lines of the source that is to change are under way to a frozen broker."""
    side = make_side("stuck", far)

    def run(**settings):
        side.lineage.append(1000)
        sides = Sides(
            make_agent(text=""), manager, [side], {"bootstrap_servers": far.bootstrap}, **settings
        )
        sides.delivered(side, 1000)
        far.freeze()
        side.lineage.append(500)
        sides.agent.counted(lines_read=1500, in_flight=500)
        side.life = 1
        sides.configure()
        sides.hang_up()
        sides.agent.wait_says("~1, others go on")
        return sides, side

    yield run
    far.thaw()


@pytest.mark.scenario("F03")
def test_what_is_said_in_the_end_counts(stuck, far):
    sides, side = stuck()
    side.life = 2
    sides.configure()
    sides.hang_up()
    side.lineage.append(500)
    far.thaw()
    sides.manager.wait("READY", 2)
    sides.ends_clean([2000])
    assert sorted(sum(side.lives().values(), [])) == [0] * 1500 + [2] * 500


@pytest.mark.scenario("F03")
def test_broken_meanwhile(stuck, far):
    sides, side = stuck()
    sides.configure(extra="sorces: ( );\n")
    side.lineage.append(500)
    far.thaw()
    sides.agent.wait_says("reload refused")
    sides.manager.wait("READY", 2)
    sides.ends_clean([2000])
    assert sum(side.lives().values(), []) == [0] * 2000


@pytest.mark.scenario("F02")
def test_sigterm_meanwhile(stuck, far, manager):
    sides, side = stuck()
    sides.agent.signal(signal.SIGTERM)
    sides.agent.wait_says("SIGTERM: nothing more is read")
    far.thaw()
    assert sides.agent.wait_exit(20) == EX_OK
    assert manager.firsts() == ["READY", "RELOADING", "STOPPING"]
    side.oracle.judge().assert_clean(1500)


@pytest.mark.scenario("F03")
def test_after_shutdown_timeout_it_restarts(stuck, far):
    """As before there were others: at most the 500 lines are repeated."""
    sides, side = stuck(shutdown_timeout="2s")
    sides.agent.wait_says("restarts in place because shutdown_timeout (2 s) is over with 500 records")
    sides.manager.wait("READY", 2)
    assert sides.agent.messages().count("started:") == 2
    side.lineage.append(500)
    far.thaw()
    wait_for(side.oracle.complete, 30, "all lines")
    sides.agent.stop()
    verdict = side.oracle.judge()
    assert verdict.DUP <= 500
    verdict.assert_clean(2000, dup=verdict.DUP)
    assert sorted(set(sum(side.lives().values(), []))) == [0, 1]


@pytest.mark.long
@pytest.mark.timeout(7200 if LONG else 600)
@pytest.mark.scenario("F03")
def test_many_reloads_under_load(make_agent, manager, broker, far, make_side):
    """A source changes, another comes and goes, a third is as it was, a fourth has another name and a
    topic of its own each time, both kafka blocks now and then; one cluster is away meanwhile."""
    same, changes = make_side("same", broker, "near"), make_side("changes", far, "far")
    comes = make_side("comes", broker, "near")
    kafka = [
        {"name": "near", "bootstrap_servers": broker.bootstrap},
        {"name": "far", "bootstrap_servers": far.bootstrap},
    ]
    sides = Sides(make_agent(text=""), manager, [same, changes, comes], kafka, shutdown_timeout="5m")
    news = []
    loads = [Load(side.lineage, rate=RATE, rotate_every=7 * RATE) for side in sides.sides]
    for side in sides.sides:
        sides.delivered(side, 1)  # both producers are there, and connected
    begun = descriptors(sides)
    for number in range(1, RELOADS + 1):
        changes.life = number
        comes.there = number % 3 != 1
        comes.life += comes.there
        if number % 5 == 0:
            kafka[number % 2]["client_id"] = f"waybill-{number}"
        if number % NEW_EVERY == 0:
            news.append(replace_news(sides, news, make_side(f"new{number}", broker, "near")))
        before = same.oracle.in_topic()
        if number == RELOADS // 2:
            away(sides, same, far)
        else:
            sides.reload()
        wait_for(lambda before=before: same.oracle.in_topic() > before, 20, "lines of the one as it was")
    comes.there = True
    sides.reload()
    written = [load.stop() for load in loads] + [100] * len(news)
    # Meanwhile producers were tried, and others not freed yet.
    wait_for(lambda: descriptors(sides) <= begun + 12, 60, lambda: f"{descriptors(sides)} descriptors, {begun} before")
    sides.sides = [same, changes, comes, *news]
    sides.ends_clean(written)
    # Of two changes of a block that follow each other soon the second may be the one that is made.
    assert 2 < sides.agent._printed()[-1]["producers_made"] <= 2 + RELOADS // 5
    for side in (changes, comes):
        for lives in side.lives().values():
            assert lives == sorted(lives), f"{side.name}: a record of an earlier configuration came later"
    assert len(set(sum(changes.lives().values(), []))) > RELOADS // 2, "no load at the reloads"


def descriptors(sides):
    return len(os.listdir(f"/proc/{sides.pid}/fd"))


def replace_news(sides, news, side):
    """The one before has shipped its lines, and goes; the next one has some from the beginning on."""
    if news:
        wait_for(news[-1].oracle.complete, 60, f"all lines of {news[-1].name}")
        sides.sides.remove(news[-1])
    side.lineage.append(100)
    sides.sides.append(side)
    return side


def away(sides, same, far):
    """A reload that takes as long as the outage."""
    ready = sides.ready()
    far.freeze()
    try:
        begun = sides.agent.counters()["lines_read"]
        wait_for(lambda: sides.agent.counters()["lines_read"] > begun + RATE, 20, "lines under way")
        sides.configure()
        sides.hang_up()
        sides.agent.wait_says("others go on; of these nothing more is read until")
        before = same.oracle.in_topic()
        wait_for(lambda: same.oracle.in_topic() > before + RATE, 20, "the others go on")
        assert sides.ready() == ready
    finally:
        far.thaw()
    sides.manager.wait("READY", ready + 1, 60)

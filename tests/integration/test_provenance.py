# SPDX-License-Identifier: Apache-2.0
"""provenance = true: a consumer that follows the recipe sees every line exactly once, though the
topic holds repeats. Both recipes, Python and Java, have to come to the same result."""

import os
import time

import pytest
from rig.lines import identity
from rig.recipes import once_java, once_python, place, python_recipe, read_all
from rig.state import read_state
from rig.wait import last, wait_for
from rig.writer import Load
from test_size import lower_limit

KILLS = 6
BETWEEN = 2


def headers_of(message):
    return dict(message.headers())


def judge(cluster, topic, work, written):
    """written: every value that a consumer is to see, each of them different. The repeats found."""
    messages = read_all(cluster.bootstrap, topic)
    values = {place(message): message.value() for message in messages}
    once = once_python(messages)
    assert sorted(values[at] for at in once) == sorted(written)
    # One instance a partition, and one partition after the other instead of all at once.
    apart = []
    for part in range(5, -1, -1):
        apart += once_python([message for message in messages if message.partition() == part])
    assert sorted(apart) == sorted(once)
    assert sorted(once_java(cluster.bootstrap, topic, work / "classes")) == sorted(once)
    return len(messages) - len(written)


def values_of(lineage):
    return [
        lineage.lines.line(lineage.generations[sequence], sequence)
        for sequence in range(len(lineage))
    ]


@pytest.mark.scenario("E06")
def test_exactly_once_after_kills(cluster, topic, work, make_lineage, make_agent):
    lineages = [make_lineage(name) for name in "ab"]
    agent = make_agent(cluster.bootstrap, topic, provenance=True)
    loads = [Load(lineages[0], rate=3000), Load(lineages[1], rate=2000, rotate_every=7000)]
    begin = time.monotonic()
    for number in range(KILLS):
        agent.start()
        last(max(0, begin + (number + 1) * BETWEEN - time.monotonic()))
        assert agent.running()
        agent.kill()
    for load in loads:
        load.stop()
    assert agent.run("--until-eof") == 0
    repeats = judge(cluster, topic, work, sum(map(values_of, lineages), []))
    assert repeats > 0, "no kill made a line come again: nothing was tried"
    print(f"{KILLS} kills: {repeats} repeats in the topic, none behind the recipe")


def test_headers_say_where_a_line_is(cluster, topic, make_lineage, make_agent):
    lineages = [make_lineage(name).append(500) for name in "ab"]
    agent = make_agent(cluster.bootstrap, topic, provenance=True)
    assert agent.run("--until-eof") == 0
    messages = read_all(cluster.bootstrap, topic)
    files = {}
    for message in messages:
        headers = headers_of(message)
        name, _, sequence = identity(message.value())
        lineage = next(one for one in lineages if one.name == name)
        assert int(headers["waybill-position"]) == lineage.starts[sequence]
        assert int(headers["waybill-committed"]) <= lineage.starts[sequence]
        assert len(headers["waybill-agent"]) == len(headers["waybill-file"]) == 16
        files.setdefault(headers["waybill-agent"], {}).setdefault(headers["waybill-file"], set())
        files[headers["waybill-agent"]][headers["waybill-file"]].add(name)
    assert len(messages) == 1000
    (by_file,) = files.values()
    assert sorted(map(sorted, by_file.values())) == [[b"a"], [b"b"]]


def test_killed_before_the_first_position_is_stored(
    cluster, topic, work, make_lineage, make_agent
):
    """A new file's id must be durable before its first line goes, or the repeats are strangers."""
    agent = make_agent(cluster.bootstrap, topic, provenance=True, checkpoint_interval="1m").start()
    lineage = make_lineage("a").append(2000)
    agent.counted(lines_delivered=2000)
    agent.kill()
    (file,) = read_state(agent.state).files.values()
    assert file.committed == 0, "the position was stored: nothing is tried"
    assert agent.run("--until-eof") == 0
    assert judge(cluster, topic, work, values_of(lineage)) == 2000


def write_lines(path, word, first, count):
    """Lines of one length, so that other content has its lines at the same positions."""
    lines = [b"%s order=o%05d %06d" % (word, number % 50, number) for number in range(first, first + count)]
    with open(path, "ab") as file:
        file.write(b"\n".join(lines) + b"\n")
    return lines


def make_plain_agent(make_agent, cluster, topic, path, **settings):
    source = {"paths": [str(path)], "headers": [{"name": "h", "value": "1"}]}
    pattern = r"^\w+ order=(?<order_id>\S+) "
    return make_agent(
        cluster.bootstrap, topic, source=source, pattern=pattern, provenance=True, **settings
    )


def wait_in_topic(cluster, topic, written):
    def all_there():
        return {message.value() for message in read_all(cluster.bootstrap, topic)} >= set(written)

    wait_for(all_there, 60, "every line in the topic", every=0.5)


@pytest.mark.parametrize("killed", [False, True])
@pytest.mark.scenario("A06")
def test_copytruncate_is_no_repeat(cluster, topic, work, make_agent, killed):
    """The same inode, positions from 0 again, lines at the same positions; or killed right behind
    it, before any position of the new content is stored."""
    path = work / "log" / "a.log"
    written = write_lines(path, b"first", 0, 3000)
    agent = make_plain_agent(make_agent, cluster, topic, path).start()
    for word in (b"other", b"third"):
        wait_in_topic(cluster, topic, written)
        known = agent.counters()
        os.truncate(path, 0)
        written += write_lines(path, word, 0, 1000)
        agent.counted(truncations=known["truncations"] + 1)
        written += write_lines(path, word, 1000, 500)
        if killed:
            agent.kill()
            agent.start()
    wait_in_topic(cluster, topic, written)
    agent.stop()
    repeats = judge(cluster, topic, work, written)
    files = {headers_of(message)["waybill-file"] for message in read_all(cluster.bootstrap, topic)}
    assert len(files) >= 3
    assert killed or (len(files), repeats) == (3, 0)


@pytest.mark.scenario("A07")
def test_rewritten_while_it_was_down(cluster, topic, work, make_agent):
    path = work / "log" / "a.log"
    written = write_lines(path, b"first", 0, 1000)
    agent = make_plain_agent(make_agent, cluster, topic, path, checkpoint_interval="1m").start()
    agent.counted(lines_delivered=1000)
    agent.kill()
    os.truncate(path, 0)
    written += write_lines(path, b"other", 0, 1500)
    assert agent.run("--until-eof") == 0
    assert judge(cluster, topic, work, written) == 0


def is_late(messages):
    """Whether some record stands behind one of its file with a higher position."""
    highest = {}
    for message in messages:
        headers = headers_of(message)
        file, position = headers["waybill-file"], int(headers["waybill-position"])
        if position < highest.setdefault((message.partition(), file), 0):
            return True
        highest[message.partition(), file] = position
    return False


def test_a_refused_batch_is_in_order_and_no_repeat(
    cluster, topic, work, make_lineage, make_agent
):
    """What it held goes again, alone, before lines with higher positions."""
    lineage = make_lineage("a", big={20000: 100000}).append(200)
    agent = make_agent(cluster.bootstrap, topic, provenance=True).start()
    agent.counted(lines_delivered=200)
    lower_limit(cluster, topic, 90000)
    lineage.append(40000)
    agent.counted(lines_dead=1, lines_delivered=40199)
    agent.stop()
    assert agent.counters()["lines_late"] == 0
    assert not is_late(read_all(cluster.bootstrap, topic))
    values = values_of(lineage)
    del values[20000]
    assert judge(cluster, topic, work, values) == 0


def test_recipe_forgets():
    """What lies below the stored position needs no memory."""

    class Message:
        def __init__(self, position, committed):
            texts = {"agent": "a", "file": "f", "position": position, "committed": committed}
            self.pairs = [(f"waybill-{name}", str(text).encode()) for name, text in texts.items()]

        topic = partition = staticmethod(lambda: 0)

        def headers(self):
            return self.pairs

    repeats = python_recipe()
    for position in range(0, 100000, 10):
        assert not repeats.is_repeat(Message(position, position // 1000 * 1000))
        (known,) = repeats.files.values()
        assert len(known[1]) <= 100
    assert repeats.is_repeat(Message(99990, 99000))
    assert repeats.is_repeat(Message(10, 0)), "a state that was brought back from a backup"

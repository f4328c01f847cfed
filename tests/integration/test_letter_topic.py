# SPDX-License-Identifier: Apache-2.0
"""dead_letter_topic: dead letters go from the state to a topic, with their reason in headers, and no line
waits for them."""

import json
import random
import signal
import time

import pytest
from rig import config
from rig.agent import EX_CONFIG
from rig.reader import Reader
from rig.state import read_state
from rig.wait import wait_for

PATTERN = r"^n=(?<n>\d+)(?: k=(?<k>\S+))?"
LIMIT = 4000  # max.message.bytes of a topic that is too small


def source(topic, path, **more):
    """Lines without k are dead letters."""
    one = {"name": path.stem, "paths": [str(path)], "parser": "order", "topic": topic, "key": "${k}"}
    return {**one, "on_missing_key": "dead_letter", "headers": [{"name": "n", "value": "${n}"}], **more}


@pytest.fixture
def place(work, topic_name):
    """The path of a log, and the name of a topic for its dead letters."""
    return work / "log" / "a.log", f"{topic_name}-dead"


def agent_of(make_agent, cluster, *sources, **more):
    settings = config.settings(cluster.bootstrap, list(sources), pattern=PATTERN, **more)
    agent = make_agent(text=config.render_settings(settings))
    agent.bootstrap = cluster.bootstrap
    return agent


def bad(numbers):
    return "".join(f"n={n}\n" for n in numbers)


def good(numbers):
    return "".join(f"n={n} k={n}\n" for n in numbers)


def append(path, text):
    with open(path, "a", encoding="ascii") as log:
        log.write(text)


def numbers(cluster, topic):
    """Of the dead letters in the topic, in the order of each partition."""
    return [int(record.value.split()[0][2:]) for record in Reader(cluster.bootstrap, topic, 1).records()]


def wait_there(cluster, topic, wanted, seconds=60):
    wait_for(lambda: sorted(set(numbers(cluster, topic))) == sorted(wanted), seconds, f"{len(wanted)} are there")


def kept(agent):
    return [bytes(letter["value"]) for letter in read_state(agent.state).dead_letters]


def no_letters(agent):
    return kept(agent) == []


def told(agent, *command, **more):
    """What a command prints, without the breaks of its lines."""
    return " ".join(agent.ask(*command, **more).split())


def status(agent, kind):
    lines = agent.ask("status", "--json").splitlines()
    rows = [json.loads(line) for line in lines if line.startswith("{")]
    return [row for row in rows if row["kind"] == kind]


def reload(agent, *sources, **more):
    """The next configuration, in the running agent."""
    before = agent.messages().count(" are taken")
    agent.configure(text=config.render_settings(config.settings(agent.bootstrap, list(sources), pattern=PATTERN, **more)))
    agent.signal(signal.SIGHUP)
    wait_for(lambda: agent.messages().count(" are taken") > before, 30, "the reload")


def ours(record):
    return {name[15:]: value.decode() for name, value in record.headers if name.startswith("waybill.letter.")}


@pytest.mark.scenario("G03")
def test_goes_there_with_its_reason(cluster, topic, place, make_agent):
    path, dead = place
    cluster.make_topic(dead, partitions=1)
    began = int(time.time() * 1000)
    path.write_text(good([1]) + bad([2]) + good([3]))
    agent = agent_of(make_agent, cluster, source(topic, path), dead_letter_topic=dead).start()
    wait_there(cluster, dead, [2])
    [record] = Reader(cluster.bootstrap, dead, 1).records()
    assert (record.key, record.value) == (None, b"n=2")
    assert record.headers[0] == ("n", b"2"), "its own come first, as they were"
    told = ours(record)
    assert began <= int(told.pop("time")) <= time.time() * 1000
    where = {"source": "a", "file": str(path), "position": str(len(good([1])))}
    assert told == {**where, "reason": "KEY_MISSING (on_missing_key)", "topic": topic}
    agent.counted(letters_copied=1, lines_dead=1, lines_delivered=2)
    agent.stop()
    assert no_letters(agent), "what is in the topic is out of the state"
    agent.start()
    append(path, bad([4]))
    wait_there(cluster, dead, [2, 4])
    agent.stop()
    assert numbers(cluster, dead) == [2, 4], "each once, after a restart too"


@pytest.mark.scenario("G03")
def test_refused_by_kafka_keeps_its_key(cluster, topic_name, place, make_agent):
    path, dead = place
    cluster.make_topic(dead, partitions=1)
    small = cluster.make_topic(topic_name, max_message_bytes=LIMIT)
    big = "n=1 k=x " + random.Random(1).randbytes(LIMIT).hex()
    path.write_text(big + "\n")
    agent = agent_of(make_agent, cluster, source(small, path, dead_letter_topic=dead)).start()
    wait_there(cluster, dead, [1])
    agent.stop()
    [record] = Reader(cluster.bootstrap, dead, 1).records()
    assert (record.key, record.value) == (b"x", big.encode())
    assert (ours(record)["reason"], ours(record)["code"]) == ("MSG_SIZE_TOO_LARGE", "10")
    assert no_letters(agent)


@pytest.mark.scenario("G03")
def test_a_topic_that_is_not_there_holds_up_no_line(cluster, topic, place, make_agent):
    path, dead = place
    path.write_text(bad(range(20)) + good(range(20, 40)))
    agent = agent_of(make_agent, cluster, source(topic, path, dead_letter_topic=dead)).start()
    agent.counted(lines_dead=20, lines_delivered=20)
    agent.wait_says(f"topic {dead} does not exist", "its dead letters wait")
    wait_for(lambda: len(read_state(agent.state).dead_letters) == 20, 20, "they are in the state")
    agent.stop()
    agent.start()
    append(path, good([40]))
    agent.counted(lines_delivered=1)
    assert status(agent, "agent")[0]["kafka_up"], "no line waits"
    assert [row["letters_only"] for row in status(agent, "topic")] == [False, True]
    assert f"topic {dead} is missing: its dead letters wait" in told(agent, "status")
    said = told(agent, "check", expect=EX_CONFIG)
    assert f'topic "{dead}" does not exist Its dead letters wait until it is there' in said
    assert "files wait until" not in said
    cluster.make_topic(dead, partitions=1)
    wait_there(cluster, dead, range(20))
    agent.stop()
    assert numbers(cluster, dead) == list(range(20)), "in their order, once"
    assert no_letters(agent)


@pytest.mark.scenario("G03")
def test_one_that_is_refused_stays_and_others_go(cluster, topic, place, make_agent):
    path, dead = place
    cluster.make_topic(dead, partitions=1, max_message_bytes=LIMIT)
    big = "n=1 " + random.Random(1).randbytes(LIMIT).hex()
    path.write_text(bad([0]) + big + "\n" + bad([2, 3]) + good([4]))
    agent = agent_of(make_agent, cluster, source(topic, path, dead_letter_topic=dead)).start()
    wait_there(cluster, dead, [0, 2, 3])
    agent.wait_says(f"topic {dead} refuses dead letters (MSG_SIZE_TOO_LARGE)")
    agent.counted(lines_dead=4, lines_delivered=1, producers_made=1)
    cluster.alter_topic(dead, max_message_bytes=1 << 20)
    wait_there(cluster, dead, [0, 1, 2, 3])
    agent.wait_says(f"topic {dead} takes the dead letters")
    agent.stop()
    assert agent.messages().count(f"topic {dead} refuses") == 1, "told once"
    assert numbers(cluster, dead) == [0, 2, 3, 1] and no_letters(agent)


@pytest.mark.timeout(600)
@pytest.mark.scenario("G03", "E18")
def test_a_topic_without_replicas_holds_up_no_refused_line(two_brokers, topic_name, place, make_agent):
    """All of them go alone, one at a time: the dead letter that cannot go gives way, to lines and to dead
    letters of other topics."""
    path, dead = place
    beside = path.with_name("b.log")
    first, second = two_brokers
    first.make_topic(dead, partitions=1, replicas=2, min_insync_replicas=2)
    second.kill()

    def shrunk():
        part = first.admin.list_topics(dead, timeout=30).topics[dead].partitions[0]
        return part.isrs == [1] and part.leader == 1

    wait_for(shrunk, 60, "one replica in sync")
    small = first.make_topic(topic_name, max_message_bytes=LIMIT)
    other = first.make_topic(f"{topic_name}-other", partitions=1)
    path.write_text(bad([0]))
    beside.write_text("")
    sources = [source(small, path, dead_letter_topic=dead), source(small, beside, dead_letter_topic=other)]
    agent = agent_of(make_agent, first, *sources).start()
    wait_for(lambda: agent.counters()["in_flight"] == 0 and kept(agent) == [b"n=0"], 20, "it is in the state")
    agent.wait_says(f"topic {dead}", "NOT_ENOUGH_REPLICAS", deadline=60)
    assert status(agent, "agent")[0]["kafka_up"], "no line waits"
    append(beside, bad([7]))
    wait_there(first, other, [7])
    append(path, "n=1 k=x " + random.Random(1).randbytes(LIMIT).hex() + "\n" + good([2]))
    agent.counted(lines_dead=3, lines_delivered=1)
    assert numbers(first, dead) == []
    first.alter_topic(dead, min_insync_replicas=1)
    wait_there(first, dead, [0, 1], 120)
    agent.stop()
    assert no_letters(agent)


@pytest.mark.scenario("G03", "D09")
def test_room_is_made_by_what_went(cluster, topic, place, make_agent):
    path, dead = place
    cluster.make_topic(dead, partitions=1)
    path.write_text(bad(range(100, 200)) + good([200]))
    one = source(topic, path, dead_letter_topic=dead, dead_letter_max=5 * len("n=100"))
    agent = agent_of(make_agent, cluster, one, checkpoint_interval="100ms").start()
    agent.counted(lines_dead=100, lines_delivered=1)
    wait_there(cluster, dead, range(100, 200))
    agent.stop()
    assert numbers(cluster, dead) == list(range(100, 200)) and no_letters(agent)


def copied_bytes(agent):
    return [row["dead_letter_copied_bytes"] for row in status(agent, "source")]


@pytest.mark.scenario("G03", "D09")
def test_kept_ones_make_way(cluster, topic, place, make_agent):
    """dead_letter_copied = "keep": those that the topic has stay, for as long as there is room, and hold up
    no file; what the topic has not does, as ever. Across a kill each goes there once."""
    path, dead = place
    path.write_text(bad(range(100, 105)) + good([200]))
    room = 5 * len("n=100")
    one = source(topic, path, dead_letter_topic=dead, dead_letter_max=room, dead_letter_copied="keep")
    agent = agent_of(make_agent, cluster, one, checkpoint_interval="100ms").start()
    agent.counted(lines_dead=5, lines_delivered=1)
    append(path, bad(range(105, 150)) + good([201]))
    agent.wait_says("there is no room for the next one", "source a")
    assert copied_bytes(agent) == [0]
    cluster.make_topic(dead, partitions=1)
    agent.counted(lines_dead=50, lines_delivered=2, deadline=100)
    wait_there(cluster, dead, range(100, 150))
    wait_for(lambda: copied_bytes(agent) == [room], 20, "all that are kept are copies")
    left = [f"n={n}".encode() for n in range(145, 150)]
    wait_for(lambda: kept(agent) == left, 20, "the newest are kept")
    assert all(json.loads(line)["copied"] for line in agent.ask("dead-letters", "list", "--json").splitlines())
    assert agent.counters()["letters_displaced"] == 0
    agent.kill()
    agent.start()
    append(path, bad([150]))
    wait_there(cluster, dead, range(100, 151))
    wait_for(lambda: kept(agent) == [*left[1:], b"n=150"], 20, "the oldest copy made way")
    agent.stop()
    assert numbers(cluster, dead) == list(range(100, 151)), "each once, in their order"
    agent.configure(text=agent.config.read_text().replace('"keep"', '"drop"'))
    agent.start()
    wait_for(lambda: no_letters(agent), 20, "with drop again what was copied goes")
    agent.stop()
    assert numbers(cluster, dead) == list(range(100, 151))


@pytest.mark.scenario("G03", "A07")
def test_killed_over_and_over(cluster, topic, place, make_agent):
    """A kill repeats at most what was acknowledged and is not out of the state yet: what goes there between
    two checkpoints, in its order."""
    path, dead = place
    cluster.make_topic(dead, partitions=1)
    path.write_text(bad(range(2000)))
    agent = agent_of(make_agent, cluster, source(topic, path, dead_letter_topic=dead))
    for seen in (100, 400, 700, 1000):
        agent.start()
        wait_for(lambda want=seen: len(set(numbers(cluster, dead))) >= want, 60, f"{seen} are there")
        agent.kill()
    agent.start()
    wait_there(cluster, dead, range(2000))
    agent.stop()
    assert no_letters(agent)
    there = numbers(cluster, dead)
    back = [(a, b) for a, b in zip(there, there[1:]) if b != a + 1]
    assert len(back) <= 4 and all(b <= a for a, b in back), f"one step back a kill: {back}"


def test_until_eof_waits_for_them(cluster, topic, place, make_agent):
    path, dead = place
    cluster.make_topic(dead, partitions=1)
    path.write_text(bad(range(30)) + good([30]))
    agent = agent_of(make_agent, cluster, source(topic, path, dead_letter_topic=dead))
    assert agent.run("--until-eof") == 65
    assert numbers(cluster, dead) == list(range(30)) and no_letters(agent)
    assert agent.says("30 records were refused", "30 went on to dead_letter_topic")
    assert agent.says("a record was refused", f"to topic {dead}")
    assert "dead-letters replay" not in agent.messages(), "there is nothing left in the state to send again"


@pytest.mark.scenario("G03", "F03")
@pytest.mark.parametrize("keep", ["drop", "keep"])
def test_a_reload_has_those_that_wait_go_elsewhere(cluster, topic, place, make_agent, keep):
    """Their topic is not there: they go to the next one that their source has, once; without one they stay."""
    path, dead = place
    other = cluster.make_topic(f"{dead}-other", partitions=1)
    more = {"dead_letter_copied": keep}
    path.write_text(bad(range(20)) + good([20]))
    agent = agent_of(make_agent, cluster, source(topic, path, dead_letter_topic=dead, **more)).start()
    agent.counted(lines_dead=20, lines_delivered=1)
    agent.wait_says(f"topic {dead} does not exist", "its dead letters wait")
    wait_for(lambda: len(kept(agent)) == 20, 20, "they are in the state")
    reload(agent, source(topic, path))
    append(path, bad([21]))
    agent.counted(lines_dead=21)
    wait_for(lambda: len(kept(agent)) == 21, 20, "without a topic they stay")
    assert f"topic {dead} is missing" not in told(agent, "status"), "nobody waits for it"
    reload(agent, source(topic, path, dead_letter_topic=other, **more))
    wanted = [*range(20), 21]
    wait_there(cluster, other, wanted)
    cluster.make_topic(dead, partitions=1)
    reload(agent, source(topic, path, dead_letter_topic=dead, **more))
    append(path, bad([22]) + good([23]))
    wait_there(cluster, dead, [22])
    agent.counted(letters_copied=22, lines_delivered=2)
    agent.stop()
    assert (numbers(cluster, other), numbers(cluster, dead)) == (wanted, [22]), "each once, in their order"
    assert len(kept(agent)) == (22 if keep == "keep" else 0)
    assert agent.messages().count("started:") == 1


@pytest.mark.scenario("G03", "F03")
def test_a_reload_that_gives_the_topic_back(cluster, topic, place, make_agent):
    """All that waited for it before it was taken away go there, from the first on."""
    path, dead = place
    path.write_text(bad(range(20)) + good([20]))
    agent = agent_of(make_agent, cluster, source(topic, path, dead_letter_topic=dead)).start()
    agent.wait_says(f"topic {dead} does not exist", "its dead letters wait")
    wait_for(lambda: len(kept(agent)) == 20, 20, "they are in the state")
    reload(agent, source(topic, path))
    cluster.make_topic(dead, partitions=1)
    append(path, bad([21]))
    agent.counted(lines_dead=21)
    reload(agent, source(topic, path, dead_letter_topic=dead))
    wait_there(cluster, dead, [*range(20), 21])
    agent.stop()
    assert numbers(cluster, dead) == [*range(20), 21] and no_letters(agent)


@pytest.mark.timeout(240)
@pytest.mark.scenario("G03", "F03", "E01")
@pytest.mark.parametrize("other", [True, False])
def test_a_reload_while_one_is_under_way(broker, topic_name, place, make_agent, other):
    """To a topic that its source does not have any more: it is out of the state by the report that the topic
    has it, and those behind it go to the next one, which others have already, or stay."""
    path, dead = place
    topic = broker.make_topic(topic_name)
    second = broker.make_topic(f"{dead}-second", partitions=1)
    broker.make_topic(dead, partitions=1)
    path.write_text(bad([0]) + good([1]))
    beside = source(topic, path.with_name("b.log"), dead_letter_topic=second)
    agent = agent_of(make_agent, broker, source(topic, path, dead_letter_topic=dead), beside).start()
    wait_there(broker, dead, [0])
    broker.freeze()
    try:
        append(path, bad(range(2, 12)))
        agent.counted(lines_dead=11)
        wait_for(lambda: len(kept(agent)) == 10, 20, "they are in the state")
        wait_for(lambda: '"in_flight":1' in agent.ask("status", "--json", dead), 20, "one is under way")
        reload(agent, source(topic, path, **({"dead_letter_topic": second} if other else {})), beside)
        if other:
            wait_for(lambda: '"in_flight":1' in agent.ask("status", "--json", second), 20, "the next one is, too")
    finally:
        broker.thaw()
    if other:
        wait_there(broker, second, range(3, 12))
    else:
        wait_for(lambda: len(kept(agent)) == 9, 60, "the first is out of the state")
    append(path, good([12]))
    agent.counted(lines_delivered=2)
    agent.stop()
    assert numbers(broker, dead) == [0, 2], "what was under way, once"
    assert numbers(broker, second) == (list(range(3, 12)) if other else [])
    assert len(kept(agent)) == (0 if other else 9)

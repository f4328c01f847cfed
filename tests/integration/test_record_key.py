# SPDX-License-Identifier: Apache-2.0
"""Keys as an independent consumer sees them: the bytes of each key_type, and what becomes of records
whose key is missing or no value of its type."""

import random
import struct
import subprocess
import uuid

import pytest
from kafka.partitioner.default import murmur2
from rig import config
from rig.agent import EX_DATAERR, EX_OK
from rig.reader import Reader
from rig.state import read_state
from rig.wait import wait_for

PATTERN = r"^n=(?<n>\d+)(?: k=(?<k>\S*))?$"
PARTITIONS = 6


def source(topic, path, **more):
    return {
        "name": "keys",
        "paths": [str(path)],
        "parser": "order",
        "topic": topic,
        "key": "${k}",
        **more,
    }


def write(work, keys):
    """One line for each key; None: without one, False: a line that does not match."""
    path = work / "log" / "keys.log"
    lines = []
    for number, key in enumerate(keys):
        if key is False:
            lines.append(f"number {number}")
        else:
            lines.append(f"n={number}" if key is None else f"n={number} k={key}")
    path.write_text("".join(line + "\n" for line in lines))
    return path, lines


def ship(make_agent, cluster, one, code=EX_OK):
    text = config.render_settings(config.settings(cluster.bootstrap, [one], pattern=PATTERN))
    agent = make_agent(text=text)
    assert agent.run("--until-eof") == code
    return agent


def number_of(value):
    return int(value.replace(b"number ", b"n=").split()[0].removeprefix(b"n="))


def numbers(bits, chance):
    """Values of all lengths, and the ends of the range."""
    least, most = -(1 << bits - 1), (1 << bits - 1) - 1
    values = [chance.randint(least, most) >> chance.randrange(bits) for _ in range(500)]
    return [0, 1, -1, 255, 256, least, least + 1, most, most - 1, *values]


def uuids(chance):
    values = [uuid.UUID(int=chance.getrandbits(128)) for _ in range(300)]
    return [uuid.UUID(int=0), uuid.UUID(int=(1 << 128) - 1), *values]


# What is written into the log, and what a reader decodes: each type with an independent decoder.
def cases(key_type, chance):
    if key_type == "uuid":
        return [(str(v) if v.int % 2 else str(v).upper(), v) for v in uuids(chance)]
    if key_type == "string":
        words = ["a", "ключ", "order-17", "-1", "123e4567-E89B-12d3-a456-426614174000", "=", "\\x"]
        return [(word, word) for word in words]
    bits = 32 if key_type == "int32" else 64
    return [(f"{v:+05d}" if v % 3 == 0 else str(v), v) for v in numbers(bits, chance)]


DECODE = {
    "string": lambda key: key.decode(),
    "int32": lambda key: struct.unpack(">i", key)[0],
    "int64": lambda key: struct.unpack(">q", key)[0],
    "uuid": lambda key: uuid.UUID(key.decode()),
}


@pytest.mark.parametrize("key_type", DECODE)
def test_bytes_of_each_type(cluster, topic, work, make_agent, key_type):
    """The value comes back, its text in the canonical form, and the partition is that of the bytes."""
    wanted = cases(key_type, random.Random(key_type))
    path, _ = write(work, [text for text, _ in wanted])
    agent = ship(make_agent, cluster, source(topic, path, key_type=key_type))
    records = Reader(cluster.bootstrap, topic).records()
    assert len(records) == len(wanted)
    for record in records:
        value = wanted[number_of(record.value)][1]
        assert DECODE[key_type](record.key) == value
        if key_type == "uuid":
            assert record.key.decode() == str(value)
        assert record.partition == (murmur2(record.key) & 0x7FFFFFFF) % PARTITIONS
    counters = agent.counters()
    assert counters["keys_missing"] == counters["keys_invalid"] == 0
    agent.assert_true(read=len(wanted))


# Good, missing, unmatched, and each way of being no number.
KEYS = ["7", None, False, "", "x", "7x", "0x7", "1e3", "2147483648", "-2147483649", "+-1", "8"]
GOOD = {0: 7, 11: 8}
POLICIES = {"null": None, "constant:-1": -1, "dead_letter": KeyError}


@pytest.mark.parametrize("policy", POLICIES)
@pytest.mark.scenario("C06")
def test_missing_or_invalid(cluster, topic, work, make_agent, policy):
    path, lines = write(work, KEYS)
    one = source(topic, path, key_type="int32", on_missing_key=policy)
    instead = POLICIES[policy]
    agent = ship(make_agent, cluster, one, EX_DATAERR if instead is KeyError else EX_OK)
    found = {
        number_of(record.value): record.key and DECODE["int32"](record.key)
        for record in Reader(cluster.bootstrap, topic).records()
    }
    dead = set() if instead is not KeyError else set(range(len(KEYS))) - set(GOOD)
    assert found == {
        number: GOOD.get(number, instead) for number in range(len(KEYS)) if number not in dead
    }
    letters = read_state(agent.state).dead_letters
    assert [bytes(letter["value"]).decode() for letter in letters] == [
        lines[number] for number in sorted(dead)
    ]
    for letter in letters:
        missing = KEYS[number_of(bytes(letter["value"]))] in (None, False)
        assert letter["reason"].startswith("KEY_MISSING" if missing else "KEY_INVALID")
        assert letter["key"] is None and letter["topic"] == topic
    counters = agent.counters()
    assert counters["keys_missing"] == 2
    assert counters["keys_invalid"] == len(KEYS) - len(GOOD) - 2
    assert counters["lines_dead"] == len(dead)
    agent.assert_true(read=len(KEYS))


def test_a_dead_letter_is_passed(cluster, topic, work, make_agent):
    """What is a dead letter is settled: a second life finds nothing to do."""
    path, lines = write(work, ["x", "1", "x", "x"])
    one = source(topic, path, key_type="int64", on_missing_key="dead_letter")
    agent = ship(make_agent, cluster, one, EX_DATAERR)
    (file,) = read_state(agent.state).files.values()
    assert file.committed == path.stat().st_size and file.ahead == []
    assert agent.run("--until-eof") == EX_OK
    assert agent.counters()["lines_read"] == 0
    assert len(Reader(cluster.bootstrap, topic).records()) == 1
    assert len(read_state(agent.state).dead_letters) == 3


def test_dead_letters_without_room_hold_their_file(cluster, topic, work, make_agent):
    """No line is passed for want of room: the file waits in front of it, and says why."""
    path, _ = write(work, ["1", "x", "2"])
    one = source(topic, path, key_type="int64", on_missing_key="dead_letter")
    settings = config.settings(cluster.bootstrap, [one], pattern=PATTERN, dead_letter_max=0)
    agent = make_agent(text=config.render_settings(settings)).start()
    agent.wait_says("dead_letter_max")
    agent.counted(lines_delivered=1)
    agent.stop()
    (file,) = read_state(agent.state).files.values()
    assert file.committed == len("n=0 k=1\n")
    settings["dead_letter_max"] = "1MiB"
    agent.configure(settings)
    assert agent.run("--until-eof") == EX_DATAERR
    records = Reader(cluster.bootstrap, topic).records()
    assert sorted(number_of(record.value) for record in records) == [0, 2]


def test_dead_letters_are_removed_as_the_log_says(cluster, topic, work, make_agent):
    """The very command of the message makes room beside the running agent, whose file goes on then."""
    path, _ = write(work, ["1", "x", "y", "2"])
    one = source(topic, path, key_type="int64", on_missing_key="dead_letter")
    settings = config.settings(cluster.bootstrap, [one], pattern=PATTERN, dead_letter_max=8)
    agent = make_agent(text=config.render_settings(settings)).start()
    said = agent.wait_says("dead_letter_max")
    assert "`waybill dead-letters drop`" in said and "`waybill dead-letters list keys`" in said
    agent.counted(lines_dead=1)
    where = ["--config", agent.config, "--state-dir", agent.state]
    drop = [agent.program, "dead-letters", "drop", "keys", "--yes", *where]
    done = subprocess.run(drop, capture_output=True, text=True, timeout=90)
    assert (done.returncode, done.stdout) == (0, "1 removed\n"), done
    agent.counted(lines_dead=2, lines_delivered=2)
    agent.stop()
    (letter,) = read_state(agent.state).dead_letters
    assert bytes(letter["value"]) == b"n=2 k=y"
    records = Reader(cluster.bootstrap, topic).records()
    assert sorted(number_of(record.value) for record in records) == [0, 3]


def test_a_source_whose_share_is_used_up_stops_no_other(cluster, topic_name, work, make_agent):
    """Both write to one topic, which refuses what has no key: the whole topic was suspended for as long as
    there was no room for a letter. What one source has used up is known to the next start, too."""
    topic = cluster.make_topic(topic_name, cleanup_policy="compact")
    bad, _ = write(work, [None] * 30 + [1])
    good = work / "log" / "good.log"
    good.write_text("n=100 k=100\nn=101\nn=102 k=102\n")
    mine = source(topic, bad, key_type="int32", dead_letter_max=len("n=0") * 7)
    theirs = source(topic, good, key_type="int32", name="good")
    settings = config.settings(cluster.bootstrap, [mine, theirs], pattern=PATTERN)
    agent = make_agent(text=config.render_settings(settings))
    for life in (1, 2):
        agent.start()
        agent.wait_says("source keys", "dead_letter_max: 21 for this source")
        with open(good, "a", encoding="ascii") as file:
            file.write(f"n={life} k={life}\n")
        reader = Reader(cluster.bootstrap, topic)
        shipped = {100, 102, *range(1, life + 1)}
        wait_for(
            lambda want=shipped: want <= {number_of(r.value) for r in reader.records()},
            30,
            f"the other source's lines in life {life}",
        )
        agent.stop()
        letters = read_state(agent.state).dead_letters
        assert [letter["source"] for letter in letters].count("keys") == 7
        assert [bytes(letter["value"]) for letter in letters if letter["source"] == "good"] == [b"n=101"]
    mine["dead_letter_max"] = "1MiB"
    agent.configure(settings)
    assert agent.run("--until-eof") == EX_DATAERR
    letters = read_state(agent.state).dead_letters
    assert [letter["source"] for letter in letters].count("keys") == 30
    found = [number_of(record.value) for record in Reader(cluster.bootstrap, topic).records()]
    assert sorted(found) == [1, 2, 30, 100, 102]


@pytest.mark.parametrize("policy", POLICIES)
@pytest.mark.scenario("C06")
def test_compacted_topic(cluster, topic_name, work, make_agent, policy):
    """It refuses null keys. Without a policy Kafka's refusal makes dead letters, one by one."""
    topic = cluster.make_topic(topic_name, cleanup_policy="compact")
    path, _ = write(work, KEYS)
    one = source(topic, path, key_type="int32", on_missing_key=policy)
    agent = ship(make_agent, cluster, one, EX_OK if policy.startswith("constant") else EX_DATAERR)
    found = {number_of(record.value) for record in Reader(cluster.bootstrap, topic).records()}
    letters = read_state(agent.state).dead_letters
    dead = {number_of(bytes(letter["value"])) for letter in letters}
    assert found == (set(range(len(KEYS))) if policy.startswith("constant") else set(GOOD))
    assert dead == set(range(len(KEYS))) - found
    reason = "INVALID_RECORD" if policy == "null" else "KEY_"
    assert all(reason in letter["reason"] for letter in letters)
    agent.assert_true(read=len(KEYS))

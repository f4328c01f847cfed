# SPDX-License-Identifier: Apache-2.0
"""run --print-acks: what is printed is what a consumer reads, and leads back to the very line; a
reader that is slow, stopped or gone neither stalls the agent without a word nor ends it."""

import json
import os
import threading

from confluent_kafka import TIMESTAMP_CREATE_TIME, TIMESTAMP_LOG_APPEND_TIME
from rig.recipes import read_all
from rig.wait import wait_for
from test_size import lower_limit

TYPES = {TIMESTAMP_CREATE_TIME: "CreateTime", TIMESTAMP_LOG_APPEND_TIME: "LogAppendTime"}
# Acknowledgements of 190 bytes and more: twice what has room, and what may be under way.
MANY = 30000


def read_acks(text):
    return [json.loads(line) for line in text.splitlines()]


def compare(cluster, topic, acks):
    """The printed set is the one that is in the topic, and each leads to its line."""
    messages = read_all(cluster.bootstrap, topic)
    values = {}
    for message in messages:
        kind, timestamp = message.timestamp()
        place = (message.topic(), message.partition(), message.offset(), timestamp, TYPES[kind])
        values[place] = message.value()
    names = ("topic", "partition", "offset", "timestamp", "timestamp_type")
    printed = [tuple(ack[name] for name in names) for ack in acks]
    assert sorted(printed) == sorted(values)
    files = {path: open(path, "rb").read() for path in {ack["file"] for ack in acks}}
    for ack, place in zip(acks, printed):
        content = files[ack["file"]]
        end = content.index(b"\n", ack["position"])
        assert content[ack["position"] : end] == values[place]


def ship(agent, work, *options):
    path = work / "acks"
    with open(path, "ab") as file:
        agent.stdout = file
        assert agent.run("--until-eof", "--print-acks", *options) == 0
    return read_acks(path.read_text())


def test_all_that_a_consumer_reads(cluster, topic, work, make_lineage, make_agent):
    lineages = [make_lineage(name).append(2000) for name in "ab"]
    agent = make_agent(cluster.bootstrap, topic)
    acks = ship(agent, work)
    assert {type_["timestamp_type"] for type_ in acks} == {"CreateTime"}
    compare(cluster, topic, acks)
    # More of the same files, into the same output.
    lineages[0].append(500)
    acks = ship(agent, work)
    assert len(acks) == 4500
    compare(cluster, topic, acks)


def test_append_time_is_the_brokers(cluster, topic_name, work, make_lineage, make_agent):
    topic = cluster.make_topic(topic_name, message_timestamp_type="LogAppendTime")
    make_lineage("a").append(1000)
    acks = ship(make_agent(cluster.bootstrap, topic), work)
    assert {type_["timestamp_type"] for type_ in acks} == {"LogAppendTime"}
    compare(cluster, topic, acks)


def test_suspects_are_printed_and_dead_letters_are_not(
    cluster, topic, work, make_lineage, make_agent
):
    lineage = make_lineage("a", big={1500: 6000}).append(200)
    agent = make_agent(cluster.bootstrap, topic)
    with open(work / "acks", "wb") as file:
        agent.stdout = file
        agent.start("--print-acks")
    agent.counted(lines_delivered=200)
    lower_limit(cluster, topic)
    lineage.append(2800)
    agent.counted(lines_dead=1, lines_delivered=2999)
    agent.stop()
    acks = read_acks((work / "acks").read_text())
    assert len(acks) == 2999
    assert lineage.starts[1500] not in {ack["position"] for ack in acks}
    compare(cluster, topic, acks)


class Pipe:
    """The reader's end of an agent's standard output; it reads when it is told to."""

    def __init__(self, agent):
        self.end, agent.stdout = os.pipe()
        self.writer = agent.stdout
        self.data = b""
        self.thread = threading.Thread(target=self._read, daemon=True)

    def started(self):
        os.close(self.writer)

    def _read(self):
        while True:
            data = os.read(self.end, 65536)
            if not data:
                return
            self.data += data

    def read(self):
        self.thread.start()

    def rest(self):
        self.thread.join(30)
        assert not self.thread.is_alive()
        return read_acks(self.data)


def start(agent, *options):
    pipe = Pipe(agent)
    agent.start("--print-acks", *options)
    pipe.started()
    return pipe


def test_slow_reader_is_waited_for(cluster, topic, make_lineage, make_agent):
    make_lineage("a").append(MANY)
    agent = make_agent(cluster.bootstrap, topic)
    pipe = start(agent, "--until-eof")
    agent.wait_says("--print-acks", "no more lines are read")
    assert agent.counters()["lines_delivered"] < MANY
    pipe.read()
    assert agent.wait_exit(60) == 0
    acks = pipe.rest()
    assert agent.counters()["acks_lost"] == 0
    compare(cluster, topic, acks)


def test_stopped_reader_is_given_up_and_told_what_it_missed(
    cluster, topic, make_lineage, make_agent
):
    """Lines enough that their acknowledgements do not fit into the buffer."""
    lineage = make_lineage("a", size=(1, 5)).append(150000)
    agent = make_agent(cluster.bootstrap, topic)
    pipe = start(agent)
    agent.wait_says("--print-acks", "are left out", deadline=60)
    agent.counted(lines_delivered=150000, acks_lost=1)
    pipe.read()
    agent.wait_says("--print-acks", "read again")
    lineage.append(100)
    agent.counted(lines_delivered=150100)
    agent.stop()
    acks = pipe.rest()
    assert [ack for ack in acks[-100:] if "lost" in ack] == []
    (gap,) = [ack for ack in acks if "lost" in ack]
    assert gap["lost"] == agent.counters()["acks_lost"] == 150100 - (len(acks) - 1)


def test_reader_that_is_gone(cluster, topic, make_lineage, make_agent):
    make_lineage("a").append(MANY)
    agent = make_agent(cluster.bootstrap, topic)
    pipe = start(agent, "--until-eof")
    os.close(pipe.end)
    assert agent.wait_exit(60) == 0
    assert agent.says("--print-acks", "Broken pipe", "shipping goes on")
    assert agent.counters()["lines_delivered"] == MANY
    assert agent.counters()["acks_lost"] == MANY


def test_sample_at_level_debug(cluster, topic, work, make_lineage, make_agent):
    lineage = make_lineage("a").append(1000)
    agent = make_agent(cluster.bootstrap, topic).start("--log-level", "debug")
    said = agent.wait_says("lines acknowledged, one of them: {", deadline=30)
    ack = json.loads(said[said.index("{") :])
    assert ack["file"] == lineage.path and ack["topic"] == topic
    assert ack["position"] in lineage.starts
    wait_for(lambda: agent.counters()["lines_delivered"] == 1000, 20, "all of it")
    agent.stop()
    content = (work / "log" / "a.log").read_bytes().splitlines()
    assert not any(line in agent.stderr.read_bytes() for line in content)

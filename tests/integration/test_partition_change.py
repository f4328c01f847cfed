# SPDX-License-Identifier: Apache-2.0
"""A topic gets more partitions: what the three settings of on_partition_change do, under the agent and
while it does not run."""

import subprocess

import pytest
from rig import config
from rig.agent import EX_OK
from rig.hashes import HASHES
from rig.reader import Reader
from rig.wait import last, wait_for

PATTERN = r"^n=(?<n>\d+) k=(?<k>\S+)"
KEYS = [f"key-{number}" for number in range(60)]
EX_NOINPUT = 66
EX_UNAVAILABLE = 69


def place(number, n):
    return HASHES["murmur2"](KEYS[number % len(KEYS)].encode(), n)


def moving(before, after):
    return sum(place(i, before) != place(i, after) for i in range(len(KEYS)))


class Rig:
    """A log with 60 keys one after the other; each line goes by 2 partitions, then by 4."""

    def __init__(self, cluster, topic, work, make_agent, policy):
        self.cluster, self.topic, self.written = cluster, topic, 0
        self.path = work / "log" / "a.log"
        self.path.touch()
        source = {"name": "a", "paths": [str(self.path)], "parser": "order", "topic": topic, "key": "${k}"}
        more = {"on_partition_change": policy} if policy else {}
        self.agent = make_agent(
            text=config.render_settings(config.settings(cluster.bootstrap, [source], pattern=PATTERN, **more))
        )

    def write(self, count=120):
        with open(self.path, "a") as log:
            for number in range(self.written, self.written + count):
                log.write(f"n={number} k={KEYS[number % len(KEYS)]}\n")
        self.written += count

    def ship(self):
        self.write()
        self.agent.counted(lines_delivered=120)

    def changed(self, *words):
        said = f"topic {self.topic} has 4 partitions now, 2 before"
        return self.agent.wait_says(said, *words)

    def accept(self, expect=EX_OK, topic=None):
        where = ["--config", self.agent.config, "--state-dir", self.agent.state]
        command = [self.agent.program, "topics", *where, "accept", topic or self.topic]
        done = subprocess.run(command, capture_output=True, text=True, timeout=60)
        assert done.returncode == expect, done.stdout + done.stderr
        return done.stdout + done.stderr

    def judge(self, *runs):
        """Each line once; of each run of lines (its end, partitions) where they went to."""
        records = Reader(self.cluster.bootstrap, self.topic, partitions=4).records()
        found = {int(record.value.split()[0][2:]): record.partition for record in records}
        assert len(records) == len(found) == self.written
        begin = 0
        for end, n in runs:
            assert [found[i] for i in range(begin, end)] == [place(i, n) for i in range(begin, end)]
            begin = end
        assert begin == self.written


@pytest.fixture
def make_rig(cluster, topic_name, work, make_agent):
    topic = cluster.make_topic(topic_name, partitions=2)
    return lambda policy=None: Rig(cluster, topic, work, make_agent, policy)


@pytest.mark.scenario("E13")
def test_warn(make_rig):
    """The default. How many keys move is told, under the agent; at a start none has been seen."""
    rig = make_rig()
    rig.agent.start()
    rig.ship()
    rig.cluster.grow_topic(rig.topic, 4)
    rig.changed("keys go to other partitions", f"of 60 keys seen in the last hour {moving(2, 4)} move")
    rig.write()
    rig.agent.counted(lines_delivered=240)
    rig.agent.stop()
    rig.judge((120, 2), (240, 4))


@pytest.mark.scenario("E13")
def test_warn_at_a_start(make_rig):
    rig = make_rig()
    rig.agent.start()
    rig.ship()
    rig.agent.stop()
    rig.cluster.grow_topic(rig.topic, 4)
    rig.agent.start()
    rig.write()
    assert "keys seen" not in rig.changed("keys go to other partitions")
    rig.agent.counted(lines_delivered=120)
    rig.agent.stop()
    rig.agent.start().stop()
    assert not rig.agent.says("partitions now"), "it was stored, and is told again"
    rig.judge((120, 2), (240, 4))


@pytest.mark.scenario("E13")
def test_pause(make_rig):
    """Nothing goes until it is accepted, whoever is started again meanwhile."""
    rig = make_rig("pause")
    rig.agent.start()
    rig.ship()
    rig.cluster.grow_topic(rig.topic, 4)
    rig.changed("files wait until", f"waybill topics accept {rig.topic}", f"{moving(2, 4)} move")
    rig.write()
    last(3)
    assert rig.agent.counters()["lines_read"] == 120
    rig.agent.stop()
    rig.agent.start()
    rig.changed("files wait until")
    last(3)
    assert rig.agent.counters()["lines_read"] == 0
    assert "go by 4 partitions, 2 before" in rig.accept()
    rig.agent.counted(lines_delivered=120)
    assert "as before" in rig.accept()
    rig.agent.stop()
    rig.agent.start().stop()
    assert not rig.agent.says("partitions now"), rig.agent.messages()
    rig.judge((120, 2), (240, 4))


@pytest.mark.scenario("E13")
def test_pause_is_accepted_without_an_agent(make_rig):
    rig = make_rig("pause")
    assert "there is no state" in rig.accept(expect=EX_UNAVAILABLE)
    rig.agent.start()
    rig.ship()
    rig.agent.stop()
    rig.cluster.grow_topic(rig.topic, 4)
    rig.accept()
    rig.write()
    rig.agent.start()
    rig.agent.counted(lines_delivered=120)
    rig.agent.stop()
    assert not rig.agent.says("partitions now"), rig.agent.messages()
    rig.judge((120, 2), (240, 4))


@pytest.mark.scenario("E13")
def test_pin(make_rig):
    """Also after a restart; until it is accepted."""
    rig = make_rig("pin")
    rig.agent.start()
    rig.ship()
    rig.cluster.grow_topic(rig.topic, 4)
    rig.changed("keys go by the old number")
    rig.write()
    rig.agent.counted(lines_delivered=240)
    rig.agent.stop()
    rig.agent.start()
    rig.ship()
    rig.accept()
    rig.write()
    rig.agent.counted(lines_delivered=240)
    rig.agent.stop()
    rig.judge((360, 2), (480, 4))


@pytest.mark.scenario("E13")
def test_pin_with_fewer_than_before(make_rig):
    """The topic was made anew: to hash among partitions that are not there is no way."""
    rig = make_rig("pin")
    rig.agent.start()
    rig.ship()
    rig.agent.stop()
    rig.cluster.delete_topic(rig.topic)
    wait_for(lambda: rig.topic not in rig.cluster.admin.list_topics(timeout=10).topics, 30, "it is gone")
    rig.cluster.make_topic(rig.topic, partitions=1)
    rig.write()
    rig.agent.start()
    rig.agent.wait_says(f"topic {rig.topic} has 1 partition now, 2 before", "files wait until")
    last(2)
    assert rig.agent.counters()["lines_read"] == 0
    rig.accept()
    rig.agent.counted(lines_delivered=120)
    rig.agent.stop()


@pytest.mark.scenario("E13", "G03")
def test_what_is_not_there_is_not_accepted(make_rig):
    """Neither a topic of nobody, nor one that Kafka does not have; with an agent and without."""
    rig = make_rig("pause")
    rig.agent.start()
    rig.ship()
    assert "no source has such a topic" in rig.accept(expect=EX_UNAVAILABLE, topic="nothing")
    rig.agent.stop()
    said = rig.accept(expect=EX_NOINPUT, topic="nothing")
    assert 'remembers nothing of a topic "nothing"' in said
    missing = rig.agent.config.read_text().replace(rig.topic, f"{rig.topic}-missing")
    rig.agent.configure(text=missing)
    rig.agent.start()
    rig.agent.wait_says("does not exist")
    said = rig.accept(expect=EX_UNAVAILABLE, topic=f"{rig.topic}-missing")
    assert "the topic is missing" in said and "nothing is changed" in said
    rig.agent.stop()

# SPDX-License-Identifier: Apache-2.0
"""Every set-up of the table in waybill(8), by the tool that makes it: with waybill running, with it
down over three rotations, and with a broker that takes nothing meanwhile. Each line comes once, and
in its order: one partition, so that the topic is one sequence."""

import os

import pytest
from confluent_kafka import Consumer, TopicPartition
from rig import config, rotators
from rig.recipes import read_all, records_in
from rig.wait import last, wait_for

pytestmark = pytest.mark.long
LONG = bool(os.environ.get("WAYBILL_LONG"))
LINES = 20_000 if LONG else 400
ROTATIONS = 3
# Of the file system's clock, at least: no two rotations are made within one.
TICK = 0.02

SETUPS = {
    "create": rotators.Create,
    "nocreate": rotators.Nocreate,
    "maxsize": rotators.Maxsize,
    "dateext": rotators.Dateext,
    "dateext-extension": rotators.DateextExtension,
    "olddir": rotators.Olddir,
    "compress": rotators.Compress,
    "compress-wanted": rotators.CompressWanted,
    "delaycompress": rotators.Delaycompress,
    "delaycompress-wanted": rotators.DelaycompressWanted,
    "zstd": rotators.Zstd,
    "xz": rotators.Xz,
    "shred": rotators.Shred,
    "copytruncate": rotators.Copytruncate,
    "copytruncate-wanted": rotators.CopytruncateWanted,
    "rotatelogs": rotators.Rotatelogs,
    "rotatelogs-wanted": rotators.RotatelogsWanted,
    "cronolog": rotators.Cronolog,
    "lumberjack": rotators.Lumberjack,
    "lumberjack-compress": rotators.LumberjackCompress,
    "kubelet": rotators.Kubelet,
    "logback": rotators.Logback,
    "log4j": rotators.Log4j,
    "log4j-wanted": rotators.Log4jWanted,
    "log4j-direct": rotators.Log4jDirect,
}
# Of several copies that were made while nobody read, only one can be where the file goes on.
ONCE = {"copytruncate", "copytruncate-wanted"}
# What logrotate overwrites before anybody could read it is gone.
DESTROYS = {"shred"}


@pytest.fixture(scope="module", autouse=True)
def java():
    yield
    rotators.Java.end()


@pytest.fixture(params=SETUPS)
def rotator(request, work):
    made = SETUPS[request.param](work)
    made.name = request.param
    yield made
    made.close()


@pytest.fixture
def shipped(broker, topic_name, rotator, make_agent):
    """An agent with the source of the set-up, and what is in the topic so far."""
    made = Shipped(broker, topic_name, rotator, make_agent)
    yield made
    made.ends.close()


class Shipped:
    def __init__(self, broker, topic, rotator, make_agent):
        self.broker, self.rotator = broker, rotator
        self.topic = broker.make_topic(topic, partitions=1)
        source = {
            "name": "app",
            "paths": rotator.paths,
            "topic": self.topic,
            "rotate_wait": "300ms",
            **rotator.source,
        }
        settings = {"kafka": {"bootstrap_servers": broker.bootstrap}, "sources": [source]}
        self.agent = make_agent(text=config.render_settings(settings))
        # One that is only asked how much there is: a new one each time would be most of the test.
        self.ends = Consumer({"bootstrap.servers": broker.bootstrap, "group.id": "ends", "log_level": 2})

    def values(self):
        return [message.value() for message in read_all(self.broker.bootstrap, self.topic, 1)]

    def wait_all(self):
        count = len(self.rotator.written)
        part = [TopicPartition(self.topic, 0)]
        wait_for(lambda: records_in(self.ends, part) >= (count,), 60, lambda: self.told())

    def told(self):
        missing = set(self.rotator.written) - set(self.values())
        return f"{len(missing)} of {len(self.rotator.written)} lines, {sorted(missing)[:3]}: {self.agent.messages()[-2000:]}"

    def expect(self):
        """All of it, also after another start; the rotations were real."""
        self.agent.stop()
        counters = self.agent.counters()
        assert counters["lines_read"] == counters["lines_delivered"]
        assert (counters["files_lost"], counters["bytes_lost"]) == (0, 0), self.agent.messages()
        assert self.agent.run("--until-eof") == 0
        assert self.agent.counters()["lines_read"] == 0, self.agent.messages()
        values = self.values()
        assert len(values) == len(self.rotator.written)
        if getattr(self.rotator, "ordered", True):
            assert values == self.rotator.written
        assert sorted(values) == self.rotator.written
        self.rotator.close()
        return counters


def rotate(rotator, times):
    before = rotator.rotations
    for _ in range(times):
        rotator.write(LINES)
        last(TICK)
        rotator.rotate()
        last(TICK)
    rotator.write(LINES)
    assert rotator.rotations == before + times, rotator.names()


@pytest.mark.scenario("A01", "A06", "A12", "A15")
def test_rotated_while_it_runs(rotator, shipped):
    """Lines are unread when it happens, and the generation before may still be in flight."""
    shipped.agent.start()
    for _ in range(ROTATIONS):
        rotator.write(1)
        shipped.wait_all()
        rotate(rotator, 1)
        shipped.wait_all()
    shipped.expect()


@pytest.mark.scenario("A11", "A12")
def test_rotated_while_it_is_down(rotator, shipped):
    shipped.agent.start()
    rotator.write(LINES)
    shipped.wait_all()
    shipped.agent.stop()
    rotate(rotator, 1 if rotator.name in ONCE | DESTROYS else ROTATIONS)
    shipped.agent.start()
    shipped.wait_all()
    shipped.expect()


@pytest.mark.scenario("A01", "A06", "A12", "A16")
def test_rotated_with_lines_unacknowledged(broker, rotator, shipped):
    """The broker takes nothing while everything is rotated."""
    shipped.agent.start()
    rotator.write(LINES)
    shipped.wait_all()
    broker.freeze()
    try:
        rotate(rotator, 1 if rotator.name in ONCE | DESTROYS else 2)
        shipped.agent.counted(lines_read=LINES + 1)
    finally:
        broker.thaw()
    shipped.wait_all()
    shipped.expect()

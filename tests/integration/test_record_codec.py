# SPDX-License-Identifier: Apache-2.0
"""Compression and acks of each topic, read back by an independent consumer and looked at in the
broker's own segments, by Kafka's own tool."""

import random
import re
import subprocess

import pytest
from rig import config
from rig.agent import EX_CONFIG, EX_OK
from rig.kafka import JAVA
from rig.reader import Reader

BATCH = re.compile(r"baseOffset: (\d+) .*?count: (\d+) .*?producerId: (-?\d+) .*?size: (\d+) .*?compresscodec: (\w+)")

# compression_type, compression_level
CODECS = [
    ("none", None), ("snappy", None),
    ("gzip", None), ("gzip", 1), ("gzip", 9),
    ("lz4", None), ("lz4", 12),
    ("zstd", None), ("zstd", 1), ("zstd", 12),
]  # fmt: skip
# Of all topics of a test together no more than the queue holds, so that each has a batch or two.
LINES = 900
PATTERN = r"^(?<n>\d+) "


def lines():
    """Compressible, as text is: some words come often, most seldom, so that a level makes a difference."""
    draw = random.Random(1)
    words = ["".join(draw.choices("etaoinshrdlu", k=draw.randint(2, 9))) for _ in range(2000)]
    often = [1 / (1 + number) for number in range(len(words))]
    for number in range(LINES):
        yield f"{number} " + " ".join(draw.choices(words, weights=often, k=40))


def write(work):
    path = work / "log" / "codec.log"
    path.write_text("".join(line + "\n" for line in lines()))
    return path


def dump(broker, topic, partition=0):
    """[(records, producer id, bytes, codec)] of each batch of a partition's segment."""
    segment = broker.dir / "data" / f"{topic}-{partition}" / "00000000000000000000.log"
    command = [*JAVA, "kafka.tools.DumpLogSegments", "--files", segment]
    done = subprocess.run(
        [str(part) for part in command], capture_output=True, text=True, timeout=60, check=True
    )
    found = BATCH.findall(done.stdout)
    assert found, done.stdout[-2000:]
    return [(int(n), int(pid), int(size), codec.lower()) for _, n, pid, size, codec in found]


def source(number, topic, path, **more):
    return {"name": f"s{number}", "paths": [str(path)], "topic": topic, **more}


def ship(agent):
    assert agent.run("--until-eof") == EX_OK
    return agent


def test_codec_and_level_of_each_topic(broker, topic_name, work, make_agent):
    """One agent, one producer: every topic has the codec that its source says, and the level
    works: the best is smaller than the fastest, which is smaller than nothing."""
    path = write(work)
    sources, topics = [], {}
    for number, (codec, level) in enumerate(CODECS):
        topic = broker.make_topic(f"{topic_name}-{number}", partitions=1)
        topics[codec, level] = topic
        # A file belongs to one source, so each has a name of its own for it.
        link = work / "log" / f"codec{number}.log"
        link.write_bytes(path.read_bytes())
        settings = {"compression_type": codec}
        if level is not None:
            settings["compression_level"] = level
        sources.append(source(number, topic, link, topic_config=settings))
    text = config.render_settings(
        config.settings(broker.bootstrap, sources, pattern=PATTERN, linger_ms=1000)
    )
    ship(make_agent(text=text))
    sizes = {}
    for (codec, level), topic in topics.items():
        records = Reader(broker.bootstrap, topic, partitions=1).records()
        assert [record.value.decode() for record in records] == list(lines())
        batches = dump(broker, topic)
        assert {batch[3] for batch in batches} == {codec}
        assert sum(batch[0] for batch in batches) == LINES
        sizes[codec, level] = sum(batch[2] for batch in batches)
    print(sizes)
    assert sizes["gzip", 9] < sizes["gzip", 1] < sizes["none", None]
    assert sizes["zstd", 12] < sizes["zstd", 1] < sizes["none", None]
    assert sizes["lz4", 12] < sizes["lz4", None] < sizes["none", None]


def test_default_and_inherited(broker, topic_name, work, make_agent):
    """lz4 without a word; topic_config of the top level for all sources that have none of their
    own, and the kafka block below both."""
    path = write(work)
    names = [broker.make_topic(f"{topic_name}-{end}", partitions=1) for end in "abc"]
    more = [{}, {"topic_config": {"compression_type": "gzip"}}, {"topic_config": {}}]
    sources = []
    for number, name in enumerate(names):
        link = work / "log" / f"codec{number}.log"
        link.write_bytes(path.read_bytes())
        sources.append(source(number, name, link, **more[number]))
    text = config.render_settings(
        config.settings(
            broker.bootstrap,
            sources,
            pattern=PATTERN,
            kafka={"compression_type": "snappy"},
            topic_config={"compression_type": "zstd", "compression_level": 2},
        )
    )
    ship(make_agent(text=text))
    codecs = [{batch[3] for batch in dump(broker, name)} for name in names]
    assert codecs == [{"zstd"}, {"gzip"}, {"snappy"}]


def test_lz4_is_the_default(broker, topic_name, work, make_agent):
    topic = broker.make_topic(topic_name, partitions=1)
    sources = [source(0, topic, write(work))]
    text = config.render_settings(config.settings(broker.bootstrap, sources, pattern=PATTERN))
    ship(make_agent(text=text))
    batches = dump(broker, topic)
    assert {batch[3] for batch in batches} == {"lz4"}
    assert all(batch[1] >= 0 for batch in batches), "not idempotent"


@pytest.mark.parametrize("acks", ["all", 1, 0])
def test_without_idempotence(broker, topic_name, work, make_agent, acks):
    """Said once what that can cost; then everything arrives, in order, by a producer without an id,
    and with acks=0 without an offset."""
    topic = broker.make_topic(topic_name, partitions=1)
    kafka = {"enable_idempotence": False, "acks": acks, "batch_size": 20000}
    settings = config.settings(
        broker.bootstrap, [source(0, topic, write(work))], pattern=PATTERN, kafka=kafka
    )
    agent = ship(make_agent(text=config.render_settings(settings)))
    assert agent.says("warning", "enable_idempotence = false", "repeated")
    assert bool(agent.says("warning", "acks = ")) == (acks != "all")
    records = Reader(broker.bootstrap, topic, partitions=1).records()
    assert [record.value.decode() for record in records] == list(lines())
    batches = dump(broker, topic)
    assert {batch[1] for batch in batches} == {-1}
    assert max(batch[2] for batch in batches) < 20000 + 200
    agent.assert_true(read=LINES)


def test_sources_that_disagree(work, make_agent):
    """run does not start, and names both places."""
    path = write(work)
    two = [
        source(0, "t", path, topic_config={"compression_type": "gzip"}),
        source(1, "t", work / "log" / "other.log"),
    ]
    text = config.render_settings(config.settings("localhost:9092", two, pattern=PATTERN))
    agent = make_agent(text=text)
    assert agent.run() == EX_CONFIG
    said = agent.says('source "s1"', "topic_config", 'topic "t"')
    assert said and len(re.findall(r"waybill\.conf:\d+", said)) == 2, agent.messages()

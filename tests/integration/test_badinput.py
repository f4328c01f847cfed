# SPDX-License-Identifier: Apache-2.0
"""Bad input of the data: each kind gives one clear message or counter, and loses nothing.

Lines here are not the writer's, so each test compares what arrived with what it wrote itself.
"""

import os

import pytest
from rig import config
from rig.reader import Reader
from rig.rights import UNPRIVILEGED
from rig.wait import wait_for


@pytest.fixture
def ship(cluster, topic, work, make_agent):
    """ship(files, **source): writes log/NAME for each, ships it all, gives the agent and records."""

    def run(files=None, top=None, **source):
        for name, data in (files or {}).items():
            (work / "log" / name).write_bytes(data)
        agent = make_agent(cluster.bootstrap, topic, source=source, **(top or {}))
        assert agent.run("--until-eof") == 0, agent.messages()
        return agent, Reader(cluster.bootstrap, topic).records()

    return run


def values(records):
    return [record.value for record in records]


@pytest.mark.parametrize(
    "lines",
    [
        [b"a\xff\xfe\x80b", b"\xc3\x28", b"\xed\xa0\x80"],  # not UTF-8
        [b"a\0b", b"\0", b"\0\0\0"],
        [b"", b"", b"x", b""],
        [bytes(range(10)) + bytes(range(11, 256))],
        [b"x" * 100000, b"y"],
    ],
    ids=["invalid-utf8", "nul", "empty", "binary", "long"],
)
@pytest.mark.scenario("C03")
def test_any_bytes_arrive_as_they_are(ship, lines):
    agent, records = ship({"a.log": b"".join(line + b"\n" for line in lines)})
    assert sorted(values(records)) == sorted(lines)
    assert agent.counters()["lines_delivered"] == len(lines)


def test_invalid_utf8_in_a_key(ship):
    line = b"t INFO order=\xff\xfe cid=\x80 rest"
    _, records = ship({"a.log": line + b"\n"})
    assert (records[0].value, records[0].key) == (line, b"\xff\xfe")
    assert ("correlation-id", b"\x80") in records[0].headers


@pytest.mark.parametrize("keep", [False, True])
def test_cr_before_lf(ship, keep):
    _, records = ship({"a.log": b"one\r\ntwo\r\r\nth\rree\n"}, keep_cr=keep)
    expected = [b"one\r", b"two\r\r", b"th\rree"] if keep else [b"one", b"two\r", b"th\rree"]
    assert sorted(values(records)) == sorted(expected)


@pytest.mark.scenario("C02")
def test_line_longer_than_max_line(ship):
    long = bytes(65 + number % 26 for number in range(5000))
    data = b"before\n" + long + b"\n" + b"z" * 1024 + b"\nafter\n"
    agent, records = ship({"a.log": data}, max_line="1KiB")
    assert sorted(values(records)) == sorted([b"before", long[:1024], b"z" * 1024, b"after"])
    marked = [record for record in records if ("waybill-truncated", b"true") in record.headers]
    assert values(marked) == [long[:1024]]
    counters = agent.counters()
    assert counters["lines_truncated"] == 1
    assert counters["bytes_discarded"] == 5000 - 1024 + 1  # its LF too


@pytest.mark.scenario("C04")
def test_pattern_that_backtracks(cluster, topic, work, make_agent):
    lines = [b"a" * 40 + b"!", b"aaaa", b"a" * 50 + b"!"]
    (work / "log" / "a.log").write_bytes(b"\n".join(lines) + b"\n")
    source = config.source(topic, [work / "log" / "*.log"], headers=[])
    pattern = "^(?<order_id>(a|aa|aaa)+)$"
    settings = config.settings(cluster.bootstrap, [source], pattern=pattern)
    agent = make_agent(text=config.render_settings(settings))
    assert agent.run("--until-eof") == 0
    records = Reader(cluster.bootstrap, topic).records()
    assert sorted(values(records)) == sorted(lines)
    assert sorted(str(record.key) for record in records) == ["None", "None", "b'aaaa'"]
    assert agent.counters()["lines_limited"] == 2


def test_no_match_is_skipped_if_told(ship):
    line = b"t INFO order=1 cid=2 rest"
    agent, records = ship({"a.log": b"no\n" + line + b"\nno\n"}, on_no_match="skip")
    assert values(records) == [line]
    counters = agent.counters()
    assert (counters["lines_filtered"], counters["lines_delivered"]) == (2, 1)


@pytest.mark.scenario("C12")
def test_not_a_regular_file(ship, work):
    """A FIFO must not be opened for reading: that would wait for its writer."""
    log = work / "log"
    os.mkfifo(log / "fifo.log")
    (log / "directory.log").mkdir()
    (log / "device.log").symlink_to("/dev/zero")
    agent, records = ship({"a.log": b"one\n"})
    assert values(records) == [b"one"]
    for kind in ("FIFO", "directory", "device"):
        assert agent.says(f"{kind.lower()}.log", kind, "exclude"), agent.messages()


@pytest.mark.scenario("D10")
def test_unreadable_file(cluster, topic, work, make_agent):
    (work / "log" / "good.log").write_bytes(b"good\n")
    bad = work / "log" / "bad.log"
    bad.write_bytes(b"bad\n")
    bad.chmod(0)
    agent = make_agent(cluster.bootstrap, topic)
    agent.prefix = UNPRIVILEGED
    agent.start()
    reader = Reader(cluster.bootstrap, topic)
    wait_for(lambda: values(reader.records()) == [b"good"], 20, "the readable file")
    agent.wait_says("bad.log", "permission denied")
    bad.chmod(0o644)
    wait_for(lambda: len(reader.records()) == 2, 60, "the file that became readable")
    agent.stop()
    assert sorted(values(reader.records())) == [b"bad", b"good"]


@pytest.mark.scenario("D11")
def test_files_that_waybill_writes_itself(cluster, topic, work, make_agent):
    """Its messages and its state are within the pattern: shipped, they would never end."""
    (work / "log" / "a.log").write_bytes(b"one\n")
    source = config.source(topic, [work / "log" / "*", work / "agent" / "**"])
    text = config.render_settings(config.settings(cluster.bootstrap, [source]))
    agent = make_agent(text=text).start("--log-level", "debug")
    agent.wait_says("stderr")
    reader = Reader(cluster.bootstrap, topic)
    conf = (work / "agent" / "waybill.conf").read_bytes().splitlines()
    wait_for(lambda: len(reader.records()) >= 1 + len(conf), 20, "the files that are not its own")
    agent.counters()
    agent.stop()
    assert sorted(values(reader.records())) == sorted([b"one"] + conf)

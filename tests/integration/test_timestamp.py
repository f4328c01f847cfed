# SPDX-License-Identifier: Apache-2.0
"""Timestamps of records, as an independent consumer sees them; and a topic that refuses some."""

import subprocess
import time
from datetime import datetime, timedelta, timezone

import pytest
from confluent_kafka import TIMESTAMP_CREATE_TIME, TIMESTAMP_LOG_APPEND_TIME
from rig import config
from rig.agent import EX_DATAERR, EX_OK
from rig.paths import WAYBILL
from rig.reader import Reader
from rig.state import read_state

PATTERN = r"^<(?<time>[^>]*)>"

# format, zone, text of the line, ms since 1970
TIMES = [
    ("iso8601", "UTC", "2026-11-21T17:00:00.123456Z", 1795280400123),
    ("iso8601", "UTC", "2026-11-21 18:00:00,5+01:00", 1795280400500),
    ("iso8601", "Europe/Paris", "2026-11-21 18:00:00", 1795280400000),
    ("iso8601", "Europe/Paris", "2026-07-21 19:00:00", 1784653200000),
    ("iso8601", "-03:30", "2026-11-21T13:30:00", 1795280400000),
    ("epoch_s", "UTC", "1795280400.25", 1795280400250),
    ("epoch_ms", "UTC", "1795280400123", 1795280400123),
    ("epoch_us", "UTC", "1795280400123999", 1795280400123),
    ("%d/%b/%Y:%H:%M:%S %z", "UTC", "21/Nov/2026:18:00:00 +0100", 1795280400000),
    ("%Y-%m-%d %I:%M:%S.%f %p", "America/New_York", "2026-11-21 12:00:00.75 PM", 1795280400750),
]


def source(topic, path, **more):
    return {"paths": [str(path)], "parser": "order", "topic": topic, "timestamp": "${time}", **more}


def settings(bootstrap, sources, **more):
    return config.settings(bootstrap, sources, pattern=PATTERN, **more)


def now_ms():
    return int(time.time() * 1000)


def write(work, name, lines):
    path = work / "log" / f"{name}.log"
    path.write_text("".join(line + "\n" for line in lines))
    return path


def test_every_format_arrives(cluster, topic, work, make_agent):
    """What the line says is what Kafka has, to the millisecond."""
    sources, expected = [], {}
    for number, (form, zone, text, ms) in enumerate(TIMES):
        line = f"<{text}> {number}"
        path = write(work, f"f{number}", [line])
        more = {"timestamp_format": form, "timestamp_zone": zone, "timestamp_max_future": "36500d"}
        sources.append({"name": f"s{number}", **source(topic, path, **more)})
        expected[line.encode()] = (TIMESTAMP_CREATE_TIME, ms)
    agent = make_agent(text=config.render_settings(settings(cluster.bootstrap, sources)))
    assert agent.run("--until-eof") == EX_OK
    records = Reader(cluster.bootstrap, topic).records()
    assert {record.value: record.timestamp for record in records} == expected
    counters = agent.counters()
    assert counters["timestamps_invalid"] == counters["timestamps_clamped"] == 0


@pytest.mark.parametrize("policy", ["read_time", "clamp"])
@pytest.mark.scenario("C13")
def test_what_is_no_good_time(cluster, topic, work, make_agent, policy):
    """Far future, far past, zero (librdkafka's word for "now"), and no time at all."""
    hour, week = 3600_000, 7 * 86400_000
    begin = now_ms()
    utc = datetime.fromtimestamp(begin / 1000, timezone.utc)
    path = write(
        work,
        "a",
        [
            f"<{(utc + timedelta(days=9)).isoformat()}> future",
            f"<{(utc - timedelta(days=9)).isoformat()}> past",
            "<yesterday> invalid",
            "<1970-01-01T00:00:00Z> zero",
            "missing",
            f"<{utc.isoformat()}> good",
        ],
    )
    one = {"name": "a", **source(topic, path)}
    text = config.render_settings(
        settings(
            cluster.bootstrap,
            [one],
            timestamp_max_past="7d",
            on_bad_timestamp=policy,
        )
    )
    agent = make_agent(text=text)
    assert agent.run("--until-eof") == EX_OK
    end = now_ms()
    records = Reader(cluster.bootstrap, topic).records()
    kinds = {record.timestamp[0] for record in records}
    times = {record.value.split()[-1].decode(): record.timestamp[1] for record in records}
    assert kinds == {TIMESTAMP_CREATE_TIME}
    shift = {"future": hour, "past": -week} if policy == "clamp" else {}
    for name in ("future", "past", "invalid", "zero", "missing"):
        at = times.pop(name) - shift.get(name, 0)
        assert begin <= at <= end, (name, at - begin)
    assert times == {"good": begin}
    counters = agent.counters()
    assert counters["timestamps_clamped"] == 2
    assert counters["timestamps_invalid"] == 2
    assert counters["timestamps_missing"] == 1


def test_brokers_time(cluster, topic_name, work, make_agent):
    topic = cluster.make_topic(topic_name, message_timestamp_type="LogAppendTime")
    path = write(work, "a", ["<2026-11-21T17:00:00Z>"])
    one = {"name": "a", **source(topic, path, timestamp_max_future="36500d")}
    begin = now_ms()
    agent = make_agent(text=config.render_settings(settings(cluster.bootstrap, [one])))
    assert agent.run("--until-eof") == EX_OK
    (record,) = Reader(cluster.bootstrap, topic).records()
    assert record.timestamp[0] == TIMESTAMP_LOG_APPEND_TIME
    assert record.timestamp[1] >= begin


REFUSING = {
    "future": ({"message_timestamp_after_max_ms": 60_000}, timedelta(minutes=30)),
    "past": ({"message_timestamp_before_max_ms": 60_000}, timedelta(minutes=-30)),
}


@pytest.mark.parametrize("direction", REFUSING)
@pytest.mark.scenario("C13")
def test_refused_for_its_timestamp(cluster, topic_name, work, make_agent, direction):
    """Brokers refuse the whole batch; only the lines whose time is bad are dead letters, all others
    arrive once, and the file is read to its end."""
    limits, shift = REFUSING[direction]
    topic = cluster.make_topic(topic_name, partitions=1, **limits)
    utc = datetime.now(timezone.utc)
    bad = {100, 101, 700}
    lines = [
        f"<{(utc + shift if number in bad else utc).isoformat()}> {number}" for number in range(1000)
    ]
    one = {"name": "a", **source(topic, write(work, "a", lines))}
    agent = make_agent(text=config.render_settings(settings(cluster.bootstrap, [one])))
    assert agent.run("--until-eof", deadline=50) == EX_DATAERR
    records = Reader(cluster.bootstrap, topic, partitions=1).records()
    numbers = sorted(int(record.value.split()[-1]) for record in records)
    assert numbers == sorted(set(range(1000)) - bad)
    letters = read_state(agent.state).dead_letters
    assert {int(bytes(letter["value"]).split()[-1]) for letter in letters} == bad
    assert all("INVALID_TIMESTAMP" in letter["reason"] for letter in letters), letters[0]["reason"]
    counters = agent.counters()
    assert counters["lines_dead"] == len(bad)
    assert counters["lines_delivered"] == 1000 - len(bad)
    assert counters["reports_failed"] == 0


def test_times_in_templates(cluster, topic_name, work, make_agent):
    """The broker refuses the lines for one of them, so they are read again and go alone, one after
    the other, each with the time of that."""
    topic = cluster.make_topic(topic_name, partitions=1, message_timestamp_after_max_ms=60_000)
    begin = datetime.now(timezone.utc)
    at = begin - timedelta(seconds=90)
    lines = [f"<{at.isoformat()}> {number}" for number in range(20)] + ["no time"]
    lines.insert(10, f"<{(begin + timedelta(minutes=30)).isoformat()}> refused")
    headers = [{"name": n, "value": f"${{{n}.time}}"} for n in ("read", "event")]
    one = {"name": "a", **source(topic, write(work, "a", lines), headers=headers)}
    agent = make_agent(text=config.render_settings(settings(cluster.bootstrap, [one])))
    assert agent.run("--until-eof", deadline=50) == EX_DATAERR
    records = Reader(cluster.bootstrap, topic, partitions=1).records()
    assert len(records) == len(lines) - 1
    assert agent.counters()["lines_reread"] == len(lines), "none went alone"
    before = begin - timedelta(milliseconds=1)
    for record in records:
        read = dict(record.headers)["read"].decode()
        assert before <= datetime.fromisoformat(read) <= datetime.now(timezone.utc)
        before = datetime.fromisoformat(read)
        event = dict(record.headers)["event"].decode()
        assert round(datetime.fromisoformat(event).timestamp() * 1000) == record.timestamp[1]
        assert (event == read) == (record.value == b"no time")
        assert len(event) == len("2026-11-21T15:11:55.605Z")


def test_preview_says_what_is_no_good_time(work):
    path = write(work, "a", ["<2026-11-21T17:00:00Z> a", "<x> b", "c", "<2036-01-01> d"])
    conf = work / "preview.conf"
    one = {"name": "a", **source("t", path)}
    conf.write_text(config.render_settings(settings("localhost:9092", [one])))
    command = [WAYBILL, "preview", "--config", conf, path]
    out = subprocess.run(command, check=True, capture_output=True, text=True, timeout=30).stdout
    assert "2026-11-21T17:00:00.000Z" in out
    assert [line.split(None, 1)[1] for line in out.splitlines() if line.startswith("  time ")] == [
        "timestamp is not of timestamp_format: the time of reading",
        "timestamp is beyond timestamp_max_past or timestamp_max_future",
    ]

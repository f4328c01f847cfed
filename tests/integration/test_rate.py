# SPDX-License-Identifier: Apache-2.0
"""max_rate and catch_up_rate: what is above waits, says so, and is shipped all the same."""

import json
import re
import signal

import pytest
from rig import config
from rig.wait import wait_for

KIB = 1024
LINE = b"x" * 1023 + b"\n"


def metric(text, name, label=""):
    found = re.search(rf"^{name}{re.escape(label)} ([0-9.e+]+)$", text, re.MULTILINE)
    assert found, f"{name}{label} in {text}"
    return float(found[1])


def configuration(cluster, topic, work, limits, **more):
    sources = [
        {"name": name, "paths": [str(work / "log" / f"{name}.log")], "topic": topic, **limits.get(name, {})}
        for name in "ab"
    ]
    return config.render_settings(config.settings(cluster.bootstrap, sources, **more))


def waits_for(agent, path, words):
    return wait_for(lambda: words in agent.ask("explain", path), 30, f"{path} to wait for {words}")


def is_kept(agent, name, label, rate):
    """By the agent's own clock: no more than a second's worth at once, and then the rate."""
    text = agent.ask("metrics")
    bytes_read, uptime = metric(text, name, label), metric(text, "waybill_uptime_seconds")
    assert bytes_read <= rate * (uptime + 1) + 128 * KIB, text
    return bytes_read


@pytest.mark.scenario("G01", "G02")
def test_a_source_waits_and_is_shipped_in_the_end(cluster, topic, work, make_agent):
    """The other source does not wait; a reload takes the limit away."""
    limits = {"a": {"max_rate": "64KiB/s"}}
    for name in "ab":
        (work / "log" / f"{name}.log").write_bytes(LINE * 4096)
    agent = make_agent(text=configuration(cluster, topic, work, limits))
    agent.start()
    counters = agent.counted(lines_delivered=4096 + 128)
    waits_for(agent, work / "log" / "a.log", "its rate: max_rate of its source")
    read = is_kept(agent, "waybill_source_bytes_read_total", '{source="a"}', 64 * KIB)
    assert read < 2048 * KIB
    text = agent.ask("metrics")
    assert metric(text, "waybill_source_bytes_read_total", '{source="b"}') == 4096 * KIB
    assert metric(text, "waybill_source_rate_wait_seconds_total", '{source="a"}') > 0
    assert metric(text, "waybill_source_rate_wait_seconds_total", '{source="b"}') == 0
    assert metric(text, "waybill_source_rate_limit_bytes", '{source="a"}') == 64 * KIB
    assert counters["lines_filtered"] == counters["lines_dead"] == 0
    agent.configure(text=configuration(cluster, topic, work, {}))
    agent.signal(signal.SIGHUP)
    agent.wait_says("settings are taken", "a")
    delivered = wait_for(
        lambda: "waits for" not in agent.ask("explain", work / "log" / "a.log")
        and "position 4194304 is settled" in " ".join(agent.ask("explain", work / "log" / "a.log").split()),
        60,
        "all of it to be delivered",
    )
    assert delivered
    agent.stop()


@pytest.mark.scenario("G01", "G02")
def test_all_sources_share_a_rate(cluster, topic, work, make_agent):
    for name in "ab":
        (work / "log" / f"{name}.log").write_bytes(LINE * 4096)
    agent = make_agent(text=configuration(cluster, topic, work, {}, max_rate="128KiB/s"))
    agent.start()
    agent.counted(lines_delivered=512)
    waits_for(agent, work / "log" / "a.log", "its rate: max_rate of all sources")
    is_kept(agent, "waybill_bytes_read_total", "", 128 * KIB)
    text = agent.ask("metrics")
    shares = [metric(text, "waybill_source_bytes_read_total", f'{{source="{name}"}}') for name in "ab"]
    assert min(shares) * 2 > max(shares), shares
    agent.stop()


@pytest.mark.scenario("G02")
def test_a_backlog_leaves_room_for_what_is_written_now(cluster, topic, work, make_agent):
    (work / "log" / "a.log").write_bytes(LINE * 20 * KIB)
    (work / "log" / "b.log").write_bytes(LINE)
    agent = make_agent(text=configuration(cluster, topic, work, {}, catch_up_rate="64KiB/s"))
    agent.start()
    agent.wait_says("started:")
    waits_for(agent, work / "log" / "a.log", "its rate: it is far behind")
    with (work / "log" / "b.log").open("ab") as log:
        log.write(LINE * 4096)
    wait_for(
        lambda: metric(agent.ask("metrics"), "waybill_source_bytes_read_total", '{source="b"}')
        == 4097 * KIB,
        30,
        "the lines of now",
    )
    is_kept(agent, "waybill_source_bytes_read_total", '{source="a"}', 64 * KIB)
    agent.stop()


@pytest.mark.scenario("G01", "G02")
def test_a_rate_of_lines(cluster, topic, work, make_agent):
    """Of a source, beside bytes of all; status, explain and metrics tell which it is."""
    for name in "ab":
        (work / "log" / f"{name}.log").write_bytes(b"short\n" * 20000)
    limits = {"a": {"max_rate": "500lines/s"}}
    agent = make_agent(text=configuration(cluster, topic, work, limits, max_rate="10MiB/s"))
    agent.start()
    agent.counted(lines_delivered=20000 + 1000)
    waits_for(agent, work / "log" / "a.log", "max_rate of its source, 500 lines a second")
    text = agent.ask("metrics")
    lines = metric(text, "waybill_source_lines_read_total", '{source="a"}')
    assert 1000 <= lines <= 500 * (metric(text, "waybill_uptime_seconds") + 1.5), text
    assert metric(text, "waybill_source_lines_read_total", '{source="b"}') == 20000
    assert metric(text, "waybill_source_rate_limit_lines", '{source="a"}') == 500
    assert metric(text, "waybill_source_rate_limit_bytes", '{source="a"}') == 0
    told = [json.loads(line) for line in agent.ask("status", "--json").splitlines()]
    whole = next(one for one in told if one["kind"] == "agent")
    assert whole["max_rate_bytes"] == 10 << 20 and whole["max_rate_lines"] is None
    assert whole["catch_up_rate_bytes"] is None
    sources = {one["source"]: one for one in told if one["kind"] == "source"}
    assert sources["a"]["max_rate_lines"] == 500 and sources["a"]["rate_wait_ms"] > 0
    assert sources["b"]["max_rate_lines"] is None and sources["b"]["rate_wait_ms"] == 0
    agent.stop()


@pytest.mark.scenario("G02")
def test_a_reload_lowers_a_rate(cluster, topic, work, make_agent):
    """Nothing is left of what was saved under the higher one."""
    path = work / "log" / "a.log"
    path.write_bytes(LINE)
    agent = make_agent(text=configuration(cluster, topic, work, {"a": {"max_rate": "100MiB/s"}}))
    agent.start()
    agent.counted(lines_delivered=1)
    agent.configure(text=configuration(cluster, topic, work, {"a": {"max_rate": "64KiB/s"}}))
    agent.signal(signal.SIGHUP)
    agent.wait_says("settings are taken", "a")
    before = metric(agent.ask("metrics"), "waybill_uptime_seconds")
    with path.open("ab") as log:
        log.write(LINE * 4096)
    waits_for(agent, path, "max_rate of its source, 65536 bytes a second")
    text = agent.ask("metrics")
    span = metric(text, "waybill_uptime_seconds") - before
    read = metric(text, "waybill_source_bytes_read_total", '{source="a"}')
    assert read <= 64 * KIB * (span + 1) + 128 * KIB, text
    agent.stop()


def test_until_eof_waits_for_its_rate(cluster, topic, work, make_agent):
    (work / "log" / "a.log").write_bytes(LINE * 160)
    agent = make_agent(text=configuration(cluster, topic, work, {"a": {"max_rate": "64KiB/s"}}))
    assert agent.run("--until-eof") == 0
    agent.assert_true(160)

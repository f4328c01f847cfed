# SPDX-License-Identifier: Apache-2.0
"""max_rate and catch_up_rate: what is above waits, says so, and is shipped all the same."""

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


def test_until_eof_waits_for_its_rate(cluster, topic, work, make_agent):
    (work / "log" / "a.log").write_bytes(LINE * 160)
    agent = make_agent(text=configuration(cluster, topic, work, {"a": {"max_rate": "64KiB/s"}}))
    assert agent.run("--until-eof") == 0
    agent.assert_true(160)

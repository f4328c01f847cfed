# SPDX-License-Identifier: Apache-2.0
"""waybill metrics: well-formed, named as Prometheus wants it, and adding up in every scrape."""

import re
import shutil
import subprocess

import pytest
from rig.paths import BUILD
from rig.wait import wait_for

NOWHERE = "127.0.0.1:1"  # no broker there
EX_OK = 0
EX_UNAVAILABLE = 69
SAMPLE = re.compile(r'([a-z_][a-z0-9_]*)(?:\{([a-z_]+)="((?:[^"\\\n]|\\["\\n])*)"\})? (\d+(?:\.\d+)?)$')
# What Prometheus' own checker says of names: base units, no abbreviations, suffixes of other types.
NOT_A_UNIT = {"ms", "us", "ns", "s", "sec", "b", "kb", "mb", "milliseconds", "minutes", "hours"}


def scrape(agent, *options, expect=EX_OK):
    where = ["--config", agent.config, "--state-dir", agent.state]
    command = [agent.program, "metrics", *where, *options]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert done.returncode == expect, done.stderr
    return done.stdout


def check(text, open_metrics=False):
    """The samples as {name or (name, value of the label): number}."""
    samples, families, family, kind = {}, set(), None, None
    lines = text.split("\n")
    assert lines.pop() == ""
    if open_metrics:
        assert lines.pop() == "# EOF"
    for line in lines:
        if line.startswith("# HELP "):
            family, words = line[7:].split(" ", 1)
            assert family not in families and words
            families.add(family)
        elif line.startswith("# TYPE "):
            name, kind = line[7:].split(" ")
            assert name == family and kind in ("counter", "gauge")
            total = name.endswith("_total")
            assert total == (kind == "counter" and not open_metrics), line
            assert not NOT_A_UNIT & set(name.split("_")), line
            assert not name.endswith(("_count", "_sum", "_bucket", "_gauge", "_counter")), line
        else:
            sample = SAMPLE.match(line)
            assert sample, line
            name, _, value, number = sample.groups()
            more = "_total" if kind == "counter" and open_metrics else ""
            assert name == family + more, line
            key = name if value is None else (name, value)
            assert key not in samples
            samples[key] = float(number)
    return samples


def adds_up(samples):
    of = {name: samples[f"waybill_lines_{name}_total"] for name in ("read", "delivered", "filtered", "dead")}
    gone = of["delivered"] + of["filtered"] + of["dead"]
    return of["read"] == gone + samples["waybill_in_flight"], samples


def promtool():
    """That of the distribution, where there is one."""
    return shutil.which("promtool", path=f"{BUILD}/prom/usr/bin:/usr/bin:/usr/local/bin")


@pytest.mark.scenario("G02")
def test_well_formed_without_a_broker(work, make_agent):
    (work / "log" / "a.log").write_text("secret\n" * 3)
    agent = make_agent(NOWHERE, "orders", source={"name": 'a "source" \\'})
    scrape(agent, expect=EX_UNAVAILABLE)
    agent.start()
    agent.wait_says("started:")
    held = ("waybill_files", "held")
    samples = wait_for(
        lambda: (found := check(scrape(agent))) and found[held] == 1 and found, 20, "it waits"
    )
    assert samples["waybill_source_lag_bytes", 'a \\"source\\" \\\\'] == 21
    assert samples["waybill_topic_ready", "orders"] == samples["waybill_kafka_up"] == 0
    assert adds_up(samples)[0]
    same = check(scrape(agent, "--open-metrics"), open_metrics=True)
    assert set(same) == set(samples)
    assert "secret" not in scrape(agent)
    tool = promtool()
    if tool:
        done = subprocess.run(
            [tool, "check", "metrics"], input=scrape(agent), capture_output=True, text=True
        )
        assert done.returncode == 0, done.stderr


@pytest.mark.scenario("G01", "G02")
def test_every_scrape_adds_up(cluster, topic, make_lineage, make_agent):
    """While lines are read and delivered, and while some are filtered."""
    lineage = make_lineage("a").append(2000)
    agent = make_agent(cluster.bootstrap, topic).start()
    agent.wait_says("started:")
    for _ in range(50):
        lineage.append(400)
        holds, samples = adds_up(check(scrape(agent)))
        assert holds, samples
    agent.counted(lines_delivered=22000)
    samples = wait_for(
        lambda: (found := check(scrape(agent))) and found["waybill_files", "idle"] == 1 and found,
        10,
        "all of it is delivered",
    )
    assert samples["waybill_lines_delivered_total"] == 22000
    assert samples["waybill_kafka_up"] == samples["waybill_topic_ready", topic] == 1
    assert samples["waybill_topic_partitions", topic] == 6
    agent.stop()

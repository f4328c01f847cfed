# SPDX-License-Identifier: Apache-2.0
"""Rules of a source on a real Kafka: what they leave out is counted by name and explained, what they
let through is there once, and a limit makes its file wait."""

import collections
import os
import subprocess
import time
import urllib.request
from pathlib import Path

from rig import config
from rig.agent import EX_OK
from rig.paths import WAYBILL
from rig.process import free_port
from rig.reader import Reader
from rig.wait import wait_for
from test_explain import explain

PATTERN = r"^n=(?<n>\d+)(?: level=(?<level>\w+))?(?: trace=(?<trace>\w+))?"
OUT_OF_ORDER_SEQUENCE_NUMBER = 45
RULES = [
    {"name": "health", "action": "drop", "pattern": "health"},
    {"name": "loud", "action": "keep", "value": "${level}", "pattern": "^(WARN|ERROR)$"},
    {"name": "traces", "action": "sample", "by": "${trace}", "one_in": 4},
]


def make(make_agent, cluster, topic, work, rules, **more):
    source = {"name": "s", "paths": [str(work / "log" / "*.log")], "parser": "order", "topic": topic}
    source.update(value="${n:-none}", rules=rules)
    settings = config.settings(cluster.bootstrap, [source], pattern=PATTERN, **more)
    return make_agent(text=config.render_settings(settings))


def numbers(cluster, topic):
    return [record.value for record in Reader(cluster.bootstrap, topic).records()]


def test_what_is_left_out_is_counted_and_explained(cluster, topic, work, make_agent):
    path = work / "log" / "a.log"
    lines = ["n=1 level=ERROR health", "n=2 level=INFO", "n=3 level=WARN", "n=4 trace=x", "noise"]
    lines += [f"n={n} level=ERROR trace=t{n % 100}" for n in range(100, 2100)]
    path.write_text("".join(line + "\n" for line in lines))
    port = free_port()
    agent = make(make_agent, cluster, topic, work, RULES, http_listen=f"127.0.0.1:{port}")
    command = [WAYBILL, "preview", "--config", agent.config, path]
    shown = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True).stdout
    agent.start()
    agent.wait_says("started:")
    counters = agent.counted(lines_read=len(lines))
    counters = wait_for(
        lambda: (now := agent.counters())["in_flight"] == 0 and now, 30, "all to be settled"
    )
    url = f"http://127.0.0.1:{port}/metrics"
    text = urllib.request.urlopen(url, timeout=20).read().decode()
    left = {
        line.split('"')[1]: int(line.split()[-1])
        for line in text.splitlines()
        if line.startswith("waybill_rule_lines_total")
    }
    assert "# TYPE waybill_rule_lines_total counter" in text
    assert left["s/health"] == 1 and left["s/loud"] == 1
    assert sum(left.values()) == counters["lines_filtered"]
    for name, number in left.items():
        assert f"of these {number} line{'s' * (number > 1)} by rule {name}" in shown
    assert '(left out)  by rule "loud"' in shown
    said = explain(agent, f"{path}:1")
    assert said.startswith('filtered: it is settled: left out by rule "health"'), said
    assert explain(agent, f"{path}:2").startswith('filtered: it is settled: left out by rule "loud"')
    assert explain(agent, f"{path}:3").startswith("settled: ")
    agent.stop()
    sent = numbers(cluster, topic)
    assert {b"3", b"none"} <= set(sent)
    # All lines of a trace, or none.
    traces = collections.Counter(int(n) % 100 for n in sent if n.isdigit() and int(n) >= 100)
    assert set(traces.values()) == {20} and 5 < len(traces) < 60
    agent.assert_true(len(lines))
    assert len(sent) == len(lines) - counters["lines_filtered"]


def test_a_limit_that_drops(cluster, topic, work, make_agent):
    rules = [{"name": "flood", "action": "limit", "by": "${trace}", "per_second": 1, "burst": 50}]
    rules[0]["over"] = "drop"
    lines = [f"n={n} trace=t{n % 2}" for n in range(1000)] + [f"n={n}" for n in range(200)]
    (work / "log" / "a.log").write_text("".join(line + "\n" for line in lines))
    agent = make(make_agent, cluster, topic, work, rules)
    assert agent.run("--until-eof") == EX_OK
    agent.assert_true(len(lines))
    counters = agent.counters()
    # What has no trace is not limited; that the machine is slow lets some more through.
    assert 200 <= counters["lines_delivered"] < 600
    assert counters["lines_filtered"] == len(lines) - counters["lines_delivered"]
    assert len(numbers(cluster, topic)) == counters["lines_delivered"]


def test_a_limit_that_waits(cluster, topic, work, make_agent):
    """All is sent, not faster than the limit, also by two files of the source; others go on."""
    rules = [{"name": "slow", "action": "limit", "per_second": 20, "burst": 40}]
    for name in "ab":
        lines = "".join(f"n={n}\n" for n in range(60))
        (work / "log" / f"{name}.log").write_text(lines)
    agent = make(make_agent, cluster, topic, work, rules)
    begun = time.monotonic()
    agent.start()
    agent.wait_says("started:")
    said = wait_for(
        lambda: "a limit among the rules" in (now := explain(agent, work / "log" / "b.log")) and now,
        20,
        "a file to wait",
    )
    assert said.startswith("held: source s follows it"), said
    counters = agent.counted(lines_delivered=120)
    assert time.monotonic() - begun >= (120 - 40) / 20
    assert counters["lines_filtered"] == 0
    agent.stop()
    agent.assert_true(120)
    assert sorted(numbers(cluster, topic)) == sorted(2 * [b"%d" % n for n in range(60)])


def test_sent_again_is_not_limited_again(broker, own_topic, work, make_agent, proxy):
    """What was let through and came back undelivered is sent, whatever the limit says by now."""
    rules = [{"name": "flood", "action": "limit", "per_second": 1, "burst": 100, "over": "drop"}]
    path = work / "log" / "a.log"
    path.write_text("n=0\n")
    agent = make(make_agent, proxy, own_topic, work, rules)
    agent.start()
    agent.counted(lines_delivered=1)
    proxy.rule = lambda request: OUT_OF_ORDER_SEQUENCE_NUMBER
    with open(path, "a", encoding="ascii") as file:
        file.write("".join(f"n={n}\n" for n in range(1, 300)))
    agent.counted(lines_read=300, reports_failed=1)
    proxy.rule = None
    wait_for(
        lambda: (now := agent.counters())["in_flight"] + now["lines_waiting"] == 0, 60, "delivery"
    )
    agent.stop()
    agent.assert_true(300)
    counters = agent.counters()
    assert counters["lines_filtered"] >= 150
    assert len(set(numbers(broker, own_topic))) == counters["lines_delivered"]


def test_what_was_left_out_of_a_file_that_is_closed(cluster, topic, work, make_agent):
    """Of many files some have no descriptor: they are opened for the one who asks."""
    paths = [work / "log" / f"{n}.log" for n in range(200)]
    for path in paths:
        path.write_text("n=1 level=ERROR health\nn=2 level=ERROR\n")
    agent = make(make_agent, cluster, topic, work, RULES[:2])
    agent.prefix = ["prlimit", "--nofile=140:140"]
    agent.start()
    agent.counted(lines_read=400, lines_filtered=200)
    open_now = sum(".log" in os.readlink(fd) for fd in Path(f"/proc/{agent.process.pid}/fd").iterdir())
    assert open_now < 200
    for path in paths[::8]:
        said = explain(agent, f"{path}:1")
        assert said.startswith('filtered: it is settled: left out by rule "health"'), said
    agent.stop()

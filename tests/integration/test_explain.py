# SPDX-License-Identifier: Apache-2.0
"""waybill explain: why a line is, or is not, in Kafka, asked of a running agent."""

import subprocess

import pytest
from rig import config

NOWHERE = "127.0.0.1:1"  # no broker there
EX_OK = 0
EX_NOINPUT = 66
EX_UNAVAILABLE = 69


def explain(agent, what, expect=EX_OK, cwd=None):
    where = ["--config", agent.config, "--state-dir", agent.state]
    done = subprocess.run(
        [agent.program, "explain", *where, str(what)],
        capture_output=True,
        text=True,
        timeout=60,
        cwd=cwd,
    )
    assert done.returncode == expect, done.stderr + done.stdout
    assert all(len(line) <= 80 or "/" in line for line in done.stdout.splitlines())
    return " ".join((done.stdout + done.stderr).split())


@pytest.mark.scenario("G01", "G03")
def test_what_waits(work, make_agent):
    path = work / "log" / "a.log"
    path.write_text("one\ntwo\nthree")
    agent = make_agent(NOWHERE, "orders")
    assert "no agent answers" in explain(agent, path, EX_UNAVAILABLE)
    agent.start()
    agent.wait_says("started:")
    assert explain(agent, f"{path}:2").startswith("unread: it is not read yet")
    assert "all before position 0 is settled" in explain(agent, path)
    assert explain(agent, f"{path}@13").startswith("beyond: the file has 13 bytes")
    assert "has no line 5" in explain(agent, f"{path}:5", EX_NOINPUT)
    other = work / "log" / "a.txt"
    assert explain(agent, other).startswith("unmatched: no source wants it: the nearest is")
    assert explain(agent, work / "log" / "b.log").startswith("absent: source ")
    assert explain(agent, "b.log", cwd=work / "log").startswith("absent: source ")


@pytest.mark.scenario("G01", "G03")
def test_what_became_of_lines(cluster, topic, work, make_agent):
    path = work / "log" / "a.log"
    path.write_text("k=1 fine\nsecret\nk=2 fine\nrest")
    source = {"name": "orders", "paths": [str(path)], "parser": "order", "topic": topic}
    source.update(key="${k}", on_missing_key="dead_letter")
    settings = config.settings(cluster.bootstrap, [source], pattern=r"k=(?<k>\S+)")
    agent = make_agent(text=config.render_settings(settings)).start()
    agent.counted(lines_delivered=2, lines_dead=1)
    assert explain(agent, f"{path}:2").startswith("dead: it is a dead letter: KEY_MISSING")
    assert explain(agent, f"{path}:3").startswith("settled: ")
    assert explain(agent, f"{path}@28").startswith("unread: it is not read yet: its file waits for the end of its last line")
    assert explain(agent, path).startswith("partial: source orders follows it")
    assert "secret" not in explain(agent, f"{path}:2")
    agent.stop()

# SPDX-License-Identifier: Apache-2.0
"""waybill status: asked of a running agent, and read from the state when there is none."""

import json
import os
import re
import signal
import subprocess

import pytest
from rig.paths import ROOT
from rig.wait import wait_for

NOWHERE = "127.0.0.1:1"  # no broker there
EX_OK = 0
EX_NOINPUT = 66
EX_CONFIG = 78
EX_UNAVAILABLE = 69


def ask(agent, *words, expect=EX_OK):
    """What is printed."""
    where = ["--config", agent.config, "--state-dir", agent.state]
    done = subprocess.run(
        [agent.program, "status", *where, *words], capture_output=True, text=True, timeout=60
    )
    assert done.returncode == expect, done.stderr + done.stdout
    return done.stdout + done.stderr


def lines(agent, *words, **more):
    return [json.loads(line) for line in ask(agent, "--json", *words, **more).splitlines()]


def of_kind(answer, kind):
    return [line for line in answer if line["kind"] == kind]


def settled(answer):
    counters = of_kind(answer, "counters")[0]
    parts = ("lines_delivered", "in_flight", "lines_waiting", "lines_filtered", "lines_dead", "lines_forgotten")
    return counters["lines_read"], sum(counters[name] for name in parts)


@pytest.mark.scenario("G02")
def test_a_wrong_configuration_hides_nothing(work, make_agent):
    """The agent goes on with the one before, and can be asked."""
    agent = make_agent(NOWHERE, "orders").start()
    agent.wait_says("started:")
    agent.configure(text="nonsense")
    agent.signal(signal.SIGHUP)
    agent.wait_says("reload refused")
    where = ["--config", agent.config, "--state-dir", agent.state]
    done = subprocess.run([agent.program, "status", *where], capture_output=True, text=True, timeout=60)
    assert done.returncode == EX_OK and "the last reload was refused" in done.stdout, done
    assert "syntax error" in done.stderr and "the agent there is asked" in done.stderr
    agent.stop(expect=0)
    done = subprocess.run([agent.program, "status", *where], capture_output=True, text=True, timeout=60)
    assert done.returncode == EX_CONFIG and not done.stdout, done


@pytest.mark.scenario("G02")
def test_what_waits_is_shown(work, make_agent, monkeypatch):
    for name, n in (("a", 10), ("b", 2000)):
        (work / "log" / f"{name}.log").write_text("".join(f"{i} secret\n" for i in range(n)))
    agent = make_agent(NOWHERE, "orders").start()
    agent.wait_says("started:")
    text = wait_for(lambda: "refused" in ask(agent) and ask(agent), 20, "the reason")
    assert all(len(line) <= 80 for line in text.splitlines()), text
    assert "no broker answers: " in text and "waits for topic orders, which is unknown" in text
    # The worst first.
    assert text.index("b.log") < text.index("a.log")
    assert "secret" not in text + ask(agent, "--json")
    one = str(work / "log" / "a.log")
    assert [file["path"] for file in of_kind(lines(agent, one), "file")] == [one]
    monkeypatch.chdir(work)
    assert [file["path"] for file in of_kind(lines(agent, "log/a.log"), "file")] == [one]
    assert "no file, source or topic" in ask(agent, "nothing", expect=EX_NOINPUT)
    agent.stop(expect=0)
    assert not agent.state.joinpath("control").exists()


@pytest.mark.scenario("G02")
def test_without_an_agent_the_state_is_read(work, make_agent):
    path = work / "log" / "a.log"
    path.write_text("one\ntwo\n")
    agent = make_agent(NOWHERE, "orders")
    assert "there is no state in" in ask(agent, expect=EX_UNAVAILABLE)
    agent.start()
    agent.wait_says("started:")
    agent.kill()  # its last transactions stand in the WAL
    before = {file.name: file.read_bytes() for file in agent.state.iterdir() if file.is_file()}
    assert "No agent is running" in ask(agent)
    answer = lines(agent)
    assert of_kind(answer, "agent")[0]["running"] is False
    file = of_kind(answer, "file")[0]
    assert (file["path"], file["position"], file["lag_bytes"]) == (str(path), 0, 8)
    assert "no file is known as" in (said := ask(agent, "lines", expect=EX_NOINPUT)) and "without an agent" in said
    after = {file.name: file.read_bytes() for file in agent.state.iterdir() if file.is_file()}
    assert after == before, "it has written there"
    agent.state.joinpath("control").unlink()
    assert "No agent is running" in ask(agent)


def documented():
    """What waybill-control(7) has: the members of each kind, and the states of a file."""
    kinds, states, rows = {}, set(), None
    for line in (ROOT / "packaging/man/waybill-control.7.scd").read_text().splitlines():
        if kind := re.match(r"\*(\w+)\*: ", line):
            rows = kinds.setdefault(kind[1], set())
        elif line.startswith("The state of a file"):
            rows = states
        elif line.startswith("# "):
            rows = None
        elif (row := re.match(r"(?:\[\[|\|)\s+\*(\w+)\*", line)) and rows is not None:
            rows.add(row[1])
    return kinds, states


@pytest.mark.scenario("G01", "G02")
def test_delivered_and_documented(cluster, topic, make_lineage, make_agent):
    """The page has what is printed, and nothing else; the counters add up at any moment."""
    lineage = make_lineage("a").append(5000)
    agent = make_agent(cluster.bootstrap, topic).start()
    agent.wait_says("started:")
    for _ in range(20):
        read, parts = settled(lines(agent))
        assert read == parts
    agent.counted(lines_delivered=5000)
    answer = wait_for(
        lambda: (found := lines(agent)) and of_kind(found, "file")[0]["lag_bytes"] == 0 and found,
        10,
        "all of it is settled",
    )
    size = os.stat(lineage.path).st_size
    file = of_kind(answer, "file")[0]
    assert (file["state"], file["position"], file["size"]) == ("idle", size, size)
    assert settled(answer) == (5000, 5000)
    assert of_kind(answer, "agent")[0]["kafka_up"] is True
    assert len(of_kind(answer, "partition")) == 6
    assert all(part["leader"] is not None for part in of_kind(answer, "partition"))
    assert of_kind(answer, "topic")[0]["state"] == "ready"
    assert len(of_kind(lines(agent, topic), "partition")) == 6
    kinds, states = documented()
    # None of its settings names a certificate: test_certificates.py.
    assert kinds.pop("expiry") == {"setting", "name", "state", "ends_s", "words"}
    always = {"version", "kind"}
    for kind, members in kinds.items():
        if kind != "counters":
            assert set(of_kind(answer, kind)[0]) - always == members, kind
    assert {line["kind"] for line in answer} == set(kinds)
    source = (ROOT / "agent/view/condition.c").read_text()
    told = set(re.findall(r'\[CONDITION_\w+\] = "(\w+)"', source))
    assert len(told) == 9 and told | {"stored"} == states
    agent.stop()


@pytest.mark.scenario("G02")
@pytest.mark.parametrize("words", [["waybill@web"], ["--instance", "web"]])
def test_an_instance_is_found_by_its_name(make_agent, words):
    """It has a configuration of its own; which is read, and not that of waybill.service."""
    program = make_agent(NOWHERE, "orders").program
    done = subprocess.run([program, "status", *words], capture_output=True, text=True)
    assert done.returncode == EX_NOINPUT and "/etc/waybill/web/waybill.conf" in done.stderr
    done = subprocess.run([program, "status", "waybill@../x"], capture_output=True, text=True)
    assert done.returncode == 64 and "no instance" in done.stderr

# SPDX-License-Identifier: Apache-2.0
"""waybill checkpoint: positions are shown and set, beside a running agent and without one."""

import json
import re
import subprocess

import pytest
from rig import config
from rig.agent import EX_NOINPUT, EX_OK, EX_UNAVAILABLE, EX_USAGE
from rig.reader import Reader
from rig.state import read_state

LINES = [f"n={number}\n" for number in range(100)]


def checkpoint(agent, *words, **more):
    return agent.ask("checkpoint", *words, **more)


@pytest.fixture
def shipped(cluster, topic, work, make_agent):
    """An agent that has shipped a file, the file, and what is in Kafka by now."""
    path = work / "log" / "a.log"
    path.write_text("".join(LINES))
    one = {"name": "numbers", "paths": [str(path)], "topic": topic}
    agent = make_agent(text=config.render_settings(config.settings(cluster.bootstrap, [one]))).start()
    agent.counted(lines_delivered=100)
    reader = Reader(cluster.bootstrap, topic)
    return agent, path, lambda: [record.value.decode() + "\n" for record in reader.records()]


@pytest.mark.scenario("G02")
def test_shown(shipped):
    agent, path, _ = shipped
    [file] = [json.loads(line) for line in checkpoint(agent, "list", "--json").splitlines()]
    assert file["path"] == str(path) and file["size"] == path.stat().st_size
    assert f"position   {file['position']}" in checkpoint(agent, "show", path)
    assert str(path) in checkpoint(agent, "list", "numbers")
    checkpoint(agent, "show", "/nowhere", expect=EX_NOINPUT)
    checkpoint(agent, "set", path, "half", expect=EX_USAGE)
    agent.stop()
    assert str(path.stat().st_size) in checkpoint(agent, "list")


@pytest.mark.scenario("G02", "D01")
@pytest.mark.parametrize("running", [True, False])
def test_set(shipped, running):
    """Exactly the lines behind the new position come once more, and those of later."""
    agent, path, in_kafka = shipped
    at = len("".join(LINES[:90]))
    if not running:
        agent.stop()
    assert "lines come again" in checkpoint(agent, "set", path, at, "--dry-run")
    assert "--yes" in checkpoint(agent, "set", path, at, expect=EX_USAGE)
    for how in ("--yes", "--dry-run"):
        for wrong in (at + 1, 10**9):
            assert "no line of it begins" in checkpoint(agent, "set", path, wrong, how, expect=EX_UNAVAILABLE)
    assert f"to {at}" in checkpoint(agent, "set", path, at, "--yes")
    if not running:
        assert [file.committed for file in read_state(agent.state).files.values()] == [at]
        agent.start()
    agent.counted(lines_delivered=110 if running else 10)
    agent.counters()  # they add up
    with path.open("a") as log:
        log.write("late\n")
    agent.counted(lines_delivered=111 if running else 11)
    agent.stop()
    assert sorted(in_kafka()) == sorted([*LINES, *LINES[90:], "late\n"])


@pytest.mark.scenario("G02")
def test_to_the_end_and_back(broker, shipped):
    """While nothing can be sent: what is passed over is never sent, and a reset takes all of it."""
    agent, path, in_kafka = shipped
    with path.open("a") as log:
        log.write("never\n")
    agent.counted(lines_delivered=101)
    checkpoint(agent, "set", path, "end", "--yes")
    checkpoint(agent, "reset", path, "--yes")
    agent.counted(lines_delivered=202)
    agent.stop()
    assert agent.run("--until-eof") == EX_OK
    assert sorted(in_kafka()) == sorted([*LINES, "never\n"] * 2)


@pytest.mark.scenario("G02")
def test_who_waits_for_an_order_is_told_of_his_own(shipped):
    """Others are given as soon as it has ended, before he asks again: that was taken for a restart."""
    agent, path, _ = shipped
    where = f"--config {agent.config} --state-dir {agent.state}"
    one = f"{agent.program} checkpoint {where} reset {path} --yes"
    again = f"i=0; while [ $i -lt 10 ]; do {one}; echo status $?; i=$((i + 1)); done"
    loops = [
        subprocess.Popen(["sh", "-c", again], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        for _ in range(6)
    ]
    said = "".join(loop.communicate(timeout=90)[0] for loop in loops)
    told = re.findall(r"(.*)\nstatus (\d+)\n", said)
    assert len(told) == 60
    done = [words for words, status in told if status == "0"]
    refused = [words for words, status in told if status != "0"]
    assert all(words.startswith("set: from position") for words in done)
    assert all("another order is carried out (set by user" in words for words in refused), refused
    assert len(done) == agent.counters()["positions_set"] > 1
    agent.stop()


@pytest.mark.scenario("G02", "A01")
@pytest.mark.parametrize("running", [True, False])
def test_a_path_is_that_of_one_file(shipped, running):
    """Also while earlier generations of it are there, which have its name in common."""
    agent, path, in_kafka = shipped
    old = path.with_name("a.log.1")
    path.rename(old)
    path.write_text("new\n")
    agent.counted(lines_delivered=101)
    if not running:
        agent.stop()
    two = len(path.read_text())
    assert f"from position {two} to 0" in checkpoint(agent, "reset", path, "--yes")
    at = len("".join(LINES[:90]))
    assert f"to {at}" in checkpoint(agent, "set", old, at, "--yes")
    if running:
        assert "2 files: name one of them" in checkpoint(agent, "set", "numbers", 0, "--yes", expect=EX_NOINPUT)
    assert "no file is known as" in checkpoint(agent, "reset", "/nowhere", expect=EX_NOINPUT)
    if not running:
        agent.start()
    agent.counted(lines_delivered=112 if running else 11)
    agent.stop()
    assert sorted(in_kafka()) == sorted([*LINES, *LINES[90:], "new\n", "new\n"])


@pytest.mark.scenario("G02")
@pytest.mark.parametrize("running", [True, False])
def test_the_end_is_where_a_line_begins_that_has_none(shipped, running):
    """Set to its end a file goes on with the whole of the line that is half written there. The agent knows it
    by the name of its source, too, of which it is the only one."""
    agent, path, in_kafka = shipped
    checkpoint(agent, "reset", path, "--yes")
    agent.counted(lines_delivered=200)
    with path.open("a") as log:
        log.write("half")
    if not running:
        agent.stop()
    end = len("".join(LINES))
    assert f"to {end}" in checkpoint(agent, "set", "numbers" if running else path, "end", "--yes")
    with path.open("a") as log:
        log.write(" a line\n")
    if not running:
        agent.start()
    agent.counted(lines_delivered=201 if running else 1)
    agent.stop()
    assert sorted(in_kafka()) == sorted([*LINES, *LINES, "half a line\n"])


@pytest.mark.scenario("G02")
@pytest.mark.parametrize("running", [True, False])
@pytest.mark.parametrize("how", ["UTF-16LE", "UTF-16BE", "UTF-16", "--"])
def test_a_line_begins_where_the_source_says(cluster, topic, work, make_agent, how, running):
    """Amid a pair of bytes none does, though the byte before it is 0x0A; without an agent as with one."""
    end = "--" if how == "--" else "\n"
    codec = {"UTF-16": "utf-16-be", "--": "utf-8"}.get(how, how)
    mark = "\ufeff" if how == "UTF-16" else ""
    parts = [f"{mark}one{end}".encode(codec), f"two\u0a0a{end}".encode(codec), f"three{end}".encode(codec)]
    path = work / "log" / "a.log"
    path.write_bytes(b"".join(parts))
    source = {"name": "s", "paths": [str(path)], "topic": topic, "line_end" if how == "--" else "encoding": how}
    agent = make_agent(text=config.render_settings(config.settings(cluster.bootstrap, [source]))).start()
    agent.counted(lines_delivered=3)
    if not running:
        agent.stop()
    starts = [len(b"".join(parts[:n])) for n in range(4)]
    for at in set(range(1, starts[3] + 2)) - set(starts):
        checkpoint(agent, "set", path, at, "--yes", expect=EX_UNAVAILABLE)
        checkpoint(agent, "set", path, at, "--dry-run", expect=EX_UNAVAILABLE)
    for at in reversed(starts[1:]):
        assert f"go on at {at}" in checkpoint(agent, "set", path, at, "--dry-run")
        assert f"to {at}" in checkpoint(agent, "set", path, at, "--yes")
    assert f"to {starts[3]}" in checkpoint(agent, "set", path, "end", "--yes")
    if running:
        agent.stop()

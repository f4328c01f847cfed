# SPDX-License-Identifier: Apache-2.0
"""waybill top on a terminal of 80 by 24: what is shown, sorted, filtered and looked into, and what it
costs."""

import os
import signal

import pytest
from rig import config
from rig.process import cpu_seconds
from rig.wait import wait_for

NOWHERE = "127.0.0.1:1"  # no broker there


def rows_with(terminal, text):
    return sum(text in line for line in terminal.text().splitlines())


@pytest.fixture
def two_sources(work, make_agent):
    """An agent that can send nothing: a file of 40,000 bytes, one of 4,000 and 30 small ones."""
    sources = []
    for name, sizes in (("orders", [40000]), ("web", [4000, *[40] * 30])):
        (work / "log" / name).mkdir()
        for number, size in enumerate(sizes):
            (work / "log" / name / f"{number:02}.log").write_text(("x" * 39 + "\n") * (size // 40))
        one = {"name": name, "paths": [str(work / "log" / name / "*.log")], "topic": f"topic-{name}"}
        sources.append(one)
    agent = make_agent(text=config.render_settings(config.settings(NOWHERE, sources))).start()
    agent.wait_says("started:")
    return agent


@pytest.mark.scenario("G02")
def test_files_sources_and_one_of_them(two_sources, open_top, work):
    terminal = open_top(two_sources)
    screen = terminal.wait("32 files", "no broker answers", "in flight 0 of", "sort: state", "web/00.log")
    lines = screen.splitlines()
    assert len(lines) == 24 and all(len(line) <= 80 for line in lines)
    # The worst first: all are held, and of these the largest is most behind.
    assert "orders/00.log" in lines[5] and "39.1 KiB" in lines[5] and "held" in lines[5]
    assert "web/00.log" in lines[6] and "4000 B" in lines[6]
    # What it waits for.
    terminal.type("enter")
    terminal.wait("waits for  topic topic-orders", "40000 bytes")
    # The whole path, on as many lines as it takes.
    assert str(work / "log" / "orders" / "00.log") in terminal.text().replace("\n", "")
    terminal.type("o")
    lines = terminal.wait("Source", "stuck", "web   ", "orders   ").splitlines()
    assert lines[5].split()[:3] == ["web", "31", "31"] and lines[6].split()[:2] == ["orders", "1"]
    terminal.type("down", "enter")
    terminal.wait("orders/00.log", without=["web/"])
    terminal.type("enter")
    terminal.wait("waits for  topic topic-orders")
    # Back to the files of the source, and to the sources.
    terminal.type("escape")
    terminal.wait("orders/00.log", "State", without=["web/"])
    terminal.type("escape")
    terminal.wait("Source", "stuck", "web   ")
    terminal.type("escape")
    terminal.wait("web/00.log")
    terminal.type("/", *"web/1", "enter")
    terminal.wait("path: web/1", without=["web/00", "orders/"])
    wait_for(lambda: rows_with(terminal, "/web/1") == 10, 20, "ten rows")
    terminal.type("s")
    terminal.wait("sort: lag")
    terminal.type("p")
    terminal.wait("Topic", "in sync")
    terminal.type("q")
    assert terminal.wait_exit() == 0


@pytest.mark.scenario("G02")
def test_a_long_path_is_shown_whole(work, make_agent, open_top):
    log = work / "log" / ("directory-" * 9) / "a.log"
    log.parent.mkdir()
    log.write_text("1\n")
    agent = make_agent(NOWHERE, "orders", source={"paths": [str(log)]}).start()
    agent.wait_says("started:")
    terminal = open_top(agent)
    terminal.wait("1 files", "a.log")
    terminal.type("enter")
    terminal.wait("waits for", "size")
    assert str(log) in terminal.text().replace("\n", "")


@pytest.mark.scenario("G02")
def test_follows_the_terminal_and_the_agent(two_sources, open_top):
    terminal = open_top(two_sources, rows=30, columns=120)
    terminal.wait("32 files")
    wait_for(lambda: rows_with(terminal, ".log") == 24, 20, "24 rows")
    terminal.resize(12, 80)
    terminal.wait("32 files", "web/00.log")
    wait_for(lambda: rows_with(terminal, ".log") == 6, 20, "six rows")
    two_sources.stop()
    terminal.wait("No agent answers at")
    two_sources.start()
    terminal.wait("32 files", without=["No agent"])
    terminal.type("q")
    assert terminal.wait_exit() == 0


@pytest.mark.parametrize("term", ["no-such-terminal", "dumb"])
def test_where_there_is_no_terminal(two_sources, open_top, term):
    """One that cannot go to a place on the screen is none either: it was left empty."""
    terminal = open_top(two_sources, term=term)
    terminal.wait("needs a terminal")
    assert terminal.wait_exit() == 69


@pytest.mark.scenario("G02")
def test_keys_are_heard_while_the_agent_is_silent(two_sources, open_top):
    """It waited for the answer of an agent that stood still, and q did nothing for 40 s."""
    terminal = open_top(two_sources)
    terminal.wait("32 files")
    two_sources.process.send_signal(signal.SIGSTOP)
    terminal.wait("The agent has not answered for")
    terminal.type("p")
    terminal.wait("The agent has not answered for 4 s")  # not from that key on
    two_sources.process.send_signal(signal.SIGCONT)
    terminal.wait("Topic", "in sync", without=["has not answered"])
    two_sources.process.send_signal(signal.SIGSTOP)
    terminal.type("q")
    assert terminal.wait_exit() == 0
    two_sources.process.send_signal(signal.SIGCONT)


@pytest.mark.scenario("G02")
def test_it_ends_with_its_terminal(two_sources, open_top):
    """Where nobody sends a hangup it asked for keys again and again: a whole CPU, for ever."""
    terminal = open_top(two_sources)
    terminal.wait("32 files")
    terminal.hang_up()
    wait_for(lambda: terminal.process.poll() is not None, 20, "its end")


@pytest.mark.scenario("G02")
@pytest.mark.parametrize("rows, columns", [(1, 1), (2, 2), (3, 9), (24, 4), (5, 200)])
def test_any_size(two_sources, open_top, rows, columns):
    terminal = open_top(two_sources)
    terminal.wait("32 files")
    terminal.resize(rows, columns)
    for key in ("o", "enter", "p", "enter", "escape", "f", "enter", "escape", "/", "w", "escape", "s"):
        terminal.type(key)
        terminal.take(0.05)
    terminal.resize(24, 80)
    terminal.wait("32 files", "orders/00.log", "sort: lag")
    terminal.type("q")
    assert terminal.wait_exit() == 0


@pytest.mark.scenario("G02")
def test_a_file_whose_name_is_no_utf8(work, make_agent, open_top):
    """JSON has no such names: it was not found again by the one that is told."""
    path = os.fsencode(work / "log") + b"/caf\xe9.log"
    with open(path, "w", encoding="ascii") as file:
        file.write("1\n")
    agent = make_agent(NOWHERE, "orders").start()
    agent.wait_says("started:")
    terminal = open_top(agent)
    terminal.wait("1 files", "caf\ufffd.log")
    terminal.type("enter")
    terminal.wait("caf\ufffd.log", "settled    0 bytes")
    assert "held" in agent.ask("status", os.fsdecode(path))
    assert "source lines follows it" in " ".join(agent.ask("explain", os.fsdecode(path)).split())


@pytest.mark.scenario("G02")
def test_names_do_not_command_the_terminal(work, make_agent, open_top):
    """A file's name is anybody's text."""
    (work / "log" / "a\x1b[2J\x1b[31mred\x07.log").write_text("1\n")
    agent = make_agent(NOWHERE, "orders").start()
    agent.wait_says("started:")
    terminal = open_top(agent)
    terminal.wait("1 files", "\\x1b[31mred")


@pytest.mark.scenario("G02", "E04")
def test_many_files_cost_little(work, make_agent, open_top):
    """Of 20,000 files a screenful is told and drawn, and nothing is written that did not change."""
    for number in range(20000):
        (work / "log" / f"{number:05}.log").touch()
    agent = make_agent(NOWHERE, "orders").start()
    agent.wait_says("started:", deadline=120)
    terminal = open_top(agent)
    terminal.wait("20000 files")
    before = terminal.written, cpu_seconds(terminal.process.pid), agent.cpu_seconds()
    for _ in range(20):
        terminal.take(0.5)
    after = terminal.written, cpu_seconds(terminal.process.pid), agent.cpu_seconds()
    print("bytes, top, agent:", [round(b - a, 2) for a, b in zip(before, after, strict=True)])
    # Little changes from one frame to the next; each of them has 1,920 characters.
    assert after[0] - before[0] < 5000
    # To read 20,000 lines of JSON for each of them would take most of the time.
    assert after[1] - before[1] < 2
    agent.stop()

# SPDX-License-Identifier: Apache-2.0
"""One owner makes as many files and directories as he can: it costs what the unit allows, the watchdog
is fed all the while, and what another owner makes later is read."""

import os
import re
import shutil

import pytest
from rig import config
from rig.paths import ROOT
from rig.process import peak_rss_kib

LONG = bool(os.environ.get("WAYBILL_LONG"))
FILES, DIRECTORIES = (400_000, 210_000) if LONG else (8_000, 4_200)
# The short form has limits to match; the long one those that the program has.
LIMITS = {} if LONG else {"max_files": 8_000, "max_directories": 1_000}
DEADLINE = 1200 if LONG else 60

pytestmark = [pytest.mark.long, pytest.mark.timeout(4 * DEADLINE)]


def of_unit(name):
    unit = (ROOT / "packaging" / "systemd" / "waybill.service").read_text()
    return int(re.search(rf"^{name}=(\d+)M?$", unit, re.MULTILINE)[1])


@pytest.fixture
def agent(cluster, topic, work, make_agent, manager):
    """Of two sources: everything below many/, and two levels of few/."""
    few = [work / "log" / "few" / "*.log", work / "log" / "few" / "*" / "*.log"]
    sources = [
        config.source(topic, [work / "log" / "many" / "**" / "*.log"], name="many"),
        config.source(topic, few, name="few"),
    ]
    (work / "log" / "few").mkdir()
    (work / "log" / "many").mkdir()
    agent = make_agent(text=config.render_settings(config.settings(cluster.bootstrap, sources, **LIMITS)))
    agent.env = manager.env()
    yield agent
    agent.kill()
    shutil.rmtree(work / "log" / "many")


def make_files(many):
    for number in range(FILES):
        (many / f"{number}.log").touch()


def make_directories(many):
    for number in range(DIRECTORIES):
        (many / f"d{number}").mkdir()


def assert_well(agent, manager):
    assert manager.longest_gap() < of_unit("WatchdogSec")
    assert peak_rss_kib(agent.process.pid) < of_unit("MemoryMax") << 10


@pytest.mark.scenario("D04", "D08", "F05")
@pytest.mark.parametrize("make", [make_files, make_directories])
def test_one_owner_makes_as_many_as_he_can(work, agent, manager, make):
    """It took 1 GB and was killed again and again, or left every later directory unread."""
    few = work / "log" / "few"
    agent.start()
    manager.wait("READY", 1)
    (few / "live.log").write_text("first\n")
    agent.counted(lines_delivered=1)
    make(work / "log" / "many")
    (few / "later").mkdir()
    (few / "later" / "a.log").write_text("second\n")
    agent.counted(lines_delivered=2, deadline=DEADLINE)
    if make is make_directories:
        agent.wait_says("max_directories", "directories wait", deadline=DEADLINE)
    assert_well(agent, manager)
    agent.stop()

    agent.start()
    manager.wait("READY", 2, deadline=DEADLINE)
    with open(few / "live.log", "a") as log:
        log.write("third\n")
    (few / "last").mkdir()
    (few / "last" / "a.log").write_text("fourth\n")
    agent.counted(lines_delivered=2, deadline=DEADLINE)
    assert_well(agent, manager)
    agent.stop()
    assert agent.counters()["files_lost"] == 0
    # The counters are what the test itself asks for.
    said = [line for line in agent.messages().splitlines() if "counters:" not in line]
    assert len(said) < 100, said[-20:]

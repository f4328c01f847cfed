# SPDX-License-Identifier: Apache-2.0
"""More files and directories than one owner may have: he waits, the others do not."""

import os
from pathlib import Path

import pytest
from rig import config
from rig.agent import EX_CONFIG
from rig.wait import wait_for
from test_check import Check

FILES = 60


@pytest.fixture
def conf(cluster, topic, work):
    """Two sources: every directory below many/, and few-*.log."""
    sources = [
        config.source(topic, [work / "log" / "many" / "**" / "*.log"], name="many", rotate_wait="1s"),
        config.source(topic, [work / "log" / "few-*.log"], name="few"),
    ]
    state = str(work / "state")
    return config.settings(cluster.bootstrap, sources, state_dir=state, max_files=20, max_directories=40)


def line(number):
    return f"2024-01-01T00:00:00Z INFO order=o{number} cid=c{number} text\n"


def followed(agent, directory):
    """The files below it that the agent has open, and that are not deleted."""
    fds = Path(f"/proc/{agent.process.pid}/fd")
    names = [os.readlink(fd) for fd in fds.iterdir() if fd.is_symlink()]
    return [Path(name) for name in names if Path(name).parent == directory and os.path.exists(name)]


def test_one_owner_makes_too_many(work, conf, make_agent, topic):
    """It took 1 GB for 400,000 of them, and directories above 200,000 were never read."""
    many = work / "log" / "many"
    for i in range(FILES):
        (many / f"d{i}").mkdir(parents=True)
        (many / f"{i}.log").write_text(line(i))
    path = work / "waybill.conf"
    path.write_text(config.render_settings(conf))
    check = Check(path)
    assert check.code != EX_CONFIG
    check.assert_says("warning", 'source "many": max_files is 20 for all sources: ', "files would have to wait")
    check.assert_says("warning", 'source "many": max_directories is 40 for all', "directories would have to wait")

    agent = make_agent(text=path.read_text()).start()
    agent.wait_says("source many: 45 files wait: it has 15 (max_files: 20 for this source)")
    agent.wait_says("directories wait", "max_directories")
    for i in range(5):
        (work / "log" / f"few-{i}.log").write_text(line(i))
    counters = agent.counted(lines_delivered=15 + 5)
    assert counters["files_waiting"] == FILES - 15, counters
    assert counters["directories_waiting"] > 0, counters

    def all_read():
        for log in followed(agent, many):
            log.unlink()
        return agent.counters()["lines_delivered"] >= FILES + 5

    wait_for(all_read, 60, "what waited is read when others are deleted", every=1)
    agent.counted(files_known=5)
    assert agent.counters()["files_waiting"] == 0
    assert agent.counters()["lines_delivered"] == FILES + 5
    agent.stop()

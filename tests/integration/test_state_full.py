# SPDX-License-Identifier: Apache-2.0
"""No room for the last checkpoint: a stop says what is repeated and ends with 74, a reload is refused.

The state directory is a file system of 1 MiB that only the agent sees; it is filled from outside.
"""

import os
import re
import signal

import pytest
from rig.agent import EX_IOERR, EX_OK
from rig.rights import ROOT
from rig.wait import wait_for

PAGE = bytes(4096)


class SmallDisk:
    """The agent's state directory, of so many KiB. It ends with the agent."""

    def __init__(self, agent, kib=1024):
        self.agent = agent
        agent.state.mkdir()
        mount = f'mount -t tmpfs -o size={kib}k,mode=700 state "$0" && exec "$@"'
        agent.prefix = ["unshare", "-m" if ROOT else "-rm", "sh", "-c", mount, agent.state]

    def start(self):
        """Until the agent has taken the place of the commands that run it."""
        self.agent.start()
        self.agent.wait_says("started:", deadline=40)

    def _filler(self):
        root = f"/proc/{self.agent.process.pid}/root"
        return f"{root}{self.agent.state}/filler"

    def fill(self):
        with open(self._filler(), "ab", buffering=0) as file:
            try:
                while True:
                    file.write(PAGE)
            except OSError as error:
                assert error.errno == 28

    def free(self):
        os.unlink(self._filler())


@pytest.fixture
def full(cluster, topic, make_lineage, make_agent, make_oracle):
    """An agent that has delivered 20,500 lines and could store only some of them."""
    lineage = make_lineage("a").append(20000)
    agent = make_agent(cluster.bootstrap, topic, checkpoint_interval="100ms")
    disk = SmallDisk(agent)
    disk.start()
    agent.counted(lines_delivered=20000, checkpoints=2)
    disk.fill()
    lineage.append(500)
    agent.counted(lines_delivered=20500)
    agent.wait_says("the checkpoint could not be written")
    return agent, disk, lineage, make_oracle(cluster, topic, [lineage])


@pytest.mark.scenario("B06")
def test_stop_without_a_last_checkpoint(full):
    agent, disk, lineage, oracle = full
    agent.signal(signal.SIGTERM)
    assert agent.wait_exit(20) == EX_IOERR
    told = agent.says("the last checkpoint could not be written", "shipped once more")
    assert 1 <= int(re.search(r"up to (\d+) lines", told)[1]) <= len(lineage)
    assert not agent.says("checkpoints are written again")
    oracle.judge().assert_clean(written=len(lineage))


@pytest.mark.scenario("B06")
def test_reload_without_a_last_checkpoint(full):
    agent, disk, lineage, oracle = full
    pid = agent.process.pid
    agent.signal(signal.SIGHUP)
    agent.wait_says("reload refused")
    lineage.append(100)
    agent.counted(lines_delivered=len(lineage))
    disk.free()
    agent.wait_says("checkpoints are written again")
    agent.signal(signal.SIGHUP)
    wait_for(lambda: agent.messages().count("started:") == 2, 20, "the next life")
    assert agent.process.pid == pid
    lineage.append(100)
    oracle.judge().assert_clean(written=len(lineage))
    agent.signal(signal.SIGTERM)
    assert agent.wait_exit(20) == EX_OK


@pytest.mark.scenario("B06")
def test_reload_whose_last_checkpoint_is_the_first_to_fail(
    cluster, topic, make_lineage, make_agent, make_oracle
):
    """It executed a life that began at the checkpoint before."""
    lineage = make_lineage("a").append(1000)
    # One at the start, the next in a minute.
    agent = make_agent(cluster.bootstrap, topic, checkpoint_interval="1m")
    disk = SmallDisk(agent)
    disk.start()
    agent.counted(lines_delivered=1000)
    disk.fill()
    agent.signal(signal.SIGHUP)
    agent.wait_says("reload refused")
    lineage.append(100)
    agent.counted(lines_delivered=1100)
    assert agent.messages().count("started:") == 1
    make_oracle(cluster, topic, [lineage]).judge().assert_clean(written=1100)

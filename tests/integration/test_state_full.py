# SPDX-License-Identifier: Apache-2.0
"""No room for the last checkpoint: a stop says what is repeated and ends with 74, a reload is refused.

The state directory is a file system of 1 MiB that only the agent sees; it is filled from outside.
"""

import os
import re
import signal
import subprocess

import pytest
from rig.agent import EX_IOERR, EX_OK
from rig.process import status
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
    agent.ask_restart()
    agent.wait_says("reload refused")
    lineage.append(100)
    agent.counted(lines_delivered=len(lineage))
    disk.free()
    agent.wait_says("checkpoints are written again")
    agent.ask_restart()
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
    agent.ask_restart()
    agent.wait_says("reload refused")
    lineage.append(100)
    agent.counted(lines_delivered=1100)
    assert agent.messages().count("started:") == 1
    make_oracle(cluster, topic, [lineage]).judge().assert_clean(written=1100)


class FailingDisk:
    """From now on, and until mend(), what the agent writes into its state fails with this error."""

    def __init__(self, agent, error):
        calls = "pwrite64,fdatasync,fsync"
        self.tracer = subprocess.Popen(
            ["strace", "-f", "-q", "-o", agent.dir / "trace", "-p", str(agent.process.pid)]
            + ["-P", agent.state / "waybill.db-wal", "-P", agent.state / "waybill.db"]
            + ["-e", f"trace={calls}", "-e", f"inject={calls}:error={error}"],
        )
        wait_for(lambda: status(agent.process.pid)["TracerPid"] != "0", 20, "strace")

    def mend(self):
        self.tracer.terminate()
        self.tracer.wait()


@pytest.mark.parametrize("error", ["EROFS", "EIO"])
@pytest.mark.scenario("B06")
def test_stop_and_reload_on_a_disk_that_fails(
    cluster, topic, make_lineage, make_agent, make_oracle, error
):
    """Read-only since an error, or not to be written any more: refused, told, and shipped again."""
    lineage = make_lineage("a").append(1000)
    oracle = make_oracle(cluster, topic, [lineage])
    agent = make_agent(cluster.bootstrap, topic, checkpoint_interval="100ms").start()
    agent.counted(lines_delivered=1000, checkpoints=2)
    disk = FailingDisk(agent, error)
    lineage.append(500)
    agent.counted(lines_delivered=1500)
    agent.wait_says("the checkpoint could not be written")
    agent.ask_restart()
    agent.wait_says("reload refused")
    lineage.append(100)
    agent.counted(lines_delivered=1600)
    disk.mend()
    agent.wait_says("checkpoints are written again")
    before = agent.counters()["checkpoints"]
    lineage.append(10)
    agent.counted(lines_delivered=1610, checkpoints=before + 1)
    disk = FailingDisk(agent, error)
    lineage.append(200)
    agent.counted(lines_delivered=1810)
    agent.signal(signal.SIGTERM)
    assert agent.wait_exit(40) == EX_IOERR
    told = agent.says("the last checkpoint could not be written", "shipped once more")
    disk.mend()
    again = int(re.search(r"up to (\d+) lines", told)[1])
    assert agent.run("--until-eof") == EX_OK
    verdict = oracle.judge()
    assert 0 < verdict.DUP <= again <= 210, verdict
    verdict.assert_clean(written=1810, dup=verdict.DUP)

# SPDX-License-Identifier: Apache-2.0
"""The disk of the broker is full: it ends, as Kafka does then; with room it comes back and has what it
confirmed.

Its data lie on a file system of some MiB, in a mount namespace that a process of its own holds.
"""

import os
import shutil
import subprocess

import pytest
from rig.kafka import CLUSTER_ID, JAVA, Broker
from rig.process import spawn
from rig.rights import ROOT
from rig.wait import wait_for
from rig.writer import Load

MIB = 48
SMALL = "log.segment.bytes=4194304\nlog.index.size.max.bytes=4096\n"


class SmallDiskBroker(Broker):
    def __init__(self):
        super().__init__("small-disk-broker")
        self.more = SMALL

    def format(self):
        """On its own disk, which stays when the broker ends."""
        shutil.rmtree(self.dir, ignore_errors=True)
        self.data.mkdir(parents=True)
        self.properties = self.dir / "server.properties"
        self.properties.write_text(self._settings())
        mount = f'mount -t tmpfs -o size={MIB}m,mode=777 small "$0" && echo mounted && exec sleep 3600'
        command = ["unshare", "-m" if ROOT else "-rm", "sh", "-c", mount, self.data]
        self.holder = spawn(command, self.dir / "holder")
        wait_for(lambda: (self.dir / "holder").read_text(), 20, "the small disk")
        command = [*JAVA, "kafka.tools.StorageTool", "format", "-t", CLUSTER_ID, "-c", self.properties]
        done = subprocess.run(self._inside(command), capture_output=True, text=True)
        assert done.returncode == 0, done.stdout + done.stderr

    @property
    def data(self):
        return self.dir / "data"

    def _inside(self, command):
        enter = ["nsenter", "-m" if ROOT else "-Um", "-t", self.holder.pid, "--"]
        return [str(part) for part in [*enter, *command]]

    def launch(self):
        command = self._inside([*JAVA, "kafka.Kafka", self.properties])
        self.process = spawn(command, self.dir / "output", cwd=self.dir)

    def _filler(self):
        return f"/proc/{self.holder.pid}/root{self.data}/filler"

    def fill(self):
        with open(self._filler(), "ab", buffering=0) as file:
            try:
                while True:
                    file.write(bytes(4096))
            except OSError as error:
                assert error.errno == 28

    def free(self):
        os.unlink(self._filler())

    def stop(self):
        super().stop()
        self.holder.kill()
        self.holder.wait()


@pytest.fixture
def small():
    broker = SmallDiskBroker()
    broker.format()
    broker.start()
    yield broker
    broker.stop()


@pytest.mark.scenario("E02", "E19")
def test_the_disk_of_the_broker_is_full(small, topic_name, make_lineage, make_agent, make_oracle):
    lineage = make_lineage("a")
    topic = small.make_topic(topic_name)
    agent = make_agent(small.bootstrap, topic).start()
    load = Load(lineage, rate=500)
    agent.counted(lines_delivered=1000)
    small.fill()
    assert small.process.wait(120) != 0, "it does not mind"
    small.process = None
    agent.wait_says("no broker of", deadline=60)
    assert agent.running()
    small.free()
    small.start()
    written = load.stop()
    oracle = make_oracle(small, topic, [lineage])
    wait_for(oracle.complete, 90, lambda: f"{oracle.missing()} missing")
    agent.stop()
    agent.assert_true(read=written)
    verdict = oracle.judge()
    agent.assert_one_producer(verdict)
    verdict.assert_clean(written=written, dup=verdict.DUP)

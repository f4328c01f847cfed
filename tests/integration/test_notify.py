# SPDX-License-Identifier: Apache-2.0
"""A service manager that does not read what it is told does not stop the lines."""

import os
import socket

import pytest
from rig.agent import EX_OK
from rig.wait import wait_for


@pytest.fixture
def deaf_manager():
    """The environment of a service whose manager's queue is full, and stays so."""
    name = f"waybill-test-deaf-{os.getpid()}"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind("\0" + name)
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as other, pytest.raises(BlockingIOError):
            other.setblocking(False)
            while True:
                other.sendto(b"x", "\0" + name)
        yield {**os.environ, "NOTIFY_SOCKET": f"@{name}"}


@pytest.mark.scenario("F08")
def test_manager_does_not_read(
    cluster, topic, deaf_manager, make_lineage, make_agent, make_oracle
):
    lineage = make_lineage("a").append(1000)
    agent = make_agent(cluster.bootstrap, topic)
    agent.env = deaf_manager
    agent.start()
    oracle = make_oracle(cluster, topic, [lineage])
    wait_for(oracle.complete, 20, "all lines")
    agent.stop(expect=EX_OK)
    oracle.judge().assert_clean(written=1000)

# SPDX-License-Identifier: Apache-2.0
"""A quota of the brokers slows the producer down: it waits, nothing expires and nothing is lost."""

import subprocess
import time

import pytest
from rig.kafka import JAVA
from rig.wait import wait_for

BYTES = 100000  # a second
BURST_S = 11  # of so many seconds the brokers take the mean before they slow anybody down
LINES = 30000


@pytest.fixture
def quota(broker, topic_name):
    """Of the clients of that name, from now on."""

    def alter(*what):
        command = [*JAVA, "kafka.admin.ConfigCommand", "--bootstrap-server", broker.bootstrap, "--alter", *what]
        command += ["--entity-type", "clients", "--entity-name", topic_name]
        done = subprocess.run(command, capture_output=True, text=True, timeout=120)
        assert done.returncode == 0, done.stdout + done.stderr

    alter("--add-config", f"producer_byte_rate={BYTES}")
    yield topic_name
    alter("--delete-config", "producer_byte_rate")


def stored_bytes(broker, topic):
    return sum(path.stat().st_size for path in broker.dir.glob(f"data/{topic}-*/*.log"))


@pytest.mark.scenario("E34", "E02")
def test_a_quota_slows_the_producer_down(
    broker, quota, own_topic, make_lineage, make_agent, make_oracle
):
    """Brokers mute its connection for up to 11 s, so that questions have no answer in time: that is no
    reason to replace the producer."""
    lineage = make_lineage("a").append(LINES)
    oracle = make_oracle(broker, own_topic, [lineage])
    begin = time.monotonic()
    agent = make_agent(broker.bootstrap, own_topic, kafka={"client_id": quota}).start()
    wait_for(lambda: stored_bytes(broker, own_topic) > 2 * BURST_S * BYTES, 200, "more than the burst")
    slowed = time.monotonic() - begin
    agent.counted(lines_delivered=LINES, deadline=200)
    assert slowed > BURST_S / 2, "the quota was no fault"
    agent.stop(deadline=60)
    agent.assert_true(read=LINES)
    assert agent.counters()["producers_made"] == 1, agent.messages()
    assert agent.counters()["reports_failed"] == 0
    oracle.judge().assert_clean(written=LINES)

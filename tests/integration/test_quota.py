# SPDX-License-Identifier: Apache-2.0
"""A quota of the brokers slows the producer down: it waits, nothing expires and nothing is lost."""

import json
import subprocess
import time

import pytest
from rig.kafka import JAVA
from rig.wait import wait_for

BYTES = 100000  # a second
BURST_S = 11  # of so many seconds the brokers take the mean before they slow anybody down
LINES = 30000
TIGHT_LINES = 5000


# Of these a connection with a request for each of six partitions has no answer for longer than
# socket_timeout_ms, and librdkafka gives it up.
TIGHT_BYTES = "producer_byte_rate=20000"
TIGHT_REQUESTS = "request_percentage=0.1"

# Not of the wait for a broker, and for its administrator.
pytestmark = pytest.mark.timeout(600, func_only=True)


@pytest.fixture
def quota(request, broker, topic_name):
    """Of the clients of that name, which nobody else has."""
    what = getattr(request, "param", f"producer_byte_rate={BYTES}")
    command = [*JAVA, "kafka.admin.ConfigCommand", "--bootstrap-server", broker.bootstrap]
    command += ["--alter", "--add-config", what, "--entity-type", "clients", "--entity-name", topic_name]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stdout + done.stderr
    return topic_name


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


def status(agent):
    return json.loads(agent.ask("status", "--json").splitlines()[0])


@pytest.mark.scenario("E34")
@pytest.mark.parametrize(
    "quota, gives_up",
    [(TIGHT_BYTES, True), (TIGHT_REQUESTS, False), (f"{TIGHT_BYTES},{TIGHT_REQUESTS}", True)],
    ids=["bytes", "requests", "both"],
    indirect=["quota"],
)
def test_a_throttled_answer_is_no_silence(
    broker, quota, own_topic, make_lineage, make_agent, make_oracle, gives_up
):
    """It was said that no broker answers, each time that librdkafka had given up the connection, and that
    the leader is not reached at its address."""
    lineage = make_lineage("a").append(TIGHT_LINES)
    oracle = make_oracle(broker, own_topic, [lineage])
    agent = make_agent(broker.bootstrap, own_topic, kafka={"client_id": quota}).start("--log-level", "debug")
    agent.counted(lines_delivered=1)
    seen = []

    def shipped():
        seen.append(status(agent))
        return agent.counters()["lines_delivered"] == TIGHT_LINES

    wait_for(shipped, 200, "all lines", every=0.5)
    assert bool(agent.says("REQTMOUT", "in-flight")) == gives_up, "the quota was no fault"
    assert not agent.says("no broker of"), agent.messages()
    assert not agent.says("is not reached there"), agent.messages()
    assert all(answer["brokers_answer"] and answer["kafka_up"] for answer in seen), seen
    agent.stop(deadline=60)
    assert agent.counters()["producers_made"] == 1, agent.messages()
    oracle.judge().assert_clean(written=TIGHT_LINES)


@pytest.mark.scenario("E34", "E20")
@pytest.mark.parametrize("quota", [TIGHT_BYTES], ids=["bytes"], indirect=True)
def test_a_frozen_broker_that_throttled_is_told(
    broker, quota, own_topic, make_lineage, make_agent, make_oracle
):
    """A quota is a reason for a while, and not for a broker that is gone."""
    lineage = make_lineage("a").append(TIGHT_LINES)
    oracle = make_oracle(broker, own_topic, [lineage])
    agent = make_agent(broker.bootstrap, own_topic, kafka={"client_id": quota}).start()
    agent.counted(lines_delivered=1000)
    broker.freeze()
    try:
        agent.wait_says("no broker of", deadline=60)
    finally:
        broker.thaw()
    agent.wait_says("the brokers answer again", deadline=60)
    agent.counted(lines_delivered=TIGHT_LINES, deadline=200)
    agent.stop(deadline=60)
    oracle.judge().assert_clean(written=TIGHT_LINES)

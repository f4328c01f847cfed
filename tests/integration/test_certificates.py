# SPDX-License-Identifier: Apache-2.0
"""Certificates are replaced while the agent runs: it sees the new ones by itself."""

import pytest
from confluent_kafka import KafkaException
from confluent_kafka.admin import AdminClient
from rig.certificates import Authority, TlsBroker
from rig.wait import wait_for


@pytest.fixture
def tls(work):
    """A broker of our own, its authority, and two that sign clients."""
    own, first, second = (Authority(work / name, name) for name in ("own", "first", "second"))
    broker = TlsBroker("tls-broker", own, first)
    broker.format()
    broker.start()
    yield broker, first, second
    broker.stop()


def refused(broker, client):
    """Whether the broker does not take who comes with these settings."""
    try:
        AdminClient({"bootstrap.servers": broker.tls, "log_level": 2, **client}).list_topics(timeout=5)
    except KafkaException:
        return True
    return False


@pytest.mark.timeout(300)
@pytest.mark.scenario("E29")
def test_rotated_certificate(tls, topic_name, make_lineage, make_agent, make_oracle, work):
    broker, first, second = tls
    key, certificate = work / "agent.key", work / "agent.pem"
    client = {
        "security.protocol": "ssl",
        "ssl.ca.location": str(broker.own.certificate),
        "ssl.key.location": str(key),
        "ssl.certificate.location": str(certificate),
    }
    first.sign(key, certificate, "agent")
    assert not refused(broker, client)
    topic = broker.make_topic(topic_name)
    lineage = make_lineage("a").append(1000)
    kafka = {name.replace(".", "_"): value for name, value in client.items()}
    # What the old certificate sends no more need not be waited for long.
    agent = make_agent(broker.tls, topic, kafka=kafka, shutdown_timeout="3s").start()
    oracle = make_oracle(broker, topic, [lineage])
    wait_for(lambda: oracle.in_topic() >= 1000, 30, "lines, by the first certificate")

    # A key without its certificate is half of a pair, and then nothing is either.
    certificate.write_text("nothing\n")
    agent.wait_says("what is new cannot be used", deadline=40)
    lineage.append(500)
    wait_for(lambda: oracle.in_topic() >= 1500, 30, "lines, by the first certificate still")

    broker.trust_only(second)
    assert refused(broker, client)
    lineage.append(500)
    second.sign(key, certificate, "agent")
    assert not refused(broker, client)
    wait_for(oracle.complete, 60, "all lines, by the second certificate")
    agent.stop()
    oracle.judge().assert_clean(written=2000)

# SPDX-License-Identifier: Apache-2.0
"""Certificates are replaced while the agent runs (E29): a reload takes the new ones."""

import signal

import pytest
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


def test_rotated_certificate(tls, topic_name, make_lineage, make_agent, make_oracle, work):
    broker, first, second = tls
    key, certificate = work / "agent.key", work / "agent.pem"
    first.sign(key, certificate, "agent")
    topic = broker.make_topic(topic_name)
    lineage = make_lineage("a").append(1000)
    agent = make_agent(
        broker.tls,
        topic,
        kafka={
            "security_protocol": "ssl",
            "ssl_ca_location": broker.own.certificate,
            "ssl_key_location": key,
            "ssl_certificate_location": certificate,
        },
    ).start("--log-level", "debug")
    oracle = make_oracle(broker, topic, [lineage])
    wait_for(lambda: oracle.in_topic() >= 1000, 20, "lines, by the first certificate")

    broker.trust_only(second)
    lineage.append(500)
    agent.wait_says("ssl", "alert")
    second.sign(key, certificate, "agent")
    lineage.append(500)
    assert oracle.in_topic() == 1000, "the broker takes whatever comes"
    agent.signal(signal.SIGHUP)
    wait_for(oracle.complete, 40, "all lines, by the second certificate")
    agent.stop()
    oracle.judge().assert_clean(written=2000)

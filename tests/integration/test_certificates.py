# SPDX-License-Identifier: Apache-2.0
"""Certificates are replaced while the agent runs: it sees the new ones by itself."""

import json
import re
import subprocess
import time

import pytest
from confluent_kafka import KafkaException
from confluent_kafka.admin import AdminClient
from rig.certificates import Authority, TlsBroker
from rig.promtool import fires
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


DAY_S = 86400


def days_left(agent, setting):
    """What the metric says of it."""
    name = f'waybill_certificate_expiry_timestamp_seconds{{setting="{setting}"}} '
    found = re.search(re.escape(name) + r"(\d+)", agent.ask("metrics"))
    return (int(found[1]) - time.time()) / DAY_S if found else None


def ends(agent):
    """What status says of it."""
    lines = [json.loads(line) for line in agent.ask("status", "--json").splitlines()]
    found = [line for line in lines if line["kind"] == "expiry"]
    members = {"version", "kind", "setting", "name", "state", "ends_s", "words"}
    assert all(set(line) == members for line in found), found
    return [[line["setting"], line["state"]] for line in found]


@pytest.mark.timeout(300)
@pytest.mark.scenario("E29")
def test_the_end_of_a_keystore(tls, topic_name, make_lineage, make_agent, make_oracle, work):
    """It is told days ahead, by the log, check and a metric; of another one that is put there, with a password of
    its own, it is known at once."""
    broker, first, _ = tls
    store, password = work / "agent.p12", work / "password"
    first.keystore(store, "agent", "first-password", days=3)
    password.touch(mode=0o600)
    password.write_text("first-password\n")
    kafka = {
        "security_protocol": "ssl",
        "ssl_ca_location": str(broker.own.certificate),
        "ssl_keystore_location": str(store),
        "ssl_keystore_password": f"file:{password}",
    }
    topic = broker.make_topic(topic_name)
    lineage = make_lineage("a").append(500)
    agent = make_agent(broker.tls, topic, kafka=kafka).start()
    oracle = make_oracle(broker, topic, [lineage])
    wait_for(lambda: oracle.in_topic() >= 500, 40, "lines, by the first keystore")
    told = 'kafka.ssl.keystore.location: the certificate of "CN = agent" expires in'
    agent.wait_says(told, "lines wait from then on")
    assert 1 < days_left(agent, "ssl.keystore.location") <= 3.1
    assert fires("WaybillCertificateExpires", agent.ask("metrics"), work)
    # The authority of the brokers.
    assert 1 < days_left(agent, "ssl.ca.location") <= 2.1
    # The one that ends first comes first.
    assert ends(agent) == [["ssl.ca.location", "soon"], ["ssl.keystore.location", "soon"]]
    words = [told, "lines wait from then on; put another in its place"]
    assert all(word in " ".join(agent.ask("status").split()) for word in words), agent.ask("status")
    command = [agent.program, "check", "--no-network", "--config", agent.config]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    words = 'kafka.ssl_keystore_location: the certificate of "CN = agent" expires in'
    assert words in " ".join(done.stdout.split())

    first.keystore(store, "agent", "second-password", days=100)
    password.write_text("second-password\n")
    wait_for(lambda: (days_left(agent, "ssl.keystore.location") or 0) > 98, 60, "the end of the second one")
    agent.wait_says("replaced by one with what is new", deadline=60)
    assert ends(agent) == [["ssl.ca.location", "soon"], ["ssl.keystore.location", "later"]]
    assert told not in " ".join(agent.ask("status").split())
    lineage.append(500)
    wait_for(oracle.complete, 60, "all lines, by the second keystore")
    agent.stop()
    # Without an agent, what can be read without a secret.
    assert ends(agent) == [["ssl.ca.location", "soon"]]
    assert "No agent is running" in agent.ask("status") and "kafka.ssl.ca.location: the cert" in agent.ask("status")
    oracle.judge().assert_clean(written=1000)
    assert agent.messages().count(told) == 1
    for secret in "first-password", "second-password":
        assert secret not in agent.messages() + done.stdout

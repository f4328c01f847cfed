# SPDX-License-Identifier: Apache-2.0
"""Why the brokers cannot be used is told again when the kind of reason changes."""

import pytest
from rig.certificates import Authority, TlsBroker
from rig.kafka import Broker
from rig.wait import wait_for

pytestmark = pytest.mark.timeout(300)


class SaslBroker(Broker):
    """Its PROXIED listener wants a password."""

    def __init__(self):
        super().__init__("sasl-broker")
        self.sasl = f"127.0.0.1:{self.ports['proxied']}"

    def format(self):
        super().format()
        login = "org.apache.kafka.common.security.plain.PlainLoginModule required"
        self.properties.write_text(
            self.properties.read_text()
            + f"""
listener.security.protocol.map=PLAIN:PLAINTEXT,PROXIED:SASL_PLAINTEXT,CONTROLLER:PLAINTEXT
advertised.listeners=PLAIN://{self.bootstrap},PROXIED://{self.sasl}
listener.name.proxied.sasl.enabled.mechanisms=PLAIN
listener.name.proxied.plain.sasl.jaas.config={login} user_waybill="right";
"""
        )


@pytest.fixture
def tls(work):
    """A broker that is not started, which takes clients of `first`, and the files of a client."""
    own, first = (Authority(work / name, name) for name in ("own", "first"))
    broker = TlsBroker("tls-broker", own, first)
    broker.format()
    first.sign(work / "agent.key", work / "agent.pem", "agent")
    kafka = {
        "security_protocol": "ssl",
        "ssl_ca_location": str(own.certificate),
        "ssl_key_location": str(work / "agent.key"),
        "ssl_certificate_location": str(work / "agent.pem"),
    }
    yield broker, kafka
    broker.stop()


def refused_after_down(broker, agent, *words):
    """Nobody listens, and that is told; then somebody does who refuses us, and so is that."""
    agent.start()
    agent.wait_says("bootstrap_servers", "refused")
    broker.start()
    agent.wait_says(*words, deadline=30)


@pytest.mark.scenario("E17")
def test_client_certificate_refused(tls, work, make_agent):
    broker, kafka = tls
    other = Authority(work / "other", "other")
    other.sign(work / "agent.key", work / "agent.pem", "agent")
    agent = make_agent(broker.tls, "t", kafka=kafka)
    refused_after_down(broker, agent, "certificate", "lines stay in their files")


@pytest.mark.scenario("G03")
def test_server_certificate_refused(tls, work, make_agent):
    broker, kafka = tls
    kafka["ssl_ca_location"] = str(Authority(work / "other", "other").certificate)
    agent = make_agent(broker.tls, "t", kafka=kafka)
    refused_after_down(broker, agent, "certificate verify failed", "lines stay in their files")


@pytest.mark.scenario("E17")
def test_client_certificate_refused_while_running(tls, topic_name, work, make_lineage, make_agent):
    broker, kafka = tls
    broker.start()
    make_lineage("a").append(1000)
    agent = make_agent(broker.tls, broker.make_topic(topic_name), kafka=kafka).start()
    agent.counted(lines_delivered=1000)
    broker.kill()
    agent.wait_says("bootstrap_servers", "refused")
    first, other = broker.trust, Authority(work / "other", "other")
    broker.trust_when_started(other)
    broker.start()
    agent.wait_says("bootstrap_servers", "certificate", "lines stay in their files", deadline=30)
    broker.trust_only(first)
    agent.wait_says("the brokers answer again", deadline=30)


@pytest.mark.scenario("E17")
def test_password_refused(make_agent):
    """Down, wrong password, down again: each is told when it comes."""
    broker = SaslBroker()
    broker.format()
    kafka = {
        "security_protocol": "sasl_plaintext",
        "sasl_mechanism": "PLAIN",
        "sasl_username": "waybill",
        "sasl_password": "wrong",
    }
    agent = make_agent(broker.sasl, "t", kafka=kafka)
    try:
        refused_after_down(broker, agent, "authentication", "lines stay in their files")
    finally:
        broker.stop()
    down = "Connection refused"
    wait_for(lambda: agent.messages().count(down) >= 2, 30, lambda: agent.messages())
    assert agent.messages().count("lines stay in their files") == 3, agent.messages()

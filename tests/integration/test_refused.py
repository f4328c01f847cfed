# SPDX-License-Identifier: Apache-2.0
"""Why the brokers cannot be used is told again when the kind of reason changes."""

import subprocess
import threading
from socketserver import BaseRequestHandler, ThreadingTCPServer

import pytest
from rig.agent import EX_CONFIG
from rig.certificates import Authority, TlsBroker
from rig.logins import SaslBroker
from rig.paths import WAYBILL
from rig.wait import wait_for

pytestmark = pytest.mark.timeout(300)


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
    words = ("certificate is refused", "authority is not in ssl_ca_location")
    refused_after_down(broker, agent, *words, "lines stay in their files")


class Web(BaseRequestHandler):
    """Answers whatever it is sent as a web server does."""

    def handle(self):
        self.request.recv(1000)
        self.request.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")


def checked(agent):
    """What check says of the agent's configuration, in one line."""
    command = [WAYBILL, "check", "--config", agent.config, "--state-dir", agent.state]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == EX_CONFIG, done.stdout + done.stderr
    return " ".join(done.stdout.split())


@pytest.mark.scenario("G03")
def test_what_a_broker_is_taken_for(tls, work, make_agent):
    """A certificate of another name is no matter of the authority, and what does not speak Kafka,
    or wants TLS, has not sent too large an answer."""
    broker, kafka = tls
    broker.start()
    web = ThreadingTCPServer(("127.0.0.1", 0), Web)
    threading.Thread(target=web.serve_forever, daemon=True).start()
    port = broker.tls.rpartition(":")[2]
    rows = [
        # Its certificate is for 127.0.0.1.
        (f"localhost:{port}", kafka, "it is for another name than the one connected to"),
        (broker.tls, {}, "this port speaks TLS"),
        (f"127.0.0.1:{web.server_address[1]}", {}, 'not Kafka: its answer begins with "HTTP"'),
    ]
    for bootstrap, block, words in rows:
        agent = make_agent(bootstrap, "t", kafka=block).start()
        said = agent.wait_says(words, "lines stay in their files", deadline=30)
        agent.kill()
        for text in (said, checked(agent)):
            assert words in text, text
            assert "ca.location" not in text and "receive" not in text, text
    web.shutdown()
    web.server_close()


@pytest.mark.scenario("E17")
def test_client_certificate_refused_while_running(
    tls, topic_name, work, make_lineage, make_agent, make_oracle
):
    broker, kafka = tls
    broker.start()
    lineage = make_lineage("a").append(1000)
    topic = broker.make_topic(topic_name)
    agent = make_agent(broker.tls, topic, kafka=kafka).start()
    agent.counted(lines_delivered=1000)
    broker.kill()
    agent.wait_says("bootstrap_servers", "refused")
    first, other = broker.trust, Authority(work / "other", "other")
    broker.trust_when_started(other)
    broker.start()
    agent.wait_says("bootstrap_servers", "certificate", "lines stay in their files", deadline=30)
    lineage.append(1000)
    agent.counted(lines_read=1000)
    assert agent.counters()["lines_delivered"] == 1000
    broker.trust_only(first)
    agent.wait_says("the brokers answer again", deadline=30)
    agent.counted(lines_delivered=2000)
    agent.stop()
    agent.assert_true(read=2000)
    make_oracle(broker, topic, [lineage]).judge().assert_clean(written=2000)


@pytest.mark.scenario("E17")
def test_password_refused(make_agent):
    """Down, wrong password, down again: each is told when it comes."""
    broker = SaslBroker("sasl-broker", "right")
    broker.format()
    agent = make_agent(broker.sasl, "t", kafka=broker.login("wrong"))
    try:
        refused_after_down(broker, agent, "authentication", "lines stay in their files")
    finally:
        broker.stop()
    down = "Connection refused"
    wait_for(lambda: agent.messages().count(down) >= 2, 30, lambda: agent.messages())
    assert agent.messages().count("lines stay in their files") == 3, agent.messages()


@pytest.mark.scenario("E17")
def test_password_refused_until_brokers_know_it(topic_name, make_lineage, make_agent, make_oracle):
    """From the start on; the agent is not touched."""
    broker = SaslBroker("sasl-broker", "right")
    broker.format()
    broker.start()
    try:
        topic, lineage = broker.make_topic(topic_name), make_lineage("a").append(1000)
        agent = make_agent(broker.sasl, topic, kafka=broker.login("later")).start()
        agent.wait_says("authentication", "lines stay in their files", deadline=30)
        assert agent.counters()["lines_delivered"] == 0
        broker.stop()
        broker.set_password("later")
        broker.start()
        agent.counted(lines_delivered=1000)
        agent.stop()
        agent.assert_true(read=1000)
        make_oracle(broker, topic, [lineage]).judge().assert_clean(written=1000)
    finally:
        broker.stop()

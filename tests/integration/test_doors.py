# SPDX-License-Identifier: Apache-2.0
"""A broker is spoken to in another way than the port wants. A Java broker hangs up without a word, and
librdkafka guesses, the newer one in its log only: one message says what it is and what to set."""

import subprocess

import pytest
from rig import logins
from rig.agent import EX_CONFIG
from rig.certificates import Authority
from rig.logins import DoorsBroker
from rig.paths import WAYBILL, WORK

pytestmark = pytest.mark.timeout(900)


@pytest.fixture(scope="module")
def doors():
    authority = Authority(WORK / "doors-authority", "own")
    broker = DoorsBroker("doors-broker", authority, "right")
    broker.format()
    broker.start()
    yield broker
    broker.stop()


def client(doors, protocol, **more):
    """The kafka block of a client that speaks this protocol, without a certificate of its own."""
    block = {"security_protocol": protocol.lower(), **more}
    if "SSL" in protocol:
        block["ssl_ca_location"] = str(doors.authority.certificate)
    if "SASL" in protocol:
        block = {"sasl_mechanism": "PLAIN", "sasl_username": "waybill", "sasl_password": "right", **block}
    return block


TLS = ("speaks TLS", 'security_protocol = "ssl" or "sasl_ssl"')
NO_TLS = ("speaks no TLS", 'security_protocol = "plaintext" or "sasl_plaintext"')
LOGIN = ("wants SASL", 'security_protocol = "sasl_plaintext", or "sasl_ssl" with TLS')
NO_LOGIN = ("wants no login", 'security_protocol = "plaintext", or "ssl" with TLS')
MECHANISM = ("supported mechanisms: PLAIN", "set sasl_mechanism to one of those")
CERTIFICATE = ("wants a certificate of its clients", "ssl_certificate_location")
ROWS = [
    ("PLAINTEXT", "SSL", TLS),
    ("PLAINTEXT", "SASL_SSL", TLS),
    ("SASL_PLAINTEXT", "SASL_SSL", TLS),
    ("SSL", "PLAINTEXT", NO_TLS),
    ("SASL_SSL", "SASL_PLAINTEXT", NO_TLS),
    ("PLAINTEXT", "SASL_PLAINTEXT", LOGIN),
    ("SSL", "SASL_SSL", LOGIN),
    ("SASL_PLAINTEXT", "PLAINTEXT", NO_LOGIN),
    ("SSL", "SSL", CERTIFICATE),
]
GUESSES = ("0.10", "api.version", "security.protocol", "listener?", "ssl.ca.location", "receive.message")


def checked(agent):
    """The check that looks at the agent's configuration, under way."""
    command = [WAYBILL, "check", "--config", agent.config, "--state-dir", agent.state]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=agent.env)


@pytest.mark.parametrize("library", ["own", "newest"])
@pytest.mark.scenario("G03")
def test_each_wrong_door_is_told(library, doors, make_agent):
    """All at once: each has to wait for some seconds."""
    rows = [(spoken, door, client(doors, spoken), words) for spoken, door, words in ROWS]
    other = client(doors, "SASL_PLAINTEXT", sasl_mechanism="SCRAM-SHA-256")
    rows.append(("SCRAM", "SASL_PLAINTEXT", other, MECHANISM))
    agents = [make_agent(doors.doors[door], "t", kafka=block) for _, door, block, _ in rows]
    for agent in agents:
        agent.env = logins.newest_library() if library == "newest" else None
        agent.start()
    said = [agent.wait_says("lines stay in their files", deadline=60) for agent in agents]
    checks = [checked(agent) for agent in agents]
    printed = [" ".join(check.communicate(timeout=300)[0].split()) for check in checks]
    assert {check.returncode for check in checks} == {EX_CONFIG}, printed
    for (spoken, door, _, words), *texts in zip(rows, said, printed):
        for text in texts:
            assert all(word in text for word in words), (spoken, door, text)
            assert not any(guess in text for guess in GUESSES), (spoken, door, text)

# SPDX-License-Identifier: Apache-2.0
"""GSSAPI: tickets by a keytab, of a KDC of the distribution."""

import pytest
from rig import kerberos, logins
from rig.certificates import Authority
from rig.paths import WORK
from rig.wait import wait_for


@pytest.fixture(scope="module")
def realm():
    realm = kerberos.Realm(WORK / "realm")
    yield realm
    realm.stop()


@pytest.fixture(scope="module")
def broker(realm):
    broker = logins.LoginBroker("kerberos", Authority(WORK / "kerberos-authority", "authority"), {})
    logins.kerberos(broker, realm)
    broker.format()
    broker.start()
    yield broker
    broker.stop()


def make(broker, realm, keytab, topic, make_agent, work):
    kafka = {
        "security_protocol": "sasl_ssl",
        "ssl_ca_location": str(broker.authority.certificate),
        "sasl_mechanism": "GSSAPI",
        "sasl_kerberos_service_name": "kafka",
        "sasl_kerberos_principal": f"agent@{kerberos.REALM}",
        "sasl_kerberos_keytab": str(keytab),
    }
    agent = make_agent(broker.tls, topic, kafka=kafka, shutdown_timeout="5s")
    agent.env = {**realm.env, "KRB5CCNAME": f"FILE:{work}/tickets"}
    return agent.start()


def test_keytab(broker, realm, topic_name, make_lineage, make_agent, make_oracle, work):
    topic = broker.make_topic(topic_name)
    lineage = make_lineage("a").append(500)
    keytab = realm.add("agent")
    agent = make(broker, realm, keytab, topic, make_agent, work)
    oracle = make_oracle(broker, topic, [lineage])
    wait_for(oracle.complete, 60, lambda: "all lines:\n" + agent.messages()[-3000:])
    agent.stop()
    oracle.judge().assert_clean(written=500)


@pytest.mark.timeout(300)
@pytest.mark.scenario("E29")
def test_new_keytab(broker, realm, topic_name, make_lineage, make_agent, make_oracle, work):
    """One without a key is told, and the old tickets are used; the next is taken."""
    topic = broker.make_topic(topic_name)
    lineage = make_lineage("a").append(500)
    keytab = realm.add("agent", work / "keytab")
    agent = make(broker, realm, keytab, topic, make_agent, work)
    oracle = make_oracle(broker, topic, [lineage])
    wait_for(lambda: oracle.in_topic() >= 500, 60, lambda: "lines:\n" + agent.messages()[-3000:])

    keytab.write_bytes(b"no keytab")
    agent.wait_says("sasl.kerberos.keytab", str(keytab), "something new", deadline=40)
    lineage.append(500)
    wait_for(lambda: oracle.in_topic() >= 1000, 60, "lines, by the old ticket")
    keytab.unlink()
    realm.add("agent", keytab)
    agent.wait_says("replaced by one with what is new", deadline=90)
    lineage.append(500)
    wait_for(oracle.complete, 60, "all lines")
    agent.stop()
    oracle.judge().assert_clean(written=1500)

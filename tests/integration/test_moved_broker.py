# SPDX-License-Identifier: Apache-2.0
"""The address behind a broker's name changes under load, and nothing is at the old one any more.

The broker advertises a name, which the agent looks up in a hosts file of its own: only it sees that.
At either address a proxy leads to the broker.
"""

import pytest
from rig.kafka import Broker
from rig.proxy import Proxy
from rig.rights import ROOT
from rig.wait import wait_for
from rig.writer import Load

NAME = "broker.waybill.test"
OLD, NEW = "127.0.0.1", "127.0.0.2"


class NamedBroker(Broker):
    def _settings(self):
        proxy = self.ports["proxy"]
        return super()._settings().replace(f"PROXIED://{OLD}:{proxy}", f"PROXIED://{NAME}:{proxy}")


@pytest.fixture
def named():
    broker = NamedBroker("named-broker")
    broker.format()
    broker.start()
    yield broker
    broker.stop()


class Hosts:
    """A hosts file in which only the agent looks. It is rewritten where it is, as it was mounted."""

    def __init__(self, path):
        self.path = path

    def say(self, address):
        with open(self.path, "w", encoding="ascii") as file:
            file.write(f"127.0.0.1 localhost\n{address} {NAME}\n")

    def prefix(self):
        mount = 'mount --bind "$0" /etc/hosts && exec "$@"'
        return ["unshare", "-m" if ROOT else "-rm", "sh", "-c", mount, self.path]


@pytest.mark.scenario("E21")
def test_the_address_behind_a_name_changes(
    named, topic_name, work, make_lineage, make_agent, make_oracle
):
    hosts = Hosts(work / "hosts")
    hosts.say(OLD)
    old = Proxy(named)
    lineage = make_lineage("a")
    topic = named.make_topic(topic_name)
    agent = make_agent(f"{NAME}:{named.proxy_port}", topic)
    agent.prefix = hosts.prefix()
    agent.start()
    agent.wait_says("started:")  # it has taken the place of the commands that run it
    oracle = make_oracle(named, topic, [lineage])
    load = Load(lineage, rate=500)
    agent.counted(lines_delivered=1000)
    for address in (NEW, OLD):
        new = Proxy(named, address)
        hosts.say(address)
        old.close()
        wait_for(lambda: new.produce_requests > 5, 60, "requests to the new address")
        agent.counted(lines_delivered=agent.counters()["lines_delivered"] + 500)
        old = new
    written = load.stop()
    wait_for(oracle.complete, 60, lambda: f"{oracle.missing()} missing")
    agent.stop()
    old.close()
    agent.assert_true(read=written)
    assert agent.counters()["producers_made"] == 1, agent.messages()
    assert agent.counters()["maybe_persisted"] == 0
    oracle.judge().assert_clean(written=written)

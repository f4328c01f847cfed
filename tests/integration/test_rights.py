# SPDX-License-Identifier: Apache-2.0
"""Rights at a Kafka that grants nothing unasked: missing at the start, and taken away while lines flow.

That the fault is real says another client of the same user, which is refused with the same error.
"""

import pytest
from confluent_kafka import KafkaException, Producer
from confluent_kafka.admin import AclBinding, AclBindingFilter, AclOperation, AclPermissionType
from confluent_kafka.admin import ResourcePatternType, ResourceType
from rig import config
from rig.agent import EX_CONFIG
from rig.kafka import ANSWER_S
from rig.logins import SaslBroker
from rig.wait import last, wait_for
from rig.writer import Load
from test_letter_topic import append, bad, good, kept, no_letters, numbers, source, status, told, wait_there
from test_letter_topic import PATTERN as LETTERS

pytestmark = pytest.mark.timeout(300)

PASSWORD = "right"
ANY = AclPermissionType.ANY


@pytest.fixture(scope="module")
def guarded():
    broker = SaslBroker("rights-broker", PASSWORD, rights=True)
    broker.format()
    broker.start()
    yield broker
    broker.stop()


class Rights:
    """What the agent's user may do with one topic; nothing at first."""

    def __init__(self, broker, topic):
        self.broker, self.topic = broker, topic
        self.name = (ResourceType.TOPIC, topic, ResourcePatternType.LITERAL, "User:waybill", "*")

    def grant(self, operation):
        right = AclBinding(*self.name, operation, AclPermissionType.ALLOW)
        self.broker.admin.create_acls([right])[right].result(ANSWER_S)

    def revoke(self, operation):
        which = AclBindingFilter(*self.name, operation, ANY)
        assert self.broker.admin.delete_acls([which])[which].result(ANSWER_S), "it had none"

    def error_of_another(self, idempotent):
        """By which one record of another client of the user is refused; None: it is not."""
        login = {name.replace("_", "."): value for name, value in SaslBroker.login(PASSWORD).items()}
        brokers = {"bootstrap.servers": self.broker.sasl, "enable.idempotence": idempotent}
        producer = Producer({**login, **brokers, "log_level": 0})
        told = []
        producer.produce(self.topic, b"", partition=0, on_delivery=lambda error, _: told.append(error))
        try:
            wait_for(lambda: producer.poll(0.1) or told, 20, "the fate of a record")
        except KafkaException as error:  # a fatal one
            told.append(error.args[0])
            producer.purge()
        return told[0] and told[0].name()


@pytest.fixture
def rights(guarded, topic_name):
    """None are left behind: who may write to any topic is given numbers."""
    rights = Rights(guarded, guarded.make_topic(topic_name))
    yield rights
    rights.revoke(AclOperation.ANY)


@pytest.mark.scenario("E17")
def test_right_to_write_is_taken_away_and_given_back(
    guarded, rights, make_lineage, make_agent, make_oracle
):
    """While lines flow; Kafka has none of them twice, and none before it may."""
    rights.grant(AclOperation.DESCRIBE)
    rights.grant(AclOperation.WRITE)
    lineage = make_lineage("a")
    kafka = SaslBroker.login(PASSWORD)
    agent = make_agent(guarded.sasl, rights.topic, kafka=kafka).start()
    load = Load(lineage, rate=2000)
    oracle = make_oracle(guarded, rights.topic, [lineage])
    for lives in range(1, 3):
        agent.counted(lines_delivered=2000 * lives)
        rights.revoke(AclOperation.WRITE)
        agent.wait_says(rights.topic, "not authorized to write", "wait, retrying")
        assert rights.error_of_another(idempotent=False) == "TOPIC_AUTHORIZATION_FAILED"
        before, spent = oracle.settled_ends(), agent.cpu_seconds()
        last(5)
        assert oracle.ends() == before
        assert agent.cpu_seconds() - spent < 2, "it spins"
        rights.grant(AclOperation.WRITE)
    written = load.stop()
    wait_for(oracle.complete, 60, lambda: f"{oracle.missing()} missing:\n{agent.messages()[-2000:]}")
    agent.stop()
    agent.assert_true(read=written)
    oracle.judge().assert_clean(written)


@pytest.mark.scenario("E17")
def test_starts_without_any_right(guarded, rights, make_lineage, make_agent, make_oracle):
    """Then it may see the topic, and is given no number as an idempotent producer; then it may write."""
    lineage = make_lineage("a").append(1000)
    kafka = SaslBroker.login(PASSWORD)
    agent = make_agent(guarded.sasl, rights.topic, kafka=kafka).start()
    agent.wait_says(rights.topic, "not authorized")
    rights.grant(AclOperation.DESCRIBE)
    denied = "CLUSTER_AUTHORIZATION_FAILED"
    wait_for(lambda: rights.error_of_another(idempotent=True) == denied, 20, denied)
    agent.wait_says(denied)
    spent = agent.cpu_seconds()
    last(5)
    assert agent.cpu_seconds() - spent < 2, "it spins"
    assert agent.counters()["lines_delivered"] == 0
    rights.grant(AclOperation.WRITE)
    agent.counted(lines_delivered=1000, deadline=60)
    agent.stop()
    agent.assert_true(read=1000)
    make_oracle(guarded, rights.topic, [lineage]).judge().assert_clean(written=1000)


@pytest.fixture
def of_letters(guarded, topic_name):
    """Rights for a topic of dead letters."""
    rights = Rights(guarded, guarded.make_topic(f"{topic_name}-dead", partitions=1))
    yield rights
    rights.revoke(AclOperation.ANY)


@pytest.mark.scenario("E17", "G03")
def test_a_letter_topic_without_rights_holds_up_no_line(guarded, rights, of_letters, work, make_agent):
    """It is told once, as what it is, and goes on by itself; meanwhile the letters are in the state."""
    rights.grant(AclOperation.DESCRIBE)
    rights.grant(AclOperation.WRITE)
    path, dead = work / "log" / "a.log", of_letters.topic
    path.write_text(bad(range(5)) + good([5]))
    one = source(rights.topic, path, dead_letter_topic=dead)
    kafka = SaslBroker.login(PASSWORD)
    settings = config.settings(guarded.sasl, [one], kafka=kafka, pattern=LETTERS)
    agent = make_agent(text=config.render_settings(settings)).start()
    agent.counted(lines_dead=5, lines_delivered=1, deadline=60)
    agent.wait_says(f"topic {dead}: not authorized", "its dead letters wait")
    said = told(agent, "check", expect=EX_CONFIG)
    assert f'topic "{dead}": not authorized' in said and "Its dead letters wait until it is allowed" in said
    of_letters.grant(AclOperation.DESCRIBE)
    fails = f"topic {dead} takes no dead letters (TOPIC_AUTHORIZATION_FAILED)"
    for n in (10, 20):
        append(path, good([n]) + bad([n + 1]))
        wait_for(lambda: agent.messages().count(fails) == n // 10, 100, "it is told")
        agent.counted(lines_dead=5 + n // 10, lines_delivered=1 + n // 10)
        assert status(agent, "agent")[0]["kafka_up"], "no line waits"
        wait_for(lambda: b"n=%d" % (n + 1) in kept(agent), 20, "it is in the state")
        assert "right to WRITE" in agent.says(fails)
        of_letters.grant(AclOperation.WRITE)
        wait_there(guarded, dead, [*range(5), *range(11, n + 2, 10)], 100)
        wait_for(lambda: no_letters(agent), 20, "they are out of the state")
        if n == 10:
            of_letters.revoke(AclOperation.WRITE)
    agent.stop()
    assert numbers(guarded, dead) == [0, 1, 2, 3, 4, 11, 21], "in their order, once"
    assert agent.messages().count(fails) == 2
    assert agent.messages().count("takes the dead letters that it did not take") == 2
    assert not agent.says("its files wait")

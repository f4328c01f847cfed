# SPDX-License-Identifier: Apache-2.0
"""One of three brokers fails: who does not depend on it goes on, and what is said is true."""

import os

import pytest
from confluent_kafka.admin import AclBinding, AclOperation, AclPermissionType
from confluent_kafka.admin import ResourcePatternType, ResourceType
from rig import config
from rig.sides import Side, Sides
from rig.wait import last, wait_for
from rig.writer import Load

# Not of the wait for who has three brokers already.
pytestmark = pytest.mark.timeout(900, func_only=True)
LONG = bool(os.environ.get("WAYBILL_LONG"))


@pytest.fixture
def mended(three):
    """All is well with them again. The last test may leave one dead."""
    three.mend()
    return three


def acl(topic, operation, permission):
    return AclBinding(
        ResourceType.TOPIC,
        topic,
        ResourcePatternType.LITERAL,
        "User:ANONYMOUS",
        "*",
        operation,
        permission,
    )


def deny_settings(cluster, *topics):
    """From now on nobody may read the settings of the topics, and everybody all else."""
    rules = [acl(topic, AclOperation.ALL, AclPermissionType.ALLOW) for topic in topics]
    rules += [acl(topic, AclOperation.DESCRIBE_CONFIGS, AclPermissionType.DENY) for topic in topics]
    for done in cluster.admin.create_acls(rules).values():
        done.result(30)


def two_sources(work, sick, healthy):
    return [
        config.source(topic, [work / "log" / f"{name}.log"], name=name)
        for name, topic in (("sick", sick), ("healthy", healthy))
    ]


@pytest.fixture
def topics(mended, topic_name):
    """One that wants all three replicas, and one that does with two."""
    sick = mended.make_topic(f"sick-{topic_name}", replicas=3, min_insync_replicas=3)
    return sick, mended.make_topic(f"healthy-{topic_name}", replicas=3, min_insync_replicas=2)


@pytest.mark.long
@pytest.mark.scenario("E22", "E18")
@pytest.mark.parametrize("settings", ["denied", "read"] if LONG else ["denied"])
def test_a_topic_without_replicas(
    mended, topics, work, make_lineage, make_agent, make_oracle, settings
):
    """Six partitions with a backlog. They filled the queue, and the other topic stood with them. And
    where settings may not be read the producer was replaced for them each minute."""
    sick, healthy = topics
    if settings == "denied":
        deny_settings(mended, sick, healthy)
    lineages = [make_lineage(name).append(1000) for name in ("sick", "healthy")]
    text = config.render_settings(
        config.settings(mended.bootstrap, two_sources(work, *topics), stall_timeout="24s")
    )
    agent = make_agent(text=text).start()
    agent.counted(lines_delivered=2000)
    mended.brokers[3].freeze()
    mended.wait_without(3, sick, healthy)
    # What the frozen one was sent first comes back in its time.
    lineages[1].append(1000)
    agent.counted(lines_delivered=3000, deadline=40)
    lineages[0].append(30000)
    for batch in range(2, 31):
        lineages[1].append(1000)
        agent.counted(lines_delivered=2000 + 1000 * batch, deadline=10)
    said = agent.wait_says(sick, "NOT_ENOUGH_REPLICAS", deadline=40)
    used = agent.cpu_seconds()
    last(30)  # until a stall would be looked into
    used = agent.cpu_seconds() - used
    assert used < 6, f"{used} s of CPU in 30 s: it runs in a circle"
    assert "wait any more" not in agent.messages().partition(said)[2], agent.messages()
    assert "acknowledged, after" not in agent.messages().partition(said)[2], agent.messages()
    agent.assert_one_producer()
    assert agent.counters()["lines_delivered"] == 32000
    mended.mend()
    agent.counted(lines_delivered=32001, deadline=5)
    oracles = [
        make_oracle(mended, topic, [lineage]) for topic, lineage in zip(topics, lineages)
    ]
    for oracle in oracles:
        wait_for(oracle.complete, 90, "all lines")
    agent.stop()
    verdicts = [oracle.judge() for oracle in oracles]
    agent.assert_one_producer(*verdicts)
    for verdict in verdicts:
        verdict.assert_clean(written=31000, dup=verdict.DUP)


@pytest.mark.scenario("G02")
@pytest.mark.parametrize(
    "kafka, worth",
    [
        (
            {},
            {
                "a": "and 1 other: acks = all, 3 replicas, min.insync.replicas 2: an acknowledged line is on 2",
                "c": "min.insync.replicas 1: while others are down or behind an acknowledged line is on one",
                "d": "1 replica: an acknowledged line is on one broker, and lost with its disk",
            },
        ),
        (
            {"acks": 1, "enable_idempotence": False},
            {
                "a": "and 2 others: acks = 1, 3 replicas: an acknowledged line is on its leader, and lost with it",
                "d": "1 replica: an acknowledged line is on its leader, and lost with it",
            },
        ),
        (
            {"acks": 0, "enable_idempotence": False},
            {"a": "and 3 others: acks = 0, nobody confirms a line"},
        ),
    ],
    ids=["all", "1", "0"],
)
def test_what_an_acknowledgement_is_worth(mended, topic_name, work, make_agent, kafka, worth):
    """Told at the start, in words, from what the brokers say of the topic; topics of a kind in one line."""
    kinds = {"a": (3, 2), "b": (3, 2), "c": (3, 1), "d": (1, 1)}
    topics = {
        name: mended.make_topic(f"{name}-{topic_name}", 1, replicas, min_insync_replicas=least)
        for name, (replicas, least) in kinds.items()
    }
    sources = [config.source(topic, [work / "log" / f"{name}.log"], name=name) for name, topic in topics.items()]
    agent = make_agent(text=config.render_settings(config.settings(mended.bootstrap, sources, kafka=kafka)))
    (work / "log" / "a.log").write_text("t INFO order=o cid=c x\n")
    agent.start()
    for name, words in worth.items():
        agent.wait_says(topics[name], words)
    agent.counted(lines_delivered=1)
    agent.stop()
    told = [line for line in agent.messages().splitlines() if ": acks = " in line]
    assert len(told) == len(worth), told


@pytest.fixture
def shipped(mended, topic_name, make_lineage, make_agent, make_oracle):
    """An agent that has delivered 1,000 lines to a topic that does with two of three replicas."""
    topic = mended.make_topic(topic_name, replicas=3, min_insync_replicas=2)
    lineage = make_lineage("a").append(1000)
    agent = make_agent(mended.bootstrap, topic, stall_timeout="12s").start()
    agent.counted(lines_delivered=1000)
    return agent, topic, lineage, make_oracle(mended, topic, [lineage])


def finish(agent, oracle, written):
    wait_for(oracle.complete, 60, "all lines")
    agent.stop()
    verdict = oracle.judge()
    agent.assert_one_producer(verdict)
    verdict.assert_clean(written=written, dup=verdict.DUP)


@pytest.mark.scenario("E20")
def test_a_broker_is_frozen(mended, shipped):
    """Others lead its partitions within seconds, and what it was sent comes back in a quarter of a
    minute, a whole one before. The producer was replaced for it."""
    agent, topic, lineage, oracle = shipped
    assert 3 in mended.leaders(topic).values()
    mended.brokers[3].freeze()
    lineage.append(1000)
    agent.counted(lines_delivered=2000, deadline=15)
    assert not agent.says("no broker of"), agent.messages()
    lineage.append(1000)
    agent.counted(lines_delivered=3000, deadline=5)
    mended.brokers[3].thaw()
    finish(agent, oracle, 3000)


@pytest.mark.scenario("E19", "E30")
def test_a_broker_is_killed(mended, shipped):
    """It was said that no broker answers, each time; and nothing else is said of it either."""
    agent, topic, lineage, oracle = shipped
    mended.brokers[3].kill()
    for _ in range(200):
        lineage.append(20)
        last(0.1)
    wait_for(oracle.complete, 60, "all lines")
    assert not agent.says("no broker of"), agent.messages()
    finish(agent, oracle, 5000)


@pytest.mark.scenario("F03", "E20")
def test_a_swap_beside_a_frozen_broker(mended, topic_name, make_lineage, make_agent, manager, make_oracle):
    """The producer in use is waited for until others lead what the frozen one had; status and readyz say so."""
    topic = mended.make_topic(topic_name, replicas=3, min_insync_replicas=2)
    lineage = make_lineage("a")
    oracle = make_oracle(mended, topic, [lineage], unjudged={"life"})
    side = Side("one", mended, topic, lineage, oracle)
    sides = Sides(make_agent(text=""), manager, [side], {"bootstrap_servers": mended.bootstrap})
    load = Load(lineage, rate=1000)
    sides.delivered(side, 1000)
    mended.brokers[3].freeze()
    sides.kafka["client_id"] = "other"
    sides.reload()
    drains = "what is in use as soon as the producer before it has delivered what it has"
    wait_for(lambda: drains in " ".join(sides.agent.ask("status").split()), 20, "what it waits for")
    sides.agent.wait_says("replaced by one with what is new", deadline=60)
    mended.mend()
    assert not sides.agent.says("its queue is given up")
    sides.ends_clean([load.stop()])
    assert sides.agent.counters()["maybe_persisted"] == 0

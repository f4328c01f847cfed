# SPDX-License-Identifier: Apache-2.0
"""`topics` of the top level: what is missing is made at the start, what is there is compared by check
and never altered; who may not make it waits, and says so."""

import pytest
from confluent_kafka.admin import AclBinding, AclBindingFilter, AclOperation, AclPermissionType
from confluent_kafka.admin import ConfigResource, ResourcePatternType, ResourceType
from rig import config
from rig.agent import EX_OK
from rig.wait import last, wait_for

PLAN = {
    "partitions": 6,
    "replication_factor": 1,
    "config": {"retention_ms": 86400000, "cleanup_policy": "delete"},
    "create": True,
}


def settings_of(cluster, topic):
    resource = ConfigResource(ConfigResource.Type.TOPIC, topic)
    described = cluster.admin.describe_configs([resource])[resource].result(60)
    return {name: entry.value for name, entry in described.items()}


def partitions_of(cluster, topic):
    """0: it is not there."""
    found = cluster.admin.list_topics(timeout=10).topics.get(topic)
    return len(found.partitions) if found else 0


def with_plans(bootstrap, work, topic, plans):
    settings = config.settings(bootstrap, [config.source(topic, [work / "log" / "*.log"])])
    return config.render_settings({**settings, "topics": plans})


@pytest.mark.scenario("E12", "E11")
def test_made_at_the_start_as_it_is_to_be(broker, topic_name, work, make_lineage, make_agent, make_oracle):
    """Once; it is somebody's decision when it is taken away later."""
    lineage = make_lineage("a").append(1000)
    text = with_plans(broker.bootstrap, work, topic_name, [{"name": topic_name, **PLAN}])
    agent = make_agent(text=text).start()
    agent.wait_says(topic_name, "was made with 6 partitions, 1 replica")
    agent.counted(lines_delivered=1000)
    assert not agent.says("does not exist"), agent.messages()
    assert partitions_of(broker, topic_name) == 6
    settings = settings_of(broker, topic_name)
    assert (settings["retention.ms"], settings["cleanup.policy"]) == ("86400000", "delete")
    make_oracle(broker, topic_name, [lineage]).judge().assert_clean(written=1000)
    broker.delete_topic(topic_name)
    agent.wait_says(topic_name, "does not exist")
    last(5)  # some questions to the brokers
    assert partitions_of(broker, topic_name) == 0
    agent.stop()


@pytest.mark.scenario("E12")
def test_what_is_there_is_compared_and_never_altered(broker, topic_name, work, make_lineage, make_agent):
    """And check makes none."""
    there = broker.make_topic(topic_name, partitions=3, retention_ms=1000000)
    missing = f"missing-{topic_name}"
    make_lineage("a").append(10)
    sources = [
        config.source(topic, [work / "log" / f"{name}.log"], name=name)
        for name, topic in (("a", there), ("b", missing))
    ]
    plan = {**PLAN, "replication_factor": 2, "config": {**PLAN["config"], "no_such_setting": 1}}
    plans = [{"name": there, **plan}, {"name": missing, **PLAN}, {"name": "nobodys", **PLAN}]
    settings = {**config.settings(broker.bootstrap, sources), "topics": plans}
    agent = make_agent(text=config.render_settings(settings))
    said = " ".join(agent.ask("check", expect=EX_OK).split())
    for words in (
        f'topic "{there}": the number of its partitions is 3, wanted is 6',
        f'topic "{there}": the number of its replicas is 1, wanted is 2',
        f'topic "{there}": retention.ms is "1000000", wanted is "86400000"',
        f'topic "{there}": the brokers know no setting no.such.setting',
        f'topic "{missing}" does not exist: run makes it (6 partitions, 1 replica)',
        'topic "nobodys": no source sends to it',
    ):
        assert words in said, (words, said)
    assert "cleanup.policy is" not in said
    assert partitions_of(broker, missing) == 0
    agent.start()
    agent.counted(lines_delivered=10)
    wait_for(lambda: partitions_of(broker, missing) == 6, 20, "the missing one")
    agent.stop()
    assert partitions_of(broker, there) == 3
    assert settings_of(broker, there)["retention.ms"] == "1000000"
    assert partitions_of(broker, "nobodys") == 0


def acl(kind, name, operation, permission):
    pattern = ResourcePatternType.LITERAL
    return AclBinding(kind, name, pattern, "User:ANONYMOUS", "*", operation, permission)


@pytest.fixture
def forbidden(three, topic_name):
    """A cluster on which nobody may create topics; forbidden() ends that."""
    places = [(ResourceType.BROKER, "kafka-cluster"), (ResourceType.TOPIC, topic_name)]
    rules = [acl(*place, AclOperation.ALL, AclPermissionType.ALLOW) for place in places]
    rules += [acl(*place, AclOperation.CREATE, AclPermissionType.DENY) for place in places]

    def allow():
        filters = [
            AclBindingFilter(kind, name, ResourcePatternType.LITERAL, None, None, AclOperation.ANY, AclPermissionType.ANY)
            for kind, name in places
        ]
        for done in three.admin.delete_acls(filters).values():
            done.result(60)

    three.mend()
    for done in three.admin.create_acls(rules).values():
        done.result(60)
    yield allow
    allow()


@pytest.mark.scenario("E17", "E12")
def test_who_may_not_make_it_waits(
    three, forbidden, topic_name, work, make_lineage, make_agent, make_oracle
):
    """Told with the brokers' reason; made when the right is granted."""
    lineage = make_lineage("a").append(1000)
    plan = {**PLAN, "replication_factor": 3, "config": {"min_insync_replicas": 2}}
    text = with_plans(three.bootstrap, work, topic_name, [{"name": topic_name, **plan}])
    agent = make_agent(text=text).start()
    agent.wait_says(topic_name, "does not exist", "could not be made", "AUTHORIZATION_FAILED")
    assert partitions_of(three, topic_name) == 0
    forbidden()
    agent.wait_says(topic_name, "was made with 6 partitions, 3 replicas", deadline=60)
    agent.counted(lines_delivered=1000)
    agent.stop()
    assert settings_of(three, topic_name)["min.insync.replicas"] == "2"
    agent.assert_true(read=1000)
    make_oracle(three, topic_name, [lineage]).judge().assert_clean(written=1000)

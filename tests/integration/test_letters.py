# SPDX-License-Identifier: Apache-2.0
"""waybill dead-letters: what was refused is looked at, sent again and removed, beside a running agent
and without one."""

import base64
import json
import random
import subprocess

import pytest
from rig import config
from rig.agent import EX_DATAERR, EX_NOINPUT, EX_UNAVAILABLE, EX_USAGE
from rig.reader import Reader
from rig.state import read_state
from rig.wait import wait_for

LIMIT = 4000  # max.message.bytes of the topic, while it is too small


def letters(agent, *words, **more):
    return agent.ask("dead-letters", *words, **more)


def listed(agent, *words):
    return [json.loads(line) for line in letters(agent, "list", "--json", *words).splitlines()]


@pytest.fixture
def refused(broker, topic_name, work, make_agent):
    """An agent with one line in Kafka, and two of its source that the topic was too small for."""
    own_topic = broker.make_topic(topic_name, max_message_bytes=LIMIT)
    path = work / "log" / "a.log"
    # Nothing that compression makes fit.
    big = ["k=" + random.Random(n).randbytes(2 * LIMIT).hex() for n in (1, 2)]
    path.write_text("k=0\n" + "".join(f"{line}\n" for line in big))
    one = {"name": "orders", "paths": [str(path)], "parser": "order", "topic": own_topic}
    one |= {"key": "${file.name}", "headers": [{"name": "file", "value": "${file.name}"}]}
    settings = config.settings(broker.bootstrap, [one], pattern=r"k=(?<k>\S+)")
    agent = make_agent(text=config.render_settings(settings)).start()
    agent.counted(lines_dead=2, lines_delivered=1)
    wait_for(lambda: len(listed(agent)) == 2, 20, "both in the state")
    return agent, path, big, own_topic


@pytest.mark.scenario("G03")
def test_shown_without_their_content(refused):
    agent, path, big, topic = refused
    one, two = listed(agent)
    assert (one["source"], one["path"], one["topic"]) == ("orders", str(path), topic)
    assert (one["id"], one["position"], one["value_bytes"]) == (1, 4, len(big[0]))
    assert "SIZE" in one["reason"]
    assert listed(agent, two["id"]) == [two] == listed(agent, "2-9")
    assert listed(agent, "orders") == listed(agent, topic) == listed(agent, path) == [one, two]
    assert listed(agent, "other") == []
    text = letters(agent, "list") + letters(agent, "show", 1)
    assert big[0][2:20] not in text and "2 dead letters" in text and str(path) in text
    assert all(len(line) <= 80 for line in letters(agent, "list").splitlines())
    letters(agent, "show", 7, expect=EX_NOINPUT)
    [line] = letters(agent, "export", 2).splitlines()
    assert base64.b64decode(json.loads(line)["value"]).decode() == big[1]
    assert json.loads(line)["headers"] == [["file", base64.b64encode(b"a.log").decode()]]
    agent.stop()
    assert listed(agent) == [one, two], "from the state, the same"


@pytest.mark.scenario("G03")
@pytest.mark.parametrize("running", [True, False])
def test_what_is_no_number_and_no_name_is_never_all_of_them(refused, running):
    """0 is the number of none, "1-" no range, and an empty name (of a variable that is not set) is refused."""
    agent, _, _, _ = refused
    if not running:
        agent.stop()
    for which in ("0", "0-0", "1-", "2-1", "-", "1-2-"):
        said = letters(agent, "drop", "--yes", "--", which, expect=EX_NOINPUT)
        assert "0 dead letters" in said, which
        assert listed(agent, "--", which) == [], which
    assert "name is empty" in letters(agent, "drop", "--yes", "", expect=EX_USAGE)
    assert "name is empty" in letters(agent, "list", "", expect=EX_USAGE)
    assert len(listed(agent)) == 2
    assert len(listed(agent, "1-9")) == 2 == len(listed(agent, f"0-{2**63 - 1}"))


@pytest.mark.scenario("G03")
def test_sent_again_and_done_by_their_report(broker, refused):
    agent, path, big, topic = refused
    assert "2 dead letters" in letters(agent, "replay", "--all", "--dry-run")
    assert "--yes" in letters(agent, "replay", "--all", expect=EX_USAGE)
    letters(agent, "replay", "--yes", expect=EX_USAGE)
    assert "2 are kept" in letters(agent, "replay", "--all", "--yes", expect=EX_DATAERR)
    assert len(listed(agent)) == 2
    broker.alter_topic(topic, max_message_bytes=1 << 20)
    assert "1 sent again" in letters(agent, "replay", "--yes", 2)
    assert [one["id"] for one in listed(agent)] == [1]
    assert "1 sent again" in letters(agent, "replay", "--yes", "orders")
    counters = agent.counters()
    assert (counters["letters_replayed"], counters["lines_dead"]) == (2, 2)
    with path.open("a") as log:
        log.write("k=3\n")
    agent.counted(lines_delivered=2)
    agent.stop()
    assert read_state(agent.state).dead_letters == []
    records = Reader(broker.bootstrap, topic).records()
    assert sorted(record.value.decode() for record in records) == sorted(["k=0", *big, "k=3"])
    assert all(record.headers == [("file", b"a.log")] for record in records)


@pytest.mark.scenario("G03", "C01")
def test_an_outage_holds_them_up(broker, refused):
    """They wait, are no lines in flight, and go when brokers answer."""
    agent, _, big, topic = refused
    broker.alter_topic(topic, max_message_bytes=1 << 20)
    broker.freeze()
    with subprocess.Popen(
        [agent.program, "dead-letters", "replay", "--all", "--yes"]
        + ["--config", agent.config, "--state-dir", agent.state],
        stdout=subprocess.PIPE,
        text=True,
    ) as replay:
        try:
            agent.wait_says("replay was ordered")
            agent.counters()  # the sum is right with one of them under way
            busy = letters(agent, "drop", "--all", "--yes", expect=EX_UNAVAILABLE)
            assert "another order" in busy
            assert len(listed(agent)) == 2
        finally:
            broker.thaw()
        assert "2 sent again" in replay.communicate(timeout=60)[0]
    agent.stop()
    values = [record.value.decode() for record in Reader(broker.bootstrap, topic).records()]
    assert sorted(values) == sorted(["k=0", *big])


@pytest.fixture
def both(broker, other, topic_name, work, make_agent):
    """Lines that go to a topic of the same name on two clusters, of which each was too small for two."""
    for kafka in (broker, other):
        kafka.make_topic(topic_name, partitions=1, max_message_bytes=LIMIT)
    path = work / "log" / "a.log"
    big = ["k=" + random.Random(n).randbytes(2 * LIMIT).hex() for n in (1, 2)]
    path.write_text("".join(f"{line}\n" for line in big))
    one = {"name": "orders", "paths": [str(path)], "topic": topic_name, "cluster": "near"}
    one["also"] = [{"topic": topic_name, "cluster": "far"}]
    settings = config.settings("", [one], pattern=r"k=(?<k>\S+)")
    settings["kafka"] = [
        {"name": name, "bootstrap_servers": kafka.bootstrap} for name, kafka in (("near", broker), ("far", other))
    ]
    agent = make_agent(text=config.render_settings(settings)).start()
    agent.counted(lines_dead=2)
    wait_for(lambda: len(listed(agent)) == 4, 60, "each twice in the state")
    for kafka in (broker, other):
        kafka.alter_topic(topic_name, max_message_bytes=1 << 20)
    yield agent, big, topic_name
    other.thaw()


@pytest.mark.timeout(300)
@pytest.mark.scenario("G03", "A07", "C01")
def test_letters_of_one_cluster_wait_for_none_of_another(broker, other, both):
    """Sent again while one cluster is frozen: those of the other go, in their order, and are not sent once
    more after a kill."""
    agent, big, topic = both

    def there(kafka):
        return [record.value.decode() for record in Reader(kafka.bootstrap, topic, 1).records()]

    other.freeze()
    with subprocess.Popen(
        [agent.program, "dead-letters", "replay", "--all", "--yes"]
        + ["--config", agent.config, "--state-dir", agent.state],
        stdout=subprocess.PIPE,
        text=True,
    ):
        wait_for(lambda: len(listed(agent)) == 2, 60, "those of the other are out of the state")
        assert [letter["topic"] for letter in listed(agent)] == [f"far/{topic}"] * 2
        assert there(broker) == big, "in their order"
        agent.kill()
    other.thaw()
    agent.start()
    assert "2 sent again" in letters(agent, "replay", "--all", "--yes")
    agent.stop()
    assert read_state(agent.state).dead_letters == []
    assert there(broker) == big
    far = there(other)
    # What was under way at the kill may have arrived.
    assert far[-2:] == big and len(far) <= 3 and set(far) == set(big)


@pytest.mark.scenario("G03")
def test_a_topic_that_is_not_there_does_not_hold_up_other_orders(broker, topic_name, work, make_agent):
    """A replay to it waited for ever, and nothing else could be ordered meanwhile, not even to drop them."""
    path = work / "log" / "a.log"
    path.write_text("one\ntwo\n")
    one = {"name": "orders", "paths": [str(path)], "parser": "order", "topic": topic_name}
    one |= {"key": "${k}", "on_missing_key": "dead_letter"}
    settings = config.settings(broker.bootstrap, [one], pattern=r"k=(?<k>\S+)")
    agent = make_agent(text=config.render_settings(settings)).start()
    agent.counted(lines_dead=2)
    wait_for(lambda: len(listed(agent)) == 2, 20, "both in the state")
    agent.wait_says(f"topic {topic_name} does not exist")
    said = letters(agent, "replay", "--all", "--yes", expect=EX_DATAERR)
    assert "2 are kept, the last one is 2: its topic does not exist" in said
    assert "1 removed" in letters(agent, "drop", "--yes", 1)
    agent.wait_says("dead letters 1 to 1: drop, ordered by user", "is carried out: 1 removed")
    broker.make_topic(topic_name)
    agent.wait_says(f"topic {topic_name} is there now", deadline=60)
    assert "1 sent again" in letters(agent, "replay", "--yes", "orders")
    agent.stop()


@pytest.mark.scenario("G03")
@pytest.mark.parametrize("running", [True, False])
def test_removed(refused, running):
    agent, _, _, _ = refused
    if not running:
        agent.stop()
        assert "start it" in letters(agent, "replay", "--all", "--yes", expect=EX_UNAVAILABLE)
    assert "1 removed" in letters(agent, "drop", "--yes", 1)
    assert [one["id"] for one in listed(agent)] == [2]
    assert "1 removed" in letters(agent, "drop", "--all", "--yes")
    letters(agent, "drop", "--all", "--yes", expect=EX_NOINPUT)
    if running:
        assert agent.counters()["letters_dropped"] == 2
        agent.stop()
    assert read_state(agent.state).dead_letters == []

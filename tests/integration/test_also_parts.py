# SPDX-License-Identifier: Apache-2.0
"""Events whose lines do not stand together, or go on when they were taken for whole, and that go to two
topics: each topic gets each line once, joined, whatever the other one takes."""

import random

import pytest
from rig import config
from rig.cri import CriLog
from rig.reader import Reader
from rig.state import read_state
from rig.wait import wait_for

pytestmark = [pytest.mark.timeout(180), pytest.mark.scenario("C11", "E37")]

PATTERN = r"^(?<time>\S+) (?<stream>\S+) [FP] (?<text>.*)$"


@pytest.fixture
def log(work):
    return CriLog(work / "log" / "0.log")


@pytest.fixture
def late(topic):
    """A topic that is not there yet."""
    return f"{topic}-late"


@pytest.fixture
def agent(make_agent, cluster, topic, late, log):
    source = {
        "name": "pods",
        "paths": [str(log.path)],
        "rotate_wait": "1s",
        "parser": "cri",
        "multiline": {"type": "java", "flush_after": "1s"},
        "topic": topic,
        "value": "${message}",
        "also": [{"topic": late}],
    }
    settings = {
        "kafka": {"bootstrap_servers": cluster.bootstrap},
        "checkpoint_interval": "100ms",
        "parsers": [{"name": "cri", "type": "cri"}],
        "sources": [source],
    }
    return make_agent(text=config.render_settings(settings))


def values(cluster, topic):
    return [record.value.decode() for record in Reader(cluster.bootstrap, topic).records()]


def wait_stored(agent):
    """Until the state knows that one copy of an event is settled and the other one is not."""

    def known():
        try:
            return any(file.branches for file in read_state(agent.state).files.values())
        except Exception:  # copied in the midst of a write
            return False

    wait_for(known, 30, "the state to know of it")


def judge(cluster, agent, topic, late, wanted, lines):
    cluster.make_topic(late)
    agent.counted(lines_delivered=lines)
    agent.stop()
    assert sorted(values(cluster, topic)) == sorted(wanted)
    assert sorted(values(cluster, late)) == sorted(wanted)


def test_parts_apart_for_a_topic_that_comes_late(cluster, topic, late, log, agent):
    """Both are sent the same, and no line is sent a second time as an event of its own."""
    log.write("stdout P a", "stderr P x", "stdout P b", "stderr F y", "stdout F c", "stdout F last")
    agent.start()
    agent.wait_says(late, "not")
    counters = agent.counters()
    assert counters["lines_delivered"] == 0, counters
    judge(cluster, agent, topic, late, ["abc", "xy", "last"], 6)
    agent.assert_true(read=6)


@pytest.mark.parametrize("how", ["kill", "stop"])
def test_restart_between_the_copies_of_parts_apart(cluster, topic, late, log, agent, how):
    log.write("stdout P a", "stderr P x", "stdout P b", "stderr F y", "stdout F c", "stdout F last")
    agent.start()
    for _ in range(3):
        wait_stored(agent)
        agent.kill() if how == "kill" else agent.stop()
        agent.start()
    judge(cluster, agent, topic, late, ["abc", "xy", "last"], 6)


def test_an_event_grows_between_its_copies(cluster, topic, late, log, agent):
    """It was taken for whole, and one topic has it so: after a kill it is whole there still."""
    log.write("stdout F first", "stdout F ERROR java.lang.X: no")
    agent.start()
    wait_stored(agent)
    agent.kill()
    log.write("stdout F next")
    agent.start()
    judge(cluster, agent, topic, late, ["first", "ERROR java.lang.X: no", "next"], 3)


def test_a_trace_grows_between_its_copies(cluster, topic, late, log, agent):
    """It was taken for whole, and one topic has it so: what comes then is an event for both."""
    log.write("stdout F java.lang.X: no")
    agent.start()
    wait_stored(agent)
    agent.kill()
    log.write("stdout F \tat a.B(C.java:1)", "stdout F next")
    agent.start()
    judge(cluster, agent, topic, late, ["java.lang.X: no", "\tat a.B(C.java:1)", "next"], 3)


def test_a_trace_of_parts_apart_grows_between_its_copies(cluster, topic, late, log, agent):
    """No line of it is missing in the one topic because the other one got it joined."""
    log.write("stdout F java.lang.X: no", "stderr F other", "stdout F \tat a.B(C.java:1)")
    agent.start()
    wait_stored(agent)
    agent.kill()
    log.write("stdout F \tat a.D(E.java:2)", "stdout F next")
    agent.start()
    first = "java.lang.X: no\n\tat a.B(C.java:1)"
    judge(cluster, agent, topic, late, [first, "other", "\tat a.D(E.java:2)", "next"], 5)


def test_back_between_the_copies_of_parts_apart(cluster, topic, log, agent):
    """A line before it comes back when one topic has the event and the other one does not take it yet."""
    small, late = f"{topic}-stderr", f"{topic}-stdout"
    also = f'topic = "{topic}-${{stream}}";\n          topics = [ "{small}", "{late}" ];'
    text, one = agent.config.read_text(), f'topic = "{topic}-late";'
    assert one in text
    agent.configure(text=text.replace(one, also))
    cluster.make_topic(small, max_message_bytes=1000)
    large = random.Random(1).randbytes(2000).hex()
    log.write(f"stderr F {large}", "stdout P a", "stderr F y", "stdout F b", "stdout F last")
    agent.start()
    agent.counted(lines_dead=1, deadline=10)
    cluster.make_topic(late)
    agent.counted(lines_delivered=4, deadline=10)
    agent.stop()
    assert sorted(values(cluster, topic)) == sorted([large, "ab", "y", "last"])
    assert values(cluster, small) == ["y"]
    assert sorted(values(cluster, late)) == ["ab", "last"]


def test_killed_between_the_copies_of_an_event_over_a_rotation(cluster, topic, late, log, agent):
    log.write("stdout P a", "stderr P x")
    agent.start()
    agent.counted(lines_waiting=2)
    log.rotate()
    log.write("stdout F b", "stderr F y", "stdout F last")
    wait_stored(agent)
    for _ in range(2):
        agent.kill()
        agent.start()
        wait_stored(agent)
    judge(cluster, agent, topic, late, ["ab", "xy", "last"], 5)

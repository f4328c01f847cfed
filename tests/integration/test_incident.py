# SPDX-License-Identifier: Apache-2.0
"""Incidents, seen by what an operator has: status, metrics, alerts, the log and explain name the same
cause, and what mends it; when it is mended the alert is over."""

import subprocess

import pytest
from rig import config
from rig.promtool import fires
from rig.rights import UNPRIVILEGED
from rig.wait import wait_for
from test_state_full import SmallDisk

EX_OK = 0


class Operator:
    """Who is called at night."""

    def __init__(self, agent, work, socket=None):
        self.agent = agent
        self.work = work
        self.where = ["--config", agent.config, "--state-dir", agent.state]
        if socket:
            self.where = ["--socket", socket]

    def ask(self, command, *words):
        done = subprocess.run(
            [self.agent.program, command, *self.where, *map(str, words)],
            capture_output=True,
            text=True,
            timeout=60,
        )
        assert done.returncode == EX_OK, done.stderr
        # As one line: where it is broken depends on its length.
        return " ".join(done.stdout.split()) if command != "metrics" else done.stdout

    def fires(self, alert):
        return fires(alert, self.ask("metrics"), self.work)

    def sees(self, command, *words, about=()):
        """Until the answer holds all of them."""
        return wait_for(
            lambda: all(str(word) in self.ask(command, *about) for word in words),
            30,
            lambda: f"{words} in {self.ask(command, *about)}",
        )


def agent_of(make_agent, bootstrap, *sources, **more):
    settings = config.settings(bootstrap, list(sources), pattern=r"k=(?<k>\S+)$", **more)
    return make_agent(text=config.render_settings(settings))


def source(work, topic, name="a", **more):
    path = work / "log" / f"{name}.log"
    return {"name": name, "paths": [str(path)], "topic": topic, **more}, path


@pytest.mark.scenario("G02", "G03", "B06")
def test_a_file_that_cannot_be_read(cluster, topic, work, make_agent):
    one, path = source(work, topic)
    path.write_text("k=1\n")
    path.chmod(0)
    agent = agent_of(make_agent, cluster.bootstrap, one)
    agent.prefix = UNPRIVILEGED
    operator = Operator(agent.start(), work)
    agent.wait_says(path, "permission denied", "must be able to read it")
    operator.sees("status", "cannot be opened: files 1", "waybill check")
    operator.sees("explain", "unreadable: source a wants it", "must be able to read it", about=[path])
    assert "waybill_files_denied 1" in operator.ask("metrics")
    assert operator.fires("WaybillFilesUnreadable")
    path.chmod(0o644)
    agent.counted(lines_delivered=1, deadline=60)
    agent.wait_says(path, "it can be read now")
    assert not operator.fires("WaybillFilesUnreadable")
    agent.stop()


@pytest.mark.scenario("G02", "G03", "C04")
def test_a_topic_that_is_missing(cluster, topic_name, work, make_agent):
    one, path = source(work, topic_name)
    path.write_text("k=1\n")
    agent = agent_of(make_agent, cluster.bootstrap, one).start()
    operator = Operator(agent, work)
    agent.wait_says(topic_name, "topic")
    operator.sees("status", f"topic {topic_name} is missing")
    operator.sees("explain", "unread", f"topic {topic_name}, which is missing", about=[f"{path}@0"])
    assert operator.fires("WaybillTopicNotReady") and not operator.fires("WaybillBrokersSilent")
    cluster.make_topic(topic_name)
    agent.counted(lines_delivered=1, deadline=60)
    assert not operator.fires("WaybillTopicNotReady")
    agent.stop()


@pytest.mark.scenario("G02", "G03", "C01")
def test_brokers_that_are_lost(broker, own_topic, work, make_agent):
    one, path = source(work, own_topic)
    path.write_text("k=1\n")
    agent = agent_of(make_agent, broker.bootstrap, one).start()
    operator = Operator(agent, work)
    agent.counted(lines_delivered=1)
    broker.kill()
    try:
        with path.open("a") as log:
            log.write("k=2\n")
        agent.wait_says("no broker", deadline=90)
        operator.sees("status", "no broker answers: ")
        operator.sees("explain", "in_flight", about=[f"{path}:2"])
        assert operator.fires("WaybillBrokersSilent") and not operator.fires("WaybillTopicNotReady")
    finally:
        broker.start()
    agent.counted(lines_delivered=2, deadline=60)
    operator.sees("explain", "settled", about=[f"{path}:2"])
    assert not operator.fires("WaybillBrokersSilent")
    agent.stop()


@pytest.mark.scenario("G02", "G03")
def test_a_line_that_is_refused(cluster, topic, work, make_agent):
    rule = {"parser": "order", "key": "${k}", "on_missing_key": "dead_letter"}
    one, path = source(work, topic, **rule)
    path.write_text("k=1\nnothing\nk=2\n")
    agent = agent_of(make_agent, cluster.bootstrap, one).start()
    operator = Operator(agent, work)
    agent.counted(lines_delivered=2, lines_dead=1)
    agent.wait_says(path, "position 4", "KEY_MISSING", "dead letter")
    operator.sees("status", "1 dead letter")
    operator.sees("explain", "dead: it is a dead letter: KEY_MISSING", about=[f"{path}:2"])
    assert 'reason="KEY_MISSING' in operator.ask("metrics") and operator.fires("WaybillDeadLetters")
    operator.sees("dead-letters", "KEY_MISSING", about=["list", "a"])
    operator.ask("dead-letters", "drop", "a", "--yes")
    assert "dead letter" not in operator.ask("status")
    agent.stop()


@pytest.mark.scenario("G02", "G03", "A16")
def test_a_log_that_is_removed_too_early(broker, own_topic, work, make_agent):
    """During an outage, while the agent is restarted: nobody holds it open then."""
    one, path = source(work, own_topic)
    path.write_text("k=1\n")
    agent = agent_of(make_agent, broker.bootstrap, one, shutdown_timeout="1s").start()
    operator = Operator(agent, work)
    agent.counted(lines_delivered=1, checkpoints=2)
    broker.freeze()
    try:
        with path.open("a") as log:
            log.write("k=2\n" * 30000)
        agent.counted(in_flight=10000)
        agent.stop()
        path.unlink()
    finally:
        broker.thaw()
    agent.start()
    agent.wait_says(path, "gone while waybill was down", "are lost")
    operator.sees("status", "lost unread: files 1")
    operator.sees("explain", "absent: source a wants it", about=[path])
    assert operator.fires("WaybillLinesLost")
    agent.stop()


@pytest.mark.scenario("G02", "G03", "F01")
def test_a_state_that_cannot_be_written(cluster, topic, work, make_agent):
    one, path = source(work, topic)
    path.write_text("k=1\n" * 20000)
    agent = agent_of(make_agent, cluster.bootstrap, one, checkpoint_interval="100ms")
    disk = SmallDisk(agent)
    disk.start()
    # What lies in the agent's own mount is found through its process.
    place = f"/proc/{agent.process.pid}/root{agent.state}/control"
    operator = Operator(agent, work, socket=place)
    agent.counted(lines_delivered=20000, checkpoints=2)
    disk.fill()
    with path.open("a") as log:
        log.write("k=2\n" * 500)
    agent.wait_says("state_dir", "the checkpoint could not be written", "full", "a crash now would repeat")
    operator.sees("status", "the last checkpoint has been due for")
    age = wait_for(
        lambda: "waybill_checkpoint_age_seconds 3" in (text := operator.ask("metrics")) and text,
        60,
        "half a minute without one",
    )
    assert fires("WaybillStateNotWritten", age, work)
    disk.free()
    agent.wait_says("checkpoints are written again, after")
    assert not operator.fires("WaybillStateNotWritten")
    agent.stop()

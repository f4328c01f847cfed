# SPDX-License-Identifier: Apache-2.0
"""Incidents, seen by what an operator has: status, metrics, alerts with their page, the log and explain
name the same cause, and what mends it; when it is mended the alert is over."""

import re
import subprocess
import time

import pytest
from rig import config
from rig import proxy as actions
from rig.paths import ROOT
from rig.promtool import RULES, fires
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

    def same(self, cause, cure, *, log, about, alert, metric):
        """All five of them name cause and cure; a metric has but its name, labels and value. log: words
        of the message. Returns the scrape at which the alert fires."""
        self.agent.wait_says(*log, deadline=90)
        said = next(
            line for line in self.agent.messages().splitlines() if all(str(word) in line for word in log)
        )
        text = wait_for(
            lambda: re.search(metric, text := self.ask("metrics"), re.M) and text,
            90,
            lambda: f"{metric} in {self.ask('metrics')}",
        )
        assert fires(alert, text, self.work), text
        texts = {"the log": said, "the alert": alert_text(alert)}
        for name, words in (("status", ["status"]), ("explain", ["explain", about])):
            wait_for(lambda words=words: re.search(cause, self.ask(*words)), 30, lambda: self.ask(*words))
            texts[name] = self.ask(*words)
        for name, told in texts.items():
            assert re.search(cause, told), f"{name} does not name the cause, {cause}: {told}"
            assert re.search(cure, told), f"{name} does not name the cure, {cure}: {told}"
        return text

    def sees(self, command, *words, about=()):
        """Until the answer holds all of them."""
        return wait_for(
            lambda: all(str(word) in self.ask(command, *about) for word in words),
            30,
            lambda: f"{words} in {self.ask(command, *about)}",
        )


def alert_text(alert):
    """What it says, and its page."""
    rule = re.search(rf"- alert: {alert}\n(.*?)(?=- alert: |\Z)", RULES.read_text(), re.S)[1]
    page = re.search(rf"^## {alert}\n(.*?)(?=^## |\Z)", (ROOT / "docs/alerts.md").read_text(), re.M | re.S)[1]
    return " ".join(f"{rule} {page}".split())


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
    operator.same(
        "permission denied|cannot be (opened|read)",
        "right|be able to read",
        log=[path, "permission denied"],
        about=path,
        alert="WaybillFilesUnreadable",
        metric="^waybill_files_denied 1$",
    )
    operator.sees("status", "cannot be opened: files 1", "waybill check")
    operator.sees("explain", "unreadable: source a wants it", about=[path])
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
    text = operator.same(
        "is missing|does not exist",
        "[Mm]ake (it|the topic)",
        log=[f"topic {topic_name}", "does not exist", "wait"],
        about=f"{path}@0",
        alert="WaybillTopicNotReady",
        metric=f'^waybill_topic_ready{{topic="{topic_name}"}} 0$',
    )
    operator.sees("status", f"topic {topic_name} is missing")
    operator.sees("explain", "unread", f"topic {topic_name}, which is missing", about=[f"{path}@0"])
    assert 'waybill_files_held{reason="topic"} 1' in text and not fires("WaybillBrokersSilent", text, work)
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
        text = operator.same(
            "no broker (of .*)?answers",
            "[Mm]end the (brokers|network)",
            log=["no broker of"],
            about=f"{path}:2",
            alert="WaybillBrokersSilent",
            metric="^waybill_brokers_answer 0$",
        )
        operator.sees("explain", "in_flight", "no broker answers: ", about=[f"{path}:2"])
        operator.sees("explain", "no broker answers: ", about=[path])
        assert not fires("WaybillTopicNotReady", text, work)
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
    operator.same(
        "KEY_MISSING",
        "waybill dead-letters (list|replay)",
        log=[path, "position 4", "dead letter"],
        about=f"{path}:2",
        alert="WaybillDeadLetters",
        metric='^waybill_source_dead_letters_total{.*reason="KEY_MISSING.*} 1$',
    )
    operator.sees("status", "1 dead letter")
    operator.sees("explain", "dead: it is a dead letter: KEY_MISSING", about=[f"{path}:2"])
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
    operator.same(
        "gone while waybill was down|removed_while_stopped|removed while no agent ran|was deleted",
        "[Kk]eep rotated files longer",
        log=[path, "gone while waybill was down", "are lost"],
        about=path,
        alert="WaybillLinesLost",
        metric='_lost_bytes_total{source="a",reason="removed_while_stopped"} [1-9]',
    )
    operator.sees("status", "lost unread: files 1")
    lost = re.search(r'_lost_bytes_total.*"removed_while_stopped"} (\d+)', operator.ask("metrics"))
    assert int(lost[1]) > 0
    words = [f" {lost[1]} bytes were lost unread", "it was removed while no agent ran"]
    operator.sees("explain", "destroyed: ", *words, about=[path])
    # The next generation is there: who asks for the name learns of the loss all the same.
    path.write_text("k=3\n")
    operator.sees("explain", "idle", *words, about=[path])
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
    operator.same(
        "full",
        "[Mm]ake room",
        log=["state_dir", "the checkpoint could not be written", "a crash now would repeat"],
        about=path,
        alert="WaybillStateNotWritten",
        metric=r"^waybill_checkpoint_age_seconds [34]\d",
    )
    operator.sees("status", "the last checkpoint has been due for")
    operator.sees("explain", "state_dir: positions were not written for", about=[path])
    disk.free()
    agent.wait_says("checkpoints are written again, after")
    assert not operator.fires("WaybillStateNotWritten")
    agent.stop()


@pytest.mark.timeout(300)
@pytest.mark.scenario("G02", "G03", "E20")
def test_a_partition_that_is_slow(broker, own_topic, proxy, work, make_agent):
    """Its leader appends and does not answer; the other partitions go on meanwhile."""
    slow = 3
    one, path = source(work, own_topic, parser="order", key="${k}")
    path.write_text("".join(f"k={n}\n" for n in range(200)))
    proxy.rule = lambda request: (
        actions.SWALLOW if any(batch.partition == slow for batch in request.batches) else None
    )
    agent = agent_of(make_agent, proxy.bootstrap, one).start()
    operator = Operator(agent, work)
    number = f"partition {slow}"
    quiet = operator.same(
        f"topic {own_topic}:? {number}.*(wait|acknowledged nothing|no acknowledgement)|acknowledges nothing",
        r"\b[Ll]ook at (that )?broker",
        log=["records wait", number, "nothing is lost"],
        about=path,
        alert="WaybillPartitionSlow",
        metric=r"^waybill_topic_quiet_seconds\S* [34]\d\.",
    )
    assert proxy.faults(actions.SWALLOW) and not fires("WaybillBrokersSilent", quiet, work)
    operator.sees("status", f"topic {own_topic} {number}: ", "and no acknowledgement for", "look at broker 1")
    words = [f"topic {own_topic} {number} has acknowledged nothing for", "look at broker 1, which leads it"]
    operator.sees("explain", "waits for the acknowledgement of", *words, about=[path])
    position = re.search(r"before position (\d+)", operator.ask("explain", path))[1]
    operator.sees("explain", "in_flight: it was sent", *words, about=[f"{path}@{position}"])
    said = operator.ask("explain", f"{path}@{position}")
    assert re.search(rf"it was sent to topic {own_topic} {number} \d+ s ago", said), said
    proxy.rule = None
    agent.counted(lines_delivered=200, deadline=120)
    assert not operator.fires("WaybillPartitionSlow")
    operator.sees("explain", "idle", about=[path])
    agent.stop()


@pytest.mark.scenario("G02", "G03", "E06", "C13")
def test_a_batch_with_poison(cluster, topic_name, work, make_agent):
    """Brokers refuse all of a batch for the time of one record: all others arrive, that one is kept, and
    is there when the topic takes it."""
    topic = cluster.make_topic(topic_name, partitions=1, message_timestamp_before_max_ms=3_600_000)
    time_of = {"parser": "order", "timestamp": "${k}", "timestamp_format": "epoch_s"}
    one, path = source(work, topic, timestamp_max_past="36500d", **time_of)
    now, y2k, reason = int(time.time()), 946684800, "INVALID_TIMESTAMP"
    path.write_text("".join(f"k={y2k if n == 7 else now}\n" for n in range(20)))
    agent = agent_of(make_agent, cluster.bootstrap, one).start()
    operator = Operator(agent, work)
    agent.counted(lines_delivered=19, lines_dead=1, checkpoints=2, deadline=60)
    agent.wait_says(topic, "brokers refuse a batch", reason, "one at a time")
    agent.wait_says(path, f"position {7 * len(f'k={now}') + 7}", reason, "dead letter")
    text = operator.same(
        reason,
        "waybill dead-letters (list|replay)",
        log=[path, reason, "dead letter"],
        about=f"{path}:8",
        alert="WaybillDeadLetters",
        metric=f'^waybill_source_dead_letters_total{{source="a",reason="{reason}"}} 1$',
    )
    operator.sees("status", f"1 dead letter, 11 B of 64.0 MiB, now for {reason}", "waybill dead-letters list")
    operator.sees("explain", f"dead: it is a dead letter: {reason}", "dead-letters replay", about=[f"{path}:8"])
    operator.sees("explain", "settled: ", about=[f"{path}:9"])
    assert not fires("WaybillProducersReplaced", text, work)
    operator.sees("dead-letters", reason, about=["list", "a"])
    cluster.alter_topic(topic, message_timestamp_before_max_ms=9223372036854775807)
    replay = [agent.program, "dead-letters", "replay", *operator.where, "a", "--yes"]
    wait_for(lambda: subprocess.run(replay, timeout=60).returncode == EX_OK, 60, "the topic to take it")
    assert "dead letter" not in operator.ask("status")
    agent.stop()

# SPDX-License-Identifier: Apache-2.0
"""SIGHUP that asks for a restart in place: nothing is lost, and a wrong configuration is refused."""

import fcntl
import os
import random
import shutil
import signal
import termios
import time

import pytest
from rig import config
from rig.agent import EX_OK
from rig.paths import WAYBILL
from rig.process import status
from rig.reader import Reader
from rig.wait import last, wait_for
from rig.writer import Load

RELOADS = 30
STOPS = 20


class Life:
    """An agent that can be configured anew: header "life" tells which configuration a record had."""

    def __init__(self, agent, manager, bootstrap, topic, paths, settings):
        self.agent, self.manager = agent, manager
        self.bootstrap, self.topic, self.paths, self.settings = bootstrap, topic, paths, settings
        self.number = 0
        agent.env = manager.env()
        self.configure()
        agent.start()
        manager.wait("READY", 1)
        self.pid = agent.process.pid

    def configure(self, *more_sources):
        life = {"name": "life", "value": str(self.number)}
        source = config.source(self.topic, self.paths, headers=[*config.HEADERS, life])
        sources = [source, *more_sources]
        self.agent.configure(config.settings(self.bootstrap, sources, **self.settings))

    def break_configuration(self):
        text = self.agent.config.read_text()
        self.agent.config.write_text(text + "sorces: ( );\n")

    def hang_up(self):
        self.agent.signal(signal.SIGHUP)

    def ask_restart(self):
        self.agent.ask_restart()

    def reload(self, *more_sources):
        """Whole: until the next one is ready."""
        ready = self.manager.firsts().count("READY")
        self.number += 1
        self.configure(*more_sources)
        self.ask_restart()
        self.manager.wait("READY", ready + 1)
        assert self.agent.running() and self.agent.process.pid == self.pid

    def executes(self):
        return os.readlink(f"/proc/{self.pid}/exe")

    def descriptors(self):
        return len(os.listdir(f"/proc/{self.pid}/fd"))

    def read(self):
        """Lines that all lives together have read, after the end."""
        return sum(counters["lines_read"] for counters in self.agent._printed())


@pytest.fixture
def make_life(make_agent, manager, work):
    def make(cluster, topic, paths=(), program=WAYBILL, before=None, **settings):
        agent = make_agent(cluster.bootstrap, topic)
        agent.program, agent.before = program, before
        paths = paths or [work / "log" / "*.log"]
        return Life(agent, manager, cluster.bootstrap, topic, paths, settings)

    return make


def lives_by_partition(cluster, topic):
    """The "life" of every record, per partition in the order of offsets."""
    found = {}
    for record in Reader(cluster.bootstrap, topic).records(60):
        found.setdefault(record.partition, []).append(int(dict(record.headers)["life"]))
    return found


@pytest.mark.timeout(300)
@pytest.mark.scenario("F03")
def test_many_reloads_under_load(cluster, topic, make_lineage, make_life, make_oracle, manager):
    lineages = [make_lineage(name) for name in "ab"]
    oracle = make_oracle(cluster, topic, lineages, unjudged={"life"})
    life = make_life(cluster, topic)
    loads = [Load(lineage, rate=3000) for lineage in lineages]
    descriptors = []
    for _ in range(RELOADS):
        before = oracle.in_topic()
        life.reload()
        wait_for(lambda: oracle.in_topic() > before, 20, "lines of this life")
        descriptors.append(life.descriptors())
    written = sum(load.stop() for load in loads)
    wait_for(lambda: oracle.in_topic() >= written, 30, "the rest")
    life.agent.stop()

    oracle.judge().assert_clean(written)
    assert life.read() == written
    lives = lives_by_partition(cluster, topic)
    for partition in lives.values():
        assert partition == sorted(partition), "a record of an earlier configuration came later"
    seen = set().union(*lives.values())
    assert RELOADS in seen and len(seen) > RELOADS // 2, f"no load at the reloads: {seen}"
    assert max(descriptors) <= descriptors[0] + 3, f"descriptors are inherited: {descriptors}"
    assert manager.firsts() == ["READY"] + ["RELOADING", "READY"] * RELOADS + ["STOPPING"]
    reloading = [notice for notice in manager.notices if "RELOADING" in notice]
    times = [int(notice["MONOTONIC_USEC"]) for notice in reloading]
    assert times == sorted(set(times)) and times[-1] <= time.monotonic_ns() // 1000


def test_new_source_and_new_topic(cluster, topic, make_lineage, make_life, make_oracle):
    old, new = make_lineage("old").append(1000), make_lineage("new").append(1000)
    other = cluster.make_topic(f"{topic}-other")
    life = make_life(cluster, topic, paths=[old.path])
    oracle = make_oracle(cluster, topic, [old], unjudged={"life"})
    wait_for(lambda: oracle.in_topic() >= 1000, 20, "the old source's lines")
    life.reload(config.source(other, [new.path], name="second"))
    old.append(500)
    second = make_oracle(cluster, other, [new])
    wait_for(lambda: second.in_topic() >= 1000 and oracle.in_topic() >= 1500, 20, "both")
    life.agent.stop()
    oracle.judge().assert_clean(written=1500)
    second.judge().assert_clean(written=1000)


@pytest.mark.scenario("F03")
def test_wrong_configuration_is_refused(
    cluster, topic, make_lineage, make_life, make_oracle, manager
):
    lineage = make_lineage("a").append(100)
    oracle = make_oracle(cluster, topic, [lineage], unjudged={"life"})
    life = make_life(cluster, topic)
    life.number += 1
    life.configure()
    life.break_configuration()
    life.hang_up()
    said = life.agent.wait_says("sorces", "did you mean")
    assert "waybill: error: " in said and f"{life.agent.config}:" in said
    said = life.agent.wait_says("reload refused")
    assert not life.agent.says("nothing more is read"), "it was taken for right at first"
    assert "stays in force" in said and f"waybill check --config {life.agent.config}" in said
    manager.wait("READY", 2)
    lineage.append(100)
    wait_for(lambda: oracle.in_topic() >= 200, 20, "lines, as before")
    life.agent.config.unlink()
    life.hang_up()
    manager.wait("READY", 3)
    assert life.agent.says(life.agent.config, "No such file")
    before = life.agent.messages().count("started:")
    life.reload()
    assert life.agent.messages().count("started:") == before + 1
    lineage.append(100)
    wait_for(lambda: oracle.in_topic() >= 300, 20, "lines of the new configuration")
    life.agent.stop()
    oracle.judge().assert_clean(written=300)
    lives = lives_by_partition(cluster, topic)
    assert sorted(sum(lives.values(), [])) == [0] * 200 + [2] * 100


def test_another_state_dir_is_refused(cluster, topic, make_lineage, make_life, work):
    life = make_life(cluster, topic, state_dir=work / "first")
    life.settings["state_dir"] = work / "second"
    life.reload()  # --state-dir is given: the setting counts for nothing
    life.agent.stop()
    life.agent.command = lambda: [WAYBILL, "run", "--config", life.agent.config]
    life.agent.start()
    life.settings["state_dir"] = work / "third"
    life.configure()
    life.hang_up()
    life.agent.wait_says("state_dir", work / "third", "restart waybill")
    life.agent.wait_says("reload refused")
    life.agent.stop()
    assert (work / "second").is_dir() and not (work / "third").exists()


@pytest.fixture
def stuck(broker, own_topic, make_lineage, make_life, make_oracle):
    """A life with 500 lines under way to a frozen broker; thawed at the end."""
    lineage = make_lineage("a").append(1000)

    def run(**settings):
        life = make_life(broker, own_topic, **settings)
        oracle = make_oracle(broker, own_topic, [lineage], unjudged={"life"})
        wait_for(lambda: oracle.in_topic() >= 1000, 20, "the first lines")
        broker.freeze()
        lineage.append(500)
        life.agent.counted(lines_read=1500)
        return life, lineage, oracle

    yield run
    broker.thaw()


@pytest.mark.scenario("F03")
def test_reload_while_the_broker_is_frozen(broker, stuck, manager):
    """What is not acknowledged within shutdown_timeout is sent again: at most those 500 lines."""
    life, lineage, oracle = stuck(shutdown_timeout="2s")
    life.reload()
    assert life.agent.says("shutdown_timeout", "500 records unacknowledged")
    lineage.append(500)
    broker.thaw()
    wait_for(oracle.complete, 30, "all lines")
    life.agent.stop()
    verdict = oracle.judge()
    assert verdict.DUP <= 500
    verdict.assert_clean(written=2000, dup=verdict.DUP)


def test_reload_waits_for_reports(broker, stuck, manager):
    """A second SIGHUP meanwhile is harmless, and the configuration is that of the end."""
    life, lineage, oracle = stuck()
    life.ask_restart()
    life.agent.wait_says("SIGHUP: reload", "nothing more is read")
    life.number = 7
    life.configure()
    life.hang_up()
    lineage.append(500)
    broker.thaw()
    manager.wait("READY", 2)
    wait_for(oracle.complete, 30, "all lines")
    assert life.agent.process.pid == life.pid
    life.agent.stop()
    oracle.judge().assert_clean(written=2000)
    assert sorted(sum(lives_by_partition(broker, life.topic).values(), [])) == [0] * 1500 + [7] * 500


@pytest.mark.scenario("F03")
def test_configuration_broken_during_the_reload(broker, stuck, manager):
    life, lineage, oracle = stuck()
    life.ask_restart()
    life.agent.wait_says("SIGHUP: reload", "nothing more is read")
    life.number = 7
    life.configure()
    life.break_configuration()
    lineage.append(500)
    broker.thaw()
    life.agent.wait_says("reload refused")
    manager.wait("READY", 2)
    wait_for(oracle.complete, 30, "reading goes on")
    life.agent.stop()
    oracle.judge().assert_clean(written=2000)
    life.agent.assert_true(read=2000)
    assert sum(lives_by_partition(broker, life.topic).values(), []) == [0] * 2000


@pytest.mark.scenario("F02")
def test_sigterm_during_a_reload_stops(broker, stuck, manager):
    life, _, oracle = stuck()
    life.ask_restart()
    life.agent.wait_says("SIGHUP: reload", "nothing more is read")
    life.agent.signal(signal.SIGTERM)
    life.agent.wait_says("SIGTERM: nothing more is read")
    broker.thaw()
    assert life.agent.wait_exit(20) == EX_OK
    assert manager.firsts() == ["READY", "RELOADING", "STOPPING"]
    oracle.judge().assert_clean(written=1500)


@pytest.mark.scenario("F02")
def test_sigterm_between_two_programs(cluster, topic, make_lineage, make_life, make_oracle):
    """At whichever instant after SIGHUP it comes, the end is an orderly one."""
    chance = random.Random(29)
    lineage = make_lineage("a")
    load = Load(lineage, rate=2000)
    oracle = make_oracle(cluster, topic, [lineage], unjudged={"life"})
    life = make_life(cluster, topic)
    for _ in range(STOPS):
        life.ask_restart()
        last(chance.uniform(0, 0.1))
        life.agent.stop()
        life.agent.start()
    written = load.stop()
    wait_for(lambda: oracle.in_topic() >= written, 30, "the rest")
    life.agent.stop()
    oracle.judge().assert_clean(written)


def test_upgraded_program(cluster, topic, make_agent, make_life, manager, work):
    """The next program is the one that lies at our path, not the deleted one that still runs."""
    program = work / "waybill-copy"

    def install():
        shutil.copy2(WAYBILL, work / "unpacked")
        os.rename(work / "unpacked", program)

    install()
    life = make_life(cluster, topic, program=program)
    install()
    assert life.executes() == f"{program} (deleted)"
    life.reload()
    assert life.executes() == str(program)
    assert status(life.pid)["Name"] == program.name
    program.unlink()
    life.hang_up()
    life.agent.wait_says(program, "restart waybill")
    manager.wait("READY", 3)
    assert life.agent.running()
    life.agent.stop()


def test_until_eof_ends(broker, own_topic, make_lineage, make_agent, make_oracle):
    """There is nothing to reload for it: SIGHUP is what it is for any command."""
    lineage = make_lineage("a").append(1000)
    agent = make_agent(broker.bootstrap, own_topic)
    oracle = make_oracle(broker, own_topic, [lineage])
    broker.freeze()
    try:
        agent.start("--until-eof")
        agent.signal(signal.SIGHUP)
        agent.wait_says("SIGHUP: nothing more is read")
    finally:
        broker.thaw()
    assert agent.wait_exit(20) == EX_OK
    assert agent.run("--until-eof") == EX_OK
    oracle.judge().assert_clean(written=1000)


@pytest.mark.parametrize("ignored", [False, True])
def test_end_of_the_terminal_stops(cluster, topic, make_life, manager, ignored):
    """SIGHUP of the kernel: nobody is there any more to reload for. nohup(1) is respected."""
    master, slave = os.openpty()

    def take_terminal():
        os.setsid()
        fcntl.ioctl(slave, termios.TIOCSCTTY, 0)
        if ignored:
            signal.signal(signal.SIGHUP, signal.SIG_IGN)

    life = make_life(cluster, topic, before=take_terminal)
    os.close(slave)
    os.close(master)
    if ignored:
        life.agent.counters()
        life.reload()
        life.agent.stop()
        return
    assert life.agent.wait_exit(10) == EX_OK
    assert life.agent.says("SIGHUP: nothing more is read")
    assert manager.firsts() == ["READY", "STOPPING"]

# SPDX-License-Identifier: Apache-2.0
"""SIGHUP that a running agent takes: nothing is waited for, and no producer is made anew."""

import json
import os
import shutil
import signal
import urllib.request

import pytest
from rig import config
from rig.paths import WAYBILL
from rig.process import free_port
from rig.wait import wait_for


def agent_line(agent):
    lines = [json.loads(line) for line in agent.ask("status", "--json").splitlines()]
    return next(line for line in lines if line["kind"] == "agent")


class Running:
    """An agent with lines under way that nobody acknowledges, and reloads of it."""

    def __init__(self, agent, manager):
        self.agent, self.manager = agent, manager
        agent.env = manager.env()
        agent.start()
        manager.wait("READY", 1)
        self.pid = agent.process.pid

    def hang_up(self):
        """Whole: until it says that it is ready, in the same life."""
        lives = self.agent.messages().count("started:")
        ready = self.manager.firsts().count("READY")
        self.agent.signal(signal.SIGHUP)
        self.manager.wait("READY", ready + 1)
        assert self.agent.process.pid == self.pid
        assert self.agent.messages().count("started:") == lives
        assert not self.agent.says("nothing more is read")


@pytest.fixture
def stuck(broker, own_topic, make_lineage, make_agent, make_oracle, manager):
    """1000 lines are there, 500 under way to a frozen broker, which waits for no reload."""
    lineage = make_lineage("a").append(1000)

    def run(**settings):
        agent = make_agent(broker.bootstrap, own_topic, **settings)
        running = Running(agent, manager)
        oracle = make_oracle(broker, own_topic, [lineage])
        wait_for(lambda: oracle.in_topic() >= 1000, 20, "the first lines")
        broker.freeze()
        lineage.append(500)
        agent.counted(lines_read=1500, in_flight=500)
        return running, lineage, oracle

    yield run
    broker.thaw()


def ends_clean(running, broker, lineage, oracle):
    lineage.append(500)
    broker.thaw()
    wait_for(oracle.complete, 30, "all lines")
    running.agent.stop()
    oracle.judge().assert_clean(written=2000)
    assert running.agent._printed()[-1]["producers_made"] == 1


@pytest.mark.scenario("F03")
def test_the_same_configuration(broker, stuck, manager):
    running, lineage, oracle = stuck()
    agent = running.agent
    before = agent_line(agent)
    running.hang_up()
    assert agent.says("SIGHUP: reload: configuration is unchanged")
    text = agent.config.read_text()
    agent.config.write_text(f"# a comment\n\n{text}\n/* and one more */\nmax_line = \"1024KiB\";\n")
    running.hang_up()
    assert agent.messages().count("configuration is unchanged") == 2
    after = agent_line(agent)
    assert after["generation"] == before["generation"] == 1
    assert after["reloaded_s"] >= before["reloaded_s"]
    assert manager.firsts() == ["READY"] + ["RELOADING", "READY"] * 2
    ends_clean(running, broker, lineage, oracle)


def answers(port):
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=20) as answer:
        return answer.read().decode()


@pytest.mark.scenario("F03")
def test_limits(broker, own_topic, stuck, work):
    """Each is in force at once; nothing of the 500 lines is waited for."""
    ports = free_port(), free_port()
    running, lineage, oracle = stuck(http_listen=f"127.0.0.1:{ports[0]}")
    agent = running.agent
    assert "waybill_configuration_generation 1\n" in answers(ports[0])
    source = config.source(own_topic, [work / "log" / "*.log"], max_rate="9MiB/s", dead_letter_max=7000)
    more = {
        "http_listen": f"127.0.0.1:{ports[1]}",
        "log_format": "json",
        "max_rate": "10MiB/s",
        "dead_letter_max": 8000,
        "checkpoint_interval": "50ms",
    }
    agent.configure(config.settings(broker.bootstrap, [source], **more))
    running.hang_up()
    said = json.loads(agent.says("settings are taken").splitlines()[-1])
    assert said["id"] == "reload-taken", said
    for name in more:
        assert name in said["message"], said
    text = answers(ports[1])
    assert "waybill_configuration_generation 2\n" in text
    assert 'waybill_source_rate_limit_bytes{source="lines"} 9437184\n' in text
    assert 'waybill_source_dead_letter_limit_bytes{source="lines"} 7000\n' in text
    assert "waybill_dead_letter_limit_bytes 8000\n" in text
    with pytest.raises(OSError):
        answers(ports[0])
    more["log_format"] = "text"
    agent.configure(config.settings(broker.bootstrap, [source], **more))
    running.hang_up()
    assert agent.says("info: SIGHUP: reload: settings are taken, all goes on: log_format")
    ends_clean(running, broker, lineage, oracle)


def test_wrong_limit_is_refused(cluster, topic, make_lineage, make_agent, make_oracle, manager):
    lineage = make_lineage("a").append(100)
    agent = make_agent(cluster.bootstrap, topic)
    running = Running(agent, manager)
    text = agent.config.read_text()
    agent.config.write_text(text + 'max_rate = "fast";\n')
    running.hang_up()
    assert agent.says("max_rate", "cannot read") and agent.says("reload refused")
    agent.config.write_text(text)
    line = agent_line(agent)
    assert line["reload_refused"] and line["generation"] == 1
    agent.config.write_text(text + 'max_rate = "50MiB/s";\n')
    running.hang_up()
    line = agent_line(agent)
    assert not line["reload_refused"] and line["generation"] == 2
    lineage.append(100)
    oracle = make_oracle(cluster, topic, [lineage])
    wait_for(oracle.complete, 20, "all lines")
    agent.stop()
    oracle.judge().assert_clean(written=200)


def test_another_program(cluster, topic, make_agent, manager, work):
    """With the same configuration: it is executed, and counts on from the generation before."""
    program = work / "waybill-copy"
    shutil.copy2(WAYBILL, program)
    agent = make_agent(cluster.bootstrap, topic)
    agent.program = program
    running = Running(agent, manager)
    running.hang_up()
    shutil.copy2(WAYBILL, work / "unpacked")
    os.rename(work / "unpacked", program)
    agent.signal(signal.SIGHUP)
    agent.wait_says("reload: restarts in place because the program was replaced")
    manager.wait("READY", 3)
    assert os.readlink(f"/proc/{running.pid}/exe") == str(program)
    assert agent_line(agent)["generation"] == 2
    agent.stop()

# SPDX-License-Identifier: Apache-2.0
"""Bad input of the start: configuration, broker, state directory. One message, the right code."""

import signal

import pytest
from rig import config
from rig.agent import (
    EX_CANTCREAT,
    EX_CONFIG,
    EX_NOINPUT,
    EX_NOPERM,
    EX_OK,
    EX_SOFTWARE,
    EX_UNAVAILABLE,
    EX_USAGE,
)
from rig.paths import ROOT
from rig.process import free_port
from rig.rights import UNPRIVILEGED
from rig.wait import wait_for

NOWHERE = "127.0.0.1:1"


def spoil(**changes):
    """A good configuration with something changed: main=, kafka=, source=, parser=."""
    settings = config.settings(NOWHERE, [config.source("t", ["/nowhere/*.log"])])
    settings["kafka"].update(changes.get("kafka", {}))
    settings["sources"][0].update(changes.get("source", {}))
    settings["parsers"][0].update(changes.get("parser", {}))
    settings.update(changes.get("main", {}))
    return config.render_settings(settings)


BROKEN = {
    "syntax": ("linger_ms = ;", ["waybill.conf:1", "syntax"]),
    "unknown-key": (spoil(main={"lingr_ms": 5}), ["waybill.conf:", "lingr_ms", "linger_ms"]),
    "unknown-source-key": (spoil(source={"pahts": ["/x"]}), ["waybill.conf:", "pahts", "paths"]),
    "wrong-type": (spoil(main={"linger_ms": "soon"}), ["waybill.conf:", "linger_ms"]),
    "out-of-range": (spoil(main={"linger_ms": 100000}), ["waybill.conf:", "linger_ms"]),
    "bad-time": (spoil(main={"shutdown_timeout": "5 parsecs"}), ["waybill.conf:", "shutdown_timeout"]),
    "pattern": (spoil(parser={"pattern": "^(?<a>x"}), ["waybill.conf:", "pattern"]),
    "unknown-field": (spoil(source={"key": "${ordr_id}"}), ["waybill.conf:", "ordr_id", "order_id"]),
    "unknown-parser": (spoil(source={"parser": "other"}), ["waybill.conf:", "other"]),
    "relative-path": (spoil(source={"paths": ["x/*.log"]}), ["waybill.conf:", "x/*.log"]),
    "reserved": (spoil(kafka={"message_timeout_ms": 5000}), ["waybill.conf:", "message_timeout_ms"]),
    "reserved-linger": (spoil(kafka={"linger_ms": 5}), ["waybill.conf:", "linger_ms"]),
    "unknown-property": (spoil(kafka={"compresion_type": "lz4"}), ["waybill.conf:", "compresion"]),
    "bad-property": (spoil(kafka={"compression_type": "rar"}), ["waybill.conf:", "compression"]),
}


@pytest.mark.parametrize("name", BROKEN)
@pytest.mark.scenario("F04")
def test_broken_configuration(make_agent, name):
    text, words = BROKEN[name]
    agent = make_agent(text=text)
    assert agent.run(deadline=10) == EX_CONFIG, agent.messages()
    assert agent.says(*words), agent.messages()
    assert not agent.state.exists()


@pytest.mark.scenario("F04")
def test_all_problems_at_once(make_agent):
    agent = make_agent(text=spoil(main={"lingr_ms": 5}, source={"key": "${ordr_id}", "pahts": "x"}))
    assert agent.run(deadline=10) == EX_CONFIG
    for word in ("lingr_ms", "ordr_id", "pahts"):
        assert agent.says(word), agent.messages()


def test_missing_configuration(make_agent):
    agent = make_agent(text="")
    agent.config.unlink()
    assert agent.run(deadline=10) == EX_NOINPUT
    assert agent.says("waybill.conf", "no such file")


def test_unknown_option(make_agent):
    agent = make_agent(text=spoil())
    assert agent.run("--no-such-option", deadline=10) == EX_USAGE
    assert agent.says("no-such-option")


@pytest.mark.scenario("G03")
def test_missing_broker(work, make_lineage, make_agent):
    """It waits, says so with the address and the setting, costs nothing, and can be stopped."""
    make_lineage("a").append(1000)
    address = f"127.0.0.1:{free_port()}"
    agent = make_agent(address, "t").start()
    agent.wait_says(address)
    assert agent.says("bootstrap_servers"), agent.messages()
    assert agent.counters()["lines_delivered"] == 0
    agent.signal(signal.SIGTERM)
    assert agent.wait_exit(10) == EX_OK
    assert len(agent.messages().splitlines()) < 20, agent.messages()


def test_state_directory_not_writable(work, make_agent):
    agent = make_agent(text=spoil())
    agent.prefix = UNPRIVILEGED
    agent.state.mkdir()
    agent.state.chmod(0o555)
    assert agent.run(deadline=10) in (EX_CANTCREAT, EX_NOPERM)
    assert agent.says(agent.state), agent.messages()
    assert agent.says("state_dir"), agent.messages()


def test_state_directory_is_a_file(make_agent):
    agent = make_agent(text=spoil())
    agent.state.write_text("")
    assert agent.run(deadline=10) in (EX_CANTCREAT, EX_NOPERM)
    assert agent.says(agent.state), agent.messages()


@pytest.mark.scenario("B12")
def test_state_of_a_newer_version(make_agent):
    """A downgrade changes nothing, says what to do, and is not tried again by the service."""
    agent = make_agent(text=spoil())
    agent.state.mkdir()
    database = bytearray((ROOT / "tests/past/format-2.db").read_bytes())
    database[60:64] = (99).to_bytes(4, "big")
    (agent.state / "waybill.db").write_bytes(database)
    assert agent.run(deadline=10) == EX_CONFIG, agent.messages()
    assert agent.says("newer waybill", "format 99", "state_dir"), agent.messages()
    assert (agent.state / "waybill.db").read_bytes() == database


@pytest.mark.scenario("B10", "F09")
def test_state_directory_locked(cluster, topic, make_lineage, make_agent, make_oracle):
    """The second one is told who holds it, the first one is not disturbed; after a SIGKILL
    the directory is free at once."""
    lineage = make_lineage("a").append(1000)
    first = make_agent(cluster.bootstrap, topic).start()
    oracle = make_oracle(cluster, topic, [lineage])
    wait_for(lambda: oracle.in_topic() >= 1000, 20, "the first agent")
    second = make_agent(cluster.bootstrap, topic)
    second.state = first.state
    assert second.run(deadline=10) in (EX_UNAVAILABLE, EX_SOFTWARE, EX_CANTCREAT)
    assert second.says(first.state, first.process.pid), second.messages()
    lineage.append(1000)
    wait_for(lambda: oracle.in_topic() >= 2000, 20, "the first agent goes on")
    first.counted(checkpoints=1, lines_delivered=2000)
    first.stop()
    first.start()
    first.kill()
    assert second.run("--until-eof") == EX_OK
    oracle.judge().assert_clean(written=2000)


DAMAGE = {
    "zeroed": lambda data: bytes(len(data)),
    "cut": lambda data: data[: len(data) // 2 + 100],
    "empty": lambda data: b"",
    "text": lambda data: b"this is no database" * 1000,
}


@pytest.fixture
def damaged(cluster, topic, make_lineage, make_agent, make_oracle):
    """An agent whose 1,000 lines are shipped and whose database is then spoilt."""

    def run(kind, **settings):
        lineage = make_lineage("a").append(1000)
        agent = make_agent(cluster.bootstrap, topic, **settings)
        assert agent.run("--until-eof") == EX_OK
        database = agent.state / "waybill.db"
        (agent.state / "waybill.db-wal").unlink(missing_ok=True)
        database.write_bytes(DAMAGE[kind](database.read_bytes()))
        lineage.append(100)
        return agent, make_oracle(cluster, topic, [lineage])

    return run


@pytest.mark.parametrize("kind", DAMAGE)
@pytest.mark.scenario("B04")
def test_damaged_database(damaged, kind):
    """Set aside, said, and by default read again from the beginning: repeats, but no loss."""
    agent, oracle = damaged(kind)
    assert agent.run("--until-eof") == EX_OK
    assert agent.says("waybill.db.damaged-"), agent.messages()
    assert agent.says("state_damaged"), agent.messages()
    assert len(list(agent.state.glob("waybill.db.damaged-*"))) >= 1
    oracle.judge().assert_clean(written=1100, dup=1000)
    assert agent.run("--until-eof") == EX_OK
    oracle.judge().assert_clean(written=1100, dup=1000)


@pytest.mark.scenario("B04")
def test_damaged_database_stop(damaged):
    agent, oracle = damaged("text", state_damaged="stop")
    code = agent.run("--until-eof")
    assert code not in (EX_OK, EX_CONFIG) and code > 0
    assert agent.says("waybill.db"), agent.messages()
    assert oracle.judge().records == 1000

# SPDX-License-Identifier: Apache-2.0
"""Records that are refused are told: one line a source, reason and minute, without their content, and
by a status of its own when a run ends."""

import pytest
from rig import config
from rig.agent import EX_DATAERR, EX_OK
from rig.wait import wait_for


@pytest.fixture
def source(topic, work):
    """A source that refuses lines without a key, and the path of its log."""
    path = work / "log" / "a.log"
    one = {"name": "orders", "paths": [str(path)], "parser": "order", "topic": topic}
    return {**one, "key": "${k}", "on_missing_key": "dead_letter"}, path


@pytest.mark.scenario("G01", "G03")
def test_dead_letters_are_told(cluster, source, make_agent):
    one, path = source
    path.write_text("k=1 fine\n" + "".join(f"secret-{n}\n" for n in range(200)) + "k=2 fine\n")
    settings = config.settings(cluster.bootstrap, [one], pattern=r"k=(?<k>\S+)")
    agent = make_agent(text=config.render_settings(settings))
    assert agent.run("--until-eof") == EX_DATAERR
    told = [line for line in agent.messages().splitlines() if "a record was refused" in line]
    # The first at once, and how many followed.
    assert len(told) == 2, agent.messages()
    assert f"{path}: position 9:" in told[0] and "KEY_MISSING" in told[0] and "source orders" in told[0]
    assert "one of 199 like it" in told[1]
    assert agent.says("200 records were refused", "dead letters", agent.state / "waybill.db")
    assert "secret" not in agent.messages()
    assert agent.run("--until-eof") == EX_OK, "they are settled, and told once"


@pytest.mark.scenario("G03")
def test_told_while_it_runs(cluster, source, make_agent):
    one, path = source
    settings = config.settings(cluster.bootstrap, [one], pattern=r"k=(?<k>\S+)")
    agent = make_agent(text=config.render_settings(settings)).start()
    path.write_text("k=1 fine\n")
    agent.counted(lines_delivered=1)
    with path.open("a") as log:
        log.write("none\n")
    agent.wait_says("a record was refused", f"{path}: position 9")
    wait_for(lambda: agent.counters()["lines_dead"] == 1, 10, "a dead letter")
    agent.stop()

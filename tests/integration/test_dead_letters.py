# SPDX-License-Identifier: Apache-2.0
"""Records that are refused are told: one line a source, reason and minute, without their content, and
by a status of its own when a run ends."""

import pytest
from rig import config
from rig.agent import EX_DATAERR, EX_OK
from rig.reader import Reader
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
    assert "suppressed 198 of 199 like it" in told[1]
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


FILES = 300  # of the source at its limit
NONE = "none\n"
LETTERS = 50  # so many it may keep


def expect_sum(agent):
    """What agent/README.md says of the counters, while lines wait."""
    counters = agent.counters()
    parts = ("lines_delivered", "in_flight", "lines_waiting", "lines_filtered", "lines_dead", "lines_forgotten")
    assert counters["lines_read"] == sum(counters[part] for part in parts), counters
    return counters


@pytest.mark.scenario("D09", "G01", "G03")
def test_a_source_at_its_limit_beside_another(cluster, topic, topic_name, work, make_agent):
    """Each of its files waits with a line that finds no room among the dead letters. The other source goes
    on, after a restart, too; and what is dropped is room for the next ones, until all is settled."""
    other = cluster.make_topic(f"{topic_name}-other")
    good, bad = work / "log" / "good.log", work / "log" / "bad"
    bad.mkdir()
    good.touch()
    for number in range(FILES):
        (bad / f"{number}.log").write_text(f"k={number} first\n{NONE}k={number} last\n")
    sources = [
        {"name": "good", "paths": [str(good)], "parser": "order", "topic": topic},
        {"name": "bad", "paths": [str(bad / "*.log")], "parser": "order", "topic": other, "key": "${k}"},
    ]
    sources[1] |= {"on_missing_key": "dead_letter", "dead_letter_max": LETTERS * (len(NONE) - 1)}
    settings = config.settings(cluster.bootstrap, sources, pattern=r"k=(?<k>\S+)")
    agent = make_agent(text=config.render_settings(settings))
    for life in range(2):
        agent.start()
        agent.wait_says("source bad", "dead_letter_max")
        before = agent.counters()["lines_delivered"]
        for batch in range(1, 11):
            with good.open("a") as log:
                log.write("".join(f"k={life} {batch} {number}\n" for number in range(1000)))
            agent.counted(lines_delivered=before + batch * 1000)
        expect_sum(agent)
        agent.stop()
    agent.start()
    for dropped in range(LETTERS, FILES, LETTERS):
        wait_for(
            lambda: agent.ask("dead-letters", "list", "bad").count("KEY_MISSING") == LETTERS, 30, "so many are kept"
        )
        agent.ask("dead-letters", "drop", "bad", "--yes")
        wait_for(lambda want=dropped: expect_sum(agent)["letters_dropped"] == want, 20, f"{dropped} dropped")
    reader = Reader(cluster.bootstrap, other)
    wait_for(lambda: len(reader.records()) == 2 * FILES, 60, "all else of the source")
    expect_sum(agent)
    agent.stop()
    values = sorted(record.value for record in Reader(cluster.bootstrap, other).records())
    assert values == sorted(b"k=%d %s" % (n, which) for n in range(FILES) for which in (b"first", b"last"))
    assert len(Reader(cluster.bootstrap, topic).records()) == 20000

# SPDX-License-Identifier: Apache-2.0
"""Rename rotation: no generation is abandoned, repeated or overtaken."""

import pytest
from rig.wait import wait_for
from rig.writer import Load


@pytest.mark.scenario("A01")
def test_rotation_under_load_with_a_restart(cluster, topic, make_lineage, make_agent, make_oracle):
    lineages = [make_lineage(name) for name in "abc"]
    agent = make_agent(cluster.bootstrap, topic).start()
    oracle = make_oracle(cluster, topic, lineages)
    loads = [Load(lineage, rate=10000, total=105000, rotate_every=10000) for lineage in lineages]
    wait_for(lambda: oracle.in_topic() > 100000, 60, "a third")
    agent.stop()
    rotated = agent.counters()["rotations"]
    agent.start()
    written = sum(load.join() for load in loads)
    wait_for(lambda: oracle.in_topic() >= written, 60, lambda: f"{oracle.in_topic()} of {written}")
    agent.counted(rotations=30 - rotated)
    agent.stop()
    oracle.judge().assert_clean(written)
    assert [len(lineage.inodes) for lineage in lineages] == [11, 11, 11]
    assert rotated > 0
    assert agent.counters()["rotations"] == 30 - rotated


@pytest.mark.scenario("A15")
def test_backlog_of_generations(cluster, topic, make_lineage, make_agent, make_oracle):
    """Five generations appear faster than they are read, and are read one after the other."""
    lineage = make_lineage("a", keys=50).append(1000)
    agent = make_agent(cluster.bootstrap, topic).start()
    oracle = make_oracle(cluster, topic, [lineage])
    wait_for(lambda: oracle.in_topic() >= 1000, 20, "the first generation")
    for _ in range(5):
        lineage.append(20000).rotate()
    lineage.append(1)
    wait_for(lambda: oracle.in_topic() >= 101001, 30, "all generations")
    agent.stop()
    oracle.judge().assert_clean(written=101001)


@pytest.mark.parametrize("times", [1, 2, 3])
@pytest.mark.scenario("A11")
def test_rotated_while_down(cluster, topic, make_lineage, make_agent, make_oracle, times):
    """The file that was half read continues under its new name, the new one starts at 0."""
    lineage = make_lineage("a", keys=50).append(5000)
    agent = make_agent(cluster.bootstrap, topic).start()
    oracle = make_oracle(cluster, topic, [lineage])
    wait_for(lambda: oracle.in_topic() >= 5000, 20, "what was there")
    agent.stop()
    lineage.append(3000)  # the rest of the generation that the agent knows
    for _ in range(times):
        lineage.rotate()
    lineage.append(2000)
    agent.start()
    wait_for(lambda: oracle.in_topic() >= 10000, 30, lambda: f"{oracle.in_topic()} of 10000")
    agent.stop()
    oracle.judge().assert_clean(written=10000)


@pytest.mark.scenario("A11")
def test_generations_written_while_down(
    cluster, topic, work, make_lineage, make_agent, make_oracle
):
    """Generations that came and were renamed unseen are files of the pattern, if it names them, and
    have their places in the lineage all the same."""
    lineage = make_lineage("a").append(2000)
    paths = {"paths": [str(work / "log" / "*.log*")]}
    agent = make_agent(cluster.bootstrap, topic, source=paths).start()
    oracle = make_oracle(cluster, topic, [lineage])
    wait_for(lambda: oracle.in_topic() >= 2000, 20, "what was there")
    agent.stop()
    for _ in range(3):
        lineage.append(1000).rotate()
    lineage.append(1000)
    agent.start()
    wait_for(lambda: oracle.in_topic() >= 6000, 30, lambda: f"{oracle.in_topic()} of 6000")
    agent.stop()
    oracle.judge().assert_clean(written=6000)


@pytest.mark.scenario("A15")
def test_four_generations_are_there_at_the_first_start(
    cluster, topic, work, make_lineage, make_agent, make_oracle
):
    """The second one came behind the third, called one that had been rotated before it was seen."""
    lineage = make_lineage("a")
    paths = [str(work / "log" / "*.log*")]
    agent = make_agent(cluster.bootstrap, topic, source={"paths": paths})
    oracle = make_oracle(cluster, topic, [lineage])
    Load(lineage, rate=5000, total=7400, rotate_every=2000).join()
    assert len(lineage.inodes) == 4
    assert agent.run("--until-eof") == 0
    oracle.judge().assert_clean(written=7400)
    assert agent.counters()["generations_unseen"] == 0

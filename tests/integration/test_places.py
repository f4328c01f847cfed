# SPDX-License-Identifier: Apache-2.0
"""Files that are not where their name says: behind links, in other directories, without a name."""

import os

import pytest
from rig.wait import wait_for
from rig.writer import Lineage

SOON = {"rotate_wait": "100ms"}  # what is written later finds the file closed


def wait_lines(oracle, count):
    wait_for(lambda: oracle.in_topic() >= count, 30, lambda: f"{oracle.in_topic()} of {count}")


@pytest.fixture
def pod(work):
    """A lineage pods/0.log, to which the link log/pod.log leads."""
    (work / "pods").mkdir()
    lineage = Lineage(work / "pods" / "0.log", keys=50)
    lineage.append(1000)
    os.symlink("../pods/0.log", work / "log" / "pod.log")
    yield lineage
    lineage.close()


@pytest.mark.scenario("A11", "A13")
def test_what_is_behind_a_link_is_rotated_while_down(cluster, topic, pod, make_agent, make_oracle):
    agent = make_agent(cluster.bootstrap, topic).start()
    oracle = make_oracle(cluster, topic, [pod])
    wait_lines(oracle, 1000)
    agent.stop()
    for _ in range(3):
        pod.append(500).rotate()
    pod.append(500)
    agent.start()
    wait_lines(oracle, 3000)
    agent.stop()
    assert agent.counters()["generations_unseen"] == 2
    oracle.judge().assert_clean(written=3000)


@pytest.mark.scenario("A13")
def test_what_is_behind_a_link_is_rotated_while_it_runs(
    cluster, topic, pod, make_agent, make_oracle
):
    """Each rotation is followed long before the next look at all files, half a minute later."""
    agent = make_agent(cluster.bootstrap, topic).start()
    oracle = make_oracle(cluster, topic, [pod])
    for generation in range(1, 4):
        wait_lines(oracle, 1000 * generation)
        pod.append(500).rotate().append(500)
    wait_lines(oracle, 4000)
    agent.counted(rotations=3)
    agent.stop()
    oracle.judge().assert_clean(written=4000)


@pytest.mark.scenario("A13", "A18")
def test_a_writer_stays_with_what_a_link_led_to(
    cluster, topic, work, pod, make_lineage, make_agent, make_oracle
):
    (work / "pods" / "new").mkdir()
    new = Lineage(work / "pods" / "new" / "1.log", keys=50)
    agent = make_agent(cluster.bootstrap, topic, source=SOON).start()
    oracle = make_oracle(cluster, topic, [pod, new])
    wait_lines(oracle, 1000)
    new.append(1000)
    os.symlink("../pods/new/1.log", work / "log" / "turned")
    os.rename(work / "log" / "turned", work / "log" / "pod.log")
    wait_lines(oracle, 2000)
    for late in range(1, 4):
        wait_for(lambda: str(work / "pods" / "0.log") not in agent_files(agent), 20, "closed")
        pod.append(10)
        wait_lines(oracle, 2000 + 10 * late)
    agent.stop()
    pod.append(10)
    agent.start()
    wait_lines(oracle, 2040)
    agent.stop()
    new.close()
    oracle.judge().assert_clean(written=2040)


def agent_files(agent):
    """What its descriptors name."""
    names = []
    for fd in os.listdir(f"/proc/{agent.process.pid}/fd"):
        try:
            names.append(os.readlink(f"/proc/{agent.process.pid}/fd/{fd}"))
        except FileNotFoundError:
            pass
    return names


@pytest.mark.scenario("A17", "A18")
def test_a_writer_keeps_a_file_moved_to_another_directory(
    cluster, topic, work, make_lineage, make_agent, make_oracle
):
    lineage = make_lineage("a", keys=50).append(1000)
    (work / "old").mkdir()
    moved = work / "old" / "a.log.1"
    agent = make_agent(cluster.bootstrap, topic, source=SOON).start()
    oracle = make_oracle(cluster, topic, [lineage])
    wait_lines(oracle, 1000)
    os.rename(lineage.path, moved)
    for late in range(1, 4):
        wait_for(lambda: str(moved) not in agent_files(agent), 20, "closed")
        lineage.append(10)
        wait_lines(oracle, 1000 + 10 * late)
    agent.stop()
    lineage.append(10)
    agent.start()
    wait_lines(oracle, 1040)
    agent.stop()
    assert agent.counters()["files_lost"] == 0
    oracle.judge().assert_clean(written=1040)


@pytest.mark.scenario("A16")
def test_a_deleted_file_is_kept_while_it_is_written(
    cluster, topic, make_lineage, make_agent, make_oracle
):
    lineage = make_lineage("a", keys=50).append(1000)
    agent = make_agent(cluster.bootstrap, topic, source=SOON).start()
    oracle = make_oracle(cluster, topic, [lineage])
    wait_lines(oracle, 1000)
    os.unlink(lineage.path)
    deleted = f"{lineage.path} (deleted)"
    for late in range(1, 4):
        agent.counted(held_deleted_bytes=1)
        assert deleted in agent_files(agent)
        lineage.append(10)
        wait_lines(oracle, 1000 + 10 * late)
    lineage.append(10).close()
    wait_lines(oracle, 1040)
    wait_for(lambda: deleted not in agent_files(agent), 10, "the space to be free")
    agent.stop()
    assert agent.counters()["files_lost"] == 0
    oracle.judge().assert_clean(written=1040)


@pytest.mark.scenario("A11")
def test_foreign_files_are_no_generations(
    cluster, topic, work, make_lineage, make_agent, make_oracle
):
    """worker-8081 is alive beside worker, which is rotated to dates while nobody looks."""
    lineage = Lineage(work / "log" / "worker", keys=50)
    lineage.append(1000)
    paths = {"paths": [lineage.path]}
    agent = make_agent(cluster.bootstrap, topic, source=paths).start()
    oracle = make_oracle(cluster, topic, [lineage])
    wait_lines(oracle, 1000)
    foreign = work / "log" / "worker-8081"
    foreign.write_text("a line of another process\n")
    agent.stop()
    for day in range(1, 4):
        lineage.append(500)
        os.rename(lineage.path, f"{lineage.path}-2026010{day}")
        lineage.close()
    lineage.append(500)
    with open(foreign, "a", encoding="ascii") as file:
        file.write("and another line\n")
    agent.start()
    wait_lines(oracle, 3000)
    agent.stop()
    assert agent.counters()["generations_unseen"] == 2
    lineage.close()
    oracle.judge().assert_clean(written=3000)

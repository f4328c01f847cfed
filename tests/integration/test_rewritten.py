# SPDX-License-Identifier: Apache-2.0
"""A file that is rewritten where it is, to the same size and with the same end."""

import os

import pytest
from rig.recipes import read_all
from test_provenance import make_plain_agent

LINES = 21
ROUNDS = 40


def version(number):
    """21 lines of 80 bytes; the last one, 79 bytes and a line end, is the same in all versions."""
    lines = [f"{number:03} {line:03} ".encode().ljust(79, b".") for line in range(LINES - 1)]
    return [*lines, b"the last line ".ljust(79, b"=")]


def overwrite(path, lines, flags):
    fd = os.open(path, os.O_WRONLY | os.O_CREAT | flags, 0o644)
    os.write(fd, b"".join(line + b"\n" for line in lines))
    os.close(fd)


@pytest.mark.parametrize("how", ["in-place", "truncated", "while-down"])
@pytest.mark.scenario("A07")
def test_same_size_and_same_end_forty_times(cluster, topic, work, make_agent, how):
    """Every line of every version once: nobody lost, and none of the one before again."""
    path = work / "log" / "a.log"
    path.parent.mkdir(exist_ok=True)
    rounds = 5 if how == "while-down" else ROUNDS
    written = []
    agent = make_plain_agent(make_agent, cluster, topic, path)
    if how != "while-down":
        agent.start()
    for number in range(rounds):
        overwrite(path, version(number), os.O_TRUNC if how == "truncated" else 0)
        written += version(number)
        if how == "while-down":
            assert agent.run("--until-eof") == 0
            continue
        agent.counted(lines_delivered=len(written))
    if how != "while-down":
        agent.stop()
        assert agent.counters()["truncations"] == rounds - 1
        assert agent.counters()["files_lost"] == 0
    assert sorted(message.value() for message in read_all(cluster.bootstrap, topic)) == sorted(
        written
    )

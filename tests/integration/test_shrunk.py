# SPDX-License-Identifier: Apache-2.0
"""A file that shrank while nobody ran is read from its start once, and not at each start."""

import pytest
from rig.agent import EX_OK
from rig.reader import Reader


def lines(generation, count):
    return [b"2026-01-01T00:00:00Z INFO order=%d cid=%s\n" % (i, generation) for i in range(count)]


@pytest.mark.scenario("A08")
def test_shrunk_while_down(cluster, topic, work, make_agent):
    path = work / "log" / "a.log"
    agent = make_agent(cluster.bootstrap, topic)
    want = []
    for step, (written, truncations) in enumerate(
        [
            (lines(b"old", 500), 0),
            (lines(b"new", 100), 1),  # other bytes, and fewer
            (lines(b"new", 100), 0),
            (lines(b"new", 100), 0),
            (lines(b"new", 40), 1),  # cut to some of them: nobody can tell it from a new one
            (lines(b"new", 40), 0),
            (lines(b"new", 40), 0),
        ]
    ):
        if step in (0, 1, 4):
            want += written
            path.write_bytes(b"".join(written))
        assert agent.run("--until-eof") == EX_OK
        assert agent.counters()["truncations"] == truncations, step
        assert agent.counters()["lines_read"] == (len(written) if step in (0, 1, 4) else 0), step
    records = Reader(cluster.bootstrap, topic).records()
    assert sorted(record.value + b"\n" for record in records) == sorted(want)

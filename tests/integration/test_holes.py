# SPDX-License-Identifier: Apache-2.0
"""A writer that does not append goes on where it was after its file was truncated (copytruncate)."""

import os
import re
from pathlib import Path

import pytest
from rig.agent import EX_OK
from rig.process import status
from rig.reader import Reader

HOLE = 8 << 30
LINES = 1000


def line(number):
    return b"2026-01-01T00:00:00Z INFO order=%d cid=c-%d text\n" % (number, number)


@pytest.mark.scenario("A10", "C10")
def test_copytruncate_without_append(cluster, topic, work, make_agent):
    path = work / "log" / "a.log"
    agent = make_agent(cluster.bootstrap, topic).start()
    file = os.open(path, os.O_WRONLY | os.O_CREAT)
    os.write(file, b"".join(map(line, range(LINES))))
    agent.counted(lines_delivered=LINES)
    before = int(re.match(r"\d+", status(agent.process.pid)["VmRSS"])[0])
    # It is open and not mapped, or a truncation could end the process.
    process = Path("/proc") / str(agent.process.pid)
    assert str(path) in [os.path.realpath(link) for link in (process / "fd").iterdir()]
    assert str(path) not in (process / "maps").read_text()
    os.ftruncate(file, 0)
    os.lseek(file, HOLE, os.SEEK_SET)
    os.write(file, b"".join(map(line, range(LINES, 2 * LINES))))
    counters = agent.counted(lines_delivered=2 * LINES, deadline=20)
    assert counters["holes_skipped"] == 1
    assert counters["bytes_in_holes"] == HOLE
    assert counters["truncations"] == 1
    after = int(re.match(r"\d+", status(agent.process.pid)["VmRSS"])[0])
    assert after - before < 16 << 10, f"{before} KiB, then {after} KiB"
    agent.stop()
    # Nothing of it again, and it goes on there.
    os.write(file, line(2 * LINES))
    os.close(file)
    assert agent.run("--until-eof") == EX_OK
    reader = Reader(cluster.bootstrap, topic)
    values = sorted(record.value for record in reader.records())
    assert values == sorted(line(i)[:-1] for i in range(2 * LINES + 1))

# SPDX-License-Identifier: Apache-2.0
"""Reads a state directory that no agent holds: what was durable when it died or stopped."""

import os
import shutil
import sqlite3
import struct
import tempfile
from bisect import bisect_left
from dataclasses import dataclass, field


@dataclass
class FileState:
    path: str
    committed: int
    ahead: list  # (start, end) of each settled-ahead range, ascending
    branches: dict = field(default_factory=dict)  # by id, what is settled of one of several copies

    def covers(self, start):
        """Whether the line that begins at `start` will not be sent again."""
        if start < self.committed:
            return True
        at = bisect_left(self.ahead, (start + 1, 0)) - 1
        return at >= 0 and start < self.ahead[at][1]


NOTHING = FileState("", 0, [])


@dataclass
class State:
    files: dict = field(default_factory=dict)  # by inode
    dead_letters: list = field(default_factory=list)  # as sqlite3.Row
    written_ms: int = 0  # the last write into the database

    def uncovered(self, lineage, present):
        """Sequences of `lineage` that are in the topic but not known as settled: they come again."""
        found = set()
        ends = lineage.firsts[1:] + [len(present)]
        for inode, first, end in zip(lineage.inodes, lineage.firsts, ends):
            file = self.files.get(inode, NOTHING)
            first = bisect_left(lineage.starts, file.committed, first, end)
            found.update(
                sequence
                for sequence in range(first, end)
                if present[sequence] and not file.covers(lineage.starts[sequence])
            )
        return found


def _varints(data):
    value = shift = 0
    for byte in data or b"":
        value |= (byte & 0x7F) << shift
        shift += 7
        if not byte & 0x80:
            yield value
            value = shift = 0


def _ranges(data, base):
    numbers = _varints(data)
    ranges = []
    for gap in numbers:
        start = base + gap
        base = start + next(numbers)
        ranges.append((start, base))
    return ranges


def _branches(data, base):
    branches, at = {}, 0
    while data and at < len(data):
        number, length = struct.unpack_from("<QQ", data, at)
        at += 16 + length
        branches[number] = _ranges(data[at - length : at], base)
    return branches


def read_state(directory):
    """Of a copy: opening the original would write to it."""
    state = State()
    if not os.path.exists(directory / "waybill.db"):
        return state
    with tempfile.TemporaryDirectory() as copy:
        for name in ("waybill.db", "waybill.db-wal"):
            if os.path.exists(directory / name):
                shutil.copy2(directory / name, copy)
                written = os.stat(directory / name).st_mtime_ns // 1000000
                state.written_ms = max(state.written_ms, written)
        database = sqlite3.connect(f"{copy}/waybill.db")
        database.row_factory = sqlite3.Row
        rows = database.execute(
            "SELECT inode, path, committed, ahead, branches FROM files LEFT JOIN positions ON file = id"
        )
        for row in rows:
            committed = row["committed"] or 0
            ahead = _ranges(row["ahead"], committed)
            branches = _branches(row["branches"], committed)
            state.files[row["inode"]] = FileState(row["path"], committed, ahead, branches)
        state.dead_letters = list(database.execute("SELECT * FROM dead_letters ORDER BY id"))
        database.close()
    return state

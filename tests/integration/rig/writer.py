# SPDX-License-Identifier: Apache-2.0
"""Writes a lineage: one path, its generations, its sequence numbers, and where each line begins."""

import os
import random
import threading
import time
from array import array

from .lines import Lines


class Lineage:
    """What was written to one path, so far. The oracle compares the topic with it."""

    def __init__(self, path, lines=None, **shape):
        self.path = str(path)
        self.lines = lines or Lines(os.path.basename(self.path).split(".")[0], **shape)
        self.name = self.lines.lineage
        self.starts = array("Q")  # position of each line in its generation's file
        self.generations = array("H")  # generation of each line
        self.inodes = []  # of each generation
        self.firsts = []  # its first sequence number
        self.chance = random.Random(self.path)
        self.file = None
        self.position = 0

    def __len__(self):
        return len(self.starts)

    def _open(self):
        self.file = os.open(self.path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o644)
        self.inodes.append(os.fstat(self.file).st_ino)
        self.firsts.append(len(self.starts))
        self.position = 0

    def append(self, count):
        """`count` lines in writes that are cut anywhere, so that readers see parts of lines."""
        if self.file is None:
            self._open()
        generation = len(self.inodes) - 1
        first = len(self.starts)
        block = []
        for sequence in range(first, first + count):
            line = self.lines.line(generation, sequence)
            block.append(line)
            self.starts.append(self.position)
            self.generations.append(generation)
            self.position += len(line) + 1
        block.append(b"")
        data = memoryview(b"\n".join(block))
        while data:
            written = os.write(self.file, data[: self.chance.randint(1, 1 << 18)])
            data = data[written:]
        return self

    def rotate(self):
        """As logrotate does: PATH.1 becomes PATH.2 and so on, PATH becomes PATH.1."""
        number = 1
        while os.path.exists(f"{self.path}.{number}"):
            number += 1
        for old in range(number, 1, -1):
            os.rename(f"{self.path}.{old - 1}", f"{self.path}.{old}")
        os.rename(self.path, f"{self.path}.1")
        os.close(self.file)
        self._open()
        return self

    def close(self):
        if self.file is not None:
            os.close(self.file)
            self.file = None


class Load:
    """Writes at a rate in a thread until `total` lines are there or stop() is called.

    rotate_every: lines a generation. Blocks are small, so that there is always something in flight.
    """

    def __init__(self, lineage, rate, total=None, rotate_every=None):
        self.lineage = lineage
        self.rate = rate
        self.total = total if total is not None else 1 << 62
        self.rotate_every = rotate_every
        self.written = 0
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _run(self):
        begin = time.monotonic()
        block = max(1, min(500, self.rate // 50))
        while self.written < self.total and not self._stop.is_set():
            count = min(block, self.total - self.written)
            if self.rotate_every:
                count = min(count, self.rotate_every - self.written % self.rotate_every)
            self.lineage.append(count)
            self.written += count
            if self.rotate_every and self.written % self.rotate_every == 0:
                self.lineage.rotate()
            self._stop.wait(max(0, begin + self.written / self.rate - time.monotonic()))

    @property
    def running(self):
        return self._thread.is_alive()

    def stop(self):
        self._stop.set()
        self._thread.join()
        return self.written

    def join(self):
        self._thread.join()
        return self.written

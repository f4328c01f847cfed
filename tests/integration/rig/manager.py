# SPDX-License-Identifier: Apache-2.0
"""Stands for systemd: the socket that a service tells its state to.

A thread empties it, since a service waits when a manager does not listen.
"""

import itertools
import os
import socket
import threading
import time

from .wait import wait_for

ROUTINE = {"WATCHDOG", "STATUS"}
_numbers = itertools.count()


class Manager:
    def __init__(self):
        self.name = f"waybill-test-{os.getpid()}-{next(_numbers)}"
        self.notices = []  # a dict each, those that are routine left out
        self.beats = []  # when the watchdog was fed
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.bind("\0" + self.name)
        self._thread = threading.Thread(target=self._listen, daemon=True)
        self._thread.start()

    def _listen(self):
        while text := self._socket.recv(4096).decode():
            notice = dict(line.split("=", 1) for line in text.splitlines())
            if "WATCHDOG" in notice:
                self.beats.append(time.monotonic())
            if not notice.keys() & ROUTINE:
                self.notices.append(notice)

    def env(self):
        """The environment of the service."""
        return {**os.environ, "NOTIFY_SOCKET": f"@{self.name}"}

    def firsts(self):
        """What each notice is about."""
        return [next(iter(notice)) for notice in self.notices]

    def longest_gap(self):
        """Seconds between two beats, and since the last one."""
        beats = [*self.beats, time.monotonic()]
        return max(after - before for before, after in zip(beats, beats[1:]))

    def wait(self, name, number, deadline=20):
        """Until it has come for the number-th time."""
        what = f"{number} {name}"
        wait_for(
            lambda: self.firsts().count(name) >= number, deadline, lambda: f"{what}: {self.notices}"
        )

    def close(self):
        self._socket.sendto(b"", "\0" + self.name)
        self._thread.join()
        self._socket.close()

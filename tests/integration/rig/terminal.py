# SPDX-License-Identifier: Apache-2.0
"""A program on a terminal of its own: what stands on the screen, and keys."""

import fcntl
import os
import pty
import select
import struct
import subprocess
import termios

import pyte

from .wait import wait_for

KEYS = {"enter": b"\r", "escape": b"\x1b", "down": b"\x1bOB", "up": b"\x1bOA"}


class Terminal:
    def __init__(self, command, rows=24, columns=80, term="vt100"):
        self.screen = pyte.Screen(columns, rows)
        self.stream = pyte.ByteStream(self.screen)
        self.written = 0
        # A size that the environment names would win over that of the terminal.
        inherited = {k: v for k, v in os.environ.items() if k not in ("LINES", "COLUMNS")}
        self.fd, theirs = pty.openpty()
        self._set_size(rows, columns)
        self.process = subprocess.Popen(
            [str(word) for word in command],
            stdin=theirs,
            stdout=theirs,
            stderr=theirs,
            start_new_session=True,
            env={**inherited, "TERM": term, "LC_ALL": "C.UTF-8"},
        )
        os.close(theirs)

    def _set_size(self, rows, columns):
        fcntl.ioctl(self.fd, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))

    def resize(self, rows, columns):
        self._set_size(rows, columns)
        self.screen.resize(rows, columns)
        self.process.send_signal(28)  # SIGWINCH: it is no session's leader's terminal

    def take(self, seconds=0.1):
        """What has been written by now."""
        while select.select([self.fd], [], [], seconds)[0]:
            try:
                data = os.read(self.fd, 65536)
            except OSError:
                return
            if not data:
                return
            self.written += len(data)
            self.stream.feed(data)

    def text(self):
        self.take()
        return "\n".join(line.rstrip() for line in self.screen.display)

    def wait(self, *words, without=()):
        """The screen, once it holds all of these words."""

        def shown():
            text = self.text()
            good = all(word in text for word in words) and not any(word in text for word in without)
            return good and text

        return wait_for(shown, 20, lambda: f"{words} on the screen:\n{self.text()}")

    def type(self, *keys):
        for key in keys:
            os.write(self.fd, KEYS.get(key, key.encode()))

    def hang_up(self):
        """It is gone, as that of a connection is; its program gets no signal, for it leads no session's."""
        os.close(self.fd)
        self.fd = None

    def close(self):
        self.process.kill()
        self.process.wait()
        if self.fd is not None:
            os.close(self.fd)

    def wait_exit(self):
        def over():
            self.take(0)
            return self.process.poll() is not None

        wait_for(over, 20, "its end")
        return self.process.returncode

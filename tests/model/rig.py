# SPDX-License-Identifier: Apache-2.0
"""The process in which the agent of the model test runs: a command a line, an answer a line."""

import json
import os
import select
import subprocess
import tempfile
from pathlib import Path

from reference import Broken

BUILD = Path(__file__).resolve().parents[2] / "build"
RIG = Path(os.environ.get("MODEL_RIG", BUILD / "model" / "rig"))


class Rig:
    """The process, for as many lists as you like."""

    def __init__(self):
        self.log = tempfile.TemporaryFile()  # noqa: SIM115
        self.process = subprocess.Popen(
            [RIG], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self.log
        )

    def ask(self, command):
        try:
            self.process.stdin.write(command.encode() + b"\n")
            self.process.stdin.flush()
            ready, _, _ = select.select([self.process.stdout], [], [], 60)
            answer = self.process.stdout.readline() if ready else b""
        except BrokenPipeError:
            answer = b""
        if not answer:
            self.process.kill()
            raise Broken(f"CRASH: the agent died or hangs at {command!r}: {self.told()}")
        return json.loads(answer)

    def told(self):
        self.log.seek(0)
        return self.log.read().decode(errors="replace")[-3000:]

    def begin(self, conf):
        self.log.seek(0)
        self.log.truncate()
        self.ask(f"begin {conf}")

    def close(self):
        self.process.stdin.close()
        self.process.wait(20)

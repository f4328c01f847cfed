# SPDX-License-Identifier: Apache-2.0
"""The program under test: build/waybill with a configuration and a state directory of its own."""

import re
import signal
import subprocess
import time

from . import config
from .paths import WAYBILL
from .process import cpu_seconds, minded_signals, spawn
from .wait import wait_for

COUNTERS = re.compile(r"counters: (.*)\n")  # a line that is whole

# What became of the lines that were read, at any moment.
PARTS = ("lines_delivered", "in_flight", "lines_waiting", "lines_filtered", "lines_dead", "lines_forgotten")

# What the agent says when a producer ends because a batch was refused for its number: the one before it,
# under way at the same time, had failed (docs/faults.md). librdkafka before 2.3.0 ends itself where one of
# the two was in doubt; the second pattern names what the first of them was refused for, or that another
# one, not sent yet, was taken back since (_RETRY).
RENUMBERS = re.compile(r"skipped sequence numbers .*librdkafka would give new numbers")
REWOUND = re.compile(
    r"OUT_OF_ORDER_SEQUENCE_NUMBER: ProduceRequest .*(rewound sequence number|sequence desynchronization) .*"
    r"last (partition )?error (NOT_ENOUGH_REPLICAS|NOT_LEADER_FOR_PARTITION|UNKNOWN_TOPIC_OR_PART|_RETRY) "
)

# sysexits
EX_OK = 0
EX_USAGE = 64
EX_DATAERR = 65
EX_NOINPUT = 66
EX_UNAVAILABLE = 69
EX_SOFTWARE = 70
EX_CANTCREAT = 73
EX_IOERR = 74
EX_TEMPFAIL = 75
EX_NOPERM = 77
EX_CONFIG = 78


class Agent:
    """May be started again and again; the messages of all its lives are in one file."""

    def __init__(self, directory, settings=None, text=None):
        self.dir = directory
        self.dir.mkdir(parents=True, exist_ok=True)
        self.config = self.dir / "waybill.conf"
        self.state = self.dir / "state"
        self.stderr = self.dir / "stderr"
        self.program = WAYBILL
        self.prefix = []  # a command that runs it
        self.stdout = None  # a file or descriptor instead of `stderr`
        self.env = None  # instead of that of the tests
        self.before = None  # called in the child before it runs
        self.process = None
        self.lives = 0
        self.restarts = 0  # that were asked for by a reload
        self.configure(settings, text)

    def configure(self, settings=None, text=None):
        """What the next life reads: Python values, or the text as it is."""
        if text is None and settings is not None:
            text = config.render_settings(settings)
        if text is not None:
            self.config.write_text(text)

    def command(self, *options):
        where = ["--config", self.config, "--state-dir", self.state]
        return [*self.prefix, self.program, "run", *where, *options]

    def start(self, *options):
        assert self.process is None, "it runs already"
        self.lives += 1
        self.life_begins = self.stderr.stat().st_size if self.stderr.exists() else 0
        where = {"cwd": self.dir, "env": self.env, "stdout": self.stdout}
        self.process = spawn(self.command(*options), self.stderr, self.before, **where)
        wait_for(self._minds_signals, 20, "signals to be handled", every=0.002)
        return self

    def _minds_signals(self):
        """Until then a signal has its default effect, which is nobody's concern here."""
        pid = self.process.pid
        return not self.running() or {signal.SIGTERM, signal.SIGUSR1} <= minded_signals(pid)

    def messages(self):
        """What this life has said so far."""
        with open(self.stderr, "rb") as file:
            file.seek(self.life_begins)
            return file.read().decode(errors="replace")

    def says(self, *words):
        """The first message that holds all the words, in any case; None when there is none."""
        for line in self.messages().splitlines():
            if all(str(word).lower() in line.lower() for word in words):
                return line
        return None

    def wait_says(self, *words, deadline=20):
        return wait_for(
            lambda: self.says(*words), deadline, lambda: f"{words} in:\n{self.messages()[-3000:]}"
        )

    def running(self):
        return self.process is not None and self.process.poll() is None

    def signal(self, number):
        self.process.send_signal(number)

    def ask_restart(self):
        """A reload with a configuration that only a restart in place takes."""
        self.restarts += 1
        text = re.sub(r"^linger_ms = \d+;\n", "", self.config.read_text(), flags=re.M)
        self.config.write_text(f"{text}linger_ms = {20 + self.restarts};\n")
        self.signal(signal.SIGHUP)

    def wait_exit(self, deadline):
        """The exit code; AssertionError when it does not end in time."""
        try:
            code = self.process.wait(deadline)
        except subprocess.TimeoutExpired:
            said = self.messages()[-3000:]
            raise AssertionError(f"runs after {deadline} s:\n{said}") from None
        self.process = None
        return code

    def run(self, *options, deadline=60):
        """A whole life; its exit code."""
        return self.start(*options).wait_exit(deadline)

    def ask(self, command, *words, expect=EX_OK, **more):
        """What a command prints that is asked of the running agent, or of its state."""
        where = ["--config", self.config, "--state-dir", self.state]
        done = subprocess.run(
            [self.program, command, *where, *map(str, words)],
            capture_output=True,
            text=True,
            timeout=90,
            stdin=subprocess.DEVNULL,
            **more,
        )
        assert done.returncode == expect, done.stderr + done.stdout
        return done.stdout + done.stderr

    def stop(self, deadline=40, expect=EX_OK):
        self.signal(signal.SIGTERM)
        code = self.wait_exit(deadline)
        assert code == expect, f"exit code {code}:\n{self.messages()[-3000:]}"

    def kill(self):
        if self.running():
            self.process.kill()
        if self.process is not None:
            self.process.wait()
        self.process = None

    def cpu_seconds(self):
        return cpu_seconds(self.process.pid)

    def _printed(self):
        lines = COUNTERS.findall(self.messages())
        return [
            {name: int(value) for name, _, value in (part.partition("=") for part in line.split())}
            for line in lines
        ]

    def counters(self, deadline=20):
        """Asked of the running agent; of a stopped one, the last it printed."""
        before = len(self._printed())
        if self.running():
            self.signal(signal.SIGUSR1)
            wait_for(lambda: len(self._printed()) > before, deadline, "counters on SIGUSR1")
        now = self._printed()[-1]
        assert now["lines_read"] == sum(now[name] for name in PARTS), now
        return now

    def counted(self, deadline=30, **least):
        """Waits until each named counter is at least so high."""
        begin = time.monotonic()

        def enough():
            counters = self.counters()
            return all(counters[name] >= value for name, value in least.items()) and counters

        return wait_for(enough, deadline, f"{least} since {begin}", every=0.1)

    def assert_true(self, read):
        """TRUTH, after a clean stop: every line read went somewhere, and the number is the oracle's."""
        counters = self.counters()
        assert counters["lines_read"] - counters["lines_forgotten"] == read, counters
        gone = counters["lines_delivered"] + counters["lines_filtered"] + counters["lines_dead"]
        assert gone == read, counters

    def assert_one_producer(self, *verdicts):
        """It is replaced only where a batch was refused for its number because the one before it failed,
        for no suspicion of ours and nothing else; and nothing is there twice but what was counted then."""
        ends = [line for line in self.messages().splitlines() if "the producer is drained and replaced" in line]
        strange = [line for line in ends if not RENUMBERS.search(line) and not REWOUND.search(line)]
        assert not strange, strange
        counters = self.counters()
        assert counters["producers_made"] == 1 + len(ends), self.messages()
        repeats = sum(verdict.DUP for verdict in verdicts)
        assert repeats <= (counters["maybe_persisted"] if ends else 0), (verdicts, self.messages())

# SPDX-License-Identifier: Apache-2.0
"""SIGKILL loses nothing, and repeats what the state did not know: no more, and that little.

The number is exact, because after a kill two things can be looked at: the records in the topic, and
the state database. A line that is in the topic and neither below the committed position nor in a
settled-ahead range *must* come again, every other one must not. The stated bound on that number:
the producer's queue (unacknowledged) plus what was appended since the last completed state
transaction began.
"""

import os
import signal
import subprocess
import time
from pathlib import Path

import pytest
from rig.state import read_state
from rig.wait import last, wait_for
from rig.writer import Load

STARVE = Path(__file__).parent / "rig" / "starve.c"
MEMORY, THREADS = b"\1", b"\2"
LONG = bool(os.environ.get("WAYBILL_LONG"))
KILLS = 20 if LONG else 6
BETWEEN = 2
QUEUE = 10000
# Of each of two writers; all of it is read back and judged while they go on.
RATE = 5000 if LONG else 2000

# A kill in the middle of a transaction leaves the one before as the last completed: an interval of
# 1 s earlier, and the writing itself takes time.
INTERVAL_MS = 1000
SLACK_MS = 500


class Kills:
    """Kills an agent, and keeps the account of what the state knew each time."""

    def __init__(self, agent, oracle, lineages):
        self.agent = agent
        self.oracle = oracle
        self.lineages = lineages
        self.expected = set()  # lines in the topic that are to come again
        self.repeats = 0
        self.numbers = []  # of each kill: lines it makes come again, bound on that

    def kill(self):
        """Takes down what can be seen of the dead agent; account() judges it while the next runs."""
        self.agent.kill()
        self.ends = self.oracle.settled_ends()
        self.state = read_state(self.agent.state)

    def _repeated(self, segment):
        repeats = set(segment.repeats)
        settled = sorted(repeats - self.expected)
        assert len(repeats) == len(segment.repeats), "repeated twice within one life"
        assert not settled, f"{len(settled)} were settled and sent again: {settled[:5]}"
        self.repeats += len(repeats)
        return repeats

    def account(self):
        segment = self.oracle.read(self.ends)
        not_yet = self.expected - self._repeated(segment)  # of earlier kills
        self.expected = {
            (lineage.name, sequence)
            for lineage in self.lineages
            for sequence in self.state.uncovered(lineage, self.oracle.present(lineage))
        }
        since = self.state.written_ms - INTERVAL_MS - SLACK_MS
        bound = QUEUE + sum(appended >= since for appended in segment.times)
        self.numbers.append((len(self.expected - not_yet), bound))
        assert self.numbers[-1][0] <= bound, self.numbers

    def finish(self):
        """A last life to the end: now exactly what was expected has come again."""
        self.account()
        assert self.agent.run("--until-eof") == 0
        assert self._repeated(self.oracle.read()) == self.expected, self.numbers


@pytest.mark.long
@pytest.mark.timeout(900)
@pytest.mark.scenario("F01")
def test_kill_every_2_seconds(cluster, topic_name, make_lineage, make_agent, make_oracle):
    topic = cluster.make_topic(topic_name, message_timestamp_type="LogAppendTime")
    lineages = [make_lineage(name) for name in "ab"]
    agent = make_agent(cluster.bootstrap, topic)
    oracle = make_oracle(cluster, topic, lineages)
    kills = Kills(agent, oracle, lineages)
    loads = [Load(lineage, rate=RATE) for lineage in lineages]
    begin = time.monotonic()
    for number in range(KILLS):
        agent.start()
        if number:
            kills.account()
        last(max(0, begin + (number + 1) * BETWEEN - time.monotonic()))
        assert agent.running()
        kills.kill()
    written = sum(load.stop() for load in loads)
    kills.finish()

    oracle.judge().assert_clean(written, dup=kills.repeats)
    made, bounds = zip(*kills.numbers)
    assert kills.repeats <= sum(made) <= sum(bounds)
    assert any(made), "never anything under way at a kill"
    print(f"{KILLS} kills, {written} lines: {kills.repeats} repeats, {max(made)} at most for one kill")


# Of each kind of call that reads or changes what outlives the agent, some; which of its threads makes
# it first is all the same. tests/unit/test_kill_sweep.c has every single one, without Kafka.
POINTS = [
    ("rename", 1),
    ("unlink", 1),
    ("ftruncate", 1),
    ("fdatasync", 1),
    ("fdatasync", 9),
    ("pwrite64", 4),
    ("pwrite64", 40),
    ("openat", 45),
    ("pread64", 30),
    ("preadv", 1),
    ("preadv", 12),
]


@pytest.mark.parametrize("call, when", POINTS)
@pytest.mark.scenario("F01", "B01")
def test_kill_at_a_call(
    cluster, topic_name, work, make_lineage, make_agent, make_oracle, call, when
):
    """Generations match the pattern: one that is rotated before the first life knows it is there."""
    topic = cluster.make_topic(topic_name, message_timestamp_type="LogAppendTime")
    lineage = make_lineage("a")
    paths = [str(work / "log" / "*.log*")]
    agent = make_agent(cluster.bootstrap, topic, source={"paths": paths})
    oracle = make_oracle(cluster, topic, [lineage])
    kills = Kills(agent, oracle, [lineage])
    load = Load(lineage, rate=5000, rotate_every=2000)
    fault = ["-e", f"trace=/^{call}", "-e", f"inject=/^{call}:signal=SIGKILL:when={when}"]
    agent.prefix = ["strace", "-D", "-f", "-qq", "-o", "/dev/null", *fault]
    agent.start()
    wait_for(lambda: not agent.running(), 30, f"call {when} of {call}")
    assert agent.process.returncode == -signal.SIGKILL, agent.messages()
    kills.kill()
    written = load.stop()
    agent.prefix = []
    kills.finish()
    oracle.judge().assert_clean(written, dup=kills.repeats)


@pytest.fixture
def starve(work):
    """An environment, and a file whose byte says what librdkafka gets no more of."""
    library, file = work / "starve.so", work / "starve"
    subprocess.run(["cc", "-shared", "-fPIC", "-O1", "-o", library, STARVE, "-ldl"], check=True)
    file.write_bytes(b"\0")
    return {**os.environ, "LD_PRELOAD": str(library), "STARVE": str(file)}, file


def give(file, what):
    with open(file, "r+b", buffering=0) as to:
        to.write(what)


@pytest.mark.scenario("E33")
def test_the_library_ends_the_process_for_want_of_memory(
    cluster, topic_name, starve, make_lineage, make_agent, make_oracle
):
    """In the middle of the load: it aborts by itself, and what comes again is exact, as after a kill."""
    env, file = starve
    topic = cluster.make_topic(topic_name, message_timestamp_type="LogAppendTime")
    lineage = make_lineage("a")
    agent = make_agent(cluster.bootstrap, topic)
    agent.env = env
    oracle = make_oracle(cluster, topic, [lineage])
    kills = Kills(agent, oracle, [lineage])
    load = Load(lineage, rate=RATE)
    for number in range(3):
        agent.start()
        if number:
            kills.account()
        agent.counted(lines_delivered=1000, checkpoints=1)
        give(file, MEMORY)
        wait_for(lambda: not agent.running(), 30, "the library ends it")
        assert agent.process.returncode == -signal.SIGABRT, agent.messages()
        assert agent.says("rd_malloc", "assert"), agent.messages()
        give(file, b"\0")
        kills.kill()
    written = load.stop()
    kills.finish()
    oracle.judge().assert_clean(written, dup=kills.repeats)


@pytest.mark.scenario("E33")
def test_the_library_gets_no_thread(cluster, topic, starve, make_lineage, make_agent, make_oracle):
    """That is told, costs no line, and what is waited for is used when it is there."""
    env, file = starve
    lineage = make_lineage("a").append(1000)
    agent = make_agent(cluster.bootstrap, topic)
    agent.env = env
    give(file, THREADS)
    agent.start()
    agent.wait_says("thread")
    assert agent.counters()["lines_delivered"] == 0
    give(file, b"\0")
    agent.counted(lines_delivered=1000)
    agent.stop()
    agent.assert_true(read=1000)
    make_oracle(cluster, topic, [lineage]).judge().assert_clean(written=1000)

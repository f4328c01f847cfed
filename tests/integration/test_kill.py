# SPDX-License-Identifier: Apache-2.0
"""SIGKILL loses nothing, and repeats what the state did not know: no more, and that little.

The number is exact, because after a kill two things can be looked at: the records in the topic, and
the state database. A line that is in the topic and neither below the committed position nor in a
settled-ahead range *must* come again, every other one must not. The stated bound on that number:
the producer's queue (unacknowledged) plus what was appended since the last completed state
transaction began.
"""

import time

from rig.state import read_state
from rig.wait import last
from rig.writer import Load

WRITING = 40
BETWEEN = 2
QUEUE = 10000
RATE = 5000

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
        self.expected = set()  # lines that the next life has to repeat
        self.numbers = []  # (repeats of this life, expected of the next, bound of that)
        self.times = []

    def _account(self, segment):
        repeats = set(segment.repeats)
        assert len(repeats) == len(segment.repeats), "repeated twice within one life"
        assert repeats <= self.expected, f"settled and sent again: {sorted(repeats - self.expected)[:5]}"
        return len(repeats)

    def kill(self):
        self.agent.kill()
        self.oracle.settled_ends()
        segment = self.oracle.read()
        self.times.extend(segment.times)
        repeats = self._account(segment)
        state = read_state(self.agent.state)
        self.expected = {
            (lineage.name, sequence)
            for lineage in self.lineages
            for sequence in state.uncovered(lineage, self.oracle.present(lineage))
        }
        since = state.written_ms - INTERVAL_MS - SLACK_MS
        bound = QUEUE + sum(appended >= since for appended in self.times)
        self.numbers.append((repeats, len(self.expected), bound))
        assert len(self.expected) <= bound, self.numbers

    def finish(self):
        """A last life to the end: now exactly what was expected has come again."""
        assert self.agent.run("--until-eof") == 0
        repeats = self._account(self.oracle.read())
        assert repeats == len(self.expected), self.numbers
        return repeats


def test_kill_every_2_seconds(cluster, topic_name, make_lineage, make_agent, make_oracle):
    topic = cluster.make_topic(topic_name, message_timestamp_type="LogAppendTime")
    lineages = [make_lineage(name) for name in "ab"]
    agent = make_agent(cluster.bootstrap, topic)
    oracle = make_oracle(cluster, topic, lineages)
    kills = Kills(agent, oracle, lineages)
    loads = [Load(lineage, rate=RATE) for lineage in lineages]
    begin = time.monotonic()
    for number in range(WRITING // BETWEEN):
        agent.start()
        last(max(0.2, begin + (number + 1) * BETWEEN - time.monotonic()))
        assert agent.running()
        kills.kill()
    written = sum(load.stop() for load in loads)
    repeats = sum(number[0] for number in kills.numbers) + kills.finish()

    oracle.judge().assert_clean(written, dup=repeats)
    assert repeats <= sum(bound for _, _, bound in kills.numbers)
    expected = [number[1] for number in kills.numbers]
    assert any(expected), "never anything under way at a kill"
    print(f"{len(expected)} kills: {repeats} repeats of {written}, {max(expected)} at most for one kill")

# SPDX-License-Identifier: Apache-2.0
"""What one source pays for another that takes all it can get: turns, hints, memory, descriptors."""

import subprocess
import time
from statistics import median, quantiles

from rig import config
from rig.agent import Agent
from rig.process import spawn
from stage import BARE, BENCH, PATTERN, latencies, many

LINGER_MS = 20
SECONDS = 12
RATE = 1000  # lines a second of the one that is looked at, in one file
LINE = b"%016d INFO order=o1 cid=c1 x\n" % 0
LONG_LINE = LINE[:-1].ljust(65535, b"x") + b"\n"


def _spread(rate, files):
    """So many times a second one of the files is written, one after the other; a new one is made."""
    return lambda directory: [BARE, "spread", rate, max(1, rate * SECONDS // files), directory, files]


def _delete(directory):
    """When all else has settled."""
    return ["sh", "-c", f"sleep {SECONDS // 2}; exec rm -r {directory}"]


# Of the neighbours: files at first, what is in each, what writes to them then, whether brokers take it,
# among how many sources they are.
QUIET = (1, b"", _spread(1, 1), True, 1)
WAYS = {
    "of 5,000 files with a backlog": (5000, LINE * 200, _spread(1, 5000), True, 1),
    "of 20 with a backlog": (1000, LINE * 4000, _spread(1, 1000), True, 20),
    "that deletes 8,000 files at once": (8000, LINE, _delete, True, 1),
    "that deletes 12,000 files, more than descriptors": (12000, LINE, _delete, True, 1),
    "with a backlog of 64 KiB lines": (4, LONG_LINE * 2000, _spread(1, 4), True, 1),
    "written 400,000 lines a second": (
        1,
        b"",
        lambda directory: [BARE, "pour", 400000, SECONDS, directory / "0.log"],
        True,
        1,
    ),
    "of 5,000 files, written 20,000 times a second": (5000, b"", _spread(20000, 5000), True, 1),
    "of 5,000 files without a topic, the same": (5000, LINE, _spread(20000, 5000), False, 1),
    "that makes 5,000 files a second": (0, b"", _spread(5000, 5000 * SECONDS), True, 1),
}


def neighbours(bench):
    """A file of 1,000 lines/s, alone and beside a source that takes all it can get."""
    kafka = bench.broker("kafka")
    sides = {None: [], **{way: [] for way in WAYS}}
    for _ in range(bench.runs):
        for way, runs in sides.items():
            runs.append(_one(kafka, *WAYS.get(way, QUIET)))
    for way in WAYS:
        for number, percent in enumerate((50, 99)):
            ours, bare = (median([run[number] for run in side]) for side in (sides[way], sides[None]))
            bench.table.difference(f"ms from write to append, p{percent}, beside a source {way} / alone",
                                   ours, bare, at_most=100 if percent == 99 else None)
        rates = [[run[2] for run in side] for side in (sides[way], sides[None])]
        bench.table.pair("lines/s, the same", *rates, [x / y for x, y in zip(*rates)], at_least=0.95)


def _one(kafka, files, content, writer, taken, number):
    """p50 and p99 from write to append, and lines a second up to the last one's delivery."""
    topics = [kafka.topic(message_timestamp_type="LogAppendTime"), kafka.topic()]
    logs = many("seen", 1, b"")
    others = [many(f"other-{i}", files // number, content) for i in range(number)]
    sources = [config.source(topics[0], logs, name="seen")]
    for i, paths in enumerate(others):
        topic = topics[1] if taken else "there-is-no-such-topic"
        sources.append(config.source(topic, paths, name=f"other-{i}"))
    directory = BENCH / "neighbour"
    subprocess.run(["rm", "-rf", directory / "state"], check=True)
    agent = Agent(directory, config.settings(kafka.bootstrap, sources, pattern=PATTERN, linger_ms=LINGER_MS))
    agent.start()
    try:
        agent.counters(60)
        begin = time.monotonic()
        writers = [
            spawn([BARE, "spread", RATE, RATE * SECONDS, logs[0].parent, 1], BENCH / "output"),
            spawn(writer(others[0][0].parent), BENCH / "output"),
        ]
        assert writers[0].wait(SECONDS + 60) == 0
        found = latencies(kafka.bootstrap, topics[0], RATE * SECONDS)
        seconds = time.monotonic() - begin
        writers[1].kill()
        writers[1].wait()
    finally:
        agent.kill()
        for topic in topics:
            kafka.drop(topic)
    cuts = quantiles(found, n=100)
    return cuts[49], cuts[98], RATE * SECONDS / seconds

# SPDX-License-Identifier: Apache-2.0
"""What a healthy topic keeps of its throughput beside one whose partitions lack replicas."""

import subprocess
import time

from rig import config
from rig.agent import Agent
from rig.kafka import Broker, MoreBroker
from rig.wait import last, wait_for
from stage import BENCH, LINE_BYTES, PARTITIONS, PATTERN, make_lines

LINES = 1000000
FILES = {"one file": 1, "200 files": 200}  # 64 chunks are all that there is


def sick(bench):
    """A backlog for a healthy topic, beside a sick one with a backlog and without."""
    first = Broker("bench-sick")
    first.format()
    first.start()
    second = MoreBroker(first, 2)
    second.format()
    second.start()
    lines = make_lines(BENCH / "lines-1000000.log", LINES)
    few = lines.read_bytes()[: 20000 * LINE_BYTES]
    topics = Topics(first)
    try:
        names = [topics.make() for _ in range(bench.runs * (1 + len(FILES)))]
        second.kill()
        wait_for(lambda: topics.led(names), 60, "one broker leads all")
        alone, beside = [], {way: [] for way in FILES}
        for _ in range(bench.runs):
            alone.append(_one(first, *names.pop(), lines, [b""]))
            for way, n in FILES.items():
                part = few if n == 1 else few[: 1000 * LINE_BYTES]
                beside[way].append(_one(first, *names.pop(), lines, [part] * n))
    finally:
        second.stop()
        first.stop()
    for way, runs in beside.items():
        bench.table.pair(f"1000 lines/s to a healthy topic, beside a sick one with a backlog in {way} / alone",
                         runs, alone, [x / y for x, y in zip(runs, alone)], at_least=0.9)


class Topics:
    """Pairs: one that does with one of two replicas, and one that wants both."""

    def __init__(self, broker):
        self.broker = broker
        self.made = 0

    def make(self):
        self.made += 1
        return [
            self.broker.make_topic(f"{kind}-{self.made}", PARTITIONS, 2, min_insync_replicas=least)
            for kind, least in (("healthy", 1), ("sick", 2))
        ]

    def led(self, names):
        found = self.broker.admin.list_topics(timeout=10).topics
        parts = [part for pair in names for name in pair for part in found[name].partitions.values()]
        return all(part.leader == 1 and part.isrs == [1] for part in parts)


def _one(broker, healthy, sick_topic, lines, contents):
    """1000 lines a second, from when they are there to the last one's delivery."""
    directory = BENCH / "sick"
    subprocess.run(["rm", "-rf", directory, BENCH / "sick.d"], check=True)
    (BENCH / "sick.d").mkdir(parents=True)
    for i, content in enumerate(contents):
        (BENCH / "sick.d" / f"{i}.log").write_bytes(content)
    path = BENCH / "healthy.log"
    path.unlink(missing_ok=True)
    sources = [
        config.source(healthy, [path], name="healthy"),
        config.source(sick_topic, [BENCH / "sick.d" / "*.log"], name="sick"),
    ]
    agent = Agent(directory, config.settings(broker.bootstrap, sources, pattern=PATTERN))
    agent.start()
    try:
        agent.counters(60)
        last(5)  # what stands still has shown
        begin = time.monotonic()
        path.hardlink_to(lines)
        agent.counted(lines_delivered=LINES, deadline=120)
        seconds = time.monotonic() - begin
    finally:
        agent.kill()
    return LINES / seconds / 1000

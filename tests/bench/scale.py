# SPDX-License-Identifier: Apache-2.0
"""Many files, one that is much busier than they are, and files behind links."""

import os
import subprocess
import time
from pathlib import Path
from statistics import median, quantiles

from rig import config
from rig.agent import Agent
from rig.process import spawn, status
from stage import BARE, BENCH, PATTERN, Arrivals, Mock, cpu_ns, latencies, many

LINGER_MS = 20
ACTIVE, ROUNDS = 25000, 12
SLOW, SECONDS = 1000, 12
FAST = 217000  # lines of 230 bytes a second: 50 MB
TURNS, TURN_S = 100, 0.1
KNOWN = 20000


def active(bench):
    """A line in each of 25,000 files, again and again: a checkpoint each second, or each minute."""
    mock = bench.broker("mock")
    logs = many("active", ACTIVE, b"t INFO order=o1 cid=c1 x\n")
    sources = [_source(mock.topic(), logs)]
    agent = _agent("active", mock.bootstrap, sources)
    sides = {"1s": [], "1m": []}
    try:
        agent.counted(lines_delivered=ACTIVE, deadline=90)
        for _ in range(bench.runs):
            for interval, runs in sides.items():
                agent.stop()
                agent.configure(_settings(mock.bootstrap, sources, checkpoint_interval=interval))
                agent.start()
                runs.append(_rounds(agent, logs[0].parent))
        agent.stop()
    finally:
        agent.kill()
    often, seldom = sides.values()
    what = f"{ACTIVE} active files, a checkpoint each second / minute"
    for name, unit, goal in (("rate", "1000 lines/s", {"at_least": 0.98}), ("cpu_us", "CPU-us a line", {})):
        a, b = ([run[name] for run in side] for side in (often, seldom))
        bench.table.pair(f"{unit}, {what}", a, b, [x / y for x, y in zip(a, b)], **goal)
    for name, unit in (("store", "% of the CPU is the store's thread"), ("kib", "KiB to disk a checkpoint"),
                       ("checkpoints", "checkpoints a second")):
        bench.table.one(f"{unit}, the same", median([run[name] for run in often]))


def _rounds(agent, directory):
    """What so many lines cost, and what was written meanwhile."""
    pid = agent.process.pid
    agent.counters(60)  # it answers when the first look at all files is done
    before = _facts(agent)
    begin = time.monotonic()
    lines = ROUNDS * ACTIVE
    subprocess.run([BARE, "spread", "1000000000", str(ROUNDS), directory, str(ACTIVE)], check=True)
    agent.counted(lines_delivered=lines, deadline=120)
    seconds = time.monotonic() - begin
    after = {name: value - before[name] for name, value in _facts(agent).items()}
    assert agent.process.pid == pid
    return {
        "rate": lines / seconds / 1000,
        "cpu_us": after["cpu"] / lines / 1000,
        "store": 100 * after["store"] / after["cpu"],
        "kib": after["written"] / 1024 / max(after["checkpoints"], 1),
        "checkpoints": after["checkpoints"] / seconds,
    }


def _facts(agent):
    pid = agent.process.pid
    io = Path(f"/proc/{pid}/io").read_text().split()
    store = sum(
        int((task / "schedstat").read_text().split()[0])
        for task in Path(f"/proc/{pid}/task").iterdir()
        if (task / "comm").read_text().strip() == "waybill-store"
    )
    return {
        "cpu": cpu_ns(pid),
        "store": store,
        "written": int(io[io.index("write_bytes:") + 1]),
        "checkpoints": agent.counters()["checkpoints"],
    }


def beside(bench):
    """1,000 slow files, alone and beside one that is written at 50 MB/s: from write to arrival."""
    # On the mock cluster: a Kafka on the same few processors does not keep up with that.
    alone, together = [], []
    for _ in range(bench.runs):
        for side, busy in ((alone, False), (together, True)):
            side.append(_slow_ones(busy))
    for number, word in enumerate(("p50", "p99", "most")):
        ours, bare = (median([run[number] for run in side]) for side in (together, alone))
        bench.table.difference(f"ms from write to arrival, {word}, {SLOW} slow files, beside a busy one / alone",
                               ours, bare)
    bench.table.one("MB/s delivered in all while the busy one is written", median([run[3] for run in together]))


def _slow_ones(busy):
    mock = Mock("slow", "fast")
    logs, fast = many("slow", SLOW, b""), BENCH / "fast.log"
    fast.write_bytes(b"")
    agent = _agent("beside", mock.bootstrap, [_source("slow", logs), _source("fast", [fast], name="fast")])
    try:
        arrivals = Arrivals(mock.bootstrap, "slow")
        writers = [spawn([BARE, "spread", SLOW, SECONDS, logs[0].parent, SLOW], BENCH / "output")]
        if busy:
            writers.append(spawn([BARE, "pour", FAST, SECONDS, fast], BENCH / "output"))
        begin = time.monotonic()
        assert [writer.wait(SECONDS + 60) for writer in writers] == [0] * len(writers)
        poured = agent.counters()["bytes_delivered"] / (time.monotonic() - begin) / 1e6
        found = arrivals.end(SLOW * SECONDS)
    finally:
        agent.kill()
        fast.unlink()
        mock.stop()
    cuts = quantiles(found, n=100)
    return cuts[49], cuts[98], max(found), poured


def turned(bench):
    """The first line behind a link after its target was rotated, or the link turned: to its append."""
    kafka = bench.broker("kafka")
    ways = {"no rotation": _stay, "target renamed": _rename_target, "link turned": _turn_link}
    usual = None
    for name, way in ways.items():
        found = _behind_a_link(kafka, way)
        cuts = quantiles(found, n=100)
        for percent in (50, 99):
            usual = usual or cuts[percent - 1]
        bench.table.row(f"ms from write to append behind a link, {name}: p50, p99, most",
                        median(found), cuts[98], max(found), "p99 <= 100" if way is not _stay else "",
                        "" if way is _stay else "yes" if cuts[98] <= 100 else "NO")


def _behind_a_link(kafka, way):
    topic = kafka.topic(message_timestamp_type="LogAppendTime")
    directory = BENCH / "link.d"
    subprocess.run(["rm", "-rf", directory], check=True)
    (directory / "pods").mkdir(parents=True)
    (directory / "pods/0.log").write_bytes(b"")
    (directory / "app.log").symlink_to("pods/0.log")
    agent = _agent("link", kafka.bootstrap, [_source(topic, [directory / "app.log"])])
    try:
        for turn in range(TURNS):
            path = way(directory, turn)
            with open(path, "ab") as file:
                file.write(b"%016d INFO order=o%d cid=c x\n" % (time.time_ns() // 1000, turn))
            time.sleep(TURN_S)
        agent.counted(lines_delivered=TURNS, deadline=60)
        return latencies(kafka.bootstrap, topic, TURNS, warm_up_ms=1000)
    finally:
        agent.kill()
        kafka.drop(topic)


def _stay(directory, _turn):
    return directory / "pods/0.log"


def _rename_target(directory, turn):
    (directory / "pods/0.log").rename(directory / f"pods/0.log.{turn}")
    return directory / "pods/0.log"


def _turn_link(directory, turn):
    path = directory / f"pods/{turn + 1}.log"
    path.write_bytes(b"")
    (directory / "turned").symlink_to(path)
    (directory / "turned").rename(directory / "app.log")
    return path


def memory(bench):
    """What a file costs: one that is known and quiet, and one with a line on its way."""
    kafka = bench.broker("kafka")
    sizes = {}
    for count in (1, KNOWN):
        logs = many("memory", count, b"t INFO order=o1 cid=c1 x\n")
        agent = _agent("memory", kafka.bootstrap, [_source(kafka.topic(), logs)])
        try:
            agent.counted(lines_delivered=count, deadline=90)
            agent.stop()
            agent.start()
            agent.counters()
            known = _anonymous_kib(agent)
            kafka.broker.freeze()
            subprocess.run([BARE, "spread", "1000000000", "1", logs[0].parent, str(count)], check=True)
            _until_it_stands(agent)
            sizes[count] = known, _anonymous_kib(agent)
        finally:
            kafka.broker.thaw()
            agent.kill()
    for number, what in enumerate(("known and quiet", "with a line that waits for a broker")):
        more = (sizes[KNOWN][number] - sizes[1][number]) / KNOWN
        bench.table.one(f"KiB a file, {what} (of {KNOWN})", more)
    bench.table.one(f"MiB of memory, {KNOWN} files, all waiting", sizes[KNOWN][1] / 1024)


def _anonymous_kib(agent):
    return int(status(agent.process.pid)["RssAnon"].split()[0])


def _until_it_stands(agent):
    """Until it takes no more."""
    read = None
    while read != (read := agent.counters()["lines_read"]):
        time.sleep(2)


def _source(topic, paths, name="lines"):
    return config.source(topic, paths, name=name, headers=[{"name": "correlation-id", "value": "${cid}"}])


def _settings(bootstrap, sources, **more):
    return config.settings(bootstrap, sources, pattern=PATTERN, linger_ms=LINGER_MS, **more)


def _agent(name, bootstrap, sources, **more):
    directory = BENCH / name
    subprocess.run(["rm", "-rf", directory / "state"], check=True)
    agent = Agent(directory, _settings(bootstrap, sources, **more))
    agent.start()
    agent.counters(60)  # it answers when the first look at all files is done
    return agent

# SPDX-License-Identifier: Apache-2.0
"""`make bench`: waybill and the bare loop of bare.c in the same sitting, one table at the end.

Runs alternate, and a ratio is the median of the ratios of neighbours: a machine that slows down for
a minute slows down both. CPU-seconds and instructions are steadier than time; a shared machine
shows in lines/s and in p99 first.

BENCH=PART,PART chooses parts, BENCH_RUNS and BENCH_LINES their size.
"""

import os
import socket
import statistics
import subprocess
import sys
import time

from callgrind import by_function, per_line, run, total
from chain import chain
from kinds import kinds
from rig.agent import Agent
from rig.kafka import Broker
from rig.process import peak_rss_kib, spawn
from rig.wait import last
from neighbour import neighbours
from recovery import recovery
from scale import active, beside, memory, turned
from sick import sick
from stage import (
    ALLOCATORS,
    BARE,
    BENCH,
    PARTITIONS,
    RULES,
    SLOW_MOTION,
    WAYBILL,
    Meter,
    Mock,
    Real,
    cpu_ns,
    flood,
    latencies,
    make_lines,
    many,
    settings,
    ship,
    spawn_bare,
    write_config,
)
from table import Table

RUNS = int(os.environ.get("BENCH_RUNS", 5))
LINES = int(os.environ.get("BENCH_LINES", 2000000))
LINGER_MS = 20
DRIP = 1000  # lines a second


class Bench:
    def __init__(self):
        BENCH.mkdir(parents=True, exist_ok=True)
        self.table = Table(BENCH / "report.md")
        self.brokers = {}
        self.runs = RUNS

    def broker(self, name):
        """Started when first wanted."""
        if name not in self.brokers:
            if name == "mock":
                self.brokers[name] = Mock()
            else:
                broker = Broker("bench-broker")
                broker.format()
                broker.start()
                self.brokers[name] = Real(broker)
        return self.brokers[name]

    def close(self):
        for broker in self.brokers.values():
            broker.stop()

    # ---- parts ----

    def throughput(self):
        """Lines a second, CPU a GB, memory: two brokers, two settings of the allocator."""
        lines = make_lines(BENCH / "lines.log", LINES)
        for name in ("mock", "kafka"):
            runs = {key: ([], []) for key in ALLOCATORS}
            for _ in range(RUNS):
                for key, prefix in ALLOCATORS.items():
                    self._pair(self.broker(name), lines, prefix, runs[key])
            self._tell(name, runs)

    @staticmethod
    def _pair(broker, lines, prefix, runs):
        for side, measured in zip((ship, flood), runs):
            topic = broker.topic()
            path = lines if side is flood else str(lines)
            more = (LINES,) if side is ship else ()
            measured.append(side(path, *more, broker.bootstrap, topic, prefix))
            broker.drop(topic)

    def _tell(self, name, runs):
        for key, (ours, bare) in runs.items():
            where = f"{name}, {key} allocator"
            goal = 0.95 if name == "mock" and key == "plain" else None
            rate = [a.lines_a_second / b.lines_a_second for a, b in zip(ours, bare)]
            self.table.pair(f"1000 lines/s, {where}", _of(ours, "lines_a_second", 1e-3),
                            _of(bare, "lines_a_second", 1e-3), rate, at_least=goal)
            cpu = [a.cpu_a_gb / b.cpu_a_gb for a, b in zip(ours, bare)]
            self.table.pair(f"CPU-s/GB, {where}", _of(ours, "cpu_a_gb"), _of(bare, "cpu_a_gb"),
                            cpu, at_most=1.05)
        ours, bare = runs["unit"][0], runs["plain"][1]
        self.table.pair(f"CPU-s/GB, {name}, as the unit ships / bare, plain", _of(ours, "cpu_a_gb"),
                        _of(bare, "cpu_a_gb"), [a.cpu_a_gb / b.cpu_a_gb for a, b in zip(ours, bare)],
                        at_most=0.95)
        peak = max(run.rss_kib for ours, _ in runs.values() for run in ours) / 1024
        self.table.one(f"peak RSS MiB, {name}", peak, at_most=32)

    def record(self):
        """A JSON value of six fields, a parsed timestamp and three headers, beside the plain line."""
        lines, mock = make_lines(BENCH / "lines.log", LINES), self.broker("mock")
        full, plain = [], []
        for _ in range(RUNS):
            full.append(ship(lines, LINES, mock.bootstrap, mock.topic(), record=True))
            plain.append(ship(lines, LINES, mock.bootstrap, mock.topic()))
        rate = [a.lines_a_second / b.lines_a_second for a, b in zip(full, plain)]
        self.table.pair("1000 lines/s, mock, JSON, time and 3 headers / plain line",
                        _of(full, "lines_a_second", 1e-3), _of(plain, "lines_a_second", 1e-3), rate,
                        at_least=0.6)
        self.table.pair("CPU-s/GB, mock, JSON, time and 3 headers / plain line",
                        _of(full, "cpu_a_gb"), _of(plain, "cpu_a_gb"),
                        [a.cpu_a_gb / b.cpu_a_gb for a, b in zip(full, plain)])

    def instructions(self):
        """Instructions a line: ours, everybody's, and the bare loop's."""
        few, many = 20000, 80000
        paths = {n: make_lines(BENCH / f"lines-{n}.log", n) for n in (few, many)}
        mock = self.broker("mock")
        costs = {"ours": {}, "bare": {}}
        for n, path in paths.items():
            conf = write_config(BENCH / "callgrind", mock.bootstrap, "bench", [path], **SLOW_MOTION)
            subprocess.run(["rm", "-rf", BENCH / "callgrind" / "state"], check=True)
            ours = [WAYBILL, "run", "--config", conf, "--until-eof"]
            costs["ours"][n] = run([], ours, BENCH / f"callgrind.ours.{n}")
            bare = [BARE, "flood", path, mock.bootstrap, "bench"]
            costs["bare"][n] = run(["--instr-atstart=no"], bare, BENCH / f"callgrind.bare.{n}")
        ours, bare = (per_line(costs[side][few], costs[side][many], many - few) for side in costs)
        self.table.one("instructions a line in agent/ and parsers/", total(ours, WAYBILL))
        self.table.pair("instructions a line, all of the process", [total(ours)], [total(bare)],
                        [total(ours) / total(bare)])
        self.table.note("Instructions a line, the dearest of our functions:", [
            f"{cost:7.1f}  {name}" for cost, name in by_function(ours, WAYBILL, 25)
        ])

    def rules(self):
        """What the rules of a partitioner cost a record: CPU, and instructions."""
        few, many = 20000, 120000
        cost, instructions = {}, {}
        for kind in ("plain", "prefix", "keys", "pattern", "all"):
            runs = [
                subprocess.run([RULES, kind, "10000000"], check=True, capture_output=True).stdout
                for _ in range(RUNS)
            ]
            # The least: what else the machine does only adds to it.
            cost[kind] = min(map(float, runs))
            counts = [run([], [RULES, kind, n], BENCH / f"callgrind.rules.{n}") for n in (few, many)]
            instructions[kind] = total(per_line(*counts, many - few))
        for kind in list(cost)[1:]:
            name = {"keys": "100 keys", "all": "pattern, 100 keys, prefix"}.get(kind, kind)
            goal = {"at_most": 20} if kind in ("prefix", "keys") else {}
            self.table.difference(f"ns a record, rule: {name} / no rules", cost[kind], cost["plain"], **goal)
            self.table.difference(f"instructions a record, rule: {name} / no rules", instructions[kind],
                                  instructions["plain"])

    def latency(self):
        """From a line's write to its append, beside a bare producer with the same linger."""
        kafka, seconds = self.broker("kafka"), 20
        topics = [kafka.topic(message_timestamp_type="LogAppendTime") for _ in range(2)]
        path = BENCH / "latency.log"
        path.write_bytes(b"")
        agent = self._agent("latency", kafka.bootstrap, topics[0], [path])
        try:
            writers = [
                spawn([BARE, "write", DRIP, seconds, path], BENCH / "output"),
                spawn([BARE, "drip", DRIP, seconds, kafka.bootstrap, topics[1]], BENCH / "output"),
            ]
            assert [writer.wait(seconds + 30) for writer in writers] == [0, 0]
            agent.counted(lines_delivered=DRIP * seconds)
            counters = agent.counters()
            agent.stop()
        finally:
            agent.kill()
        ours, bare = (latencies(kafka.bootstrap, topic, DRIP * seconds) for topic in topics)
        for percent in (50, 99):
            a, b = (statistics.quantiles(side, n=100)[percent - 1] for side in (ours, bare))
            goal = {"at_most": 10} if percent == 99 else {}
            self.table.difference(f"ms from write to append, p{percent}, {DRIP} lines/s", a, b, **goal)
        self.table.one("kicks a second meanwhile", counters["kicks"] / seconds)

    def frozen(self):
        """A broker that is stopped while a writer goes on."""
        kafka, seconds = self.broker("kafka"), 20
        path = BENCH / "frozen.log"
        path.write_bytes(b"")
        agent = self._agent("frozen", kafka.bootstrap, kafka.topic(), [path])
        try:
            writer = spawn([BARE, "write", DRIP, seconds + 6, path], BENCH / "output")
            agent.counted(lines_delivered=2 * DRIP)
            kafka.broker.freeze()
            meter = Meter(agent=agent.process.pid)
            last(seconds)
            share = meter.shares()["agent"]
            kafka.broker.thaw()
            writer.wait(30)
            agent.counted(lines_delivered=DRIP * (seconds + 6), deadline=60)
            agent.stop()
        finally:
            kafka.broker.thaw()
            agent.kill()
        self.table.one(f"% of a core, broker frozen for {seconds} s", share, at_most=2)

    def idle(self):
        """Quiet files beside a quiet producer, over two of our looks at all files."""
        kafka, seconds = self.broker("kafka"), 62
        bare = spawn_bare("idle", kafka.bootstrap, kafka.topic())
        bare.stdout.readline()
        agents = {}
        try:
            for count in (1000, 20000):
                logs = many(f"idle-{count}", count, b"")
                agents[count] = self._agent(f"idle-{count}", kafka.bootstrap, kafka.topic(), logs)
            last(5)
            pids = {str(count): agent.process.pid for count, agent in agents.items()}
            meter = Meter(bare=bare.pid, **pids)
            last(seconds)
            shares = meter.shares()
        finally:
            for agent in agents.values():
                agent.kill()
            bare.stdin.close()
        for count, most in ((1000, 0.1), (20000, 0.5)):
            self.table.difference(f"% of a core, {count} idle files", shares[str(count)],
                                  shares["bare"], at_most=most)

    def many(self):
        """A line in each of 10,000 files while the broker is frozen: what is held in memory."""
        kafka, count = self.broker("kafka"), 10000
        logs = many("many", count, b"")
        agent = self._agent("many", kafka.bootstrap, kafka.topic(), logs)
        try:
            kafka.broker.freeze()
            for i in range(count):
                with open(logs[0].parent / f"{i}.log", "ab") as file:
                    file.write(b"t INFO order=o%d cid=c%d %s\n" % (i, i, b"x" * 200))
            read = 0
            while True:  # until it takes no more
                last(2)
                before, read = read, agent.counters()["lines_read"]
                if read == before:
                    break
            peak = peak_rss_kib(agent.process.pid) / 1024
            kafka.broker.thaw()
            agent.counted(lines_delivered=count, deadline=60)
            peak_after = peak_rss_kib(agent.process.pid) / 1024
        finally:
            kafka.broker.thaw()
            agent.kill()
        self.table.one(f"peak RSS MiB, a line in each of {count} files, broker frozen", peak)
        self.table.one("lines of them taken meanwhile", read)
        self.table.one("peak RSS MiB, after the broker came back", peak_after)

    def start(self):
        """From the start of the process to READY=1, with files that the state knows."""
        kafka, count = self.broker("kafka"), 25000
        logs = many("start", count, b"t INFO order=o1 cid=c1 x\n")
        topic = kafka.topic()
        agent = self._agent("start", kafka.bootstrap, topic, logs)
        try:
            agent.counted(lines_delivered=count, deadline=90)
            agent.stop()
        finally:
            agent.kill()
        seconds, cpu = zip(*(_until_ready(agent) for _ in range(RUNS)))
        self.table.one(f"s until READY with {count} known files", statistics.median(seconds), at_most=2)
        self.table.one("CPU-s until then", statistics.median(cpu))

    # ---- helpers ----

    @staticmethod
    def _agent(name, bootstrap, topic, paths):
        directory = BENCH / name
        subprocess.run(["rm", "-rf", directory / "state"], check=True)
        agent = Agent(directory, settings(bootstrap, topic, paths, linger_ms=LINGER_MS))
        agent.start()
        agent.counters(60)  # it answers when the first look at all files is done
        return agent


def _of(runs, name, factor=1):
    return [getattr(run, name) * factor for run in runs]


def _until_ready(agent):
    path = str(BENCH / "notify")
    subprocess.run(["rm", "-f", path], check=True)
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as notify:
        notify.bind(path)
        notify.settimeout(60)
        begin = time.monotonic()
        env = dict(os.environ, NOTIFY_SOCKET=path)
        process = spawn(agent.command(), BENCH / "output", env=env)
        try:
            while b"READY=1" not in notify.recv(4096):
                pass
            return time.monotonic() - begin, cpu_ns(process.pid) / 1e9
        finally:
            process.terminate()
            process.wait(60)


PARTS = {
    **{name: getattr(Bench, name) for name in (
        "throughput", "record", "instructions", "rules", "latency", "frozen", "idle", "many", "start")},
    "chain": chain,
    "active": active,
    "kinds": kinds,
    "beside": beside,
    "neighbours": neighbours,
    "turned": turned,
    "memory": memory,
    "sick": sick,
    "recovery": recovery,
}


def main():
    wanted = [part for part in os.environ.get("BENCH", "").replace(",", " ").split() if part]
    unknown = set(wanted) - set(PARTS)
    if unknown:
        sys.exit(f"BENCH={','.join(sorted(unknown))}: the parts are {', '.join(PARTS)}")
    bench = Bench()
    try:
        for part in wanted or PARTS:
            print(f"{part}: {PARTS[part].__doc__}", flush=True)
            PARTS[part](bench)
    finally:
        bench.close()
        if bench.table.rows:
            bench.table.finish(f"Medians of {RUNS} runs of {LINES} lines.")


if __name__ == "__main__":
    main()

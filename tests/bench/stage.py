# SPDX-License-Identifier: Apache-2.0
"""What all parts of the bench stand on: the file, the brokers, the processes and how they are measured."""

import json
import os
import random
import re
import subprocess
import threading
import time
from dataclasses import dataclass
from pathlib import Path

from confluent_kafka import Consumer, TopicPartition
from rig import config
from rig.paths import BUILD, WAYBILL
from rig.process import status
from rig.wait import wait_for

BENCH = BUILD / "bench"
BARE = BENCH / "bare"
RULES = BENCH / "rules"
UNCHAINED = BENCH / "unchained"
PARTITIONS = 6
LINE_BYTES = 230
WARM_UP_MS = 2000
PATTERN = r"^(?<time>\S+) (?<level>\w+) order=(?<order_id>\S+) cid=(?<cid>\S+)"

# A record of which everything is made out of the line: the part "record".
RECORD_PATTERN = PATTERN + (
    r" client=(?<client>\S+) method=\w+ path=\S+ status=(?<status>\d+) bytes=(?<bytes>\d+)"
)
RECORD = {
    "timestamp": "${time}",
    "timestamp_max_future": "36500d",
    "json": [
        {"name": "order", "value": "${order_id}"},
        {"name": "cid", "value": "${cid}"},
        {"name": "level", "value": "${level}"},
        {"name": "client", "value": "${client}"},
        {"name": "status", "value": "${status}", "type": "number"},
        {"name": "bytes", "value": "${bytes}", "type": "number"},
    ],
    "headers": [
        {"name": "hostname", "value": "${host.name}"},
        {"name": "correlation-id", "value": "${cid}"},
        {"name": "level", "value": "${level}"},
    ],
}

# What packaging/systemd/waybill.service sets: the library frees thousands of blocks at a time, and
# the default cache of glibc holds seven of a size.
UNIT_ALLOCATOR = "GLIBC_TUNABLES=glibc.malloc.tcache_count=12000"
ALLOCATORS = {"plain": [], "unit": ["env", UNIT_ALLOCATOR]}

# Of valgrind: every line would be older than the usual linger, and there would be as many checkpoints
# a line as nowhere else.
SLOW_MOTION = {"linger_ms": 1000, "checkpoint_interval": "1m"}

AGENTS = ("curl/7.88.1", "okhttp/4.11.0", "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36")
PATHS = ("/api/v1/orders", "/checkout/confirm", "/static/js/app.js", "/api/v2/search?q=shoes")


def make_lines(path, count):
    """Lines of an application's access log; lz4 makes a third of them. An older file of the right
    size is taken as it is."""
    if path.exists() and path.stat().st_size == count * LINE_BYTES:
        return path
    chance = random.Random(1)
    with open(path, "w", encoding="ascii", buffering=1 << 20) as file:
        for i in range(count):
            at = f"{i // 3600000 % 24:02}:{i // 60000 % 60:02}:{i // 1000 % 60:02}.{i % 1000:03}"
            line = (
                f"2026-03-01T{at}Z INFO order=o{chance.randrange(100000):06} "
                f"cid={chance.getrandbits(64):016x} client=10.{i % 251}.{chance.randrange(256)}.7 "
                f"method=GET path={chance.choice(PATHS)} status=200 bytes={chance.randrange(100000)} "
                f'duration_ms={chance.randrange(1000)} agent="{chance.choice(AGENTS)}" '
                f"upstream=app-{chance.randrange(20):02}.internal:8080 cache=MISS tls=TLSv1.3 trace=-"
            )
            file.write(line[: LINE_BYTES - 1].ljust(LINE_BYTES - 1, ".") + "\n")
    return path


def settings(bootstrap, topic, paths, record=False, **more):
    """One source: key and one header by the pattern; or all that RECORD says."""
    headers = [{"name": "correlation-id", "value": "${cid}"}]
    source = config.source(topic, paths, **{"headers": headers, **(RECORD if record else {})})
    pattern = RECORD_PATTERN if record else PATTERN
    return config.settings(bootstrap, [source], pattern=pattern, **more)


def write_config(directory, *args, **more):
    """A fresh directory's worth: the configuration, and where the state goes."""
    directory.mkdir(parents=True, exist_ok=True)
    path = directory / "waybill.conf"
    path.write_text(config.render_settings(settings(*args, state_dir=str(directory / "state"), **more)))
    return path


class Mock:
    """The library's mock cluster in a process of its own: `waybill broker`."""

    def __init__(self, *topics):
        command = [WAYBILL, "broker", *(f"{topic}:{PARTITIONS}" for topic in topics or ["bench"])]
        self.process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
        )
        self.bootstrap = self.process.stdout.readline().strip().partition("=")[2]
        assert self.bootstrap, "the mock cluster did not start"

    def topic(self):
        return "bench"

    def drop(self, topic):
        """The mock keeps the newest 5 MB of a partition: nothing to do."""

    def stop(self):
        self.process.stdin.close()
        self.process.wait(10)


class Real:
    """A real Kafka; a fresh topic for each run, so that none pays for another's segments."""

    def __init__(self, broker):
        self.broker = broker
        self.bootstrap = broker.bootstrap
        self.made = 0

    def topic(self, **more):
        self.made += 1
        return self.broker.make_topic(f"bench-{os.getpid()}-{self.made}", PARTITIONS, **more)

    def drop(self, topic):
        self.broker.delete_topic(topic)

    def stop(self):
        self.broker.stop()


@dataclass
class Run:
    lines: int
    seconds: float
    cpu: float
    rss_kib: int

    @property
    def lines_a_second(self):
        return self.lines / self.seconds

    @property
    def cpu_a_gb(self):
        return self.cpu / (self.lines * LINE_BYTES / 1e9)


def measure(command, output):
    """A whole life: seconds, CPU-seconds of all threads, peak RSS. The peak is sampled: ru_maxrss
    would include what this process had when it forked."""
    begin = time.monotonic()
    with open(output, "wb") as file:
        process = subprocess.Popen(
            [str(part) for part in command], stdin=subprocess.DEVNULL, stdout=file, stderr=file
        )
    peak = 0
    while True:
        pid, code, usage = os.wait4(process.pid, os.WNOHANG)
        if pid:
            break
        peak = max(peak, int(status(process.pid).get("VmHWM", "0 kB").split()[0]))
        time.sleep(0.02)
    seconds = time.monotonic() - begin
    process.returncode = os.waitstatus_to_exitcode(code)
    assert process.returncode == 0, Path(output).read_text(errors="replace")[-3000:]
    return seconds, usage.ru_utime + usage.ru_stime, peak


def ship(path, lines, bootstrap, topic, prefix=(), program=WAYBILL, **more):
    """`run --until-eof` from an empty state; every line must be delivered."""
    directory = BENCH / "agent"
    subprocess.run(["rm", "-rf", directory / "state"], check=True)
    conf = write_config(directory, bootstrap, topic, [path], **more)
    output = directory / "output"
    command = [*prefix, program, "run", "--config", conf, "--until-eof"]
    seconds, cpu, peak = measure(command, output)
    delivered = re.findall(r" lines_delivered=(\d+)", output.read_text())
    assert delivered and int(delivered[-1]) == lines, output.read_text()[-3000:]
    return Run(lines, seconds, cpu, peak)


def flood(path, bootstrap, topic, prefix=()):
    """The bare loop over the same lines; its own clock, which starts when they are in memory."""
    command = [*prefix, BARE, "flood", path, bootstrap, topic]
    done = subprocess.run([str(part) for part in command], capture_output=True, text=True, check=True)
    said = json.loads(done.stdout)
    return Run(said["lines"], said["seconds"], said["cpu"], 0)


def cpu_ns(pid):
    """CPU time of all threads so far; the times of /proc/PID/stat come in steps of 10 ms."""
    total = 0
    for task in os.listdir(f"/proc/{pid}/task"):
        try:
            total += int(Path(f"/proc/{pid}/task/{task}/schedstat").read_text().split()[0])
        except OSError:
            pass  # a thread that ended
    return total


class Meter:
    """Shares of a core, in percent, of several processes over the same time."""

    def __init__(self, **pids):
        self.pids = pids
        self.before = {name: cpu_ns(pid) for name, pid in pids.items()}
        self.begin = time.monotonic_ns()

    def shares(self):
        passed = time.monotonic_ns() - self.begin
        return {
            name: 100 * (cpu_ns(pid) - self.before[name]) / passed for name, pid in self.pids.items()
        }


def spawn_bare(*args):
    """A mode of bare that runs on; standard input holds it."""
    command = [str(part) for part in (BARE, *args)]
    return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)


def until(condition, deadline, what):
    return wait_for(condition, deadline, what, every=0.05)


def many(name, count, content):
    """A directory of files; the pattern for them."""
    directory = BENCH / f"{name}.d"
    subprocess.run(["rm", "-rf", directory], check=True)
    directory.mkdir(parents=True)
    for i in range(count):
        (directory / f"{i}.log").write_bytes(content)
    return [directory / "*.log"]


class Arrivals(threading.Thread):
    """When each line of a topic of the mock came, which knows no time of its own; it makes who waits
    for a record wait for as long as he would at most, so that is added."""

    WAIT_MS = 5

    def __init__(self, bootstrap, topic):
        super().__init__(daemon=True)
        wait = {"fetch.wait.max.ms": self.WAIT_MS, "fetch.error.backoff.ms": self.WAIT_MS}
        self.consumer = Consumer({"bootstrap.servers": bootstrap, "group.id": "bench", **wait})
        self.consumer.assign([TopicPartition(topic, number, 0) for number in range(PARTITIONS)])
        self.found = []  # when it was written, and how much later it came, in ms
        self.ended = threading.Event()
        self.start()

    def run(self):
        while not self.ended.is_set():
            for message in self.consumer.consume(1000, 0.02):
                if not message.error():
                    written = int(message.value()[:16]) / 1000
                    self.found.append((written, time.time() * 1000 - written))

    def end(self, count):
        """Milliseconds from write to arrival, those of the first seconds left out as below."""
        until(lambda: len(self.found) >= count, 60, lambda: f"{len(self.found)} of {count}")
        self.ended.set()
        self.join()
        self.consumer.close()
        first = min(written for written, _ in self.found)
        return [late for written, late in self.found if written >= first + WARM_UP_MS]


def latencies(bootstrap, topic, count, warm_up_ms=WARM_UP_MS):
    """Milliseconds from the time that a line begins with to the time of its append. Not of the
    lines of the first seconds: a broker's first append to a topic takes half a second."""
    consumer = Consumer({"bootstrap.servers": bootstrap, "group.id": "bench"})
    consumer.assign([TopicPartition(topic, number, 0) for number in range(PARTITIONS)])
    found = []

    def step():
        for message in consumer.consume(1000, 0.1):
            written = int(message.value()[:16]) / 1000
            found.append((written, message.timestamp()[1] - written))
        return len(found) >= count

    until(step, 60, lambda: f"{len(found)} of {count}")
    consumer.close()
    first = min(written for written, _ in found)
    return [late for written, late in found if written >= first + warm_up_ms]

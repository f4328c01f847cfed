# SPDX-License-Identifier: Apache-2.0
"""What each outage costs: how long after its cure lines flow again, and what the agent does meanwhile.

Each fault is played several times in one life of an agent that ships 200 lines a second; at the end an
oracle reads the topic. The cure is the moment from which the brokers would take a record: another
broker leads, a frozen one is thawed, a proxy passes on what comes.
"""

import os
import statistics
import subprocess
import time

from confluent_kafka import KafkaException
from confluent_kafka.admin import AdminClient, NewTopic
from rig import config
from rig.agent import Agent
from rig.kafka import JAVA, Broker, ThreeBrokers
from rig.oracle import Oracle
from rig.process import peak_rss_kib, spawn
from rig.proxy import Proxy
from rig.wait import last, wait_for
from rig.writer import Lineage, Load
from stage import BENCH, cpu_ns
from table import Table
from test_moved_broker import NAME, NEW, OLD, Hosts, NamedBroker
from test_shuffle import PAUSE_MS, PROGRAM

ROUNDS = int(os.environ.get("BENCH_ROUNDS", 3))
RATE = 200
CALM_S = 6  # of a healthy cluster, to compare with
OUTAGE_S = 60
FREEZE_S = 30  # longer than socket_timeout_ms
SOON_S = 5  # goal for the first new acknowledgement
SHARE = 2  # goal for the CPU, % of a core
HEAD = ("fault", "times", "LOST", "DUP", "ORDER", "in doubt", "producers",
        "s to the first ack, median", "max", "s until none waits, median", "max",
        "% of a core before", "meanwhile", "messages each time", "peak RSS MiB")


class World:
    """An agent under load, whose messages, CPU time and acknowledgements are looked at."""

    def __init__(self, name, bootstrap, cluster, topic, prefix=()):
        directory = BENCH / "recovery" / name
        subprocess.run(["rm", "-rf", directory], check=True)
        (directory / "log").mkdir(parents=True)
        self.lineage = Lineage(directory / "log" / "a.log", keys=60)
        settings = config.settings(bootstrap, [config.source(topic, [self.lineage.path])])
        self.topic = topic
        self.oracle = Oracle(cluster.bootstrap, topic, [self.lineage])
        self.agent = Agent(directory / "agent", settings)
        self.agent.prefix = list(prefix)
        self.load = None
        self.first, self.all, self.shares, self.said = [], [], [], []

    def sail(self):
        self.agent.start()
        self.agent.wait_says("started:")
        self.load = Load(self.lineage, rate=RATE)
        self.agent.counted(lines_delivered=5 * RATE)
        self.calm = self.share_of(lambda: last(CALM_S))

    def share_of(self, what):
        """% of a core that the agent takes while it lasts."""
        used, begin = cpu_ns(self.agent.process.pid), time.monotonic_ns()
        what()
        return 100 * (cpu_ns(self.agent.process.pid) - used) / (time.monotonic_ns() - begin)

    def _messages(self):
        return sum(" counters: " not in line for line in self.agent.messages().splitlines())

    def begin(self):
        self.said_before = self._messages()
        self.used, self.begun = cpu_ns(self.agent.process.pid), time.monotonic_ns()

    def cured(self):
        """From here on it is measured how long it takes."""
        now = time.monotonic()
        written = len(self.lineage)
        passed = time.monotonic_ns() - self.begun
        self.shares.append(100 * (cpu_ns(self.agent.process.pid) - self.used) / passed)
        self.said.append(self._messages() - self.said_before)
        before = self._delivered()
        self.first.append(self._until(now, before + 1))
        self.all.append(self._until(now, written))
        print(f"    {self.first[-1]:.1f} s, {self.all[-1]:.1f} s, {self.shares[-1]:.1f} %", flush=True)

    def _delivered(self):
        return self.agent.counters(60)["lines_delivered"]

    def _until(self, begin, delivered):
        wait_for(lambda: self._delivered() >= delivered, 60, self.agent.messages, every=0.03)
        return time.monotonic() - begin

    def judge(self):
        """The row of the table."""
        self.load.stop()
        wait_for(self.oracle.complete, 120, lambda: f"{self.oracle.missing()} missing")
        peak = peak_rss_kib(self.agent.process.pid) / 1024
        self.agent.stop()
        counters, verdict = self.agent.counters(), self.oracle.judge()
        counts = (len(self.first), verdict.LOST, verdict.DUP, verdict.ORDER,
                  counters["maybe_persisted"], counters["producers_made"])
        times = [f(times) for times in (self.first, self.all) for f in (statistics.median, max)]
        tail = (self.calm, max(self.shares), max(self.said), peak)
        return [str(count) for count in counts], [f"{value:.1f}" for value in (*times, *tail)]

    def close(self):
        if self.load:
            self.load.stop()
        self.agent.kill()
        self.oracle.close()


# ---- three brokers ----


def ready(three, topic, least=2):
    """Each partition has a leader and enough replicas; asked by who has met no outage."""
    try:
        admin = AdminClient({"bootstrap.servers": three.bootstrap, "log_level": 2})
        parts = admin.list_topics(topic, timeout=2).topics[topic].partitions.values()
    except (KafkaException, KeyError):
        return False
    return len(parts) > 0 and all(part.leader > 0 and len(part.isrs) >= least for part in parts)


def others_lead(three, world, node):
    three.wait_without(node, world.topic)
    world.cured()
    three.mend()


def restarted(three, world):
    """rolling restart: one after the other"""
    for node in (2, 3):
        world.begin()
        three.brokers[node].stop()
        others_lead(three, world, node)


def bounced(three, world):
    """the leader killed, five times"""
    for _ in range(5):
        leaders = [leader for leader in three.leaders(world.topic).values() if leader != 1]
        node = max(leaders or [3], key=leaders.count)
        world.begin()
        three.brokers[node].kill()
        others_lead(three, world, node)


def all_down(three, world):
    """all brokers killed, for a minute"""
    world.begin()
    for broker in three.brokers.values():
        broker.kill()
    last(OUTAGE_S)
    for broker in three.brokers.values():
        broker.launch()
    wait_for(lambda: ready(three, world.topic), 120, "leaders")
    world.cured()
    three.mend()


def frozen(three, world):
    """two of three brokers frozen and thawed"""
    world.begin()
    for node in (2, 3):
        three.brokers[node].freeze()
    last(FREEZE_S)
    for node in (2, 3):
        three.brokers[node].thaw()
    world.cured()
    three.mend()


def leaderless(three, world):
    """no partition has a leader"""
    world.begin()
    for node in (2, 3):
        three.brokers[node].kill()
    last(FREEZE_S)
    assert set(three.leaders(world.topic).values()) == {-1}
    for node in (2, 3):
        three.brokers[node].launch()
    wait_for(lambda: ready(three, world.topic, least=1), 120, "leaders")
    world.cured()
    three.mend()


def moved(three, world):
    """partitions and leaders move every 2 s"""
    output = BENCH / "recovery" / "rounds"
    output.unlink(missing_ok=True)
    world.begin()
    process = spawn([*JAVA, PROGRAM, three.bootstrap, world.topic, 3, PAUSE_MS], output)
    try:
        wait_for(lambda: output.read_text().count("\n") >= 8, 120, "eight rounds")
    finally:
        process.kill()
        process.wait()
    wait_for(lambda: ready(three, world.topic), 60, "leaders")
    world.cured()
    three.mend()


# ---- one broker behind a proxy ----


def holed(proxy, world):
    """black hole: connections stand, nothing passes"""
    world.begin()
    proxy.black_hole()
    last(FREEZE_S)
    proxy.black_hole(False)
    world.cured()


def deaf(proxy, world):
    """black hole also for the first packet of a connection"""
    world.begin()
    proxy.deaf()
    last(FREEZE_S)
    proxy.deaf(False)
    world.cured()


def half_open(proxy, world):
    """half-open: a black hole, and its connections stay dead"""
    world.begin()
    proxy.black_hole()
    last(FREEZE_S)
    proxy.half_open()
    world.cured()


def trickled(proxy, world):
    """one byte a second"""
    world.begin()
    proxy.trickle()
    last(FREEZE_S)
    proxy.trickle(False)
    world.cured()


class Plan:
    def __init__(self, three):
        self.three = three
        self.made = 0

    def with_three(self, fault):
        self.made += 1
        self.three.mend()
        name = f"recovery-{fault.__name__}-{self.made}"
        if fault is leaderless:
            new = NewTopic(name, 6, replica_assignment=[[2, 3] if n % 2 else [3, 2] for n in range(6)])
            self.three.admin.create_topics([new])[name].result(60)
            wait_for(lambda: ready(self.three, name), 60, "leaders")
        else:
            two = fault is moved
            self.three.make_topic(name, replicas=2 if two else 3, min_insync_replicas=1 if two else 2)
        world = World(fault.__name__, self.three.bootstrap, self.three, name)
        return play(fault, self.three, world)


def play(fault, place, world):
    try:
        world.sail()
        for _ in range(1 if fault is bounced else ROUNDS):
            fault(place, world)
        return world.judge()
    finally:
        world.close()


def with_proxy(broker, fault):
    topic = broker.make_topic(f"recovery-{fault.__name__}")
    proxy = Proxy(broker)
    try:
        return play(fault, proxy, World(fault.__name__, proxy.bootstrap, broker, topic))
    finally:
        proxy.close()


def renamed(place, world):
    """the address behind a name changes, nobody at the old one"""
    broker, hosts, proxies = place
    address = NEW if proxies[-1].bootstrap.startswith(OLD) else OLD
    world.begin()
    proxies[-1].close()
    last(FREEZE_S / 2)
    proxies.append(Proxy(broker, address))
    hosts.say(address)
    world.cured()


def with_name(broker):
    hosts = Hosts(BENCH / "recovery" / "hosts")
    hosts.say(OLD)
    proxies = [Proxy(broker)]
    topic = broker.make_topic("recovery-renamed")
    try:
        world = World("renamed", f"{NAME}:{broker.proxy_port}", broker, topic, hosts.prefix())
        return play(renamed, (broker, hosts, proxies), world)
    finally:
        proxies[-1].close()


def recovery(bench):
    """Time from the cure of each outage to the first acknowledgement, and what it costs meanwhile."""
    (BENCH / "recovery").mkdir(parents=True, exist_ok=True)
    table = Table(BENCH / "recovery.md", HEAD)
    wanted = os.environ.get("BENCH_FAULTS", "").replace(",", " ").split()
    missed = []

    def row(fault, played):
        counts, times = played()
        what = fault.__doc__
        table.row(what, *counts, *times)
        if float(times[1]) > SOON_S:
            missed.append(f"{what}: {times[1]} s to the first acknowledgement, goal {SOON_S}")
        # Where lines flow meanwhile it is their share.
        if float(times[5]) > max(SHARE, float(times[4])):
            missed.append(f"{what}: {times[5]} % of a core, {times[4]} before it; goal {SHARE}")

    def chosen(*faults):
        return [fault for fault in faults if not wanted or fault.__name__ in wanted]

    try:
        _on_brokers(chosen, row)
    finally:
        table.note("Goals that were missed:", missed or ["none"])
        table.finish(f"Each fault {ROUNDS} times, {RATE} lines/s.")


def _on_brokers(chosen, row):
    several = chosen(restarted, bounced, all_down, frozen, leaderless, moved)
    if several:
        three = ThreeBrokers()
        try:
            three.start()
            plan = Plan(three)
            for fault in several:
                row(fault, lambda fault=fault: plan.with_three(fault))
        finally:
            three.stop()
    for make, faults in ((Broker, chosen(holed, deaf, half_open, trickled)), (NamedBroker, chosen(renamed))):
        if not faults:
            continue
        broker = make("recovery-broker")
        broker.format()
        broker.start()
        try:
            for fault in faults:
                row(fault, lambda fault=fault: with_name(broker) if fault is renamed else with_proxy(broker, fault))
        finally:
            broker.stop()

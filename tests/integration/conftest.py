# SPDX-License-Identifier: Apache-2.0
"""Fixtures of the integration tests: one broker for the session, everything else for one test."""

import fcntl
import os
import re
import shutil
import struct
import subprocess
from pathlib import Path

import pytest
from rig import config
from rig.agent import Agent
from rig.kafka import Broker, Cluster, MoreBroker, ThreeBrokers
from rig.manager import Manager
from rig.oracle import Oracle
from rig.paths import BUILD, KAFKA_LIB, WAYBILL, WORK
from rig.proxy import Proxy
from rig.sides import Side
from rig.terminal import Terminal
from rig.writer import Lineage

JUMP = Path(__file__).parent / "rig" / "jump.c"


def pytest_configure(config):
    config.addinivalue_line("markers", "rig: a test of the rig itself, without the agent")


@pytest.fixture(scope="session")
def broker():
    """A Kafka of our own: may be frozen and killed, stands behind the proxy. A test that breaks it
    mends it."""
    assert KAFKA_LIB.is_dir(), f"{KAFKA_LIB} is missing: run tests/kafka/fetch.sh"
    broker = Broker()
    broker.format()
    broker.start()
    yield broker
    broker.stop()


@pytest.fixture(scope="module")
def other():
    """A second cluster; a test that breaks it mends it."""
    other = Broker("other-broker")
    other.format()
    other.start()
    yield other
    other.stop()


@pytest.fixture(scope="session")
def cluster(request):
    """Where most tests ship to: WAYBILL_TEST_BROKERS, or our own broker."""
    existing = os.environ.get("WAYBILL_TEST_BROKERS")
    if not existing:
        return request.getfixturevalue("broker")
    cluster = Cluster(existing)
    assert cluster.answers(), f"WAYBILL_TEST_BROKERS={existing} does not answer"
    return cluster


@pytest.fixture(scope="module")
def three():
    """Three brokers, for tests in which one of them fails: RF 3, min.insync.replicas 2. Of several
    processes that share out the tests one at a time has them."""
    assert KAFKA_LIB.is_dir(), f"{KAFKA_LIB} is missing: run tests/kafka/fetch.sh"
    with open(BUILD / "three-brokers.lock", "w", encoding="ascii") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        brokers = ThreeBrokers()
        try:
            brokers.start()
            yield brokers
        finally:
            brokers.stop()


@pytest.fixture
def two_brokers(work):
    """Two brokers of one cluster; the second may be killed."""
    first = Broker("first-broker")
    second = MoreBroker(first, 2)
    try:
        for broker in (first, second):
            broker.format()
            broker.start()
        yield first, second
    finally:
        second.stop()
        first.stop()


@pytest.fixture
def topic_name(request):
    """Unique for the test, and among runs against an existing cluster."""
    name = re.sub(r"[^a-zA-Z0-9]+", "-", request.node.name).strip("-")
    return f"waybill-{name}-{os.getpid()}"


@pytest.fixture
def topic(cluster, topic_name):
    """Six partitions."""
    return cluster.make_topic(topic_name)


@pytest.fixture
def own_topic(broker, topic_name):
    """Six partitions, on the broker that may be broken."""
    return broker.make_topic(topic_name)


@pytest.fixture
def work(request):
    """An empty directory; removed when the test passed, kept for a look when it did not."""
    directory = WORK / re.sub(r"[^a-zA-Z0-9]+", "-", request.node.name).strip("-")
    shutil.rmtree(directory, ignore_errors=True)
    (directory / "log").mkdir(parents=True)
    yield directory
    if getattr(request.node, "passed", False):
        shutil.rmtree(directory, ignore_errors=True)


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item, call):
    outcome = yield
    if call.when == "call":
        item.passed = outcome.get_result().passed


@pytest.fixture
def clock(work):
    """An environment in which it jumps, and a function that has it do so: seconds ahead of the true one."""
    library, file = work / "jump.so", work / "jump"
    subprocess.run(["cc", "-shared", "-fPIC", "-O1", "-o", library, JUMP, "-ldl"], check=True)

    def jump(seconds):
        with open(file, "r+b" if file.exists() else "wb", buffering=0) as to:
            to.write(struct.pack("=q", seconds))

    jump(0)
    return {**os.environ, "LD_PRELOAD": str(library), "CLOCK_JUMP": str(file)}, jump


@pytest.fixture
def make_lineage(work):
    """make_lineage(name, **shape): a log file log/NAME.log to be written, see rig/lines.py."""
    made = []

    def make(name, **shape):
        made.append(Lineage(work / "log" / f"{name}.log", **shape))
        return made[-1]

    yield make
    for lineage in made:
        lineage.close()


@pytest.fixture
def make_agent(work):
    """make_agent(bootstrap, topic, **settings): ships log/*.log; killed when the test ends."""
    made = []

    def make(bootstrap=None, topic=None, source=None, text=None, **settings):
        assert WAYBILL.is_file(), f"{WAYBILL} is missing: run make"
        if text is None:
            paths = [str(work / "log" / "*.log")]
            sources = [config.source(topic, **{"paths": paths, **(source or {})})]
            settings = config.settings(bootstrap, sources, **settings)
        name = f"agent{len(made)}" if made else "agent"
        made.append(Agent(work / name, settings, text))
        return made[-1]

    yield make
    for agent in made:
        agent.kill()


@pytest.fixture
def make_oracle():
    made = []

    def make(cluster, topic, lineages, **more):
        made.append(Oracle(cluster.bootstrap, topic, lineages, **more))
        return made[-1]

    yield make
    for oracle in made:
        oracle.close()


@pytest.fixture
def proxy(broker):
    proxy = Proxy(broker)
    yield proxy
    proxy.close()


@pytest.fixture
def manager():
    manager = Manager()
    yield manager
    manager.close()


@pytest.fixture
def make_side(topic_name, make_lineage, make_oracle):
    """make_side(name, kafka): what it reads and where that goes, in a topic of its own."""

    def make(name, kafka, cluster=None, lineage=None):
        topic = f"{topic_name}-{name}"
        kafka.make_topic(topic)
        lineage = make_lineage(name) if lineage is None else lineage
        oracle = make_oracle(kafka, topic, [lineage], unjudged={"life"})
        return Side(name, kafka, topic, lineage, oracle, cluster)

    return make


@pytest.fixture
def open_top():
    """open_top(agent): `waybill top` of that agent in a terminal."""
    opened = []

    def open_it(agent, **shape):
        where = ["--config", agent.config, "--state-dir", agent.state]
        opened.append(Terminal([agent.program, "top", *where], **shape))
        return opened[-1]

    yield open_it
    for terminal in opened:
        terminal.close()

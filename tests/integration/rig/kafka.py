# SPDX-License-Identifier: Apache-2.0
"""One real Apache Kafka in KRaft mode: broker and controller in one process, on loopback.

Two listeners: PLAIN is advertised as it is; PROXIED is advertised at `proxy_port`, so a client
that bootstraps through a proxy there stays on the proxy after it has read the metadata.
"""

import shutil
import signal
import subprocess

from confluent_kafka import KafkaException
from confluent_kafka.admin import (
    AdminClient,
    AlterConfigOpType,
    ConfigEntry,
    ConfigResource,
    NewPartitions,
    NewTopic,
)

from .paths import KAFKA_LIB, WORK
from .process import free_port, spawn
from .wait import wait_for

CLUSTER_ID = "waybill-test-cluster-w"

PROPERTIES = """
process.roles=broker,controller
node.id=1
controller.quorum.voters=1@127.0.0.1:{controller}
listeners=PLAIN://127.0.0.1:{plain},PROXIED://127.0.0.1:{proxied},CONTROLLER://127.0.0.1:{controller}
advertised.listeners=PLAIN://127.0.0.1:{plain},PROXIED://127.0.0.1:{proxy}
listener.security.protocol.map=PLAIN:PLAINTEXT,PROXIED:PLAINTEXT,CONTROLLER:PLAINTEXT
inter.broker.listener.name=PLAIN
controller.listener.names=CONTROLLER
log.dirs={log_dir}
auto.create.topics.enable=false
offsets.topic.replication.factor=1
offsets.topic.num.partitions=1
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
transaction.state.log.num.partitions=1
group.initial.rebalance.delay.ms=0
log.retention.ms=-1
log.cleaner.dedupe.buffer.size=4194304
num.network.threads=2
num.io.threads=2
broker.heartbeat.interval.ms=500
broker.session.timeout.ms=3000
"""

JAVA = ["java", "-Xmx384m", "-XX:+UseSerialGC", "-cp", f"{KAFKA_LIB}/*"]

# A deadline of an answer to an administrator, however busy the machine is.
ANSWER_S = 120


class Cluster:
    """What a test needs of any Kafka, ours or an existing one: its address and its topics."""

    def __init__(self, bootstrap):
        self.bootstrap = bootstrap
        self._admin = None

    @property
    def admin(self):
        if self._admin is None:
            self._admin = AdminClient({"bootstrap.servers": self.bootstrap, "log_level": 2})
        return self._admin

    def answers(self):
        try:
            return bool(self.admin.list_topics(timeout=1).brokers)
        except KafkaException:
            return False

    def make_topic(self, name, partitions=6, replicas=1, **config):
        """Creates a topic and waits until every partition of it has a leader."""
        settings = {key.replace("_", "."): str(value) for key, value in config.items()}
        new = NewTopic(name, partitions, replicas, config=settings)
        self.admin.create_topics([new])[name].result(ANSWER_S)

        def led():
            topic = self.admin.list_topics(name, timeout=5).topics[name]
            leaders = [part.leader for part in topic.partitions.values()]
            return len(leaders) == partitions and min(leaders) >= 0

        wait_for(led, 30, f"leaders of {name}")
        return name

    def grow_topic(self, name, partitions):
        """Adds partitions to a topic, and waits until each has a leader."""
        self.admin.create_partitions([NewPartitions(name, partitions)])[name].result(ANSWER_S)

        def led():
            found = self.admin.list_topics(name, timeout=5).topics[name].partitions.values()
            return len(found) == partitions and min(part.leader for part in found) >= 0

        wait_for(led, 30, f"leaders of {name}")

    def alter_topic(self, name, **config):
        """Settings of a topic, from now on."""
        entries = [
            ConfigEntry(key.replace("_", "."), str(value), incremental_operation=AlterConfigOpType.SET)
            for key, value in config.items()
        ]
        resource = ConfigResource(ConfigResource.Type.TOPIC, name, incremental_configs=entries)
        self.admin.incremental_alter_configs([resource])[resource].result(ANSWER_S)

    def delete_topic(self, name):
        self.admin.delete_topics([name])[name].result(ANSWER_S)


class Broker(Cluster):
    """A Kafka of our own, which tests may freeze and kill."""

    def __init__(self, name="broker"):
        names = ("plain", "proxied", "controller", "proxy")
        ports = set()
        while len(ports) < len(names):
            ports.add(free_port())
        self.ports = dict(zip(names, ports))
        super().__init__(f"127.0.0.1:{self.ports['plain']}")
        self.dir = WORK / name
        self.process = None
        self.more = ""  # settings
        self.java_options, self.classes = [], []  # classes: directories of more of them

    @property
    def proxied_address(self):
        """Where a proxy connects to."""
        return ("127.0.0.1", self.ports["proxied"])

    @property
    def proxy_port(self):
        """Where a proxy has to listen."""
        return self.ports["proxy"]

    def _settings(self):
        return PROPERTIES.format(log_dir=self.dir / "data", **self.ports) + self.more

    def format(self):
        shutil.rmtree(self.dir, ignore_errors=True)
        self.dir.mkdir(parents=True)
        self.properties = self.dir / "server.properties"
        self.properties.write_text(self._settings())
        command = JAVA + ["kafka.tools.StorageTool", "format", "-t", CLUSTER_ID, "-c", self.properties]
        done = subprocess.run([str(part) for part in command], capture_output=True, text=True)
        assert done.returncode == 0, done.stdout + done.stderr

    def start(self):
        self.launch()
        self.wait_up()

    def launch(self):
        assert self.process is None
        command = JAVA[:-1] + [":".join([JAVA[-1], *self.classes])] + self.java_options
        command += ["kafka.Kafka", self.properties]
        self.process = spawn(command, self.dir / "output", cwd=self.dir)

    def joined(self):
        return self.answers()

    def wait_up(self):
        def up():
            assert self.process.poll() is None, (self.dir / "output").read_text()[-4000:]
            return self.joined()

        wait_for(up, 100, "the broker answers", every=0.1)

    def freeze(self):
        self.process.send_signal(signal.SIGSTOP)

    def thaw(self):
        self.process.send_signal(signal.SIGCONT)

    def kill(self):
        self.process.kill()
        self.process.wait()
        self.process = None

    def stop(self):
        if self.process is None:
            return
        self.process.send_signal(signal.SIGCONT)
        self.process.terminate()
        try:
            self.process.wait(20)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.process = None


class MoreBroker(Broker):
    """Another broker of the cluster that `first` controls."""

    def __init__(self, first, node):
        super().__init__(f"{first.dir.name}-{node}")
        self.first = first
        self.node = node
        self.more = first.more
        self.ports["controller"] = first.ports["controller"]

    def _settings(self):
        listener = f",CONTROLLER://127.0.0.1:{self.ports['controller']}"
        settings = super()._settings().replace(listener, "")
        return settings + f"process.roles=broker\nnode.id={self.node}\n"

    def joined(self):
        return self.node in self.first.admin.list_topics(timeout=5).brokers


AUTHORIZER = """
authorizer.class.name=org.apache.kafka.metadata.authorizer.StandardAuthorizer
allow.everyone.if.no.acl.found=true
"""


class ThreeBrokers(Cluster):
    """Three brokers of one cluster; the first, which controls it, is not to be broken. What a test
    breaks it mends with mend()."""

    def __init__(self):
        first = Broker("three-brokers")
        first.more = AUTHORIZER
        self.brokers = {1: first, 2: MoreBroker(first, 2), 3: MoreBroker(first, 3)}
        super().__init__(",".join(broker.bootstrap for broker in self.brokers.values()))

    def start(self):
        for broker in self.brokers.values():
            broker.format()
            broker.launch()
        self.mend()

    def mend(self):
        """All of them run, and have all that each partition should have."""
        for broker in self.brokers.values():
            if broker.process is None:
                broker.launch()
            broker.thaw()
        for broker in self.brokers.values():
            broker.wait_up()
        wait_for(lambda: len(self.described().brokers) == 3, 60, "three brokers")
        wait_for(lambda: not self._lacking(), 120, "all replicas in sync")

    def described(self):
        return self.brokers[1].admin.list_topics(timeout=10)

    def _lacking(self):
        topics = self.described().topics.values()
        parts = [part for topic in topics for part in topic.partitions.values()]
        return [part for part in parts if len(part.isrs) < len(part.replicas) or part.leader < 0]

    def leaders(self, topic):
        return {n: part.leader for n, part in self.described().topics[topic].partitions.items()}

    def wait_without(self, node, *topics):
        """No partition of the topics counts on the broker."""

        def gone():
            found = self.described().topics
            parts = [part for topic in topics for part in found[topic].partitions.values()]
            return all(node not in part.isrs and part.leader not in (node, -1) for part in parts)

        wait_for(gone, 60, f"broker {node} is given up")

    def stop(self):
        for node in (3, 2, 1):
            self.brokers[node].stop()

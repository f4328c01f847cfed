# SPDX-License-Identifier: Apache-2.0
"""The recipes of contrib/provenance, run on a topic: which records each of them lets through."""

import importlib.util
import subprocess

from confluent_kafka import Consumer, KafkaException, TopicPartition

from .kafka import JAVA
from .paths import KAFKA_LIB, ROOT
from .wait import wait_for

RECIPES = ROOT / "contrib" / "provenance"
HARNESS = ROOT / "tests" / "integration" / "java" / "ReadOnce.java"


def python_recipe():
    spec = importlib.util.spec_from_file_location("repeats", RECIPES / "repeats.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.Repeats()


def records_in(consumer, parts):
    """In a tuple; None while the broker does not say."""
    try:
        return (sum(consumer.get_watermark_offsets(part, 10)[1] for part in parts),)
    except KafkaException:
        return None


def read_all(bootstrap, topic, partitions=6, deadline=60):
    """Every message of the topic, in the order in which a consumer of all partitions gets them."""
    consumer = Consumer(
        {
            "bootstrap.servers": bootstrap,
            "group.id": "recipes",
            "enable.auto.commit": False,
            "auto.offset.reset": "error",
            "log_level": 2,
        }
    )
    parts = [TopicPartition(topic, number, 0) for number in range(partitions)]
    messages = []
    try:
        consumer.assign(parts)
        total = wait_for(lambda: records_in(consumer, parts), 20, f"end offsets of {topic}")[0]

        def step():
            for message in consumer.consume(10000, 0.2) if total else []:
                assert message.error() is None, message.error()
                messages.append(message)
            return len(messages) >= total

        wait_for(step, deadline, lambda: f"{len(messages)} of {total}", every=0)
    finally:
        consumer.close()
    return messages


def once_python(messages):
    """(partition, offset) of what the Python recipe lets through."""
    repeats = python_recipe()
    return [place(message) for message in messages if not repeats.is_repeat(message)]


def place(message):
    return message.partition(), message.offset()


def once_java(bootstrap, topic, classes):
    """The same of the Java recipe, which reads for itself; classes: where it is compiled to."""
    lib = f"{KAFKA_LIB}/*"
    sources = [RECIPES / "Repeats.java", HARNESS]
    subprocess.run(["javac", "-d", classes, "-cp", lib, *sources], check=True, timeout=120)
    command = [*JAVA[:-1], f"{classes}:{lib}", "ReadOnce", bootstrap, topic]
    done = subprocess.run(command, check=True, timeout=180, capture_output=True, text=True)
    return [tuple(map(int, line.split())) for line in done.stdout.splitlines()]

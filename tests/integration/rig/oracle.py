# SPDX-License-Identifier: Apache-2.0
"""Judges a topic: reads all of it, regenerates every line that was written, and compares.

  LOST     a written line that is not in the topic
  DUP      a line that is there again; a verdict counts the repeats
  ORDER    per lineage and key, a first occurrence whose sequence is below an earlier one
  CORRUPT  value, key or headers differ from the reference, or the record was never written
  WRONG    keyed record in another partition than an independent murmur2 says

read() may be called again and again: it goes on where it was, and tells what the last read brought.
"""

from array import array
from dataclasses import dataclass, field

from confluent_kafka import Consumer, KafkaException, TopicPartition
from kafka.partitioner.default import murmur2

from .lines import identity
from .wait import wait_for

EXAMPLES = 5


def reference_headers(lines, sequence, start):
    """What rig/config.py asks for; a header whose field is missing is left out."""
    headers = [("position", b"%d" % start)]
    if lines.matches(sequence):
        headers.append(("correlation-id", lines.correlation_id(sequence)))
        headers.append(("level", lines.level(sequence)))
    return headers


@dataclass
class Verdict:
    written: int = 0
    records: int = 0
    LOST: int = 0
    DUP: int = 0
    ORDER: int = 0
    CORRUPT: int = 0
    WRONG: int = 0
    first: dict = field(default_factory=dict)

    def faults(self):
        return {name: getattr(self, name) for name in ("LOST", "DUP", "ORDER", "CORRUPT", "WRONG")}

    def assert_clean(self, written, dup=0):
        """Exactly the lines written, once each; or with exactly `dup` repeats."""
        assert self.faults() == {"LOST": 0, "DUP": dup, "ORDER": 0, "CORRUPT": 0, "WRONG": 0}, self
        assert (self.written, self.records) == (written, written + dup), self


@dataclass
class Segment:
    """What one read brought: new lines, (lineage, sequence) of each repeat, and each record's
    timestamp in ms (the time of its append, if the topic is made so)."""

    records: int = 0
    new: int = 0
    repeats: list = field(default_factory=list)
    times: array = field(default_factory=lambda: array("q"))


class Oracle:
    def __init__(self, bootstrap, topic, lineages, partitions=6, headers=reference_headers, unjudged=()):
        self.topic = topic
        self.partitions = partitions
        self.headers = headers
        self.unjudged = unjudged  # names of headers that may be there and hold anything
        self.lineages = {lineage.name: lineage for lineage in lineages}
        self.counts = {name: bytearray() for name in self.lineages}
        self.last = {}  # (lineage, key): highest sequence so far
        self.partition_of = {}
        self.positions = dict.fromkeys(range(partitions), 0)
        self.verdict = Verdict()
        self.settings = {
            "bootstrap.servers": bootstrap,
            "group.id": "oracle",
            "enable.auto.commit": False,
            "auto.offset.reset": "error",
            "isolation.level": "read_uncommitted",
            "check.crcs": True,
            "queued.min.messages": 200000,
            "fetch.wait.max.ms": 20,
            "reconnect.backoff.max.ms": 500,
            "log_level": 2,
        }
        self.consumer = Consumer(self.settings)
        self.asker = Consumer(self.settings)  # on the consumer's connection answers wait for its fetches
        self._assign()

    def close(self):
        self.consumer.close()
        self.asker.close()

    def ends(self):
        """End offset of every partition; None while the broker does not say."""
        try:
            return {
                part: self.asker.get_watermark_offsets(TopicPartition(self.topic, part), 5)[1]
                for part in range(self.partitions)
            }
        except KafkaException:  # a client that met a fenced broker may keep what it heard then
            self.asker.close()
            self.asker = Consumer(self.settings)
            return None

    def in_topic(self):
        """Records in the topic, repeats included; 0 while the broker does not say."""
        return sum((self.ends() or {}).values())

    def settled_ends(self):
        """Ends that did not move over five looks: a dead producer's last requests are through."""
        seen = []

        def quiet():
            seen.append(self.ends())
            return len(seen) >= 5 and seen[-1] and all(ends == seen[-1] for ends in seen[-5:])

        wait_for(quiet, 60, "the topic to be quiet", every=0.05)
        return seen[-1]

    def read(self, ends=None, deadline=60):
        """Reads at least up to the ends as they are now; or exactly up to those given."""
        goal = ends or wait_for(self.ends, deadline, f"end offsets of {self.topic}")
        segment = Segment()

        def wanted(message):
            return not ends or message.offset() < ends[message.partition()]

        def step():
            for message in self.consumer.consume(10000, timeout=0.2):
                if message.error() is None and wanted(message):
                    self.positions[message.partition()] = message.offset() + 1
                    self._judge(message, segment)
            return all(self.positions[part] >= end for part, end in goal.items())

        wait_for(step, deadline, lambda: f"{self.topic}: at {self.positions} of {goal}", every=0)
        if ends:  # what came from beyond them is read again
            self._assign()
        return segment

    def _assign(self):
        parts = self.positions.items()
        self.consumer.assign([TopicPartition(self.topic, part, at) for part, at in parts])

    def _fault(self, verdict, message, what):
        setattr(self.verdict, verdict, getattr(self.verdict, verdict) + 1)
        examples = self.verdict.first.setdefault(verdict, [])
        if len(examples) < EXAMPLES:
            examples.append(f"{what} at {message.partition()}:{message.offset()}")

    def _judge(self, message, segment):
        self.verdict.records += 1
        segment.records += 1
        segment.times.append(message.timestamp()[1])
        value = message.value()
        try:
            name, generation, sequence = identity(value)
            lineage = self.lineages[name]
            start = lineage.starts[sequence]
        except (ValueError, KeyError, IndexError, TypeError, AttributeError):
            self._fault("CORRUPT", message, f"never written: {value!r}"[:200])
            return
        lines = lineage.lines
        key = lines.key(sequence) if lines.matches(sequence) else None
        if generation != lineage.generations[sequence] or value != lines.line(generation, sequence):
            self._fault("CORRUPT", message, f"value of {name.decode()} {sequence}")
        elif message.key() != key:
            self._fault("CORRUPT", message, f"key {message.key()} for {key} {sequence}")
        elif self._judged(message) != self.headers(lines, sequence, start):
            self._fault("CORRUPT", message, f"headers {message.headers()} of {sequence}")
        if key is not None and message.partition() != self._partition(key):
            self._fault("WRONG", message, f"key {key}")
            key = None  # partitions are read in no particular order: nothing to say of ORDER
        self._count(message, segment, lineage, sequence, key)

    def _judged(self, message):
        return [header for header in message.headers() or [] if header[0] not in self.unjudged]

    def _partition(self, key):
        part = self.partition_of.get(key)
        if part is None:
            part = self.partition_of[key] = (murmur2(key) & 0x7FFFFFFF) % self.partitions
        return part

    def _count(self, message, segment, lineage, sequence, key):
        counts = self.counts[lineage.name]
        if sequence >= len(counts):
            counts.extend(bytes(len(lineage) - len(counts)))
        if counts[sequence]:
            counts[sequence] = min(255, counts[sequence] + 1)
            segment.repeats.append((lineage.name, sequence))
            self._fault("DUP", message, f"{lineage.name.decode()} {sequence}")
            return
        counts[sequence] = 1
        segment.new += 1
        if key is None:
            return
        before = self.last.get((lineage.name, key), -1)
        if sequence < before:
            self._fault("ORDER", message, f"{key} {sequence} after {before}")
        else:
            self.last[lineage.name, key] = sequence

    def present(self, lineage):
        """Which lines of a lineage are in the topic: one byte a line, 0 for no."""
        counts = self.counts[lineage.name]
        return counts + bytes(len(lineage) - len(counts))

    def missing(self):
        """Lines written and not yet read back."""
        return sum(self.present(lineage).count(0) for lineage in self.lineages.values())

    def complete(self):
        """For wait_for: reads on; true when nothing is missing."""
        if self.in_topic():
            self.read()
        return self.missing() == 0

    def judge(self):
        """Reads all there is; the verdict over everything read so far."""
        self.read()
        verdict = self.verdict
        verdict.written = sum(len(lineage) for lineage in self.lineages.values())
        verdict.LOST = self.missing()
        verdict.first.pop("LOST", None)
        for name, lineage in self.lineages.items():
            at = self.present(lineage).find(0)
            if at >= 0:
                verdict.first.setdefault("LOST", []).append(f"{name.decode()} {at}")
        return verdict

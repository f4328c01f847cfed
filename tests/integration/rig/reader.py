# SPDX-License-Identifier: Apache-2.0
"""Reads a topic as it is, for tests whose lines the oracle does not know."""

from dataclasses import dataclass

from confluent_kafka import Consumer, KafkaException, TopicPartition

from .wait import wait_for


@dataclass
class Record:
    partition: int
    offset: int
    key: bytes
    value: bytes
    headers: list
    timestamp: tuple  # confluent_kafka.TIMESTAMP_..., ms


class Reader:
    def __init__(self, bootstrap, topic, partitions=6):
        self.settings = {
            "bootstrap.servers": bootstrap,
            "group.id": "reader",
            "enable.auto.commit": False,
            "auto.offset.reset": "error",
            "log_level": 2,
        }
        self.parts = [TopicPartition(topic, number, 0) for number in range(partitions)]

    def records(self, deadline=20):
        """All of it, by partition and offset."""
        consumer = Consumer(self.settings)
        found = []
        try:
            consumer.assign(self.parts)
            ends = wait_for(lambda: self._ends(consumer), deadline, "the ends of the topic")

            def step():
                for message in consumer.consume(1000, 0.1) if sum(ends) else []:
                    if message.error() is None:
                        found.append(self._record(message))
                return len(found) >= sum(ends)

            wait_for(step, deadline, lambda: f"{len(found)} of {ends}", every=0)
        finally:
            consumer.close()
        return sorted(found, key=lambda record: (record.partition, record.offset))

    def _ends(self, consumer):
        """The end of each partition; None while the broker does not say: of a new topic, say."""
        try:
            return [consumer.get_watermark_offsets(part, 10)[1] for part in self.parts]
        except KafkaException:
            return None

    @staticmethod
    def _record(message):
        return Record(
            message.partition(),
            message.offset(),
            message.key(),
            message.value(),
            message.headers() or [],
            message.timestamp(),
        )

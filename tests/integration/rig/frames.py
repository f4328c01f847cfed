# SPDX-License-Identifier: Apache-2.0
"""As much of Kafka's wire protocol as the proxy needs: Produce requests, and answers to them.

Versions 3 to 8 have classic strings and arrays, 9 to 12 compact ones with tagged fields; later
ones name topics by id and are not understood here.
"""

import struct
from dataclasses import dataclass, field

PRODUCE, METADATA, INIT_PRODUCER_ID = 0, 3, 22
FLEXIBLE = 9  # of Produce, and of Metadata
FLEXIBLE_INIT = 2
OUT_OF_ORDER_SEQUENCE_NUMBER = 45
MESSAGE_TOO_LARGE = 10
CORRUPT_MESSAGE = 2
NOT_LEADER_OR_FOLLOWER = 6
NOT_ENOUGH_REPLICAS = 19
FORBIDDEN = 29
POLICY_VIOLATION = 44
DUPLICATE_SEQUENCE_NUMBER = 46
INVALID_PRODUCER_EPOCH = 47
UNSUPPORTED_COMPRESSION_TYPE = 76
UNKNOWN_TOPIC_OR_PARTITION = 3


@dataclass
class Batch:
    """One record batch of a Produce request."""

    topic: str
    partition: int
    producer_id: int
    epoch: int
    transactional: bool
    sequence: int
    records: int
    end: int  # of its bytes in the frame

    @property
    def place(self):
        return self.topic, self.partition


@dataclass
class Request:
    api: int
    version: int
    correlation: int
    acks: int = 0
    transactional_id: bytes | None = None
    batches: list = field(default_factory=list)

    @property
    def records(self):
        return sum(batch.records for batch in self.batches)


class _Reader:
    def __init__(self, data, flexible=False):
        self.data = data
        self.at = 0
        self.flexible = flexible

    def take(self, format):
        value = struct.unpack_from(">" + format, self.data, self.at)[0]
        self.at += struct.calcsize(">" + format)
        return value

    def varint(self):
        value = shift = 0
        while True:
            byte = self.data[self.at]
            self.at += 1
            value |= (byte & 0x7F) << shift
            shift += 7
            if not byte & 0x80:
                return value

    def length(self, format):
        return self.varint() - 1 if self.flexible else self.take(format)

    def raw(self, format):
        size = self.length(format)
        if size < 0:
            return None
        value = self.data[self.at : self.at + size]
        self.at += size
        return value

    def tags(self):
        if self.flexible:
            for _ in range(self.varint()):
                self.varint()
                self.at += self.varint()


def _batch(topic, partition, records, end):
    (attributes,) = struct.unpack_from(">h", records, 21)
    producer_id, epoch, sequence, count = struct.unpack_from(">qhii", records, 43)
    transactional = bool(attributes & 0x10)
    return Batch(topic, partition, producer_id, epoch, transactional, sequence, count, end)


def parse_request(frame):
    """A request frame without its length. Only Produce is looked into."""
    reader = _Reader(frame)
    request = Request(reader.take("h"), reader.take("h"), reader.take("i"))
    if request.api != PRODUCE:
        return request
    reader.raw("h")  # the client id is a classic string in every version of the header
    reader.flexible = request.version >= FLEXIBLE
    reader.tags()
    request.transactional_id = reader.raw("h")
    request.acks = reader.take("h")
    reader.take("i")  # timeout
    for _ in range(reader.length("i")):
        topic = bytes(reader.raw("h")).decode()
        for _ in range(reader.length("i")):
            partition = reader.take("i")
            records = reader.raw("i")
            request.batches.append(_batch(topic, partition, records, reader.at))
            reader.tags()
        reader.tags()
    return request


def flip(frame, request):
    """The frame with one bit turned in the last record of its first batch."""
    at = request.batches[0].end - 1
    return frame[:at] + bytes([frame[at] ^ 1]) + frame[at + 1 :]


def correlation_of(response):
    return struct.unpack_from(">i", response)[0]


def _string(text, flexible):
    data = text.encode()
    return (bytes([len(data) + 1]) if flexible else struct.pack(">h", len(data))) + data


def refuse(request, error):
    """The response frame (without its length) that answers every partition with this error."""
    flexible = request.version >= FLEXIBLE
    tags = b"\0" if flexible else b""

    def array(items):
        size = bytes([len(items) + 1]) if flexible else struct.pack(">i", len(items))
        return size + b"".join(items)

    topics = {}
    for batch in request.batches:
        part = struct.pack(">ihqq", batch.partition, error, -1, -1)
        if request.version >= 5:
            part += struct.pack(">q", 0)
        if request.version >= 8:
            part += array([]) + (b"\0" if flexible else struct.pack(">h", -1))
        topics.setdefault(batch.topic, []).append(part + tags)
    answer = array([_string(name, flexible) + array(parts) + tags for name, parts in topics.items()])
    return struct.pack(">i", request.correlation) + tags + answer + struct.pack(">i", 0) + tags


def topic_error(topic, error):
    """To forge answers about topics: this one has an error."""

    def forge(version, frame):
        name = _string(topic, version >= FLEXIBLE)
        at = frame.find(name)
        return frame if at < 0 else frame[: at - 2] + struct.pack(">h", error) + frame[at:]

    return forge


def epoch(number):
    """To forge answers to producers that ask for an id: theirs is of this epoch."""

    def forge(version, frame):
        tags = b"\0" if version >= FLEXIBLE_INIT else b""
        return frame[: -2 - len(tags)] + struct.pack(">h", number) + tags

    return forge

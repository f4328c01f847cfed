# SPDX-License-Identifier: Apache-2.0
"""The partition of a key by each hash, independent of waybill and of librdkafka."""

import zlib

from kafka.partitioner.default import murmur2


def fnv1a(key):
    """As sarama has it: 32 bits with a sign; the remainder loses it."""
    value = 0x811C9DC5
    for byte in key:
        value = (value ^ byte) * 0x01000193 & 0xFFFFFFFF
    return value - (1 << 32) if value >> 31 else value


HASHES = {
    "murmur2": lambda key, n: (murmur2(key) & 0x7FFFFFFF) % n,
    "crc32": lambda key, n: zlib.crc32(key) % n,
    "fnv1a": lambda key, n: abs(fnv1a(key)) % n,
}

# SPDX-License-Identifier: Apache-2.0
"""Every line that is ever written, as a pure function of (seed, lineage, generation, sequence).

  2026-03-01T12:00:00.123Z INFO order=o01234 cid=c00bc614e LINEAGE:GENERATION:SEQUENCE:CRC PAYLOAD

The configuration's pattern cuts key and headers out of it; here they come from the numbers, never
from the line, so the reference is independent of any parser. One line in `unmatched_every` does
not match the pattern on purpose; `big` maps a sequence to the length of its payload, hard to compress.
"""

import random
import zlib

PATTERN = r"^(?<time>\S+) (?<level>\w+) order=(?<order_id>\S+) cid=(?<cid>\S+) "
LEVELS = (b"INFO", b"WARN", b"ERROR")
POOL = 997


class Lines:
    def __init__(self, lineage, seed=1, keys=1000, size=(20, 160), unmatched_every=0, big=None):
        self.lineage = lineage.encode()
        self.keys = keys
        self.unmatched_every = unmatched_every
        chance = random.Random(f"{seed} {lineage}")
        self.salt = chance.randrange(1 << 30)
        letters = b"abcdefghijklmnopqrstuvwxyz    0123456789"
        self.payloads = [
            bytes(chance.choices(letters, k=chance.randint(*size))) for _ in range(POOL)
        ]
        self.big = {
            sequence: bytes(chance.choices(letters, k=length))
            for sequence, length in (big or {}).items()
        }

    def matches(self, sequence):
        return not self.unmatched_every or sequence % self.unmatched_every != 3

    def key(self, sequence):
        return b"o%05d" % ((sequence * 7919 + self.salt) % self.keys)

    def level(self, sequence):
        return LEVELS[sequence % 3]

    def correlation_id(self, sequence):
        return b"c%09x" % ((sequence * 2654435761 + self.salt) & 0xFFFFFFFFF)

    def line(self, generation, sequence):
        """Without its line end."""
        payload = self.payloads[(sequence * 31 + self.salt) % POOL]
        payload = self.big.get(sequence, payload)
        body = b"%s:%d:%d" % (self.lineage, generation, sequence)
        crc = zlib.crc32(payload, zlib.crc32(body))
        if not self.matches(sequence):
            return b"-- %s:%08x %s" % (body, crc, payload)
        return b"2026-03-01T12:00:%02d.%03dZ %s order=%s cid=%s %s:%08x %s" % (
            sequence // 1000 % 60,
            sequence % 1000,
            LEVELS[sequence % 3],
            self.key(sequence),
            self.correlation_id(sequence),
            body,
            crc,
            payload,
        )


def identity(value):
    """(lineage, generation, sequence) that a record's value claims; ValueError when it has none."""
    parts = value.split(b" ", 5)
    claim = parts[1] if parts[0] == b"--" else parts[4] if len(parts) > 4 else b""
    lineage, generation, sequence, _ = claim.split(b":")
    return lineage, int(generation), int(sequence)

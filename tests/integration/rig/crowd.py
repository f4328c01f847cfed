# SPDX-License-Identifier: Apache-2.0
"""Something that speaks just enough of Kafka's protocol to name any number of brokers."""

import struct
from socketserver import BaseRequestHandler, ThreadingTCPServer

METADATA, API_VERSIONS = 3, 18
# Key, least and highest version of what is answered, or has to be there.
VERSIONS = [(0, 0, 7), (2, 0, 1), (METADATA, 1, 1), (API_VERSIONS, 0, 0), (22, 0, 0)]


def _text(text):
    return struct.pack(">h", len(text)) + text.encode()


def _versions(version):
    error = 35 if version else 0
    rows = b"".join(struct.pack(">hhh", *row) for row in VERSIONS)
    return struct.pack(">hi", error, len(VERSIONS)) + rows


class _Handler(BaseRequestHandler):
    def _read(self, size):
        data = b""
        while len(data) < size:
            more = self.request.recv(size - len(data))
            if not more:
                return None
            data += more
        return data

    def handle(self):
        while (head := self._read(4)) and (request := self._read(struct.unpack(">i", head)[0])):
            key, version, correlation = struct.unpack(">hhi", request[:8])
            body = _versions(version) if key == API_VERSIONS else self.server.metadata()
            answer = struct.pack(">i", correlation) + body
            self.request.sendall(struct.pack(">i", len(answer)) + answer)


class Crowd(ThreadingTCPServer):
    """Names so many brokers, each at another address where nobody is, and no topic; it answers at `bootstrap`."""

    daemon_threads = True

    def __init__(self, n_brokers):
        super().__init__(("127.0.0.1", 0), _Handler)
        self.n_brokers = n_brokers
        self.bootstrap = f"127.0.0.1:{self.server_address[1]}"

    def metadata(self):
        brokers = b""
        for number in range(1, self.n_brokers + 1):
            address = f"127.1.{number >> 8}.{number & 255}"
            brokers += struct.pack(">i", number) + _text(address) + struct.pack(">ih", 1, -1)
        return struct.pack(">i", self.n_brokers) + brokers + struct.pack(">ii", 1, 0)

# SPDX-License-Identifier: Apache-2.0
"""A TCP proxy before the broker that understands Kafka's frames.

Every Produce request is shown to `rule(request)`, which answers with one of

  FORWARD         pass it on; also for None
  DROP            pass it on, and when the broker has answered, reset the connection instead of
                  handing the answer over: appended, but the client cannot know
  SWALLOW         pass it on and keep the broker's answer; the connection goes on
  FLIP            pass it on with one bit of its records turned: the broker refuses it itself
  RESET           reset the connection, nothing reaches the broker
  BLACK_HOLE      from now on this connection swallows everything, both ways
  an int          do not pass it on; answer every partition with this error code
  (INSTEAD, an int)  pass it on, and answer so in place of the broker: appended, and denied
  (LATE, an int)  as an int alone, but the answer waits for the next request of the connection to the same
                  partition, which overtakes nothing: it is decided, and passed on, behind it

The broker's answers to other requests go through `forge`: {api: function(version, frame)}, whose
results take their place.

Whatever is not plain forwarding goes into `log` at the moment it happens, which is what a test
looks at to know that its fault was real. black_hole() does it to all connections, also new ones, deaf()
lets nobody connect either, and half_open() leaves it at the connections that there are; trickle() lets a byte a second through each, either way.
"""

import functools
import os
import select
import socket
import struct
import threading
import time
from dataclasses import dataclass

from .frames import PRODUCE, Request, correlation_of, flip, parse_request, refuse

FORWARD = "forward"
DROP = "drop"
SWALLOW = "swallow"
FLIP = "flip"
RESET = "reset"
BLACK_HOLE = "black-hole"
TRICKLE = "trickle"
LATE = "late"
INSTEAD = "instead"
FORGED = "forged"
LINGER_RST = struct.pack("ii", 1, 0)
END, AGAIN = b"x", b"a"  # what wakes the thread that accepts


@dataclass
class Event:
    when: float
    action: object
    request: Request


class _Link:
    """One client connection and the broker's side of it."""

    def __init__(self, proxy, client):
        self.proxy = proxy
        self.client = client
        self.server = socket.create_connection(proxy.target)
        self.swallow = False
        self.drops = {}  # correlation id: request whose answer must not arrive, and SWALLOW or DROP
        self.forges = {}  # correlation id: what makes another answer of the broker's
        self.late = {}  # topic and partition: request that is refused before the next, and its action
        self.lock = threading.Lock()  # on writes to the client
        self.ending = threading.Lock()  # on the two below
        self.closed = False
        self.pumps = 2
        for side in (client, self.server):
            side.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for pump in (self._requests, self._responses):
            threading.Thread(target=self._run, args=(pump,), daemon=True).start()

    def _run(self, pump):
        try:
            while pump():
                pass
        except OSError:
            pass
        self.close()
        with self.ending:
            self.pumps -= 1
            if self.pumps == 0:
                self.client.close()
                self.server.close()

    def close(self, reset=False):
        """The shutdown wakes the pumps, and the last one to end gives the descriptors back. Given
        back here, their numbers would be the next connection's, and a pump that is on its way into
        recv would take that one's bytes. A reset comes with giving back, so the client's side must
        not say goodbye before."""
        with self.ending:
            if self.closed:
                return
            self.closed = True
        for side in (self.client, self.server):
            how = socket.SHUT_RDWR
            try:
                if reset and side is self.client:
                    side.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, LINGER_RST)
                    how = socket.SHUT_RD
                side.shutdown(how)
            except OSError:
                pass

    @staticmethod
    def _frame(side):
        """One frame without its length; None at the end of the stream."""
        data = bytearray()
        want = 4
        while len(data) < want:
            piece = side.recv(min(1 << 18, want - len(data)))
            if not piece:
                return None
            data += piece
            if want == 4 and len(data) == 4:
                want += struct.unpack(">i", data)[0]
        return bytes(data[4:])

    def _send(self, side, frame):
        if self.swallow or self.proxy.swallowing:
            return
        data = struct.pack(">i", len(frame)) + frame
        while data and not self.proxy.calm.is_set():
            side.sendall(data[:1])
            data = data[1:]
            self.proxy.calm.wait(1)
        side.sendall(data)

    def _requests(self):
        frame = self._frame(self.client)
        if frame is None:
            return False
        action = FORWARD
        if frame[:2] == b"\0\0":
            request = parse_request(frame)
            assert request.api == PRODUCE
            self._refuse_late(request)
            action = self.proxy.decide(request)
        api, version, correlation = struct.unpack_from(">hhi", frame)
        if api in self.proxy.forge:
            self.forges[correlation] = functools.partial(self.proxy.forge[api], version)
        if isinstance(action, tuple) and action[0] == LATE:
            self.late[request.batches[0].place] = request, action
            return True
        if action == RESET:
            self.close(reset=True)
            return False
        if action == BLACK_HOLE:
            self.swallow = True
        if action == FLIP:
            frame = flip(frame, request)
        if action in (DROP, SWALLOW) or isinstance(action, tuple):
            self.drops[request.correlation] = request, action
        if isinstance(action, int):
            with self.lock:
                self._send(self.client, refuse(request, action))
        else:
            self._send(self.server, frame)
        return True

    def _refuse_late(self, request):
        late, action = self.late.pop(request.batches[0].place, (None, None))
        if late is not None:
            with self.lock:
                self._send(self.client, refuse(late, action[1]))
            self.proxy.note(action, late)

    def _responses(self):
        frame = self._frame(self.server)
        if frame is None:
            return False
        request, action = self.drops.pop(correlation_of(frame), (None, None))
        if request is not None:
            self.proxy.note(action, request)
            if action == SWALLOW:
                return True
            if action != DROP:
                with self.lock:
                    self._send(self.client, refuse(request, action[1]))
                return True
            self.close(reset=True)
            return False
        forge = self.forges.pop(correlation_of(frame), None)
        if forge is not None:
            true, frame = frame, forge(frame)
            if frame != true:
                self.proxy.note(FORGED, None)
        with self.lock:
            self._send(self.client, frame)
        return True


class Proxy:
    def __init__(self, broker, address="127.0.0.1"):
        self.target = broker.proxied_address
        self.bootstrap = f"{address}:{broker.proxy_port}"
        self.rule = None
        self.forge = {}
        self.swallowing = False
        self.calm = threading.Event()  # otherwise it trickles
        self.calm.set()
        self.log = []
        self.produce_requests = 0
        self._lock = threading.Lock()
        self._links = []
        self._fillers = []  # connections of nobody, while it is deaf
        self._wake = os.pipe()
        self._listener = socket.create_server((address, broker.proxy_port), backlog=64)
        self._thread = threading.Thread(target=self._accept, daemon=True)
        self._thread.start()

    def _accept(self):
        while True:
            wanted = [self._wake[0]] + ([] if self._fillers else [self._listener])
            if self._wake[0] in select.select(wanted, [], [])[0]:
                if os.read(self._wake[0], 1) == END:
                    return
                continue
            client, _ = self._listener.accept()
            try:
                self._links.append(_Link(self, client))
            except OSError:
                client.close()  # the broker is down: the client sees a closed connection

    def decide(self, request):
        """The rule's answer, one request at a time; what is not plain is noted."""
        with self._lock:
            self.produce_requests += 1
            action = (self.rule(request) if self.rule else None) or FORWARD
        # Those are noted when the answer is there.
        if action not in (FORWARD, DROP, SWALLOW) and not isinstance(action, tuple):
            self.note(action, request)
        return action

    def note(self, action, request):
        self.log.append(Event(time.monotonic(), action, request))

    def faults(self, action):
        return [event for event in self.log if event.action == action]

    def black_hole(self, on=True):
        self.swallowing = on
        self.note(BLACK_HOLE if on else FORWARD, None)
        if not on:  # half a conversation cannot be continued
            self.reset_all()

    def deaf(self, on=True):
        """A black hole also for those who connect: nobody answers the first packet of a connection, as
        the kernel does not where the queue of a listener is full."""
        if on:
            self.black_hole()
            self._listener.listen(0)
            fillers = [socket.socket() for _ in range(4)]
            for filler in fillers:
                filler.setblocking(False)
                filler.connect_ex(self._listener.getsockname())
            self._fillers = fillers
            os.write(self._wake[1], AGAIN)
            return
        for filler in self._fillers:
            filler.close()
        self._fillers = []
        self._listener.listen(64)
        os.write(self._wake[1], AGAIN)
        self.black_hole(False)

    def half_open(self):
        """Instead of black_hole(False): who connects now is served, and who is connected hears nothing
        any more, not even that it was cut off."""
        for link in self._links:
            link.swallow = True
        self.swallowing = False
        self.note(FORWARD, None)

    def trickle(self, on=True):
        self.note(TRICKLE if on else FORWARD, None)
        (self.calm.clear if on else self.calm.set)()

    def reset_all(self):
        for link in self._links:
            link.close(reset=True)
        self._links.clear()

    def close(self):
        self.calm.set()
        os.write(self._wake[1], END)
        self._thread.join()
        self._listener.close()
        self.reset_all()
        for end in self._wake:
            os.close(end)

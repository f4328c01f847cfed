# SPDX-License-Identifier: Apache-2.0
"""The rig is judged first: the oracle finds what is planted, the proxy does what it logs."""

import socket
import subprocess
import threading
import time

import pytest
from confluent_kafka import KafkaException, Producer
from rig import proxy as actions
from rig.frames import OUT_OF_ORDER_SEQUENCE_NUMBER
from rig.lines import identity
from rig.oracle import reference_headers
from rig.rights import ROOT, UNPRIVILEGED
from rig.wait import last, wait_for

pytestmark = pytest.mark.rig


class Shipper:
    """A plain producer that does what waybill should, one line at a time, and lets us spoil it."""

    def __init__(self, bootstrap, topic, **more):
        self.topic = topic
        self.reports = []
        settings = {
            "bootstrap.servers": bootstrap,
            "enable.idempotence": True,
            "partitioner": "murmur2_random",
            "queue.buffering.max.messages": 2000000,
            "linger.ms": 5,
            "log_level": 0,
        }
        self.producer = Producer({**settings, **more})

    def ship(self, lineage, sequence, **spoiled):
        lines = lineage.lines
        generation = lineage.generations[sequence]
        record = {
            "value": lines.line(generation, sequence),
            "key": lines.key(sequence) if lines.matches(sequence) else None,
            "headers": reference_headers(lines, sequence, lineage.starts[sequence]),
            **spoiled,
        }
        self.producer.produce(self.topic, on_delivery=self._report, **record)

    def _report(self, error, message):
        self.reports.append((error, message.partition(), message.offset()))

    def flush(self):
        assert self.producer.flush(30) == 0

    def failed(self):
        return [report for report in self.reports if report[0] is not None]


@pytest.fixture
def shipped(cluster, topic, make_lineage, make_oracle):
    """A hundred lines in three generations, shipped as `plan` says: {sequence: kwargs or times}."""

    def run(plan, order=range(100), partitions=6):
        lineage = make_lineage("a", keys=7, unmatched_every=10)
        lineage.append(40).rotate().append(40).rotate().append(20)
        shipper = Shipper(cluster.bootstrap, topic)
        for sequence in order:
            wish = plan.get(sequence, {})
            for spoiled in wish if isinstance(wish, list) else [wish]:
                shipper.ship(lineage, sequence, **spoiled)
        shipper.flush()
        return make_oracle(cluster, topic, [lineage], partitions=partitions).judge()

    return run


def test_oracle_passes_a_clean_topic(shipped):
    shipped({}).assert_clean(written=100)


def test_oracle_finds_loss(shipped):
    verdict = shipped({7: [], 8: []})
    assert verdict.faults() == {"LOST": 2, "DUP": 0, "ORDER": 0, "CORRUPT": 0, "WRONG": 0}
    assert verdict.first["LOST"] == ["a 7"]


def test_oracle_finds_repeats(shipped):
    verdict = shipped({7: [{}, {}, {}], 9: [{}, {}]})
    assert verdict.faults() == {"LOST": 0, "DUP": 3, "ORDER": 0, "CORRUPT": 0, "WRONG": 0}
    assert verdict.records == 103


def test_oracle_finds_disorder_of_one_key(shipped):
    order = list(range(100))
    order[20], order[27] = 27, 20  # 7 keys: these two have the same
    verdict = shipped({}, order)
    assert verdict.faults() == {"LOST": 0, "DUP": 0, "ORDER": 1, "CORRUPT": 0, "WRONG": 0}


def test_oracle_lets_keys_overtake_each_other(shipped):
    order = list(range(100))
    order[20], order[21] = 21, 20
    shipped({}, order).assert_clean(written=100)


def test_oracle_finds_overtaking_generations(shipped):
    order = list(range(40)) + list(range(80, 100)) + list(range(40, 80))
    assert shipped({}, order).ORDER == 36  # the keyed lines of the middle generation


@pytest.mark.parametrize(
    "spoiled",
    [
        {"value": b"2026-03-01T12:00:00.007Z INFO order=o1 cid=c1 a:0:7:00000000 other"},
        {"value": b"2026-03-01T12:00:00.007Z INFO order=o1 cid=c1 a:0:4000:00000000 other"},
        {"value": b"not a line of ours"},
        {"value": None},
        {"key": b"o99999", "partition": 0},
        {"key": None, "partition": 0},
        {"headers": []},
        {"headers": [("position", b"0"), ("correlation-id", b"c1"), ("level", b"INFO")]},
    ],
)
def test_oracle_finds_corruption(shipped, spoiled):
    assert shipped({7: [{**spoiled}]}).CORRUPT == 1


def test_oracle_finds_a_wrong_partition(shipped):
    verdict = shipped({sequence: {"partition": 5} for sequence in (20, 27, 34)})
    assert verdict.faults() == {"LOST": 0, "DUP": 0, "ORDER": 0, "CORRUPT": 0, "WRONG": 3}


def test_oracle_reads_a_million_records_in_time(cluster, topic, make_lineage, make_oracle):
    """One in ten of them here, in a tenth of 30 s of CPU."""
    lineage = make_lineage("a").append(100000)
    shipper = Shipper(cluster.bootstrap, topic)
    for sequence in range(100000):
        shipper.ship(lineage, sequence)
    shipper.flush()
    oracle = make_oracle(cluster, topic, [lineage])
    begin = time.process_time()
    oracle.judge().assert_clean(written=100000)
    assert time.process_time() - begin < 3


def test_line_says_who_it_is(make_lineage):
    lineage = make_lineage("a", unmatched_every=10).append(20)
    for sequence in range(20):
        line = lineage.lines.line(0, sequence)
        assert identity(line) == (b"a", 0, sequence)
        assert line.startswith(b"--") == (sequence in (3, 13))


def test_writer_writes_what_it_says(make_lineage, work):
    lineage = make_lineage("a").append(1000).rotate().append(500).rotate().append(1)
    data = [(work / "log" / f"a.log{end}").read_bytes() for end in (".2", ".1", "")]
    assert [text.count(b"\n") for text in data] == [1000, 500, 1]
    for sequence, (start, generation) in enumerate(zip(lineage.starts, lineage.generations)):
        line = lineage.lines.line(generation, sequence)
        assert data[generation][start : start + len(line) + 1] == line + b"\n"


@pytest.fixture
def through_proxy(broker, own_topic, proxy, make_lineage, make_oracle):
    lineage = make_lineage("a").append(2000)
    shipper = Shipper(proxy.bootstrap, own_topic)

    def ship(begin, end):
        for sequence in range(begin, end):
            shipper.ship(lineage, sequence)
        return shipper

    return shipper, ship, lambda: make_oracle(broker, own_topic, [lineage]).judge()


def test_proxy_forwards(through_proxy, proxy):
    shipper, ship, judge = through_proxy
    ship(0, 2000).flush()
    judge().assert_clean(written=2000)
    assert proxy.produce_requests >= 6 and not proxy.log


def test_proxy_shows_what_a_request_holds(through_proxy, proxy):
    shipper, ship, judge = through_proxy
    seen = []
    proxy.rule = seen.append
    ship(0, 2000).flush()
    batches = [batch for request in seen for batch in request.batches]
    assert sum(batch.records for batch in batches) == 2000
    assert {batch.partition for batch in batches} == set(range(6))
    for partition in range(6):
        mine = [batch for batch in batches if batch.partition == partition]
        ends = [0] + [batch.sequence + batch.records for batch in mine]
        assert [batch.sequence for batch in mine] == ends[:-1]


def test_proxy_drops_an_answer_after_the_append(through_proxy, proxy):
    """The retry is known to the broker by its sequence number: no repeat."""
    shipper, ship, judge = through_proxy
    proxy.rule = lambda request: actions.DROP if proxy.produce_requests == 1 else None
    ship(0, 2000).flush()  # in less than the minute for which the client waits that sees no reset
    assert len(proxy.faults(actions.DROP)) == 1
    assert proxy.faults(actions.DROP)[0].request.records > 0
    judge().assert_clean(written=2000)


def test_proxy_resets(through_proxy, proxy):
    shipper, ship, judge = through_proxy
    proxy.rule = lambda request: actions.RESET if proxy.produce_requests <= 2 else None
    ship(0, 2000).flush()
    assert len(proxy.faults(actions.RESET)) == 2
    judge().assert_clean(written=2000)


def test_proxy_answers_with_an_error_that_is_fatal(through_proxy, proxy):
    shipper, ship, judge = through_proxy
    ship(0, 1000).flush()
    proxy.rule = lambda request: OUT_OF_ORDER_SEQUENCE_NUMBER
    with pytest.raises((KafkaException, SystemError)) as raised:  # the latter: in a callback
        ship(1000, 2000).flush()
    assert "FATAL" in str(raised.value.__cause__ or raised.value)
    refused = proxy.faults(OUT_OF_ORDER_SEQUENCE_NUMBER)
    assert refused and refused[0].request.records > 0
    verdict = judge()
    assert (verdict.LOST, verdict.records) == (1000, 1000)


def test_proxy_black_hole(through_proxy, proxy):
    shipper, ship, judge = through_proxy
    ship(0, 1000).flush()
    proxy.black_hole()
    ship(1000, 2000)
    last(1)
    shipper.producer.poll(0)
    assert len(shipper.reports) == 1000
    proxy.black_hole(False)
    shipper.flush()
    judge().assert_clean(written=2000)
    assert len(proxy.faults(actions.BLACK_HOLE)) == 1


def test_descriptors_stay_until_both_pumps_have_ended(proxy, monkeypatch):
    """Else a pump that comes late to its recv may read from a newer connection."""
    late = threading.Event()
    monkeypatch.setattr(actions._Link, "_responses", lambda link: not late.wait(20))
    host, port = proxy.bootstrap.split(":")
    socket.create_connection((host, int(port))).close()
    link = wait_for(lambda: proxy._links and proxy._links[0], 20, "a link")
    wait_for(lambda: link.pumps == 1, 20, "the end of the pump that saw the client go")
    assert link.client.fileno() >= 0 and link.server.fileno() >= 0
    late.set()
    wait_for(lambda: link.client.fileno() == link.server.fileno() == -1, 20, "the end of both")


def test_broker_frozen_and_killed(broker, own_topic, make_lineage, make_oracle):
    """Nothing that was acknowledged is gone, and the broker is the same one again."""
    lineage = make_lineage("a").append(3000)
    shipper = Shipper(broker.bootstrap, own_topic)
    for sequence in range(1000):
        shipper.ship(lineage, sequence)
    shipper.flush()
    broker.freeze()
    try:
        for sequence in range(1000, 2000):
            shipper.ship(lineage, sequence)
        assert shipper.producer.flush(1) == 1000
    finally:
        broker.thaw()
    shipper.flush()
    broker.kill()
    broker.start()
    for sequence in range(2000, 3000):
        shipper.ship(lineage, sequence)
    shipper.flush()
    assert not shipper.failed()
    make_oracle(broker, own_topic, [lineage]).judge().assert_clean(written=3000)


def test_a_file_that_nobody_may_read(work):
    """Also where root's capabilities are inheritable, and would be back after the exec."""
    shut = work / "shut"
    shut.write_text("x")
    shut.chmod(0)
    inherit = ["--inh-caps=+dac_override", "--ambient-caps=+dac_override"] if ROOT else []
    command = ["setpriv", *inherit, *UNPRIVILEGED, "cat", shut]
    done = subprocess.run(command, capture_output=True, check=False)
    assert done.returncode == 1 and b"Permission denied" in done.stderr, done

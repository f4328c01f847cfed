# SPDX-License-Identifier: Apache-2.0
"""Headers as a consumer reads them: order, repeated names, any bytes, null and empty values, the
ready-made ones, and what is left out and counted."""

import socket

import pytest
from rig.reader import Reader

TRACE = b"00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
PATTERN = (
    r"^id=(?<id>\S*)(?: cid=(?<correlation_id>\S+))?(?: trace=(?<traceparent>\S+))?(?: (?<rest>.*))?$"
)


def ship(make_agent, cluster, topic, work, lines, **source):
    """The headers of each line, in the order of the lines, and the counters."""
    (work / "log" / "a.log").write_bytes(b"".join(line + b"\n" for line in lines))
    settings = {"key": "k", "headers": [], **source}
    agent = make_agent(cluster.bootstrap, topic, source=settings, pattern=PATTERN)
    assert agent.run("--until-eof") == 0
    records = Reader(cluster.bootstrap, topic).records()
    assert [record.value for record in records] == lines
    return [record.headers for record in records], agent.counters()


def header(name, value=None, **more):
    return {"name": name, **({} if value is None else {"value": value}), **more}


@pytest.mark.scenario("C07")
def test_order_repeats_and_bytes(make_agent, cluster, topic, work):
    every_byte = bytes(byte for byte in range(256) if byte not in b"\n\r")
    headers = [
        header("a", "1"),
        header("b", "${id}"),
        header("a", "${rest}"),
        header("a", "1"),
        header("b", "<${id}>"),
    ]
    (got,), counters = ship(
        make_agent, cluster, topic, work, [b"id=7 " + every_byte], headers=headers
    )
    assert got == [("a", b"1"), ("b", b"7"), ("a", every_byte), ("a", b"1"), ("b", b"<7>")]
    assert counters["headers_missing"] == 0


def test_headers_stay_with_their_records(make_agent, cluster, topic, work):
    """What held one record's headers holds another's later: with every number of headers, and far
    more lines than are in flight at a time, none has one of a line before."""
    pairs = [(b"%d" % i, b"" if i % 3 == 0 else b"c" * (i % 50)) for i in range(40_000)]
    lines = [b"id=" + a + (b" cid=" + b if b else b"") for a, b in pairs]
    headers = [
        header("id", "${id}"),
        header("cid", "${correlation_id}"),
        header("id", "again ${correlation_id}"),
    ]
    got, _ = ship(make_agent, cluster, topic, work, lines, headers=headers)
    for (first, second), record in zip(pairs, got, strict=True):
        more = [("cid", second), ("id", b"again " + second)] if second else []
        assert record == [("id", first), *more]


@pytest.mark.scenario("C07")
def test_null_and_empty(make_agent, cluster, topic, work):
    headers = [
        header("omit", "${rest}"),
        header("null", "${rest}", on_missing="null"),
        header("empty", "${rest}", on_missing="empty"),
        header("captured", "${id}", on_missing="null"),
        header("never", on_missing="null"),
        header("constant", ""),
    ]
    lines = [b"id=", b"id=1 x", b"no match"]
    always = [("never", None), ("constant", b"")]
    got, counters = ship(make_agent, cluster, topic, work, lines, headers=headers)
    assert got == [
        [("null", None), ("empty", b""), ("captured", b""), *always],
        [("omit", b"x"), ("null", b"x"), ("empty", b"x"), ("captured", b"1"), *always],
        [("null", None), ("empty", b""), ("captured", None), *always],
    ]
    assert counters["headers_missing"] == 3 + 4


def test_standard_headers(make_agent, cluster, topic, work):
    names = ["hostname", "correlation-id", "traceparent", "file", "position"]
    lines = [
        b"id=1 cid=c-1 trace=" + TRACE,
        b"id=2 cid=c-2",
        b"id=3 trace=" + TRACE.upper(),
        b"id=4 cid=c-4 trace=cc" + TRACE[2:] + b"-later",
    ]
    got, counters = ship(
        make_agent,
        cluster,
        topic,
        work,
        lines,
        standard_headers=names,
        headers=[header("file", "mine")],
    )
    starts = [sum(len(line) + 1 for line in lines[:number]) for number in range(4)]
    host = ("hostname", socket.gethostname().encode())

    def tail(number):
        path = str(work / "log" / "a.log").encode()
        return [("file", path), ("position", b"%d" % starts[number]), ("file", b"mine")]

    assert got == [
        [host, ("correlation-id", b"c-1"), ("traceparent", TRACE), *tail(0)],
        [host, ("correlation-id", b"c-2"), *tail(1)],
        [host, *tail(2)],
        [
            host,
            ("correlation-id", b"c-4"),
            ("traceparent", b"cc" + TRACE[2:] + b"-later"),
            *tail(3),
        ],
    ]
    assert counters["headers_invalid"] == 1
    assert counters["headers_missing"] == 2


def test_limits_leave_out_headers_never_the_record(make_agent, cluster, topic, work):
    headers = [header("big", "${rest}"), header("id", "${id}")]
    lines = [b"id=1 " + b"x" * 97, b"id=2 " + b"x" * 98, b"id=3 " + b"x" * 100000]
    got, counters = ship(
        make_agent, cluster, topic, work, lines, headers=headers, headers_max_bytes=103
    )
    assert got == [[("big", b"x" * 97), ("id", b"1")], [("big", b"x" * 98)], [("id", b"3")]]
    assert counters["headers_too_large"] == 2
    assert counters["lines_delivered"] == 3


def test_as_many_as_there_may_be(make_agent, cluster, topic, work):
    """31, the mark of a line that was cut, and the limit of their number."""
    headers = [header(f"h{number}", f"{number}") for number in range(31)]
    lines = [b"id=1 " + b"x" * 100]
    (work / "log" / "a.log").write_bytes(lines[0] + b"\n")
    source = {"key": "k", "headers": headers, "max_line": 64}
    agent = make_agent(cluster.bootstrap, topic, source=source, pattern=PATTERN)
    assert agent.run("--until-eof") == 0
    (record,) = Reader(cluster.bootstrap, topic).records()
    wanted = [(f"h{number}", b"%d" % number) for number in range(31)]
    assert record.headers == [*wanted, ("waybill-truncated", b"true")]
    assert agent.counters()["headers_too_large"] == 0

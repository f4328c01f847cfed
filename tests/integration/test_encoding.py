# SPDX-License-Identifier: Apache-2.0
"""Encodings on a real Kafka: what becomes UTF-8, marks, and files that are not read."""

import os

import pytest
from rig import config
from rig.agent import EX_DATAERR, EX_OK
from rig.reader import Reader
from rig.wait import wait_for

PATTERN = r"^n=(?<n>\S+)"


@pytest.fixture
def ship(cluster, topic, work, make_agent):
    """ship(data, **source): the agent, and the records in the order of their file."""

    def run(data, code=EX_OK, **more):
        path = work / "log" / "a.log"
        path.write_bytes(data)
        source = {"name": "s", "paths": [str(path)], "parser": "order", "topic": topic}
        source.update(key="k", headers_from=["n"], **more)
        settings = config.settings(cluster.bootstrap, [source], pattern=PATTERN)
        agent = make_agent(text=config.render_settings(settings))
        assert agent.run("--until-eof") == code
        return agent, Reader(cluster.bootstrap, topic).records()

    return run


def test_latin1(ship):
    lines = ["n=Köln ÿ", "n=x", "", "Größe: " + "ä" * 100000]
    data = "".join(line + "\n" for line in lines).encode("latin-1")
    agent, records = ship(data, encoding="ISO-8859-1", provenance=True)
    assert [record.value.decode() for record in records] == lines
    assert dict(records[0].headers)["n"] == "Köln".encode()
    places = [int(dict(record.headers)["waybill-position"]) for record in records]
    assert places == [0, 9, 13, 14]  # of bytes in the file
    agent.assert_true(len(lines))


def test_redaction_sees_what_is_sent(ship):
    rules = [{"pattern": "(?<=ü)\\d+", "replacement": "*"}]
    _, records = ship("ü123\n".encode("latin-1"), encoding="ISO-8859-1", redact=rules)
    assert [record.value.decode() for record in records] == ["ü*"]


@pytest.mark.scenario("C08")
def test_mark_of_utf8(ship):
    """It is none of the first line, and stays where it is anywhere else."""
    mark = b"\xef\xbb\xbf"
    agent, records = ship(mark + b"n=1\n" + mark + b"n=2\n")
    assert [record.value for record in records] == [b"n=1", mark + b"n=2"]
    assert dict(records[0].headers) == {"n": b"1"}
    agent.assert_true(2)


def test_utf16_is_told(ship):
    agent, records = ship("n=1\nn=2\n".encode("utf-16"))
    assert agent.counters()["files_utf16"] == 1 and records


BAD = [b"n=1 K\xf6ln", b"n=2", b"n=3 \xe2\x82", b"", b"\xff" * 3]


@pytest.mark.parametrize("policy", ["keep", "replace", "dead_letter"])
def test_lines_that_are_no_utf8(ship, policy):
    code = EX_DATAERR if policy == "dead_letter" else EX_OK
    agent, records = ship(b"".join(line + b"\n" for line in BAD), code, on_invalid_utf8=policy)
    good = [line.decode(errors="replace").encode() == line for line in BAD]
    wanted = {
        "keep": BAD,
        "replace": [line.decode(errors="replace").encode() for line in BAD],
        "dead_letter": [line for line, is_good in zip(BAD, good) if is_good],
    }
    assert [record.value for record in records] == wanted[policy]
    counters = agent.counters()
    assert counters["lines_not_utf8"] == (0 if policy == "keep" else good.count(False))
    assert counters["lines_dead"] == (good.count(False) if policy == "dead_letter" else 0)
    agent.assert_true(len(BAD))
    said = agent.ask("dead-letters", "list")
    assert ("NOT_UTF8" in said) == (policy == "dead_letter"), said


@pytest.mark.parametrize("encoding", ["utf-16le", "utf-16be", "utf-16"])
def test_utf16(ship, encoding):
    """Characters of which a byte is 0x0A or 0x00, an over-long line, CR LF, and a last line without its end."""
    lines = ["n=Köln \u0a0a\u0a00\u0100\U0001f60a", "n=\u0a0d", "", "\u0100", "x" * 300, "n=last\r\u0a0d"]
    text = "\r\n".join(lines)
    codec = {"utf-16": "utf-16-be"}.get(encoding, encoding)
    data = ("\ufeff" + text).encode(codec)
    agent, records = ship(data, encoding=encoding, max_line="401B", provenance=True)
    found = [record.value.decode() for record in records]
    assert found == [*lines[:4], "x" * 200, lines[5]]
    assert dict(records[0].headers)["n"].decode() == "Köln"
    assert [int(dict(record.headers)["waybill-position"]) for record in records[:2]] == [
        0,
        len(("\ufeff" + lines[0] + "\r\n").encode(codec)),
    ]
    counters = agent.counters()
    assert (counters["files_utf16"], counters["lines_truncated"]) == (0, 1)
    agent.assert_true(len(lines))


def test_utf16_grows_in_pieces(cluster, topic, work, make_agent):
    """Half a character, half a line end: whatever is written at a time, and a restart in the midst of it; from
    the line on that is half written at the first start."""
    lines = [f"n={number} \u0a0a{'y' * number}" for number in range(40)]
    old = "\ufeffold \u0a0a\n".encode("utf-16-be")
    data = old + "".join(line + "\n" for line in lines).encode("utf-16-be")
    path = work / "log" / "a.log"
    path.write_bytes(data[: len(old) + 7])
    source = {"encoding": "UTF-16", "start_at": "end", "key": "k", "headers": []}
    agent = make_agent(cluster.bootstrap, topic, source=source, pattern=PATTERN).start()
    agent.counted(lines_read=0)
    with open(path, "ab", buffering=0) as log:
        for start in range(len(old) + 7, len(data), 7):
            log.write(data[start : start + 7])
            if start == len(old) + 707:
                agent.counted(lines_delivered=data[: start + 7].decode("utf-16", "ignore").count("\n") - 1)
                agent.stop()
                agent.start()
    agent.counted(lines_delivered=1)
    agent.stop()
    agent.run("--until-eof")
    assert [record.value.decode() for record in Reader(cluster.bootstrap, topic).records()] == lines


@pytest.mark.parametrize("end", ["\\x1e\\n", "\\0", "--", "\\r"])
def test_line_ends(ship, end):
    """Of other bytes, which stand in part in the lines as well; an LF is none then."""
    raw = {"\\x1e\\n": b"\x1e\n", "\\0": b"\0", "--": b"--", "\\r": b"\r"}[end]
    lines = [b"n=1\nx", b"", b"a-b\x1e", b"", b"y" * 100, b"n=2"]
    agent, records = ship(raw.join(lines), line_end=end, max_line="64B")
    assert [record.value for record in records] == [*lines[:4], b"y" * 64, lines[5]]
    agent.assert_true(len(lines))


@pytest.mark.parametrize("codec", ["utf-16-le", "utf-16-be"])
def test_utf16_goes_on_amid_a_character(cluster, topic, work, make_agent, codec):
    """Half a character is shipped as what it is, because nothing more is expected; then the file goes on."""
    data = "\ufeffn=1\nn=2\u0a0a\nn=3 \u0a0a\nn=4\n".encode(codec)
    half = len("\ufeffn=1\nn=2".encode(codec)) + 1
    path = work / "log" / "a.log"
    path.write_bytes(data[:half])
    source = {"encoding": "UTF-16", "key": "k", "headers": []}
    agent = make_agent(cluster.bootstrap, topic, source=source, pattern=PATTERN)
    agent.run("--until-eof")
    with open(path, "ab") as log:
        log.write(data[half:])
    agent.run("--until-eof")
    found = [record.value.decode() for record in Reader(cluster.bootstrap, topic).records()]
    assert found == ["n=1", "n=2\ufffd", "", "n=3 \u0a0a", "n=4"]


@pytest.mark.parametrize("end", ["--", "UTF-16LE", "UTF-16BE"])
def test_over_long_last_line_of_a_rotated_file(cluster, topic, work, make_agent, end):
    """Nothing ends it, and it is passed as a whole: the file is not held for what will not come."""
    path, old = work / "log" / "a.log", work / "log" / "a.log.1"
    how = {"line_end": end} if end == "--" else {"encoding": end}
    source = {"key": "k", "headers": [], "max_line": "64B", "rotate_wait": "0s", **how}
    codec, end = ("utf-8", "--") if end == "--" else (end, "\n")
    path.write_bytes(f"n=1{end}{'x' * 300}".encode(codec))
    agent = make_agent(cluster.bootstrap, topic, source=source, pattern=PATTERN).start()
    agent.counted(lines_delivered=2)
    path.rename(old)
    path.write_bytes(f"n=2{end}".encode(codec))
    agent.counted(lines_delivered=3)

    def held():
        links = [os.readlink(entry.path) for entry in os.scandir(f"/proc/{agent.process.pid}/fd")]
        return str(old) in links

    wait_for(lambda: not held(), 60, lambda: agent.ask("explain", old))
    agent.stop()
    agent.assert_true(3)

# SPDX-License-Identifier: Apache-2.0
"""Encodings on a real Kafka: what becomes UTF-8, marks, and files that are not read."""

import pytest
from rig import config
from rig.agent import EX_DATAERR, EX_OK
from rig.reader import Reader

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

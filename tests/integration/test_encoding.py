# SPDX-License-Identifier: Apache-2.0
"""Encodings on a real Kafka: what becomes UTF-8, marks, and files that are not read."""

import pytest
from rig import config
from rig.agent import EX_OK
from rig.reader import Reader

PATTERN = r"^n=(?<n>\S+)"


@pytest.fixture
def ship(cluster, topic, work, make_agent):
    """ship(data, **source): the agent, and the records in the order of their file."""

    def run(data, **more):
        path = work / "log" / "a.log"
        path.write_bytes(data)
        source = {"name": "s", "paths": [str(path)], "parser": "order", "topic": topic}
        source.update(key="k", headers_from=["n"], **more)
        settings = config.settings(cluster.bootstrap, [source], pattern=PATTERN)
        agent = make_agent(text=config.render_settings(settings))
        assert agent.run("--until-eof") == EX_OK
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

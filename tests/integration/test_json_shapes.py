# SPDX-License-Identifier: Apache-2.0
"""JSON values that keep what the line says, as another reader of JSON sees them on a real Kafka."""

import json

import pytest
from rig import config
from rig.agent import EX_OK
from rig.reader import Reader


@pytest.fixture
def ship(cluster, topic, work, make_agent):
    """ship(lines, parser, json): the values, each as Python reads it; a name that comes twice fails."""

    def once(pairs):
        names = [name for name, _ in pairs]
        assert len(names) == len(set(names)), names
        return dict(pairs)

    def run(lines, parser, members):
        path = work / "log" / "a.log"
        path.write_bytes(b"".join(line.encode() + b"\n" for line in lines))
        source = {"name": "s", "paths": [str(path)], "parser": parser, "topic": topic}
        source.update(json=members)
        settings = config.settings(cluster.bootstrap, [source], pattern=r"^(?<n>\d+) (?<text>.*)$")
        agent = make_agent(text=config.render_settings(settings))
        assert agent.run("--until-eof") == EX_OK
        agent.assert_true(len(lines))
        records = Reader(cluster.bootstrap, topic).records()
        by_place = sorted(records, key=lambda record: (record.partition, record.offset))
        return [json.loads(record.value, object_pairs_hook=once) for record in by_place]

    return run


def test_a_line_of_json_with_more(ship):
    lines = [
        {"level": "info", "n": 12345678901234567890, "nested": {"host": 1, "list": [1, {"a": None}]}},
        {"host": "theirs", "t": 'a"}b\\', "e": {}},
        {},
    ]
    members = [
        {"name": "host", "value": "ours"},
        {"type": "members", "value": "${line}"},
        {"name": "log", "json": [{"name": "offset", "value": "${file.position}", "type": "number"}]},
    ]
    values = ship([json.dumps(line) for line in lines] + ["no json"], "json", members)
    position = 0
    for line in lines:
        wanted = {**line, "host": "ours", "log": {"offset": position}}
        assert wanted in values, values
        position += len(json.dumps(line)) + 1
    assert {"host": "ours", "log": {"offset": position}, "waybill_line": "no json"} in values


def test_all_fields(ship):
    values = ship(["17 x", "18 [1, 2]", "none"], "order", "all")
    assert {"n": 17, "text": "x"} in values
    assert {"n": 18, "text": [1, 2]} in values
    assert {"waybill_line": "none"} in values


def test_all_pairs(ship):
    values = ship(['a=1 b="x y" c=true', "b=2"], "logfmt", "all")
    assert values in ([{"a": 1, "b": "x y", "c": True}, {"b": 2}], [{"b": 2}, {"a": 1, "b": "x y", "c": True}])

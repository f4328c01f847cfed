# SPDX-License-Identifier: Apache-2.0
"""Kinds of parsers on a real Kafka: what containers write arrives with the fields of path, runtime and
application, and columns with the names that each file gives them."""

import os

from rig import config
from rig.reader import Reader


def test_lines_of_containers_arrive_with_their_fields(make_agent, cluster, topic, work):
    """A path, the runtime's prefix, and JSON in it; a line that is none keeps the fields of the others."""
    lines = [
        b'2026-11-21T15:11:55.1Z stdout F {"log.level":"WARN","user":{"id":17},"text":"a\\"b\\u00e9"}',
        b"2026-11-21T15:11:56Z stderr F panic: no orders",
    ]
    (work / "log" / "web-0_shop_app.log").write_bytes(b"".join(line + b"\n" for line in lines))
    source = config.source(
        topic,
        [work / "log" / "*.log"],
        parser=["pod", "cri", "json"],
        key="${pod}",
        timestamp="${time}",
        timestamp_max_future="0",
        fields=[{"name": "level", "value": "${log.level}", "case": "lower", "map": ["warn=warning"]}],
        headers_from=["namespace", "stream", "level"],
        headers=[
            {"name": "user", "value": "${user.id}"},
            {"name": "text", "value": "${text}"},
        ],
    )
    settings = config.settings(cluster.bootstrap, [source])
    pattern = r"/(?<pod>[^/_]+)_(?<namespace>[^/_]+)_[^/]*$"
    settings["parsers"] = [{"name": "pod", "from": "${file.path}", "pattern": pattern}]
    agent = make_agent(text=config.render_settings(settings))
    assert agent.run("--until-eof") == 0
    first, second = Reader(cluster.bootstrap, topic).records()
    assert [first.key, second.key] == [b"web-0", b"web-0"]
    assert [first.value, second.value] == lines
    assert first.headers == [
        ("namespace", b"shop"),
        ("stream", b"stdout"),
        ("level", b"warning"),
        ("user", b"17"),
        ("text", 'a"bé'.encode()),
    ]
    assert second.headers == [("namespace", b"shop"), ("stream", b"stderr")]
    assert agent.counters()["lines_unmatched"] == 1


def test_columns_that_each_file_names(cluster, topic, work, make_agent):
    """Its first line is no record; it is known in the midst of the file after a kill, and each generation has
    its own. Values in quotes go over lines."""
    path = work / "log" / "table.csv"
    source = {
        "name": "table",
        "paths": str(path),
        "parser": "table",
        "multiline": {"type": "csv"},
        "topic": topic,
        "key": "${id}",
        "value": "${text}",
        "rotate_wait": "1s",
    }
    text = config.render_settings(
        {
            "kafka": {"bootstrap_servers": cluster.bootstrap},
            "parsers": [{"name": "table", "type": "csv", "header": True}],
            "sources": [source],
        }
    )
    agent = make_agent(text=text)
    path.write_text('\ufeffid,"text"\n1,one\n2,"two\n""lines"""\n')
    agent.start()
    agent.counted(lines_delivered=3, lines_filtered=1, checkpoints=2)
    agent.stop()
    agent.start()
    with open(path, "a") as log:
        log.write('3,"three"\n4,"fo\n')
    agent.counted(lines_delivered=1, lines_waiting=1)
    agent.kill()
    with open(path, "a") as log:
        log.write('ur"\n')
    agent.start()
    agent.counted(lines_delivered=2)
    os.rename(path, path.with_suffix(".csv.1"))
    path.write_text("x,text,id\n0,five,5\n")
    agent.counted(lines_delivered=3, lines_filtered=1)
    agent.stop()
    assert agent.counters()["lines_unmatched"] == 0
    found = {record.key: record.value for record in Reader(cluster.bootstrap, topic).records()}
    assert found == {b"1": b"one", b"2": b'two\n"lines"', b"3": b"three", b"4": b"fo\nur", b"5": b"five"}

# SPDX-License-Identifier: Apache-2.0
"""Kinds of parsers on a real Kafka: what containers write arrives with the fields of path, runtime and
application, and columns with the names that each file gives them."""

import os
import re

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


def table(work, bootstrap, topic, **more):
    """A configuration of a source whose files name their columns, below a directory of each shop."""
    source = {
        "name": "table",
        "paths": str(work / "log" / "*" / "table.csv"),
        "path_pattern": "/log/(?<shop>[^/]+)/",
        "parser": "table",
        "topic": topic,
        "key": "${id}",
        "value": "${shop}:${text}",
        "rotate_wait": "1s",
        **more,
    }
    settings = {
        "kafka": {"bootstrap_servers": bootstrap},
        "parsers": [{"name": "table", "type": "csv", "header": True}],
        "sources": [source],
    }
    return config.render_settings(settings)


def test_columns_and_paths_over_rotations_and_kills(cluster, topic, work, make_agent):
    """Rotated and killed in every order, each line has the columns of its generation and the shop of its path,
    also where it was written behind a rotation or while nobody looked."""
    agent = make_agent(text=table(work, cluster.bootstrap, topic))
    heads = ["id,text", "text,more,id", '"x,y",id,"text"']
    wanted, number, running = {}, 0, False

    def line(head):
        nonlocal number
        number += 1
        names = {"id": str(number), "text": f"t{number}"}
        return ",".join(names.get(name.strip('"'), "-") for name in head.replace("x,y", "xy").split(","))

    paths = [work / "log" / shop / "table.csv" for shop in ("bonn", "ulm")]
    for path in paths:
        path.parent.mkdir()
    for round_ in range(6):
        for shop, path in zip(("bonn", "ulm"), paths):
            head = heads[(round_ + (shop == "ulm")) % 3]
            if path.exists():
                path.rename(path.with_name(f"table.csv.{round_}"))
            with open(path, "w") as log:
                log.write(head + "\n")
                for _ in range(20):
                    log.write(line(head) + "\n")
                    wanted[str(number).encode()] = f"{shop}:t{number}".encode()
                log.flush()
                if running and round_ % 2:
                    agent.kill()
                    running = False
                late = line(head)
                wanted[str(number).encode()] = f"{shop}:t{number}".encode()
                log.write(late + "\n")
        if not running:
            agent.start()
            running = True
            agent.counted(lines_read=1)
        assert agent.counters()["lines_unmatched"] == 0
    if running:
        agent.stop()
    assert agent.run("--until-eof") == 0
    assert agent.counters()["lines_unmatched"] == 0
    records = Reader(cluster.bootstrap, topic).records()
    assert {record.key: record.value for record in records} == wanted


def test_a_header_counts_as_nothing_but_filtered(make_agent, cluster, topic, work):
    """Its line was no record, and was counted as one without key all the same; a NUL in it ended it."""
    path = work / "log" / "bonn" / "table.csv"
    path.parent.mkdir()
    path.write_bytes(b"a\0b,id,text\n1,2,three\n")
    agent = make_agent(text=table(work, cluster.bootstrap, topic, timestamp="${text}"))
    assert agent.run("--until-eof") == 0
    (record,) = Reader(cluster.bootstrap, topic).records()
    assert (record.key, record.value) == (b"2", b"bonn:three")
    counters = agent.counters()
    names = ("keys_missing", "headers_missing", "values_missing", "timestamps_missing", "lines_unmatched")
    assert [counters[name] for name in names] == [0] * 5
    assert (counters["lines_filtered"], counters["timestamps_invalid"]) == (1, 1)


def test_a_first_line_that_is_no_header_is_read_once(make_agent, cluster, topic, work):
    """Longer than 64 KiB it names nothing, and was read again with each turn."""
    path = work / "log" / "bonn" / "table.csv"
    path.parent.mkdir()
    path.write_bytes(b"x" * 100_000 + b"\n" + b"1,2\n" * 50_000)
    agent = make_agent(text=table(work, cluster.bootstrap, topic, value="${line}"))
    trace = work / "trace"
    agent.prefix = ["strace", "-D", "-f", "-qq", "-e", "trace=pread64", "-o", trace]
    assert agent.run("--until-eof") == 0
    heads = [line for line in trace.read_text().splitlines() if re.search(r"pread64\(.*, 65536, 0\)", line)]
    assert len(heads) == 1, heads
    assert len(Reader(cluster.bootstrap, topic).records()) == 50_000

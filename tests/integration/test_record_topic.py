# SPDX-License-Identifier: Apache-2.0
"""A line may choose among the listed topics and no others, whatever it holds."""

from rig import config
from rig.agent import EX_OK
from rig.reader import Reader

PATTERN = r"^n=(?<n>\d+)(?: t=(?<t>.*))?$"

# What a log line may try: what Kafka refuses, what it would take, and what is Kafka's own.
NAMES = [
    "", ".", "..", "a" * 250, "t" * 5000, "aufträge", "主题", "a b", "a/b", "../a", "a\tb", "a,b",
    "a:b", "${n}", "$$", '"', "\\", "other", "__consumer_offsets", "__transaction_state", None, False,
]  # fmt: skip


def test_names_of_all_kinds(cluster, topic_name, work, make_agent):
    """Listed: there. Anything else: in the fallback, counted; no topic is made or written to."""
    listed, fallback = (cluster.make_topic(f"{topic_name}-{end}") for end in ("listed", "rest"))
    near = [listed + "x", listed[:-1], listed.upper(), listed + " ", " " + listed, listed + "\0"]
    names = [listed, *NAMES, *near, listed]
    lines = [
        f"number {i}" if name is False else f"n={i}" if name is None else f"n={i} t={name}"
        for i, name in enumerate(names)
    ]
    path = work / "log" / "topics.log"
    path.write_bytes("".join(line + "\n" for line in lines).encode())
    # And bytes that are no text at all.
    raw = b"n=%d t=\xff\xfe\xc0\x80" % len(names)
    with open(path, "ab") as log:
        log.write(raw + b"\n")
    one = {
        "name": "topics",
        "paths": [str(path)],
        "parser": "order",
        "topic": "${t}",
        "topics": [listed, fallback],
        "topic_fallback": fallback,
    }
    before = set(cluster.admin.list_topics(timeout=10).topics)
    text = config.render_settings(config.settings(cluster.bootstrap, [one], pattern=PATTERN))
    agent = make_agent(text=text)
    assert agent.run("--until-eof") == EX_OK
    assert set(cluster.admin.list_topics(timeout=10).topics) == before
    expected = [line.encode() for line in lines]
    chosen = [record.value for record in Reader(cluster.bootstrap, listed).records()]
    rest = [record.value for record in Reader(cluster.bootstrap, fallback).records()]
    assert sorted(chosen) == sorted([expected[0], expected[-1]])
    assert sorted(rest) == sorted([*expected[1:-1], raw])
    counters = agent.counters()
    assert counters["topics_fallback"] == len(rest)
    assert counters["reports_failed"] == 0 and counters["rewinds"] == 0
    agent.assert_true(read=len(lines) + 1)


def test_part_of_a_name(cluster, topic_name, work, make_agent):
    """A template of constant and captured parts; without a fallback it is the first of the list."""
    audit, orders = (cluster.make_topic(f"{topic_name}.{end}") for end in ("audit", "orders"))
    path = work / "log" / "topics.log"
    path.write_text("n=1 t=orders\nn=2 t=audit\nn=3 t=none\nn=4 t=\nn=5\n")
    one = {
        "name": "topics",
        "paths": [str(path)],
        "parser": "order",
        "topic": topic_name + ".${t:-orders}",
        "topics": [audit, orders],
    }
    text = config.render_settings(config.settings(cluster.bootstrap, [one], pattern=PATTERN))
    agent = make_agent(text=text)
    assert agent.run("--until-eof") == EX_OK
    found = {
        name: sorted(record.value[2:3] for record in Reader(cluster.bootstrap, name).records())
        for name in (audit, orders)
    }
    assert found == {audit: [b"2", b"3", b"4"], orders: [b"1", b"5"]}
    assert agent.counters()["topics_fallback"] == 2

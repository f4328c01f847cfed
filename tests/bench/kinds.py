# SPDX-License-Identifier: Apache-2.0
"""The part "kinds": what each kind of parser costs an event, in the same loop over lines in memory (kinds.c)."""

import json
import random
import subprocess
from statistics import median

from callgrind import per_line, run, total
from rig.config import render_settings
from stage import BENCH, PATTERN, RECORD_PATTERN, make_lines

KINDS = BENCH / "kinds"
WORDS = ["order", "paid", "stock", "basket", "user", "retry", "upstream", "cache"]


def _message(dice, length):
    text = ""
    while len(text) < length:
        text += dice.choice(WORDS) + " "
    return text[:length]


def json_lines(dice, length):
    """Objects of about that many bytes; three members are wanted, one of them within another."""
    for number in range(500):
        event = {
            "time": f"2026-11-21T15:11:{number % 60:02}.605Z",
            "level": dice.choice(["INFO", "WARN", "ERROR"]),
            "logger": "org.example.shop.orders.PaymentService",
            "thread": f"http-nio-8080-exec-{number % 10}",
            "user": {"id": number, "name": f"user{number}", "roles": ["buyer", "editor"]},
            "trace_id": f"{dice.getrandbits(128):032x}",
            "status": 200,
            "took_ms": number / 7,
        }
        left = length - len(json.dumps(event)) - 20
        for i in range(max(1, left // 400)):
            event[f"message{i}"] = _message(dice, min(left, 380))
        yield json.dumps(event, separators=(",", ":"))


def logfmt_lines(dice):
    for number in range(500):
        yield (
            f'time=2026-11-21T15:11:{number % 60:02}.605Z level=info component=shop msg="{_message(dice, 60)}" '
            f"user={number} trace={dice.getrandbits(64):016x} status=200 bytes={number * 7} took={number}ms"
        )


def cri_lines(dice):
    for number in range(500):
        yield f"2026-11-21T15:11:{number % 60:02}.605123456Z stdout F level=info {_message(dice, 150)}"


def syslog_lines(dice):
    for number in range(500):
        yield (
            f'<165>1 2026-11-21T15:11:{number % 60:02}.003Z web1 shop {number} ID47 [a@1 user="{number}" x="y"] '
            + _message(dice, 120)
        )


def csv_lines(dice):
    for number in range(500):
        yield f'2026-11-21T15:11:{number % 60:02}Z,shop,"{_message(dice, 40)}, ""x""",{number},17.20,EUR'


def java_lines(dice):
    for number in range(100):
        yield f"2026-11-21 15:11:{number % 60:02},605 ERROR [exec-{number}] o.e.Pay - {_message(dice, 40)}"
        yield "java.lang.IllegalStateException: no"
        for frame in range(24):
            yield f"\tat org.example.shop.orders.Payment{frame}.handle(Payment{frame}.java:{frame + 17})"
        yield "Caused by: java.io.IOException: refused"
        yield "\t... 12 more"


def _json(**more):
    return {"parser": "json", "key": "${user.id}", "headers_from": ["level", "trace_id"], **more}


# Name: the lines, the inside of the source, the stage, and the goals: ns an event, MB/s.
CASES = {
    "JSON of 500 bytes, 3 fields": (lambda dice: json_lines(dice, 500), _json(), "parse", {"ns": 1000}),
    "JSON of 4 KB, 3 fields": (lambda dice: json_lines(dice, 4000), _json(), "parse", {"memory": 0.5}),
    "logfmt, 3 fields": (
        logfmt_lines,
        {"parser": "logfmt", "key": "${user}", "headers_from": ["level", "trace"]},
        "parse",
        {"ns": 500},
    ),
    "cri": (
        cri_lines,
        {"parser": "cri", "value": "${message}", "headers_from": ["stream"], "timestamp": "${time}"},
        "parse",
        {"ns": 500},
    ),
    "cri, and 3 fields of the path": (
        cri_lines,
        {
            "parser": "cri",
            "path_pattern": "kubernetes",
            "value": "${message}",
            "headers_from": ["stream", "namespace", "pod", "container"],
            "timestamp": "${time}",
        },
        "parse",
        {"ns": 500},
    ),
    "syslog, RFC 5424, 3 fields": (
        syslog_lines,
        {"parser": "syslog", "key": "${program}", "headers_from": ["host", "data.a@1.user"]},
        "parse",
        {},
    ),
    "csv, 2 of 6 columns": (csv_lines, {"parser": "table", "key": "${b}", "value": "${c}"}, "parse", {}),
    "java traces, to the record": (
        java_lines,
        {"parser": "java", "multiline": {"type": "java"}, "key": "${thread}", "headers_from": ["level"]},
        "record",
        {"mb": 250},
    ),
}
PARSERS = [
    {"name": "plain", "pattern": PATTERN},
    {"name": "fields", "pattern": RECORD_PATTERN},
    {"name": "java", "pattern": r"^\S+ \S+ (?<level>[A-Z]+) \[(?<thread>[^]]*)\]"},
    {"name": "table", "type": "csv", "columns": ["a", "b", "c", "d", "e", "f"]},
]


def _write(name, lines, source):
    directory = BENCH / "kinds.d" / name.replace(" ", "-").replace(",", "")
    directory.mkdir(parents=True, exist_ok=True)
    whole = {"name": "s", "paths": "/var/log/s.log", "topic": "t", **source}
    named = [parser for parser in PARSERS if parser["name"] == source["parser"]]
    settings = {
        "kafka": {"bootstrap_servers": "localhost:1"},
        "parsers": named,
        "sources": [whole],
    }
    conf = directory / "waybill.conf"
    conf.write_text(render_settings({key: value for key, value in settings.items() if value != []}))
    if isinstance(lines, list):
        path = directory / "lines"
        path.write_text("".join(line + "\n" for line in lines))
        return conf, path
    return conf, lines


def _ask(stage, conf, path, events):
    done = subprocess.run([KINDS, stage, conf, path, str(events)], check=True, capture_output=True)
    return [float(word) for word in done.stdout.split()]


def _instructions(stage, conf, path):
    few, many = 2000, 8000
    costs = [run([], [KINDS, stage, conf, path, n], BENCH / f"callgrind.kinds.{n}") for n in (few, many)]
    return total(per_line(*costs, many - few))


def _measure(bench, name, conf, path, stage, goals):
    size = _ask("cut", conf, path, 1000)[1]
    events = max(2000, int(300_000_000 / size))
    # The least: what else the machine does only adds to it.
    runs = [(_ask(stage, conf, path, events), _ask("cut", conf, path, events)) for _ in range(bench.runs)]
    cost, bare = (min(side[i][0] for side in runs) for i in (0, 1))
    asked, unmatched = runs[0][0][2:]
    assert unmatched == 0, name
    goal = {"at_most": goals["ns"]} if "ns" in goals else {}
    bench.table.difference(f"ns an event, {name} / cut only", cost, bare, **goal)
    bench.table.difference(
        f"instructions an event, {name} / cut only",
        _instructions(stage, conf, path),
        _instructions("cut", conf, path),
    )
    bench.table.one(f"allocations an event, {name}", asked / events, at_most=0)
    rate = 1000 * size / cost
    if "mb" in goals:
        bench.table.one(f"MB/s, {name}", rate, at_least=goals["mb"])
    if "memory" in goals:
        copies = [_ask("copy", conf, path, 20) for _ in range(bench.runs)]
        memory = [1000 * size / bytes_ns for bytes_ns in (copy[0] / copy[1] * size for copy in copies)]
        bench.table.pair(f"MB/s, {name} / copied", [rate], memory, [rate / median(memory)], at_least=goals["memory"])


def kinds(bench):
    """What the kinds of parsers cost an event, beside the loop that only cuts it; no broker."""
    lines = make_lines(BENCH / "lines-20000.log", 20000)
    for name, parser in (("a pattern, 4 groups, 2 wanted", "plain"), ("a pattern, 7 groups, 3 wanted", "fields")):
        source = {"parser": parser, "key": "${order_id}", "headers_from": ["cid"]}
        if parser == "fields":
            source["headers_from"] = ["cid", "status"]
        conf, path = _write(name, lines, source)
        _measure(bench, name, conf, path, "parse", {})
    for name, (write, source, stage, goals) in CASES.items():
        conf, path = _write(name, list(write(random.Random(name))), source)
        _measure(bench, name, conf, path, stage, goals)

# SPDX-License-Identifier: Apache-2.0
"""waybill preview: needs no Kafka. The records are judged by JSON and by an independent murmur2."""

import json
import os
import pty
import random
import re
import subprocess
import time
from datetime import datetime

import pytest
from kafka.partitioner.default import murmur2
from rig.agent import EX_CONFIG, EX_IOERR, EX_NOINPUT, EX_OK, EX_USAGE
from rig.config import render_settings
from rig.hashes import HASHES
from rig.paths import ROOT, WAYBILL
from rig.process import read_terminal
from rig.wait import wait_for

PATTERN = r"^(?<time>\S+) (?<level>\w+) order=(?<order_id>\S+) cid=(?<cid>\S+)"
GOOD = "2026-11-21T15:11:55Z INFO order=A-{} cid=c{} created"
PARTITIONS = 12
DEADLINE = 60


def orders(**more):
    return {
        "name": "orders",
        "paths": ["/var/log/orders/*.log"],
        "parser": "order",
        "topic": "orders",
        "key": "${order_id}",
        "headers": [
            {"name": "correlation-id", "value": "${cid}"},
            {"name": "file", "value": "${file.path}"},
            {"name": "position", "value": "${file.position}"},
        ],
        **more,
    }


def partition_of(key, n=PARTITIONS):
    return (murmur2(key) & 0x7FFFFFFF) % n


class Preview:
    def __init__(self, tmp):
        self.tmp = tmp
        self.conf = tmp / "waybill.conf"
        self.environment = dict(os.environ, LC_ALL="C.UTF-8", TERM="xterm")
        self.environment.pop("NO_COLOR", None)
        self.configure(orders())

    def configure(self, *sources, pattern=PATTERN, **more):
        parsers = [{"name": "order", "pattern": pattern}]
        settings = {"kafka": {"bootstrap_servers": "no.such.host.invalid:9092"}, **more}
        settings.update(parsers=parsers, sources=list(sources))
        self.conf.write_text(render_settings(settings))

    def log(self, content, name="sample.log"):
        path = self.tmp / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    def command(self, *arguments):
        return [WAYBILL, "preview", "--config", self.conf, *map(str, arguments)]

    def run(self, *arguments, expect=EX_OK, stdin=b""):
        options = {"input": stdin} if isinstance(stdin, bytes) else {"stdin": stdin}
        done = subprocess.run(
            self.command(*arguments),
            env=self.environment,
            capture_output=True,
            timeout=DEADLINE,
            **options,
        )
        assert done.returncode == expect, (done.stdout[-2000:], done.stderr)
        return done.stdout.decode(), done.stderr.decode()

    def records(self, *arguments, **options):
        out, err = self.run("--json", *arguments, **options)
        assert err == "" and "\x1b" not in out
        return [json.loads(line) for line in out.split("\n")[:-1]]

    def terminal(self, *arguments):
        """What a terminal of 80x24 gets."""
        master, slave = pty.openpty()
        process = subprocess.Popen(
            self.command(*arguments), env=self.environment, stdout=slave, stdin=subprocess.DEVNULL
        )
        os.close(slave)
        out = read_terminal(master)
        assert process.wait(DEADLINE) == EX_OK
        return out


@pytest.fixture
def preview(tmp_path):
    return Preview(tmp_path)


def headers(record):
    return {header["name"]: header["value"] for header in record["headers"]}


# What is shown is what would be sent


def test_records(preview):
    lines = [GOOD.format(i % 7, i) for i in range(100)]
    path = preview.log("\n".join(lines) + "\n")
    before = time.time() * 1000
    records = preview.records(path)
    assert [record["value"] for record in records] == lines
    position = 0
    for i, record in enumerate(records):
        assert list(record) == [
            "topic", "partition", "key", "headers", "timestamp", "value", "matched",
        ]  # fmt: skip
        assert record["topic"] == "orders" and record["matched"] is True
        assert record["key"] == f"A-{i % 7}"
        assert record["partition"] == partition_of(record["key"].encode())
        assert before - 1 <= record["timestamp"] <= time.time() * 1000
        assert headers(record) == {
            "correlation-id": f"c{i}",
            "file": str(path),
            "position": str(position),
        }
        position += len(lines[i]) + 1


@pytest.mark.parametrize("n", [1, 3, 50, 10000])
def test_partitions(preview, n):
    path = preview.log("".join(GOOD.format(i, i) + "\n" for i in range(300)))
    for record in preview.records("--partitions", n, path):
        assert record["partition"] == partition_of(record["key"].encode(), n)


def test_last_line_without_lf_and_crlf(preview):
    path = preview.log(GOOD.format(1, 1) + "\r\n\n" + GOOD.format(2, 2))
    records = preview.records(path)
    assert [r["value"] for r in records] == [GOOD.format(1, 1), "", GOOD.format(2, 2)]
    assert [r["matched"] for r in records] == [True, False, True]


def test_long_line(preview):
    preview.configure(orders(), max_line=100)
    path = preview.log(GOOD.format(1, 1) + "x" * 300 + "\n" + GOOD.format(2, 2) + "\n")
    first, second = preview.records(path)
    assert first["value"] == (GOOD.format(1, 1) + "x" * 300)[:100]
    assert headers(first)["waybill-truncated"] == "true"
    assert second["key"] == "A-2"


def test_left_out(preview):
    preview.configure(orders(on_no_match="skip"))
    path = preview.log("neither\n" + GOOD.format(1, 1) + "\n")
    left_out, shipped = preview.records(path)
    assert left_out == {
        "topic": None, "partition": None, "key": None, "headers": [], "timestamp": None,
        "value": "neither", "matched": False,
    }  # fmt: skip
    assert shipped["key"] == "A-1"
    out, _ = preview.run(path)
    assert "(left out)" in out and "; 1 line left out" in out


def test_without_key_spreads_by_batches(preview):
    preview.configure(orders())
    path = preview.log(("x" * 1000 + "\n") * 1000)
    records = preview.records("--partitions", 3, path)
    partitions = [record["partition"] for record in records]
    moves = sum(a != b for a, b in zip(partitions, partitions[1:]))
    assert set(partitions) == {0, 1, 2} and 4 <= moves <= 20
    assert all(record["key"] is None for record in records)


# JSON


def test_any_bytes_are_valid_json(preview):
    dice = random.Random(4)
    # Python 3's decoder replaces maximal pieces, as ours does.
    pieces = [b"\xe2\x82", b"\xf0\x9f\x98\x80", b"\xed\xa0\x80", b"\xc0\xaf", b"\xf4\x90\x80\x80"]
    pieces += [bytes([n]) for n in range(256) if n != 10]
    lines = [b"".join(dice.choices(pieces, k=dice.randrange(60))) for _ in range(3000)]
    lines += [b"2026 INFO order=" + bytes([n]) + b" cid=x" for n in range(256) if n != 10]
    preview.configure(orders(), keep_cr=True)
    records = preview.records(preview.log(b"\n".join(lines) + b"\n"))
    assert len(records) == len(lines)
    for line, record in zip(lines, records):
        assert record["value"] == line.decode(errors="replace")
    # Partitions are of the bytes, not of what can be shown of them.
    keyed = {line: r for line, r in zip(lines, records) if line.startswith(b"2026 INFO order=")}
    for line, record in keyed.items():
        if record["matched"]:
            assert record["partition"] == partition_of(line[16:-6])
    assert sum(record["matched"] for record in keyed.values()) > 200


# For people


def test_screen(preview):
    path = preview.log(GOOD.format(1, 1) + "\n")
    out, err = preview.run(path)
    assert err == ""
    assert re.search(
        r"^orders  partition (\d+)  \d{4}-\d\d-\d\dT[\d:.]+Z  key A-1\n"
        r"  headers  correlation-id=c1\b.*\n(?: {11}.*\n)*"
        rf"  value    {re.escape(GOOD.format(1, 1))}\n",
        out,
    )
    assert "\n1 line: matched 1, not matched 0\n1 record, without a key 0\n" in out


def stop_of(out):
    """The text of a missed line up to the mark below it, and the mark's message."""
    shown, mark = re.search(r"  no match (.*)\n( *~*\^ .*)\n", out).groups()
    column = mark.index("^") - 11
    return shown[:column], shown[column:], mark.split("^ ")[1]


@pytest.mark.parametrize(
    "line, agreed",
    [
        ("2026 INFO ordr=A-1 cid=1", "2026 INFO ord"),
        ("2026 INFO order=A-1 cid:1", "2026 INFO order=A-1 cid"),
        ("2026 INFO order=A-1", "2026 INFO order=A-1"),
        (" 2026", ""),
    ],
)
def test_where_a_miss_stops(preview, line, agreed):
    out, _ = preview.run(preview.log(line + "\n"))
    before, after, message = stop_of(out)
    assert before == agreed and before + after == line
    if agreed == line:
        assert "ends too early" in message
    else:
        assert f"byte {len(agreed) + 1}" in message


def test_where_a_miss_in_a_long_line_stops(preview):
    line = "2026-11-21 INFO order=" + "A" * 500 + " cId=1" + "x" * 500
    out, _ = preview.run(preview.log(line + "\n"))
    before, after, message = stop_of(out)
    assert before.startswith("...A") and before.endswith("A c") and after.startswith("Id=1")
    assert "byte 525" in message
    assert max(map(len, out[out.index("  no match") :].splitlines())) <= 80


def test_where_a_pattern_without_anchor_stops(preview):
    preview.configure(orders(), pattern=r"order=(?<order_id>\d+) cid=(?<cid>\d+)")
    out, _ = preview.run(preview.log("o or order=17 cix order=1\n"))
    assert "o or order=17 cix" in out
    mark = re.search(r"^ *(~+)\^", out, re.MULTILINE)
    assert mark[1] == "~" * len("order=17 ci") and mark.start(1) - mark.start() == 11 + 5


def test_pattern_that_gives_up(preview):
    preview.configure(orders(), pattern=r"^(?<order_id>(a+)+)(?<cid>[bc])")
    out, _ = preview.run(preview.log("a" * 60 + "!\n"))
    assert "gave up" in out and "; 1 line too hard for the pattern" in out


def test_pipe_is_plain_and_terminal_is_not(preview):
    path = preview.log(GOOD.format(1, 1) + "\nbad \x1b[2J line\n")
    plain, _ = preview.run(path)
    assert "\x1b" not in plain and "\\x1b[2J" in plain
    out = preview.terminal(path)
    assert "\x1b[36mA-1\x1b[0m" in out and "\x1b[31m" in out and "\x1b[2J" not in out
    stamp = r"\d{4}-\d\d-\d\dT[\d:.]+Z"
    undone = re.sub(r"\x1b\[\d*m", "", out)
    assert re.sub(stamp, "", undone) == re.sub(stamp, "", plain)
    preview.environment["NO_COLOR"] = "1"
    assert "\x1b" not in preview.terminal(path)
    assert "\x1b" not in "".join(preview.run("--json", path))


def test_spread(preview):
    counts = {"hot": 60, "warm": 30, "cold": 10}
    lines = [f"t INFO order={key} cid=1" for key, n in counts.items() for _ in range(n)]
    random.Random(1).shuffle(lines)
    out, _ = preview.run(preview.log("\n".join(lines) + "\n"))
    tables = out[out.index("100 lines: matched 100, not matched 0\n") :].split("\n\n")
    keys = [line.split() for line in tables[2].splitlines()[1:]]
    assert [(line[-1], int(line[1])) for line in keys] == list(counts.items())
    assert [int(line[0]) for line in keys] == [partition_of(key.encode()) for key in counts]
    expected = {}
    for key, n in counts.items():
        partition = partition_of(key.encode())
        expected[partition] = expected.get(partition, 0) + n
    rows = [line.split() for line in tables[1].splitlines()[1:]]
    assert {int(row[0]): int(row[1]) for row in rows} == expected
    shares = [float(row[2].rstrip("%")) for row in rows]
    assert sum(shares) == pytest.approx(100, abs=0.5) and shares == sorted(shares, reverse=True)


def test_spread_is_bounded(preview):
    lines = ["t INFO order=hot cid=1"] * 5000
    lines += [f"t INFO order={i} cid=1" for i in range(120000)]
    out, _ = preview.run(preview.log("\n".join(lines) + "\n"))
    assert "20001 records have other keys" in out and "and 99990 more keys" in out
    assert "topic (12 each)\n" in out
    assert re.search(r"^ +\d+ +5000 .* hot$", out, re.MULTILINE)


CLIENTS = {"Java": "murmur2", "librdkafka": "crc32", "sarama": "fnv1a", "CRC32": "crc32"}


def test_compare_partitioners(preview):
    """Each number of the three tables, beside hashes that are not waybill's."""
    n = 7
    counts = {f"key-{number}": 1 + number % 4 for number in range(300)}
    counts["hot"] = 500
    lines = [f"t INFO order={key} cid=1" for key, count in counts.items() for _ in range(count)]
    random.Random(2).shuffle(lines)
    lines += ["no match"] * 5
    preview.configure(orders(partitioner={"hash": "crc32"}))
    log = preview.log("\n".join(lines) + "\n")
    out, _ = preview.run("--compare-partitioners", "--partitions", n, log)
    assert max(map(len, out.splitlines())) <= 80
    records = sum(counts.values())
    assert f"topic orders, {n} partitions: {records} records with {len(counts)} keys\n" in out
    places = {
        name: {key: HASHES[hash](key.encode(), n) for key in counts}
        for name, hash in {"waybill": "crc32", **CLIENTS}.items()
    }
    tables = [part.splitlines() for part in out.split("\n\n")]
    rows = {line.split()[0]: line.split()[1:] for line in tables[1][2:]}
    shares = {name: [0] * n for name in places}
    for name, place in places.items():
        for key, count in counts.items():
            shares[name][place[key]] += count
        fullest = shares[name].index(max(shares[name]))
        assert int(rows[name][-5]) == fullest
        assert float(rows[name][-2]) == pytest.approx(max(shares[name]) * n / records, abs=0.01)
        if name == "waybill":
            continue
        moved = [key for key in counts if place[key] != places["waybill"][key]]
        assert int(rows[name][0]) == len(moved)
        assert int(rows[name][2]) == sum(counts[key] for key in moved)
    assert rows["CRC32"][0] == "0" and int(rows["Java"][0]) > 200
    for number, line in enumerate(tables[2][1:]):
        got = [float(cell.rstrip("%")) for cell in line.split()]
        assert got[0] == number
        expected = [100 * shares[name][number] / records for name in places]
        assert got[1:] == pytest.approx(expected, abs=0.06)
    hot = [line.split() for line in tables[3][1:21]]
    assert hot[0][-1] == "hot" and int(hot[0][0]) == 500
    for line in hot:
        assert [int(cell) for cell in line[1:6]] == [places[name][line[-1]] for name in places]
    assert "and 281 more keys" in out


def test_nothing_to_compare(preview):
    out, _ = preview.run("--compare-partitioners", stdin=b"no match\n")
    assert "nothing to compare" in out
    preview.run("--compare-partitioners", "--json", expect=EX_USAGE)


def test_too_few_partitions_for_the_rules(preview):
    rules = {"rules": [{"prefix": "A-1", "partitions": [0]}]}
    preview.configure(orders(partitioner=rules))
    log = preview.log("".join(GOOD.format(number, 1) + "\n" for number in range(10, 30)))
    out, _ = preview.run("--partitions", 1, "--json", log)
    found = [json.loads(line)["partition"] for line in out.splitlines()]
    assert found == [0] * 10 + [None] * 10
    out, _ = preview.run("--partitions", 1, log)
    assert "10 records held: partitioner.rules need more partitions" in out
    assert out.count("no partition, held") == 10
    out, _ = preview.run("--partitions", 3, "--json", log)
    found = [json.loads(line)["partition"] for line in out.splitlines()]
    assert found[:10] == [0] * 10
    assert found[10:] == [partition_of(b"A-%d" % number, 2) + 1 for number in range(20, 30)]


# Input


def test_stdin(preview):
    content = "".join(GOOD.format(i, i) + "\n" for i in range(5000)).encode()
    path = preview.log(content)
    piped = preview.records(stdin=content)
    assert [r["value"] for r in piped] == content.decode().splitlines()
    assert headers(piped[0])["file"] == "/dev/stdin"
    with path.open("rb") as file:
        redirected = preview.records("-", stdin=file)
    assert [(r["value"], r["headers"]) for r in redirected] == [
        (r["value"], r["headers"]) for r in piped
    ]
    with path.open("rb") as file:
        os.lseek(file.fileno(), len(GOOD.format(0, 0)) + 1, os.SEEK_SET)
        rest = preview.records(stdin=file)
    assert rest[0]["key"] == "A-1" and len(rest) == 4999


def test_lines_are_shown_as_they_come(preview):
    process = subprocess.Popen(
        preview.command("--json"),
        env=preview.environment,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    try:
        os.set_blocking(process.stdout.fileno(), False)
        process.stdin.write(GOOD.format(1, 1).encode() + b"\nhalf a ")
        process.stdin.flush()
        first = []
        wait_for(lambda: first.append(process.stdout.read()) or any(first), DEADLINE, "a record")
        process.stdin.write(b"line")
        os.set_blocking(process.stdout.fileno(), True)
        rest, _ = process.communicate(timeout=DEADLINE)
    finally:
        process.kill()
    records = [json.loads(line) for line in b"".join(filter(None, first)).splitlines()]
    assert [r["key"] for r in records] == ["A-1"]
    assert [json.loads(line)["value"] for line in rest.splitlines()] == ["half a line"]
    assert process.returncode == EX_OK


def test_long_stream_takes_no_memory(preview):
    """100 MB through a pipe; the copy is never more than a few."""
    lines = f"yes '{GOOD.format(1, 1)}{'x' * 1000}' | head -n 100000"
    source = subprocess.Popen(["sh", "-c", lines], stdout=subprocess.PIPE)
    process = subprocess.Popen(
        preview.command("--json"),
        env=preview.environment,
        stdin=source.stdout,
        stdout=subprocess.PIPE,
    )
    source.stdout.close()
    n, sizes = 0, []
    while piece := process.stdout.read(1 << 20):
        n += piece.count(b"\n")
        sizes.append(size_of_copy(process.pid))
    assert process.wait(DEADLINE) == EX_OK and source.wait(DEADLINE) == 0
    assert n == 100000
    assert 0 < max(sizes) < 8 << 20


def size_of_copy(pid):
    """Bytes that the file in memory takes; 0 when there is none (any more)."""
    try:
        links = [f"/proc/{pid}/fd/{fd}" for fd in os.listdir(f"/proc/{pid}/fd")]
        return max(os.stat(x).st_blocks * 512 for x in links if "memfd" in os.readlink(x))
    except (OSError, ValueError):
        return 0


def test_full_disk(preview):
    path = preview.log(GOOD.format(1, 1) + "\n")
    for arguments in (["--json"], []):
        with open("/dev/full", "wb") as full:
            command = preview.command(*arguments, path)
            done = subprocess.run(command, stdout=full, stderr=subprocess.PIPE, timeout=DEADLINE)
        assert done.returncode == EX_IOERR
        assert done.stderr == b"waybill: standard output: No space left on device\n"


def test_file_that_says_it_is_empty(preview):
    (record,) = preview.records("/proc/version")
    assert record["value"].startswith("Linux")
    assert preview.records(preview.log("")) == []


def test_which_source(preview):
    other = preview.tmp / "other"
    other.mkdir()
    preview.configure(
        orders(),
        orders(name="others", paths=[f"{other}/*.log"], topic="others"),
    )
    stray = preview.log(GOOD.format(1, 1) + "\n")
    own = other / "a.log"
    own.write_text(GOOD.format(1, 1) + "\n")
    assert preview.records(own)[0]["topic"] == "others"
    relative = os.path.relpath(own)
    assert preview.records(relative)[0]["topic"] == "others"
    assert preview.records("--source", "orders", own)[0]["topic"] == "orders"
    _, err = preview.run(stray, expect=EX_USAGE)
    assert "--source" in err and "orders others" in err and str(stray) in err
    _, err = preview.run(expect=EX_USAGE)
    assert "--source" in err
    _, err = preview.run("--source", "oders", stray, expect=EX_USAGE)
    assert 'did you mean "orders"' in err


def test_refusals(preview):
    path = preview.log(GOOD.format(1, 1) + "\n")
    _, err = preview.run(preview.tmp / "missing.log", expect=EX_NOINPUT)
    assert "missing.log" in err and "No such file" in err
    _, err = preview.run(preview.tmp, expect=EX_NOINPUT)
    assert "directory" in err
    for wrong, says in (
        (["--partitions", "0"], '--partitions is a number from 1 to 10000, not "0"'),
        (["--partitions", "x"], '--partitions is a number from 1 to 10000, not "x"'),
        (["--json", "--compare-partitioners"], "--json and --compare-partitioners: give one of"),
        (["--nonsense"], "unrecognized option '--nonsense'"),
        ([path, path], f'"{path}" is an argument too many'),
    ):
        out, err = preview.run(*wrong, expect=EX_USAGE)
        assert out == "" and err.startswith(f"waybill preview: {says}")
        assert "usage: waybill preview" in err
    preview.configure(orders(key="${ordr_id}"))
    out, err = preview.run(path, expect=EX_CONFIG)
    assert out == "" and re.search(r"waybill\.conf:\d+: .*did you mean \"order_id\"", err)
    preview.conf.unlink()
    preview.run(path, expect=EX_NOINPUT)


def test_secrets_are_not_needed(preview):
    kafka = {"bootstrap_servers": "env:NO_SUCH_NAME", "sasl_password": "credential:kafka"}
    preview.configure(orders(), kafka=kafka)
    assert preview.records(preview.log(GOOD.format(1, 1) + "\n"))[0]["key"] == "A-1"


def test_help_fits(preview):
    out, _ = preview.run("--help")
    assert max(map(len, out.splitlines())) <= 80 and len(out.splitlines()) <= 24


@pytest.mark.parametrize("matched", [True, False])
def test_a_million_lines(preview, matched):
    content = "".join(GOOD.format(i % 5000, i) + "x" * 170 + "\n" for i in range(100000))
    if not matched:
        content = content.replace("order=", "oder=")
    path = preview.log(content * 10)
    for arguments in (["--json"], []):
        before = os.times()
        subprocess.run(
            preview.command(*arguments, path),
            env=preview.environment,
            stdout=subprocess.DEVNULL,
            timeout=DEADLINE,
            check=True,
        )
        after = os.times()
        # Processor time: the machine may be busy with other tests.
        assert after.children_user - before.children_user < 5


# The ready-made parsers

FILES = sorted((ROOT / "conf" / "parsers.d").glob("*.conf"))


def first_group(text):
    """From the brace with which the text begins to the one that closes it."""
    depth = 0
    for end, letter in enumerate(text):
        depth += {"{": 1, "}": -1}.get(letter, 0)
        if depth == 0:
            return text[: end + 1]
    raise AssertionError(text)


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_example_in_the_head_of_a_parser(preview, path):
    """The source that the comment shows is one that works."""
    comment = re.findall(r"^#(.*)", path.read_text(), re.MULTILINE)
    text = "\n".join(comment)
    example = first_group(text[text.index("{ name = ") :])
    (preview.tmp / "conf.d").mkdir()
    (preview.tmp / "conf.d" / "parser.conf").symlink_to(path)
    (preview.tmp / "conf.d" / "source.conf").write_text(f"sources: ( {example} );\n")
    preview.conf.write_text('kafka: { bootstrap_servers = "no.such.host.invalid"; };\n')
    tests = (ROOT / "conf" / "tests" / path.name).with_suffix(".test").read_text()
    samples = re.findall(r"^< (.*\n)", tests, re.MULTILINE)
    records = preview.records(preview.log("".join(samples)))
    assert any(record["key"] and record["headers"] for record in records)


def test_times_in_templates(preview):
    preview.configure(orders(timestamp="${time}", value="${event.time} ${read.time}"))
    begin = time.time()
    first, second = preview.records(stdin=(GOOD.format(1, 1) + "\nother\n").encode())
    event, read = first["value"].split()
    assert event == "2026-11-21T15:11:55.000Z" and first["timestamp"] == 1795273915000
    assert begin - 0.001 <= datetime.fromisoformat(read).timestamp() <= time.time()
    event, read = second["value"].split()
    assert event == read, "a line that names no time has that of its reading"

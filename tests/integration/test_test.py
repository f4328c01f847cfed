# SPDX-License-Identifier: Apache-2.0
"""waybill test: needs no Kafka. What is expected of lines, what is shown where it is not so, and what
--update makes of a file; the tests of the ready-made parsers."""

import json
import os
import re
import stat
import subprocess

import pytest
from rig.agent import EX_CONFIG, EX_IOERR, EX_NOINPUT, EX_NOPERM, EX_OK, EX_USAGE
from rig.config import render_settings
from rig.paths import ROOT, WAYBILL
from rig.rights import UNPRIVILEGED

FAILED = 1
PATTERN = r"^(?<time>\S+) (?<level>\w+) order=(?<order_id>\S+) cid=(?<cid>\S+)"
GOOD = "2026-11-21T15:11:55Z INFO order=A-17 cid=c1"
NOW = 1767225600000  # 2026-01-01T00:00:00Z


def source(**more):
    return {
        "name": "orders",
        "paths": ["/var/log/orders/*.log"],
        "parser": "order",
        "topic": "orders",
        "key": "${order_id}",
        "headers": [
            {"name": "cid", "value": "${cid}"},
            {"name": "where", "value": "${host.name}:${file.path}:${file.position}"},
        ],
        **more,
    }


class Rig:
    def __init__(self, tmp):
        self.tmp = tmp
        self.path = tmp / "t" / "orders.test"
        self.path.parent.mkdir()
        self.configure(source())

    def configure(self, *sources, kafka=None):
        kafka = {"bootstrap_servers": "no.such.host.invalid:9092", **(kafka or {})}
        settings = {"kafka": kafka, "parsers": [{"name": "order", "pattern": PATTERN}]}
        settings["sources"] = list(sources)
        (self.tmp / "waybill.conf").write_text(render_settings(settings))

    def write(self, text, head="config ../waybill.conf\n"):
        self.path.write_bytes((head + text).encode("latin-1"))
        return self.path

    def run(self, *arguments, expect=EX_OK):
        done = subprocess.run(
            [WAYBILL, "test", *map(str, arguments or [self.path])],
            capture_output=True,
            timeout=60,
            env=dict(os.environ, LC_ALL="C.UTF-8", TZ="America/New_York"),
        )
        assert done.returncode == expect, (done.stdout, done.stderr)
        return done.stdout.decode(), done.stderr.decode()


@pytest.fixture
def tests(tmp_path):
    return Rig(tmp_path)


def updated(tests, text):
    """What --update writes for lines of which nothing is expected, as JSON values."""
    tests.write(text)
    tests.run("--update", tests.path)
    wanted = "\n".join(x[1:] for x in tests.path.read_text().splitlines() if x[:1] == ">")
    found = []
    while wanted := wanted.strip():
        value, end = json.JSONDecoder().raw_decode(wanted)
        found.append(value)
        wanted = wanted[end:]
    tests.run()
    return found


# Passing


def test_the_members_that_are_given(tests):
    for record in (
        {"key": "A-17"},
        {"partition": 6, "topic": "orders", "matched": True, "timestamp": NOW},
        {"timestamp": "2026-01-01T00:00:00Z"},
        {"timestamp": "2026-01-01T02:00:00.000+02:00"},
        {"value": GOOD},
        {},
    ):
        tests.write(f"< {GOOD}\n> {json.dumps(record)}\n")
        assert tests.run() == (f"{tests.path}: 1 passed\n", "")
    for record in (
        {"key": "A-18"},
        {"key": None},
        {"partition": 7},
        {"timestamp": str(NOW)},
        {"timestamp": "2026-01-01T00:00:00.001Z"},
        {"key": "A-17", "value": ""},
    ):
        tests.write(f"< {GOOD}\n> {json.dumps(record)}\n")
        tests.run(expect=FAILED)


def test_outcomes_without_a_record(tests):
    tests.configure(
        source(on_no_match="skip"),
        source(name="strict", on_missing_key="dead_letter"),
    )
    text = "source orders\n< neither\n> skipped\n\nsource strict\n< neither\n> dead letter: "
    tests.write(text + "x\n")
    out, _ = tests.run(expect=FAILED)
    reason = re.search(r"got +dead letter: (.*)", out)[1]
    tests.write(text + reason + "\n")
    tests.run()


def test_several_lines_are_one_file(tests):
    tests.write(
        f'< {GOOD}\n<\n< {GOOD}\n> {{"key": "A-17"}}\n> {{"key": null, "value": ""}}\n'
        f'> {{"headers": [{{"name": "cid", "value": "c1"}},\n>   {{"name": "where",\n'
        f'> "value": "localhost:/sample.log:{len(GOOD) + 2}"}}]}}\n\n'
        f'< {GOOD}\n> {{"headers": [{{"name": "cid", "value": "c1"}}, '
        '{"name": "where", "value": "localhost:/sample.log:0"}]}\n'
    )
    assert "2 passed" in tests.run()[0]


def test_settings_hold_until_they_are_given_again(tests):
    first, second = updated(
        tests,
        "partitions 3\nnow 2026-01-02T03:04:05.678Z\nfile /var/log/orders/a.log\nhost web1\n"
        f"< {GOOD}\n\npartitions 1\n< {GOOD}\n",
    )
    assert first["partition"] in range(3) and second["partition"] == 0
    for record in (first, second):
        assert record["timestamp"] == "2026-01-02T03:04:05.678Z"
        assert record["headers"][1]["value"] == "web1:/var/log/orders/a.log:0"


def test_local_time(tests):
    """What "local" is does not depend on where the test runs."""
    tests.configure(source(timestamp="${time}", timestamp_zone="local"))
    line = "< 2025-07-01T12:00:00 INFO order=1 cid=1\n"
    utc, paris = updated(tests, line + "\nzone Europe/Paris\n" + line)
    assert utc["timestamp"] == "2025-07-01T12:00:00Z"
    assert paris["timestamp"] == "2025-07-01T10:00:00Z"
    tests.write("zone Mars/Olympus\n" + line + "> {}\n")
    _, err = tests.run(expect=EX_CONFIG)
    assert "Mars/Olympus" in err


def test_bytes(tests):
    (record, plain) = updated(
        tests, "<\\ t INFO order=\\x41\\xff\\0\\\\ cid=c\\t\n< t INFO order=\\x41\xc3\xa9 cid=c\n"
    )
    assert record["key"] == "A\ufffd\0\\" and record["value"].endswith("cid=c\t")
    assert plain["key"] == "\\x41é"


def test_source_by_name_and_by_path(tests):
    other = source(name="other", paths=["/var/log/other/*.log"], topic="other")
    tests.configure(source(), other)
    line = f'< {GOOD}\n> {{"topic": "%s"}}\n\n'
    tests.write(
        "source other\n" + line % "other" + "source orders\n" + line % "orders"
    )
    tests.run()
    tests.write("file /var/log/other/x.log\n" + line % "other")
    tests.run()
    tests.write(line % "other")
    _, err = tests.run(expect=EX_CONFIG)
    assert f"{tests.path}:2: " in err and "source NAME" in err and "orders other" in err
    tests.write("\nsource othr\n\n" + line % "other")
    _, err = tests.run(expect=EX_CONFIG)
    assert f"{tests.path}:3: " in err and 'did you mean "other"' in err


def test_secrets_are_not_needed(tests):
    secrets = {"sasl_password": "file:/nonexistent", "sasl_username": "env:NO_SUCH_NAME"}
    tests.configure(source(), kafka=secrets)
    tests.write(f'< {GOOD}\n> {{"key": "A-17"}}\n')
    assert tests.run()[1] == ""


# Failing


def test_what_is_shown(tests):
    headers = [{"name": "cid", "value": "c2"}]
    tests.write(
        f'< {GOOD}\n> {{"kye": 1, "partition": 3, "headers": {json.dumps(headers)},\n'
        f'>  "value": "{GOOD.replace("A-17", "A-18")}", "timestamp": 0}}\n'
    )
    out, _ = tests.run(expect=FAILED)
    assert out.splitlines() == [
        f"{tests.path}:2: failed",
        f"  line         {GOOD}",
        "  kye          expected 1",
        '               got      "no \\"kye\\" (did you mean \\"key\\"?)"',
        "  partition    expected 3",
        "               got      6",
        '  headers[0]   expected {"name": "cid", "value": "c2"}',
        '               got      {"name": "cid", "value": "c1"}',
        " " * 51 + "^",
        "  headers[1]   expected (nothing)",
        '               got      {"name": "where", "value": "localhost:/sample.log:0"}',
        f'  value        expected "{GOOD.replace("A-17", "A-18")}"',
        f'               got      "{GOOD}"',
        " " * (24 + 1 + GOOD.index("7 cid")) + "^",
        '  timestamp    expected "1970-01-01T00:00:00Z"',
        '               got      "2026-01-01T00:00:00Z"',
        f"{tests.path}: 0 passed, 1 failed",
    ]


def test_long_values_fit_the_screen(tests):
    line = GOOD + " " + "x" * 200 + "é" * 50 + "end" + "y" * 100
    wanted = json.dumps({"value": line.replace("end", "END")}, ensure_ascii=False)
    tests.path.write_text(f"config ../waybill.conf\n< {line}\n> {wanted}\n")
    out, _ = tests.run(expect=FAILED)
    assert max(map(len, out.splitlines()[1:-1])) <= 80
    expected, got = (re.search(f"{x} +(.*)", out)[1] for x in ("expected", "got"))
    assert "éENDyy" in expected and "éendyy" in got and expected.startswith("...")


def test_more_and_fewer_outcomes(tests):
    tests.write(f'< {GOOD}\n> {{}}\n> {{"key": 1}}\n\n< a\n< b\n> {{}}\n')
    out, _ = tests.run(expect=FAILED)
    assert 'outcome      expected {"key": 1}\n               got      (nothing)' in out
    assert 'expected (nothing)\n               got      {"topic"' in out
    assert "0 passed, 2 failed" in out


def test_nothing_expected_is_a_failure(tests):
    tests.write(f"< {GOOD}\n")
    out, _ = tests.run(expect=FAILED)
    assert "--update" in out and "0 passed, 1 failed" in out


# --update


def test_update(tests):
    text = (
        f'# head\nconfig ../waybill.conf\n# kept\n< {GOOD}\n# kept too\n> {{"key": "A-1"}}\n'
        f'# and this\n\n< {GOOD}\n> {{"key":   "A-17"}}\n\n< last {GOOD}'
    )
    tests.write(text, head="")
    tests.path.chmod(0o640)
    inode = tests.path.stat().st_ino
    out, _ = tests.run("--update", tests.path)
    assert out == f"{tests.path}: 1 passed, 2 updated\n"
    got = tests.path.read_text()
    start = text.replace('"A-1"', '"A-17"') + '\n> { "topic": "orders",\n>   "partition": '
    assert got.startswith(start), got
    assert stat.S_IMODE(tests.path.stat().st_mode) == 0o640
    assert tests.path.stat().st_ino != inode and os.listdir(tests.path.parent) == ["orders.test"]
    assert tests.run()[0] == f"{tests.path}: 3 passed\n"
    # There is nothing more to write: the file is left alone.
    inode = tests.path.stat().st_ino
    tests.run("--update", tests.path)
    assert tests.path.stat().st_ino == inode and tests.path.read_text() == got


def test_update_through_a_link(tests):
    tests.write(f"< {GOOD}\n")
    link = tests.path.parent / "link.test"
    link.symlink_to("orders.test")
    tests.run("--update", link)
    assert link.is_symlink() and "A-17" in tests.path.read_text().split(">", 1)[1]


def test_update_does_not_touch_a_file_that_is_wrong(tests):
    tests.write(f"< {GOOD}\n> {{}}\n> {{\n")
    before = tests.path.read_bytes()
    tests.run("--update", tests.path, expect=EX_CONFIG)
    assert tests.path.read_bytes() == before


# Wrong


@pytest.mark.parametrize(
    "text, line, words",
    [
        ("confg x\n", 2, 'did you mean "config"'),
        ("nonsense\n", 2, "one of: config, source"),
        ("config\n", 2, "config PATH"),
        ("partitions 0\n", 2, "1 to 10000"),
        ("partitions x\n", 2, "1 to 10000"),
        ("now yesterday\n", 2, "2026-01-02T03:04:05Z"),
        ("now 2026-13-02T03:04:05\n", 2, "2026-01-02T03:04:05Z"),
        ("file relative.log\n", 2, "absolute"),
        ("> {}\n", 2, "right below"),
        ("< a\n\n> {}\n", 4, "right below"),
        ("< a\n> {\n# why\n> }\n", 5, "comment"),
        ("< a\n> {}\n> {key: 1}\n", 4, "not JSON"),
        ('< a\n> {\n>  "key": "A-1,\n>  "x": 1}\n', 4, "not JSON"),
        ('< a\n> {"key": 1, "key": 2}\n', 3, "duplicate"),
        ("< a\n> skiped\n", 3, '"skipped"'),
        ("<\\ a\\q\n> {}\n", 2, "backslash"),
        ("<\\ a\\x0a\n> {}\n", 2, "backslash"),
    ],
)
def test_wrong_files(tests, text, line, words):
    tests.write(text)
    out, err = tests.run(expect=EX_CONFIG)
    first = err.splitlines()[0]
    assert first.startswith(f"{tests.path}:{line}: ") and words in first, err


def test_wrong_configuration(tests):
    tests.configure(source(key="${ordr_id}"))
    tests.write(f"\n< {GOOD}\n> {{}}\n\n< {GOOD}\n> {{}}\n")
    out, err = tests.run(expect=EX_CONFIG)
    assert re.search(r"waybill\.conf:\d+: .*did you mean \"order_id\"", err)
    assert err.count("did you mean") == 1 and f"{tests.path}:3: cannot be tested" in err
    tests.write("< a\n> {}\n", head="config missing.conf\n")
    _, err = tests.run(expect=EX_CONFIG)
    assert f"{tests.path.parent}/missing.conf: cannot be read" in err
    tests.write("< a\n> {}\n", head="")
    _, err = tests.run(expect=EX_CONFIG)
    assert f"{tests.path}:1: " in err and "config PATH" in err


def test_one_wrong_file_does_not_stop_the_others(tests):
    tests.write(f"< {GOOD}\n> {{}}\n")
    wrong, failing = tests.tmp / "wrong.test", tests.tmp / "failing.test"
    wrong.write_text("nonsense\n")
    failing.write_text('config waybill.conf\n< x\n> {"key": "x"}\n')
    out, _ = tests.run(wrong, failing, tests.path, expect=EX_CONFIG)
    assert out.splitlines()[-1] == "all: 1 passed, 1 failed"
    out, _ = tests.run(failing, tests.path, expect=FAILED)


def test_usage(tests):
    _, err = tests.run("--nonsense", expect=EX_USAGE)
    assert "usage: waybill test" in err
    _, err = tests.run("--update", expect=EX_USAGE)
    assert "usage: waybill test" in err
    _, err = tests.run(tests.tmp / "missing.test", expect=EX_NOINPUT)
    assert err == f"{tests.tmp}/missing.test: cannot be read: No such file or directory\n"
    _, err = tests.run(tests.tmp, expect=EX_NOINPUT)
    assert err == f"{tests.tmp}: is a directory: name its files, {tests.tmp}/*.test\n"
    out, _ = tests.run("--help")
    assert max(map(len, out.splitlines())) <= 80 and len(out.splitlines()) <= 24


def test_unreadable(tests):
    tests.write("").chmod(0)
    command = [*UNPRIVILEGED, WAYBILL, "test", tests.path]
    done = subprocess.run(command, stderr=subprocess.PIPE, check=False)
    assert done.returncode == EX_NOPERM and b"Permission denied" in done.stderr


def test_full_disk(tests):
    tests.write(f"< {GOOD}\n> {{}}\n")
    with open("/dev/full", "wb") as full:
        done = subprocess.run([WAYBILL, "test", tests.path], stdout=full, stderr=subprocess.PIPE)
    assert done.returncode == EX_IOERR and b"No space left" in done.stderr


# The ready-made parsers


def test_every_field_of_every_parser_is_tested():
    conf = (ROOT / "conf" / "tests" / "waybill.conf").read_text()
    blocks = dict(re.findall(r'name = "([^"]+)"; paths(.*?)(?=\{ name = "[^"]+"; paths|\Z)', conf, re.DOTALL))
    for path in sorted((ROOT / "conf" / "parsers.d").glob("*.conf")):
        text = re.sub(r"^#.*", "", path.read_text(), flags=re.MULTILINE)
        tests = (ROOT / "conf" / "tests" / path.name).with_suffix(".test").read_text()
        for parser in re.split(r"\{ name = ", text)[1:]:
            name = re.match(r'"([^"]+)"', parser)[1]
            wanted = set(re.findall(r"\(\?<([a-z_]+)>", parser))
            shown = re.findall(r'name = "([^"]+)"; value = "\$\{([^}]+)\}"', blocks[name])
            listed = re.search(r"headers_from = \[(.*?)\]", blocks[name], re.DOTALL)
            if listed:
                assert wanted <= set(re.findall(r'"([^"]+)"', listed[1])), name
            else:
                assert wanted == {field for _, field in shown} == {header for header, _ in shown}
            part = re.search(rf"^source {name}\n(.*?)(?=^source|\Z)", tests, re.M | re.S)[1]
            for field in wanted:
                assert f'"name": "{field}"' in part, (name, field)

# SPDX-License-Identifier: Apache-2.0
"""For each kind of parser, and for what is several lines: random events that writers in Python, which share no
code with the program, put into lines come out of `waybill preview` as they went in."""

import csv
import io
import json
import os
import re
import subprocess
import traceback

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from rig.config import render_settings
from rig.paths import WAYBILL

LONG = bool(os.environ.get("WAYBILL_LONG"))

# A file that begins with U+FEFF begins with its mark, and NULs in front of a line are a hole.
CHARACTERS = st.characters(exclude_categories=["Cs"], exclude_characters="\n\0\ufeff")
ODD = st.sampled_from(
    [*' \t"\\\'=,;|[]{}():<>&%$#-+/\r\x01\x7f\x85é€\u2028😀0a', "\\u00e9", '""', ": "],
)
TEXTS = st.lists(st.one_of(ODD, CHARACTERS), max_size=12).map("".join)
# Behind the beginning of a line a NUL is a byte as any other.
INNER = st.lists(st.one_of(ODD, CHARACTERS, st.just("\0")), max_size=12).map("".join)
WORDS = st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=1, max_size=9)
NAMES = st.text("abcdefgh_", min_size=1, max_size=4)
DIGITS = st.integers(0, 10**6).map(str)
ISO_TIMES = st.datetimes().map(lambda at: at.isoformat() + "Z")


def written_and_read(test):
    """A property: few examples, and more with WAYBILL_LONG."""
    health = [HealthCheck.function_scoped_fixture, HealthCheck.too_slow, HealthCheck.data_too_large]
    test = settings(
        max_examples=1000 if LONG else 25, deadline=None, database=None, suppress_health_check=health
    )(test)
    return pytest.mark.long(pytest.mark.timeout(7200 if LONG else 300)(test))


def events(one, most=20):
    return st.lists(one, min_size=1, max_size=most)


def preview(work, lines, names=(), parsers=(), **source):
    """(fields, value) of each record; names: the fields that are looked at."""
    conf = work / "waybill.conf"
    whole = {"name": "s", "paths": ["/var/log/s.log"], "topic": "t", **source}
    if names:
        whole["headers"] = [{"name": str(i), "value": f"${{{name}}}"} for i, name in enumerate(names)]
    text = {
        "kafka": {"bootstrap_servers": "no.such.host.invalid:9092"},
        "keep_cr": True,
        "parsers": list(parsers),
        "sources": [whole],
    }
    conf.write_text(render_settings({key: value for key, value in text.items() if value != []}))
    done = subprocess.run(
        [WAYBILL, "preview", "--config", conf, "--json"],
        input="".join(line + "\n" for line in lines).encode(),
        capture_output=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    records = [json.loads(line) for line in done.stdout.decode().split("\n")[:-1]]
    kept = [record for record in records if record["topic"] is not None]
    assert all(record["matched"] for record in kept), kept
    return [
        ({names[int(header["name"])]: header["value"] for header in record["headers"]}, record["value"])
        for record in kept
    ]


def fields_of(records):
    return [fields for fields, _ in records]


# JSON

KNOWN_NAMES = st.sampled_from(["a", "b", "a.b", "é", "x y", "a b.c"])
MEMBER_NAMES = st.one_of(KNOWN_NAMES, KNOWN_NAMES, KNOWN_NAMES, TEXTS)
NUMBERS = st.one_of(
    st.integers(-(2**70), 2**70).map(str),
    st.floats(allow_nan=False, allow_infinity=False).map(repr),
    st.sampled_from(["-0", "1E5", "0.0e-07", "1e+999"]),
)


class Plain(str):
    """A number, true, false or null: its text."""


LEAVES = st.one_of(INNER, INNER, NUMBERS.map(Plain), st.sampled_from([Plain("true"), Plain("false"), Plain("null")]))
NESTED = st.recursive(
    LEAVES, lambda of: st.one_of(st.lists(of, max_size=3), st.dictionaries(MEMBER_NAMES, of, max_size=3))
)
OBJECTS = st.dictionaries(MEMBER_NAMES, st.one_of(INNER, NESTED), min_size=1, max_size=5)
SHORT = {'"': '\\"', "\\": "\\\\", "/": "\\/", "\b": "\\b", "\f": "\\f", "\n": "\\n", "\r": "\\r", "\t": "\\t"}


def json_string(text, dice):
    out = []
    for c in text:
        ways = ["".join(f"\\u{int.from_bytes(u, 'big'):04x}" for u in utf16_units(c))]
        ways += [SHORT[c]] if c in SHORT else []
        ways += [c] if c >= " " and c not in '"\\' else []
        out.append(dice.choice(ways))
    return '"' + "".join(out) + '"'


def utf16_units(text):
    data = text.encode("utf-16-be")
    return [data[i : i + 2] for i in range(0, len(data), 2)]


def write_json(value, dice, path, found):
    """Text; found: what stands where, by path. Of what has the same path the last one counts."""

    def blank():
        return dice.choice(["", "", "", " ", "\t", " \r "])

    if isinstance(value, Plain):
        text = str(value)
    elif isinstance(value, str):
        text = json_string(value, dice)
    elif isinstance(value, list):
        items = [write_json(item, dice, f"{path}[{i}]", found) for i, item in enumerate(value)]
        text = "[" + blank() + (blank() + "," + blank()).join(items) + blank() + "]"
    else:
        members = []
        for name, item in value.items():
            inner = write_json(item, dice, name if path is None else f"{path}.{name}", found)
            members.append(json_string(name, dice) + blank() + ":" + blank() + inner)
        text = "{" + blank() + (blank() + "," + blank()).join(members) + blank() + "}"
    found.pop(path, None)
    if value != Plain("null") or not isinstance(value, Plain):
        found[path] = value if isinstance(value, str) else text
    return text


JSON_PATHS = ["a", "b", "a.b", "é", "x y", "a b.c", "a[0]", "a.b[1]", "b.a", "b[1].a", "a.a.b", "b[0][1]"]


@given(wanted=events(OBJECTS), dice=st.randoms(use_true_random=False))
@written_and_read
def test_json(work, wanted, dice):
    found = [{} for _ in wanted]
    lines = [write_json(event, dice, None, seen) for event, seen in zip(wanted, found, strict=True)]
    records = preview(work, lines, JSON_PATHS, parser="json")
    assert fields_of(records) == [
        {path: seen[path] for path in JSON_PATHS if path in seen} for seen in found
    ]
    assert [value for _, value in records] == lines


# logfmt

PAIRS = st.lists(st.tuples(st.one_of(st.sampled_from(["a", "b.c", "é", "level"]), NAMES), INNER), min_size=1)


def write_pair(name, value, dice):
    bare = not any(c <= " " or c == '"' for c in value)
    return f"{name}={value if bare and dice.random() < 0.7 else json_string(value, dice)}"


@given(wanted=events(PAIRS), dice=st.randoms(use_true_random=False))
@written_and_read
def test_logfmt(work, wanted, dice):
    names = ["a", "b.c", "é", "level"]
    lines = [
        dice.choice([" ", "  ", "\t"]).join(write_pair(name, value, dice) for name, value in pairs)
        for pairs in wanted
    ]
    records = preview(work, lines, names, parser="logfmt")
    found = [dict(pairs) for pairs in wanted]
    assert fields_of(records) == [{name: of[name] for name in names if name in of} for of in found]


# Columns

COLUMNS = ["first", "b.c", "é", "last"]
VALUES = st.lists(st.one_of(INNER, INNER.map(lambda text: text + "\nx")), min_size=4, max_size=4)


def write_csv(values, delimiter, quoting):
    out = io.StringIO()
    csv.writer(out, delimiter=delimiter, quoting=quoting, lineterminator="\n").writerow(values)
    return out.getvalue()[:-1]


@given(
    wanted=events(VALUES),
    delimiter=st.sampled_from(",;|\t:"),
    quoting=st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL]),
    header=st.booleans(),
)
@written_and_read
def test_csv(work, wanted, delimiter, quoting, header):
    # What begins with a NUL would be taken for a hole of its file.
    wanted = [["." + values[0], *values[1:]] for values in wanted]
    lines = [write_csv(values, delimiter, quoting) for values in [*([COLUMNS] if header else []), *wanted]]
    how = {"header": True} if header else {"columns": COLUMNS}
    parser = {"name": "table", "type": "csv", "delimiter": delimiter, **how}
    records = preview(work, lines, COLUMNS, [parser], parser="table", multiline={"type": "csv"})
    assert fields_of(records) == [dict(zip(COLUMNS, values, strict=True)) for values in wanted]


@given(wanted=events(st.lists(TEXTS.map(lambda text: text.replace("\t", " ")), min_size=4, max_size=4)))
@written_and_read
def test_tsv(work, wanted):
    lines = ["\t".join(values) for values in wanted]
    parser = {"name": "table", "type": "tsv", "columns": COLUMNS}
    records = preview(work, lines, COLUMNS, [parser], parser="table")
    assert fields_of(records) == [dict(zip(COLUMNS, values, strict=True)) for values in wanted]


# Syslog

FACILITIES = "kern user mail daemon auth syslog lpr news uucp cron authpriv ftp ntp audit alert clock".split()
FACILITIES += [f"local{i}" for i in range(8)]
SEVERITIES = "emerg alert crit err warning notice info debug".split()
DATA_NAMES = st.text(
    st.characters(min_codepoint=33, max_codepoint=126, exclude_characters='="]'), min_size=1, max_size=8
)
DATA = st.dictionaries(
    st.one_of(st.sampled_from(["a", "b@1"]), DATA_NAMES),
    st.lists(st.tuples(st.one_of(st.sampled_from(["x", "y"]), DATA_NAMES), INNER), max_size=3),
    max_size=3,
)
SYSLOG = ["pri", "facility", "severity", "time", "host", "program", "pid", "msgid", "data", "message"]


def with_priority(pri):
    return {"pri": str(pri), "facility": FACILITIES[pri // 8], "severity": SEVERITIES[pri % 8]}


@st.composite
def rfc5424(draw):
    """A line and its fields."""
    pri = draw(st.integers(0, 191))
    fields = with_priority(pri)
    words = [draw(ISO_TIMES), *(draw(st.one_of(st.just("-"), WORDS)) for _ in range(4))]
    for name, word in zip(["time", "host", "program", "pid", "msgid"], words, strict=True):
        if word != "-":
            fields[name] = word
    data = ""
    for id_, params in draw(DATA).items():
        data += f"[{id_}"
        for name, value in params:
            escaped = re.sub(r'(["\\\]])', r"\\\1", value)
            data += f' {name}="{escaped}"'
            fields[f"data.{id_}.{name}"] = value
        data += "]"
    if data:
        fields["data"] = data
    fields["message"] = draw(INNER)
    mark = draw(st.sampled_from(["", "\ufeff"]))
    tail = f" {mark}{fields['message']}" if fields["message"] or draw(st.booleans()) else ""
    return f"<{pri}>1 {' '.join(words)} {data or '-'}{tail}", fields


@given(wanted=events(rfc5424()))
@written_and_read
def test_syslog_5424(work, wanted):
    names = [*SYSLOG, "data.a.x", "data.a.y", "data.b@1.x"]
    records = preview(work, [line for line, _ in wanted], names, parser="syslog")
    assert fields_of(records) == [{name: of[name] for name in names if name in of} for _, of in wanted]


PROGRAMS = st.from_regex(r"[a-zA-Z/_.-][a-zA-Z0-9/_.-]{0,9}(\([a-z0-9:.]{1,9}\))?", fullmatch=True).filter(
    lambda name: re.search(r"[^0-9.]", name)
)
HOSTS = st.from_regex(r"[a-z0-9][a-z0-9.:_-]{0,12}[a-z0-9]", fullmatch=True)


@st.composite
def times3164(draw):
    at = draw(st.datetimes())
    day = draw(st.sampled_from([f"{at.day:2}", f"{at.day:02}"]))
    clock = at.strftime("%H:%M:%S") + draw(st.sampled_from(["", ".123", ",605123"]))
    year = draw(st.sampled_from(["", " 2026"]))
    return draw(st.sampled_from([f"{at:%b} {day}{year} {clock}", "2026-11-21T15:11:55.605+01:00"]))


@st.composite
def rfc3164(draw):
    fields = {"time": draw(times3164()), "program": draw(PROGRAMS), "message": draw(INNER)}
    pri, host, pid = draw(st.none() | st.integers(0, 191)), draw(st.none() | HOSTS), draw(st.none() | DIGITS)
    line = fields["time"] + " "
    if pri is not None:
        fields.update(with_priority(pri))
        line = f"<{pri}>{line}"
    if host:
        fields["host"] = host
        line += host + " "
    line += fields["program"]
    if pid:
        fields["pid"] = pid
        line += f"[{pid}]"
    return f"{line}: {fields['message']}", fields


@given(wanted=events(rfc3164()))
@written_and_read
def test_syslog_3164(work, wanted):
    records = preview(work, [line for line, _ in wanted], SYSLOG, parser="syslog")
    assert fields_of(records) == [fields for _, fields in wanted]


# Containers: two programs' streams, whose lines come in parts and between each other's


@st.composite
def streams(draw):
    """[(stream, time, [parts of a message])] by the order of first parts, and the order of parts of all."""
    parts = st.lists(INNER, min_size=1, max_size=4)
    messages = draw(events(st.tuples(st.sampled_from(["stdout", "stderr"]), ISO_TIMES, parts)))
    lines = {"stdout": [], "stderr": []}
    for number, (stream, time, parts) in enumerate(messages):
        for i, part in enumerate(parts):
            lines[stream].append((number, stream, time, part, i + 1 == len(parts)))
    order = []
    while any(lines.values()):
        stream = draw(st.sampled_from([name for name, left in lines.items() if left]))
        order.append(lines[stream].pop(0))
    first = {}
    for number, *_ in order:
        first.setdefault(number, len(first))
    return [messages[number] for number in first], order


def container_records(messages):
    return [
        {"time": time, "stream": stream, "tag": "F", "message": "".join(parts)}
        for stream, time, parts in messages
    ]


CONTAINER = ["time", "stream", "tag", "message"]


@given(wanted=streams())
@written_and_read
def test_cri(work, wanted):
    messages, order = wanted
    lines = [f"{time} {stream} {'F' if last else 'P'} {part}" for _, stream, time, part, last in order]
    records = preview(work, lines, CONTAINER, parser="cri")
    assert fields_of(records) == container_records(messages)


@given(wanted=streams(), dice=st.randoms(use_true_random=False))
@written_and_read
def test_docker(work, wanted, dice):
    messages, order = wanted
    lines = []
    for _, stream, time, part, last in order:
        attrs = dice.choice(["", '"attrs":{"app":"shop"},'])
        log = json_string(part + ("\n" if last else ""), dice) if last else json_string(part, dice)
        log = log.replace("\\u000a", "\\n")
        lines.append(f'{{"log":{log},"stream":"{stream}",{attrs}"time":"{time}"}}')
    records = preview(work, lines, CONTAINER, parser="docker")
    assert fields_of(records) == container_records(messages)


# Patterns

PIECES = {
    # What matches it in a regex, and in grok; what is written there.
    "word": (r"\S+", "%{NOTSPACE:@}", WORDS),
    "number": (r"-?\d+", "%{INT:@}", st.integers(-(10**6), 10**6).map(str)),
    "natural": (r"\d+", "%{NONNEGINT:@}", DIGITS),
    "float": (r"-?\d+\.\d+", "%{NUMBER:@}", st.decimals(-1000, 1000, places=3).map(str)),
    "ip": (r"[\d.]+", "%{IPV4:@}", st.ip_addresses(v=4).map(str)),
    "ip6": (r"[0-9a-f:.]+", "%{IP:@}", st.ip_addresses(v=6).map(str)),
    "quoted": (r'"(?:[^"\\]|\\.)*"', "%{QS:@}", INNER.map(json.dumps)),
    "uuid": (r"[0-9a-f-]{36}", "%{UUID:@}", st.uuids().map(str)),
    "time": (r"\d{4}-\S+", "%{TIMESTAMP_ISO8601:@}", ISO_TIMES),
    "apache": (
        r"\d\d/\w{3}/\d{4}:\S+ \S+",
        "%{HTTPDATE:@}",
        st.datetimes().map(lambda at: f"{at:%d/%b}/2026:{at:%T} +0000"),
    ),
    "level": (r"[A-Z]+", "%{LOGLEVEL:@}", st.sampled_from(["DEBUG", "INFO", "WARN", "ERROR", "FATAL"])),
    "host": (
        r"[a-z0-9.-]+",
        "%{HOSTNAME:@}",
        st.from_regex(r"[a-z]([a-z0-9-]{0,5}[a-z0-9])?(\.[a-z]{2,5})?", fullmatch=True),
    ),
    "user": (r"[\w.-]+", "%{USER:@}", st.from_regex(r"[a-z][a-zA-Z0-9._-]{0,7}", fullmatch=True)),
    "path": (r"/\S*", "%{UNIXPATH:@}", st.from_regex(r"(/[a-z0-9._-]{1,6}){1,3}", fullmatch=True)),
    "mac": (
        r"[0-9a-f:]+",
        "%{MAC:@}",
        st.binary(min_size=6, max_size=6).map(lambda address: address.hex(":")),
    ),
}
SEPARATORS = [" ", " - ", " [", "] ", " | ", " k=", " (x) ", "$ "]


@st.composite
def layouts(draw):
    """A layout's kinds and what stands between them; the last one may be followed by any text."""
    kinds = draw(st.lists(st.sampled_from(sorted(PIECES)), min_size=1, max_size=6))
    return [(kind, draw(st.sampled_from(SEPARATORS))) for kind in kinds]


@st.composite
def lines_of_layouts(draw):
    all_layouts = draw(st.lists(layouts(), min_size=1, max_size=3))
    wanted = []
    for _ in range(draw(st.integers(1, 10))):
        number = draw(st.integers(0, len(all_layouts) - 1))
        fields = {f"f{i}": draw(PIECES[kind][2]) for i, (kind, _) in enumerate(all_layouts[number])}
        fields["rest"] = draw(INNER.map(lambda text: text.replace("\r", "")))
        line = f"{number}: "
        for i, (_, separator) in enumerate(all_layouts[number]):
            line += fields[f"f{i}"] + separator
        wanted.append((line + fields["rest"], fields))
    return all_layouts, wanted


PATTERN_FIELDS = [*(f"f{i}" for i in range(6)), "rest"]


@given(drawn=lines_of_layouts())
@written_and_read
def test_regex(work, drawn):
    all_layouts, wanted = drawn
    patterns = []
    for number, layout in enumerate(all_layouts):
        pieces = [f"(?<f{i}>{PIECES[kind][0]}){re.escape(sep)}" for i, (kind, sep) in enumerate(layout)]
        patterns.append(f"(?s)^{number}: {''.join(pieces)}(?<rest>.*)$")
    names = [name for name in PATTERN_FIELDS if any(f"<{name}>" in pattern for pattern in patterns)]
    parser = {"name": "p", "patterns": patterns}
    records = preview(work, [line for line, _ in wanted], names, [parser], parser="p")
    assert fields_of(records) == [fields for _, fields in wanted]


@given(drawn=lines_of_layouts())
@written_and_read
def test_grok(work, drawn):
    all_layouts, wanted = drawn
    patterns = []
    for number, layout in enumerate(all_layouts):
        pieces = "".join(
            PIECES[kind][1].replace("@", f"f{i}") + re.escape(sep) for i, (kind, sep) in enumerate(layout)
        )
        patterns.append(f"(?s)^{number}: {pieces}%{{GREEDYDATA:rest}}$")
    names = [name for name in PATTERN_FIELDS if any(f":{name}}}" in pattern for pattern in patterns)]
    parser = {"name": "p", "type": "grok", "patterns": patterns}
    records = preview(work, [line for line, _ in wanted], names, [parser], parser="p")
    assert fields_of(records) == [fields for _, fields in wanted]


# Several lines

MESSAGES = TEXTS.map(lambda text: "m " + text)
HEADS = st.tuples(ISO_TIMES, st.sampled_from(["INFO", "WARN", "ERROR"]), MESSAGES).map(" ".join)
EXCEPTIONS = st.sampled_from(["java.io.IOException", "a.b.C$DError", "java.lang.Throwable"])
FRAMES = st.lists(
    st.sampled_from(
        [
            "\tat a.B.c(B.java:7)",
            "\tat java.base/x.Y.<init>(Y.java)",
            "\t\tat a.b(Native Method)",
            "\t... 12 more",
        ]
    ),
    min_size=1,
    max_size=5,
)


@st.composite
def java_traces(draw, depth=0):
    head = draw(EXCEPTIONS) + draw(st.sampled_from(["", ": " + draw(MESSAGES)]))
    lines = [head, *draw(FRAMES)]
    for word in draw(st.lists(st.sampled_from(["Caused by: ", "Suppressed: ", "\tSuppressed: "]), max_size=2)):
        if depth < 2:
            inner = draw(java_traces(depth=depth + 1))
            lines += [word + inner[0], *inner[1:]]
    return lines


@st.composite
def java_events(draw):
    return [draw(HEADS), *draw(st.one_of(st.just([]), java_traces()))]


class SomeError(Exception):
    """What is raised and written by the traceback module."""


def raise_deep(depth, message):
    if depth:
        raise_deep(depth - 1, message)
    raise SomeError(message)


def python_trace(links):
    """What Python prints of exceptions that are chained in these ways."""
    error = None
    for depth, message, way in links:
        try:
            try:
                raise_deep(depth, message)
            except SomeError as new:
                if way == "cause":
                    raise new from error
                new.__context__ = error
                raise
        except SomeError as caught:
            error = caught
    return "".join(traceback.format_exception(error)).rstrip("\n").split("\n")


LINKS = st.lists(
    st.tuples(
        st.integers(0, 3),
        st.text("abc :()'", min_size=1, max_size=8).map(lambda text: "m" + text),
        st.sampled_from(["cause", "context"]),
    ),
    min_size=1,
    max_size=3,
)


@st.composite
def python_events(draw):
    return [draw(HEADS), *draw(st.one_of(st.just([]), LINKS.map(python_trace)))]


@st.composite
def indented_events(draw):
    rest = st.tuples(st.sampled_from([" ", "\t", "    "]), TEXTS).map("".join)
    return [draw(HEADS), *draw(st.lists(rest, max_size=4))]


@st.composite
def started_events(draw):
    rest = TEXTS.filter(lambda text: not re.match(r"\d{4}-", text))
    return [draw(HEADS), *draw(st.lists(rest, max_size=4))]


@st.composite
def continued_events(draw):
    return [draw(HEADS), *draw(st.lists(TEXTS.map(lambda text: "+" + text), max_size=4))]


@st.composite
def ended_events(draw):
    texts = draw(st.lists(TEXTS.map(lambda text: text.rstrip(";") + "."), max_size=4))
    return [*texts, draw(HEADS).rstrip(";") + ";"]


MULTILINE = {
    "java": ({"type": "java"}, java_events()),
    "python": ({"type": "python"}, python_events()),
    "indent": ({"type": "indent"}, indented_events()),
    "start": ({"start": r"^\d{4}-"}, started_events()),
    "continue": ({"continue": "^[+]"}, continued_events()),
    "end": ({"end": ";$", "continue": ""}, ended_events()),
}


@pytest.mark.parametrize("kind", MULTILINE)
@given(data=st.data())
@written_and_read
def test_multiline(work, kind, data):
    how, one = MULTILINE[kind]
    wanted = ["\n".join(lines) for lines in data.draw(events(one))]
    records = preview(work, wanted, multiline=how)
    assert [value for _, value in records] == wanted

# SPDX-License-Identifier: Apache-2.0
"""Any configuration of a record on any lines: what `waybill preview` makes of them is what a model
in Python makes of them, which shares no code with it. Hypothesis chooses both."""

import json
import re
import subprocess

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from kafka.partitioner.default import murmur2
from rig.config import render_settings
from rig.paths import WAYBILL

PATTERN = r"^k=(?<k>\S*) n=(?<n>\S+)(?: h=(?<h>\S*))? (?<rest>.*)$"
MODEL = re.compile(PATTERN.replace("?<", "?P<").encode(), re.DOTALL)
PARTITIONS = 7
LIMITS = {"int32": 2**31, "int64": 2**63}

# Pieces of templates: text, or a field and what stands for it where it is missing.
PIECES = st.one_of(
    st.sampled_from(["a", "-", "x y", "$$"]),
    st.sampled_from(["${k}", "${n}", "${h}", "${rest}", "${h:-none}", "${n:-0}", "${line}"]),
)
TEMPLATES = st.lists(PIECES, min_size=1, max_size=3).map("".join)

SOURCES = st.fixed_dictionaries(
    {
        "key": st.one_of(
            st.sampled_from(["${k}", "${n}", "${h}"]), TEMPLATES.filter(lambda text: "${" in text)
        ),
        "key_type": st.sampled_from(["string", "int32", "int64"]),
        "on_missing_key": st.sampled_from(["null", "constant:-1", "dead_letter"]),
        "on_no_match": st.sampled_from(["ship", "skip"]),
        "headers": st.lists(
            st.fixed_dictionaries(
                {
                    "name": st.sampled_from(["a", "b", "ab"]),
                    "value": TEMPLATES,
                    "on_missing": st.sampled_from(["omit", "null", "empty"]),
                }
            ),
            max_size=4,
        ),
    },
    optional={"value": TEMPLATES},
)

WORDS = st.one_of(
    st.sampled_from([b"", b"7", b"-12", b"+5", b"007", b"2147483648", b"9" * 19, b"1e3", b"A-1"]),
    st.integers(-(2**66), 2**66).map(lambda number: b"%d" % number),
    st.binary(max_size=8).map(lambda bytes_: re.sub(rb"\s", b"_", bytes_)),
)
LINES = st.one_of(
    st.tuples(WORDS, WORDS, st.one_of(st.none(), WORDS), st.binary(max_size=30)).map(
        lambda w: b"k=%b n=%b%b %b" % (w[0], w[1], b"" if w[2] is None else b" h=" + w[2], w[3])
    ),
    st.binary(max_size=60),
).map(lambda line: line.replace(b"\n", b""))


def rendered(template, fields, line):
    """The text, or None where a field is missing that nothing stands for."""
    text = b""
    for piece in re.findall(r"\$\$|\$\{[^}]*\}|[^$]+", template):
        name, has_default, default = piece.strip("${}").partition(":-")
        if not piece.startswith("${"):
            value = b"$" if piece == "$$" else piece.encode()
        elif name == "line":
            value = line
        else:
            value = fields.get(name)
            if value is None and has_default:
                value = default.encode()
        if value is None:
            return None
        text += value
    return text


def serialized(text, key_type):
    """The key's bytes and how it is shown, or None when it is not of its type."""
    if key_type == "string":
        return text, text.decode(errors="replace")
    if not re.fullmatch(rb"[+-]?[0-9]+", text):
        return None
    limit = LIMITS[key_type]
    number = int(text)
    if not -limit <= number < limit:
        return None
    return number.to_bytes(limit.bit_length() // 8, "big", signed=True), str(number)


def key_of(source, fields, line):
    """Bytes and text; None: no key; "dead": a dead letter."""
    text = rendered(source["key"], fields, line)
    key = None if text is None else serialized(text, source["key_type"])
    if key is not None:
        return key
    policy = source["on_missing_key"]
    if policy == "dead_letter":
        return "dead"
    return serialized(b"-1", source["key_type"]) if policy.startswith("constant:") else None


def headers_of(source, fields, line):
    for header in source["headers"]:
        value = rendered(header["value"], fields, line)
        if value is not None:
            yield {"name": header["name"], "value": value.decode(errors="replace")}
        elif header["on_missing"] != "omit":
            empty = header["on_missing"] == "empty"
            yield {"name": header["name"], "value": "" if empty else None}


def expect_record(got, source, line):
    match = MODEL.match(line)
    fields = match.groupdict() if match else {}
    assert got["matched"] == bool(match)
    if not match and source["on_no_match"] == "skip":
        assert got["topic"] is None
        return
    key = key_of(source, fields, line)
    if key == "dead":
        assert "dead_letter" in got
        return
    assert got["topic"] == "t"
    assert got["key"] == (key and key[1])
    if key is not None:
        assert got["partition"] == (murmur2(key[0]) & 0x7FFFFFFF) % PARTITIONS
    assert got["headers"] == list(headers_of(source, fields, line))
    value = rendered(source["value"], fields, line) if "value" in source else line
    assert got["value"] == (line if value is None else value).decode(errors="replace")


@settings(
    max_examples=150,
    deadline=None,
    database=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(source=SOURCES, lines=st.lists(LINES, min_size=1, max_size=20))
def test_a_record_is_what_the_model_says(tmp_path, source, lines):
    conf = tmp_path / "waybill.conf"
    whole = {"name": "s", "paths": ["/var/log/s.log"], "parser": "p", "topic": "t", **source}
    conf.write_text(
        render_settings(
            {
                "kafka": {"bootstrap_servers": "no.such.host.invalid:9092"},
                "keep_cr": True,
                "parsers": [{"name": "p", "pattern": PATTERN}],
                "sources": [whole],
            }
        )
    )
    command = [WAYBILL, "preview", "--config", conf, "--json", "--partitions", str(PARTITIONS)]
    done = subprocess.run(
        command, input=b"".join(line + b"\n" for line in lines), capture_output=True, timeout=60
    )
    assert done.returncode == 0, done.stderr
    records = [json.loads(line) for line in done.stdout.decode().split("\n")[:-1]]
    assert len(records) == len(lines)
    for record, line in zip(records, lines):
        expect_record(record, source, line)

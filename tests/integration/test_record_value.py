# SPDX-License-Identifier: Apache-2.0
"""Values as an independent consumer sees them: templates, JSON, and what redaction leaves: of the
record, and of what is kept on the host."""

import json
import random
import subprocess

import pytest
from rig import config
from rig.agent import EX_DATAERR, EX_OK
from rig.paths import WAYBILL
from rig.reader import Reader
from rig.state import read_state
from test_size import lower_limit

CARD = "4000123412345678"
MASKED = "****5678"
RULE = {"pattern": r"(?<!\d)\d{12}(\d{4})(?!\d)", "replacement": "****$1"}
# Any number of x that no y or z follows: more steps than a match may have.
HARD = {"pattern": "(?:x+)+[yz]", "replacement": "-"}
PATTERN = r"^id=(?<id>\S+) (?:card=(?<card>\S+) )?n=(?<n>\S*)(?: (?<text>.*))?$"


def write(work, lines, name="a"):
    path = work / "log" / f"{name}.log"
    data = b"".join((line if isinstance(line, bytes) else line.encode()) + b"\n" for line in lines)
    path.write_bytes(data)
    return path


def source(topic, path, **more):
    return {"name": "s", "paths": [str(path)], "parser": "order", "topic": topic, **more}


def make(make_agent, cluster, one, **more):
    settings = config.settings(cluster.bootstrap, [one], pattern=PATTERN, **more)
    return make_agent(text=config.render_settings(settings))


def ship(make_agent, cluster, topic, one, status=EX_OK, **more):
    agent = make(make_agent, cluster, one, **more)
    assert agent.run("--until-eof") == status
    return agent, Reader(cluster.bootstrap, topic).records()


def test_template(cluster, topic, work, make_agent):
    path = write(work, ["id=1 n=2 hello", "id=2 n=3", "other"])
    agent, records = ship(
        make_agent, cluster, topic, source(topic, path, value="${id}/${text}/${file.position}")
    )
    assert sorted(r.value for r in records) == [b"1/hello/0", b"id=2 n=3", b"other"]
    assert agent.counters()["values_missing"] == 2
    agent.assert_true(read=3)


MEMBERS = [
    {"name": "id", "value": "${id}"},
    {"name": "n", "value": "${n}", "type": "number"},
    {"name": "card", "value": "${card}", "on_missing": "omit"},
    {"name": "text", "value": "${text}"},
    {"name": "file", "value": "${file.path}"},
    {"name": "at", "value": "${file.position}", "type": "number"},
    {"name": "v", "value": "true", "type": "bool"},
]


def words(chance):
    """Anything: quotes, escapes, other alphabets, bytes that are no UTF-8."""
    pieces = [b'"', b"\\", b"\t", b"\x00", b"\x7f", b"abc def", "ключ".encode(), "€😀".encode()]
    pieces += [b"\xff", b"\xc3", b"\xed\xa0\x80", b"\xf0\x9f\x98"]
    return b"".join(chance.choice(pieces) for _ in range(chance.randrange(12)))


def test_json(cluster, topic, work, make_agent):
    chance = random.Random(5)
    texts = [words(chance) for _ in range(500)]
    lines = [f"id={i} n={i}.5 ".encode() + text for i, text in enumerate(texts)]
    lines += [b"id=500 n=007 card", b"neither \xff"]
    path = write(work, lines)
    agent, records = ship(make_agent, cluster, topic, source(topic, path, json=MEMBERS))
    found = {}
    for record in records:
        pairs = json.loads(record.value.decode(), object_pairs_hook=list)
        found[dict(pairs)["id"]] = pairs
    position = 0
    for i, (line, text) in enumerate(zip(lines, texts)):
        assert found[str(i)] == [
            ("id", str(i)),
            ("n", i + 0.5),
            ("text", text.decode(errors="replace")),
            ("file", str(path)),
            ("at", position),
            ("v", True),
        ]
        position += len(line) + 1
    assert dict(found["500"])["n"] is None
    assert found[None][0:2] == [("id", None), ("n", None)]
    assert found[None][-1] == ("waybill_line", "neither \ufffd")
    counters = agent.counters()
    bad = sum(1 for line in lines if "\ufffd" in line.decode(errors="replace"))
    assert counters["values_not_utf8"] == bad > 100
    assert counters["values_mistyped"] == 1
    agent.assert_true(read=len(lines))


def bytes_of(record):
    headers = b"".join(name.encode() + b"=" + (value or b"") for name, value in record.headers)
    return b"|".join([record.key or b"", record.value, headers])


def kept_on(agent):
    """All bytes of the state directory, and all messages."""
    files = [path for path in agent.state.iterdir() if path.is_file()]
    assert any(path.name == "waybill.db" for path in files)
    return b"".join(path.read_bytes() for path in [*files, agent.stderr])


@pytest.mark.parametrize("value", ["line", "template", "json"])
def test_redaction_everywhere(cluster, topic, work, make_agent, value):
    """Key, value, headers and a dead letter by a rule of the source; the rule stands at the top."""
    more = {"template": {"value": "<${card}>"}, "json": {"json": MEMBERS}}.get(value, {})
    lines = [f"id={i} card={CARD} n=1 paid by {CARD}" for i in range(50)]
    lines += [f"id=no n=2 {CARD}", f"nothing {CARD} matches", "id=plain n=3 text"]
    path = write(work, lines)
    one = source(
        topic,
        path,
        key="${card}",
        on_missing_key="dead_letter",
        headers=[{"name": "card", "value": "${card}"}, {"name": "line", "value": "${line}"}],
        **more,
    )
    agent, records = ship(make_agent, cluster, topic, one, EX_DATAERR, redact=[RULE])
    assert len(records) == 50
    for record in records:
        assert CARD.encode() not in bytes_of(record)
        assert record.key == MASKED.encode()
        assert dict(record.headers)["line"].endswith(f"paid by {MASKED}".encode())
        assert MASKED.encode() in record.value
    letters = [bytes(letter["value"]) for letter in read_state(agent.state).dead_letters]
    assert len(letters) == 3
    if value == "line":
        wanted = [f"id=no n=2 {MASKED}", f"nothing {MASKED} matches", lines[-1]]
        assert letters == [text.encode() for text in wanted]
    assert CARD.encode() not in kept_on(agent)
    assert MASKED.encode() in kept_on(agent)
    counters = agent.counters()
    assert counters["lines_redacted"] == 52 and counters["lines_withheld"] == 0
    agent.assert_true(read=53)


def test_redaction_of_what_kafka_refused(cluster, topic, work, make_agent):
    """A suspect is made again from the bytes of the file: and redacted again."""
    path = write(work, [f"id={i} n=1 {CARD}" for i in range(20)])
    agent = make(make_agent, cluster, source(topic, path, redact=[RULE])).start()
    agent.counted(lines_delivered=20)
    lower_limit(cluster, topic)
    noise = random.Random(3).randbytes(4000).hex()
    with open(path, "a") as log:
        log.write(f"id=big n=1 {CARD} {noise}\nid=small n=1 {CARD}\n")
    agent.counted(lines_dead=1, lines_delivered=21)
    assert agent.counters()["reports_refused"] > 0, "refused before it was sent"
    agent.stop()
    [letter] = read_state(agent.state).dead_letters
    assert bytes(letter["value"]).decode() == f"id=big n=1 {MASKED} {noise}"
    assert CARD.encode() not in kept_on(agent)
    for record in Reader(cluster.bootstrap, topic).records():
        assert CARD.encode() not in record.value


def test_withheld(cluster, topic, work, make_agent):
    """A rule that gives up withholds the whole line, also where lines without match are left out."""
    hard = "x" * 60
    path = write(work, [f"id=1 n=1 {CARD}", f"id=2 n=2 {CARD} {hard}", "id=3 n=3 xxz", "neither"])
    one = source(topic, path, key="${id}", redact=[HARD], on_no_match="skip")
    agent, records = ship(make_agent, cluster, topic, one, redact=[RULE])
    by_key = {record.key: record for record in records}
    assert by_key[b"1"].value == f"id=1 n=1 {MASKED}".encode()
    assert by_key[b"3"].value == b"id=3 n=3 -"
    text = b"[withheld by waybill: redaction rule 2 reached its limit]"
    assert by_key[None].value == text
    assert by_key[None].headers == [("waybill-withheld", b"true")]
    assert len(records) == 3
    counters = agent.counters()
    assert counters["lines_withheld"] == 1 and counters["lines_redacted"] == 2
    assert counters["lines_filtered"] == 1
    assert hard.encode() not in kept_on(agent)
    agent.assert_true(read=4)


def test_a_source_cannot_switch_rules_off(cluster, topic, work, make_agent):
    path = write(work, [f"id=1 n=1 {CARD} secret"])
    rules = [{"pattern": "secret", "replacement": "-"}]
    agent, [record] = ship(
        make_agent, cluster, topic, source(topic, path, redact=rules), redact=[RULE]
    )
    assert record.value == f"id=1 n=1 {MASKED} -".encode()
    assert agent.counters()["lines_redacted"] == 1


def test_check_tries_the_rules(work, make_agent):
    path = write(work, ["a"])
    one = source("t", path, redact=[RULE, HARD])
    more = {"redact": [{"pattern": "(a+)+b", "replacement": ""}]}
    text = config.render_settings(config.settings("127.0.0.1:1", [one], pattern=PATTERN, **more))
    command = [WAYBILL, "check", "--config", make_agent(text=text).config]
    said = " ".join(subprocess.run(command, capture_output=True, text=True).stdout.split())
    assert "warning: redact: rule 1: the pattern backtracks badly" in said
    assert 'warning: source "s": redact: rule 2: the pattern backtracks badly' in said
    assert said.count("backtracks badly") == 2

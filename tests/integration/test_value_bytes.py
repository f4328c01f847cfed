# SPDX-License-Identifier: Apache-2.0
"""What preview shows, without a broker: of any bytes in a line JSON, and a JSON value in it, which
hold the line as Python's own decoder reads it; of a redacted line nothing that was taken out."""

import json
import random
import subprocess

import pytest
from rig import config
from rig.paths import WAYBILL

LINES = 20000
# What is hard: everything below 0x20, the borders of UTF-8's sequences, what is escaped.
PIECES = [bytes([byte]) for byte in range(256) if byte != 10]
PIECES += ["é€😀\u2028\ufffd\ud7ff\uffff".encode(), b'"', b"\\", b"\\u0000", b"plain text, long enough"]
PIECES += [b"\xe0\x80", b"\xed\xa0\x80", b"\xf4\x90\x80\x80", b"\xf0\x9f\x98", b"\xc3", b"\xef\xbf"]


def lines_of(seed):
    chance = random.Random(seed)
    kinds = [PIECES, PIECES[0x20:0x7F], PIECES[0x80:], PIECES[0x7F:]]
    for _ in range(LINES):
        pieces = chance.choice(kinds)
        yield b"".join(chance.choices(pieces, k=chance.choice([0, 1, 3, 7, 8, 9, 15, 16, 17, 40])))


@pytest.mark.parametrize("seed", [1, 2])
def test_any_bytes_give_valid_json(work, seed):
    members = [{"name": name, "value": f"${{{name}}}"} for name in ("all", "line")]
    members[0]["name"] = 'the "name"'
    source = {
        "name": "s",
        "paths": ["/never"],
        "parser": "order",
        "topic": "t",
        "keep_cr": True,
        "key": "${all}",
        "headers": [{"name": "h", "value": "${line}"}],
        "json": members,
    }
    conf = work / "waybill.conf"
    conf.write_text(
        config.render_settings(config.settings("127.0.0.1:1", [source], pattern="^(?<all>.*)$"))
    )
    lines = list(lines_of(seed))
    command = [WAYBILL, "preview", "--json", "--config", conf]
    done = subprocess.run(command, input=b"\n".join(lines) + b"\n", capture_output=True, check=True)
    shown = done.stdout.split(b"\n")
    assert len(shown) == LINES + 1
    for line, text in zip(lines, shown):
        wanted = line.decode(errors="replace")
        record = json.loads(text.decode())
        assert record["key"] == record["headers"][0]["value"] == wanted
        assert json.loads(record["value"]) == {'the "name"': wanted, "line": wanted}


SECRET = "4000123412345678"


@pytest.mark.parametrize("skip", [False, True])
@pytest.mark.parametrize("options", [[], ["--json"]])
def test_preview_shows_redacted_lines_only(work, options, skip):
    """Also where it explains why a line does not match, and of lines that are left out."""
    source = {
        "name": "s",
        "paths": ["/never"],
        "parser": "order",
        "topic": "t",
        "key": "${card}",
        "on_missing_key": "dead_letter",
        "on_no_match": "skip" if skip else "ship",
        "redact": [
            {"pattern": r"\d{12}(\d{4})", "replacement": "****$1"},
            {"pattern": "(?:x+)+[yz]", "replacement": "-"},
        ],
    }
    conf = work / "waybill.conf"
    pattern = "^card=(?<card>\\S+) end$"
    conf.write_text(config.render_settings(config.settings("127.0.0.1:1", [source], pattern=pattern)))
    lines = [f"card={SECRET} end", f"card={SECRET} enx", SECRET, f"{SECRET} {'x' * 50}", "card=1 end"]
    command = [WAYBILL, "preview", *options, "--config", conf]
    text = "\n".join(lines) + "\n"
    done = subprocess.run(command, input=text, capture_output=True, text=True, check=True)
    assert SECRET not in done.stdout and "4000" not in done.stdout
    assert "card=****5678 enx" in done.stdout
    assert "[withheld by waybill: redaction rule 2 reached its limit]" in done.stdout
    if options:
        shown = [json.loads(line) for line in done.stdout.splitlines()]
        assert [record.get("redacted", False) for record in shown] == [True, True, True, False, False]
        assert [record.get("withheld", False) for record in shown] == [False, False, False, True, False]
        assert shown[3]["topic"] == "t", "not left out"
    else:
        assert "3 lines redacted; 1 line withheld" in done.stdout

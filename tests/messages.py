#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Messages and what docs/messages.md says of them.

Each message of the program has an id, a heading there, and each heading is a message of the program.
Under it stand what happened, in a sentence, and **Cause:**, **What happens:** and **What to do:**.
agent/ops/messages.c gives each id 128 bits for the journal: the UUID of version 5 of the URL
"waybill:ID" (uuidgen --sha1 --namespace @url --name waybill:ID). They are never changed.

docs/faults.md names the messages of a fault by their ids, and all that the Kafka rooms say of one.

tests/messages.py --write makes the table anew; --self-test plants one error of each kind.
"""

import argparse
import re
import shutil
import sys
import tempfile
import uuid
from pathlib import Path

TABLE = "agent/ops/messages.c"
DOCUMENT = "docs/messages.md"
FAULTS = "docs/faults.md"
PARTS = ("**Cause:** ", "**What happens:** ", "**What to do:** ")
# Function, and which of its arguments is the id.
CALLS = {
    "log_say": 2,
    "log_source": 3,
    "log_limited": 2,
    "remarks_add": 2,
    "kafka_dispose": 2,
    "follow_refuse": 3,
}
CALL = re.compile(r"\b(" + "|".join(CALLS) + r")\(")
ABOUT = re.compile(r"\(struct log_about\)\{(?:\.id = )?\"([a-z-]+)\"")
LITERAL = re.compile(r"\"((?:[^\"\\\n]|\\.)*)\"")
HEADER = """/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Made by tests/messages.py --write, of the headings of docs/messages.md. A journal keeps these
 * numbers for years, and who looks for them writes them down: they follow from the id alone.
 */
#include "ops/messages.h"

#include <stdlib.h>
#include <string.h>

#include "base/result.h"

struct row {
	const char *id;
	const char *journal_id;
};

/* clang-format off */
static const struct row rows[] = {
"""
FOOTER = """};
/* clang-format on */

static int compare(const void *id, const void *row)
{
	return strcmp(id, ((const struct row *)row)->id);
}

const char *message_journal_id(const char *id)
{
	const struct row *row = bsearch(id, rows, ARRAY_LEN(rows), sizeof rows[0], compare);

	return row ? row->journal_id : NULL;
}
"""


def journal_id(name):
    return uuid.uuid5(uuid.NAMESPACE_URL, f"waybill:{name}").hex


def arguments(text, at):
    """Of a call whose parenthesis is open."""
    depth, quoted, start, found = 1, False, at, []
    while depth:
        c = text[at]
        if c == '"' and text[at - 1] != "\\":
            quoted = not quoted
        elif not quoted:
            depth += (c in "([{") - (c in ")]}")
            if depth == 0 or depth == 1 and c == ",":
                found.append(text[start:at])
                start = at + 1
        at += 1
    return found


def said(root):
    """id -> files that say it; what is handed on by a variable is found where it is written."""
    found = {}
    for path in sorted(root.glob("agent/**/*.c")):
        text = path.read_text()
        ids = ABOUT.findall(text)
        for call in CALL.finditer(text):
            ids += LITERAL.findall(arguments(text, call.end())[CALLS[call[1]]])
        for one in ids:
            found.setdefault(one, set()).add(str(path.relative_to(root)))
    return found


def sections(root):
    """id -> its paragraphs."""
    found = {}
    for part in re.split(r"^## ", (root / DOCUMENT).read_text(), flags=re.MULTILINE)[1:]:
        name, text = part.split("\n", 1)
        found[name] = [" ".join(p.split()) for p in text.strip().split("\n\n")]
    return found


def table(names):
    rows = "".join(f'\t{{"{name}", "{journal_id(name)}"}},\n' for name in sorted(names))
    return HEADER + rows + FOOTER


def literals(root):
    return {
        word
        for path in root.glob("agent/**/*.c")
        if str(path.relative_to(root)) != TABLE
        for word in LITERAL.findall(path.read_text())
    }


def check(root):
    there, messages = sections(root), said(root)
    for name in sorted(messages.keys() - there.keys()):
        yield f"{DOCUMENT}: nothing of {name}, which {min(messages[name])} says"
    for name in sorted(there.keys() - literals(root)):
        yield f"{DOCUMENT}: nobody says {name}"
    for name, paragraphs in there.items():
        if len(paragraphs) != 1 + len(PARTS) or not all(map(str.startswith, paragraphs[1:], PARTS)):
            yield f"{DOCUMENT}: {name}: not a sentence, {', '.join(PARTS)}"
    if list(there) != sorted(there):
        yield f"{DOCUMENT}: not in the order of the alphabet"
    if (root / TABLE).read_text() != table(there):
        yield f"{TABLE}: not that of {DOCUMENT}: tests/messages.py --write"
    named = set(re.findall(r"`([a-z]+(?:-[a-z]+)*)`", (root / FAULTS).read_text()))
    for name in sorted(name for name in named - there.keys() if "-" in name):
        yield f"{FAULTS}: {name} is no message"
    for name, files in sorted(messages.items()):
        if any(f.startswith("agent/kafka/") for f in files) and name not in named | UNTOLD:
            yield f"{FAULTS}: nothing of {name}"


# Of the Kafka rooms, what tells of no fault.
UNTOLD = {"producer-state", "librdkafka", "many-brokers", "renewed"}


def self_test(root):
    def plant(what, name, old, new, wanted):
        with tempfile.TemporaryDirectory() as directory:
            copy = Path(directory)
            for part in ("agent", "docs"):
                shutil.copytree(root / part, copy / part)
            text = (copy / name).read_text()
            assert old in text, f"{old} in {name}"
            (copy / name).write_text(text.replace(old, new))
            if not any(wanted in line for line in check(copy)):
                sys.exit(f"messages: self-test: not found: {what}")

    plant("an unknown message", "agent/agent_signals.c", '"stopped-at-once"', '"stopped-then"', "nothing of stopped-then")
    plant("a heading of nothing", DOCUMENT, "\n## started\n", "\n## startled\n", "nobody says startled")
    plant("a part that is missing", DOCUMENT, PARTS[2], "**Or:** ", "not a sentence")
    plant("another number", TABLE, journal_id("started"), journal_id("stopped"), "not that of")
    plant("a fault of nothing", FAULTS, "`topic-missing`", "`topic-amiss`", "topic-amiss is no message")
    plant("a message of no fault", FAULTS, "`batch-refused`", "", "nothing of batch-refused")
    print("messages: self-test: every planted error was found")


def main():
    parser = argparse.ArgumentParser(description="Holds messages, their table and their document together.")
    parser.add_argument("--write", action="store_true", help=f"make {TABLE} anew")
    parser.add_argument("--self-test", action="store_true")
    args = parser.parse_args()
    root = Path(__file__).resolve().parent.parent
    if args.write:
        (root / TABLE).write_text(table(sections(root)))
    if args.self_test:
        self_test(root)
        return 0
    problems = list(check(root))
    for problem in problems:
        print(f"messages: {problem}")
    if not problems:
        print(f"messages: {len(sections(root))}, each with its cause and cure")
    return bool(problems)


if __name__ == "__main__":
    sys.exit(main())

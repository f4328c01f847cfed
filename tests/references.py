#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Finds what leads nowhere in comments and documents.

A file that is named (tail.c, input/tail.h, discover_*.c, tests/floors.sh) has to be in the tree: as a
path from the top or from the file that names it, or as the end of a path. A code such as A07 has to
be a row of tests/scenarios.md, a test that is named with its file and two colons has to be in
it, and what lies below /usr/share/waybill has to come from here. One letter for a name (x.c,
test_NAME) stands for any, and what is made by a build (build/…), belongs to a host (/etc/…) or to
the system (<errno.h>) is not looked for.

Each sentence of README.md's guarantee ends in notes ([^kill]), and each note names a test, as does the
last cell of each row in docs/faults.md.
"""

import argparse
import io
import os
import re
import shutil
import sys
import tempfile
import tokenize
from pathlib import Path

FOLDERS = ("agent", "parsers", "conf", "tests", "packaging", "contrib")
LEFT_OUT = {".git", "build", "__pycache__"}
C_TOKEN = re.compile(r"/\*.*?\*/|//[^\n]*|\"(?:\\.|[^\"\\\n])*\"|'(?:\\.|[^'\\\n])*'", re.DOTALL)
NAME = re.compile(r"(?<![\w$/.~{}%<-])(?:\.\./)*[\w*][\w*./-]*\.(?:c|h|\[ch\]|py|sh|md|scd|mk)(?![\w(-])")
PATH = re.compile(r"(?<![\w$/.~{}%-])(?:" + "|".join(FOLDERS) + r")/[\w*./-]*")
CODE = re.compile(r"(?<![\w.$\"'\\#-])[A-G]\d\d(?![\w.-]*\w)")
TEST = re.compile(r"\b(test_\w+\.(?:c|py))::(\w+)")
INSTALLED = re.compile(r"/usr/share/waybill/(parsers\.d|provenance|tests)/([\w.-]*\w)")
COMES_FROM = {"parsers.d": "conf/parsers.d", "provenance": "contrib/provenance", "tests": "conf/tests"}
PLACEHOLDER = re.compile(r".*/(?:NAME|\w+_)|(?:.*/)?(?:\w|\w_\w)\.\S+")


def files_of(root):
    """All files, as paths from the top."""
    for folder, folders, names in os.walk(root):
        folders[:] = [name for name in folders if name not in LEFT_OUT]
        for name in names:
            yield os.path.relpath(os.path.join(folder, name), root)


def c_comments(text):
    for token in C_TOKEN.finditer(text):
        if token[0].startswith("/"):
            yield token.start(), token[0]


def python_comments(text):
    starts = [0]
    for line in text.splitlines(keepends=True):
        starts.append(starts[-1] + len(line))
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        if token.type == tokenize.COMMENT or token.string.startswith('"""'):
            yield starts[token.start[0] - 1] + token.start[1], token.string


def hash_comments(text):
    for line in re.finditer(r"^[ \t]*#(?!!).*|[ \t]# .*", text, re.MULTILINE):
        yield line.start(), line[0]


def whole(text):
    yield 0, text


READERS = {
    ".c": c_comments,
    ".h": c_comments,
    ".py": python_comments,
    ".sh": hash_comments,
    ".mk": hash_comments,
    ".conf": hash_comments,
    ".md": whole,
    ".scd": whole,
    "Makefile": hash_comments,
}


class Tree:
    def __init__(self, root):
        self.root = root
        self.files = sorted(files_of(root))
        self.set = set(self.files)
        self.ends = set()
        for path in self.files:
            parts = path.split("/")
            self.ends.update("/".join(parts[i:]) for i in range(len(parts)))
            self.ends.update("/".join(parts[:i]) for i in range(1, len(parts)))
        table = (root / "tests/scenarios.md").read_text()
        self.tests = {}
        for path in self.files:
            name = os.path.basename(path)
            if path.startswith("tests/") and re.fullmatch(r"test_\w+\.(c|py)", name):
                text = (root / path).read_text()
                criterion = r"^(?:Parameterized)?Test\((?:struct \w+ \*\w+, |const \w+ \w+ \*\w+, )?\w+,\s*(\w+)"
                pattern = criterion if path.endswith(".c") else r"^def (test_\w+)\("
                self.tests[name] = set(re.findall(pattern, text, re.MULTILINE))
        self.codes = set(re.findall(r"^\| ([A-G]\d\d) \|", table, re.MULTILINE))

    def has(self, name, beside):
        name = name.rstrip("./") if name.endswith("/") or name.endswith(".") else name
        if "[ch]" in name:
            return any(self.has(name.replace("[ch]", c), beside) for c in "ch")
        if "*" in name:
            pattern = re.compile(re.escape(name).replace(r"\*", "[^/]*"))
            return any(pattern.fullmatch(end) for end in self.ends)
        near = os.path.normpath(os.path.join(os.path.dirname(beside), name))
        return name in self.ends or near in self.ends


def look(tree, path, at, text, found):
    """Adds (line, what) for what in the text leads nowhere; `at` is the line of its beginning."""
    for match in list(NAME.finditer(text)) + list(PATH.finditer(text)):
        name = match[0]
        if name.startswith("build/") or PLACEHOLDER.fullmatch(name) or tree.has(name, path):
            continue
        found.add((at + text.count("\n", 0, match.start()), f"there is no {name}"))
    wrong = [
        (match, f"tests/scenarios.md has no {match[0]}")
        for match in CODE.finditer(text)
        if match[0] not in tree.codes
    ]
    wrong += [
        (match, f"there is no test {match[0]}")
        for match in TEST.finditer(text)
        if match[2] not in tree.tests.get(match[1], ())
    ]
    wrong += [
        (match, f"nothing installs {match[0]}")
        for match in INSTALLED.finditer(text)
        if f"{COMES_FROM[match[1]]}/{match[2]}" not in tree.set
    ]
    for match, what in wrong:
        found.add((at + text.count("\n", 0, match.start()), what))


SECTION = re.compile(r"^## The guarantee\n(.*?)^## ", re.MULTILINE | re.DOTALL)
NOTE = re.compile(r"^\[\^(\w+)\]: (.*(?:\n[ \t]+.*)*)", re.MULTILINE)
BARE_END = re.compile(r"[.](?=\s|$)")


def guarantee(text, found):
    """Adds (line, what) for each sentence without a note, each note without a test."""
    section = SECTION.search(text)
    if not section:
        found.add((1, "there is no section \"The guarantee\""))
        return
    at = text.count("\n", 0, section.start(1)) + 1
    claims, notes = section[1], {match[1]: match for match in NOTE.finditer(section[1])}
    for match in notes.values():
        if not TEST.search(match[2]):
            found.add((at + claims.count("\n", 0, match.start()), f"note {match[1]} names no test"))
        if claims.count(f"[^{match[1]}]") < 2:
            found.add((at + claims.count("\n", 0, match.start()), f"nothing refers to note {match[1]}"))
    for match in re.finditer(r"\[\^(\w+)\](?!: )", claims):
        if match[1] not in notes:
            found.add((at + claims.count("\n", 0, match.start()), f"there is no note {match[1]}"))
    for item in re.finditer(r"^\* .*(?:\n  .*)*", claims, re.MULTILINE):
        for match in BARE_END.finditer(item[0]):
            line = at + claims.count("\n", 0, item.start() + match.start())
            found.add((line, "a sentence of the guarantee names no test"))


FAULT = re.compile(r"^\| (?!what happens |--- )(.*) \|$", re.MULTILINE)


def faults(text, found):
    """Adds (line, what) for each fault of Kafka whose last cell names no test, that lacks a cell, or has a
    row already."""
    seen = set()
    for match in FAULT.finditer(text):
        cells = match[1].split(" | ")
        line = text.count("\n", 0, match.start()) + 1
        # Behind a colon more is said of it.
        fault = cells[0].split(": ")[0]
        if fault in seen:
            found.add((line, "a fault has two rows"))
        seen.add(fault)
        if len(cells) != 4 or not all(cell.strip() for cell in cells):
            found.add((line, f"a fault has {len(cells)} cells, or an empty one"))
        elif not TEST.search(cells[3]):
            found.add((line, "a fault names no test"))


def check(root):
    tree = Tree(root)
    wrong = 0
    for path in tree.files:
        reader = READERS.get(os.path.basename(path)) or READERS.get(os.path.splitext(path)[1])
        if not reader or "/corpus/" in path:
            continue
        text = (root / path).read_text()
        found = set()
        for start, part in reader(text):
            look(tree, path, text.count("\n", 0, start) + 1, part, found)
        if path == "README.md":
            guarantee(text, found)
        if path == "docs/faults.md":
            faults(text, found)
        for line, what in sorted(found):
            print(f"references: {path}:{line}: {what}")
            wrong += 1
    return wrong


PLANTED = (
    ("agent/base/map.c", "/* As design.md says. */", "there is no design.md"),
    ("agent/base/map.h", "/* Shared by planted.c. */", "there is no planted.c"),
    ("agent/base/map.h", "/* See base/planted.h. */", "there is no base/planted.h"),
    ("agent/base/map.h", "/* For planted_*.c only. */", "there is no planted_*.c"),
    ("agent/base/map.c", "/*\n * After a crash (B99).\n */", "tests/scenarios.md has no B99"),
    ("tests/docs.sh", "# tests/planted.sh does the rest.", "there is no tests/planted.sh"),
    ("tests/integration/conftest.py", "# rig/planted.py", "there is no rig/planted.py"),
    ("agent/README.md", "A stop (F88) ends it.", "tests/scenarios.md has no F88"),
    ("agent/README.md", "Look into `agent/planted/`.", "there is no agent/planted/"),
    ("agent/README.md", "As `test_map.c::planted` shows.", "there is no test test_map.c::planted"),
    ("agent/README.md", "See test_kill.py::test_planted.", "no test test_kill.py::test_planted"),
    ("packaging/man/waybill.8.scd", "See `packaging/planted.sh`.", "there is no packaging/planted.sh"),
    ("conf/waybill.conf", "# /usr/share/waybill/parsers.d/planted.conf", "nothing installs /usr"),
)
# In README.md's guarantee: what is replaced, by what.
BROKEN = (
    (".[^fatal]", ".", "a sentence of the guarantee names no test"),
    ("[^moved]: `test", "[^moved]: `tests/README.md`; `", "note moved names no test"),
    (",[^moved]", ",[^planted]", "there is no note planted"),
    (",[^moved]", ",", "nothing refers to note moved"),
)
# Rows of a table.
LACKING = (
    ("docs/faults.md", "| It rains | Goes on | nothing | `map.c` |", "a fault names no test"),
    ("docs/faults.md", "| It rains | Goes on | `test_kill.py` |", "a fault has 3 cells"),
    ("docs/faults.md", "| No broker answers: it rains | Goes on | nothing | `test_kill.py::test_kill_at_a_call` |",
     "a fault has two rows"),
)
FINE = "/* x.c with x.h; map.c, base/map.[ch], A07, /usr/include/planted.h, build/planted.c */"


def reported(copy, path, text):
    """What a check of the tree says with this text in a file of it."""
    before = (copy / path).read_text()
    (copy / path).write_text(text)
    out, sys.stdout = sys.stdout, io.StringIO()
    check(copy)
    report, sys.stdout = sys.stdout.getvalue(), out
    (copy / path).write_text(before)
    return report


def self_test(root):
    missed = 0
    with tempfile.TemporaryDirectory() as name:
        copy = Path(name) / "tree"
        shutil.copytree(root, copy, ignore=shutil.ignore_patterns(".git", "build"))
        cases = [
            (path, (copy / path).read_text() + line + "\n", line, wanted)
            for path, line, wanted in PLANTED + LACKING + (("agent/base/map.c", FINE, None),)
        ]
        readme = (copy / "README.md").read_text()
        cases += [
            ("README.md", readme.replace(old, new, 1), f"{old} -> {new}", wanted)
            for old, new, wanted in BROKEN
        ]
        for path, text, planted, wanted in cases:
            report = reported(copy, path, text)
            if (wanted and wanted not in report) or (not wanted and report):
                print(f"references: self-test: {planted}: {report or 'nothing is found'}")
                missed += 1
    print("references: self-test:", f"{missed} wrong" if missed else "every planted one was found")
    return missed


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--self-test", action="store_true")
    parser.add_argument("--root", type=Path, default=Path(__file__).resolve().parent.parent)
    arguments = parser.parse_args()
    return 1 if (self_test if arguments.self_test else check)(arguments.root) else 0


if __name__ == "__main__":
    sys.exit(main())

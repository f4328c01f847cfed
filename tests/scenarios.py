#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Which tests show which rows of tests/scenarios.md, and what became of them when they were last run.

A test says what it shows: one of pytest by @pytest.mark.scenario("A07", "B01") between its other
decorators, one of Criterion by a comment directly above it that begins with "Scenario A07, B01", a
function of a shell script by the same in "# Scenario A07". The table says how much of a row they show.

Exit status 1: a test names a row that is not there, or a test that shows one of the rows failed. With --strict also: a
row of P0 or P1 that is shown in part only or not at all, or of which a test was not run.
"""

import argparse
import re
import sys
import tempfile
import xml.etree.ElementTree as xml
from collections import defaultdict
from pathlib import Path

IDS = r"[A-G]\d\d(?:, [A-G]\d\d)*"
ROW = re.compile(r"\| ([A-G]\d\d) \| (\S+) \| (.+) \| (.+) \| (\S+) \|")
CRITERION = re.compile(
    r"^/\*\n? \*? ?Scenario (?P<ids>" + IDS + r")\b(?:(?!\*/).)*\*/\n"
    r"(?:Parameterized)?Test\((?:struct \w+ \*\w+, )?\w+,\s*(?P<name>\w+)",
    re.MULTILINE | re.DOTALL,
)
PYTEST = re.compile(
    r"^@pytest\.mark\.scenario\((?P<ids>[^)]*)\)\n(?:^[@ )\]].*\n)*def (?P<name>\w+)", re.MULTILINE
)
SHELL = re.compile(r"^# Scenario (?P<ids>" + IDS + r")\b.*\n(?P<name>\w+)\(\)", re.MULTILINE)
ANY_MARK = re.compile(r"^(?:@pytest\.mark\.scenario|/\* Scenario|/\*\n \* Scenario|# Scenario)", re.M)
TESTS = (
    ("unit/test_*.c", CRITERION),
    ("integration/test_*.py", PYTEST),
    ("system/*.sh", SHELL),
)


class Row:
    def __init__(self, match):
        self.id, self.priority, self.what, self.must, self.shown = match.groups()
        self.tests = []


def read_table(root, faults):
    """{id: Row}, in the order of the table."""
    rows = {}
    for line in (root / "tests/scenarios.md").read_text().splitlines():
        if not re.match(r"\| [A-G]\d", line):
            continue
        match = ROW.fullmatch(line)
        if not match:
            faults.append(f"scenarios.md: not a row of the table: {line[:60]}")
            continue
        row = Row(match)
        if row.id in rows:
            faults.append(f"scenarios.md: {row.id} stands there twice")
        if row.priority not in ("P0", "P1", "P2"):
            faults.append(f"scenarios.md: {row.id}: priority {row.priority}")
        rows[row.id] = row
    return rows


def read_tests(root, faults):
    """{file::test: ids} of all tests that say what they show."""
    tests = {}
    for files, pattern in TESTS:
        for path in sorted((root / "tests").glob(files)):
            text = path.read_text()
            found = list(pattern.finditer(text))
            for match in found:
                ids = re.findall(r"[A-G]\d\d", match["ids"])
                tests[f"{path.name}::{match['name']}"] = ids
                if not ids or len(ids) != match["ids"].count(",") + 1:
                    faults.append(f"{path.name}::{match['name']}: not all of its ids are ids")
            marks = len(ANY_MARK.findall(text))
            if marks != len(found):
                faults.append(f"{path.name}: {marks - len(found)} scenario marks are above no test")
    return tests


def attach(rows, tests, faults):
    """Gives each row the tests that name it."""
    for test, ids in tests.items():
        for i in ids:
            if i in rows:
                rows[i].tests.append(test)
            else:
                faults.append(f"{test}: scenarios.md has no {i}")
    for row in rows.values():
        if row.shown not in ("whole", "part", "-") or (row.shown == "-") != (not row.tests):
            faults.append(f'scenarios.md: {row.id}: "{row.shown}", but {len(row.tests)} tests name it')


def read_junit(path, verdicts):
    for case in xml.parse(path).iter("testcase"):
        name = f"{case.get('classname').split('.')[-1]}.py::{case.get('name').split('[')[0]}"
        bad = any(case.find(kind) is not None for kind in ("failure", "error", "skipped"))
        verdicts[name].append(not bad)


def read_tap(path, verdicts):
    line_of = re.compile(r"^(not ok|ok) +- \w+::(\w+)", re.MULTILINE)
    for line in line_of.finditer(path.read_text()):
        verdicts[f"{path.stem}.c::{line[2]}"].append(line[1] == "ok")


def read_reports(arguments):
    """{file::test: verdicts}; one of several parameters has several."""
    verdicts = defaultdict(list)
    if arguments.junit and arguments.junit.exists():
        read_junit(arguments.junit, verdicts)
    if arguments.tap:
        for path in sorted(arguments.tap.glob("*.tap")):
            read_tap(path, verdicts)
    return verdicts


def verdict_of(row, verdicts):
    """failed, passed, "partly" (some were not run), "not run", "no test"; "by hand": of the shell
    scripts, which need a booted system, there is no report."""
    if not row.tests:
        return "no test"
    awaited = [test for test in row.tests if ".sh::" not in test]
    ran = [all(verdicts[test]) for test in awaited if test in verdicts]
    if not all(ran):
        return "failed"
    if not awaited:
        return "by hand"
    return "passed" if len(ran) == len(awaited) else "partly" if ran else "not run"


def is_shown(row, verdict):
    return row.shown == "whole" and verdict in ("passed", "by hand")


def judge(rows, verdicts, strict, faults):
    """Prints the table."""
    counts = defaultdict(int)
    for row in rows:
        verdict = verdict_of(row, verdicts)
        counts[verdict] += 1
        print(f"{row.id} {row.priority} {row.shown:5} {verdict:7} {row.what}")
        for test in row.tests:
            state = "ok" if all(verdicts.get(test, [])) else "FAILED"
            print(f"     {state if test in verdicts else '-':7} {test}")
        if verdict == "failed":
            faults.append(f"{row.id}: a test failed")
        elif strict and row.priority != "P2" and not is_shown(row, verdict):
            shown = {"whole": "as a whole", "part": "in part", "-": "by nothing"}[row.shown]
            faults.append(f"{row.id} ({row.priority}) is shown {shown}: {verdict}")
    print(", ".join(f"{n} {verdict}" for verdict, n in sorted(counts.items())))
    return faults


def check(arguments):
    faults = []
    rows = read_table(arguments.root, faults)
    attach(rows, read_tests(arguments.root, faults), faults)
    families = set(arguments.family.upper().split(",")) if arguments.family else None
    chosen = [row for row in rows.values() if not families or row.id[0] in families]
    if not chosen:
        faults.append("there is no such scenario")
    if not arguments.quiet:
        judge(chosen, read_reports(arguments), arguments.strict, faults)
    for fault in faults:
        print(f"scenarios: {fault}", file=sys.stderr)
    return 1 if faults else 0


GOOD = {
    "tests/scenarios.md": "| A01 | P0 | what | must | whole |\n"
    "| A02 | P1 | what | must | - |\n",
    "tests/unit/test_a.c": "/* Scenario A01. Why. */\nTest(a, one)\n{\n}\n",
    "tests/integration/test_b.py": '@pytest.mark.scenario("A01")\n'
    "@pytest.mark.parametrize(\n    'x', [1]\n)\ndef test_two(x):\n    pass\n",
    "junit.xml": '<testsuites><testsuite><testcase classname="t.test_b" name="test_two[1]"/>'
    "</testsuite></testsuites>",
    "reports/test_a.tap": "TAP version 13\nok - a::one  (0.00s)\n",
}
# what is planted: file, text, its replacement, arguments, exit status
PLANTED = (
    ("nothing", "junit.xml", "", "", [], 0),
    ("an unknown id", "tests/unit/test_a.c", "A01", "A77", [], 1),
    ("a row that has a test after all", "tests/unit/test_a.c", "A01", "A01, A02", [], 1),
    ("a row that lost its tests", "tests/scenarios.md", "must | - |", "must | whole |", [], 1),
    ("an id that is none", "tests/integration/test_b.py", '"A01"', '"A01", "a02"', [], 1),
    ("a mark above no test", "tests/unit/test_a.c", "*/\nTest", "*/\n\nTest", [], 1),
    ("a red test", "reports/test_a.tap", "ok -", "not ok -", [], 1),
    ("a red test of another family", "reports/test_a.tap", "ok -", "not ok -", ["--family=B"], 1),
    ("a red integration test", "junit.xml", "/></testsuite>", "><failure/></testcase></testsuite>", [], 1),
    ("a row twice", "tests/scenarios.md", "| A02", "| A01", [], 1),
    ("a priority", "tests/scenarios.md", "P1", "P3", [], 1),
    ("a broken row", "tests/scenarios.md", "| must | - |", "| - |", [], 1),
    ("a row without a test", "junit.xml", "", "", ["--strict"], 1),
    ("none that is missing", "tests/scenarios.md", "A02 | P1", "A02 | P2", ["--strict"], 0),
    ("a test that was not run", "reports/test_a.tap", "a::one", "a::two", ["--strict"], 1),
    ("a row that is shown in part", "tests/scenarios.md", "whole", "part", ["--strict"], 1),
)


def self_test():
    missed = 0
    for what, planted, text, other, options, status in PLANTED:
        with tempfile.TemporaryDirectory() as name:
            root = Path(name)
            for path, content in GOOD.items():
                (root / path).parent.mkdir(parents=True, exist_ok=True)
                content = content.replace(text, other, 1) if path == planted and text else content
                (root / path).write_text(content)
            reports = ["--root", name, "--junit", f"{name}/junit.xml", "--tap", f"{name}/reports"]
            out, err = sys.stdout, sys.stderr
            with open(root / "out", "w") as sys.stdout, open(root / "err", "w") as sys.stderr:
                got = check(options_of(reports + options))
            sys.stdout, sys.stderr = out, err
            if got != status:
                print(f"scenarios: self-test: {what}: exit status {got}")
                missed += 1
    print("scenarios: self-test:", f"{missed} missed" if missed else "every planted fault was found")
    return 1 if missed else 0


def options_of(arguments):
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--family", help="only these: A,B")
    parser.add_argument("--strict", action="store_true", help="P0 and P1 must be shown, and green")
    parser.add_argument("--quiet", action="store_true", help="compare table and tests only")
    parser.add_argument("--junit", type=Path, help="report of the integration tests")
    parser.add_argument("--tap", type=Path, help="directory of the unit tests' reports")
    parser.add_argument("--root", type=Path, default=Path(__file__).parent.parent)
    parser.add_argument("--self-test", action="store_true")
    return parser.parse_args(arguments)


def main():
    arguments = options_of(None)
    return self_test() if arguments.self_test else check(arguments)


if __name__ == "__main__":
    sys.exit(main())

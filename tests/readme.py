#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The examples of README.md and the commands of all documents: tests/readme.py PROGRAM.

A block of README.md that has a kafka or sources block is a configuration, and has to load without a
warning; what it lacks of a kafka block is added. One in which a line begins with "<" is a file of tests for the
configuration above it. Each `waybill COMMAND --OPTION` of README.md and docs/ has to be one of the program.
Then each of these is broken, and has to be seen.
"""

import re
import subprocess
import sys
import tempfile
from pathlib import Path

TOP = Path(__file__).resolve().parents[1]
BLOCK = re.compile(r"^```\n(.*?)^```$", re.M | re.S)
# In code, or in a line of its own.
COMMAND = re.compile(r"(?:`|^ {4}|^    sudo |build/|-- |sudo )waybill((?: [^\s`|&>]+)*)", re.M)
KAFKA = 'kafka: { bootstrap_servers = "localhost:9092"; };\n'


def run(*words):
    done = subprocess.run([str(word) for word in words], capture_output=True, text=True, timeout=60)
    return done.returncode, done.stdout + done.stderr


def examples(program, text):
    """What is wrong with the blocks."""
    n = 0
    with tempfile.TemporaryDirectory() as name:
        conf = Path(name) / "waybill.conf"
        for block in BLOCK.findall(text):
            if re.search(r"^< ", block, re.M):
                (Path(name) / "orders.test").write_text(block)
                code, said = run(program, "test", f"{name}/orders.test")
            elif re.search(r"^(kafka|sources): ", block, re.M):
                conf.write_text(block if "kafka:" in block else KAFKA + block)
                code, said = run(program, "check", "--configuration", "--quiet", "--config", conf)
                said = said if code or "warning" in said else ""
                code = code or bool(said)
            else:
                continue
            n += 1
            if code:
                yield said.replace(name, "README.md")
    if n < 3:
        yield f"README.md: {n} examples: they cannot be read any more"


class Commands:
    def __init__(self, program):
        self.program = program
        self.names = set(re.findall(r"^  ([a-z-]+) ", run(program, "--help")[1], re.M))
        self.options = {}

    def wrong(self, words):
        """What is wrong with what stands behind `waybill`; None: nothing."""
        if not words or not re.fullmatch("[a-z][a-z-]*", words[0]):
            return None
        name, options = words[0], [word for word in words[1:] if word.startswith("--")]
        if name not in self.names:
            return f"there is no command {name}"
        if name not in self.options:
            self.options[name] = run(self.program, name, "--help")[1]
        for option in options:
            if not re.search(rf"{re.escape(option.split('=')[0])}\b", self.options[name]):
                return f"{name} has no {option}"
        return None


def commands(known, path, text):
    n = 0
    for match in COMMAND.finditer(text):
        n += 1
        wrong = known.wrong(match[1].split())
        if wrong:
            yield f"{path}:{text.count(chr(10), 0, match.start()) + 1}: {wrong}"


def self_test(program, known, readme):
    plants = (
        (examples(program, readme.replace("bootstrap_servers", "bootstrap_server")), "bootstrap"),
        (examples(program, readme.replace('"partition": 5', '"partition": 4')), "partition"),
        (examples(program, readme.replace("```\n", "~~~\n")), "cannot be read"),
        (commands(known, "x", "`waybill chek`"), "no command chek"),
        (commands(known, "x", "    sudo waybill status --jsn"), "status has no --jsn"),
    )
    for found, wanted in plants:
        said = list(found)
        if not any(wanted in one for one in said):
            yield f"self-test: not found: {wanted}: {said}"


def main():
    program = Path(sys.argv[1]).resolve()
    known, readme = Commands(program), (TOP / "README.md").read_text()
    wrong = list(examples(program, readme))
    for path in [TOP / "README.md", *sorted((TOP / "docs").glob("*.md"))]:
        wrong += commands(known, path.relative_to(TOP), path.read_text())
    wrong += self_test(program, known, readme)
    for one in wrong:
        print(f"readme: {one}")
    sys.exit(bool(wrong))


if __name__ == "__main__":
    main()

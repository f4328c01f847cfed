# SPDX-License-Identifier: Apache-2.0
"""Instructions a line: what a run over many lines costs more than one over few, by object and function."""

import re
import subprocess
from collections import defaultdict

NAME = re.compile(r"\((\d+)\)(?: (.*))?")
COSTS = tuple("0123456789+-*")


def run(options, command, output):
    """The instructions of a process by (object, function), each without what it calls."""
    valgrind = ["valgrind", "--tool=callgrind", f"--callgrind-out-file={output}", *options, *command]
    done = subprocess.run([str(part) for part in valgrind], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-2000:]
    return _read_costs(output)


def _read_costs(path):
    names = {}
    costs = defaultdict(int)
    where = {"ob": None, "fn": None}
    called = False
    with open(path, encoding="utf-8", errors="replace") as file:
        for line in file:
            if line.startswith(COSTS):
                if not called:  # a call's line has the cost of the callee: counted there
                    costs[where["ob"], where["fn"]] += int(line.split()[1])
                called = False
                continue
            kind, _, text = line.rstrip("\n").partition("=")
            called = called or kind == "calls"
            if kind.lstrip("c") not in where:
                continue
            number, name = NAME.fullmatch(text).groups()
            name = names.setdefault((kind.lstrip("c"), number), name)
            if kind in where:
                where[kind] = name
    return costs


def per_line(few, many, lines):
    """{(object, function): instructions a line}; `lines`: how many more were in `many`."""
    return {key: (many[key] - few[key]) / lines for key in set(few) | set(many)}


def total(costs, binary=None):
    """Of all objects, or of one."""
    return sum(cost for (ob, _), cost in costs.items() if binary is None or ob == str(binary))


def by_function(costs, binary, most):
    """The dearest functions of one object."""
    own = [(cost, fn) for (ob, fn), cost in costs.items() if ob == str(binary) and cost >= 0.5]
    return sorted(own, reverse=True)[:most]

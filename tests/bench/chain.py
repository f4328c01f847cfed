# SPDX-License-Identifier: Apache-2.0
"""What the content chain costs: programs beside the same with tests/bench/unchained.c in place of it.

Whole runs of the agent differ by more than what is looked for. So its time is that of the reading
alone, with and without, which differs by nothing else; and it is compared with that of whole runs.
"""

import json
import subprocess
from statistics import median

from callgrind import per_line, run, total
from rig.paths import WAYBILL
from stage import BENCH, LINE_BYTES, SLOW_MOTION, UNCHAINED, make_lines, ship, write_config

FEW, MANY = 20000, 80000
LINES = 500000
READERS = (BENCH / "reader", BENCH / "reader-unchained")


def chain(bench):
    """What the content chain costs: CPU a GB, a line that comes alone, and instructions."""
    mock = bench.broker("mock")
    lines = make_lines(BENCH / "lines-chain.log", LINES)
    reading = _pairs(bench, "whole", lines)
    alone = _pairs(bench, "drops", BENCH / "drops.log", LINES // 5)
    whole = [ship(lines, LINES, mock.bootstrap, mock.topic()).cpu_a_gb for _ in range(bench.runs)]
    _tell(bench, "CPU-s/GB of reading, with the chain / without", reading)
    more = median(a - b for a, b in zip(*reading))
    bench.table.one("% of the CPU of all the agent does (mock) is the chain's",
                    100 * more / median(whole), at_most=2)
    _tell(bench, "us of reading a line that comes alone, with the chain / without",
          [[cpu * LINE_BYTES / 1e3 for cpu in side] for side in alone])
    costs = [_instructions(program, mock.bootstrap) for program in (WAYBILL, UNCHAINED)]
    bench.table.pair("instructions a line, with the chain / without", [total(costs[0])],
                     [total(costs[1])], [total(costs[0]) / total(costs[1])])
    bench.table.note("Instructions a line more with the chain:", _dearer(*costs))


def _pairs(bench, *args):
    """CPU-seconds a GB of both readers, alternating."""
    sides = ([], [])
    for _ in range(3 * bench.runs):
        for side, reader in zip(sides, READERS):
            command = [str(part) for part in (reader, *args)]
            said = json.loads(subprocess.run(command, capture_output=True, check=True).stdout)
            side.append(said["cpu"] / said["bytes"] * 1e9)
    return sides


def _tell(bench, what, sides):
    bench.table.pair(what, *sides, [a / b for a, b in zip(*sides)])


def _instructions(program, bootstrap):
    counts = []
    for n in (FEW, MANY):
        path = make_lines(BENCH / f"lines-{n}.log", n)
        conf = write_config(BENCH / "callgrind", bootstrap, "bench", [path], **SLOW_MOTION)
        subprocess.run(["rm", "-rf", BENCH / "callgrind" / "state"], check=True)
        command = [program, "run", "--config", conf, "--until-eof"]
        counts.append(run([], command, BENCH / f"callgrind.{program.name}.{n}"))
    return per_line(*counts, MANY - FEW)


def _dearer(ours, without):
    """Functions by what they cost more, whatever object they are in."""
    more = {}
    for sign, costs in ((1, ours), (-1, without)):
        for (_, name), cost in costs.items():
            more[name] = more.get(name, 0) + sign * cost
    dear = sorted(((cost, name) for name, cost in more.items() if abs(cost) >= 2), reverse=True)
    return [f"{cost:7.1f}  {name}" for cost, name in dear]

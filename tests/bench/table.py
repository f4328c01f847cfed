# SPDX-License-Identifier: Apache-2.0
"""The one table of the bench: medians, ratios, goals. Printed, and written as build/bench/report.md."""

import os
import platform
import subprocess
from statistics import median


def _number(value):
    if value is None:
        return ""
    return f"{value:.0f}" if abs(value) >= 100 else f"{value:.2f}" if abs(value) >= 1 else f"{value:.3f}"


def _verdict(value, at_most, at_least):
    """The goal in words, and whether it was reached."""
    if at_most is not None:
        return f"<= {at_most}", "yes" if value <= at_most else "NO"
    if at_least is not None:
        return f">= {at_least}", "yes" if value >= at_least else "NO"
    return "", ""


BENCH_HEAD = ("what", "waybill", "bare", "compared", "goal", "reached")


class Table:
    def __init__(self, path, head=BENCH_HEAD):
        self.path = path
        self.head = head
        self.rows = []
        self.notes = []

    def pair(self, what, ours, bare, ratios, at_most=None, at_least=None):
        """Lists of runs; the goal is for the median of the ratios."""
        ratio = median(ratios)
        goal = _verdict(ratio, at_most, at_least)
        self._add(what, _number(median(ours)), _number(median(bare)), f"x {ratio:.3f}", *goal)

    def difference(self, what, ours, bare, at_most=None):
        """The goal is for what we are above the other."""
        goal = _verdict(ours - bare, at_most, None)
        self._add(what, _number(ours), _number(bare), f"+ {_number(ours - bare)}", *goal)

    def one(self, what, value, at_most=None, at_least=None):
        goal = _verdict(value, at_most, at_least)
        self._add(what, _number(value), "", "", *goal)

    def row(self, *cells):
        """Of a table with a head of its own."""
        self._add(*(cell if isinstance(cell, str) else _number(cell) for cell in cells))

    def note(self, title, lines):
        self.notes.append((title, lines))

    def _add(self, *row):
        self.rows.append(row)
        print("  " + "  ".join(cell for cell in row if cell), flush=True)

    def _lines(self):
        widths = [max(len(row[i]) for row in [self.head, *self.rows]) for i in range(len(self.head))]
        for row in [self.head, ["-" * width for width in widths], *self.rows]:
            yield "| " + " | ".join(cell.ljust(width) for cell, width in zip(row, widths)) + " |"

    def finish(self, what):
        load = ", ".join(f"{value:.1f}" for value in os.getloadavg())
        head = (
            f"{what} {os.cpu_count()} processors ({_model()}), "
            f"Linux {platform.release()}, load {load} at the end."
        )
        text = "\n".join(["# Bench", "", head, "", *self._lines(), ""])
        for title, more in self.notes:
            text += "\n".join(["", title, "", *("    " + line for line in more), ""])
        self.path.write_text(text)
        print(f"\n{text}\n{self.path}")


def _model():
    done = subprocess.run(["lscpu"], capture_output=True, text=True)
    for line in done.stdout.splitlines():
        if line.startswith("Model name"):
            return line.partition(":")[2].strip()
    return "unknown"

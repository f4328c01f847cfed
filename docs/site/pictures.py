#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Draws the pictures of the documents from a real run: docs/site/pictures.py PROMETHEUS [DIRECTORY].

An agent ships three sources to a real Kafka for some two minutes, in which the broker stands still for a
while; `waybill top` runs on a terminal, and a Prometheus of its own scrapes the agent. Then each panel of
the dashboard is asked of it. What is in the pictures is what was measured; how they look is fixed here.
It runs in a mount namespace of its own, for the logs lie in /var/log.
"""

import json
import os
import re
import subprocess
import sys
import threading
import time
import urllib.parse
import urllib.request
from pathlib import Path
from xml.sax.saxutils import escape

TOP = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(TOP / "tests/integration"))

from rig import config  # noqa: E402
from rig.agent import Agent  # noqa: E402
from rig.kafka import Broker  # noqa: E402
from rig.paths import WORK  # noqa: E402
from rig.process import free_port  # noqa: E402
from rig.terminal import Terminal  # noqa: E402
from rig.wait import wait_for  # noqa: E402

LOGS = Path("/var/log/shop")
DASHBOARD = TOP / "contrib/grafana/waybill.json"
RUN_S, FREEZE_S, THAW_S, STEP_S = 120, 45, 70, 2
RATE = "10s"
INK, FAINT, PAPER = "#1f2328", "#d0d7de", "#ffffff"
COLOURS = ["#0550ae", "#bc4c00", "#116329", "#8250df", "#a40e26", "#57606a", "#9a6700", "#1b7c83", "#bf3989"]
FONT = "ui-monospace, 'DejaVu Sans Mono', Menlo, Consolas, monospace"


def svg(width, height, parts):
    head = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" height="{height}"'
    paper = f'<rect width="{width}" height="{height}" fill="{PAPER}" stroke="{FAINT}"/>'
    return f"{head} font-family=\"{FONT}\" fill=\"{INK}\">\n{paper}\n" + "\n".join(parts) + "\n</svg>\n"


# ---- a terminal ----

CELL, LINE, EDGE = 7.8, 17, 10


def runs(row, columns):
    """(column, text, bold, reverse) of what looks alike."""
    cells = [(row[x].data or " ", row[x].bold, row[x].reverse) for x in range(columns)]
    begin = 0
    for x in range(1, columns + 1):
        if x == columns or cells[x][1:] != cells[begin][1:]:
            yield begin, "".join(cell[0] for cell in cells[begin:x]), *cells[begin][1:]
            begin = x


def draw_screen(screen):
    parts = []
    for y in range(screen.lines):
        for x, text, bold, reverse in runs(screen.buffer[y], screen.columns):
            left, base = EDGE + x * CELL, EDGE + y * LINE + 12.5
            if reverse:
                box = f'x="{left:.1f}" y="{base - 12.5:.1f}" width="{len(text) * CELL:.1f}" height="{LINE}"'
                parts.append(f'<rect {box} fill="{INK}"/>')
            look = (' font-weight="bold"' if bold else "") + (f' fill="{PAPER}"' if reverse else "")
            # Each piece at its column: not every reader has a font of this width.
            for piece in re.finditer(r"\S+(?: \S+)*", text):
                size = f'textLength="{len(piece[0]) * CELL:.1f}" lengthAdjust="spacingAndGlyphs"'
                where = f'x="{left + piece.start() * CELL:.1f}" y="{base:.1f}" {size}'
                parts.append(f"<text {where}{look}>{escape(piece[0])}</text>")
    width, height = 2 * EDGE + screen.columns * CELL, 2 * EDGE + screen.lines * LINE
    return svg(round(width), height, ['<g font-size="13">', *parts, "</g>"])


# ---- a panel ----

WIDTH, HEIGHT, LEFT, RIGHT, UP = 460, 190, 70, 20, 34


def tell(value, unit):
    """A number of an axis."""
    if unit in ("bytes", "Bps"):
        for name, size in (("GiB", 1 << 30), ("MiB", 1 << 20), ("KiB", 1 << 10)):
            if value >= size:
                return f"{value / size:.4g} {name}" + ("/s" if unit == "Bps" else "")
        return f"{value:.4g} B" + ("/s" if unit == "Bps" else "")
    if unit == "s":
        return f"{value:.4g} s" if value >= 1 or not value else f"{value * 1000:.4g} ms"
    return f"{value / 1000:.4g} k" if value >= 10000 else f"{value:.4g}"


def top_of(unit, series):
    """Where the axis ends: four times a number that is read easily."""
    most = max((value for _, points in series for _, value in points), default=0)
    if unit in ("bytes", "Bps"):
        steps = (2**power * part for power in range(60) for part in (1, 1.25, 1.5))
    elif unit == "s":
        steps = (10.0**power * part for power in range(-4, 12) for part in (1, 1.5, 2, 2.5, 3, 4, 5, 6, 8))
    else:
        steps = (10**power * part for power in range(12) for part in (0.25, 0.5, 1, 1.5, 2, 2.5, 3, 4, 5, 6, 8))
    return 4 * next(step for step in steps if most <= 4 * step)


def line_of(points, end, below):
    """With a gap where there was no value."""
    path, last = "", None
    for t, v in points:
        x, y = LEFT + (WIDTH - LEFT - RIGHT) * t / RUN_S, below - HEIGHT * min(v / end, 1)
        path += f"{'M' if last is None or t - last > 2 * STEP_S else 'L'}{x:.0f} {y:.1f}"
        last = t
    return path


def draw_panel(title, unit, series):
    if len(series) > 4:
        series = [one for one in series if any(value for _, value in one[1])]
    end, below = top_of(unit, series), UP + HEIGHT
    rows = [series[i : i + 2] for i in range(0, len(series), 2)]
    parts = [f'<text x="12" y="21" font-size="13" font-weight="bold">{escape(title)}</text>', '<g font-size="11">']
    for i in range(5):
        y = below - i * HEIGHT / 4
        parts.append(f'<path d="M{LEFT} {y:.1f}H{WIDTH - RIGHT}" stroke="{FAINT}"/>')
        parts.append(f'<text x="{LEFT - 6}" y="{y + 4:.1f}" text-anchor="end">{tell(end * i / 4, unit)}</text>')
    for second in range(0, RUN_S + 1, 30):
        x = LEFT + (WIDTH - LEFT - RIGHT) * second / RUN_S
        parts.append(f'<text x="{x:.1f}" y="{below + 16}" text-anchor="middle">{second // 60}:{second % 60:02}</text>')
    for number, (name, points) in enumerate(series):
        colour = COLOURS[number % len(COLOURS)]
        path = line_of(points, end, below)
        parts.append(f'<path d="{path}" fill="none" stroke="{colour}" stroke-width="1.6"/>')
        x, y = 12 + number % 2 * (WIDTH / 2), below + 36 + number // 2 * 16
        parts.append(f'<path d="M{x:.0f} {y - 4}h14" stroke="{colour}" stroke-width="3"/>')
        parts.append(f'<text x="{x + 20:.0f}" y="{y}">{escape(name[:30])}</text>')
    return svg(WIDTH, below + 36 + len(rows) * 16, [*parts, "</g>"])


class Prometheus:
    def __init__(self, program, target):
        self.dir = WORK / "prometheus"
        self.dir.mkdir(parents=True, exist_ok=True)
        self.at = f"127.0.0.1:{free_port()}"
        job = {"job_name": "waybill", "static_configs": [{"targets": [target], "labels": {"instance": "web1"}}]}
        settings = {"global": {"scrape_interval": "1s"}, "scrape_configs": [job]}
        (self.dir / "prometheus.yml").write_text(json.dumps(settings))
        where = [f"--config.file={self.dir}/prometheus.yml", f"--storage.tsdb.path={self.dir}/data"]
        log = (self.dir / "log").open("w")
        command = [program, *where, f"--web.listen-address={self.at}"]
        self.process = subprocess.Popen(command, stdout=log, stderr=log)

    def ask(self, what, **words):
        url = f"http://{self.at}/api/v1/{what}?{urllib.parse.urlencode(words)}"
        with urllib.request.urlopen(url, timeout=60) as answer:
            return json.load(answer)["data"]

    def is_up(self):
        try:
            return self.ask("query", query="up == 1")["result"]
        except OSError:
            return False

    def series(self, target, begin):
        """(legend, [(second, value)]) of a query of the dashboard."""
        query = target["expr"].replace("$__rate_interval", RATE).replace("$instance", ".*")
        told = self.ask("query_range", query=query, start=begin, end=begin + RUN_S, step=STEP_S)
        for one in told["result"]:
            name = target.get("legendFormat", "").replace("{{instance}}", "")
            for label in ("instance", "cluster", "source", "state", "topic", "reason"):
                name = name.replace("{{%s}}" % label, one["metric"].get(label, ""))
            points = [(float(t) - begin, float(v)) for t, v in one["values"]]
            yield name.strip() or "all", [(t, v) for t, v in points if v == v]


# ---- the run ----

LINES = {"orders-eu.log": 900, "orders-us.log": 600, "audit.log": 60}
LINES |= {f"web-{number}.log": 300 * (5 - number) for number in range(5)}


def write_logs(over):
    """So many lines a second into each, until it is over; some of audit have no user."""
    files = {name: (LOGS / name).open("a") for name in LINES}
    number = 0
    while not over.wait(0.1):
        number += 1
        # More and less, as a shop has it.
        share = (10 + number // 40 % 5) / 100
        for name, file in files.items():
            for line in range(round(LINES[name] * share)):
                user = "" if name == "audit.log" and line % 10 == 5 else f"u{line % 97}"
                level = "DEBUG" if line % 12 == 0 else "INFO"
                file.write(f"level={level} user={user} path=/cart/{line} took={number % 90}ms\n")
            file.flush()


def settings_of(bootstrap, port):
    pattern = r"level=(?<level>\w+) user=(?<user>\S+)"
    rules = [{"name": "debug", "action": "drop", "value": "${level}", "pattern": "^DEBUG$"}]
    one = {"parser": "order", "key": "${user}"}
    sources = [
        {"name": "orders", "paths": [f"{LOGS}/orders-*.log"], "topic": "orders", **one},
        {"name": "web", "paths": [f"{LOGS}/web-*.log"], "topic": "web", **one, "rules": rules},
        {"name": "audit", "paths": [f"{LOGS}/audit.log"], "topic": "audit", **one, "on_missing_key": "dead_letter"},
    ]
    return config.settings(bootstrap, sources, pattern=pattern, http_listen=f"127.0.0.1:{port}")


def run(broker, program, directory):
    port, over = free_port(), threading.Event()
    for topic in ("orders", "web", "audit"):
        broker.make_topic(topic)
    agent = Agent(WORK / "agent", settings_of(broker.bootstrap, port))
    writer = threading.Thread(target=write_logs, args=(over,))
    prometheus = Prometheus(program, f"127.0.0.1:{port}")
    terminal = None
    try:
        agent.start()
        wait_for(prometheus.is_up, 60, "a first scrape")
        begin = time.time()
        writer.start()
        terminal = Terminal([agent.program, "top", "--config", agent.config, "--state-dir", agent.state], term="xterm")
        at(begin, 30, terminal)
        (directory / "top.svg").write_text(draw_screen(terminal.screen))
        at(begin, FREEZE_S, terminal)
        broker.freeze()
        at(begin, THAW_S - 5, terminal)
        (directory / "top-outage.svg").write_text(draw_screen(terminal.screen))
        terminal.type("enter")
        at(begin, THAW_S - 2, terminal)
        (directory / "top-file.svg").write_text(draw_screen(terminal.screen))
        at(begin, THAW_S, terminal)
        broker.thaw()
        at(begin, RUN_S, terminal)
        for number, panel in enumerate(json.loads(DASHBOARD.read_text())["panels"], 1):
            series = [one for target in panel["targets"] for one in prometheus.series(target, begin)]
            unit = panel.get("fieldConfig", {}).get("defaults", {}).get("unit", "none")
            (directory / f"panel-{number:02}.svg").write_text(draw_panel(panel["title"], unit, series))
    finally:
        broker.thaw()
        over.set()
        if writer.ident:
            writer.join()
        if terminal:
            terminal.close()
        agent.kill()
        prometheus.process.terminate()
        prometheus.process.wait()


def at(begin, second, terminal):
    """The second of the run; what the terminal shows is taken meanwhile."""
    while time.time() < begin + second:
        terminal.take(0.2)


def main():
    program = Path(sys.argv[1]).resolve()
    directory = Path(sys.argv[2] if len(sys.argv) > 2 else TOP / "docs/pictures").resolve()
    if not os.environ.get("PICTURES_APART"):
        apart = {**os.environ, "PICTURES_APART": "1"}
        how = ["unshare", "-m" if os.geteuid() == 0 else "-rm", sys.executable, __file__]
        os.execvpe(how[0], [*how, str(program), str(directory)], apart)
    subprocess.run(["mount", "-t", "tmpfs", "tmpfs", "/var/log"], check=True)
    LOGS.mkdir()
    directory.mkdir(exist_ok=True)
    broker = Broker("pictures")
    broker.format()
    broker.start()
    try:
        run(broker, program, directory)
    finally:
        broker.stop()


if __name__ == "__main__":
    main()

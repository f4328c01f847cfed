# SPDX-License-Identifier: Apache-2.0
"""Prometheus' own tool, and which alerts fire at what a scrape says."""

import json
import re
import shutil
import subprocess
import time

from .paths import BUILD, ROOT

RULES = ROOT / "contrib/prometheus/waybill.rules.yml"
SAMPLE = re.compile(r"(\w+)(?:\{(.*)\})? (\S+)$")


def promtool(*words, cwd=None, text=None):
    """tests/promtool.sh puts it where it is found. text: what it reads."""
    tool = shutil.which("promtool", path=f"{BUILD}/prom/usr/bin:/usr/bin:/usr/local/bin")
    assert tool, "there is no promtool: run tests/promtool.sh"
    command = [tool, *map(str, words)]
    return subprocess.run(command, capture_output=True, text=True, input=text, cwd=cwd, timeout=180)


def _samples(scrape):
    """{series: value}; times of day as seconds from now, for promtool begins at 0."""
    found = {}
    for line in scrape.splitlines():
        if line.startswith("#"):
            continue
        name, labels, value = SAMPLE.match(line).groups()
        labels = ",".join(filter(None, ['instance="h:1"', labels]))
        if name.endswith("_expiry_timestamp_seconds"):
            value = str(float(value) - time.time())
        found[f"{name}{{{labels}}}"] = value
    return found


def _series(scrape, before, goes_on):
    """Minutes in which it was as before, and then half an hour in which it is as in the scrape. What was
    not there has no samples, as in a Prometheus: a counter that begins at 3 has not increased."""
    first = _samples(before)
    counters = set(re.findall(r"# TYPE (\w+) counter", scrape)) if goes_on else set()
    for series, value in _samples(scrape).items():
        was, more = first.get(series, "_"), ""
        if series.split("{")[0] in counters and was != "_":
            more = f"+{float(value) - float(was)}"
        yield {"series": series, "values": f"{was}x4 {value}{more}x40"}


def _tests(scrape, before, goes_on, queries):
    return {
        "rule_files": [str(RULES)],
        "evaluation_interval": "1m",
        "tests": [
            {
                "interval": "1m",
                "input_series": list(_series(scrape, before, goes_on)),
                "promql_expr_test": [
                    {
                        "expr": f"count({query}) > bool 0",
                        "eval_time": "30m",
                        "exp_samples": [{"labels": "{}", "value": 1}],
                    }
                    for query in queries
                ],
            }
        ],
    }


def unanswered(queries, scrape, directory, before="", goes_on=False):
    """Those of the queries that Prometheus' own engine answers by nothing, after half an hour of the scrape."""
    # JSON is YAML.
    (directory / "queries.yml").write_text(json.dumps(_tests(scrape, before, goes_on, queries)))
    done = promtool("test", "rules", directory / "queries.yml")
    said = done.stdout + done.stderr
    found = [query for query in queries if f'expr: "count({query}) > bool 0"' in said.replace('\\"', '"')]
    assert (done.returncode == 0) == (not found), said
    return found


def firing(names, scrape, directory, before="", goes_on=False):
    """Which of these alerts fire within half an hour when all is as in the scrape from then on. before: a scrape
    of the time before; without it there was no agent. goes_on: counters grow by as much as between the two,
    each minute."""
    asked = {f'max_over_time(ALERTS{{alertname="{name}",alertstate="firing"}}[30m])': name for name in names}
    quiet = unanswered(list(asked), scrape, directory, before, goes_on)
    return {name for query, name in asked.items() if query not in quiet}


def fires(alert, scrape, directory, before=""):
    """Whether this one does."""
    return firing([alert], scrape, directory, before) == {alert}

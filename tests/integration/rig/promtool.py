# SPDX-License-Identifier: Apache-2.0
"""Prometheus' own tool, and which alerts fire at what a scrape says."""

import json
import re
import shutil
import subprocess

from .paths import BUILD, ROOT

RULES = ROOT / "contrib/prometheus/waybill.rules.yml"
SAMPLE = re.compile(r"(\w+)(?:\{(.*)\})? (\S+)$")


def promtool(*words, cwd=None, text=None):
    """tests/promtool.sh puts it where it is found. text: what it reads."""
    tool = shutil.which("promtool", path=f"{BUILD}/prom/usr/bin:/usr/bin:/usr/local/bin")
    assert tool, "there is no promtool: run tests/promtool.sh"
    command = [tool, *map(str, words)]
    return subprocess.run(command, capture_output=True, text=True, input=text, cwd=cwd, timeout=60)


def _series(scrape):
    """A quarter of an hour in which counters came to what they are, and all else was as it is."""
    counters = set(re.findall(r"# TYPE (\w+) counter", scrape))
    for line in scrape.splitlines():
        if line.startswith("#"):
            continue
        name, labels, value = SAMPLE.match(line).groups()
        labels = ",".join(filter(None, ['instance="h:1"', labels]))
        values = f"0x8 {value}x20" if name in counters and float(value) else f"{value}x30"
        yield {"series": f"{name}{{{labels}}}", "values": values}


def fires(alert, scrape, directory):
    """Whether the alert fires when that went on for a quarter of an hour."""
    test = {
        "rule_files": [str(RULES)],
        "evaluation_interval": "1m",
        "tests": [
            {
                "interval": "1m",
                "input_series": list(_series(scrape)),
                "promql_expr_test": [
                    {
                        "expr": f'count(ALERTS{{alertname="{alert}",alertstate="firing"}}) > bool 0',
                        "eval_time": "15m",
                        "exp_samples": [{"labels": "{}", "value": 1}],
                    }
                ],
            }
        ],
    }
    # JSON is YAML.
    (directory / "fires.yml").write_text(json.dumps(test))
    done = promtool("test", "rules", directory / "fires.yml")
    assert done.returncode == 0 or "got: nil" in done.stdout + done.stderr, done.stdout + done.stderr
    return done.returncode == 0

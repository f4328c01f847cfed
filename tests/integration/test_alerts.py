# SPDX-License-Identifier: Apache-2.0
"""Alert rules, dashboard and the page on alerts: they say the same, and speak of metrics and commands that
there are."""

import json
import re
import shutil
import subprocess

import pytest
from rig.paths import ROOT, WAYBILL
from rig.promtool import RULES, promtool

TESTS = ROOT / "contrib/prometheus/waybill.test.yml"
DASHBOARD = ROOT / "contrib/grafana/waybill.json"
PAGE = ROOT / "docs/alerts.md"
METRIC = re.compile(r"\bwaybill_[a-z_]+\b")

pytestmark = pytest.mark.rig


def metrics():
    """Names of series, as a scrape has them."""
    rows = subprocess.run([WAYBILL, "rows", "metrics"], capture_output=True, text=True, check=True).stdout
    names = set()
    for row in rows.splitlines():
        name, kind = row.split("|")[:2]
        parts = {"histogram": ("_bucket", "_sum", "_count"), "summary": ("", "_sum", "_count")}
        names |= {name + part for part in parts.get(kind, ("",))}
    return names


def alerts():
    return re.findall(r"- alert: (\w+)", RULES.read_text())


def queries():
    panels = json.loads(DASHBOARD.read_text())["panels"]
    return [target["expr"] for panel in panels for target in panel["targets"]]


def test_the_rules_fire_when_they_should(tmp_path):
    assert promtool("check", "rules", RULES).returncode == 0
    done = promtool("test", "rules", TESTS)
    assert done.returncode == 0, done.stdout + done.stderr
    tested = re.findall(r"alertname: (\w+)", TESTS.read_text())
    quiet = TESTS.read_text().count("exp_alerts: []")
    # Each of them once where it fires and once where it does not.
    assert tested == [name for name in alerts() for _ in range(2)] and quiet == len(alerts())
    # One that is wrong is seen.
    shutil.copy(TESTS, tmp_path)
    wrong = RULES.read_text().replace("waybill_checkpoint_age_seconds > 30", "waybill_checkpoint_age_seconds > 50")
    (tmp_path / RULES.name).write_text(wrong)
    assert promtool("test", "rules", TESTS.name, cwd=tmp_path).returncode != 0


def test_metrics_are_there():
    known = metrics()
    for text in (RULES.read_text(), TESTS.read_text(), "\n".join(queries()), PAGE.read_text()):
        used = set(METRIC.findall(text)) - {"waybill_delivery_seconds"}
        assert used and used <= known, used - known


def test_queries_are_prometheus_own(tmp_path):
    """Its parser takes each query of the dashboard."""
    rules = ["groups:", "  - name: dashboard", "    rules:"]
    for number, query in enumerate(queries()):
        query = query.replace("$__rate_interval", "5m").replace("$instance", ".*")
        rules += [f"      - record: query_{number}", f"        expr: {json.dumps(query)}"]
    (tmp_path / "queries.yml").write_text("\n".join(rules) + "\n")
    done = promtool("check", "rules", tmp_path / "queries.yml")
    assert done.returncode == 0 and f"{len(queries())} rules found" in done.stdout, done.stdout + done.stderr


def test_each_alert_has_its_page():
    sections = dict(re.findall(r"^## (\w+)\n(.*?)(?=^## |\Z)", PAGE.read_text(), re.M | re.S))
    assert list(sections) == alerts()
    links = re.findall(r"runbook: \S+alerts\.md#(\w+)", RULES.read_text())
    assert links == [name.lower() for name in alerts()]
    helped = subprocess.run([WAYBILL, "--help"], capture_output=True, text=True, check=True).stdout
    commands = set(re.findall(r"^  ([a-z-]+) ", helped, re.M))
    expressions = dict(re.findall(r"- alert: (\w+)\n(?:\s+#.*\n)*\s+expr: (.*)\n", RULES.read_text()))
    for name, text in sections.items():
        words = " ".join(text.split())
        assert "**Look at:**" in words and "**What to do:**" in words, name
        assert f"`{expressions[name]}`" in words, name
        for command in re.findall(r"`waybill ([a-z-]+)", words):
            assert command in commands, (name, command)

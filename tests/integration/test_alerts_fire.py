# SPDX-License-Identifier: Apache-2.0
"""Alerts that no incident of the other tests makes, on what a real agent says; and the dashboard's queries,
each of which finds something in that. By Prometheus' own engine."""

import json
import re
import signal
import time
from pathlib import Path

import pytest
from rig import config
from rig.promtool import firing, unanswered
from rig.wait import wait_for
from test_alerts import DASHBOARD, alerts

HOUR_S = 3600

# Where alerts are made that are not made here; of WaybillDown there is no agent.
ELSEWHERE = {
    "test_incident.py": (
        "WaybillBrokersSilent",
        "WaybillTopicNotReady",
        "WaybillPartitionSlow",
        "WaybillFilesUnreadable",
        "WaybillLinesLost",
        "WaybillDeadLetters",
        "WaybillStateNotWritten",
    ),
    "test_certificates.py": ("WaybillCertificateExpires",),
    "test_logins.py": ("WaybillTokenExpires",),
    "test_waits.py": ("WaybillPartitionStuck",),
    "test_renumbered.py": ("WaybillProducersReplaced", "WaybillRepeatsPossible"),
    "test_reload_producer.py": ("WaybillRenewalWaits",),
}
HERE = ("WaybillLate", "WaybillDeadLettersFull", "WaybillReloadRefused", "WaybillUnmatched", "WaybillFilesLeftOut")


def sources(topic, log):
    late = {"timestamp": "${k}", "timestamp_format": "epoch_s", "max_rate": "1line/s"}
    full = {"key": "${k}", "on_missing_key": "dead_letter", "dead_letter_max": "1KiB"}
    for name, more in (("late", late), ("full", full), ("unmatched", {}), ("many", {"max_files": 16})):
        yield {"name": name, "paths": [str(log / f"{name}*.log")], "topic": topic, "parser": "order", **more}


def write_logs(log):
    (log / "late.log").write_text(f"k={int(time.time()) - HOUR_S}\n" * 5000)
    (log / "full.log").write_text("no field of that name in it\n" * 200)
    (log / "unmatched.log").write_text("k=1\n" * 10 + "nothing\n" * 10)
    for n in range(20):
        (log / f"many{n}.log").write_text("k=1\n")


def queries():
    """As the dashboard asks them."""
    for panel in json.loads(DASHBOARD.read_text())["panels"]:
        for target in panel["targets"]:
            yield target["expr"].replace("$__rate_interval", "5m").replace("$instance", ".*")


def test_each_alert_is_made_somewhere():
    made = [name for names in ELSEWHERE.values() for name in names]
    assert sorted(["WaybillDown", *made, *HERE]) == sorted(alerts())
    for test, names in ELSEWHERE.items():
        text = (Path(__file__).parent / test).read_text()
        assert all(f'"{name}"' in text for name in names), test


@pytest.mark.scenario("G02")
def test_they_fire_at_what_is_scraped(cluster, topic, work, make_agent):
    log = work / "log"
    kafka = {"statistics_interval_ms": 1000}
    settings = config.settings(
        cluster.bootstrap, list(sources(topic, log)), kafka=kafka, pattern=r"k=(?<k>\S+)$"
    )
    agent = make_agent(text=config.render_settings(settings)).start()
    agent.wait_says("started")
    before = agent.ask("metrics")
    assert not firing(HERE, before, work)
    write_logs(log)

    def scrape_with(*patterns):
        def holds():
            text = agent.ask("metrics")
            return all(re.search(pattern, text, re.M) for pattern in patterns) and text

        return wait_for(holds, 60, lambda: f"{patterns} in {agent.ask('metrics')}")

    agent.wait_says("source full", "dead_letter_max")
    agent.configure(text=config.render_settings({**settings, "nonsense": True}))
    agent.signal(signal.SIGHUP)
    agent.wait_says("reload refused")
    agent.configure(text=config.render_settings(settings))
    text = scrape_with(
        r'^waybill_source_lag_seconds{source="late"} 36\d\d',
        r'^waybill_source_lines_unmatched_total{source="unmatched"} 10$',
        r"^waybill_files_waiting 4$",
        r"^waybill_broker_rtt_seconds_count\S* [1-9]",
    )
    assert firing(HERE, text, work, before, goes_on=True) == set(HERE), text
    # Rates of what does not move are 0, and a histogram of nothing has no quantile.
    asked = [query for query in queries() if "histogram_quantile" not in query]
    assert len(asked) > 20 and not unanswered(asked, text, work, before)
    assert unanswered(["waybill_planted"], text, work) == ["waybill_planted"]
    agent.stop()

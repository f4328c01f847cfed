# SPDX-License-Identifier: Apache-2.0
"""waybill metrics: well-formed, named as Prometheus wants it, and adding up in every scrape."""

import http.client
import re
import shutil
import socket
import subprocess

import pytest
from rig.paths import BUILD
from rig.wait import wait_for

NOWHERE = "127.0.0.1:1"  # no broker there
EX_OK = 0
EX_UNAVAILABLE = 69
SAMPLE = re.compile(r'([a-z_][a-z0-9_]*)(?:\{([a-z_]+)="((?:[^"\\\n]|\\["\\n])*)"\})? (\d+(?:\.\d+)?)$')
# What Prometheus' own checker says of names: base units, no abbreviations, suffixes of other types.
NOT_A_UNIT = {"ms", "us", "ns", "s", "sec", "b", "kb", "mb", "milliseconds", "minutes", "hours"}


def scrape(agent, *options, expect=EX_OK):
    where = ["--config", agent.config, "--state-dir", agent.state]
    command = [agent.program, "metrics", *where, *options]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert done.returncode == expect, done.stderr
    return done.stdout


def check(text, open_metrics=False):
    """The samples as {name or (name, value of the label): number}."""
    samples, families, family, kind = {}, set(), None, None
    lines = text.split("\n")
    assert lines.pop() == ""
    if open_metrics:
        assert lines.pop() == "# EOF"
    for line in lines:
        if line.startswith("# HELP "):
            family, words = line[7:].split(" ", 1)
            assert family not in families and words
            families.add(family)
        elif line.startswith("# TYPE "):
            name, kind = line[7:].split(" ")
            assert name == family and kind in ("counter", "gauge")
            total = name.endswith("_total")
            assert total == (kind == "counter" and not open_metrics), line
            assert not NOT_A_UNIT & set(name.split("_")), line
            assert not name.endswith(("_count", "_sum", "_bucket", "_gauge", "_counter")), line
        else:
            sample = SAMPLE.match(line)
            assert sample, line
            name, _, value, number = sample.groups()
            more = "_total" if kind == "counter" and open_metrics else ""
            assert name == family + more, line
            key = name if value is None else (name, value)
            assert key not in samples
            samples[key] = float(number)
    return samples


def adds_up(samples):
    of = {name: samples[f"waybill_lines_{name}_total"] for name in ("read", "delivered", "filtered", "dead")}
    gone = of["delivered"] + of["filtered"] + of["dead"]
    return of["read"] == gone + samples["waybill_in_flight"], samples


def promtool():
    """That of the distribution, where there is one."""
    return shutil.which("promtool", path=f"{BUILD}/prom/usr/bin:/usr/bin:/usr/local/bin")


@pytest.mark.scenario("G02")
def test_well_formed_without_a_broker(work, make_agent):
    (work / "log" / "a.log").write_text("secret\n" * 3)
    agent = make_agent(NOWHERE, "orders", source={"name": 'a "source" \\'})
    scrape(agent, expect=EX_UNAVAILABLE)
    agent.start()
    agent.wait_says("started:")
    held = ("waybill_files", "held")
    samples = wait_for(
        lambda: (found := check(scrape(agent))) and found[held] == 1 and found, 20, "it waits"
    )
    assert samples["waybill_source_lag_bytes", 'a \\"source\\" \\\\'] == 21
    assert samples["waybill_topic_ready", "orders"] == samples["waybill_kafka_up"] == 0
    assert adds_up(samples)[0]
    same = check(scrape(agent, "--open-metrics"), open_metrics=True)
    assert set(same) == set(samples)
    assert "secret" not in scrape(agent)
    tool = promtool()
    if tool:
        done = subprocess.run(
            [tool, "check", "metrics"], input=scrape(agent), capture_output=True, text=True
        )
        assert done.returncode == 0, done.stderr


@pytest.mark.scenario("G01", "G02")
def test_every_scrape_adds_up(cluster, topic, make_lineage, make_agent):
    """While lines are read and delivered, and while some are filtered."""
    lineage = make_lineage("a").append(2000)
    agent = make_agent(cluster.bootstrap, topic).start()
    agent.wait_says("started:")
    for _ in range(50):
        lineage.append(400)
        holds, samples = adds_up(check(scrape(agent)))
        assert holds, samples
    agent.counted(lines_delivered=22000)
    samples = wait_for(
        lambda: (found := check(scrape(agent))) and found["waybill_files", "idle"] == 1 and found,
        10,
        "all of it is delivered",
    )
    assert samples["waybill_lines_delivered_total"] == 22000
    assert samples["waybill_kafka_up"] == samples["waybill_topic_ready", topic] == 1
    assert samples["waybill_topic_partitions", topic] == 6
    agent.stop()


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def get(port, path, method="GET", timeout=30, **headers):
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=timeout)
    try:
        connection.request(method, path, headers=headers)
        answer = connection.getresponse()
        return answer.status, answer.headers["Content-Type"], answer.read().decode()
    finally:
        connection.close()


@pytest.mark.scenario("G02")
def test_http(cluster, topic, make_lineage, make_agent):
    port = free_port()
    lineage = make_lineage("a").append(1000)
    agent = make_agent(cluster.bootstrap, topic, http_listen=f"127.0.0.1:{port}").start()
    agent.counted(lines_delivered=1000)
    status, kind, text = get(port, "/metrics")
    assert (status, kind) == (200, "text/plain; version=0.0.4; charset=utf-8")
    assert check(text)["waybill_lines_delivered_total"] == 1000
    _, kind, text = get(port, "/metrics", Accept="application/openmetrics-text; version=1.0.0")
    assert kind.startswith("application/openmetrics-text; version=1.0.0")
    assert check(text, open_metrics=True)["waybill_lines_delivered_total"] == 1000
    assert get(port, "/healthz")[::2] == (200, "ok\n")
    assert get(port, "/readyz")[::2] == (200, "ok\n")
    assert get(port, "/nothing")[0] == 404
    assert get(port, "/metrics", "POST")[0] == 405
    assert get(port, "/metrics", "HEAD")[2] == ""
    # Who says nothing costs his place, for a while; lines go on meanwhile, and so does the socket.
    stuck = [socket.create_connection(("127.0.0.1", port)) for _ in range(16)]
    stuck[0].sendall(b"GET /metrics")
    lineage.append(1000)
    agent.counted(lines_delivered=2000)
    assert adds_up(check(scrape(agent)))[0]

    with pytest.raises(TimeoutError):
        get(port, "/healthz", timeout=1)
    assert get(port, "/healthz")[0] == 200
    for connection in stuck:
        connection.close()
    agent.stop()


@pytest.mark.scenario("G02")
def test_http_is_not_ready_without_a_broker(make_agent):
    port = free_port()
    agent = make_agent(NOWHERE, "orders", http_listen=f"127.0.0.1:{port}").start()
    agent.wait_says("started:")
    assert get(port, "/healthz")[0] == 200
    assert get(port, "/readyz")[::2] == (503, "no broker answers\n")
    # The address is taken: it is told, and lines are shipped all the same.
    other = make_agent(NOWHERE, "orders", http_listen=f"127.0.0.1:{port}").start()
    other.wait_says("http_listen: cannot listen at")
    other.wait_says("started:")


@pytest.mark.parametrize("wrong", ["localhost:1", "1.2.3.4", ":80", "127.0.0.1:0", "::1:80", "1.2.3.4:65536"])
def test_where_http_listens_is_checked(make_agent, wrong):
    agent = make_agent(NOWHERE, "orders", http_listen=wrong)
    done = subprocess.run(
        [agent.program, "check", "--configuration", "--config", agent.config],
        capture_output=True,
        text=True,
    )
    assert done.returncode == 78
    assert "http_listen must be an address and a port" in " ".join(done.stdout.split())

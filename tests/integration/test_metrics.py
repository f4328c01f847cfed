# SPDX-License-Identifier: Apache-2.0
"""waybill metrics: well-formed, named as Prometheus wants it, and adding up in every scrape."""

import contextlib
import grp
import http.client
import json
import os
import re
import shutil
import socket
import subprocess
import tempfile
from pathlib import Path

import pytest
from rig import config
from rig.paths import BUILD
from rig.wait import wait_for

NOWHERE = "127.0.0.1:1"  # no broker there
EX_OK = 0
EX_UNAVAILABLE = 69
LABEL = re.compile(r'[a-z_]+="((?:[^"\\\n]|\\["\\n])*)"')
SAMPLE = re.compile(rf"([a-z_][a-z0-9_]*)(?:\{{({LABEL.pattern}(?:,{LABEL.pattern})*)\}})? (\d+(?:\.\d+)?)$")
# What Prometheus' own checker says of names: base units, no abbreviations, suffixes of other types.
NOT_A_UNIT = {"ms", "us", "ns", "s", "sec", "b", "kb", "mb", "milliseconds", "minutes", "hours"}


def scrape(agent, *options, expect=EX_OK):
    where = ["--config", agent.config, "--state-dir", agent.state]
    command = [agent.program, "metrics", *where, *options]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert done.returncode == expect, done.stderr
    return done.stdout


def check(text, open_metrics=False):
    """The samples as {name or (name, value of each label): number}."""
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
            assert name == family and kind in ("counter", "gauge", "histogram", "summary")
            total = name.endswith("_total")
            assert total == (kind == "counter" and not open_metrics), line
            assert not NOT_A_UNIT & set(name.split("_")), line
            assert not name.endswith(("_count", "_sum", "_bucket", "_gauge", "_counter")), line
        else:
            sample = SAMPLE.match(line)
            assert sample, line
            name, labels, number = sample[1], sample[2], sample.groups()[-1]
            more = "_total" if kind == "counter" and open_metrics else ""
            parts = {"histogram": ("_bucket", "_sum", "_count"), "summary": ("", "_sum", "_count")}
            parts = parts.get(kind, (more,))
            assert name in {family + part for part in parts}, line
            values = LABEL.findall(labels) if labels else []
            key = (name, *values) if values else name
            assert key not in samples
            samples[key] = float(number)
    return samples


PARTS = ("delivered", "filtered", "dead", "forgotten")


def adds_up(samples):
    """What was read is what became of it, of all and of each source."""
    of = {name: samples[f"waybill_lines_{name}_total"] for name in ("read", *PARTS)}
    under_way = samples["waybill_in_flight"] + samples["waybill_lines_waiting"]
    holds = of["read"] == sum(of[name] for name in PARTS) + under_way
    for name, number in of.items():
        holds &= number == sum(
            value for key, value in samples.items() if key[0] == f"waybill_source_lines_{name}_total"
        )
    by_reason = sum(v for k, v in samples.items() if k[0] == "waybill_source_dead_letters_total")
    holds &= by_reason == of["dead"]
    lost = sum(v for k, v in samples.items() if k[0] == "waybill_source_lost_bytes_total")
    holds &= lost == sum(v for k, v in samples.items() if k[0] == "waybill_source_bytes_lost_total")
    failed = samples["waybill_reports_failed_total"] + samples["waybill_reports_refused_total"]
    holds &= failed == sum(v for k, v in samples.items() if k[0] == "waybill_records_undelivered_total")
    cells = [v for k, v in samples.items() if k[0] == "waybill_delivery_seconds_bucket"]
    holds &= cells == sorted(cells) and cells[-1] == samples["waybill_delivery_seconds_count"]
    holds &= cells[-1] == of["delivered"]
    return holds, samples


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
    promtool_takes(scrape(agent))


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


def promtool_takes(text):
    tool = promtool()
    if tool:
        done = subprocess.run([tool, "check", "metrics"], input=text, capture_output=True, text=True)
        assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.scenario("G02")
def test_of_partitions_and_files_on_request(cluster, topic, work, make_agent):
    """The worst of them; how many are not told; names that are no UTF-8 or hold a quote."""
    names = [b"a.log", b"b.log", b'c"\xff.log', b"d.log"]
    for name in names:
        with open(os.fsencode(work / "log") + b"/" + name, "w") as log:
            log.write("k=1 fine\n" * 10)
    wanted = {"metrics_per_file": 3, "metrics_per_partition": True}
    agent = make_agent(cluster.bootstrap, topic, **wanted).start()
    agent.counted(lines_delivered=40)
    with open(os.fsencode(work / "log") + b"/" + names[2], "a") as log:
        log.write("no end")

    def seen():
        samples = check(scrape(agent))
        lags = {key[2]: value for key, value in samples.items() if key[0] == "waybill_file_lag_bytes"}
        return samples if 6 in lags.values() else None

    samples = wait_for(seen, 20, "a file with a line that has no end")
    lags = {key[2]: value for key, value in samples.items() if key[0] == "waybill_file_lag_bytes"}
    assert len(lags) == 3 and lags[f'{work}/log/c\\"\ufffd.log'] == 6
    assert samples["waybill_files_unlisted"] == 1
    parts = [samples["waybill_partition_records_total", topic, str(n)] for n in range(6)]
    assert sum(parts) == samples["waybill_topic_records_total", topic] == 40
    assert samples["waybill_partition_in_flight", topic, "0"] == 0
    assert samples["process_resident_memory_bytes"] > 1 << 20
    wait_for(lambda: check(scrape(agent))["waybill_directories_watched"], 20, "a watched directory")
    promtool_takes(scrape(agent))
    check(scrape(agent, "--open-metrics"), open_metrics=True)
    agent.stop()


@pytest.mark.scenario("G02")
def test_held_files_are_told_by_what_they_wait_for(cluster, topic_name, work, make_agent):
    for name in ("a.log", "b.log"):
        (work / "log" / name).write_text("k=1 fine\n" * 100)
    agent = make_agent(cluster.bootstrap, topic_name).start()
    agent.wait_says("started:")
    held = ("waybill_files_held", "topic")
    wait_for(lambda: check(scrape(agent))[held] == 2, 20, "two files that wait for the topic")
    cluster.make_topic(topic_name)
    agent.counted(lines_delivered=200, checkpoints=2, deadline=60)
    samples = check(scrape(agent))
    assert samples[held] == 0 and samples["waybill_checkpoint_time_seconds_total"] > 0
    agent.stop()


@pytest.mark.scenario("G02")
def test_what_librdkafka_counts_of_brokers(cluster, topic, work, make_agent):
    """Each that leads a partition: how long its answers take, what waits to be sent; none of it unless the
    configuration asks for it."""
    (work / "log" / "a.log").write_text("k=1 fine\n" * 1000)
    agent = make_agent(cluster.bootstrap, topic, kafka={"statistics_interval_ms": 1000}).start()
    agent.counted(lines_delivered=1000)
    name = "waybill_broker_rtt_seconds"

    def counted():
        samples = check(scrape(agent))
        ids = [key[1] for key in samples if key[0] == name + "_count" and samples[key]]
        return ids and samples

    samples = wait_for(counted, 30, "an answer that was counted")
    ids = {key[1] for key in samples if key[0] == name + "_count"}
    assert {key[1] for key in samples if key[0] == "waybill_broker_connected"} == ids
    assert all(samples["waybill_broker_outbuf_records", one] == 0 for one in ids)
    assert all(samples["waybill_broker_throttle_seconds_total", one] == 0 for one in ids)
    assert sum(samples[name + "_sum", one] for one in ids) > 0
    quantiles = wait_for(
        lambda: {k: v for k, v in check(scrape(agent)).items() if k[0] == name}, 30, "quantiles"
    )
    for one in {key[1] for key in quantiles}:
        assert quantiles[name, one, "0.5"] <= quantiles[name, one, "0.99"] > 0
    promtool_takes(scrape(agent))
    check(scrape(agent, "--open-metrics"), open_metrics=True)
    agent.stop()
    agent = make_agent(cluster.bootstrap, topic, kafka={}).start()
    agent.wait_says("started:")
    wait_for(lambda: check(scrape(agent))["waybill_topic_ready", topic], 30, "a topic that is known")
    assert "waybill_broker_rtt_seconds_count{" not in scrape(agent)
    agent.stop()


@pytest.mark.scenario("G02")
def test_memory_and_time_of_patterns(cluster, topic, work, make_agent):
    """One line in 256 is timed; each pool says what it holds and what bounds it."""
    log = work / "log" / "a.log"
    log.write_text("k=1 fine\n" * 2000)
    agent = make_agent(cluster.bootstrap, topic).start()
    agent.counted(lines_delivered=2000)
    samples = check(scrape(agent))
    # More where a line is looked at again, since its record could not go.
    assert samples["waybill_source_pattern_seconds_count", "lines"] >= 8
    assert samples["waybill_source_pattern_seconds_sum", "lines"] > 0
    pools = {key[1] for key in samples if key[0] == "waybill_memory_bytes"}
    assert pools == {"chunks", "in_flight", "dead_letters", "files"}
    for pool in pools:
        assert samples["waybill_memory_bytes", pool] <= samples["waybill_memory_limit_bytes", pool]
    assert samples["waybill_memory_bytes", "files"] > 0
    assert samples["waybill_memory_limit_bytes", "chunks"] == samples["waybill_chunk_memory_limit_bytes"]
    agent.stop()


def quick_scrape(agent):
    """By the socket itself: a process for each of a thousand would take longer than what is scraped."""
    with socket.socket(socket.AF_UNIX) as connection, short_path(agent.state) as path:
        connection.settimeout(60)
        connection.connect(f"{path}/control")
        connection.sendall(b'{"version":1,"request":"metrics"}\n')
        text = ""
        with connection.makefile("rb") as lines:
            for line in lines:
                answer = json.loads(line)
                if answer["kind"] == "end":
                    return check(text)
                text += answer["text"]
    raise AssertionError("the agent has hung up")


@contextlib.contextmanager
def short_path(directory):
    """A name of a socket has at most 108 bytes."""
    fd = os.open(directory, os.O_PATH)
    try:
        yield f"/proc/self/fd/{fd}"
    finally:
        os.close(fd)


@pytest.mark.scenario("G01", "G02")
def test_a_thousand_scrapes_during_faults_add_up(broker, own_topic, work, make_agent):
    """A broker that is frozen and killed, lines that are refused, left out and sent again, a file that is
    truncated and one that is destroyed unread: no scrape has a line too many or too few."""
    logs = {name: work / "log" / f"{name}.log" for name in ("a", "b", "c")}
    one = {"parser": "order", "topic": own_topic, "key": "${k}"}
    sources = [
        {**one, "name": "a", "paths": [str(logs["a"])], "on_missing_key": "dead_letter"},
        {**one, "name": "b", "paths": [str(logs["b"])], "on_no_match": "skip"},
        {**one, "name": "c", "paths": [str(logs["c"])]},
    ]
    settings = config.settings(broker.bootstrap, sources, pattern=r"k=(?<k>\S+)$")
    for log in logs.values():
        log.write_text("k=first\n")
    agent = make_agent(text=config.render_settings(settings)).start()
    agent.counted(lines_delivered=3)
    before, seen = {}, set()

    def act(number):
        """What happens before this scrape."""
        for name, bad in (("a", "k="), ("b", "nothing"), ("c", "k=x")):
            with logs[name].open("a") as log:
                log.write("".join(f"k={n}\n" for n in range(20)))
                log.write(f"{bad}\n" if number % 10 == 0 else "")
        if number % 200 == 50:
            broker.freeze()
        elif number % 200 == 90:
            broker.thaw()
        elif number == 550:
            broker.kill()
        elif number == 600:
            broker.start()
        elif number == 700:
            os.truncate(logs["c"], 0)
        elif number == 800:
            logs["b"].unlink()

    for number in range(1000):
        act(number)
        holds, now = adds_up(quick_scrape(agent))
        assert holds, (number, now)
        falls = [key for key, value in now.items() if "_total" in str(key) and value < before.get(key, 0)]
        assert not falls, (number, falls)
        seen |= {name for name in ("in_flight", "lines_waiting") if now[f"waybill_{name}"]}
        before = now
    assert "in_flight" in seen
    assert before["waybill_lines_filtered_total"] and before["waybill_source_lines_dead_total", "a"]
    assert before["waybill_source_dead_letters_total", "a", "KEY_MISSING (on_missing_key)"] > 10
    wait_for(lambda: check(scrape(agent))["waybill_kafka_up"], 60, "brokers that answer")
    agent.stop()


@pytest.mark.scenario("G02")
def test_how_late_lines_are(broker, own_topic, work, make_agent):
    """While a broker is frozen the lag in seconds grows; what was late then is in the histogram."""
    log = work / "log" / "a.log"
    log.write_text("k=1\n")
    agent = make_agent(broker.bootstrap, own_topic).start()
    agent.counted(lines_delivered=1)
    assert check(scrape(agent))["waybill_source_lag_seconds", "lines"] == 0
    broker.freeze()
    try:
        with log.open("a") as file:
            file.write("k=2\n")
        lag = ("waybill_source_lag_seconds", "lines")
        wait_for(lambda: check(scrape(agent))[lag] > 2, 30, "a lag of two seconds")
    finally:
        broker.thaw()
    agent.counted(lines_delivered=2)
    samples = check(scrape(agent))
    late = samples["waybill_delivery_seconds_bucket", "+Inf"] - samples["waybill_delivery_seconds_bucket", "1.0"]
    # On a busy machine the first one may be late, too.
    assert late in (1, 2) and samples["waybill_delivery_seconds_count"] == 2
    assert samples["waybill_delivery_seconds_sum"] > 2
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


class OfSocket(http.client.HTTPConnection):
    def __init__(self, path):
        super().__init__("localhost", timeout=30)
        self.path = path

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(self.timeout)
        self.sock.connect(str(self.path))


def get_at(path, what):
    with contextlib.closing(OfSocket(path)) as connection:
        connection.request("GET", what)
        answer = connection.getresponse()
        return answer.status, answer.read().decode()


@pytest.mark.scenario("G02")
def test_http_at_a_socket(work, make_agent):
    """For its group only; what a dead agent left is replaced, and another program's is not. Where nothing
    moves /healthz says why."""
    (work / "log" / "a.log").write_text("k=1 fine\n" * 3)
    group = grp.getgrnam("adm") if os.geteuid() == 0 else grp.getgrgid(os.getegid())
    with tempfile.TemporaryDirectory() as directory:
        path = Path(directory) / "http"
        at = {"http_listen": str(path), "control_group": group.gr_name}
        agent = make_agent(NOWHERE, "orders", **at).start()
        agent.wait_says("no broker of kafka.bootstrap_servers")
        # Root may connect whatever the mode says.
        assert path.stat().st_mode & 0o7777 == 0o660 and path.stat().st_gid == group.gr_gid
        assert adds_up(check(get_at(path, "/metrics")[1]))[0]
        assert get_at(path, "/healthz") == (200, "no broker answers\n")
        assert get_at(path, "/readyz") == (503, "no broker answers\n")
        agent.kill()
        assert path.exists()
        agent.start()
        agent.wait_says("started:")
        assert get_at(path, "/readyz")[0] == 503
        agent.stop()
        assert not path.exists()
        with socket.socket(socket.AF_UNIX) as others:
            others.bind(str(path))
            others.listen()
            agent.start()
            agent.wait_says("http_listen: cannot listen at", "(Address already in use)")
            agent.stop()
            assert path.exists()


@pytest.mark.scenario("F05")
def test_an_outage_is_no_ill_health(work, make_agent):
    """Files that wait are tried again and again, and while they were in the queue for that /healthz said that
    they could be read: an orchestrator would have killed it for an outage of the brokers."""
    for number in range(3000):
        (work / "log" / f"{number}.log").write_text("k=1 fine\n")
    port = free_port()
    agent = make_agent(NOWHERE, "orders", http_listen=f"127.0.0.1:{port}").start()
    agent.wait_says("no broker of kafka.bootstrap_servers")
    wait_for(lambda: check(scrape(agent))["waybill_uptime_seconds"] > 13, 40, "an outage of 10 s and more")
    now = begin = check(scrape(agent))["waybill_uptime_seconds"]
    while now < begin + 3:
        assert [get(port, "/healthz")[::2] for _ in range(20)] == [(200, "no broker answers\n")] * 20
        now = check(scrape(agent))["waybill_uptime_seconds"]
    agent.stop()

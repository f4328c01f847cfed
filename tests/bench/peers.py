# SPDX-License-Identifier: Apache-2.0
"""`make bench-peers`: rsyslog and syslog-ng as the distribution ships them, beside waybill.

The same file to the same real Kafka, with the safest settings that each documents: rsyslog with a
disk-assisted queue that is saved, endless retries, failed messages kept; syslog-ng with its reliable
disk buffer. Both get an idempotent lz4 producer and a key by a pattern. Neither of these versions can
set a header from a field, so theirs have none: that is in their favour. They do not end with the
file, so the clock stops when the topic holds every line, or when nothing more comes for 30 s.
"""

import os
import subprocess
import time

from confluent_kafka import Consumer, KafkaException, TopicPartition
from rig.kafka import Broker
from rig.process import peak_rss_kib, spawn
from stage import BENCH, LINE_BYTES, PARTITIONS, Real, cpu_ns, flood, make_lines, ship
from table import Table

LINES = int(os.environ.get("BENCH_LINES", 500000))
QUIET = 30
ROOT = BENCH / "peers" / "root"

RSYSLOG = """
global(workDirectory="{dir}")
module(load="imfile" mode="inotify")
module(load="omkafka")
template(name="value" type="string" string="%msg%")
template(name="key" type="string" string="%msg:R,ERE,1,BLANK:order=([^ ]+)--end%")
input(type="imfile" file="{file}" tag="bench" ruleset="kafka" persistStateInterval="1000"
      reopenOnTruncate="on")
ruleset(name="kafka" queue.type="LinkedList" queue.filename="bench" queue.saveOnShutdown="on"
        queue.size="100000" queue.maxDiskSpace="2g") {{
  action(type="omkafka" broker=["{bootstrap}"] topic="{topic}" template="value"
         dynaKey="on" key="key" partitions.auto="on" action.resumeRetryCount="-1"
         resubmitOnFailure="on" keepFailedMessages="on" failedMsgFile="{dir}/failed"
         confParam=["enable.idempotence=true", "compression.codec=lz4", "acks=all", "linger.ms=20",
                    "message.timeout.ms=0", "queue.buffering.max.messages=100000"])
}}
"""

SYSLOG_NG = """
@version: 3.38
options {{ stats-freq(0); keep-hostname(yes); use-dns(no); }};
source s {{ file("{file}" flags(no-parse) follow-freq(0.1) log-iw-size(100000)); }};
parser p {{ regexp-parser(patterns("order=(?<order_id>[^ ]+)") prefix(".b.") template("$MSG")); }};
destination d {{
  kafka-c(bootstrap-servers("{bootstrap}") topic("{topic}") key("${{.b.order_id}}") message("$MSG")
    config(enable.idempotence("true") compression.codec("lz4") acks("all") linger.ms("20"))
    disk-buffer(reliable(yes) disk-buf-size(1073741824) mem-buf-size(16777216)));
}};
log {{ source(s); parser(p); destination(d); flags(flow-control); }};
"""


def rsyslog(directory, config):
    modules = next(ROOT.glob("usr/lib/*/rsyslog"))
    return [ROOT / "usr/sbin/rsyslogd", "-n", "-M", modules, "-f", config, "-i", directory / "pid"]


def syslog_ng(directory, config):
    library = ROOT / "usr/lib/syslog-ng"
    where = [f"--{name}={directory}/{name}" for name in ("persist-file", "pidfile", "control")]
    return ["env", f"LD_LIBRARY_PATH={library}", ROOT / "usr/sbin/syslog-ng", "-F", "--no-caps",
            f"--module-path={next(library.glob('3*'))}", "-f", config, *where]


PEERS = {"rsyslog": (RSYSLOG, rsyslog), "syslog-ng": (SYSLOG_NG, syslog_ng)}


class Topic:
    """How many records it holds."""

    def __init__(self, bootstrap, name):
        self.parts = [TopicPartition(name, number) for number in range(PARTITIONS)]
        self.consumer = Consumer(
            {"bootstrap.servers": bootstrap, "group.id": "bench", "log_level": 2}
        )

    def records(self):
        try:
            return sum(self.consumer.get_watermark_offsets(part, 10)[1] for part in self.parts)
        except KafkaException:  # its leaders are not yet known everywhere
            return 0


def run_peer(name, lines, kafka):
    """(records, seconds until the last one came, CPU-seconds, peak RSS MiB)."""
    text, command = PEERS[name]
    directory = BENCH / name
    subprocess.run(["rm", "-rf", directory], check=True)
    directory.mkdir(parents=True)
    topic_name = kafka.topic()
    config = directory / "conf"
    config.write_text(
        text.format(dir=directory, file=lines, bootstrap=kafka.bootstrap, topic=topic_name)
    )
    topic = Topic(kafka.bootstrap, topic_name)
    begin = last = time.monotonic()
    records, cpu = 0, 0
    process = spawn(command(directory, config), directory / "output", cwd=directory)
    try:
        while records < LINES and time.monotonic() - last < QUIET:
            assert process.poll() is None, (directory / "output").read_text()[-3000:]
            time.sleep(0.1)
            now = topic.records()
            if now != records:
                records, last, cpu = now, time.monotonic(), cpu_ns(process.pid) / 1e9
        peak = peak_rss_kib(process.pid) / 1024
    finally:
        process.kill()
        process.wait()
    kafka.drop(topic_name)
    return records, last - begin, cpu, peak


def main():
    BENCH.mkdir(parents=True, exist_ok=True)
    lines = make_lines(BENCH / "peers.log", LINES)
    table = Table(BENCH / "peers.md", ("what", "lines in Kafka", "1000 lines/s", "CPU-s/GB", "peak RSS MiB"))
    broker = Broker("bench-broker")
    broker.format()
    broker.start()
    kafka = Real(broker)
    try:
        for name in PEERS:
            records, seconds, cpu, peak = run_peer(name, lines, kafka)
            gb = max(records, 1) * LINE_BYTES / 1e9
            table.row(name, str(records), records / seconds / 1000 if seconds else 0, cpu / gb, peak)
        for name, side, more in (("waybill", ship, (LINES,)), ("bare loop", flood, ())):
            run = side(lines, *more, kafka.bootstrap, kafka.topic())
            table.row(name, str(run.lines), run.lines_a_second / 1000, run.cpu_a_gb, run.rss_kib / 1024 or None)
    finally:
        broker.stop()
        table.finish(f"One run of {LINES} lines each to a real Kafka.")


if __name__ == "__main__":
    main()

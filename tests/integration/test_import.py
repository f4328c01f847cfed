# SPDX-License-Identifier: Apache-2.0
"""waybill import: configurations of other agents become ones that load, and what is not taken is told."""

import json
import subprocess

import pytest
from rig.agent import EX_DATAERR, EX_NOINPUT, EX_OK, EX_USAGE
from rig.paths import WAYBILL

FILEBEAT = r"""
# the inputs
filebeat.inputs:
- type: log
  id: orders   # a name
  paths:
    - /var/log/orders/*.log
    - "/var/log/a # b.log"
  fields: {log_topic: orders, env: 'it''s'}
  include_lines: ['^ERR', "^W\\d"]
  exclude_lines:
  - 'health'
  ignore_older: 24h
  close_inactive: 5m
  exclude_files: ['\.gz$', '^/var/log/orders/a']
  multiline.pattern: '^\s'
  multiline.match: after
  multiline.max_lines: 20
- type: filestream
  enabled: false
  paths: [/never]
- type: container
  paths:
  - /var/log/containers/*.log
  parsers:
    - ndjson:
        target: ""
  tail_files: true
processors:
  - drop_event.when.equals.level: debug
output:
  kafka:
    hosts: ["k1:9092", 'k2:9092']
    topic: '%{[fields.log_topic]}'
    key: '%{[host.name]}-%{+yyyy.MM.dd}'
    compression: gzip
    password: "geheim"
"""

FLUENT_BIT = r"""
[SERVICE]
    Flush 1
[INPUT]
    Name tail
    Path /var/log/a.log, /var/log/b.log
    Parser docker
    Tag  app
[FILTER]
    Name  grep
    Match *
    Regex log ^ERR
[OUTPUT]
    Name    kafka
    Brokers k1:9092
    Topics  logs
    rdkafka.compression.type zstd
    rdkafka.sasl.password geheim
"""


def run(*words, stdin=None):
    done = subprocess.run(
        [WAYBILL, *map(str, words)], input=stdin, capture_output=True, text=True, timeout=60
    )
    return done.returncode, done.stdout, done.stderr


@pytest.fixture
def imported(tmp_path):
    """imported(format, text): the path of what it became, and the text."""

    def go(form, text, name="theirs"):
        theirs, ours = tmp_path / name, tmp_path / "waybill.conf"
        theirs.write_text(text)
        status, out, err = run("import", form, theirs)
        assert (status, err) == (EX_OK, "")
        assert "geheim" not in out
        ours.write_text(out.replace("file:/etc/waybill/kafka.password", f"file:{theirs}"))
        status, out, err = run("check", "--configuration", "--quiet", "--config", ours)
        assert "error" not in out + err, out + err
        return ours, ours.read_text()

    return go


def values(conf, source, line):
    status, out, _ = run("preview", "--json", "--config", conf, "--source", source, "-", stdin=line)
    assert status == EX_OK
    return [json.loads(record) for record in out.splitlines()]


def test_filebeat(imported):
    conf, text = imported("filebeat", FILEBEAT)
    assert 'bootstrap_servers = "k1:9092,k2:9092";' in text
    assert 'compression_type = "gzip";' in text
    assert '"/var/log/a # b.log"' in text and "/never" not in text
    assert "#   line 14: filebeat.inputs[0].close_inactive: 5m\n#     not needed" in text
    assert "processors[0].drop_event.when.equals.level: debug" in text
    assert 'exclude = [ "*.gz" ];' in text and "exclude_files[1]: ^/var/log/orders/a" in text
    (record,) = values(conf, "orders", "ERR a\n b\n")
    assert json.loads(record["value"])["message"] == "ERR a\n b"
    lines = "ERR a\nW1 health\nINFO\n"
    records = values(conf, "orders", lines)
    assert [record["topic"] for record in records] == ["orders", None, None]
    value = json.loads(records[0]["value"])
    assert value["message"] == "ERR a" and value["log"]["offset"] == 0
    assert value["fields"] == {"log_topic": "orders", "env": "it's"}
    (record,) = values(conf, "input-3", '2026-01-01T00:00:00Z stdout F {"a":1}\n')
    value = json.loads(record["value"])
    assert value["a"] == 1 and value["log"]["offset"] == 0


def test_fluent_bit(imported):
    conf, text = imported("fluent-bit", FLUENT_BIT)
    assert 'paths = [ "/var/log/a.log", "/var/log/b.log" ];' in text
    assert 'compression_type = "zstd";' in text
    assert "rdkafka.sasl.password: ***" in text and "service[0].flush: 1" in text
    records = values(conf, "app", "ERR a\nINFO\n")
    assert [record["topic"] for record in records] == ["logs", None]
    assert json.loads(records[0]["value"])["log"] == "ERR a"


def test_what_is_none(tmp_path):
    empty = tmp_path / "empty"
    empty.write_text("a: b\n")
    assert run("import", "filebeat", empty)[0] == EX_DATAERR
    assert run("import", "fluent-bit", empty)[0] == EX_DATAERR
    assert run("import", "vector", empty)[0] == EX_DATAERR
    assert run("import", "nxlog", empty)[0] == EX_USAGE
    assert run("import", "filebeat", tmp_path / "gone")[0] == EX_NOINPUT


VECTOR_TOML = r"""
data_dir = "/var/lib/vector"
[sources.app]   # files
type = "file"
include = [
  "/var/log/app/*.log", # one
  '/var/log/"b".log',
]
exclude = ["*.gz"]
read_from = "end"
ignore_older_secs = 600
[sources.app.multiline]
start_pattern = '^\S'
mode = "continue_through"
condition_pattern = "^\\s"
timeout_ms = 1000
[transforms.parse]
type = "remap"
inputs = ["app"]
[sinks.out]
type = "kafka"
inputs = ["parse"]
bootstrap_servers = "k1:9092,k2:9092"
topic = "logs"
compression = "zstd"
encoding.codec = "text"
[sinks.out.sasl]
username = "me"
password = "geheim"
mechanism = "PLAIN"
"""

VECTOR_YAML = """
sources:
  other: {type: journald}
  app:
    type: file
    include: [/var/log/app.log]
    max_line_bytes: 100000
    multiline: {mode: halt_before, start_pattern: '^[A-Z]', condition_pattern: '^[A-Z]', timeout_ms: 500}
sinks:
  out:
    type: kafka
    bootstrap_servers: k1:9092
    topic: "logs-{{ host.name }}"
    encoding: {codec: json}
    tls: {enabled: true, ca_file: /etc/hosts}
"""


def test_vector(imported, tmp_path):
    conf, text = imported("vector", VECTOR_TOML, "vector.toml")
    assert 'paths = [ "/var/log/app/*.log", "/var/log/\\"b\\".log" ];' in text
    assert 'compression_type = "zstd";' in text and 'security_protocol = "sasl_plaintext";' in text
    assert "transforms.parse.type: remap" in text and 'ignore_older = "600s";' in text
    (record,) = values(conf, "app", "ERR a\n b\n")
    assert (record["topic"], record["value"]) == ("logs", "ERR a\n b")


def test_vector_in_yaml(imported):
    conf, text = imported("vector", VECTOR_YAML)
    assert 'topic = "logs-${host.name}";' in text and 'max_line = "100000B";' in text
    assert 'security_protocol = "ssl";' in text and "sources.other.type: journald" in text
    records = values(conf, "app", "A\nb\nC\n")
    assert [json.loads(record["value"])["message"] for record in records] == ["A\nb", "C"]


RSYSLOG = r"""
module(load="imfile") # files
$MaxMessageSize 64k
template(name="line" type="string" string="%hostname% %syslogtag%%msg%\n")
/* input(type="imfile" File="/never") */
input(type="imfile"
      File="/var/log/app/*.log" Tag="app:"
      startmsg.regex="^[[:digit:]]{4}" readTimeout="2"
      freshStartTail="on" Severity="info")
ruleset(name="x") {
  if $msg contains "a" then {
    action(type="omkafka" topic="logs" broker=["k1:9092", "k2:9092"] template="line"
           confParam=["compression.codec=lz4", "sasl.password=geheim"] key="k")
  }
}
"""


def test_rsyslog(imported):
    conf, text = imported("rsyslog", RSYSLOG)
    assert 'bootstrap_servers = "k1:9092,k2:9092";' in text and 'compression_type = "lz4";' in text
    assert 'flush_after = "2s";' in text and 'start_at = "end";' in text
    assert "legacy[0]: $MaxMessageSize 64k" in text and "input[0].severity: info" in text
    assert "/never" not in text
    records = values(conf, "input-1", "2026 a\n b\n2027 c\n")
    assert [record["topic"] for record in records] == ["logs", "logs"]
    assert records[0]["value"].endswith(" app:2026 a\n b") and records[0]["key"] == "k"


LOGSTASH = r"""
# access logs and an application
input {
  file {
    path => ["/var/log/nginx/access.log", "/var/log/nginx/*access.log"]
    exclude => "*.gz"
    type => "nginx"
    start_position => "beginning"
    sincedb_path => "/dev/null"
    add_field => { "env" => "prod" }
  }
  file {
    path => "/var/log/app/*.log"
    type => "app"
    ignore_older => 86400
    codec => multiline {
      pattern => "^%{TIMESTAMP_ISO8601} "
      negate => true
      what => "previous"
      auto_flush_interval => 2
    }
  }
  beats { port => 5044 }
}
filter {
  if [type] == "nginx" {
    grok {
      match => { "message" => "^%{COMBINEDAPACHELOG}" }
      remove_field => ["message"]
    }
    date { match => [ "timestamp", "dd/MMM/yyyy:HH:mm:ss Z" ] }
    geoip { source => "clientip" }
    mutate { convert => { "bytes" => "integer" "response" => "integer" }
             rename => { "clientip" => "[client][ip]" } }
    if [request] =~ /^\/health/ { drop {} }
  } else if [type] == "app" {
    mutate { add_tag => ["x"] }
  }
  if [type] == "app" {
    grok {
      match => { "message" => [ "^%{TIMESTAMP_ISO8601:ts} %{LOGLEVEL:level} %{ORDER:order} %{GREEDYDATA:message}",
                                "^%{TIMESTAMP_ISO8601:ts} %{LOGLEVEL:level} %{GREEDYDATA:message}" ] }
      overwrite => [ "message" ]
      pattern_definitions => { "ORDER" => "[A-Z]-\d+" }
    }
    date { match => [ "ts", "ISO8601", "yyyy-MM-dd HH:mm:ss,SSS" ] timezone => "Europe/Berlin" }
    mutate { lowercase => [ "level" ]
             gsub => [ "message", "(password=)\S+", "\1***" ] }
    if [level] in ["debug", "trace"] { drop { } }
  }
}
output {
  if [type] == "x" { elasticsearch { hosts => ["es:9200"] password => "geheim" } }
  kafka {
    bootstrap_servers => "k1:9092,k2:9092"
    topic_id => "logs-%{type}"
    codec => json
    compression_type => "lz4"
    message_key => "%{[host][name]}"
    message_headers => { "from" => "logstash" }
    acks => "all"
    security_protocol => "SASL_SSL"
    sasl_mechanism => "SCRAM-SHA-512"
    sasl_jaas_config => "o.a.k.ScramLoginModule required username='me' password='geheim';"
    ssl_truststore_password => "geheim"
  }
}
"""


def test_logstash(imported):
    conf, text = imported("logstash", LOGSTASH)
    assert 'bootstrap_servers = "k1:9092,k2:9092";' in text and 'compression_type = "lz4";' in text
    assert 'security_protocol = "sasl_ssl";' in text and 'sasl_username = "me";' in text
    for line in ("filter[2].geoip: ", "input[2].beats.port: 5044", "mutate.add_tag[0]: x", "sincedb_path"):
        assert line in text.split("What has no equal")[1]
    line = '10.0.0.7 - - [21/Nov/2026:15:11:55 +0000] "GET {} HTTP/1.1" 200 17 "-" "curl"\n'
    good, health = values(conf, "nginx", line.format("/a") + line.format("/health"))
    assert (good["topic"], good["timestamp"], health["topic"]) == ("logs-nginx", 1795273915000, None)
    assert good["headers"] == [{"name": "from", "value": "logstash"}]
    value = json.loads(good["value"])
    assert (value["client_ip"], value["response"], value["bytes"]) == ("10.0.0.7", 200, 17)
    assert (value["type"], value["env"], value["@timestamp"]) == ("nginx", "prod", "2026-11-21T15:11:55.000Z")
    assert not {"message", "clientip"} & set(value)
    lines = "2026-11-21 16:11:55,605 ERROR A-17 no password=x\n\tat a.b\n2026-11-21T16:11:56 DEBUG y\n"
    error, debug = values(conf, "app", lines)
    assert (error["timestamp"], debug["topic"]) == (1795273915605, None)
    value = json.loads(error["value"])
    assert (value["level"], value["order"], value["message"]) == ("error", "A-17", "no password=***")


LOGSTASH_KINDS = """
input {
  file { id => "json" path => "/var/log/a/*.json" codec => "json" start_position => "beginning" }
  file { path => "/var/log/kv.log" type => "kv" }
  file { path => "/var/log/csv.log" type => "csv" codec => plain { charset => "ISO-8859-1" } }
}
input {
  file { path => "/var/log/next.log" type => "next"
         codec => multiline { pattern => "\\\\$" what => "next" } }
}
filter {
  if [type] == "kv" {
    kv { }
    mutate { add_field => { "who" => "%{user} on %{[host][name]} ${NO_SUCH_NAME:test}" } }
    drop { percentage => 50 }
  }
  if [type] == "csv" {
    csv { separator => ";" columns => ["at", "b", "c"] }
    date { match => ["at", "UNIX_MS"] }
  }
  if [type] == "json" or [level] != "ERROR" { drop {} }
  ruby { code => "event.set('x', 1)" }
  kv { source => "query" field_split => "&" }
}
output {
  kafka { topic_id => "t" codec => line { format => "%{message}" } acks => "1" }
  stdout { codec => rubydebug }
}
"""


def test_logstash_kinds(imported):
    conf, text = imported("logstash", LOGSTASH_KINDS)
    rest = text.split("What has no equal")[1]
    for line in ('filter[5].if: [type] == "json" or', "filter[6].ruby.code", "filter[7].kv: ", "stdout.codec"):
        assert line in rest, rest
    assert 'action = "sample"; one_in = 2;' in text and "# acks = 1" in text
    assert 'value = "${user} on ${host.name} ${env:NO_SUCH_NAME:-test}";' in text
    (record,) = values(conf, "json", '{"a":1}\n')
    assert (record["topic"], record["value"], record["matched"]) == ("t", '{"a":1}', True)
    (record,) = values(conf, "csv", "1795273915605;x;y\n")
    assert record["timestamp"] == 1795273915605
    assert [record["value"] for record in values(conf, "next", "a\\\nb\nc\n")] == ["a\\\nb", "c"]


def test_logstash_without_codec(imported):
    """What Logstash writes then is no object, but a line of time, host and message."""
    conf, text = imported("logstash", 'input { file { path => "/a" } } output { kafka { topic_id => t } }')
    (record,) = values(conf, "input-1", "hello\n")
    assert record["topic"] == "t" and record["value"].endswith(" hello")


def test_the_environment_is_taken(imported, monkeypatch):
    monkeypatch.setenv("WB_KAFKA", "k1:9092")
    text = """
filebeat.inputs:
- type: filestream
  id: a
  paths: ["${LOG_DIR:/var/log}/a.log"]
  fields: {team: x}
  fields_under_root: true
output.kafka: {hosts: ["${WB_KAFKA}"], topic: "logs-%{[team]}-${WB_STAGE:dev}"}
"""
    conf, text = imported("filebeat", text)
    assert 'bootstrap_servers = "${env:WB_KAFKA}";' in text and "${env:LOG_DIR:-/var/log}/a.log" in text
    (record,) = values(conf, "a", "x\n")
    assert record["topic"] == "logs-x-dev"


@pytest.mark.parametrize(
    ("form", "text"),
    (
        ("filebeat", FILEBEAT.replace("compression:", "max_message_bytes: 1000000\n    compression:")),
        ("fluent-bit", FLUENT_BIT + "    rdkafka.queue.buffering.max.messages 10\n    rdkafka.request.required.acks 1\n"),
        ("vector", VECTOR_TOML + '[sinks.out.librdkafka_options]\n"linger.ms" = "5"\n"client.id" = "v"\n'),
        ("rsyslog", RSYSLOG.replace('"compression', '"queue.buffering.max.messages=400000", "compression')),
    ),
)
def test_what_waybill_keeps_for_itself_is_a_remark(imported, form, text):
    """It would be refused: the fixture checks that it is not."""
    _, text = imported(form, text, "theirs.toml" if "sinks.out" in text else "theirs")
    assert any(f"  # {name} = " in text for name in ("message_max_bytes", "queue_buffering_max_messages", "linger_ms"))
    assert form != "vector" or 'client_id = "v";' in text


FLUENT_BIT_PODS = """
[INPUT]
    Name tail
    Tag kube.*
    Path /var/log/containers/*.log
    multiline.parser docker, cri
    Read_from_Head true
[FILTER]
    Name kubernetes
    Match kube.*
[OUTPUT]
    Name kafka
    Brokers k1:9092
    Topics pods
"""

FLUENT_BIT_YAML = """
service: {flush: 1}
pipeline:
  inputs:
    - name: tail
      Tag: kube.*
      path: /var/log/containers/*.log
      multiline.parser: docker, cri
      read_from_head: true
  filters:
    - name: kubernetes
      match: kube.*
  outputs:
    - name: kafka
      match: '*'
      brokers: k1:9092
      topics: pods
"""

VECTOR_PODS = """
sources: {pods: {type: kubernetes_logs}}
sinks:
  out: {type: kafka, inputs: [pods], bootstrap_servers: k1:9092, topic: "pods", key_field: kubernetes.pod_name, encoding: {codec: json}}
"""


@pytest.mark.parametrize(
    ("form", "text", "message", "pod"),
    (
        ("fluent-bit", FLUENT_BIT_PODS, "log", "pod_name"),
        ("fluent-bit", FLUENT_BIT_YAML, "log", "pod_name"),
        ("vector", VECTOR_PODS, "message", "pod_name"),
    ),
)
def test_logs_of_containers(imported, tmp_path, form, text, message, pod):
    conf, _ = imported(form, text, "theirs.yaml" if "pipeline:" in text else "theirs")
    if form == "vector":
        path = tmp_path / "pods" / "shop_web_0f3c9d1e4a5b4c6d8e7f901234567890" / "ui" / "0.log"
        conf.write_text(conf.read_text().replace("/var/log/pods", str(tmp_path / "pods")))
    else:
        path = tmp_path / "containers" / ("web_shop_ui-" + "0f" * 32 + ".log")
        conf.write_text(conf.read_text().replace("/var/log/containers", str(tmp_path / "containers")))
    path.parent.mkdir(parents=True)
    path.write_text("2026-11-21T15:11:55Z stdout P one \n2026-11-21T15:11:55Z stdout F line\n")
    status, out, _ = run("preview", "--json", "--config", conf, path)
    assert status == EX_OK
    value = json.loads(json.loads(out.splitlines()[0])["value"])
    assert value[message] == "one line"
    assert (value["kubernetes"][pod], value["kubernetes"]["container_name"]) == ("web", "ui")


def test_members_and_topics_by_a_field(imported):
    text = FLUENT_BIT.replace("Parser docker", "Parser json").replace("Topics  logs", "Topics logs,errors\n    Topic_Key level")
    conf, _ = imported("fluent-bit", text.replace("Regex log ^ERR", "Regex level ."))
    records = values(conf, "app", '{"level":"errors","n":1}\n{"level":"info"}\n')
    assert [record["topic"] for record in records] == ["errors", "logs"]
    value = json.loads(records[0]["value"])
    assert (value["level"], value["n"]) == ("errors", 1) and "log" not in value


def test_a_condition_of_rsyslog_is_told(imported):
    _, text = imported("rsyslog", RSYSLOG)
    assert 'condition[0].if: $msg contains "a" then' in text

# SPDX-License-Identifier: Apache-2.0
"""100,000 keys go where Kafka's own Java client sends them. java/Partitions.java makes them up and
asks the client; preview, which has run's whole way of a line, has to agree on each. Needs no Kafka."""

import json
import random
import subprocess
from collections import defaultdict

import pytest
from rig.config import render_settings
from rig.paths import KAFKA_LIB, ROOT, WAYBILL

PROGRAM = ROOT / "tests" / "integration" / "java" / "Partitions.java"
COUNT = 100000
RULES = {"rules": [{"prefix": "vip-", "partitions": [0]}]}
PARTITIONERS = {"default": {}, "priority": RULES}


@pytest.fixture(scope="module")
def golden():
    """(type, n) → [(key, serialised, partition by default, by the priority partitioner)]."""
    seed = random.randrange(2**31)
    print("seed", seed)
    # Run from its source: the launcher compiles it.
    command = ["java", "-cp", f"{KAFKA_LIB}/*", PROGRAM, COUNT, seed]
    done = subprocess.run([str(part) for part in command], capture_output=True, timeout=120)
    assert done.returncode == 0, done.stderr.decode()
    found = defaultdict(list)
    for line in done.stdout.decode().splitlines():
        kind, n, key, serialised, default, priority = line.split("\t")
        expected = {"default": int(default), "priority": None if priority == "-" else int(priority)}
        found[kind, int(n)].append((key, bytes.fromhex(serialised), expected))
    assert sum(map(len, found.values())) == COUNT
    assert {n for _, n in found} == set(range(1, 49))
    return found


def configure(path):
    """A source of each type of key with each partitioner: the line is the key."""
    sources = [
        {
            "name": f"{kind}-{name}",
            "paths": [f"/var/log/{kind}-{name}.log"],
            "topic": f"{kind}-{name}",
            "key": "${line}",
            "key_type": kind,
            "partitioner": partitioner,
        }
        for kind in ("string", "int32", "int64", "uuid")
        for name, partitioner in PARTITIONERS.items()
    ]
    kafka = {"bootstrap_servers": "no.such.host.invalid:9092"}
    path.write_text(render_settings({"kafka": kafka, "sources": sources}))


@pytest.mark.parametrize("name", PARTITIONERS)
@pytest.mark.scenario("E23")
def test_as_java(work, golden, name):
    conf = work / "waybill.conf"
    configure(conf)
    agreed = 0
    for (kind, n), keys in golden.items():
        command = [WAYBILL, "preview", "--config", conf, "--source", f"{kind}-{name}"]
        command += ["--json", "--partitions", str(n)]
        lines = "".join(key + "\n" for key, _, _ in keys).encode()
        done = subprocess.run(command, input=lines, capture_output=True, timeout=60)
        assert done.returncode == 0, done.stderr.decode()
        shown = [json.loads(line) for line in done.stdout.splitlines()]
        assert len(shown) == len(keys)
        for record, (key, _, expected) in zip(shown, keys):
            assert record["key"] == key
            assert record["partition"] == expected[name], (kind, n, key)
            agreed += 1
    assert agreed == COUNT

# SPDX-License-Identifier: Apache-2.0
"""Messages as machines read them: an object a line, or fields of the journal."""

import json
import os
import re
import socket
import uuid

import pytest
from rig import config
from rig.rights import ROOT
from rig.wait import wait_for

# Of a FIFO, which is told: nothing of it does anything, or is a line of its own.
ODD = 'a\n"b\\.log'


def agent_of(make_agent, bootstrap, topic, work, log_format):
    os.mkfifo(work / "log" / ODD)
    one = {"name": "web", "paths": [str(work / "log" / "*.log")], "topic": topic}
    settings = config.settings(bootstrap, [one], log_format=log_format)
    settings["kafka"]["enable_idempotence"] = False  # is doubtful
    return make_agent(text=config.render_settings(settings))


@pytest.mark.scenario("G03")
def test_an_object_a_line(cluster, topic, work, make_agent):
    agent = agent_of(make_agent, cluster.bootstrap, topic, work, "json")
    agent.start()
    agent.wait_says("file-is-fifo")
    agent.wait_says("durability")
    agent.stop()
    said = [json.loads(line) for line in agent.messages().splitlines()]
    assert all(one.keys() >= {"time", "level", "id", "message"} for one in said)
    assert all(re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", one["time"]) for one in said)
    odd = next(one for one in said if one["id"] == "file-is-fifo")
    assert odd["source"] == "web" and odd["level"] == "warning"
    assert 'a\\x0a"b\\.log' in odd["message"]
    assert any(one["id"] == "configuration-doubtful" and one["level"] == "warning" for one in said)
    assert {"started", "stopping", "counters"} <= {one["id"] for one in said}
    assert any(one["id"] == "durability" and one["topic"] == topic for one in said)


@pytest.mark.scenario("G03")
def test_fields_of_the_journal(cluster, topic, work, make_agent):
    """Its socket is the test's, in a mount of the agent's own."""
    agent = agent_of(make_agent, cluster.bootstrap, topic, work, "auto")
    place = work / "journal"
    place.mkdir()
    agent.stderr.touch()
    stderr = agent.stderr.stat()
    agent.env = {**os.environ, "JOURNAL_STREAM": f"{stderr.st_dev}:{stderr.st_ino}"}
    mount = (
        "mount -t tmpfs run /run && mkdir -p /run/systemd/journal && "
        'mount --bind "$0" /run/systemd/journal && exec "$@"'
    )
    agent.prefix = ["unshare", "-m" if ROOT else "-rm", "sh", "-c", mount, place]
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as journal:
        journal.bind(str(place / "socket"))
        journal.setblocking(False)
        entries = []

        def said(name):
            try:
                while True:
                    lines = journal.recv(1 << 16).decode().splitlines()
                    entries.append(dict(line.split("=", 1) for line in lines))
            except BlockingIOError:
                return next((one for one in entries if one["WAYBILL_MESSAGE"] == name), None)

        agent.start()
        odd = wait_for(lambda: said("file-is-fifo"), 30, lambda: entries)
        durable = wait_for(lambda: said("durability"), 30, lambda: entries)
        agent.stop()
        assert said("stopping")
    assert odd["WAYBILL_SOURCE"] == "web" and odd["PRIORITY"] == "4"
    assert 'a\\x0a"b\\.log: a FIFO' in odd["MESSAGE"]
    assert odd["SYSLOG_IDENTIFIER"] == "waybill"
    assert durable["WAYBILL_TOPIC"] == topic
    for one in entries:
        name = one["WAYBILL_MESSAGE"]
        assert one["MESSAGE_ID"] == uuid.uuid5(uuid.NAMESPACE_URL, f"waybill:{name}").hex, name
    assert not agent.messages()

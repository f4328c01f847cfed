# SPDX-License-Identifier: Apache-2.0
"""A partition stands still while others go on: what status and top tell who is called for it."""

import json
import re
import subprocess

import pytest
from rig import config
from rig.wait import wait_for

# Not of the wait for who has three brokers already.
pytestmark = pytest.mark.timeout(600, func_only=True)


def status(agent, *words):
    where = ["--config", agent.config, "--state-dir", agent.state]
    done = subprocess.run([agent.program, "status", *where, *words], capture_output=True, text=True, check=False)
    assert done.returncode == 0 and not done.stderr, done.stderr
    lines = done.stdout.splitlines()
    assert "--json" in words or all(len(line) <= 80 for line in lines if "/" not in line), done.stdout
    return done.stdout


def told(agent, *words, about=()):
    """Until status says all of these, wherever its lines are broken."""
    said = lambda: " ".join(status(agent, *about).split())  # noqa: E731
    return wait_for(lambda: all(word in said() for word in words) and said(), 60, lambda: f"{words} in {said()}")


def partition_of(agent, topic, number):
    lines = [json.loads(line) for line in status(agent, "--json", f"{topic}:{number}").splitlines()]
    found = [line for line in lines if line["kind"] == "partition"]
    assert [line["partition"] for line in found] == [number]
    return found[0], [line["path"] for line in lines if line["kind"] == "file"]


@pytest.mark.scenario("G02", "G03", "E22")
def test_which_partition_since_when_what_waits_and_what_to_do(three, topic_name, work, make_agent, open_top):
    """A broker is frozen: one topic has no replica elsewhere, another wants all of its three."""
    three.mend()
    alone = three.make_topic(f"a-{topic_name[-20:]}", 3, replicas=1)
    strict = three.make_topic(f"s-{topic_name[-20:]}", 1, replicas=3, min_insync_replicas=3)
    leaders = three.leaders(alone)
    gone = next(n for n in leaders if leaders[n] != 1)
    lives = next(n for n in leaders if leaders[n] not in (leaders[gone],))
    names = {"gone": (alone, gone), "lives": (alone, lives), "strict": (strict, 0)}
    paths = {name: work / "log" / f"{name}.log" for name in names}
    sources = [
        config.source(topic, [paths[name]], name=f"source-{name}", partition=f"{number}")
        for name, (topic, number) in names.items()
    ]
    agent = make_agent(text=config.render_settings(config.settings(three.bootstrap, sources)))

    def write(name, n):
        with open(paths[name], "a", encoding="ascii") as file:
            file.write("".join(f"t INFO order=o{i} cid=c{i} x\n" for i in range(n)))

    for name in names:
        write(name, 10)
    agent.start()
    agent.counted(lines_delivered=30)
    # The state of one that is asked about is told when all is well, too.
    told(agent, f"topic {alone} partition {gone}: 0 records in flight, broker {leaders[gone]} leads it, 1 in sync",
         about=[f"{alone}:{gone}"])
    assert "`waybill status" not in status(agent)

    three.brokers[leaders[gone]].freeze()
    three.wait_without(leaders[gone], strict)
    for name in names:
        write(name, 10)
    agent.counted(lines_delivered=40)
    told(
        agent,
        f"topic {alone} partition {gone}: 10 records, ",
        "and no acknowledgement for",
        "it has no leader: start the brokers of its replicas",
        f"topic {strict} partition 0: 10 records, ",
        "2 of its 3 replicas in sync, and min.insync.replicas is 3: start the brokers of the others, or lower it",
        "has the files that wait for it",
    )
    waits = f"topic {alone} partition {gone} has acknowledged nothing for"
    told(agent, "waits for the acknowledgement of 10 records; " + waits, about=[str(paths["gone"])])
    part, files = partition_of(agent, alone, gone)
    assert files == [str(paths["gone"])] and part["in_flight"] == 10 and part["quiet_ms"] >= 2000, part
    assert part["leader"] is None and part["trouble"].startswith("it has no leader"), part
    part, files = partition_of(agent, alone, lives)
    assert files == [] and part["trouble"] is None, part
    part, files = partition_of(agent, strict, 0)
    assert files == [str(paths["strict"])] and "min.insync.replicas" in part["trouble"], part

    terminal = open_top(agent)
    screen = terminal.wait("3 files", "(and 1 more) stands still for", "gone.log").splitlines()
    assert re.match(r"[as]-.*:\d \(and 1 more\) stands still for \d+ (s|min): ", screen[3]), screen[3]
    assert len(screen[3]) <= 80
    terminal.type("p")
    rows = terminal.wait("no leader", "replicas", "Topic").splitlines()
    assert re.match(rf"{alone[:18]}\S* +{gone} +none +0 +10 +\d+ B +\d+ (s|min)  no leader$",
                    next(row for row in rows if "no leader" in row and "stands" not in row)), rows
    assert sum("no leader" in row for row in rows[5:7]) == 1, rows
    # The two that stand still come first.
    first = next(row for row in rows[5:7] if row.strip())
    if "no leader" not in first:
        terminal.type("down")
    terminal.type("enter")
    terminal.wait(f"topic:partition {alone}:{gone}", "leader     none", "in flight  10 records", "it has no leader",
                  "start the brokers", "gone.log", "1 of 3 files wait for it", without=["lives.log", "strict.log"])
    terminal.type("enter")
    terminal.wait("source     source-gone", "has acknowledged nothing for")
    terminal.type("escape")
    terminal.wait("topic:partition")
    terminal.type("escape")
    terminal.wait("Topic", "part leader")
    # Whatever is looked at, it stands above.
    terminal.type("o")
    terminal.wait("Source", "source-lives", "stands still for")
    terminal.type("f", "enter")
    terminal.wait("waits for", "settled", "stands still for")
    terminal.type("q")
    assert terminal.wait_exit() == 0

    three.mend()
    agent.counted(lines_delivered=60, deadline=60)
    assert "no acknowledgement" not in status(agent)
    agent.stop()

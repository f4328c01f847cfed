# SPDX-License-Identifier: Apache-2.0
"""Many files that wait, or that are rotated at once: what they need is not taken from the others."""

import os
import resource
import subprocess
import sys
import time

import pytest
from rig import config
from rig.process import peak_rss_kib
from rig.wait import wait_for
from test_record_partitioner import PATTERN, source

BACKLOGS = 62
LINES = 10000  # of each, behind the one that waits


def lines(first, count, key):
    return "".join(f"n={number} k={key} {'.' * 60}\n" for number in range(first, first + count))


def settings_of(cluster, *sources):
    return config.settings(cluster.bootstrap, sources, pattern=PATTERN)


@pytest.mark.scenario("D08", "E22")
def test_backlogs_that_wait_for_a_partition(cluster, topic_name, work, make_agent):
    """Their next record has no partition to go to. They pinned all memory, and the other file waited
    with them; and once the partition is there all of them go on."""
    topic = cluster.make_topic(topic_name, partitions=2)
    rules = {"hash": "fnv1a", "rules": [{"keys": ["far"], "partitions": [3]}]}
    for number in range(BACKLOGS):
        path = work / "log" / f"waits-{number}.log"
        path.write_text(lines(0, 10, "a") + lines(10, 1, "far") + lines(11, LINES, "b"))
    live = work / "log" / "live.log"
    live.touch()
    one = source(topic, work / "log" / "*.log", partitioner=rules)
    agent = make_agent(text=config.render_settings(settings_of(cluster, one))).start()
    agent.wait_says(topic, "2 partitions", "need 4")
    agent.counted(lines_delivered=10 * BACKLOGS)
    for batch in range(20):
        with open(live, "a") as log:
            log.write(lines(batch * 1000, 1000, "c"))
        agent.counted(lines_delivered=10 * BACKLOGS + (batch + 1) * 1000, deadline=30)
    assert peak_rss_kib(agent.process.pid) < 128 << 10
    cluster.grow_topic(topic, 4)
    agent.counted(lines_delivered=BACKLOGS * (LINES + 11) + 20000, deadline=120)
    agent.stop()
    agent.assert_true(read=BACKLOGS * (LINES + 11) + 20000)


@pytest.mark.scenario("D08", "E12")
def test_files_that_wait_for_a_topic(cluster, topic, topic_name, work, make_agent):
    """3,900 files of one line; another one, whose topic is there, goes on at its usual pace."""
    (work / "log" / "wait").mkdir()
    for number in range(3900):
        (work / "log" / "wait" / f"{number}.log").write_text(lines(number, 1, "a"))
    live = work / "log" / "live.log"
    live.touch()
    missing = f"missing-{topic_name}"
    sources = [
        source(missing, work / "log" / "wait" / "*.log", name="wait"),
        source(topic, live, name="live"),
    ]
    agent = make_agent(text=config.render_settings(settings_of(cluster, *sources))).start()
    agent.wait_says("topic", missing)
    for batch in range(20):
        with open(live, "a") as log:
            log.write(lines(batch * 1000, 1000, "c"))
        agent.counted(lines_delivered=(batch + 1) * 1000, deadline=30)
    cluster.make_topic(missing)
    agent.counted(lines_delivered=3900 + 20000, deadline=60)
    agent.stop()
    agent.assert_true(read=3900 + 20000)


RENAMER = """
import os, sys
while True:
    os.rename(sys.argv[1], sys.argv[2])
    os.rename(sys.argv[2], sys.argv[1])
"""


@pytest.mark.scenario("D05", "D06", "D09")
def test_a_directory_that_is_renamed_without_pause(cluster, topic, work, make_agent):
    """Of 300 files; the kernel takes milliseconds for each look into it. New files of another source, and
    their lines, waited for the look at all paths, half a minute, or for the end of that."""
    many, few = work / "log" / "many" / "a", work / "log" / "few"
    many.mkdir(parents=True)
    few.mkdir()
    for number in range(300):
        (many / f"{number}.log").write_text(lines(number, 1, "a"))
    sources = [
        source(topic, work / "log" / "many" / "**" / "*.log", name="many"),
        source(topic, few / "*.log", name="few"),
    ]
    agent = make_agent(text=config.render_settings(settings_of(cluster, *sources))).start()
    agent.counted(lines_delivered=300)
    command = [sys.executable, "-c", RENAMER, many, many.parent / "b"]
    with subprocess.Popen(command) as renamer:
        try:
            for number in range(10):
                (few / f"{number}.log").write_text(lines(number, 100, "c"))
                agent.counted(lines_delivered=300 + 100 * (number + 1), deadline=20)
            assert renamer.poll() is None
        finally:
            renamer.kill()
    agent.stop()
    agent.assert_true(read=300 + 1000)
    assert agent.counters()["files_lost"] == 0


@pytest.mark.scenario("D03", "A01")
def test_more_files_than_descriptors_are_rotated(broker, own_topic, work, make_agent):
    """It waited for the next look at all paths, half a minute each time, and the message did not name
    what to raise."""
    names = [work / "log" / f"{number}.log" for number in range(400)]
    for number, name in enumerate(names):
        name.write_text(f"first {number}\n")
    agent = make_agent(broker.bootstrap, own_topic)
    agent.prefix = ["prlimit", "--nofile=300:300"]
    agent.start()
    agent.counted(lines_delivered=400)
    took = []
    writers = [open(name, "ab", buffering=0) for name in names]
    for turn in range(1, 4):
        if turn == 1:
            broker.freeze()  # none of them can be closed
        for number, name in enumerate(names):
            writers[number].write(b"last %d of %d\n" % (turn, number))
            os.rename(name, f"{name}.{turn}")
            writers[number].close()
            writers[number] = open(name, "ab", buffering=0)
            writers[number].write(b"first %d of %d\n" % (turn, number))
        if turn == 1:
            try:
                agent.wait_says("LimitNOFILE=", "ulimit -n")
            finally:
                broker.thaw()
        begin = time.monotonic()
        agent.counted(lines_delivered=400 + 800 * turn, deadline=60)
        took.append(time.monotonic() - begin)
    # A turn that waits for a look begins behind one.
    assert min(took[1:]) < 25, took
    agent.stop()
    agent.assert_true(read=400 * 7)
    for writer in writers:
        writer.close()
    assert agent.counters()["files_lost"] == 0
    assert agent.counters()["rotations"] >= 400


@pytest.mark.scenario("D03")
def test_the_limit_of_descriptors_is_lowered(broker, own_topic, work, make_agent):
    """From outside, below what is open: files that come later are read all the same, by turns."""
    names = [work / "log" / f"{number}.log" for number in range(300)]
    for number, name in enumerate(names):
        name.write_text(f"first {number}\n")
    agent = make_agent(broker.bootstrap, own_topic).start()
    agent.counted(lines_delivered=300)
    broker.freeze()  # none of the new ones can be closed
    resource.prlimit(agent.process.pid, resource.RLIMIT_NOFILE, (200, 200))
    for number in range(300, 600):
        (work / "log" / f"{number}.log").write_text(f"first {number}\n")
    for number, name in enumerate(names):
        with open(name, "a") as log:
            log.write(f"second {number}\n")
    try:
        agent.wait_says("LimitNOFILE=", "ulimit -n")
    finally:
        broker.thaw()
    agent.counted(lines_delivered=900, deadline=60)
    agent.stop()
    agent.assert_true(read=900)
    assert agent.counters()["files_lost"] == 0


@pytest.mark.scenario("C09")
@pytest.mark.parametrize("error", ["ESTALE", "EIO"])
def test_a_descriptor_goes_bad(cluster, topic, work, make_lineage, make_agent, make_oracle, error):
    """Each read of it fails from some time on; opened again by its path it can be read."""
    lineage = make_lineage("a").append(1000)
    agent = make_agent(cluster.bootstrap, topic)
    fault = ["-e", "trace=preadv", "-e", f"inject=preadv:error={error}:when=4..6"]
    agent.prefix = ["strace", "-D", "-f", "-qq", "-o", work / "trace", "-P", lineage.path, *fault]
    agent.start()
    oracle = make_oracle(cluster, topic, [lineage])
    for number in range(1, 11):
        lineage.append(100)
        wait_for(
            lambda: oracle.in_topic() >= 1000 + 100 * number,
            60,
            lambda: f"{oracle.in_topic()} of {1000 + 100 * number}: {agent.messages()[-500:]}",
        )
    lineage.rotate().append(10)
    wait_for(lambda: oracle.in_topic() >= 2010, 20, "the next generation")
    assert (work / "trace").read_text().count("(INJECTED)") == 3
    agent.stop()
    oracle.judge().assert_clean(written=2010)

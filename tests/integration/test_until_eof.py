# SPDX-License-Identifier: Apache-2.0
"""run --until-eof ships what is there, the last line without LF included, and ends."""

import os
import signal

from rig.agent import EX_OK, EX_TEMPFAIL
from rig.rights import UNPRIVILEGED
from rig.wait import wait_for


def test_ships_what_is_there(cluster, topic, make_lineage, make_agent, make_oracle):
    lineages = [make_lineage(name).append(50000) for name in "ab"]
    agent = make_agent(cluster.bootstrap, topic)
    assert agent.run("--until-eof") == EX_OK
    oracle = make_oracle(cluster, topic, lineages)
    oracle.judge().assert_clean(written=100000)
    agent.assert_true(read=100000)
    for lineage in lineages:
        lineage.append(10)
    assert agent.run("--until-eof") == EX_OK
    oracle.judge().assert_clean(written=100020)
    agent.assert_true(read=20)


def test_last_line_without_lf(cluster, topic, work, make_lineage, make_agent, make_oracle):
    lineage = make_lineage("a").append(100)
    path = work / "log" / "a.log"
    path.write_bytes(path.read_bytes()[:-1])
    agent = make_agent(cluster.bootstrap, topic)
    assert agent.run("--until-eof") == EX_OK
    oracle = make_oracle(cluster, topic, [lineage])
    oracle.judge().assert_clean(written=100)
    assert agent.counters()["lines_unterminated"] == 1
    assert agent.run("--until-eof") == EX_OK
    oracle.judge().assert_clean(written=100)


def test_nothing_there(cluster, topic, work, make_agent, make_oracle):
    (work / "log" / "empty.log").touch()
    agent = make_agent(cluster.bootstrap, topic)
    assert agent.run("--until-eof", deadline=20) == EX_OK
    make_oracle(cluster, topic, []).judge().assert_clean(written=0)


def test_waits_for_a_missing_topic(cluster, topic_name, make_lineage, make_agent, make_oracle):
    lineage = make_lineage("a").append(1000)
    agent = make_agent(cluster.bootstrap, topic_name).start("--until-eof")
    agent.wait_says("topic", topic_name)
    assert agent.running()
    cluster.make_topic(topic_name)
    assert agent.wait_exit(70) == EX_OK
    make_oracle(cluster, topic_name, [lineage]).judge().assert_clean(written=1000)


def test_interrupted_and_continued(cluster, topic, make_lineage, make_agent, make_oracle):
    lineage = make_lineage("a").append(200000)
    agent = make_agent(cluster.bootstrap, topic).start("--until-eof")
    oracle = make_oracle(cluster, topic, [lineage])
    wait_for(lambda: oracle.in_topic() > 0, 20, "the first records", every=0.001)
    agent.signal(signal.SIGINT)
    agent.wait_exit(20)
    assert agent.run("--until-eof") == EX_OK
    oracle.judge().assert_clean(written=200000)


def test_file_that_may_not_be_read(cluster, topic, work, make_lineage, make_agent, make_oracle):
    """The others are shipped, it ends and says what is left out; and the next time goes on."""
    lineages = [make_lineage(name).append(1000) for name in "ab"]
    closed = work / "log" / "b.log"
    closed.chmod(0)
    agent = make_agent(cluster.bootstrap, topic)
    agent.prefix = UNPRIVILEGED
    assert agent.run("--until-eof", deadline=30) == EX_TEMPFAIL
    assert agent.says(closed, "permission denied"), agent.messages()
    assert agent.says("1 file or directory cannot be read", "all else is shipped")
    assert agent.counters()["lines_delivered"] == 1000
    closed.chmod(0o644)
    assert agent.run("--until-eof") == EX_OK
    make_oracle(cluster, topic, lineages).judge().assert_clean(written=2000)


def test_file_that_gives_errors(cluster, topic, work, make_lineage, make_agent, make_oracle):
    """Its lines cannot be read, nor may those of the rotated-to file behind it be shipped first."""
    make_lineage("a").append(1000)
    broken = make_lineage("b").append(1000)
    os.rename(work / "log" / "b.log", work / "log" / "b.log.1")
    (work / "log" / "b.log").write_text("after the rotation\n")
    rotated = work / "log" / "b.log.1"
    agent = make_agent(cluster.bootstrap, topic, source={"paths": [f"{work}/log/*.log*"]})
    error = ["-e", "trace=preadv", "-e", "inject=preadv:error=EIO"]
    agent.prefix = ["strace", "-D", "-f", "-q", "-o", "/dev/null", "-P", rotated, *error]
    assert agent.run("--until-eof", deadline=30) == EX_TEMPFAIL
    assert agent.says(rotated, "reading failed", "it is left out"), agent.messages()
    assert agent.says("2 files or directories cannot be read"), agent.messages()
    assert agent.counters()["lines_delivered"] == 1000
    assert broken is not None


def test_directory_that_may_not_be_read(cluster, topic, work, make_agent):
    (work / "log").chmod(0)
    agent = make_agent(cluster.bootstrap, topic)
    agent.prefix = UNPRIVILEGED
    try:
        assert agent.run("--until-eof", deadline=30) == EX_TEMPFAIL
        assert agent.says(work / "log", "permission denied"), agent.messages()
    finally:
        (work / "log").chmod(0o755)

# SPDX-License-Identifier: Apache-2.0
"""More files with something to read than the process may have open: all of them are read."""

import pytest

FILES = 1500
DESCRIPTORS = 600


@pytest.mark.scenario("B03", "D03")
def test_more_files_than_descriptors(cluster, topic, work, make_agent):
    for i in range(FILES):
        (work / "log" / f"{i}.log").write_text(f"line {i}\n")
    agent = make_agent(cluster.bootstrap, topic)
    agent.prefix = ["prlimit", f"--nofile={DESCRIPTORS}:{DESCRIPTORS}"]
    assert agent.run("--until-eof", deadline=60) == 0
    agent.assert_true(read=FILES)

# SPDX-License-Identifier: Apache-2.0
"""Brokers that advertise an address which nobody reaches from here: they answer every question, and
no line arrives. The agent and check name the leader, the address and the error."""

import os
import subprocess
import threading

import pytest
from rig.agent import EX_CONFIG
from rig.crowd import Crowd
from rig.paths import WAYBILL
from rig.proxy import Proxy
from rig.wait import wait_for


@pytest.mark.scenario("E20", "G03")
def test_advertised_address_that_nobody_reaches(
    broker, own_topic, make_lineage, make_agent, make_oracle
):
    lineage = make_lineage("a").append(100)
    # Its listener is there; what it advertises is the place of a proxy that is not.
    bootstrap = f"127.0.0.1:{broker.ports['proxied']}"
    advertised = f"127.0.0.1:{broker.proxy_port}"
    agent = make_agent(bootstrap, own_topic, stall_timeout="12s").start()
    words = (own_topic, "leader, broker 1", advertised, "Connection refused", "advertised.listeners")
    agent.wait_says(*words, "nothing is lost", deadline=30)

    command = [WAYBILL, "check", "--config", agent.config, "--state-dir", agent.state]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == EX_CONFIG, done.stdout
    assert f"broker 1 at {advertised}: not reached" in done.stdout, done.stdout
    said = " ".join(done.stdout.split())
    assert f'error: topic "{own_topic}": broker 1, which leads 6 of its 6 partitions' in said, said
    assert f"not reached at {advertised}: Connect to" in said, said

    oracle = make_oracle(broker, own_topic, [lineage])
    proxy = Proxy(broker)
    try:
        agent.wait_says("the records that waited were acknowledged", deadline=40)
        wait_for(oracle.complete, 20, "all lines")
        agent.stop()
    finally:
        proxy.close()
    oracle.judge().assert_clean(written=100)


@pytest.mark.scenario("G03")
def test_very_many_brokers_are_named(make_agent):
    """The library makes a thread for each, so their number is told; it goes on, and it ends."""
    crowd = Crowd(600)
    threading.Thread(target=crowd.serve_forever, daemon=True).start()
    agent = make_agent(crowd.bootstrap, "t", shutdown_timeout="1s").start()
    agent.wait_says("name 600 brokers", "TasksMax", deadline=40)
    assert agent.messages().count("name 600 brokers") == 1
    agent.stop()
    crowd.shutdown()
    crowd.server_close()


@pytest.mark.scenario("G03")
def test_more_brokers_are_named_than_threads_may_be(work, make_agent):
    """As under TasksMax= of the unit, wherever the test runs: from the 60th on no thread is made. What is
    said of it is bounded, memory and descriptors too, and the agent ends when it is told to."""
    crowd = Crowd(600)
    threading.Thread(target=crowd.serve_forever, daemon=True).start()
    agent = make_agent(crowd.bootstrap, "t", shutdown_timeout="1s")
    fault = ["-e", "trace=clone,clone3", "-e", "inject=clone,clone3:error=EAGAIN:when=60+"]
    agent.prefix = ["strace", "-D", "-f", "-qq", "-o", work / "trace", *fault]
    agent.start()
    agent.wait_says("name 600 brokers", "TasksMax", deadline=40)
    agent.wait_says("thread", deadline=40)
    tried = wait_for(lambda: (work / "trace").read_text().count("(INJECTED)") >= 540, 40, "the rest to fail")
    assert tried
    assert agent.running()
    assert len(os.listdir(f"/proc/{agent.process.pid}/task")) <= 80
    assert len(agent.messages()) < 20000, agent.messages()[-3000:]
    agent.stop()
    crowd.shutdown()
    crowd.server_close()

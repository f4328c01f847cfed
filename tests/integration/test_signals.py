# SPDX-License-Identifier: Apache-2.0
"""Signals come as soon as they are minded, while the agent still starts, and one upon the other."""

import signal

import pytest
from rig.agent import EX_OK
from rig.wait import wait_for

USR1, HUP, TERM = signal.SIGUSR1, signal.SIGHUP, signal.SIGTERM
BURSTS = [
    (TERM,),
    (USR1, TERM),
    (HUP, TERM),
    (TERM, HUP),
    (TERM, USR1),
    (HUP, HUP, USR1, TERM),
    (USR1, HUP, TERM, HUP, USR1),
]


@pytest.mark.scenario("F02", "E26")
def test_signals_while_it_starts(cluster, topic, make_lineage, make_agent, make_oracle):
    """Each life ends in order, whatever it had begun, and none costs a line or repeats one."""
    lineage = make_lineage("a")
    agent = make_agent(cluster.bootstrap, topic)
    oracle = make_oracle(cluster, topic, [lineage])
    for burst in BURSTS * 2:
        lineage.append(500)
        agent.start()
        for number in burst:
            agent.signal(number)
        assert agent.wait_exit(40) == EX_OK, agent.messages()
    agent.start()
    agent.wait_says("started:")
    wait_for(oracle.complete, 30, lambda: f"{oracle.missing()} missing")
    agent.stop()
    oracle.judge().assert_clean(written=len(BURSTS) * 2 * 500)

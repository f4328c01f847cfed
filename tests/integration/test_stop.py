# SPDX-License-Identifier: Apache-2.0
"""SIGTERM and SIGINT wait for the reports, but not for ever; a second one does not wait."""

import re
import signal

import pytest
from rig.agent import EX_OK
from rig.wait import wait_for


@pytest.fixture
def stuck(broker, own_topic, make_lineage, make_agent, make_oracle):
    """An agent with lines under way to a frozen broker; thawed at the end."""
    lineage = make_lineage("a").append(1000)

    def run(**settings):
        agent = make_agent(broker.bootstrap, own_topic, **settings).start()
        oracle = make_oracle(broker, own_topic, [lineage])
        wait_for(lambda: oracle.in_topic() >= 1000, 20, "the first lines")
        broker.freeze()
        lineage.append(500)
        agent.counted(lines_read=1500)
        return agent, oracle

    yield run
    broker.thaw()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
@pytest.mark.scenario("E25")
def test_stop_of_an_idle_agent(cluster, topic, make_lineage, make_agent, make_oracle, number):
    lineage = make_lineage("a").append(100)
    agent = make_agent(cluster.bootstrap, topic).start()
    oracle = make_oracle(cluster, topic, [lineage])
    wait_for(lambda: oracle.in_topic() >= 100, 20, "all lines")
    agent.signal(number)
    assert agent.wait_exit(25) == EX_OK
    oracle.judge().assert_clean(written=100)
    agent.assert_true(read=100)


@pytest.mark.scenario("E25")
def test_stop_ends_within_shutdown_timeout(broker, stuck):
    """What was not acknowledged stays in the file and comes again: those 500 lines, of which the
    log says how many may be in Kafka already."""
    agent, oracle = stuck(shutdown_timeout="2s")
    agent.signal(signal.SIGTERM)
    with pytest.raises(AssertionError):
        agent.wait_exit(1.9)
    assert agent.wait_exit(25) == EX_OK  # unless told it would wait for 30 s
    counters = agent.counters()
    assert (counters["lines_delivered"], counters["lines_waiting"]) == (1000, 500)
    said = agent.says("500 records unacknowledged", "repeated then")
    most = int(re.search(r"at most (\d+) of them", said)[1])
    assert most == counters["maybe_persisted"] < 500
    broker.thaw()
    oracle.settled_ends()
    assert agent.run("--until-eof") == EX_OK
    assert agent.counters()["lines_read"] == 500
    verdict = oracle.judge()
    assert verdict.DUP <= most
    verdict.assert_clean(written=1500, dup=verdict.DUP)


@pytest.mark.scenario("E25")
def test_stop_waits_for_reports(broker, stuck):
    agent, oracle = stuck()
    agent.signal(signal.SIGTERM)
    with pytest.raises(AssertionError):
        agent.wait_exit(1)
    broker.thaw()
    assert agent.wait_exit(25) == EX_OK
    oracle.judge().assert_clean(written=1500)
    agent.assert_true(read=1500)


@pytest.mark.scenario("F02")
def test_second_signal_stops_at_once(stuck):
    agent, _ = stuck()
    agent.signal(signal.SIGTERM)
    with pytest.raises(AssertionError):
        agent.wait_exit(1)
    agent.signal(signal.SIGTERM)
    agent.wait_exit(25)  # the first one alone would wait for 30 s


@pytest.mark.scenario("F02")
def test_signals_while_it_stops(broker, stuck):
    """It neither reloads nor ends for any of them, and it still answers."""
    agent, oracle = stuck()
    agent.signal(signal.SIGTERM)
    agent.wait_says("waiting for acknowledgements")
    for number in (signal.SIGHUP, signal.SIGPIPE, signal.SIGUSR1, signal.SIGHUP, signal.SIGUSR1):
        agent.signal(number)
    assert agent.counters()["in_flight"] == 500
    assert not agent.says("reload"), agent.messages()
    broker.thaw()
    assert agent.wait_exit(25) == EX_OK
    oracle.judge().assert_clean(written=1500)
    agent.assert_true(read=1500)


@pytest.mark.scenario("F02")
def test_signals_in_an_outage(broker, stuck):
    """Each reload finds records that nobody takes, and waits for them no longer than a stop."""
    agent, oracle = stuck(shutdown_timeout="1s")
    for _ in range(3):
        agent.signal(signal.SIGPIPE)
        agent.signal(signal.SIGUSR1)
    agent.ask_restart()
    agent.signal(signal.SIGHUP)
    wait_for(lambda: agent.messages().count("started:") == 2, 30, "a restart in place")
    assert agent.running()
    broker.thaw()
    wait_for(oracle.complete, 40, lambda: f"{oracle.missing()} missing")
    agent.stop()
    verdict = oracle.judge()
    assert verdict.DUP <= 500, verdict
    verdict.assert_clean(written=1500, dup=verdict.DUP)

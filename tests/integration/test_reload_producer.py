# SPDX-License-Identifier: Apache-2.0
"""SIGHUP with another kafka block: the producer is replaced while its files are read, and nothing else
notices."""

import json
import random
import signal
import subprocess

import pytest
from rig import config, logins, tokens
from rig.certificates import Authority
from rig.kafka import Broker
from rig.paths import WORK
from rig.promtool import fires
from rig.reader import Reader
from rig.sides import Side, Sides
from rig.wait import last, wait_for
from rig.writer import Load

PASSWORD = "Hk2-swap-8qZt"
RATE = 1000


@pytest.fixture(scope="module")
def far():
    """Speaks SASL_SSL at its second door."""
    authority = Authority(WORK / "swap-authority", "authority")
    far = logins.LoginBroker("swap-broker", authority, {"PLAIN": logins.plain(agent=PASSWORD)["PLAIN"]})
    far.format()
    far.start()
    yield far
    far.stop()


@pytest.fixture(scope="module")
def issuer():
    return tokens.Issuer(WORK / "swap-issuer")


@pytest.fixture(scope="module")
def tokened(issuer):
    """Takes a password, or a token of the issuer, at its second door."""
    authority = Authority(WORK / "tokened-authority", "authority")
    mechanisms = {**logins.plain(agent=PASSWORD), **logins.oauth(issuer)}
    tokened = logins.LoginBroker("tokened-broker", authority, mechanisms)
    logins.allow_keys(tokened, issuer)
    tokened.format()
    tokened.start()
    yield tokened
    tokened.stop()


@pytest.fixture
def make(make_agent, manager):
    def make(sides, kafka, **settings):
        return Sides(make_agent(text=""), manager, sides, kafka, shutdown_timeout="5m", **settings)

    return make


def swap(sides, **changes):
    """A reload after which the producer is another one."""
    sides.kafka.update(changes)
    before = sides.agent.counters()["producers_made"]
    sides.reload()
    wait_for(lambda: sides.agent.counters()["producers_made"] == before + 1, 30, "another producer")


def login_to(broker, password):
    """The kafka block for its second door."""
    return {
        "bootstrap_servers": broker.tls,
        "security_protocol": "sasl_ssl",
        "ssl_ca_location": str(broker.authority.certificate),
        "sasl_mechanism": "PLAIN",
        "sasl_username": "agent",
        "sasl_password": password,
    }


def made(sides):
    return sides.agent._printed()[-1]["producers_made"]


@pytest.mark.scenario("F03")
def test_a_block_changes_under_load(make, make_side, cluster):
    """Whatever it says: compression, batches, how it waits; the same file is read on."""
    side = make_side("one", cluster)
    sides = make([side], {"bootstrap_servers": cluster.bootstrap})
    load = Load(side.lineage, rate=RATE)
    sides.delivered(side, RATE)
    descriptor = sides.descriptor(side)
    swap(sides, compression_type="gzip")
    swap(sides, compression_type="zstd", compression_level=3, client_id="other")
    swap(sides, batch_size=20000, socket_timeout_ms=20000)
    sides.kafka.pop("batch_size")
    swap(sides)
    assert sides.agent.says("SIGHUP: reload: kafka changed: a producer of it is made")
    assert sides.agent.says("settings are taken, all goes on: kafka")
    assert sides.descriptor(side) == descriptor
    sides.ends_clean([load.stop()])
    assert made(sides) == 5


@pytest.mark.scenario("F03")
def test_the_same_words_are_no_change(make, make_side, cluster):
    side = make_side("one", cluster)
    sides = make([side], {"bootstrap_servers": cluster.bootstrap, "client_id": "c"})
    sides.kafka = {"client_id": "c", "bootstrap_servers": cluster.bootstrap}
    sides.reload()
    assert sides.agent.says("configuration is unchanged")
    side.lineage.append(100)
    sides.ends_clean([100])
    assert made(sides) == 1


@pytest.mark.scenario("F03")
def test_acks_change_and_are_told(make, make_side, cluster):
    side = make_side("one", cluster)
    sides = make([side], {"bootstrap_servers": cluster.bootstrap})
    sides.agent.wait_says(side.topic, "acks = all")
    load = Load(side.lineage, rate=RATE)
    swap(sides, acks="1", enable_idempotence=False)
    sides.agent.wait_says(side.topic, "acks = 1")
    swap(sides, acks="all", enable_idempotence=True)
    wait_for(lambda: sides.agent.messages().count("acks = all") == 2, 20, "what it is worth")
    sides.ends_clean([load.stop()])


@pytest.mark.scenario("F03")
def test_a_login_is_set_and_mended(make, make_side, far, work):
    """From a door without one to TLS with a password, a wrong one first; its file is watched then."""
    side = make_side("one", far)
    sides = make([side], {"bootstrap_servers": far.bootstrap})
    password = work / "password"
    password.touch(mode=0o600)
    password.write_text("wrong\n")
    load = Load(side.lineage, rate=RATE)
    sides.delivered(side, RATE)
    sides.kafka = login_to(far, f"file:{password}")
    sides.reload()
    sides.agent.wait_says("brokers do not take what is new", "the producer goes on as it was")
    assert "what is not in use, for brokers or the library do not take it" in " ".join(sides.agent.ask("status").split())
    assert fires("WaybillRenewalWaits", sides.agent.ask("metrics"), work)
    before = side.oracle.in_topic()
    sides.delivered(side, before + RATE)
    assert sides.agent.counters()["producers_made"] == 1
    password.write_text(PASSWORD + "\n")
    wait_for(lambda: sides.agent.counters()["producers_made"] == 2, 60, "another producer")
    assert "not in use" not in sides.agent.ask("status")
    assert not fires("WaybillRenewalWaits", sides.agent.ask("metrics"), work)
    password.write_text(PASSWORD)
    sides.agent.wait_says("sasl.password", "there is something new")
    swap(sides, client_id="other")
    sides.ends_clean([load.stop()])
    assert PASSWORD not in sides.agent.messages()


@pytest.mark.scenario("F03")
def test_what_is_wrong_stops_nothing(make, make_side, open_top, cluster):
    """Servers that are not there, and what the library refuses only as a whole; then it is taken back."""
    side = make_side("one", cluster)
    sides = make([side], {"bootstrap_servers": cluster.bootstrap})
    load = Load(side.lineage, rate=RATE)
    sides.delivered(side, RATE)
    sides.kafka["bootstrap_servers"] = "127.0.0.1:1"
    sides.reload()
    sides.agent.wait_says("no broker answers with what is new", "127.0.0.1:1", "goes on as it was")
    open_top(sides.agent).wait("the kafka block is not in use as it is now: 127.0.0.1:1")
    sides.kafka = {"bootstrap_servers": cluster.bootstrap, "security_protocol": "ssl", "ssl_key_location": "/none"}
    sides.reload()
    sides.agent.wait_says("what is new cannot be used", "the producer goes on as it was")
    before = side.oracle.in_topic()
    sides.delivered(side, before + RATE)
    assert sides.agent.counters()["producers_made"] == 1
    sides.kafka = {"bootstrap_servers": cluster.bootstrap}
    swap(sides)
    sides.ends_clean([load.stop()])


@pytest.mark.scenario("F03", "G03")
def test_a_login_that_is_refused_is_told_once_and_as_that(make, make_side, far):
    """The library says it once, and then says nothing for a while."""
    side = make_side("one", far)
    sides = make([side], {"bootstrap_servers": far.bootstrap})
    load = Load(side.lineage, rate=RATE)
    sides.kafka = login_to(far, "wrong")
    sides.reload()
    sides.agent.wait_says("brokers do not take what is new")
    last(20)  # of which it is tried twice
    assert "authentication" in json.loads(sides.agent.ask("status", "--json").splitlines()[0])["renewal_error"].lower()
    assert not sides.agent.says("no broker answers with what is new"), sides.agent.messages()
    assert sides.agent.messages().count("brokers do not take what is new") == 1
    sides.reload()
    assert sides.agent.says("configuration is unchanged", "what the kafka block says is not in use yet")
    sides.ends_clean([load.stop()])


@pytest.mark.scenario("F03")
def test_no_restart_begins_with_a_block_that_is_not_taken(make, make_side, cluster):
    """Another setting changes for which it takes one, while the producer goes on as it was: lines would wait."""
    side = make_side("one", cluster)
    sides = make([side], {"bootstrap_servers": cluster.bootstrap})
    load = Load(side.lineage, rate=RATE)
    sides.kafka["bootstrap_servers"] = "127.0.0.1:1"
    sides.reload()
    sides.agent.wait_says("no broker answers with what is new")
    sides.settings["linger_ms"] = 30
    sides.reload()
    assert sides.agent.says("would begin with what the kafka block", "127.0.0.1:1")
    assert sides.agent.says("reload refused")
    sides.delivered(side, side.oracle.in_topic() + RATE)
    sides.kafka["bootstrap_servers"] = cluster.bootstrap
    sides.restart("linger_ms changed")
    sides.all_there([load.stop()])


@pytest.mark.scenario("F03")
def test_a_wrong_address_is_mended_by_a_reload(make, make_side, cluster):
    side = make_side("one", cluster)
    sides = make([side], {"bootstrap_servers": "127.0.0.1:1"})
    side.lineage.append(1000)
    sides.agent.wait_says("no broker of kafka.bootstrap_servers (127.0.0.1:1)")
    sides.kafka = {"bootstrap_servers": cluster.bootstrap}
    sides.reload()
    sides.delivered(side, 1000)
    sides.ends_clean([1000])
    assert made(sides) == 1


@pytest.mark.scenario("F03", "E20")
def test_lines_move_to_another_cluster(make, make_side, broker, far):
    """Its topic has another number of partitions. Each line is in one of them, once."""
    here = make_side("moves", broker)
    far.make_topic(here.topic, partitions=3)
    sides = make([here], {"bootstrap_servers": broker.bootstrap})
    load = Load(here.lineage, rate=RATE, rotate_every=7 * RATE)
    sides.delivered(here, 2 * RATE)
    swap(sides, bootstrap_servers=far.bootstrap)
    left = here.oracle.in_topic()
    wait_for(lambda: sides.agent.counters()["lines_delivered"] > left + 2 * RATE, 30, "lines over there")
    written = load.stop()
    sides.agent.counted(lines_delivered=written)
    sides.agent.stop()
    sides.agent.assert_true(written)
    assert here.oracle.in_topic() == left
    there = len(Reader(far.bootstrap, here.topic, 3).records())
    assert left + there == written
    verdict = here.oracle.judge()
    assert verdict.DUP == verdict.ORDER == 0 and verdict.LOST == there, verdict


@pytest.mark.scenario("F03", "E20")
def test_another_cluster_takes_smaller_batches_only(make, make_side, broker, far):
    """The producer is made for those, before a batch is refused."""
    side = make_side("moves", broker)
    far.make_topic(side.topic, max_message_bytes=4000)
    sides = make([side], {"bootstrap_servers": broker.bootstrap})
    load = Load(side.lineage, rate=20 * RATE)
    sides.delivered(side, 2 * RATE)
    swap(sides, bootstrap_servers=far.bootstrap)
    left = side.oracle.in_topic()
    wait_for(lambda: sides.agent.counters()["lines_delivered"] > left + 20 * RATE, 60, "lines over there")
    written = load.stop()
    sides.agent.counted(lines_delivered=written)
    sides.agent.stop()
    assert not sides.agent.says("brokers refuse a batch")
    assert made(sides) == 2
    sides.agent.assert_true(written)


@pytest.mark.scenario("F03")
def test_of_two_clusters_one_changes(make, make_side, broker, far):
    """The other one is away meanwhile, and so it may stay."""
    near, away = make_side("near", broker, "near"), make_side("away", far, "far")
    kafka = [
        {"name": "near", "bootstrap_servers": broker.bootstrap},
        {"name": "far", "bootstrap_servers": far.bootstrap},
    ]
    sides = make([near, away], kafka)
    near.lineage.append(500), away.lineage.append(500)
    sides.delivered(near, 500), sides.delivered(away, 500)
    far.freeze()
    try:
        load = Load(near.lineage, rate=RATE)
        away.lineage.append(500)
        sides.agent.counted(in_flight=500)
        kafka[0]["client_id"] = "other"
        sides.reload()
        assert sides.agent.says('SIGHUP: reload: kafka "near" changed')
        wait_for(lambda: sides.agent.counters()["producers_made"] == 3, 30, "another producer")
        before = near.oracle.in_topic()
        sides.delivered(near, before + RATE)
        # That of the frozen one waits for an answer.
        kafka[1]["client_id"] = "another"
        sides.reload()
        written = 500 + load.stop()
        sides.delivered(near, written)
        assert sides.agent.counters()["producers_made"] == 3
    finally:
        far.thaw()
    wait_for(lambda: sides.agent.counters()["producers_made"] == 4, 60, "another producer")
    away.lineage.append(500)
    sides.ends_clean([written, 1500])


@pytest.mark.scenario("F03")
def test_from_a_broker_that_is_gone(make, make_side, broker, topic_name, make_lineage, make_oracle):
    """What it had taken and not confirmed is sent to the other one: at most that much comes twice."""
    gone = Broker("gone-broker")
    gone.format()
    gone.start()
    try:
        gone.make_topic(topic_name)
        broker.make_topic(topic_name)
        lineage = make_lineage("a")
        side = Side("one", broker, topic_name, lineage, make_oracle(broker, topic_name, [lineage], unjudged={"life"}))
        sides = make([side], {"bootstrap_servers": gone.bootstrap})
        lineage.append(500)
        sides.agent.counted(lines_delivered=500)
        gone.freeze()
        lineage.append(500)
        sides.agent.counted(lines_read=1000, in_flight=500)
        sides.kafka["bootstrap_servers"] = broker.bootstrap
        sides.reload()
        wait_for(lambda: side.oracle.in_topic() == 500, 90, "what was under way")
        lineage.append(500)
        sides.delivered(side, 1000)
        sides.agent.stop()
        verdict = side.oracle.judge()
        assert verdict.DUP == verdict.ORDER == 0 and verdict.LOST == 500, verdict
        sides.agent.assert_true(1500)
    finally:
        gone.kill()


@pytest.mark.scenario("F03")
def test_sources_and_block_at_once(make, make_side, cluster):
    one, two = make_side("one", cluster), make_side("two", cluster)
    sides = make([one, two], {"bootstrap_servers": cluster.bootstrap})
    loads = [Load(side.lineage, rate=RATE, rotate_every=3 * RATE) for side in (one, two)]
    sides.delivered(one, RATE)
    for one.life in range(1, 11):
        swap(sides, client_id=f"c{one.life}")
        assert sides.agent.says("sources +0 -0 ~1 are taken, and settings: kafka")
    sides.ends_clean([load.stop() for load in loads])
    for lives in one.lives().values():
        assert lives == sorted(lives)
    assert made(sides) == 11


@pytest.mark.scenario("F03", "E29")
def test_from_a_password_to_a_token_and_back(make, make_side, tokened, issuer, work):
    """Brokers refuse the first token; the next one is taken from its file without a reload."""
    side = make_side("one", tokened)
    sides = make([side], login_to(tokened, PASSWORD))
    load = Load(side.lineage, rate=RATE)
    sides.delivered(side, RATE)
    token = work / "token"
    token.touch(mode=0o600)
    token.write_text(issuer.token(aud="another-cluster"))
    by_password = ("sasl_mechanism", "sasl_username", "sasl_password")
    sides.kafka = {name: value for name, value in sides.kafka.items() if name not in by_password}
    sides.kafka |= {"sasl_mechanism": "OAUTHBEARER", "oauth_token_file": str(token)}
    sides.reload()
    sides.agent.wait_says("brokers do not take what is new", "another-cluster")
    assert "another-cluster" in sides.agent.ask("status")
    token.write_text(issuer.token())
    wait_for(lambda: sides.agent.counters()["producers_made"] == 2, 60, "a producer with a token")
    sides.kafka = login_to(tokened, PASSWORD)
    swap(sides)
    sides.ends_clean([load.stop()])


@pytest.mark.scenario("F03", "G03")
def test_what_is_refused_and_sent_again_beside_swaps(make_agent, broker, topic_name, work):
    """Suspects go alone, and dead letters are sent again, through a producer that is replaced as well."""
    topic = broker.make_topic(topic_name, max_message_bytes=4000)
    path = work / "log" / "a.log"
    path.touch()
    one = {"name": "orders", "paths": [str(path)], "parser": "order", "topic": topic, "key": "${k}"}
    settings = config.settings(broker.bootstrap, [one], pattern=r"k=(?<k>\w{1,8})")
    agent = make_agent(text=config.render_settings(settings)).start()
    agent.wait_says(topic, "acks = all")
    lines = []

    def swap_again(number):
        settings["kafka"]["client_id"] = f"c{number}"
        agent.configure(text=config.render_settings(settings))
        agent.signal(signal.SIGHUP)

    chance = random.Random(1)
    with path.open("a") as log:
        for number in range(600):
            big = number % 30 == 15
            lines.append(f"k={number % 7} n={number} {chance.randbytes(8000).hex() if big else 's' * 50}")
            print(lines[-1], file=log, flush=True)
            if number % 100 == 20:
                swap_again(number)
            last(0.005)
    agent.counted(lines_dead=20, lines_delivered=580, deadline=60)
    wait_for(lambda: "20 dead letters" in agent.ask("dead-letters", "list"), 20, "all in the state")
    broker.alter_topic(topic, max_message_bytes=1000000)
    where = ["--config", agent.config, "--state-dir", agent.state]
    with subprocess.Popen([agent.program, "dead-letters", "replay", "--all", "--yes", *where]) as replay:
        while replay.poll() is None:
            swap_again(len(lines))
            last(0.3)
        assert replay.returncode == 0
    assert agent.counters()["producers_made"] > 3
    agent.stop()
    found = [record.value.decode() for record in Reader(broker.bootstrap, topic).records()]
    assert sorted(found) == sorted(lines), "each once"


@pytest.mark.scenario("F03")
def test_killed_at_any_time_of_a_swap(make, make_side, cluster):
    side = make_side("one", cluster)
    sides = make([side], {"bootstrap_servers": cluster.bootstrap})
    load = Load(side.lineage, rate=RATE)
    for number, after_s in enumerate((0, 0.02, 0.1, 0.3, 0.6)):
        sides.agent.counted(lines_delivered=200)
        sides.kafka["client_id"] = f"c{number}"
        sides.configure()
        sides.hang_up()
        last(after_s)
        sides.agent.kill()
        sides.agent.start()
    load.stop()
    wait_for(side.oracle.complete, 60, "all lines")
    sides.agent.stop()
    verdict = side.oracle.judge()
    assert verdict.LOST == verdict.ORDER == verdict.CORRUPT == 0, verdict

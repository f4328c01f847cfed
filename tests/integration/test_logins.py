# SPDX-License-Identifier: Apache-2.0
"""How the agent logs in: each mechanism against a broker that wants it, with secrets from files, and
what is said, and by whom not, when one is wrong."""

import re
import subprocess
import time

import pytest
from rig import logins, tokens
from rig.certificates import Authority
from rig.paths import WAYBILL, WORK
from rig.promtool import fires
from rig.wait import wait_for

PASSWORD = "Vy7-plain-3fGq"


@pytest.fixture(scope="module")
def issuer():
    return tokens.Issuer(WORK / "guarded-issuer")


@pytest.fixture(scope="module")
def guarded(issuer):
    """A broker that wants a login, by TLS."""
    authority = Authority(WORK / "guarded-authority", "authority")
    mechanisms = {**logins.plain(agent=PASSWORD), **logins.scram(), **logins.oauth(issuer)}
    broker = logins.LoginBroker("guarded", authority, mechanisms)
    logins.allow_keys(broker, issuer)
    broker.format()
    broker.start()
    broker.set_scram("agent", PASSWORD)
    yield broker
    broker.stop()


def login(broker, mechanism, **more):
    """The kafka block of a client that trusts the broker's authority."""
    return {
        "security_protocol": "sasl_ssl",
        "ssl_ca_location": str(broker.authority.certificate),
        "sasl_mechanism": mechanism,
        **more,
    }


def secret_file(work, name, text):
    path = work / name
    path.touch(mode=0o600)
    path.write_text(text + "\n")
    return path


def ship(guarded, kafka, topic_name, make_lineage, make_agent, make_oracle, env=None, options=()):
    topic = guarded.make_topic(topic_name)
    lineage = make_lineage("a").append(500)
    agent = make_agent(guarded.tls, topic, kafka=kafka)
    agent.env = env
    agent.start(*options)
    oracle = make_oracle(guarded, topic, [lineage])
    wait_for(oracle.complete, 40, "all lines")
    agent.stop()
    oracle.judge().assert_clean(written=500)
    return agent.messages()


def test_plain(guarded, topic_name, make_lineage, make_agent, make_oracle, work):
    password = secret_file(work, "password", PASSWORD)
    kafka = login(guarded, "PLAIN", sasl_username="agent", sasl_password=f"file:{password}")
    said = ship(guarded, kafka, topic_name, make_lineage, make_agent, make_oracle)
    assert PASSWORD not in said
    # The authority of the tests is good for two days; a clock that is set meanwhile may add one.
    expiry = r'kafka\.ssl\.ca\.location: the certificate of "CN = authority" expires in (1|2|0) days? \('
    assert re.search(expiry, said), said


def test_a_command_to_copy_logs_in_too(guarded, topic_name, make_agent, work):
    """Without it the tools of Kafka run out of memory at a port that speaks TLS."""
    password = secret_file(work, "password", PASSWORD)
    kafka = login(guarded, "PLAIN", sasl_username="agent", sasl_password=f"file:{password}")
    agent = make_agent(guarded.tls, topic_name, kafka=kafka)
    command = [agent.program, "check", "--config", agent.config]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    wanted = f"--bootstrap-server {guarded.tls} --command-config client.properties --create"
    assert wanted in done.stdout, done.stdout


def test_scram(guarded, topic_name, make_lineage, make_agent, make_oracle, work):
    """With a librdkafka that Kafka 4 understands."""
    password = secret_file(work, "password", PASSWORD)
    kafka = login(guarded, "SCRAM-SHA-512", sasl_username="agent", sasl_password=f"file:{password}")
    newest = logins.newest_library()
    said = ship(guarded, kafka, topic_name, make_lineage, make_agent, make_oracle, newest)
    assert PASSWORD not in said


def test_scram_of_an_old_library(guarded, topic_name, make_lineage, make_agent):
    """Before 2.6.1 it sends its nonce twice, and Kafka 4 calls that invalid credentials."""
    topic = guarded.make_topic(topic_name)
    make_lineage("a").append(10)
    kafka = login(guarded, "SCRAM-SHA-512", sasl_username="agent", sasl_password=PASSWORD)
    agent = make_agent(guarded.tls, topic, kafka=kafka, shutdown_timeout="1s").start()
    if library_is_old(agent):
        agent.wait_says("invalid credentials", "2.6.1", deadline=40)
    else:
        agent.counted(lines_delivered=10)
    agent.stop()


def library_is_old(agent):
    done = subprocess.run([agent.program, "--version"], capture_output=True, text=True, check=True)
    version = re.search(r"librdkafka (\d+)\.(\d+)\.(\d+)", done.stdout)
    return tuple(map(int, version.groups())) < (2, 6, 1)


def test_secrets_are_in_no_output(guarded, topic_name, make_lineage, make_agent, work):
    """Not in the log at level debug with all that the library says, not in what check prints, not
    among the arguments."""
    topic = guarded.make_topic(topic_name)
    make_lineage("a").append(10)
    kafka = login(
        guarded, "PLAIN", sasl_username="agent", sasl_password=PASSWORD, debug="security,conf"
    )
    agent = make_agent(guarded.tls, topic, kafka=kafka).start("--log-level", "debug")
    agent.counted(lines_delivered=10)
    with open(f"/proc/{agent.process.pid}/cmdline", encoding="utf-8") as arguments:
        assert PASSWORD not in arguments.read()
    agent.stop()
    assert "librdkafka" in agent.messages()
    assert PASSWORD not in agent.messages()
    for words in (["check"], ["check", "--print"], ["check", "--no-network"]):
        command = [WAYBILL, *words, "--config", agent.config]
        done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
        assert "***" in done.stdout or words != ["check", "--print"]
        assert PASSWORD not in done.stdout + done.stderr


def test_wrong_password_is_told(guarded, topic_name, make_lineage, make_agent):
    topic = guarded.make_topic(topic_name)
    make_lineage("a").append(10)
    kafka = login(guarded, "PLAIN", sasl_username="agent", sasl_password="not-this-one")
    agent = make_agent(guarded.tls, topic, kafka=kafka, shutdown_timeout="1s").start()
    agent.wait_says("authentication failed", deadline=40)
    agent.stop()
    assert "not-this-one" not in agent.messages()


def test_a_host_of_another_name_is_refused(guarded, topic_name, make_lineage, make_agent):
    """The certificate is for 127.0.0.1, and not for the name by which the agent comes."""
    topic = guarded.make_topic(topic_name)
    make_lineage("a").append(10)
    kafka = login(guarded, "PLAIN", sasl_username="agent", sasl_password=PASSWORD)
    bootstrap = f"localhost:{guarded.ports['proxied']}"
    agent = make_agent(bootstrap, topic, kafka=kafka, shutdown_timeout="1s").start()
    agent.wait_says("another name than the one connected to", deadline=40)
    assert agent.counters()["lines_delivered"] == 0
    agent.stop()


@pytest.mark.timeout(300)
@pytest.mark.scenario("E29")
def test_new_password(guarded, topic_name, make_lineage, make_agent, make_oracle, work):
    """A wrong one is told and changes nothing; the right one is used without a reload, while lines
    come in."""
    topic = guarded.make_topic(topic_name)
    guarded.set_scram("renewed", "first-password")
    lineage = make_lineage("a").append(1000)
    password = secret_file(work, "password", "first-password")
    secret = {"sasl_username": "renewed", "sasl_password": f"file:{password}"}
    agent = make_agent(guarded.tls, topic, kafka=login(guarded, "SCRAM-SHA-512", **secret))
    agent.env = logins.newest_library()
    agent.start()
    oracle = make_oracle(guarded, topic, [lineage])
    wait_for(lambda: oracle.in_topic() >= 1000, 40, "lines, by the first password")

    password.write_text("a-wrong-password\n")
    agent.wait_says("brokers do not take what is new", deadline=40)
    lineage.append(500)
    wait_for(lambda: oracle.in_topic() >= 1500, 40, "lines, by the first password still")
    password.write_text("")
    agent.wait_says("sasl.password", str(password), "is empty", deadline=40)

    guarded.set_scram("renewed", "second-password")
    password.write_text("second-password\n")
    agent.wait_says("replaced by one with what is new", deadline=60)
    lineage.append(500)
    wait_for(oracle.complete, 40, "all lines, by the second password")
    agent.stop()
    oracle.judge().assert_clean(written=2000)
    assert agent.messages().count("replaced") == 1
    for secret in "first-password", "a-wrong-password", "second-password":
        assert secret not in agent.messages()


@pytest.mark.timeout(300)
def test_token_from_a_file(guarded, issuer, topic_name, make_lineage, make_agent, make_oracle, work):
    """It is read again before it expires, and told when it is not there in time."""
    topic = guarded.make_topic(topic_name)
    lineage = make_lineage("a").append(500)
    path = secret_file(work, "token", issuer.token(lasts=20))
    kafka = login(guarded, "OAUTHBEARER", oauth_token_file=path)
    agent = make_agent(guarded.tls, topic, kafka=kafka).start()
    oracle = make_oracle(guarded, topic, [lineage])
    wait_for(lambda: oracle.in_topic() >= 500, 40, "lines, by the first token")
    agent.wait_says(str(path), "has expired", deadline=60)
    path.write_text(issuer.token() + "\n")
    lineage.append(500)
    wait_for(oracle.complete, 60, "all lines, by the second token")
    agent.stop()
    oracle.judge().assert_clean(written=1000)


@pytest.mark.scenario("E29")
def test_a_token_that_is_replaced_before_its_time(
    guarded, issuer, topic_name, make_lineage, make_agent, make_oracle, work
):
    """The one in use is good for an hour, and may be revoked: the file is read when it changes."""
    topic = guarded.make_topic(topic_name)
    lineage = make_lineage("a").append(500)
    path = secret_file(work, "token", issuer.token())
    agent = make_agent(guarded.tls, topic, kafka=login(guarded, "OAUTHBEARER", oauth_token_file=path))
    agent.start()
    oracle = make_oracle(guarded, topic, [lineage])
    wait_for(lambda: oracle.in_topic() >= 500, 40, "lines, by the first token")
    path.write_text(issuer.token(lasts=-5) + "\n")
    agent.wait_says(path, "has expired", deadline=30)
    path.write_text(issuer.token() + "\n")
    lineage.append(500)
    wait_for(oracle.complete, 40, "all lines")
    agent.stop()
    oracle.judge().assert_clean(written=1000)


def token_ends(agent):
    """What the metric says; None: it does not know."""
    found = re.search(r"^waybill_token_expiry_timestamp_seconds (\d+)", agent.ask("metrics"), re.M)
    return int(found[1]) if found else None


@pytest.mark.timeout(300)
@pytest.mark.scenario("E29")
def test_a_token_that_nobody_renews(
    guarded, issuer, topic_name, make_lineage, make_agent, make_oracle, work
):
    """It is told before it ends, once, when a tenth of its life is left: by the log and check. A metric has the
    end of each."""
    topic = guarded.make_topic(topic_name)
    lineage = make_lineage("a").append(500)
    first = issuer.token(lasts=300, iat=int(time.time()) - 3600)
    path = secret_file(work, "token", first)
    agent = make_agent(guarded.tls, topic, kafka=login(guarded, "OAUTHBEARER", oauth_token_file=path))
    agent.start()
    oracle = make_oracle(guarded, topic, [lineage])
    wait_for(lambda: oracle.in_topic() >= 500, 40, "lines, by the first token")
    told = "kafka.oauth.token.file: the token expires in"
    agent.wait_says(told, "and no other has come: brokers let nobody in with it from then on")
    assert token_ends(agent) == tokens.claims_of(first)["exp"]
    assert fires("WaybillTokenExpires", agent.ask("metrics"), work)
    command = [agent.program, "check", "--no-network", "--config", agent.config]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert "kafka.oauth_token_file: the token expires in" in " ".join(done.stdout.split())
    assert told in " ".join(agent.ask("status").split())

    second = issuer.token()
    path.write_text(second + "\n")
    wait_for(lambda: token_ends(agent) == tokens.claims_of(second)["exp"], 40, "the end of the second token")
    assert not fires("WaybillTokenExpires", agent.ask("metrics"), work)
    lineage.append(500)
    wait_for(oracle.complete, 60, "all lines")
    agent.stop()
    oracle.judge().assert_clean(written=1000)
    assert agent.messages().count("the token expires") == 1
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert "the token expires" not in " ".join(done.stdout.split())


@pytest.mark.parametrize("library", ["own", "newest"])
def test_token_of_a_command(
    library, guarded, issuer, topic_name, make_lineage, make_agent, make_oracle, work
):
    """And it is not in what the library says of itself."""
    token = issuer.token()
    secret_file(work, "token", token)
    command = ["/bin/cat", str(work / "token")]
    kafka = login(guarded, "OAUTHBEARER", oauth_token_command=command, debug="security,protocol,conf")
    options = ["--log-level", "debug"]
    env = logins.newest_library() if library == "newest" else None
    said = ship(guarded, kafka, topic_name, make_lineage, make_agent, make_oracle, env, options)
    assert "librdkafka: " in said
    assert token.split(".")[2] not in said


def of_another_key(issuer, work):
    """The key id of the issuer, and the signature of somebody else."""
    return tokens.Issuer(work / "another").token()


def for_another_audience(issuer, work):
    return issuer.token(aud="another-cluster")


def of_another_issuer(issuer, work):
    return issuer.token(iss="https://another.example")


def expired_for_the_broker(issuer, work):
    """The agent's clock is an hour behind: it thinks it good."""
    return issuer.token(lasts=-60)


@pytest.mark.scenario("E29", "G03")
@pytest.mark.parametrize(
    "make_token, words",
    [
        (of_another_key, [f'issuer "{tokens.ISSUER}"', f'audience "{tokens.AUDIENCE}"']),
        (for_another_audience, ['audience "another-cluster"']),
        (of_another_issuer, ['issuer "https://another.example"']),
        (expired_for_the_broker, ["min left by our clock"]),
    ],
)
def test_a_token_that_the_broker_refuses(
    make_token, words, guarded, issuer, clock, topic_name, make_lineage, make_agent, make_oracle, work
):
    """It says no more than that; what the token says of itself is told, and the next one is taken alone."""
    env, jump = clock
    jump(-3600 if make_token is expired_for_the_broker else 0)
    topic = guarded.make_topic(topic_name)
    lineage = make_lineage("a").append(500)
    wrong = make_token(issuer, work)
    path = secret_file(work, "token", wrong)
    kafka = login(guarded, "OAUTHBEARER", oauth_token_file=path)
    # An hour ago the certificate was not valid yet.
    kafka["enable_ssl_certificate_verification"] = make_token is not expired_for_the_broker
    agent = make_agent(guarded.tls, topic, kafka=kafka)
    agent.env = env
    agent.start()
    agent.wait_says("invalid_token", *words, deadline=40)
    assert agent.counters()["lines_delivered"] == 0
    path.write_text(issuer.token() + "\n")
    oracle = make_oracle(guarded, topic, [lineage])
    wait_for(oracle.complete, 60, "all lines, by the right token")
    agent.stop()
    oracle.judge().assert_clean(written=500)
    assert wrong.split(".")[2] not in agent.messages()


def test_a_command_that_fails_is_told(guarded, topic_name, make_lineage, make_agent):
    topic = guarded.make_topic(topic_name)
    make_lineage("a").append(10)
    command = ["/bin/sh", "-c", "echo no ticket >&2; exit 3"]
    kafka = login(guarded, "OAUTHBEARER", oauth_token_command=command)
    agent = make_agent(guarded.tls, topic, kafka=kafka, shutdown_timeout="1s").start()
    agent.wait_says("/bin/sh exit status 3: no ticket", deadline=40)
    agent.stop()


OIDC = "sasl_oauthbearer_"


def test_oidc_by_secret(guarded, issuer, topic_name, make_lineage, make_agent, make_oracle, work):
    """The server's answer is told when it is none; the secret never."""
    wanted = {"grant_type": "client_credentials", "scope": "logs write"}
    refuse = [True]

    def answer(request, form):
        if refuse or tokens.basic(request) != ("waybill", "oidc-secret"):
            return 401, {"error": "invalid_client", "error_description": "who is that"}
        assert form == wanted
        return 200, {"access_token": issuer.token(), "expires_in": 3600, "token_type": "Bearer"}

    server = tokens.TokenServer(answer, guarded.authority)
    secret = secret_file(work, "secret", "oidc-secret")
    kafka = login(
        guarded,
        "OAUTHBEARER",
        **{
            OIDC + "method": "oidc",
            OIDC + "token_endpoint_url": server.url + "/token",
            "https_ca_location": str(guarded.authority.certificate),
            OIDC + "client_id": "waybill",
            OIDC + "client_secret": f"file:{secret}",
            OIDC + "scope": "logs write",
            OIDC + "extensions": "logicalCluster=lkc1,identityPoolId=pool1",
        },
    )
    topic = guarded.make_topic(topic_name)
    lineage = make_lineage("a").append(500)
    agent = make_agent(guarded.tls, topic, kafka=kafka).start()
    agent.wait_says("status 401: invalid_client, who is that", deadline=40)
    refuse.clear()
    oracle = make_oracle(guarded, topic, [lineage])
    wait_for(oracle.complete, 60, "all lines")
    agent.stop()
    server.close()
    oracle.judge().assert_clean(written=500)
    assert "oidc-secret" not in agent.messages()


def test_check_prints_no_secret(make_agent):
    secrets = {
        "sasl_password": "of-sasl",
        "ssl_key_password": "of-the-key",
        OIDC + "client_secret": "of-the-client",
        OIDC + "assertion_private_key_passphrase": "of-the-assertion",
        OIDC + "assertion_private_key_pem": "the-key-itself",
    }
    more = {
        "security_protocol": "sasl_ssl",
        "sasl_mechanism": "OAUTHBEARER",
        OIDC + "method": "oidc",
        OIDC + "token_endpoint_url": "http://127.0.0.1:1/",
        OIDC + "client_id": "waybill",
        "ssl_ca_location": "/no/such/file",
    }
    agent = make_agent("127.0.0.1:1", "t", kafka={**more, **secrets})
    for words in (["check"], ["check", "--print"], ["check", "--no-network"]):
        command = [WAYBILL, *words, "--config", agent.config]
        done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
        for secret in secrets.values():
            assert secret not in done.stdout + done.stderr, (words, secret)
        if words == ["check", "--print"]:
            assert done.stdout.count("***") == len(secrets), done.stdout


def test_oidc_of_a_stranger(guarded, topic_name, make_lineage, make_agent):
    """A server that nobody has signed for, or of another name, gets no secret."""
    topic = guarded.make_topic(topic_name)
    make_lineage("a").append(10)
    server = tokens.TokenServer(lambda *_: (200, {}), guarded.authority)
    more = {
        OIDC + "method": "oidc",
        OIDC + "token_endpoint_url": server.url,
        OIDC + "client_id": "waybill",
        OIDC + "client_secret": "oidc-secret",
    }
    agent = make_agent(guarded.tls, topic, kafka=login(guarded, "OAUTHBEARER", **more)).start()
    agent.wait_says(server.url, "certificate", deadline=40)
    agent.kill()
    more["https_ca_location"] = str(guarded.authority.certificate)
    more[OIDC + "token_endpoint_url"] = server.url.replace("127.0.0.1", "localhost")
    agent = make_agent(guarded.tls, topic, kafka=login(guarded, "OAUTHBEARER", **more)).start()
    agent.wait_says("https://localhost", "subject name", deadline=40)
    agent.kill()
    server.close()
    assert not server.asked


def test_oidc_by_an_assertion(guarded, issuer, topic_name, make_lineage, make_agent, make_oracle, work):
    key, public = work / "own.key", work / "own.pub"
    subprocess.run(["openssl", "genpkey", "-algorithm", "RSA", "-out", key], check=True, capture_output=True)
    subprocess.run(["openssl", "pkey", "-in", key, "-pubout", "-out", public], check=True)
    problems = []

    def answer(_, form):
        try:
            tokens.verify(form["assertion"], public, work)
            claims = tokens.claims_of(form["assertion"])
            assert claims["iss"] == claims["sub"] == "waybill" and claims["aud"] == "https://idp"
            assert claims["jti"] and claims["exp"] - claims["iat"] == 120
            assert form["grant_type"] == tokens.JWT_BEARER
        except Exception as error:  # told by the test, not by the server
            problems.append(error)
            return 400, {"error": "invalid_grant"}
        return 200, {"access_token": issuer.token(), "expires_in": 3600}

    server = tokens.TokenServer(answer)
    kafka = login(
        guarded,
        "OAUTHBEARER",
        **{
            OIDC + "method": "oidc",
            OIDC + "grant_type": tokens.JWT_BEARER,
            OIDC + "token_endpoint_url": server.url,
            OIDC + "assertion_private_key_file": str(key),
            OIDC + "assertion_claim_iss": "waybill",
            OIDC + "assertion_claim_sub": "waybill",
            OIDC + "assertion_claim_aud": "https://idp",
            OIDC + "assertion_claim_exp_seconds": 120,
            OIDC + "assertion_claim_jti_include": True,
        },
    )
    ship(guarded, kafka, topic_name, make_lineage, make_agent, make_oracle)
    server.close()
    assert not problems, problems


@pytest.mark.timeout(300)
@pytest.mark.scenario("E29")
def test_new_password_of_who_is_shut_out(
    guarded, topic_name, make_lineage, make_agent, make_oracle, work
):
    """The broker has the new password first, and then the connections break: what was under way is
    ended by the producer that began it, with the new one."""
    topic = guarded.make_topic(topic_name)
    guarded.set_scram("late", "first-password")
    lineage = make_lineage("a").append(1000)
    password = secret_file(work, "password", "first-password")
    secret = {"sasl_username": "late", "sasl_password": f"file:{password}"}
    agent = make_agent(guarded.tls, topic, kafka=login(guarded, "SCRAM-SHA-512", **secret))
    agent.env = logins.newest_library()
    agent.start()
    oracle = make_oracle(guarded, topic, [lineage])
    wait_for(lambda: oracle.in_topic() >= 1000, 40, "lines, by the first password")

    guarded.set_scram("late", "second-password")
    guarded.kill()
    lineage.append(5000)
    agent.counted(in_flight=1)
    guarded.start()
    agent.wait_says("invalid credentials", deadline=60)
    lineage.append(1000)
    password.write_text("second-password\n")
    agent.wait_says("replaced by one with what is new", deadline=60)
    wait_for(oracle.complete, 60, "all lines, by the second password")
    assert agent.counters()["maybe_persisted"] == 0
    assert not agent.says("given up")
    agent.stop()
    oracle.judge().assert_clean(written=7000)


@pytest.mark.timeout(400)
@pytest.mark.scenario("E29")
def test_renewals_under_load(guarded, topic_name, make_lineage, make_agent, make_oracle, work):
    """Name and password are replaced six times, two files each time, while lines are written."""
    topic = guarded.make_topic(topic_name)
    users = ["left", "right"]
    for user in users:
        guarded.set_scram(user, f"password-of-{user}")
    lineage = make_lineage("a")
    name, password = secret_file(work, "name", "left"), secret_file(work, "password", "password-of-left")
    secret = {"sasl_username": f"file:{name}", "sasl_password": f"file:{password}"}
    agent = make_agent(guarded.tls, topic, kafka=login(guarded, "SCRAM-SHA-512", **secret))
    agent.env = logins.newest_library()
    agent.start()
    oracle = make_oracle(guarded, topic, [lineage])
    written = 0

    def renewed(times):
        nonlocal written
        lineage.append(20)
        written += 20
        return agent.messages().count("replaced by one with what is new") >= times

    wait_for(lambda: renewed(0), 40, "lines, by the first name")
    for turn in range(1, 7):
        name.write_text(users[turn % 2] + "\n")
        password.write_text(f"password-of-{users[turn % 2]}\n")
        wait_for(lambda turn=turn: renewed(turn), 60, f"renewal {turn}")
    wait_for(oracle.complete, 90, "all lines")
    assert agent.counters()["maybe_persisted"] == 0
    assert not agent.says("brokers do not take")
    agent.stop()
    oracle.judge().assert_clean(written=written)

# SPDX-License-Identifier: Apache-2.0
"""The IAM of Amazon MSK: a broker that verifies the signature, and credentials from each of the places
where programs find them there."""

import os

import pytest
from rig import logins, tokens
from rig.certificates import Authority
from rig.paths import WORK
from rig.wait import wait_for

KEY, SECRET = "AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"
SESSION = "of/the+session=="


@pytest.fixture(scope="module")
def msk():
    broker = logins.LoginBroker("msk", Authority(WORK / "msk-authority", "authority"), {})
    logins.msk(broker, SECRET, SESSION)
    broker.format()
    broker.start()
    yield broker
    broker.stop()


class Endpoints(tokens.TokenServer):
    """Of a container, at /role, and of an instance, at its usual paths."""

    def __init__(self):
        super().__init__(self._reply)

    @staticmethod
    def _reply(request, _):
        answer = {"AccessKeyId": KEY, "SecretAccessKey": SECRET, "Token": SESSION, "Code": "Success"}
        iam = "/latest/meta-data/iam/security-credentials/"
        with_token = request.headers.get("X-aws-ec2-metadata-token") == "of-the-instance"
        if request.path == "/role" and request.headers.get("Authorization") == "of-the-container":
            return 200, answer
        if (request.command, request.path) == ("PUT", "/latest/api/token"):
            assert 0 < int(request.headers["X-aws-ec2-metadata-token-ttl-seconds"]) <= 21600
            return 200, "of-the-instance"
        if with_token and request.path == iam:
            return 200, "the-role"
        if with_token and request.path == iam + "the-role":
            return 200, answer
        return 401, {}


def from_environment(work, _):
    return {"AWS_ACCESS_KEY_ID": KEY, "AWS_SECRET_ACCESS_KEY": SECRET, "AWS_SESSION_TOKEN": SESSION}


def from_file(work, _):
    path = work / "credentials"
    path.write_text(
        f"[other]\naws_access_key_id = X\naws_secret_access_key = Y\n[tests]\naws_access_key_id = {KEY}\n"
        f"aws_secret_access_key = {SECRET}\naws_session_token = {SESSION}\n"
    )
    return {"AWS_SHARED_CREDENTIALS_FILE": str(path), "AWS_PROFILE": "tests"}


def from_container(work, endpoints):
    path = work / "container-token"
    path.write_text("of-the-container\n")
    return {
        "AWS_CONTAINER_CREDENTIALS_FULL_URI": endpoints.url + "/role",
        "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE": str(path),
    }


def from_instance(work, endpoints):
    # A proxy of the environment is not asked.
    return {"AWS_EC2_METADATA_SERVICE_ENDPOINT": endpoints.url + "/", "http_proxy": "http://127.0.0.1:1"}


ROLE = "arn:aws:iam::123456789012:role/shipper"


class Sts(tokens.TokenServer):
    """Gives the role to who comes with the token that is `good`, as STS does: in XML."""

    def __init__(self, good):
        super().__init__(self._reply)
        self.good = good

    def _reply(self, request, form):
        wanted = {"Action": "AssumeRoleWithWebIdentity", "Version": "2011-06-15", "RoleArn": ROLE}
        assert {name: form[name] for name in wanted} == wanted and form["RoleSessionName"] == "waybill"
        assert (request.command, request.path) == ("POST", "/sts")
        if form["WebIdentityToken"] != self.good:
            code, words = "ExpiredTokenException", "Token expired: current date/time must be before it"
            error = f"<Error><Type>Sender</Type><Code>{code}</Code><Message>{words}</Message></Error>"
            return 400, f"<ErrorResponse>{error}<RequestId>1</RequestId></ErrorResponse>"
        return 200, (
            "<AssumeRoleWithWebIdentityResponse><AssumeRoleWithWebIdentityResult><Credentials>\n"
            f"<AccessKeyId>{KEY}</AccessKeyId>\n<SecretAccessKey>{SECRET}</SecretAccessKey>\n"
            f"<SessionToken>{SESSION}</SessionToken>\n<Expiration>2100-01-01T00:00:00Z</Expiration>"
            "</Credentials></AssumeRoleWithWebIdentityResult></AssumeRoleWithWebIdentityResponse>"
        )


def make(msk, topic, make_agent, work, env):
    agent = make_agent(
        msk.tls,
        topic,
        kafka={
            "security_protocol": "sasl_ssl",
            "ssl_ca_location": str(msk.authority.certificate),
            "sasl_mechanism": "OAUTHBEARER",
            "sasl_oauthbearer_method": "aws_msk_iam",
            "aws_region": "eu-west-1",
        },
        shutdown_timeout="2s",
    )
    others = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    agent.env = {**others, "HOME": str(work / "nobody"), **env}
    return agent.start()


@pytest.mark.parametrize("source", [from_environment, from_file, from_container, from_instance])
def test_credentials(source, msk, topic_name, make_lineage, make_agent, make_oracle, work):
    topic = msk.make_topic(topic_name)
    lineage = make_lineage("a").append(100)
    endpoints = Endpoints()
    agent = make(msk, topic, make_agent, work, source(work, endpoints))
    oracle = make_oracle(msk, topic, [lineage])
    wait_for(oracle.complete, 40, lambda: "all lines:\n" + agent.messages()[-2000:])
    agent.stop()
    endpoints.close()
    oracle.judge().assert_clean(written=100)
    assert SECRET not in agent.messages()


@pytest.mark.scenario("E29")
def test_a_role_for_a_token(msk, topic_name, make_lineage, make_agent, make_oracle, work):
    """Of a pod: the token lies in a file, which is replaced. What STS says of a wrong one is told, and
    nobody else's credentials are taken instead, though there are some."""
    topic = msk.make_topic(topic_name)
    lineage = make_lineage("a").append(100)
    sts = Sts("a/good+token=")
    token = work / "web-identity"
    token.write_text("the-old-token\n")
    env = from_file(work, None)
    env |= {"AWS_ROLE_ARN": ROLE, "AWS_WEB_IDENTITY_TOKEN_FILE": str(token), "AWS_ENDPOINT_URL_STS": f"{sts.url}/sts"}
    agent = make(msk, topic, make_agent, work, env)
    agent.wait_says("status 400: ExpiredTokenException, Token expired", ROLE, str(token), deadline=40)
    assert agent.counters()["lines_delivered"] == 0
    token.write_text("a/good+token=\n")
    oracle = make_oracle(msk, topic, [lineage])
    wait_for(oracle.complete, 60, lambda: "all lines:\n" + agent.messages()[-2000:])
    agent.stop()
    sts.close()
    oracle.judge().assert_clean(written=100)
    for secret in (SECRET, SESSION, "the-old-token", "a/good+token="):
        assert secret not in agent.messages()


@pytest.mark.parametrize(
    "env, words",
    [
        ({"AWS_WEB_IDENTITY_TOKEN_FILE": "/no/such/token"}, ["AWS_ROLE_ARN is not"]),
        ({"AWS_WEB_IDENTITY_TOKEN_FILE": "/no/such/token", "AWS_ROLE_ARN": ROLE}, ["/no/such/token", "No such file"]),
        (
            {
                "AWS_WEB_IDENTITY_TOKEN_FILE": "/no/such/token",
                "AWS_ROLE_ARN": ROLE,
                "AWS_ENDPOINT_URL_STS": "http://10.0.0.1/",
            },
            ["AWS_ENDPOINT_URL_STS is neither https nor of this host"],
        ),
    ],
)
def test_half_a_web_identity_is_told(env, words, msk, topic_name, make_lineage, make_agent, work):
    topic = msk.make_topic(topic_name)
    make_lineage("a").append(10)
    agent = make(msk, topic, make_agent, work, env)
    agent.wait_says(*words, deadline=40)
    agent.stop()


def test_a_wrong_secret_is_told(msk, topic_name, make_lineage, make_agent, work):
    topic = msk.make_topic(topic_name)
    make_lineage("a").append(10)
    env = {**from_environment(work, None), "AWS_SECRET_ACCESS_KEY": "another"}
    agent = make(msk, topic, make_agent, work, env)
    agent.wait_says("not taken: signature", deadline=40)
    agent.stop()


def test_no_credentials_are_told(msk, topic_name, make_lineage, make_agent, work):
    topic = msk.make_topic(topic_name)
    make_lineage("a").append(10)
    agent = make(msk, topic, make_agent, work, {"AWS_EC2_METADATA_DISABLED": "true"})
    agent.wait_says("no credentials in the environment, in a file or of a container", deadline=40)
    agent.stop()

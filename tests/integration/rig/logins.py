# SPDX-License-Identifier: Apache-2.0
"""A broker at which clients log in: its PROXIED listener speaks SASL_SSL, with every mechanism that
a test names; there is no proxy. Those who administer it come by PLAIN."""

import os
import subprocess
from pathlib import Path

import confluent_kafka
from confluent_kafka.admin import (
    ScramCredentialInfo,
    ScramMechanism,
    UserScramCredentialUpsertion,
)

from . import tokens
from .kafka import ANSWER_S, Broker
from .kerberos import REALM
from .paths import BUILD, KAFKA_LIB, WORK
from .process import free_port

PLAIN = "org.apache.kafka.common.security.plain.PlainLoginModule"
OAUTH = "org.apache.kafka.common.security.oauthbearer"
AUTHORIZER = "org.apache.kafka.metadata.authorizer.StandardAuthorizer"
SCRAM = "org.apache.kafka.common.security.scram.ScramLoginModule"


class LoginBroker(Broker):
    def __init__(self, name, authority, mechanisms):
        """mechanisms: {"PLAIN": [more lines of its listener's settings], ...}"""
        super().__init__(name)
        self.authority, self.mechanisms = authority, mechanisms
        self.tls = f"127.0.0.1:{self.ports['proxied']}"

    def format(self):
        super().format()
        key, certificate, both = (self.dir / name for name in ("key", "certificate", "server.pem"))
        self.authority.sign(key, certificate, "broker")
        both.write_text(key.read_text() + certificate.read_text())
        lines = [
            "listener.security.protocol.map=PLAIN:PLAINTEXT,PROXIED:SASL_SSL,CONTROLLER:PLAINTEXT",
            f"advertised.listeners=PLAIN://{self.bootstrap},PROXIED://{self.tls}",
            "ssl.keystore.type=PEM",
            f"ssl.keystore.location={both}",
            f"listener.name.proxied.sasl.enabled.mechanisms={','.join(self.mechanisms)}",
        ]
        for mechanism, settings in self.mechanisms.items():
            lines += [f"listener.name.proxied.{mechanism.lower()}.{setting}" for setting in settings]
        self.properties.write_text(self.properties.read_text() + "\n".join(lines) + "\n")

    def set_scram(self, user, password):
        """Who is logged in stays so."""
        info = ScramCredentialInfo(ScramMechanism.SCRAM_SHA_512, 4096)
        asked = UserScramCredentialUpsertion(user, info, password.encode())
        self.admin.alter_user_scram_credentials([asked])[user].result(ANSWER_S)


class SaslBroker(Broker):
    """Its PROXIED listener wants the password of the one user there is, waybill, without TLS. With
    `rights` he may only what a test grants; who comes by PLAIN may everything."""

    def __init__(self, name, password, rights=False):
        super().__init__(name)
        self.sasl = f"127.0.0.1:{self.ports['proxied']}"
        self.password = password
        if rights:
            self.more = f"authorizer.class.name={AUTHORIZER}\nsuper.users=User:ANONYMOUS\n"

    def _settings(self):
        user = f'user_waybill="{self.password}"'
        return (
            super()._settings()
            + f"""
listener.security.protocol.map=PLAIN:PLAINTEXT,PROXIED:SASL_PLAINTEXT,CONTROLLER:PLAINTEXT
advertised.listeners=PLAIN://{self.bootstrap},PROXIED://{self.sasl}
listener.name.proxied.sasl.enabled.mechanisms=PLAIN
listener.name.proxied.plain.sasl.jaas.config={PLAIN} required {user};
"""
        )

    def set_password(self, password):
        """From its next start on."""
        self.password = password
        self.properties.write_text(self._settings())

    @staticmethod
    def login(password):
        """The kafka block of a client that has this password."""
        return {
            "security_protocol": "sasl_plaintext",
            "sasl_mechanism": "PLAIN",
            "sasl_username": "waybill",
            "sasl_password": password,
        }


class DoorsBroker(Broker):
    """Speaks each security protocol at a port of its own, `doors[PROTOCOL]`. Whoever speaks TLS has to show
    a certificate of the authority, and who logs in does so by PLAIN, as waybill."""

    PROTOCOLS = ("PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL")

    def __init__(self, name, authority, password):
        super().__init__(name)
        self.authority, self.password = authority, password
        ports = set()
        while len(ports) < len(self.PROTOCOLS):
            ports.add(free_port())
        self.doors = {name: f"127.0.0.1:{port}" for name, port in zip(self.PROTOCOLS, ports)}

    def _settings(self):
        doors = ",".join(f"{name}://{address}" for name, address in self.doors.items())
        plain = f"PLAIN://{self.bootstrap}"
        controller = f"CONTROLLER://127.0.0.1:{self.ports['controller']}"
        known = ",".join(f"{name}:{name}" for name in self.PROTOCOLS)
        key = self.dir / "server.pem"
        return (
            super()._settings()
            + f"""
listeners={plain},{doors},{controller}
advertised.listeners={plain},{doors}
listener.security.protocol.map=PLAIN:PLAINTEXT,CONTROLLER:PLAINTEXT,{known}
ssl.keystore.type=PEM
ssl.keystore.location={key}
ssl.truststore.type=PEM
ssl.truststore.location={self.authority.certificate}
listener.name.ssl.ssl.client.auth=required
sasl.enabled.mechanisms=PLAIN
listener.name.sasl_plaintext.plain.sasl.jaas.config={PLAIN} required user_waybill="{self.password}";
listener.name.sasl_ssl.plain.sasl.jaas.config={PLAIN} required user_waybill="{self.password}";
"""
        )

    def format(self):
        super().format()
        key, certificate = (self.dir / name for name in ("key", "certificate"))
        self.authority.sign(key, certificate, "broker")
        (self.dir / "server.pem").write_text(key.read_text() + certificate.read_text())


def plain(**users):
    """The PLAIN mechanism for users with these passwords."""
    known = " ".join(f'user_{name}="{password}"' for name, password in users.items())
    return {"PLAIN": [f"sasl.jaas.config={PLAIN} required {known};"]}


def oauth(issuer):
    """Tokens that the issuer has signed, for this broker, and that have not expired; `sub` is the user. Kafka
    itself judges them."""
    handler = f"{OAUTH}.OAuthBearerValidatorCallbackHandler"
    return {
        "OAUTHBEARER": [
            f"sasl.jaas.config={OAUTH}.OAuthBearerLoginModule required;",
            f"sasl.server.callback.handler.class={handler}",
            f"sasl.oauthbearer.jwks.endpoint.url={issuer.keys.as_uri()}",
            f"sasl.oauthbearer.expected.audience={tokens.AUDIENCE}",
            f"sasl.oauthbearer.expected.issuer={tokens.ISSUER}",
            "sasl.oauthbearer.clock.skew.seconds=5",
        ]
    }


def allow_keys(broker, issuer):
    """The validator is named without a prefix, the only way in which Kafka 4.1 finds it: otherwise it takes that
    of clients, which verifies no signature."""
    broker.more += f"sasl.oauthbearer.jwt.validator.class={OAUTH}.BrokerJwtValidator\n"
    name = "org.apache.kafka.sasl.oauthbearer.allowed.urls"
    broker.java_options.append(f"-D{name}={issuer.keys.as_uri()}")


def msk(broker, secret, session=""):
    """The tokens of Amazon MSK, of this secret key and session."""
    classes = WORK / "signed-by-us"
    source = Path(__file__).parent.parent / "java" / "SignedByUs.java"
    command = ["javac", "-d", classes, "-cp", f"{KAFKA_LIB}/*", source]
    subprocess.run(command, check=True, timeout=120)
    broker.classes.append(str(classes))
    broker.java_options += [f"-Dtests.aws.secret={secret}", f"-Dtests.aws.session={session}"]
    broker.mechanisms = {
        "OAUTHBEARER": [
            f"sasl.jaas.config={OAUTH}.OAuthBearerLoginModule required;",
            "sasl.server.callback.handler.class=SignedByUs",
        ]
    }


def kerberos(broker, realm):
    """Who has a ticket of the realm."""
    keytab = realm.add("kafka/127.0.0.1")
    module = "com.sun.security.auth.module.Krb5LoginModule required useKeyTab=true storeKey=true"
    who = f'keyTab="{keytab}" principal="kafka/127.0.0.1@{REALM}"'
    broker.java_options.append(f"-Djava.security.krb5.conf={realm.conf}")
    broker.mechanisms = {"GSSAPI": [f"sasl.jaas.config={module} {who};"]}
    broker.more += "sasl.kerberos.service.name=kafka\n"


def scram():
    return {"SCRAM-SHA-512": [f"sasl.jaas.config={SCRAM} required;"]}


def newest_library():
    """An environment in which the agent has the librdkafka that the tests' own client brings, which
    has no GSSAPI."""
    (library,) = Path(confluent_kafka.__file__).parent.parent.glob("confluent_kafka.libs/librdkafka-*.so*")
    directory = BUILD / "newest-librdkafka"
    directory.mkdir(parents=True, exist_ok=True)
    link = directory / f"librdkafka.so.1.{os.getpid()}"
    link.unlink(missing_ok=True)
    link.symlink_to(library)
    link.rename(directory / "librdkafka.so.1")
    return {**os.environ, "LD_LIBRARY_PATH": str(directory)}

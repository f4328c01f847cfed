# SPDX-License-Identifier: Apache-2.0
"""Authorities and certificates, made by openssl, and a broker that wants to see one."""

import subprocess

from .kafka import Broker


def _openssl(*words):
    subprocess.run(["openssl", *map(str, words)], check=True, capture_output=True)


class Authority:
    def __init__(self, directory, name):
        directory.mkdir(parents=True, exist_ok=True)
        self.dir, self.name = directory, name
        self.key, self.certificate = directory / f"{name}.key", directory / f"{name}.pem"
        self._make(self.key, self.certificate, name, "-x509", "-days", "2")

    @staticmethod
    def _make(key, out, name, *more):
        curve = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
        _openssl("req", *curve, "-keyout", key, "-out", out, "-subj", f"/CN={name}", *more)

    def sign(self, key, certificate, name, days=2):
        """A new key and its certificate into these files, for a host or a client at 127.0.0.1."""
        request, extensions = self.dir / "request", self.dir / "extensions"
        self._make(key, request, name)
        extensions.write_text("subjectAltName = IP:127.0.0.1\n")
        by = ["-CA", self.certificate, "-CAkey", self.key, "-CAcreateserial"]
        how = ["-days", days, "-extfile", extensions]
        _openssl("x509", "-req", "-in", request, "-out", certificate, *by, *how)

    def keystore(self, path, name, password, days):
        """The same into one file, PKCS#12, which is there at once."""
        key, certificate, made = (path.with_suffix(kind) for kind in (".key", ".pem", ".made"))
        self.sign(key, certificate, name, days)
        _openssl("pkcs12", "-export", "-inkey", key, "-in", certificate, "-out", made, "-passout", f"pass:{password}")
        made.rename(path)


class TlsBroker(Broker):
    """Its PROXIED listener speaks TLS and takes clients of the authority `trust` only; there is no
    proxy."""

    def __init__(self, name, own, trust):
        super().__init__(name)
        self.own, self.trust = own, trust
        self.tls = f"127.0.0.1:{self.ports['proxied']}"

    def format(self):
        super().format()
        key, certificate, both = (self.dir / name for name in ("key", "certificate", "server.pem"))
        self.own.sign(key, certificate, "broker")
        both.write_text(key.read_text() + certificate.read_text())
        self.plain_properties = self.properties.read_text()
        self._configure()

    def _configure(self):
        tls = f"""
listener.security.protocol.map=PLAIN:PLAINTEXT,PROXIED:SSL,CONTROLLER:PLAINTEXT
advertised.listeners=PLAIN://{self.bootstrap},PROXIED://{self.tls}
ssl.keystore.type=PEM
ssl.keystore.location={self.dir / "server.pem"}
ssl.truststore.type=PEM
ssl.truststore.location={self.trust.certificate}
ssl.client.auth=required
"""
        self.properties.write_text(self.plain_properties + tls)

    def trust_when_started(self, authority):
        self.trust = authority
        self._configure()

    def trust_only(self, authority):
        """From now on; those who are connected have to come again."""
        self.trust_when_started(authority)
        self.kill()
        self.start()

# SPDX-License-Identifier: Apache-2.0
"""A realm of Kerberos: a KDC of the distribution on loopback, principals and their keytabs."""

import os
import shutil
import subprocess

from .process import free_port, spawn
from .wait import wait_for

REALM = "TESTS.WAYBILL"

KRB5_CONF = """
[libdefaults]
default_realm = {realm}
dns_lookup_kdc = false
dns_lookup_realm = false
dns_canonicalize_hostname = false
rdns = false
udp_preference_limit = 1
[realms]
{realm} = {{
  kdc = 127.0.0.1:{port}
}}
"""

KDC_CONF = """
[kdcdefaults]
kdc_listen = ""
kdc_tcp_listen = 127.0.0.1:{port}
[realms]
{realm} = {{
  database_name = {dir}/principal
  key_stash_file = {dir}/stash
  max_life = 1h
}}
"""


class Realm:
    def __init__(self, directory):
        shutil.rmtree(directory, ignore_errors=True)
        directory.mkdir(parents=True)
        self.dir, self.conf = directory, directory / "krb5.conf"
        port = free_port()
        self.conf.write_text(KRB5_CONF.format(realm=REALM, port=port))
        kdc = directory / "kdc.conf"
        kdc.write_text(KDC_CONF.format(realm=REALM, port=port, dir=directory))
        where = {"KRB5_CONFIG": str(self.conf), "KRB5_KDC_PROFILE": str(kdc)}
        self.env = {**os.environ, **where, "PATH": os.environ["PATH"] + ":/usr/sbin"}
        self._run("kdb5_util", "create", "-r", REALM, "-s", "-P", "of-the-tests")
        self.process = spawn(["krb5kdc", "-n"], directory / "output", cwd=directory, env=self.env)
        wait_for(lambda: "starting..." in self._said(), 30, self._said)

    def _said(self):
        return (self.dir / "output").read_text()

    def _run(self, *words):
        done = subprocess.run(
            list(map(str, words)), env=self.env, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stdout + done.stderr

    def add(self, principal, keytab=None):
        """A principal with a new key, in its keytab; what it had in the realm is no longer good."""
        keytab = keytab or self.dir / (principal.replace("/", "-") + ".keytab")
        self._run("kadmin.local", "-r", REALM, "-q", f"addprinc -randkey {principal}@{REALM}")
        self._run("kadmin.local", "-r", REALM, "-q", f"ktadd -k {keytab} {principal}@{REALM}")
        return keytab

    def stop(self):
        self.process.terminate()
        self.process.wait()

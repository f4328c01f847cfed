# SPDX-License-Identifier: Apache-2.0
"""Who issues tokens: keys, JWTs and the file with which a broker verifies them, and a server with a
token endpoint."""

import base64
import json
import re
import ssl
import subprocess
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs

KEY_ID = "of-the-tests"
AUDIENCE = "kafka-of-the-tests"
ISSUER = "issuer-of-the-tests"
OURS = {"aud": AUDIENCE, "iss": ISSUER}
JWT_BEARER = "urn:ietf:params:oauth:grant-type:jwt-bearer"


def encode(raw):
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def decode(text):
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def _openssl(*words, given=b""):
    command = ["openssl", *map(str, words)]
    return subprocess.run(command, input=given, check=True, capture_output=True).stdout


class Issuer:
    """Its key, and the public half of it as brokers read it (JWKS)."""

    def __init__(self, directory):
        directory.mkdir(parents=True, exist_ok=True)
        self.key, self.keys = directory / "issuer.key", directory / "jwks.json"
        size = ["-pkeyopt", "rsa_keygen_bits:2048"]
        _openssl("genpkey", "-algorithm", "RSA", *size, "-out", self.key)
        modulus = _openssl("rsa", "-in", self.key, "-noout", "-modulus").decode().strip()
        n = encode(bytes.fromhex(modulus.split("=")[1]))
        key = {"kty": "RSA", "use": "sig", "alg": "RS256", "kid": KEY_ID, "n": n, "e": "AQAB"}
        self.keys.write_text(json.dumps({"keys": [key]}))

    def token(self, lasts=3600, **claims):
        """A JWT that is valid for so many seconds."""
        now = int(time.time())
        claims = {"sub": "agent", "iat": now, "exp": now + lasts, "scope": "write", **OURS, **claims}
        parts = [{"alg": "RS256", "kid": KEY_ID}, claims]
        text = ".".join(encode(json.dumps(part).encode()) for part in parts)
        signature = _openssl("dgst", "-sha256", "-sign", self.key, given=text.encode())
        return f"{text}.{encode(signature)}"


def claims_of(token):
    return json.loads(decode(token.split(".")[1]))


def verify(token, public_key, directory):
    """Raises when the JWT is not signed by the owner of that key, RS256."""
    text, _, signature = token.rpartition(".")
    path = directory / "signature"
    path.write_bytes(decode(signature))
    _openssl("dgst", "-sha256", "-verify", public_key, "-signature", path, given=text.encode())


class TokenServer(ThreadingHTTPServer):
    """A token endpoint at `url`: `answer(request, form)` gives status and JSON of each request. With
    an authority it speaks TLS, by a certificate of its own."""

    daemon_threads = True

    def __init__(self, answer, authority=None):
        super().__init__(("127.0.0.1", 0), _Handler)
        self.answer, self.asked = answer, []
        self.url = f"http://127.0.0.1:{self.server_port}"
        if authority:
            key, certificate = (authority.dir / f"token-server.{kind}" for kind in ("key", "pem"))
            authority.sign(key, certificate, "token-server")
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(certificate, key)
            self.socket = context.wrap_socket(self.socket, server_side=True)
            self.url = self.url.replace("http:", "https:")
        threading.Thread(target=self.serve_forever, daemon=True).start()

    def close(self):
        self.shutdown()
        self.server_close()


class _Handler(BaseHTTPRequestHandler):
    def _answer(self):
        length = int(self.headers.get("Content-Length", 0))
        form = {name: one for name, (one, *_) in parse_qs(self.rfile.read(length).decode()).items()}
        self.server.asked.append((self.command, self.path, form))
        status, body = self.server.answer(self, form)
        raw = body.encode() if isinstance(body, str) else json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(raw)))
        self.end_headers()
        self.wfile.write(raw)

    do_GET = do_POST = do_PUT = _answer  # noqa: N815 names of the standard library

    def log_message(self, *words):
        pass


def basic(request):
    """Name and password of basic authentication, or None."""
    match = re.fullmatch("Basic (.*)", request.headers.get("Authorization", ""))
    return tuple(base64.b64decode(match[1]).decode().split(":", 1)) if match else None

"""A provider that a test can make lie: it speaks the protocol right, but for what ``lies`` say.

Real HTTP on a real port, so that what is tested is what meets a real provider.
"""

import hashlib
import hmac
import json
import secrets
import threading
import time
from base64 import urlsafe_b64encode
from typing import Any
from urllib.parse import parse_qs, urlsplit

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding
from joserfc.jwk import KeySet, RSAKey
from waitress.server import create_server

from tests.web_server import run_until_closed

CLIENT_ID = "platform"
CLIENT_SECRET = "f3k9ZpQ1vX7mB2cT"


def b64(data: bytes) -> str:
    return urlsafe_b64encode(data).rstrip(b"=").decode()


class HostileProvider:
    """``person``: whose claims it tells. ``lies``: what it gets wrong, by name; see the tests."""

    def __init__(self) -> None:
        self.key = RSAKey.generate_key(2048, {"kid": "one", "use": "sig", "alg": "RS256"})
        self.server = create_server(self, host="127.0.0.1", port=0, threads=8)
        self.issuer = f"http://127.0.0.1:{self.server.effective_port}"
        self.thread = threading.Thread(target=run_until_closed, args=(self.server,), daemon=True)
        self.thread.start()
        self.reset()

    def reset(self) -> None:
        self.person: dict[str, Any] = {"sub": "ada", "email": "ada@provider.test", "email_verified": True}
        self.lies: dict[str, Any] = {}
        self.codes: dict[str, dict[str, str]] = {}
        self.asked: list[str] = []
        self.access_token = secrets.token_urlsafe(16)

    def close(self) -> None:
        self.server.close()
        for channel in list(self.server._map.values()):
            channel.close()
        self.thread.join(timeout=5)

    def approve(self, authorization_url: str) -> dict[str, str]:
        """What the browser brings back after its user agreed."""
        query = {name: values[0] for name, values in parse_qs(urlsplit(authorization_url).query).items()}
        assert query["response_type"] == "code"
        assert query["client_id"] == CLIENT_ID
        assert query["code_challenge_method"] == "S256"
        code = secrets.token_urlsafe(16)
        self.codes[code] = query
        return {"code": code, "state": query["state"]}

    def __call__(self, environ: dict[str, Any], start_response: Any) -> list[bytes]:
        path = environ["PATH_INFO"]
        self.asked.append(path)
        if path in self.lies.get("slow", ()):
            time.sleep(self.lies["sleep_s"])
        status, answer = self.answer(path, environ)
        raw = self.lies.get("raw", {}).get(path)
        body = raw if raw is not None else json.dumps(answer).encode()
        status = self.lies.get("status", {}).get(path, status)
        headers = [("Content-Type", "application/json"), ("Content-Length", str(len(body)))]
        start_response(status, headers + self.lies.get("headers", []))
        return [body]

    def answer(self, path: str, environ: dict[str, Any]) -> tuple[str, Any]:
        if path == "/.well-known/openid-configuration":
            return "200 OK", {
                "issuer": self.issuer,
                "authorization_endpoint": f"{self.issuer}/authorize",
                "token_endpoint": f"{self.issuer}/token",
                "jwks_uri": f"{self.issuer}/jwks",
                "userinfo_endpoint": f"{self.issuer}/userinfo",
                "id_token_signing_alg_values_supported": ["RS256"],
                **self.lies.get("metadata", {}),
            }
        if path == "/jwks":
            return "200 OK", KeySet([self.key]).as_dict(private=False)
        if path == "/userinfo":
            return "200 OK", {**self.person, **self.lies.get("userinfo", {})}
        if path == "/token":
            form = parse_qs(environ["wsgi.input"].read().decode())
            return self.token({name: values[0] for name, values in form.items()})
        return "404 Not Found", {}

    def token(self, form: dict[str, str]) -> tuple[str, Any]:
        asked = self.codes.pop(form.get("code", ""), None)
        challenge = b64(hashlib.sha256(form.get("code_verifier", "").encode()).digest())
        if asked is None or asked["redirect_uri"] != form["redirect_uri"] or asked["code_challenge"] != challenge:
            return "400 Bad Request", {"error": "invalid_grant"}
        return "200 OK", {
            "access_token": self.access_token,
            "token_type": "Bearer",
            "expires_in": 60,
            "id_token": self.lies.get("id_token") or self.id_token(asked["nonce"]),
        }

    def id_token(self, nonce: str) -> str:
        now = int(time.time())
        half = hashlib.sha256(self.access_token.encode()).digest()[:16]
        claims = {
            "iss": self.issuer,
            "aud": CLIENT_ID,
            "iat": now,
            "exp": now + 60,
            "nonce": nonce,
            "at_hash": b64(half),
            **self.person,
            **self.lies.get("claims", {}),
        }
        claims = {name: value for name, value in claims.items() if value is not None}
        header = {"alg": "RS256", "kid": "one", **self.lies.get("header", {})}
        signed = f"{b64(json.dumps(header).encode())}.{b64(json.dumps(claims).encode())}"
        return f"{signed}.{b64(self.signature(header['alg'], signed.encode()))}"

    def signature(self, algorithm: str, signed: bytes) -> bytes:
        if algorithm == "none":
            return b""
        if algorithm == "HS256":  # with the public key, as if it were a shared secret
            return hmac.digest(self.key.as_pem(private=False), signed, "sha256")
        key = self.lies.get("key", self.key)
        return key.private_key.sign(signed, padding.PKCS1v15(), hashes.SHA256())

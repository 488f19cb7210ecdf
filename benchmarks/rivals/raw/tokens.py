"""Access tokens: JWTs of HS256, and nothing else (RFC 7519)."""

import hashlib
import hmac
import os
import time
from base64 import urlsafe_b64decode, urlsafe_b64encode

import orjson

KEY = os.environ["SECRET_KEY"].encode()
TTL_S = 24 * 3600


def encoded(raw):
    return urlsafe_b64encode(raw).rstrip(b"=")


def decoded(text):
    return urlsafe_b64decode(text + b"=" * (-len(text) % 4))


HEADER = encoded(b'{"alg":"HS256","typ":"JWT"}')


def make(user_id, session_id):
    now = int(time.time())
    claims = {"sub": user_id, "sid": session_id, "iat": now, "exp": now + TTL_S}
    signed = HEADER + b"." + encoded(orjson.dumps(claims))
    return (signed + b"." + encoded(hmac.digest(KEY, signed, hashlib.sha256))).decode()


def read(token):
    """(user's id, session's id). Raises: ValueError, KeyError."""
    signed, _, signature = token.encode().rpartition(b".")
    header, _, payload = signed.partition(b".")
    if header != HEADER or not hmac.compare_digest(decoded(signature), hmac.digest(KEY, signed, hashlib.sha256)):
        raise ValueError("not ours")
    claims = orjson.loads(decoded(payload))
    if claims["exp"] <= time.time():
        raise ValueError("expired")
    return claims["sub"], claims["sid"]

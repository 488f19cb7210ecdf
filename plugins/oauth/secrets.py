"""Random strings that are shown once and stored as a hash."""

import hashlib
import hmac
import secrets

#: Tokens that open something begin with these, so that their kind is known, and scanners find leaked ones.
ACCESS, REFRESH, PERSONAL, CLIENT_SECRET = "cpo_", "cpr_", "cpp_", "cps_"


def make(prefix: str = "") -> str:
    """256 random bits."""
    return prefix + secrets.token_urlsafe(32)


def sha256(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()


def matches(secret_sha256: str, secret: str) -> bool:
    return hmac.compare_digest(secret_sha256, sha256(secret))

"""Redirect addresses: which may be registered, and which one a request may name (RFC 9700, 4.1; RFC 8252)."""

import re
from urllib.parse import urlsplit

MAX_CHARS = 500
#: Visible ASCII without what browsers and libraries read differently: quotes, brackets, backslash, ``^`` and backtick.
ALLOWED = re.compile(r"[A-Za-z0-9\-._~:/?@!$&'()*+,;=%\[\]]+")
PRIVATE_SCHEME = re.compile(r"[a-z][a-z0-9+-]*(\.[a-z0-9+-]+)+")
#: The one place where a port is free: an application on the user's own machine can't know its port beforehand.
LOOPBACK = re.compile(r"http://(127\.0\.0\.1|\[::1\])(?::([1-9][0-9]{0,4}))?(/.*)?")


def fault(uri: str) -> str | None:
    """What forbids to register this address, as the end of a sentence."""
    if len(uri) > MAX_CHARS or not ALLOWED.fullmatch(uri):
        return f"must be at most {MAX_CHARS} visible ASCII characters, without a fragment"
    try:
        parts = urlsplit(uri)
        _ = parts.port
    except ValueError:
        return "must be an absolute address"
    if "@" in parts.netloc:
        return "must not name a user"
    if any(
        segment in (".", "..") for segment in re.split(r"/|%2[fF]", parts.path.replace("%2e", ".").replace("%2E", "."))
    ):
        return "must not have '.' or '..' in its path"
    is_web = parts.scheme == "https" and bool(parts.hostname) and "*" not in parts.netloc
    is_local = parts.scheme == "http" and parts.hostname in ("127.0.0.1", "::1", "localhost")
    is_private = PRIVATE_SCHEME.fullmatch(uri.partition(":")[0]) and not parts.netloc
    if not (is_web or is_local or is_private):
        return "must be https, http on this machine, or a private scheme such as com.example.app:/callback"
    return None


def is_registered(uri: str, registered: list[str]) -> bool:
    """Whether the address is one of these: the same characters, but for the port of a loopback address."""
    if uri in registered:
        return True
    asked = LOOPBACK.fullmatch(uri)
    if asked is None or int(asked[2] or 80) > 65_535:
        return False
    known = filter(None, map(LOOPBACK.fullmatch, registered))
    return any((asked[1], asked[3]) == (one[1], one[3]) for one in known)

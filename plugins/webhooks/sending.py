"""One attempt: sign an event and send it. No database here."""

import hmac
import time
from base64 import b64encode
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from uuid import UUID

from requests import ConnectTimeout, RequestException, Session, Timeout
from requests.exceptions import SSLError

from courseplatform.api import AddressGuard, AddressRefused, BoundedAdapter, Unresolvable

#: Less than PostgreSQL lets the job's transaction be idle, together with the time that jobs.py gives a webhook.
CONNECT_S, TOTAL_S = 3, 8
DAY_S = 24 * 3600
#: What the ledger says where no status came, the first that fits.
ERRORS: tuple[tuple[type[Exception], str], ...] = (
    (Unresolvable, "host_unknown"),
    (AddressRefused, "address_refused"),
    (SSLError, "tls"),
    (ConnectTimeout, "connect_timeout"),
    (Timeout, "timeout"),
    (RequestException, "connection"),
)


@dataclass(frozen=True)
class Outgoing:
    """What is to be sent. ``secrets``: each signs."""

    webhook_id: UUID
    delivery_id: UUID
    event_id: UUID
    url: str
    body: bytes
    secrets: tuple[bytes, ...]


@dataclass(frozen=True)
class Outcome:
    """What came of it: a status, or why none came. ``retry_after_s``: what the receiver asks for."""

    attempted_at: datetime
    duration_ms: int
    status_code: int | None = None
    error: str | None = None
    retry_after_s: int = 0

    @property
    def is_delivered(self) -> bool:
        return self.status_code is not None and 200 <= self.status_code < 300


def send(outgoing: Outgoing, guard: AddressGuard, now: datetime) -> Outcome:
    """POST it once: no redirect is followed, of the answer no body is read, and no proxy of the environment is used."""
    started = time.monotonic()
    status_code, error, retry_after_s = None, None, 0
    try:
        url = guard.normalized(outgoing.url)  # by the settings as they are now
        with Session() as session:
            session.trust_env = False  # neither proxies, which resolve names themselves, nor passwords from .netrc
            adapter = BoundedAdapter(connect_s=CONNECT_S, total_s=TOTAL_S, max_bytes=0, guard=guard)
            session.mount("https://", adapter)
            session.mount("http://", adapter)
            answer = session.post(url, data=outgoing.body, headers=headers(outgoing, now), allow_redirects=False)
        status_code, retry_after_s = answer.status_code, seconds_of(answer.headers.get("Retry-After"), now)
    except tuple(kind for kind, _ in ERRORS) as failure:
        error = next(word for kind, word in ERRORS if isinstance(failure, kind))
    return Outcome(now, round((time.monotonic() - started) * 1000), status_code, error, retry_after_s)


def headers(outgoing: Outgoing, now: datetime) -> dict[str, str]:
    """As Standard Webhooks 1.0.0 has them: the id stays over all attempts, the time is the attempt's."""
    timestamp = int(now.timestamp())
    return {
        "Content-Type": "application/json",
        "User-Agent": "courseplatform-webhooks",
        "Accept-Encoding": "identity",
        "webhook-id": str(outgoing.event_id),
        "webhook-timestamp": str(timestamp),
        "webhook-signature": signatures(outgoing.secrets, str(outgoing.event_id), timestamp, outgoing.body),
    }


def signatures(secrets: Iterable[bytes], message_id: str, timestamp: int, body: bytes) -> str:
    """One for each secret, so that a receiver may learn a new one at its leisure."""
    signed = f"{message_id}.{timestamp}.".encode() + body
    return " ".join("v1," + b64encode(hmac.digest(secret, signed, "sha256")).decode() for secret in secrets)


def seconds_of(retry_after: str | None, now: datetime) -> int:
    """``Retry-After`` (RFC 9110, 10.2.3) in seconds, a day at most; 0 for none and for nonsense."""
    text = (retry_after or "").strip()
    if text.isascii() and text.isdigit():
        return min(int(text[:9]), DAY_S)
    try:
        moment = parsedate_to_datetime(text)
        moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
        return min(max(round((moment - now).total_seconds()), 0), DAY_S)
    except (ValueError, OverflowError):
        return 0

"""``Idempotency-Key`` on every POST: repeated with its key, a request has its effect once and its first answer again.

The answer is stored in the transaction of the effect: what was refused, or could not commit, leaves nothing, and its
repetition runs anew. Of two at once the second waits for the first. A key belongs to the caller who sent it and to one
request; security is asked before anything is replayed.

Answers hold tokens and secrets, so they are sealed: with the secrets of the configuration, the key and the request that
they answer. Whoever has the database alone can neither read one nor try passwords at it; and what the box does not open
for is another request.
"""

import hashlib
import hmac
import os
import re
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from typing import IO, Any
from uuid import UUID

import orjson
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from multipart import parse_options_header
from pyramid.config import Configurator
from pyramid.registry import Registry
from pyramid.request import Request
from pyramid.response import Response
from pyramid.security import NO_PERMISSION_REQUIRED
from sqlalchemy import Index, delete, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Mapped, mapped_column

from .db import Base
from .errors import Conflict, Invalid
from .locks import is_lock_timeout
from .settings import CHECK_ORDER, positive_int

#: As clients send it, bare or as the quoted string of draft-ietf-httpapi-idempotency-key-header.
KEY = re.compile(r'("?)([A-Za-z0-9_.:+/=-]{8,200})\1')
CHUNK_BYTES = 256 * 1024
NONCE_BYTES = 12
PURGE_EVERY_S = 3600
#: So many rows are deleted well within the time that a statement has.
PURGE_CHUNK = 10_000


class KeptAnswer(Base):
    """The answer to a POST. ``id``: a hash of its caller and key. ``sealed``: null until the effect is there."""

    __tablename__ = "kept_answers"

    id: Mapped[bytes] = mapped_column(primary_key=True)
    user_id: Mapped[UUID | None]
    created_at: Mapped[datetime]
    sealed: Mapped[bytes | None]

    __table_args__ = (
        Index("ix__kept_answers__user_id", "user_id"),
        Index("ix__kept_answers__created_at", "created_at"),
    )


class Box:
    """One answer, closed. It opens for the same id, key and request, under the same secrets."""

    def __init__(self, pepper: bytes, row_id: bytes, key: str, request_hash: bytes) -> None:
        self.row_id = row_id
        self.cipher = AESGCM(hmac.digest(pepper, key.encode() + b"\0" + request_hash, "sha256"))

    def close(self, response: Response) -> bytes:
        nonce = os.urandom(NONCE_BYTES)
        head = orjson.dumps([response.status, response.headerlist])
        return nonce + self.cipher.encrypt(nonce, head + b"\n" + response.body, self.row_id)

    def open(self, sealed: bytes) -> tuple[str, list[tuple[str, str]], bytes]:
        """Status, headers and body. Raises: Invalid for another request's."""
        try:
            content = self.cipher.decrypt(sealed[:NONCE_BYTES], sealed[NONCE_BYTES:], self.row_id)
        except InvalidTag as error:
            raise Invalid("idempotency_key_reused") from error
        head, _, body = content.partition(b"\n")
        status, headers = orjson.loads(head)
        return status, [(name, value) for name, value in headers], body


def idempotent_view(view: Callable[[Any, Request], Response], info: Any) -> Callable[[Any, Request], Response]:
    """A view deriver, beneath security and around everything else: a POST with a key happens once."""
    if info.exception_only:
        return view
    is_open = info.options.get("permission") == NO_PERMISSION_REQUIRED

    def once(context: Any, request: Request) -> Response:
        if request.method != "POST" or "Idempotency-Key" not in request.headers or request.is_dry_run:
            return view(context, request)
        key = read_key(request)
        identity = None if is_open else request.identity  # which security has read already
        user_id = identity and identity.id
        row_id = hashlib.sha256(f"{user_id or request.client_network}\0{key}".encode()).digest()
        box = Box(request.registry["idempotency.pepper"], row_id, key, hash_request(request, identity))
        is_first = claim(request, row_id, user_id)
        outcome = "miss" if is_first else "hit"
        request.count_now("courseplatform_cache_lookups", cache="kept_answers", outcome=outcome)
        if not is_first:
            if user_id is None:  # else whoever knows a key could try passwords here that no limit counts
                request.hit_limit("replays", f"kept:{row_id.hex()}")
            return replay(request, row_id, box)
        response = view(context, request)
        if response.status_int < 400:  # else it is rolled back
            kept = update(KeptAnswer).where(KeptAnswer.id == row_id).values(sealed=box.close(response))
            request.db.execute(kept, execution_options={"synchronize_session": False})
        return response

    return once


def read_key(request: Request) -> str:
    """Raises: Invalid."""
    found = KEY.fullmatch(request.headers["Idempotency-Key"])
    if found is None:
        told = "must be 8 to 200 letters, digits and . _ : + / = -, such as a UUID"
        raise Invalid.field("Idempotency-Key", told, "header")
    return found[2]


def claim(request: Request, row_id: bytes, user_id: UUID | None) -> bool:
    """Whether this request is the first with its key. Waits for another that is at work, no longer than for any lock.

    Raises: Conflict("idempotency_key_in_use") when that takes too long.
    """
    over = request.now - timedelta(seconds=request.registry.settings["idempotency.keep_s"])
    values = {"user_id": user_id, "created_at": request.now, "sealed": None}
    is_free = (KeptAnswer.created_at <= over) | KeptAnswer.sealed.is_(None)
    claimed = (
        insert(KeptAnswer)
        .values(id=row_id, **values)
        .on_conflict_do_update(index_elements=[KeptAnswer.id], set_=values, where=is_free)
        .returning(KeptAnswer.id)
    )
    try:
        return request.db.scalar(claimed) is not None
    except OperationalError as error:
        if is_lock_timeout(error):
            raise Conflict("idempotency_key_in_use", headers={"Retry-After": "1"}) from error
        raise


def replay(request: Request, row_id: bytes, box: Box) -> Response:
    """The first answer. Raises: Invalid("idempotency_key_reused")."""
    sealed = request.db.scalars(select(KeptAnswer.sealed).where(KeptAnswer.id == row_id)).one()
    status, headers, body = box.open(sealed)
    response = request.response
    response.status, response.app_iter, response.headerlist = status, [body], headers
    response.headers["Idempotent-Replayed"] = "true"
    return response


def hash_request(request: Request, identity: Any) -> bytes:
    """What the request asks for, and with which scopes: an answer may tell one program of a user more than another.

    Of an anonymous one also what it proves itself with. The body is left at its start.
    """
    content_type, options = parse_options_header(request.headers.get("Content-Type", ""))
    parts = [
        request.environ["courseplatform.path"],
        request.query_string,
        content_type,
        request.headers.get("Prefer", ""),
        request.headers.get("Authorization", "") if identity is None else "",
        None if identity is None or identity.scopes is None else sorted(identity.scopes),
    ]
    digest = hashlib.sha256(orjson.dumps(parts))
    if request.content_length:
        stream = request.body_file_seekable
        stream.seek(0)
        boundary = options.get("boundary", "").encode("latin-1", "replace")
        for piece in pieces(stream, boundary if content_type == "multipart/form-data" else b""):
            digest.update(piece)
        stream.seek(0)
    return digest.digest()


def pieces(stream: IO[bytes], boundary: bytes) -> Iterator[bytes]:
    """The body; a multipart one without its boundary, which is another each time that clients put one together."""
    rest = b""
    while chunk := stream.read(CHUNK_BYTES):
        if not boundary:
            yield chunk
            continue
        *parts, rest = (rest + chunk).split(boundary)
        for part in parts:
            yield part + b"\0"
        known = max(len(rest) - len(boundary) + 1, 0)  # what follows may be a boundary's beginning
        yield rest[:known]
        rest = rest[known:]
    yield rest


def forget_answers(request: Request, user_id: UUID) -> None:
    """Delete the answers that are kept for a user who is forgotten."""
    request.db.execute(delete(KeptAnswer).where(KeptAnswer.user_id == user_id))


def purge_answers(request: Request) -> None:
    """Forget answers when their time is over, some thousand at a time."""
    over = request.now - timedelta(seconds=request.registry.settings["idempotency.keep_s"])
    some = select(KeptAnswer.id).where(KeptAnswer.created_at <= over).limit(PURGE_CHUNK).scalar_subquery()
    forgotten = request.db.execute(delete(KeptAnswer).where(KeptAnswer.id.in_(some)).returning(KeptAnswer.id)).all()
    if len(forgotten) >= PURGE_CHUNK:
        request.enqueue(purge_answers)


def make_pepper(config: Configurator) -> bytes:
    """A key made of every secret without which this configuration would not start; the same in all its processes."""
    settings, declared = config.registry.settings, config.registry["settings.declared"]
    names = sorted(setting.name for setting in declared if setting.secret and setting.required)
    return hashlib.sha256(orjson.dumps([(name, settings[name]) for name in names])).digest()


def fingerprint(registry: Registry) -> str:
    """Of the secrets that a database needs, to tell whether those at hand are the same; it tells nothing else."""
    return hmac.digest(registry["idempotency.pepper"], b"fingerprint", "sha256")[:8].hex()


def includeme(config: Configurator) -> None:
    config.add_setting("idempotency.keep_s", positive_int, default=24 * 3600)
    config.add_rate_limit("replays", default="10 per 5 minutes")
    config.add_view_deriver(idempotent_view)
    config.add_periodic_job(purge_answers, every_s=PURGE_EVERY_S)

    def prepare() -> None:
        config.registry["idempotency.pepper"] = make_pepper(config)

    config.action("idempotency", prepare, order=CHECK_ORDER + 1)

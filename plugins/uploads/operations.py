"""Verbs of uploads: announce, bring, use, give up."""

import hashlib
import hmac
import secrets
from datetime import timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import delete, func, select

from courseplatform.api import (
    ApiError,
    Conflict,
    Invalid,
    NotFound,
    PayloadTooLarge,
    Request,
    StoredFile,
    UploadAddress,
    safe_name,
)
from plugins.accounts.api import User

from .models import Upload

LIFETIME = timedelta(days=1)


def begin_upload(
    request: Request, *, owner_id: UUID, name: str, size_bytes: int, sha256: str
) -> tuple[Upload, UploadAddress]:
    """Announce a file. Where its bytes go to is said once.

    Raises: PayloadTooLarge; Conflict("uploads_exhausted").
    """
    settings = request.registry.settings
    if size_bytes > settings["uploads.max_file_bytes"]:
        raise PayloadTooLarge()
    require_quota(request, owner_id, settings["uploads.max_open"])
    upload = Upload(
        owner_id=owner_id,
        name=safe_name(name),
        size_bytes=size_bytes,
        sha256=sha256,
        created_at=request.now,
        expires_at=request.now + LIFETIME,
    )
    request.db.add(upload)
    request.db.flush()
    return upload, address_of(request, upload)


def require_quota(request: Request, owner_id: UUID, max_open: int) -> None:
    """Raises: Conflict("uploads_exhausted"). The user's row is held: of many at once each counts the others."""
    request.db.execute(select(User.id).where(User.id == owner_id).with_for_update(key_share=True))
    unused = select(func.count()).where(
        Upload.owner_id == owner_id, Upload.consumed_at.is_(None), Upload.expires_at > request.now
    )
    if request.db.scalar(unused) >= max_open:
        raise Conflict("uploads_exhausted")


def address_of(request: Request, upload: Upload) -> UploadAddress:
    """The storage's own address; where it has none, one of ours that nobody can guess."""
    address = request.offer_upload(*upload.announced, upload.expires_at)
    if address is not None:
        return address
    token = secrets.token_urlsafe(32)
    upload.token_sha256 = hash_of(token)
    request.db.flush()
    base_url = request.registry.settings["http.base_url"]
    return UploadAddress(f"{base_url}/api/uploads/{upload.id}/content/?token={token}")


def hash_of(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()


def receive_bytes(request: Request, upload: Upload | None, token: str, stream: Any) -> None:
    """Keep the bytes of an upload that come to an address of ours; they may come again.

    Raises: NotFound for another token; Conflict("upload_consumed" | "upload_expired"); ApiError("upload_differs").
    """
    if upload is None or not hmac.compare_digest(upload.token_sha256 or "", hash_of(token)):
        raise NotFound()
    upload.require_open(request.now)
    key, size_bytes, sha256 = upload.announced
    try:
        request.receive_upload(key, stream, size_bytes, sha256)
    except ValueError as error:
        raise ApiError("upload_differs") from error


def use_upload(request: Request, upload_id: UUID, *, owner_id: UUID, max_bytes: int) -> tuple[StoredFile, str]:
    """Make a stored file of a user's upload, once; and its name. The file goes if this transaction is rolled back.

    Raises: Invalid for an ``upload_id`` that is none of the user's; Conflict("upload_consumed" | "upload_expired" |
    "upload_incomplete"); PayloadTooLarge.
    """
    own = select(Upload).where(Upload.id == upload_id, Upload.owner_id == owner_id).with_for_update()
    upload = request.db.scalars(own, execution_options={"populate_existing": True}).one_or_none()
    if upload is None:
        raise Invalid.field("upload_id", "is no upload of yours")
    upload.require_open(request.now)
    if upload.size_bytes > max_bytes:
        raise PayloadTooLarge()
    try:
        stored = request.take_upload(*upload.announced)
    except FileNotFoundError as error:
        raise Conflict("upload_incomplete") from error
    upload.consumed_at = request.now
    return stored, upload.name


def give_up(request: Request, upload: Upload) -> None:
    """Delete an upload; what came of it goes after the commit."""
    request.discard_upload(str(upload.id))
    request.db.delete(upload)


def forget_user(request: Request, user_id: UUID) -> None:
    """Delete all uploads of a user."""
    gone = delete(Upload).where(Upload.owner_id == user_id).returning(Upload.id)
    for upload_id in request.db.scalars(gone.execution_options(synchronize_session=False)):
        request.discard_upload(str(upload_id))

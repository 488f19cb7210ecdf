"""Uploads as JSON."""

from dataclasses import asdict
from typing import Any

from courseplatform.api import Request, UploadAddress

from .models import Upload


def upload_json(request: Request, upload: Upload) -> dict[str, Any]:
    return {
        "id": upload.id,
        "name": upload.name,
        "size_bytes": upload.size_bytes,
        "sha256": upload.sha256,
        "created_at": upload.created_at,
        "expires_at": upload.expires_at,
        "consumed_at": upload.consumed_at,
    }


def address_json(address: UploadAddress) -> dict[str, Any]:
    return asdict(address)

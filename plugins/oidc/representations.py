"""Linked identities as JSON."""

from typing import Any

from courseplatform.api import Request

from .models import ExternalIdentity


def identity_json(request: Request, identity: ExternalIdentity) -> dict[str, Any]:
    return {
        "id": identity.id,
        "provider": identity.provider,
        "issuer": identity.issuer,
        "subject": identity.subject,
        "email": identity.email,
        "created_at": identity.created_at,
        "last_used_at": identity.last_used_at,
    }

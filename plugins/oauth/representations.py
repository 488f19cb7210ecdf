"""Clients, consents and personal tokens as JSON. No secret is ever in here."""

from typing import Any
from uuid import UUID

from sqlalchemy import select

from courseplatform.api import Request, known_scopes

from .models import OAuthClient, OAuthConsent, PersonalToken


def scopes_json(request: Request, names: list[str]) -> list[dict[str, str]]:
    """Scopes with what they mean, for people to read."""
    known = known_scopes(request.registry)
    return [{"name": name, "description": known[name].description} for name in names if name in known]


def client_json(request: Request, client: OAuthClient) -> dict[str, Any]:
    return {
        "id": client.id,
        "client_id": client.id,
        "name": client.name,
        "redirect_uris": client.redirect_uris,
        "grant_types": client.grant_types,
        "scopes": client.scopes,
        "is_confidential": client.is_confidential,
        "created_at": client.created_at,
    }


def load_client_names(request: Request, consents: list[OAuthConsent]) -> dict[UUID, str]:
    ids = {consent.client_id for consent in consents}
    names = {
        row.id: row.name
        for row in request.db.execute(select(OAuthClient.id, OAuthClient.name).where(OAuthClient.id.in_(ids)))
    }
    return {consent.id: names[consent.client_id] for consent in consents}


def consent_json(request: Request, consent: OAuthConsent, client_name: str) -> dict[str, Any]:
    return {
        "id": consent.id,
        "client": {"client_id": consent.client_id, "name": client_name},
        "scopes": scopes_json(request, sorted(consent.scopes)),
        "created_at": consent.created_at,
    }


def personal_token_json(request: Request, token: PersonalToken) -> dict[str, Any]:
    return {
        "id": token.id,
        "name": token.name,
        "scopes": token.scopes,
        "created_at": token.created_at,
        "expires_at": token.expires_at,
        "last_used_at": token.last_used_at,
    }

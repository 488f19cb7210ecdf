"""What an export of the own data says of programs and tokens."""

from typing import Any
from uuid import UUID

from sqlalchemy import select

from courseplatform.api import Request

from .models import OAuthConsent, PersonalToken
from .representations import consent_json, load_client_names, personal_token_json


def consents(request: Request, user_id: UUID) -> list[dict[str, Any]]:
    """What programs may do in the user's name."""
    own = list(
        request.db.scalars(select(OAuthConsent).where(OAuthConsent.user_id == user_id).order_by(OAuthConsent.id))
    )
    names = load_client_names(request, own)
    return [consent_json(request, consent, names[consent.id]) for consent in own]


def personal_tokens(request: Request, user_id: UUID) -> list[dict[str, Any]]:
    """Their names and scopes: the tokens themselves are known to the user alone."""
    own = select(PersonalToken).where(PersonalToken.user_id == user_id).order_by(PersonalToken.id)
    return [personal_token_json(request, token) for token in request.db.scalars(own)]

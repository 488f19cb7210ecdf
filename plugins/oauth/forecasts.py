"""What a dry run says of what programs hold."""

from sqlalchemy import func, select

from plugins.accounts.api import SessionsEnded

from .models import OAuthConsent, OAuthGrant, PersonalToken


def tokens(event: SessionsEnded) -> dict[str, int]:
    """How many applications lose their tokens, and how many tokens of scripts end."""
    grants = select(func.count()).join_from(OAuthGrant, OAuthConsent, OAuthConsent.id == OAuthGrant.consent_id)
    counts = {
        "applications": grants.where(OAuthConsent.user_id == event.user_id),
        "personal": select(func.count()).where(PersonalToken.user_id == event.user_id),
    }
    row = event.request.db.execute(select(*(count.scalar_subquery().label(name) for name, count in counts.items())))
    return row.one()._asdict()

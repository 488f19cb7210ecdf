"""Background work of OAuth."""

from datetime import timedelta

from sqlalchemy import delete, exists

from courseplatform.api import Request

from .models import OAuthGrant, OAuthToken, PersonalToken

KEEP_DAYS = 7


def purge_tokens(request: Request) -> None:
    """Forget tokens, and grants that have none, a week after they expired."""
    before = request.now - timedelta(days=KEEP_DAYS)
    request.db.execute(delete(OAuthToken).where(OAuthToken.expires_at < before))
    has_token = exists().where(OAuthToken.grant_id == OAuthGrant.id)
    request.db.execute(delete(OAuthGrant).where(OAuthGrant.expires_at < before, ~has_token))
    request.db.execute(delete(PersonalToken).where(PersonalToken.expires_at < before))

"""Background work of signing in with a provider."""

from sqlalchemy import delete

from courseplatform.api import Request

from .models import OidcLogin


def purge_logins(request: Request) -> None:
    """Forget logins that can't be ended any more."""
    request.db.execute(delete(OidcLogin).where(OidcLogin.expires_at < request.now))

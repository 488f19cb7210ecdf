"""``/oauth/clients/``, ``/oauth/consents/`` and ``/users/me/tokens/``."""

from typing import Any

from sqlalchemy import select

from courseplatform.api import ListQuery, Request, Service

from . import registry
from .models import OAuthClient, OAuthConsent, PersonalToken
from .permissions import P
from .schemas import ApplicationBody, ApplicationWithSecretAnswer, NewApplication, NewPersonalTokenAnswer, NewToken

clients = Service("oauth_clients", "/oauth/clients/")
client = Service("oauth_client", "/oauth/clients/{client_id}/")
client_secret = Service(
    "oauth_client_secret", "/oauth/clients/{client_id}/secret/", facet_of="/oauth/clients/{client_id}/"
)
consents = Service("oauth_consents", "/oauth/consents/")
consent = Service("oauth_consent", "/oauth/consents/{consent_id}/")
tokens = Service("personal_tokens", "/users/me/tokens/")
token = Service("personal_token", "/users/me/tokens/{token_id}/")


@clients.get(permission=P.ADMINISTER, query=ListQuery)
def list_clients(request: Request) -> Any:
    """Registered applications, newest first. Administrators only."""
    return request.paginate(select(OAuthClient), order=(OAuthClient.id,))


@clients.post(permission=P.ADMINISTER, body=NewApplication, answer=ApplicationWithSecretAnswer, has_dry_run=False)
def register_client(request: Request) -> Any:
    """Register an application. ``client_secret`` is in this answer and never again; a public client has none."""
    made, secret = registry.register_client(request, **request.validated["body"])
    return {**request.created(made), "client_secret": secret}


@client.get(permission=P.ADMINISTER)
def show_client(request: Request) -> Any:
    """One application. Administrators only."""
    return request.represent(request.context.row)


@client.patch(permission=P.ADMINISTER, body=ApplicationBody)
def update_client(request: Request) -> Any:
    """Change an application. A scope that it loses is lost by its tokens at once."""
    registry.update_client(request, request.context.row, request.validated["body"])
    return request.represent(request.context.row)


@client.delete(permission=P.ADMINISTER)
def delete_client(request: Request) -> Any:
    """Delete an application, with all consents to it and all its tokens."""
    registry.delete_client(request, request.context.row)
    return request.no_content()


@client_secret.post(permission=P.ADMINISTER, answer=ApplicationWithSecretAnswer, has_dry_run=False)
def replace_secret(request: Request) -> Any:
    """A new ``client_secret``, shown this once; the old one ends. 409 ``public_client``."""
    secret = registry.replace_secret(request, request.context.row)
    return {**request.represent(request.context.row), "client_secret": secret}


@consents.get(permission=P.CONSENTS, query=ListQuery)
def list_consents(request: Request) -> Any:
    """What the caller lets applications do, newest first."""
    own = select(OAuthConsent).where(OAuthConsent.user_id == request.identity.id)
    return request.paginate(own, order=(OAuthConsent.id,))


@consent.delete(permission=P.CONSENT)
def withdraw_consent(request: Request) -> Any:
    """Withdraw a consent of one's own: the application's tokens end at once."""
    registry.withdraw_consent(request, request.context.row)
    return request.no_content()


@tokens.get(permission=P.TOKENS, query=ListQuery)
def list_tokens(request: Request) -> Any:
    """The caller's tokens for scripts, newest first. ``last_used_at`` is right to the hour."""
    own = select(PersonalToken).where(PersonalToken.user_id == request.identity.id)
    return request.paginate(own, order=(PersonalToken.id,))


@tokens.post(permission=P.TOKENS, body=NewToken, answer=NewPersonalTokenAnswer, has_dry_run=False)
def make_token(request: Request) -> Any:
    """Make a token for scripts. ``token`` is in this answer and never again; send it as a bearer token."""
    identity = request.identity
    made, text = registry.make_personal_token(
        request, user_id=identity.id, session_id=identity.session_id, **request.validated["body"]
    )
    return {**request.created(made), "token": text}


@token.get(permission=P.TOKEN)
def show_token(request: Request) -> Any:
    """One token of the caller's, without its text."""
    return request.represent(request.context.row)


@token.delete(permission=P.TOKEN)
def delete_token(request: Request) -> Any:
    """End a token of one's own at once."""
    registry.delete_personal_token(request, request.context.row)
    return request.no_content()

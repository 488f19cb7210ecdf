"""``/auth/oauth/{provider}/``: signing in with a provider. ``/users/me/identities/``: what is linked."""

from typing import Any

from pyramid.response import Response
from sqlalchemy import select

from courseplatform.api import NO_PERMISSION_REQUIRED, Forbidden, ListQuery, OneOf, Request, Service, Unauthenticated
from plugins.accounts.api import TokenPairAnswer

from . import operations
from .models import ExternalIdentity
from .operations import LOGIN_TTL, sha256
from .permissions import P
from .schemas import CallbackQuery, LoginAnswer, LoginQuery

PROVIDER = "/auth/oauth/{provider}/"
login = Service("oidc_login", PROVIDER + "login/", facet_of=PROVIDER)
callback = Service("oidc_callback", PROVIDER + "callback/", facet_of=PROVIDER)
identities = Service("identities", "/users/me/identities/")
identity = Service("identity", "/users/me/identities/{identity_id}/")

COOKIE_CHARS = 16


@login.get(permission=NO_PERMISSION_REQUIRED, query=LoginQuery, answer=LoginAnswer, status=(200, 302))
def begin_login(request: Request) -> Any:
    """Begin to sign in with a provider: 302 to it, or 200 ``{"authorization_url"}`` to who accepts JSON rather.

    Sets a cookie that ties the sign-in to this browser for ten minutes. ``?redirect_uri=`` is a front end's page to
    come back to, of those that the settings name; it then calls ``…/callback/`` with what it was given. ``?link=true``
    links an identity with the account signed in instead.

    401 without one; 403 for a program's token; 429; 502 ``provider_untrusted``; 503 ``provider_unavailable``.
    """
    request.hit_limit("oidc_login", request.client_network)
    asked = request.validated["querystring"]
    session_id = linking_session_id(request) if asked["link"] else None
    begun = operations.begin_login(
        request, request.context.provider, redirect_uri=asked["redirect_uri"], session_id=session_id
    )
    answer = request.response if prefers_json(request) else Response(status=302, location=begun.authorization_url)
    set_browser_key(request, answer, begun.state, begun.browser_key)
    answer.headers["Cache-Control"] = "no-store"
    return {"authorization_url": begun.authorization_url} if answer is request.response else answer


@callback.get(permission=NO_PERMISSION_REQUIRED, query=CallbackQuery, answer=OneOf(TokenPairAnswer, ExternalIdentity))
def finish_login(request: Request) -> Any:
    """End a sign-in with what the provider gave to the browser: a pair of tokens, or the identity that was linked.

    400 ``login_invalid``, ``provider_mismatch``; 403 ``provider_denied``, ``registration_closed``,
    ``account_inactive``; 409 ``email_taken``, ``identity_taken``; 429; 502 ``provider_untrusted``; 503
    ``provider_unavailable``.
    """
    request.hit_limit("oidc_callback", request.client_network)
    given = request.validated["querystring"]
    result = operations.finish_login(
        request,
        request.context.provider,
        state=given["state"],
        browser_key=request.cookies.get(cookie_name(given["state"]), ""),
        code=given["code"] if given["error"] is None else None,
        iss=given["iss"],
    )
    set_browser_key(request, request.response, given["state"], None)
    request.response.headers["Cache-Control"] = "no-store"
    return request.represent(result) if isinstance(result, ExternalIdentity) else result


@identities.get(permission=P.LIST, query=ListQuery)
def list_identities(request: Request) -> Any:
    """The identities that are linked with the own account."""
    own = select(ExternalIdentity).where(ExternalIdentity.user_id == request.identity.id)
    return request.paginate(own, order=(ExternalIdentity.id,))


@identity.delete(permission=P.UNLINK)
def unlink_identity(request: Request) -> Any:
    """Unlink an identity from the own account. 409 ``last_way_in``: there is no password and no other identity."""
    operations.unlink(request, request.context.row)
    return request.no_content()


def linking_session_id(request: Request) -> Any:
    """The session whose user links. Raises: Unauthenticated; Forbidden for a token that a program was given."""
    if not request.has_permission(P.LINK):
        if request.identity is None:
            raise Unauthenticated()
        raise Forbidden(rule={"parameter": "link"}, remedy="Sign in yourself: a program can't link identities.")
    return request.identity.session_id


def prefers_json(request: Request) -> bool:
    """Whether JSON is named in Accept before whatever a browser navigating would name."""
    offers = ["text/html", "application/json"]
    best = request.accept.acceptable_offers(offers) if request.accept.header_value else []
    return bool(best) and best[0][0] == "application/json"


def cookie_name(state: str) -> str:
    # One for each login under way, so that two windows don't disturb each other.
    return f"__Host-oidc-{sha256(state)[:COOKIE_CHARS]}"


def set_browser_key(request: Request, response: Any, state: str, value: str | None) -> None:
    """Lax: the provider sends the browser back by a plain navigation. ``__Host-``: no neighbour domain can set it."""
    response.set_cookie(
        cookie_name(state),
        value,
        max_age=LOGIN_TTL if value else 0,
        path="/",
        secure=True,
        httponly=True,
        samesite="Lax",
    )

"""``/auth/``: registration and signing in."""

from typing import Any

from courseplatform.api import NO_PERMISSION_REQUIRED, Request, Service

from . import operations, sessions
from .permissions import P
from .representations import full_user_json
from .schemas import Credentials, Refresh, Registration, TokenPairAnswer, UserAnswer

registration = Service("register", "/auth/register/", facet_of="/auth/")
login = Service("login", "/auth/login/", facet_of="/auth/")
token = Service("token", "/auth/token/", facet_of="/auth/")
token_refresh = Service("token_refresh", "/auth/token/refresh/", facet_of="/auth/")
logout = Service("logout", "/auth/logout/", facet_of="/auth/")


@registration.post(
    permission=NO_PERMISSION_REQUIRED, body=Registration, answer=UserAnswer, status=201, has_dry_run=False
)
def register(request: Request) -> Any:
    """Make an account, always a student's. 409 ``username_taken``, ``email_taken``; 429 from one address."""
    request.hit_limit("registration", request.client_network)
    user = operations.register(request, **request.validated["body"])
    request.response.status_int = 201
    request.response.location = f"/api/users/{user.id}/"
    return full_user_json(user)


@login.post(permission=NO_PERMISSION_REQUIRED, body=Credentials, answer=TokenPairAnswer, has_dry_run=False)
@token.post(permission=NO_PERMISSION_REQUIRED, body=Credentials, answer=TokenPairAnswer, has_dry_run=False)
def sign_in(request: Request) -> Any:
    """Sign in with username or e-mail address. ``expires_in`` is in seconds.

    401 ``invalid_credentials``; 429 after too many tries for one account or from one address.
    """
    return sessions.sign_in(request, **request.validated["body"])


@token_refresh.post(permission=NO_PERMISSION_REQUIRED, body=Refresh, answer=TokenPairAnswer, has_dry_run=False)
def refresh(request: Request) -> Any:
    """A new pair of tokens for a refresh token, which is used up by it. 401 ``invalid_refresh_token``; 429."""
    request.hit_limit("token_refresh", request.client_network)
    return sessions.refresh(request, **request.validated["body"])


@logout.post(permission=P.SIGNED_IN, status=204)
def sign_out(request: Request) -> Any:
    """End the session: its access and refresh tokens are refused from now on."""
    sessions.end_session(request, request.identity.session_id)
    return request.no_content()

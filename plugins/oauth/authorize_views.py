"""``/oauth/authorize/``: consent without a page. A front end shows what it is told, and follows ``redirect_to``."""

from typing import Any

from authlib.common.urls import add_params_to_uri
from authlib.oauth2 import OAuth2Error
from authlib.oauth2.rfc6749.errors import AccessDeniedError, InvalidRequestError, UnsupportedResponseTypeError

from courseplatform.api import ApiError, Request, Service

from . import operations
from .permissions import P
from .representations import scopes_json
from .schemas import AuthorizationAnswer, AuthorizationQuery, ConsentDecision, RedirectAnswer
from .server import Server, validated_grant

authorization = Service("oauth_authorize", "/oauth/authorize/", facet_of="/oauth/")


@authorization.get(permission=P.AUTHORIZE, query=AuthorizationQuery, answer=AuthorizationAnswer)
def describe(request: Request) -> Any:
    """Who asks for what: ``client``, ``scopes`` with descriptions, ``is_consented``.

    Or ``redirect_to`` with an error for the client. 400 ``unknown_client``, ``redirect_uri_mismatch``: show the user
    that, and send nobody anywhere.
    """
    parameters = request.validated["querystring"]
    server = Server(request)
    try:
        grant = asked_grant(server, parameters)
        client, scopes = grant.request.client.row, grant.request.scope.split()
        is_consented = operations.has_consented(
            request, user_id=request.identity.id, client_id=client.id, scopes=scopes
        )
        if parameters.get("prompt") == "none" and not is_consented:
            raise OAuth2Error(error="consent_required", redirect_uri=grant.redirect_uri, state=parameters.get("state"))
    except OAuth2Error as error:
        return refusal(request, error)
    return {
        "client": {"client_id": client.id, "name": client.name},
        "scopes": scopes_json(request, scopes),
        "is_consented": is_consented,
    }


@authorization.post(permission=P.AUTHORIZE, body=ConsentDecision, answer=RedirectAnswer, has_dry_run=False)
def decide(request: Request) -> Any:
    """Allow or deny what the parameters ask for. ``redirect_to`` is where the browser goes next.

    400 ``unknown_client``, ``redirect_uri_mismatch``. 401 ``invalid_token`` if the session ended meanwhile.
    """
    parameters = dict(request.validated["body"])
    is_allowed = parameters.pop("decision") == "allow"
    server = Server(request)
    try:
        grant = asked_grant(server, parameters)
        if not is_allowed:
            raise AccessDeniedError(redirect_uri=grant.redirect_uri, state=parameters.get("state"))
        _, _, headers = grant.create_authorization_response(grant.redirect_uri, request.identity)
    except OAuth2Error as error:
        return refusal(request, error)
    return redirection(request, dict(headers)["Location"])


def asked_grant(server: Server, parameters: dict[str, str]) -> Any:
    """The grant that the parameters ask for. Raises: OAuth2Error; ApiError before it is known where to send it."""
    client = server.query_client(parameters.get("client_id", ""))
    if client is None:
        raise ApiError("unknown_client")
    redirect_uri, state = parameters.get("redirect_uri", ""), parameters.get("state")
    if not client.check_redirect_uri(redirect_uri):
        raise ApiError("redirect_uri_mismatch")
    if parameters.get("response_type") != "code":
        raise UnsupportedResponseTypeError(None, redirect_uri=redirect_uri, state=state)
    try:
        return validated_grant(server, parameters)
    except InvalidRequestError as error:
        error.redirect_uri = redirect_uri
        raise


def refusal(request: Request, error: OAuth2Error) -> dict[str, str]:
    """An error for the client, through the browser (RFC 6749, 4.1.2.1)."""
    _, _, headers = error()
    return redirection(request, dict(headers)["Location"])


def redirection(request: Request, location: str) -> dict[str, str]:
    """With ``iss``, so that a client which knows several servers can't mix them up (RFC 9207)."""
    return {"redirect_to": add_params_to_uri(location, {"iss": request.registry.settings["http.base_url"]})}

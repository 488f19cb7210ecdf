"""Where clients talk to us as RFCs say: ``/oauth/token/``, ``/revoke/``, ``/introspect/``, ``/userinfo/``, metadata.

The first three take forms and answer errors as RFC 6749, 5.2 shapes them: what OAuth libraries understand.
"""

from typing import Any

from courseplatform.api import NO_PERMISSION_REQUIRED, Anything, Configurator, NotFound, Request, Service, known_scopes
from plugins.accounts.api import get_active_user

from .id_tokens import user_claims
from .permissions import P
from .representations import scopes_json
from .schemas import (
    ClaimsAnswer,
    IntrospectionAnswer,
    IssuedTokensAnswer,
    OAuthErrorAnswer,
    ScopeListAnswer,
    TokenAndClientForm,
    TokenForm,
)
from .server import CLIENT_METHODS, SECRET_METHODS, Server

token = Service("oauth_token", "/oauth/token/", facet_of="/oauth/")
revocation = Service("oauth_revoke", "/oauth/revoke/", facet_of="/oauth/")
introspection = Service("oauth_introspect", "/oauth/introspect/", facet_of="/oauth/")
userinfo = Service("oauth_userinfo", "/oauth/userinfo/", facet_of="/oauth/")
scopes = Service("oauth_scopes", "/oauth/scopes/", facet_of="/oauth/")

#: What takes a form and answers errors in the protocol's own shape, authlib reads and shapes.
PROTOCOL: dict[str, Any] = {"is_body_raw": True, "refusal": OAuthErrorAnswer, "has_dry_run": False}


@token.post(permission=NO_PERMISSION_REQUIRED, form=TokenForm, answer=IssuedTokensAnswer, **PROTOCOL)
def issue(request: Request) -> Any:
    """Tokens for a code, for a refresh token, or for a client itself (RFC 6749, 3.2).

    400 and 401 as in RFC 6749, 5.2.
    """
    return Server(request).answer(lambda server, asked: server.create_token_response(asked))


@revocation.post(permission=NO_PERMISSION_REQUIRED, form=TokenAndClientForm, answer=Anything, **PROTOCOL)
def revoke(request: Request) -> Any:
    """End a token of one's own (RFC 7009); a refresh token takes its family along. 400 and 401 as in RFC 6749, 5.2."""
    return Server(request).answer(lambda server, asked: server.create_endpoint_response("revocation", asked))


@introspection.post(permission=NO_PERMISSION_REQUIRED, form=TokenAndClientForm, answer=IntrospectionAnswer, **PROTOCOL)
def introspect(request: Request) -> Any:
    """What a token is worth (RFC 7662): to its own client, and to clients with the scope ``introspect``.

    400 and 401 as in RFC 6749, 5.2.
    """
    return Server(request).answer(lambda server, asked: server.create_endpoint_response("introspection", asked))


@userinfo.get(permission=P.USERINFO, answer=ClaimsAnswer)
@userinfo.post(permission=P.USERINFO, is_body_raw=True, answer=ClaimsAnswer)
def show_user(request: Request) -> Any:
    """Who the token's user is (OpenID Connect Core, 5.3); ``profile`` and ``email`` say more."""
    user = get_active_user(request, request.identity.id)
    if user is None:
        raise NotFound()
    return user_claims(user, request.identity.scopes)


@scopes.get(permission=NO_PERMISSION_REQUIRED, answer=ScopeListAnswer)
def list_scopes(request: Request) -> Any:
    """Every scope that a user can give to a program, and what it means."""
    return {"scopes": scopes_json(request, sorted(known_scopes(request.registry)))}


def metadata(request: Request) -> dict[str, Any]:
    """RFC 8414 and OpenID Connect Discovery 1.0 in one."""
    settings = request.registry.settings
    base = settings["http.base_url"]
    return {
        "issuer": base,
        "authorization_endpoint": settings["oauth.authorize_url"] or f"{base}/api/oauth/authorize/",
        "token_endpoint": f"{base}/api/oauth/token/",
        "revocation_endpoint": f"{base}/api/oauth/revoke/",
        "introspection_endpoint": f"{base}/api/oauth/introspect/",
        "userinfo_endpoint": f"{base}/api/oauth/userinfo/",
        "jwks_uri": f"{base}/.well-known/jwks.json",
        "scopes_supported": sorted(known_scopes(request.registry)),
        "response_types_supported": ["code"],
        "response_modes_supported": ["query"],
        "grant_types_supported": ["authorization_code", "refresh_token", "client_credentials"],
        "code_challenge_methods_supported": ["S256"],
        "token_endpoint_auth_methods_supported": CLIENT_METHODS,
        "revocation_endpoint_auth_methods_supported": CLIENT_METHODS,
        "introspection_endpoint_auth_methods_supported": SECRET_METHODS,
        "authorization_response_iss_parameter_supported": True,
        "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": ["RS256"],
        "claims_supported": [
            *("sub", "iss", "aud", "exp", "iat", "auth_time", "nonce", "name", "given_name", "family_name"),
            *("preferred_username", "locale", "zoneinfo", "email", "email_verified"),
        ],
        "prompt_values_supported": ["none", "consent"],
        "request_parameter_supported": False,
        "request_uri_parameter_supported": False,
    }


def includeme(config: Configurator) -> None:
    for name in ("oauth-authorization-server", "openid-configuration"):
        config.add_route(name, f"/.well-known/{name}")
        config.add_view(
            metadata, route_name=name, renderer="json", permission=NO_PERMISSION_REQUIRED, request_method="GET"
        )
    config.scan(__name__)

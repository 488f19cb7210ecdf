"""Authlib's authorization server under Pyramid: RFC 6749 narrowed to OAuth 2.1, with RFC 7009, 7636 and 7662.

Authlib walks through the protocol; rows are read and written by ``operations``. Other than Authlib would by itself:
every client proves itself by PKCE with S256, refresh tokens rotate, secrets are hashes, and a refusal that ends a
family of tokens is remembered although the answer is 400.
"""

import base64
import binascii
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qsl, unquote_plus
from uuid import UUID

import orjson
from authlib.oauth2 import AuthorizationServer, OAuth2Error, OAuth2Request
from authlib.oauth2.rfc6749 import grants
from authlib.oauth2.rfc6749.errors import (
    InvalidClientError,
    InvalidGrantError,
    InvalidRequestError,
    InvalidScopeError,
)
from authlib.oauth2.rfc6749.requests import BasicOAuth2Payload
from authlib.oauth2.rfc7009 import RevocationEndpoint
from authlib.oauth2.rfc7636 import CodeChallenge
from authlib.oauth2.rfc7662 import IntrospectionEndpoint

from courseplatform.api import Request
from plugins.accounts.api import get_active_user

from . import operations, redirects, secrets
from .models import OAuthClient

SECRET_METHODS = ["client_secret_basic", "client_secret_post"]
CLIENT_METHODS = [*SECRET_METHODS, "none"]
MAX_FORM_BYTES = 16 * 1024


class ProtocolRequest(OAuth2Request):
    """One request to the server, with parameters that were read already."""

    def __init__(self, request: Request, parameters: dict[str, str]) -> None:
        # Authlib would judge http by the address; whether TLS ends at a proxy before us is not its business.
        super().__init__(request.method, "https://localhost/", headers={})
        self.payload = BasicOAuth2Payload(parameters)

    @property
    def form(self) -> dict[str, str]:
        return self.payload.data


def read_form(request: Request) -> dict[str, str]:
    """The body's parameters. Raises: InvalidRequestError for another type, bad text or a repeated parameter."""
    if request.content_type != "application/x-www-form-urlencoded" or len(request.body) > MAX_FORM_BYTES:
        raise InvalidRequestError("The body must be a short application/x-www-form-urlencoded form")
    try:
        pairs = parse_qsl(request.body.decode("ascii"), keep_blank_values=False, errors="strict", max_num_fields=50)
    except ValueError as error:
        raise InvalidRequestError("The body is not a form in UTF-8") from error
    if len(dict(pairs)) != len(pairs) or any("\0" in name + value for name, value in pairs):
        raise InvalidRequestError("A parameter is repeated or has a NUL")
    return dict(pairs)


class Client:
    """A registered client as Authlib asks for it."""

    def __init__(self, row: OAuthClient) -> None:
        self.row = row

    def get_default_redirect_uri(self) -> None:
        return None  # it must be said each time

    def check_redirect_uri(self, redirect_uri: str) -> bool:
        return redirects.is_registered(redirect_uri, self.row.redirect_uris)

    def check_response_type(self, response_type: str) -> bool:
        return response_type == "code" and self.check_grant_type("authorization_code")

    def check_grant_type(self, grant_type: str) -> bool:
        return grant_type in self.row.grant_types

    def get_allowed_scope(self, scope: str | None) -> str | None:
        """The scope that was asked for if the client may have all of it, else None: nothing is granted unasked."""
        asked = set((scope or "").split())
        return " ".join(sorted(asked)) if asked and asked <= operations.user_scopes_of(self.row) else None


class RequireS256(CodeChallenge):
    """PKCE for every client, with S256 alone (RFC 9700, 2.1.1)."""

    SUPPORTED_CODE_CHALLENGE_METHOD = ["S256"]

    def validate_code_challenge(self, grant: Any, redirect_uri: str) -> None:
        parameters = grant.request.payload.data
        if not parameters.get("code_challenge") or parameters.get("code_challenge_method") != "S256":
            raise InvalidRequestError("PKCE is required: code_challenge with code_challenge_method=S256")
        super().validate_code_challenge(grant, redirect_uri)

    def get_authorization_code_challenge_method(self, authorization_code: Any) -> str:
        return "S256"


class CodeGrant(grants.AuthorizationCodeGrant):
    TOKEN_ENDPOINT_AUTH_METHODS = CLIENT_METHODS

    def save_authorization_code(self, code: str, request: Any) -> None:
        parameters = request.payload.data
        operations.save_code(
            self.server.request,
            code=code,
            client_id=request.client.row.id,
            user_id=request.user.id,
            session_id=request.user.session_id,
            scopes=request.scope.split(),
            redirect_uri=request.payload.redirect_uri,
            code_challenge=parameters["code_challenge"],
            nonce=parameters.get("nonce"),
        )

    def query_authorization_code(self, code: str, client: Client) -> Any:
        return operations.take_code(self.server.request, code=code, client_id=client.row.id)

    def authenticate_user(self, taken: Any) -> Any:
        return get_active_user(self.server.request, taken.user_id)

    def delete_authorization_code(self, taken: Any) -> None:
        """It stays, as redeemed: who shows it again gives away that it was stolen."""


class RefreshGrant(grants.RefreshTokenGrant):
    TOKEN_ENDPOINT_AUTH_METHODS = CLIENT_METHODS
    INCLUDE_NEW_REFRESH_TOKEN = True

    def authenticate_refresh_token(self, refresh_token: str) -> Any:
        return operations.take_refresh_token(
            self.server.request, refresh_token=refresh_token, client_id=self.request.client.row.id
        )

    def authenticate_user(self, taken: Any) -> Any:
        user = get_active_user(self.server.request, taken.user_id)
        if user is None:
            raise InvalidGrantError("The account is not active")
        return user

    def revoke_old_credential(self, taken: Any) -> None:
        """It was marked as used when it was taken."""


class ClientCredentialsGrant(grants.ClientCredentialsGrant):
    """A client acts as itself, and is nobody: its token opens no resource, only introspection."""

    TOKEN_ENDPOINT_AUTH_METHODS = SECRET_METHODS

    def validate_requested_scope(self) -> None:
        asked = set((self.request.payload.scope or operations.INTROSPECT).split())
        if not asked <= {operations.INTROSPECT} & set(self.request.client.row.scopes):
            raise InvalidScopeError("A client may ask for nothing but introspect for itself")


def require_token(endpoint: Any, request: Any, client: Client) -> None:
    """Hints are not needed, so wrong ones are ignored (RFC 7009, 2.2). Raises: InvalidRequestError."""
    if "token" not in request.form:
        raise InvalidRequestError("token is required")


class Revocation(RevocationEndpoint):
    check_params = require_token
    CLIENT_AUTH_METHODS = CLIENT_METHODS

    def query_token(self, token: str, token_type_hint: str | None) -> Any:
        return operations.find_token(self.server.request, token)

    def revoke_token(self, token: Any, request: Any) -> None:
        operations.revoke_token(self.server.request, token)


class Introspection(IntrospectionEndpoint):
    check_params = require_token
    CLIENT_AUTH_METHODS = [*SECRET_METHODS, "client_token"]

    def query_token(self, token: str, token_type_hint: str | None) -> Any:
        return operations.find_token(self.server.request, token)

    def check_permission(self, token: Any, client: Client, request: Any) -> bool:
        """The token's own client, and resource servers."""
        return token.check_client(client) or operations.INTROSPECT in client.row.scopes

    def introspect_token(self, token: Any) -> dict[str, Any]:
        return operations.introspection(self.server.request, token)


class Server(AuthorizationServer):
    """One per request: Authlib asks for a client without saying for which request."""

    def __init__(self, request: Request) -> None:
        super().__init__()
        self.request = request
        self.register_grant(CodeGrant, [RequireS256()])
        self.register_grant(RefreshGrant)
        self.register_grant(ClientCredentialsGrant)
        self.register_endpoint(Revocation)
        self.register_endpoint(Introspection)

    def answer(self, respond: Callable[["Server", ProtocolRequest], Any]) -> Any:
        """The response of a protocol endpoint: errors as RFC 6749, 5.2 shapes them."""
        try:
            return respond(self, ProtocolRequest(self.request, read_form(self.request)))
        except OAuth2Error as error:
            return self.handle_error_response(None, error)

    def create_oauth2_request(self, request: ProtocolRequest) -> ProtocolRequest:
        return request

    def query_client(self, client_id: str) -> Client | None:
        try:
            row = self.request.db.get(OAuthClient, UUID(client_id))
        except ValueError:
            return None
        return Client(row) if row is not None and str(row.id) == client_id else None

    def authenticate_client(self, request: Any, methods: list[str], endpoint: str = "token") -> Client:
        """By one method alone. Unknown and wrong are told alike. Raises: InvalidClientError, InvalidRequestError."""
        form = request.form
        scheme, _, credentials = self.request.headers.get("Authorization", "").partition(" ")
        client_id, secret, method = form.get("client_id", ""), form.get("client_secret"), "client_secret_post"
        if scheme and secret is not None:
            raise InvalidRequestError("The client must authenticate by one method")
        if scheme.lower() == "bearer" and "client_token" in methods:
            row = operations.client_of_token(self.request, credentials.strip())
            if row is not None:
                return Client(row)
            client_id = ""  # nobody: such a header does not make a public client one that has proved anything
        elif scheme:
            named, secret = read_basic(scheme, credentials)
            is_same = client_id in ("", named)
            client_id, method = named if is_same else "", "client_secret_basic"
        elif secret is None:
            method = "none"
        client = self.query_client(client_id)
        if client is not None and method in methods and proves(client.row, secret):
            request.auth_method = method
            return client
        raise InvalidClientError(status_code=401, description="The client is unknown or did not prove who it is")

    def generate_token(
        self,
        grant_type: str,
        client: Client,
        user: Any = None,
        scope: str | None = None,
        expires_in: int | None = None,
        include_refresh_token: bool = True,
    ) -> dict[str, Any]:
        token = {
            "access_token": secrets.make(secrets.ACCESS),
            "token_type": "Bearer",
            "expires_in": self.request.registry.settings["oauth.access_token_ttl_s"],
            "scope": scope or operations.INTROSPECT,
        }
        if include_refresh_token:
            token["refresh_token"] = secrets.make(secrets.REFRESH)
        return token

    def save_token(self, token: dict[str, Any], request: Any) -> None:
        operations.save_tokens(
            self.request,
            token,
            client_id=request.client.row.id,
            taken=request.authorization_code or request.refresh_token,
            is_first=request.authorization_code is not None,
        )

    def send_signal(self, name: str, *args: Any, **kwargs: Any) -> None:
        """Authlib's signals have no use here."""

    def handle_response(self, status: int, body: Any, headers: Any) -> Any:
        response = self.request.response
        response.status_int, response.content_type = status, "application/json"
        response.body = orjson.dumps(body if isinstance(body, dict) else dict(body))
        response.headers.update({"Cache-Control": "no-store", "Pragma": "no-cache"})
        if status == 401:
            response.headers["WWW-Authenticate"] = 'Basic realm="courseplatform"'
        return response


def read_basic(scheme: str, credentials: str) -> tuple[str, str]:
    """Client id and secret from an Authorization header (RFC 6749, 2.3.1); empty if there are none."""
    try:
        if scheme.lower() != "basic":
            raise ValueError
        client_id, _, secret = base64.b64decode(credentials.strip(), validate=True).decode("ascii").partition(":")
    except (binascii.Error, ValueError):
        return "", ""
    return unquote_plus(client_id), unquote_plus(secret)


def proves(client: OAuthClient, secret: str | None) -> bool:
    """Whether a confidential client knows its secret, or a public one claims none."""
    if client.secret_sha256 is None:
        return secret is None
    return secret is not None and secrets.matches(client.secret_sha256, secret)


def validated_grant(server: Server, parameters: dict[str, str]) -> Any:
    """The grant of an authorization request. Raises: OAuth2Error."""
    return server.get_consent_grant(ProtocolRequest(server.request, parameters))

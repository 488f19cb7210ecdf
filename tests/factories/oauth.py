"""Registered applications, and the way from a user's consent to tokens."""

import base64
import hashlib
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

from courseplatform.testing import Client
from plugins.oauth import secrets
from plugins.oauth.models import OAuthClient
from tests.factories.accounts import Actor

REDIRECT_URI = "https://app.example/cb?tenant=1"
VERIFIER = "a-verifier-of-at-least-43-characters-0123456789"
CHALLENGE = base64.urlsafe_b64encode(hashlib.sha256(VERIFIER.encode()).digest()).decode().rstrip("=")
SCOPES = ["openid", "profile", "email", "courses:read", "courses:write"]
FORM = "application/x-www-form-urlencoded"


class Application:
    """A registered client that talks to the protocol endpoints; ``secret`` is None for a public one."""

    def __init__(self, client: Client, client_id: str, secret: str | None) -> None:
        self.client, self.id, self.secret = client, client_id, secret

    def parameters(self, **changes: Any) -> dict[str, str]:
        """Of an authorization request; None leaves one out."""
        given = {
            "response_type": "code",
            "client_id": self.id,
            "redirect_uri": REDIRECT_URI,
            "scope": "profile courses:read",
            "state": "s t&a=te",
            "code_challenge": CHALLENGE,
            "code_challenge_method": "S256",
            **changes,
        }
        return {name: value for name, value in given.items() if value is not None}

    def ask(self, user: Client, status: int = 200, **changes: Any) -> Any:
        return user.get(f"/api/oauth/authorize/?{urlencode(self.parameters(**changes))}", status=status).json

    def decide(self, user: Client, decision: str = "allow", status: int = 200, **changes: Any) -> Any:
        return user.post(
            "/api/oauth/authorize/", {**self.parameters(**changes), "decision": decision}, status=status
        ).json

    def code(self, user: Client, **changes: Any) -> str:
        return redirected(self.decide(user, **changes))["code"]

    def post(self, path: str, status: int = 200, basic: tuple[str, str] | None = None, **form: Any) -> Any:
        """A protocol request, with this client's own credentials unless ``basic`` or ``client_id`` are given."""
        form = {name: value for name, value in form.items() if value is not None}
        headers = {}
        if basic is None and self.secret is not None and "client_id" not in form:
            basic = (self.id, self.secret)
        if basic is not None:
            headers["Authorization"] = "Basic " + base64.b64encode(":".join(basic).encode()).decode()
        elif "client_id" not in form:
            form["client_id"] = self.id
        answer = self.client.call(
            "POST", f"/api/oauth/{path}/", raw=urlencode(form).encode(), content_type=FORM, headers=headers
        )
        assert answer.status_int == status, answer.text
        assert answer.content_type == "application/json" and answer.headers["Cache-Control"] == "no-store"
        return answer.json

    def redeem(self, code: str, status: int = 200, **changes: Any) -> Any:
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": REDIRECT_URI,
            "code_verifier": VERIFIER,
            **changes,
        }
        return self.post("token", status, **form)

    def refresh(self, refresh_token: str, status: int = 200, **changes: Any) -> Any:
        return self.post("token", status, grant_type="refresh_token", refresh_token=refresh_token, **changes)

    def tokens(self, user: Client, **changes: Any) -> Any:
        return self.redeem(self.code(user, **changes))

    def signed_in(self, user: Client, scope: str = "profile courses:read") -> Client:
        """A client of the platform with this application's token for the user."""
        return self.client.as_(self.tokens(user, scope=scope)["access_token"])


def redirected(answer: dict[str, str]) -> dict[str, str]:
    """The parameters that are sent to the application."""
    parts = urlsplit(answer["redirect_to"])
    assert f"{parts.scheme}://{parts.netloc}{parts.path}" == REDIRECT_URI.partition("?")[0]
    parameters = {name: values[0] for name, values in parse_qs(parts.query, strict_parsing=True).items()}
    assert parameters.pop("tenant") == "1" and parameters.pop("iss") == "https://courses.test"
    return parameters


def make_application(client: Client, *, is_confidential: bool = True, **fields: Any) -> Application:
    secret = secrets.make(secrets.CLIENT_SECRET) if is_confidential else None
    values = {
        "name": "App",
        "redirect_uris": [REDIRECT_URI],
        "grant_types": ["authorization_code", "refresh_token"],
        "scopes": SCOPES,
        **fields,
    }
    with client.script() as request:
        row = OAuthClient(secret_sha256=secret and secrets.sha256(secret), created_at=request.now, **values)
        request.db.add(row)
        request.db.flush()
        return Application(client, str(row.id), secret)


def make_personal_token(user: Actor, *scopes: str, **changes: Any) -> Any:
    from datetime import timedelta

    expires_at = (user.clock() + timedelta(days=30)).isoformat()
    return user.post(
        "/api/users/me/tokens/", {"name": "t", "scopes": list(scopes), "expires_at": expires_at, **changes}
    ).json

"""Against a really running server, with OAuth clients that others wrote."""

import threading
from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qs, urlsplit

import jwt
import pytest
import requests
from authlib.integrations.base_client import OAuthError
from authlib.integrations.requests_client import OAuth2Session
from oauthlib.oauth2 import InvalidGrantError
from requests_oauthlib import OAuth2Session as OtherSession
from waitress.server import create_server

from courseplatform.testing import Client
from tests.factories.accounts import Actor, make_user
from tests.factories.oauth import REDIRECT_URI, Application, make_application
from tests.web_server import run_until_closed

ISSUER = "https://courses.test"


@pytest.fixture
def url(committing_client: Client) -> Iterator[str]:
    server = create_server(committing_client.app, host="127.0.0.1", port=0, threads=4)
    thread = threading.Thread(target=run_until_closed, args=(server,), daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.effective_port}"
    server.close()
    for channel in list(server._map.values()):  # else it waits for clients that keep their connections
        channel.close()
    thread.join(timeout=10)


@pytest.fixture
def app(committing_client: Client) -> Application:
    return make_application(committing_client)


@pytest.fixture
def user(committing_client: Client) -> Actor:
    return make_user(committing_client)


def metadata(url: str) -> dict[str, Any]:
    """What discovery says, with the address that the platform has for once."""
    found = requests.get(url + "/.well-known/openid-configuration", timeout=5).json()
    return {
        key: value.replace(ISSUER, url) if key != "issuer" and isinstance(value, str) else value
        for key, value in found.items()
    }


def consent(user: Actor, url: str, authorize_url: str) -> str:
    """What a front end does for its user: show the request, send the decision, follow where it leads."""
    headers = {"Authorization": f"Bearer {user.token}"}
    described = requests.get(authorize_url, headers=headers, timeout=5)
    assert described.json()["client"]["name"] == "App"
    asked = {name: values[0] for name, values in parse_qs(urlsplit(authorize_url).query).items()}
    decided = requests.post(
        authorize_url.partition("?")[0], json={**asked, "decision": "allow"}, headers=headers, timeout=5
    )
    return decided.json()["redirect_to"]


def test_authlibs_client_goes_all_the_way(url: str, app: Application, user: Actor) -> None:
    there = metadata(url)
    session = OAuth2Session(
        app.id, app.secret, scope="openid profile courses:read", redirect_uri=REDIRECT_URI, code_challenge_method="S256"
    )
    verifier = "v" * 64
    address, state = session.create_authorization_url(
        there["authorization_endpoint"], code_verifier=verifier, nonce="n"
    )
    back = consent(user, url, address)
    assert parse_qs(urlsplit(back).query)["iss"] == [there["issuer"]]
    token = session.fetch_token(
        there["token_endpoint"], authorization_response=back, state=state, code_verifier=verifier
    )
    keys = jwt.PyJWKSet.from_dict(requests.get(there["jwks_uri"], timeout=5).json())
    key = keys[jwt.get_unverified_header(token["id_token"])["kid"]]
    claims = jwt.decode(token["id_token"], key, algorithms=["RS256"], audience=app.id, issuer=there["issuer"])
    assert (claims["sub"], claims["nonce"]) == (user.id, "n")
    assert session.get(there["userinfo_endpoint"], timeout=5).json()["sub"] == user.id
    assert session.get(url + "/api/courses/", timeout=5).status_code == 200
    assert session.post(url + "/api/courses/", json={"title": "T"}, timeout=5).status_code == 403

    old = dict(token)
    fresh = session.refresh_token(there["token_endpoint"], refresh_token=old["refresh_token"])
    assert fresh["access_token"] != old["access_token"]
    told = session.introspect_token(there["introspection_endpoint"], token=fresh["access_token"])
    assert told.json()["active"] is True
    with pytest.raises(OAuthError, match="invalid_grant"):
        session.refresh_token(there["token_endpoint"], refresh_token=old["refresh_token"])
    me = requests.get(url + "/api/users/me/", headers={"Authorization": f"Bearer {fresh['access_token']}"}, timeout=5)
    assert me.status_code == 401  # the family has ended, committed although the answer was 400


def test_requests_oauthlib_goes_all_the_way(
    url: str, committing_client: Client, user: Actor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OAUTHLIB_INSECURE_TRANSPORT", "1")
    monkeypatch.setenv("OAUTHLIB_RELAX_TOKEN_SCOPE", "1")
    app = make_application(committing_client, is_confidential=False)
    there = metadata(url)
    session = OtherSession(app.id, redirect_uri=REDIRECT_URI, scope=["profile", "courses:read"], pkce="S256")
    address, _ = session.authorization_url(there["authorization_endpoint"])
    back = consent(user, url, address)
    session.fetch_token(there["token_endpoint"], authorization_response=back, include_client_id=True, timeout=5)
    assert session.get(url + "/api/users/me/", timeout=5).json()["id"] == user.id
    with pytest.raises(InvalidGrantError):
        session.fetch_token(there["token_endpoint"], authorization_response=back, include_client_id=True, timeout=5)
    assert session.get(url + "/api/users/me/", timeout=5).status_code == 401


def test_a_client_that_knows_its_issuer_notices_a_mix_up(url: str, app: Application, user: Actor) -> None:
    """RFC 9207: the answer names the one who made it, in success and in refusal, and the name can't be chosen."""
    for changes in ({}, {"scope": "everything"}, {"iss": "https://evil.example"}):
        back = parse_qs(urlsplit(app.decide(user, **changes)["redirect_to"]).query)
        assert back["iss"] == [metadata(url)["issuer"]]

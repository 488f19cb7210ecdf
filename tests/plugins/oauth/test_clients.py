"""Applications, registered by administrators."""

from typing import Any

import pytest
import sqlalchemy as sa

from plugins.oauth import redirects, secrets
from plugins.oauth.models import OAuthClient
from tests.factories.accounts import Actor
from tests.factories.oauth import Application, make_application

CLIENTS = "/api/oauth/clients/"
BODY = {"name": "App", "redirect_uris": ["https://app.example/cb"], "scopes": ["profile", "openid"]}


def test_the_secret_is_shown_once_and_stored_as_a_hash(admin: Actor) -> None:
    answer = admin.post(CLIENTS, BODY)
    made = answer.json
    assert made["is_confidential"] and made["client_secret"].startswith("cps_")
    shown = admin.get(answer.headers["Location"]).json
    assert shown["client_id"] == made["client_id"] and "client_secret" not in shown
    assert all("client_secret" not in listed for listed in admin.get(CLIENTS).json["results"])
    with admin.script() as request:
        stored = request.db.scalar(sa.select(OAuthClient.secret_sha256))
    assert stored == secrets.sha256(made["client_secret"])


def test_a_public_client_has_no_secret(admin: Actor) -> None:
    made = admin.post(CLIENTS, {**BODY, "is_confidential": False}).json
    assert made["client_secret"] is None and made["is_confidential"] is False
    refused = admin.post(f"{CLIENTS}{made['id']}/secret/", status=409)
    assert refused.json["code"] == "public_client"


def test_a_new_secret_ends_the_old_one(admin: Actor, student: Actor) -> None:
    application = make_application(admin)
    old = application.secret
    code = application.code(student)
    application.secret = admin.post(f"{CLIENTS}{application.id}/secret/", status=200).json["client_secret"]
    assert application.redeem(code, status=401, basic=(application.id, str(old)))["error"] == "invalid_client"
    application.redeem(code)


@pytest.mark.parametrize(
    "changes",
    [
        {"redirect_uris": []},
        {"redirect_uris": "https://app.example/cb"},
        {"scopes": ["everything"]},
        {"grant_types": ["password"]},
        {"grant_types": ["implicit"]},
        {"grant_types": ["client_credentials"], "is_confidential": False},
        {"name": ""},
        {"client_secret": "mine"},
        {"id": "0190a000-0000-7000-8000-000000000000"},
    ],
)
def test_a_client_without_sense_is_refused(admin: Actor, changes: dict[str, Any]) -> None:
    admin.post(CLIENTS, {**BODY, **changes}, status=422)


def test_a_client_is_changed_with_its_etag_and_deleted(admin: Actor) -> None:
    address = admin.post(CLIENTS, BODY).headers["Location"]
    etag = admin.get(address).headers["ETag"]
    assert admin.patch(address, {"name": "New"}, headers={"If-Match": etag}).json["name"] == "New"
    admin.patch(address, {"name": "Newer"}, headers={"If-Match": etag}, status=412)
    admin.patch(address, {"redirect_uris": []}, status=422)
    admin.delete(address)
    admin.get(address, status=404)


def test_deleting_a_client_takes_its_consents(admin: Actor, student: Actor, app: Application) -> None:
    app.tokens(student)
    assert len(student.get("/api/oauth/consents/").json["results"]) == 1
    admin.delete(f"{CLIENTS}{app.id}/")
    assert student.get("/api/oauth/consents/").json["results"] == []


@pytest.mark.parametrize(
    "uri",
    [
        "https://app.example/cb",
        "https://app.example:8443/cb?tenant=1",
        "http://127.0.0.1/cb",
        "http://[::1]:8000/cb",
        "http://localhost:3000/cb",
        "com.example.app:/cb",
    ],
)
def test_a_good_redirect_can_be_registered(uri: str) -> None:
    assert redirects.fault(uri) is None


@pytest.mark.parametrize(
    "uri",
    [
        "",
        "/cb",
        "app.example/cb",
        "//app.example/cb",
        "https:///cb",
        "https://",
        "http://app.example/cb",
        "http://127.0.0.1.evil.example/cb",
        "https://app.example/cb#",
        "https://app.example/cb#x",
        "https://user@app.example/cb",
        "https://user:pw@app.example/cb",
        "https://*.example/cb",
        "https://app.example/../cb",
        "https://app.example/a/%2e%2e/cb",
        "https://app.example/cb\n",
        "https://app.example/c b",
        "https://app.example\\@evil.example/",
        "https://пример.example/cb",
        "https://app.example:99999/cb",
        "https://[::1/cb",
        "javascript:alert(1)",
        "data:text/html,x",
        "myapp:/cb",
        "myapp://cb",
        "com.example.app://evil.example/cb",
        "file:///etc/passwd",
        "https://app.example/" + "x" * 500,
    ],
)
def test_a_bad_redirect_can_not_be_registered(uri: str, admin: Actor) -> None:
    assert redirects.fault(uri)
    admin.post(CLIENTS, {**BODY, "redirect_uris": [uri]}, status=422 if uri.strip() == uri else (201, 422))

"""Signing in on one platform with an account of another: our client and our provider, over real HTTP."""

import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest

from courseplatform.testing import Client, make_app, rolled_back
from tests.factories.accounts import PASSWORD, make_user
from tests.functional.platform import Caller, Platform
from tests.plugins.oidc.browser import Browser

CALLBACK = "https://courses.test/api/auth/oauth/home/callback/"


@dataclass
class Home:
    """The other platform, a process. ``user`` has an account there; ``client`` is what we are registered as."""

    issuer: str
    user: Caller
    user_id: str
    client: dict[str, Any]

    def approve(self, authorization_url: str, decision: str = "allow") -> dict[str, str]:
        """What a front end of that platform does: ask its user, then follow ``redirect_to``."""
        query = urlsplit(authorization_url).query
        described = self.user("GET", f"/api/oauth/authorize/?{query}", 200)
        assert described["client"]["name"] == "Courses"
        asked = {**dict(parse_qsl(query)), "decision": decision}
        decided = self.user("POST", "/api/oauth/authorize/", 200, asked)
        assert decided["redirect_to"].startswith(f"{CALLBACK}?")
        return dict(parse_qsl(urlsplit(decided["redirect_to"]).query))


@pytest.fixture(scope="module")
def home() -> Iterator[Home]:
    with tempfile.TemporaryDirectory(prefix="courseplatform-", ignore_cleanup_errors=True) as folder:
        platform = Platform(Path(folder))
        try:
            platform.start()
            names = ("--username", "root", "--email", "root@example.com", "--password", PASSWORD)
            platform.run("courseplatform", "create-admin", platform.ini, *names)
            registered = Caller(platform).sign_in("root", PASSWORD)(
                "POST",
                "/api/oauth/clients/",
                201,
                {
                    "name": "Courses",
                    "redirect_uris": [CALLBACK],
                    "grant_types": ["authorization_code"],
                    "scopes": ["openid", "profile", "email"],
                },
            )
            person = {"username": "hopper", "email": "hopper@example.com", "first_name": "Hopper"}
            user = Caller(platform)("POST", "/api/auth/register/", 201, {**person, "password": PASSWORD})
            signed_in = Caller(platform).sign_in("hopper", PASSWORD)
            yield Home(platform.url, signed_in, user["id"], registered)
        finally:
            platform.stop()


@pytest.fixture
def client(home: Home, database_url: str, tmp_path: Path) -> Iterator[Client]:
    settings = {
        "oidc.providers": "home",
        "oidc.home.issuer": home.issuer,
        "oidc.home.client_id": str(home.client["client_id"]),
        "oidc.home.client_secret": home.client["client_secret"],
        "oidc.home.allow_registration": "true",
    }
    app = make_app(database_url, tmp_path, **settings)
    with rolled_back(app) as (made, _):
        yield made
    app.registry["db.engine"].dispose()


def test_a_user_of_the_other_platform_signs_in_again_and_again(client: Client, home: Home) -> None:
    browser, ids = Browser(client, "home"), set()
    for _ in range(2):
        given = home.approve(browser.begin())
        assert given["iss"] == home.issuer
        tokens = browser.end(**given).json
        me = client.as_(tokens["access_token"]).get("/api/users/me/").json
        assert (me["username"], me["first_name"], me["role"]) == ("hopper", "Hopper", "student")
        ids.add(me["id"])
    assert len(ids) == 1
    assert ids != {home.user_id}


def test_an_account_here_is_linked_and_signed_in_with(client: Client, home: Home) -> None:
    student = make_user(client)
    linking = Browser(client, "home", token=student.token)
    linked = linking.end(**home.approve(linking.begin(link="true"))).json
    assert linked["subject"] == home.user_id
    browser = Browser(client, "home")
    tokens = browser.end(**home.approve(browser.begin())).json
    assert client.as_(tokens["access_token"]).get("/api/users/me/").json["id"] == student.id


def test_who_says_no_there_is_told_so_here(client: Client, home: Home) -> None:
    browser = Browser(client, "home")
    given = home.approve(browser.begin(), "deny")
    assert given["error"] == "access_denied"
    assert browser.end(**given, status=403).json["code"] == "provider_denied"


def test_a_code_of_another_login_fails_at_the_verifier(client: Client, home: Home) -> None:
    victim, thief = Browser(client, "home"), Browser(client, "home")
    stolen = home.approve(victim.begin())["code"]
    own = home.approve(thief.begin())
    assert thief.end(**{**own, "code": stolen}, status=403).json["code"] == "provider_denied"


def test_a_token_that_a_program_was_given_links_nothing(client: Client) -> None:
    """Who can link an identity owns the account from then on: that is for those who signed in themselves."""
    student = make_user(client)
    scopes = [scope["name"] for scope in client.get("/api/oauth/scopes/").json["scopes"]]
    made = {"name": "script", "scopes": scopes, "expires_at": "2026-12-31T00:00:00Z"}
    token = student.post("/api/users/me/tokens/", made).json["token"]
    program = client.as_(token)
    assert program.get("/api/users/me/").json["id"] == student.id
    Browser(client, "home", token=token).begin(link="true", status=403)
    for path in ("identities/", "export/"):
        program.get(f"/api/users/me/{path}", status=403)

"""Signing in on one platform with an account of another: our client and our provider, over real HTTP."""

import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest
from waitress.server import create_server

from courseplatform import migrations
from courseplatform.testing import Client, fresh_database, make_app, rolled_back
from tests.factories.accounts import Actor, make_user
from tests.plugins.oidc.browser import Browser

CALLBACK = "https://courses.test/api/auth/oauth/home/callback/"


@dataclass
class Home:
    """The other platform. ``user`` has an account there; ``client`` is what we are registered as."""

    issuer: str
    user: Actor
    client: dict[str, Any]

    def approve(self, authorization_url: str, decision: str = "allow") -> dict[str, str]:
        """What a front end of that platform does: ask its user, then follow ``redirect_to``."""
        asked = dict(parse_qsl(urlsplit(authorization_url).query))
        described = self.user.get("/api/oauth/authorize/?" + urlsplit(authorization_url).query).json
        assert described["client"]["name"] == "Courses"
        decided = self.user.post("/api/oauth/authorize/", {**asked, "decision": decision}, 200).json
        assert decided["redirect_to"].startswith(f"{CALLBACK}?")
        return dict(parse_qsl(urlsplit(decided["redirect_to"]).query))


@pytest.fixture(scope="module")
def home(server_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Home]:
    server = create_server(lambda *args: app(*args), host="127.0.0.1", port=0, threads=4)
    issuer = f"http://127.0.0.1:{server.effective_port}"
    with fresh_database(server_url) as url:
        migrations.migrate(url)
        app = make_app(url, tmp_path_factory.mktemp("home"), **{"http.base_url": issuer})
        thread = threading.Thread(target=server.run, daemon=True)
        thread.start()
        web = Client(app)
        registered = make_user(web, "admin").post(
            "/api/oauth/clients/",
            {
                "name": "Courses",
                "redirect_uris": [CALLBACK],
                "grant_types": ["authorization_code"],
                "scopes": ["openid", "profile", "email"],
            },
        )
        yield Home(issuer, make_user(web, username="hopper"), registered.json)
        server.close()
        for channel in list(server._map.values()):
            channel.close()
        thread.join(timeout=5)
        app.registry["db.engine"].dispose()


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
    assert ids != {home.user.id}


def test_an_account_here_is_linked_and_signed_in_with(client: Client, home: Home) -> None:
    student = make_user(client)
    linking = Browser(client, "home", token=student.token)
    linked = linking.end(**home.approve(linking.begin(link="true"))).json
    assert linked["subject"] == home.user.id
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

"""Signing in with a provider that others wrote: ``oidc-provider-mock``, as a process of its own."""

import json
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests

from courseplatform.testing import Client, make_app, rolled_back
from tests.plugins.oidc.browser import Browser

PEOPLE = [
    {"sub": "grace", "email": "grace@navy.test", "email_verified": True, "preferred_username": "grace"},
    {"sub": "mallory", "email": "grace@navy.test", "email_verified": True},
]


@pytest.fixture(scope="module")
def issuer() -> Iterator[str]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    people = [word for person in PEOPLE for word in ("--user-claims", json.dumps(person))]
    process = subprocess.Popen(
        [sys.executable, "-m", "oidc_provider_mock", "--port", str(port), "--require-nonce", *people],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    found = f"http://127.0.0.1:{port}"
    try:
        for _ in range(150):
            try:
                requests.get(f"{found}/.well-known/openid-configuration", timeout=1)
                break
            except requests.ConnectionError:
                assert process.poll() is None, "the provider did not start"
                time.sleep(0.1)
        yield found
    finally:
        process.terminate()
        process.wait(timeout=10)


@pytest.fixture
def client(issuer: str, database_url: str, tmp_path: Path) -> Iterator[Client]:
    settings: dict[str, Any] = {
        "oidc.providers": "mock",
        "oidc.mock.issuer": issuer,
        "oidc.mock.client_id": "platform",
        "oidc.mock.client_secret": "f3k9ZpQ1vX7mB2cT",
        "oidc.mock.allow_registration": "true",
    }
    app = make_app(database_url, tmp_path, **settings)
    with rolled_back(app) as (made, _):
        yield made
    app.registry["db.engine"].dispose()


def approve(authorization_url: str, **form: str) -> dict[str, str]:
    """The page of the provider, filled in; what it sends the browser back with."""
    answer = requests.post(authorization_url, data=form, allow_redirects=False, timeout=5)
    assert answer.status_code == 302, answer.text
    assert answer.headers["Location"].startswith("https://courses.test/api/auth/oauth/mock/callback/?")
    query = requests.utils.urlparse(answer.headers["Location"]).query
    return dict(pair.split("=", 1) for pair in query.split("&"))


def test_a_person_of_the_provider_signs_in_again_and_again(client: Client) -> None:
    browser, ids = Browser(client, "mock"), set()
    for _ in range(2):
        tokens = browser.end(**approve(browser.begin(), sub="grace")).json
        me = client.as_(tokens["access_token"]).get("/api/users/me/").json
        assert (me["username"], me["email"]) == ("grace", "grace@navy.test")
        ids.add(me["id"])
    assert len(ids) == 1


def test_another_person_with_the_same_address_is_told_to_link(client: Client) -> None:
    browser = Browser(client, "mock")
    browser.end(**approve(browser.begin(), sub="grace"))
    assert browser.end(**approve(browser.begin(), sub="mallory"), status=409).json["code"] == "email_taken"


def test_a_code_of_another_persons_login_carries_the_wrong_nonce(client: Client) -> None:
    """This provider knows no PKCE: the nonce alone stands in the way."""
    victim, thief = Browser(client, "mock"), Browser(client, "mock")
    stolen = approve(victim.begin(), sub="grace")["code"]
    own = approve(thief.begin(), sub="mallory")
    assert thief.end(**{**own, "code": stolen}, status=502).json["code"] == "provider_untrusted"

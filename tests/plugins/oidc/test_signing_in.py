"""Signing in with a provider that keeps to the protocol."""

from typing import Any
from urllib.parse import parse_qs, urlsplit

import sqlalchemy as sa

from courseplatform.testing import Client
from plugins.accounts.models import User
from plugins.oidc.models import ExternalIdentity, OidcLogin
from tests.factories.accounts import make_user
from tests.plugins.oidc.browser import Browser
from tests.plugins.oidc.hostile import HostileProvider


def users(client: Client) -> int:
    with client.script() as request:
        return request.db.scalar(sa.select(sa.func.count()).select_from(User))


def sign_in(browser: Browser, provider: HostileProvider, **person: Any) -> Client:
    provider.person = person or provider.person
    tokens = browser.end(**provider.approve(browser.begin())).json
    return browser.client.as_(tokens["access_token"])


def test_a_stranger_signs_in_and_has_a_students_account(browser: Browser, provider: HostileProvider) -> None:
    provider.person |= {"preferred_username": "Ada L.", "given_name": "Ada", "family_name": "Lovelace", "role": "admin"}
    tokens = browser.end(**provider.approve(browser.begin())).json
    assert set(tokens) == {"access_token", "refresh_token", "token_type", "expires_in"}
    me = browser.client.as_(tokens["access_token"]).get("/api/users/me/").json
    assert (me["role"], me["email"], me["username"]) == ("student", "ada@provider.test", "Ada-L")
    assert (me["first_name"], me["last_name"]) == ("Ada", "Lovelace")
    assert me["email_verified_at"] is not None
    refreshed = browser.anonymous.post("/api/auth/token/refresh/", {"refresh_token": tokens["refresh_token"]}, 200)
    assert refreshed.json["access_token"]


def test_who_comes_again_is_the_same_user_whatever_else_the_provider_says(
    browser: Browser, provider: HostileProvider
) -> None:
    first = sign_in(browser, provider).get("/api/users/me/").json
    again = sign_in(browser, provider, sub="ada", email="other@provider.test", email_verified=True)
    assert again.get("/api/users/me/").json == first


def test_another_subject_is_another_user_although_the_names_are_alike(
    browser: Browser, provider: HostileProvider
) -> None:
    first = sign_in(browser, provider, sub="1", preferred_username="ada").get("/api/users/me/").json
    second = sign_in(browser, provider, sub="2", preferred_username="ADA").get("/api/users/me/").json
    assert first["id"] != second["id"]
    assert second["username"].startswith("ADA-")


def test_a_profile_without_any_usable_name_gets_one(browser: Browser, provider: HostileProvider) -> None:
    for number, name in enumerate((None, "", "Я", "\u202e" * 9, 7, ["ada"], "x" * 5_000)):
        me = sign_in(browser, provider, sub=str(number), preferred_username=name, given_name=name).get("/api/users/me/")
        assert me.json["username"].startswith("user-")


def test_an_unverified_address_is_not_taken_over(browser: Browser, provider: HostileProvider) -> None:
    for number, verified in enumerate((False, None, "true", 1)):
        person = {"sub": str(number), "email": f"ada{number}@provider.test", "email_verified": verified}
        me = sign_in(browser, provider, **person).get("/api/users/me/").json
        assert me["email"] == f"{me['id']}@unknown"
        assert me["email_verified_at"] is None


def test_an_account_with_the_same_address_is_never_taken_over(
    browser: Browser, client: Client, provider: HostileProvider
) -> None:
    make_user(client, username="ada")
    before = users(client)
    for verified in (True, False):
        provider.person = {"sub": "thief", "email": "ADA@example.com", "email_verified": verified}
        response = browser.end(**provider.approve(browser.begin()), status=409)
        assert response.json["code"] == "email_taken"
        assert "link" in response.json["remedy"]
    assert users(client) == before
    with client.script() as request:
        assert request.db.scalars(sa.select(ExternalIdentity)).all() == []


def test_a_provider_that_may_not_make_accounts_makes_none(client: Client, provider: HostileProvider) -> None:
    browser, before = Browser(client, "closed"), users(client)
    assert browser.end(**provider.approve(browser.begin()), status=403).json["code"] == "registration_closed"
    assert users(client) == before


def test_a_deactivated_user_stays_outside(browser: Browser, client: Client, provider: HostileProvider) -> None:
    me = sign_in(browser, provider).get("/api/users/me/").json
    make_user(client, "admin").patch(f"/api/users/{me['id']}/", {"is_active": False})
    assert browser.end(**provider.approve(browser.begin()), status=403).json["code"] == "account_inactive"


def test_the_users_page_at_the_provider_is_asked_where_the_token_does_not_say_the_address(
    browser: Browser, provider: HostileProvider
) -> None:
    provider.lies = {"claims": {"email": None, "email_verified": None}}
    assert sign_in(browser, provider).get("/api/users/me/").json["email"] == "ada@provider.test"
    assert "/userinfo" in provider.asked


def test_a_browser_is_sent_to_the_provider_and_a_program_told_where_it_is(
    client: Client, provider: HostileProvider
) -> None:
    address = "/api/auth/oauth/one/login/"
    navigating = client.get(address, status=302, headers={"Accept": "text/html,application/xhtml+xml,*/*;q=0.8"})
    query = parse_qs(urlsplit(navigating.location).query)
    assert navigating.location.startswith(f"{provider.issuer}/authorize?")
    assert query["redirect_uri"] == ["https://courses.test/api/auth/oauth/one/callback/"]
    assert query["scope"] == ["openid email profile"]
    assert query["state"] and query["nonce"] and query["code_challenge"]
    assert client.get(address, status=302).location
    assert client.get(address, headers={"Accept": "application/json"}).json["authorization_url"]
    assert navigating.headers["Cache-Control"] == "no-store"


def test_a_front_ends_page_is_the_address_to_come_back_to_if_the_settings_name_it(
    browser: Browser, provider: HostileProvider
) -> None:
    page = "https://front.test/signed-in"
    url = browser.begin(redirect_uri=page)
    assert parse_qs(urlsplit(url).query)["redirect_uri"] == [page]
    assert browser.end(**provider.approve(url)).json["access_token"]
    for wrong in (f"{page}/", f"{page}?x=1", "https://front.test.evil.test/signed-in", "https://evil.test/"):
        assert browser.begin(redirect_uri=wrong, status=422).json["code"] == "invalid"


def test_the_cookie_is_the_browsers_alone_and_gone_after_the_sign_in(client: Client, provider: HostileProvider) -> None:
    response = client.get("/api/auth/oauth/one/login/", status=302)
    cookie = response.headers["Set-Cookie"]
    assert cookie.startswith("__Host-oidc-")
    for attribute in ("; Secure", "; HttpOnly", "; SameSite=Lax", "; Path=/", "; Max-Age=600"):
        assert attribute.lower() in cookie.lower()
    assert "domain" not in cookie.lower()
    browser = Browser(client)
    assert "Max-Age=0" in browser.end(**provider.approve(browser.begin())).headers["Set-Cookie"]


def test_two_sign_ins_in_two_windows_don_t_disturb_each_other(browser: Browser, provider: HostileProvider) -> None:
    first, second = browser.begin(), browser.begin()
    assert browser.end(**provider.approve(first)).json["access_token"]
    assert browser.end(**provider.approve(second)).json["access_token"]


def test_an_unknown_provider_is_404(client: Client) -> None:
    for name in ("nobody", "two", "one%20", "providers"):
        for what in ("login", "callback"):
            assert client.get(f"/api/auth/oauth/{name}/{what}/", status=404).json["code"] == "not_found"


def test_no_secret_of_a_login_is_stored_readable_and_old_logins_are_forgotten(
    browser: Browser, client: Client, provider: HostileProvider
) -> None:
    query = parse_qs(urlsplit(browser.begin()).query)
    with client.script() as request:
        row = request.db.scalars(sa.select(OidcLogin)).one()
        stored = {row.state_sha256, row.browser_sha256}
        assert query["state"][0] not in stored
        assert not stored & set(browser.cookies.values())
    client.clock.move(minutes=11)
    with client.script() as request:
        from plugins.oidc.jobs import purge_logins

        purge_logins(request)
        assert request.db.scalars(sa.select(OidcLogin)).all() == []

"""A provider that lies or fails, and browsers that bring what is not theirs: refused, and nothing is written."""

import gc
import json
import time
from typing import Any

import pytest
import sqlalchemy as sa
from joserfc.jwk import RSAKey

from courseplatform.testing import Client
from plugins.accounts.models import SignInSession, User
from plugins.oidc import transport
from plugins.oidc.models import ExternalIdentity
from tests.plugins.oidc.browser import Browser
from tests.plugins.oidc.hostile import CLIENT_ID, HostileProvider


def rows(client: Client) -> list[int]:
    with client.script() as request:
        counts = (sa.select(sa.func.count()).select_from(model) for model in (User, SignInSession, ExternalIdentity))
        return [request.db.scalar(count) for count in counts]


def refused(browser: Browser, provider: HostileProvider, status: int, code: str, **query: str) -> Any:
    """The sign-in that the provider approved is refused, and nobody is the richer for it."""
    before = rows(browser.client)
    response = browser.end(**{**provider.approve(browser.begin()), **query}, status=status)
    assert response.content_type == "application/problem+json"
    assert response.json["code"] == code
    assert rows(browser.client) == before
    return response


LONG_AGO, SOON = int(time.time()) - 3_600, int(time.time()) + 3_600


@pytest.mark.parametrize(
    "claims",
    [
        {"iss": "https://evil.test"},
        {"iss": None},
        {"aud": "another-client"},
        {"aud": None},
        {"aud": []},
        {"aud": ["another-client"], "azp": CLIENT_ID},
        {"aud": [CLIENT_ID, "another-client"]},
        {"aud": [CLIENT_ID, "another-client"], "azp": "another-client"},
        {"azp": "another-client"},
        {"nonce": "of-another-login"},
        {"nonce": None},
        {"exp": LONG_AGO},
        {"exp": None},
        {"exp": "soon"},
        {"iat": SOON},
        {"iat": None},
        {"nbf": SOON},
        {"sub": None},
        {"sub": ""},
        {"sub": 7},
        {"sub": "a\x00b"},
        {"sub": "x" * 256},
        {"at_hash": "AAAAAAAAAAAAAAAAAAAAAA"},
        {"at_hash": 7},
    ],
    ids=lambda claims: " ".join(f"{name} {str(value)[:8]}" for name, value in claims.items()),
)
def test_an_id_token_with_a_wrong_claim_is_refused(
    claims: dict[str, Any], browser: Browser, provider: HostileProvider
) -> None:
    provider.lies = {"claims": claims}
    refused(browser, provider, 502, "provider_untrusted")


def test_an_id_token_that_the_provider_did_not_sign_is_refused(browser: Browser, provider: HostileProvider) -> None:
    own_key = RSAKey.generate_key(2048)
    for lies in (
        {"header": {"alg": "none"}},
        {"header": {"alg": "HS256"}},
        {"key": own_key},
        {"key": own_key, "header": {"jwk": own_key.as_dict(private=False)}},
        {"key": own_key, "header": {"jku": "https://evil.test/jwks"}},
        {"header": {"kid": "unknown"}},
        {"header": {"crit": ["exp"]}},
        {"id_token": "a.b.c"},
        {"id_token": ["x"]},
        {"id_token": "x" * 100_000},
    ):
        provider.lies = lies
        refused(browser, provider, 502, "provider_untrusted")


def test_the_provider_can_t_announce_a_symmetric_algorithm_or_none(browser: Browser, provider: HostileProvider) -> None:
    for name in ("none", "HS256"):
        provider.lies = {
            "metadata": {"id_token_signing_alg_values_supported": [name]},
            "header": {"alg": name},
        }
        refused(browser, provider, 502, "provider_untrusted")


def test_new_keys_of_the_provider_are_learnt_at_the_first_token_that_needs_them(
    browser: Browser, provider: HostileProvider
) -> None:
    browser.end(**provider.approve(browser.begin()))
    old_key, provider.key = provider.key, RSAKey.generate_key(2048, {"kid": "two", "use": "sig"})
    provider.lies = {"header": {"kid": "two"}}
    assert browser.end(**provider.approve(browser.begin())).json["access_token"]
    asked = provider.asked.count("/jwks")
    browser.end(**provider.approve(browser.begin()))
    assert provider.asked.count("/jwks") == asked == 2
    assert provider.asked.count("/.well-known/openid-configuration") == 1
    provider.key = old_key


def test_another_browser_can_t_end_what_this_one_began(browser: Browser, provider: HostileProvider) -> None:
    victim = Browser(browser.client)
    given = provider.approve(browser.begin())
    assert victim.end(**given, status=400).json["code"] == "login_invalid"
    victim.begin()
    assert victim.end(**given, status=400).json["code"] == "login_invalid"
    # Not even with a cookie of its own under the right name.
    victim.cookies = dict.fromkeys(browser.cookies, "mine")
    assert victim.end(**given, status=400).json["code"] == "login_invalid"
    assert "/token" not in provider.asked
    assert browser.end(**given).json["access_token"]


def test_a_state_that_nobody_began_is_refused(browser: Browser, provider: HostileProvider) -> None:
    refused(browser, provider, 400, "login_invalid", state="invented")


def test_a_state_of_one_provider_is_worth_nothing_at_another(client: Client, provider: HostileProvider) -> None:
    one, closed = Browser(client, "one"), Browser(client, "closed")
    given = provider.approve(one.begin())
    closed.cookies = one.cookies
    assert closed.end(**given, status=400).json["code"] == "login_invalid"


def test_a_code_of_another_login_is_refused_by_the_verifier_that_goes_with_it(
    browser: Browser, provider: HostileProvider
) -> None:
    stolen = provider.approve(Browser(browser.client).begin())["code"]
    given = {**provider.approve(browser.begin()), "code": stolen}
    assert browser.end(**given, status=403).json["code"] == "provider_denied"


def test_an_answer_that_is_brought_again_is_refused(browser: Browser, provider: HostileProvider) -> None:
    given = provider.approve(browser.begin())
    browser.end(**given)
    before = rows(browser.client)
    assert browser.end(**given, status=400).json["code"] == "login_invalid"
    assert rows(browser.client) == before


def test_an_answer_that_comes_after_ten_minutes_is_refused(browser: Browser, provider: HostileProvider) -> None:
    given = provider.approve(browser.begin())
    browser.client.clock.move(minutes=10, seconds=1)
    assert browser.end(**given, status=400).json["code"] == "login_invalid"


def test_a_user_who_says_no_at_the_provider_is_told_so_once(browser: Browser, provider: HostileProvider) -> None:
    state = provider.approve(browser.begin())["state"]
    before = rows(browser.client)
    denial = {"error": "access_denied", "error_description": "<b>no</b>", "state": state}
    response = browser.end(**denial, status=403)
    assert response.json["code"] == "provider_denied"
    assert "<b>" not in response.text
    assert browser.end(**denial, status=400).json["code"] == "login_invalid"
    assert rows(browser.client) == before


def test_an_error_beside_a_code_is_an_error(browser: Browser, provider: HostileProvider) -> None:
    refused(browser, provider, 403, "provider_denied", error="server_error")


def test_an_answer_in_the_name_of_another_issuer_is_a_mix_up(browser: Browser, provider: HostileProvider) -> None:
    refused(browser, provider, 400, "provider_mismatch", iss="https://evil.test")
    assert "/token" not in provider.asked, "the code was shown to the wrong provider"


def test_a_provider_that_announces_iss_has_to_say_it(browser: Browser, provider: HostileProvider) -> None:
    provider.lies = {"metadata": {"authorization_response_iss_parameter_supported": True}}
    refused(browser, provider, 400, "provider_mismatch")
    assert browser.end(**provider.approve(browser.begin()), iss=provider.issuer).json["access_token"]


def test_what_a_provider_says_besides_is_overlooked(browser: Browser, provider: HostileProvider) -> None:
    more = {"session_state": "x", "authuser": "0", "hd": "example.com", "scope": "openid"}
    assert browser.end(**provider.approve(browser.begin()), **more).json["access_token"]


def test_an_answer_without_a_code_is_a_refusal(browser: Browser, provider: HostileProvider) -> None:
    assert browser.end(state=provider.approve(browser.begin())["state"], status=403).json["code"] == "provider_denied"


@pytest.mark.parametrize(
    "metadata",
    [
        {"issuer": "https://evil.test"},
        {"authorization_endpoint": "javascript:alert(1)"},
        {"token_endpoint": "http://evil.test/token"},
        {"token_endpoint": None},
        {"jwks_uri": "file:///etc/passwd"},
        {"userinfo_endpoint": 7},
    ],
    ids=str,
)
def test_metadata_that_can_t_be_the_providers_is_refused(
    metadata: dict[str, Any], browser: Browser, provider: HostileProvider
) -> None:
    provider.lies = {"metadata": metadata}
    assert browser.begin(status=502).json["code"] == "provider_untrusted"


def test_the_users_page_of_another_user_is_refused(browser: Browser, provider: HostileProvider) -> None:
    provider.lies = {"claims": {"email": None}, "userinfo": {"sub": "someone-else"}}
    refused(browser, provider, 502, "provider_untrusted")


@pytest.mark.parametrize("path", ["/.well-known/openid-configuration", "/token", "/jwks"])
def test_nonsense_of_the_provider_is_502_and_its_failure_503(
    path: str, browser: Browser, provider: HostileProvider
) -> None:
    def attempt(status: int, code: str) -> None:
        for known in browser.client.registry["oidc.providers"].values():
            known.cache.clear()
        if path.startswith("/.well-known"):
            assert browser.begin(status=status).json["code"] == code
        else:
            refused(browser, provider, status, code)

    for raw in (b"", b"[]", b"null", b"<html>", b"\xff\xfe", b"7", b'{"keys": 7}', b'{"keys": []}'):
        provider.lies = {"raw": {path: raw}}
        attempt(502, "provider_untrusted")
    provider.lies = {"raw": {path: b"[" * 100_000}}
    gc.disable()  # what is collected where no further call is allowed can't be told that it is, which pytest reports
    try:
        attempt(502, "provider_untrusted")
    finally:
        gc.enable()
    provider.lies = {"status": {path: "302 Found"}, "headers": [("Location", "http://127.0.0.1:9/")]}
    attempt(502, "provider_untrusted")
    provider.lies = {"status": {path: "500 Internal Server Error"}}
    attempt(503, "provider_unavailable")
    provider.lies = {"raw": {path: b" " * (transport.MAX_ANSWER_BYTES + 1)}}
    attempt(502, "provider_untrusted")


def test_an_answer_that_is_too_large_is_not_read_although_it_would_be_right(
    browser: Browser, provider: HostileProvider
) -> None:
    path = "/.well-known/openid-configuration"
    honest = json.dumps(provider.answer(path, {})[1]).encode()
    provider.lies = {"raw": {path: b" " * transport.MAX_ANSWER_BYTES + honest}}
    assert browser.begin(status=502).json["code"] == "provider_untrusted"
    provider.lies = {"raw": {path: b" " * 1_000 + honest}}
    assert browser.begin()


def test_a_provider_that_is_down_is_503_and_says_when_to_come_back(client: Client, provider: HostileProvider) -> None:
    response = Browser(client, "down").begin(status=503)
    assert response.json["code"] == "provider_unavailable"
    assert response.headers["Retry-After"]


def test_a_slow_provider_costs_a_few_seconds_and_no_transaction(
    browser: Browser, client: Client, provider: HostileProvider, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(transport, "TOTAL_S", 0.3)
    given = provider.approve(browser.begin())
    provider.lies = {"slow": ["/token"], "sleep_s": 1}
    started = time.monotonic()
    assert browser.end(**given, status=503).json["code"] == "provider_unavailable"
    assert time.monotonic() - started < 0.9
    # What was brought is used up, so that nobody can try a code twice.
    assert browser.end(**given, status=400).json["code"] == "login_invalid"


def test_a_provider_that_drips_is_cut_off(browser: Browser, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each byte arrives in time, but the whole never would."""
    import socket
    import threading

    from plugins.oidc.transport import Session

    monkeypatch.setattr(transport, "TOTAL_S", 0.4)
    listener = socket.create_server(("127.0.0.1", 0))

    def drip() -> None:
        connection, _ = listener.accept()
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n")
        try:
            for _ in range(60):
                connection.sendall(b" ")
                time.sleep(0.1)
        except OSError:
            pass
        finally:
            connection.close()

    thread = threading.Thread(target=drip, daemon=True)
    thread.start()
    started = time.monotonic()
    with pytest.raises(transport.Unavailable), Session(client_id="x") as session:
        session.read(f"http://127.0.0.1:{listener.getsockname()[1]}/")
    assert time.monotonic() - started < 2
    listener.close()
    thread.join(timeout=5)


def test_who_waits_for_a_provider_leaves_threads_to_others(browser: Browser) -> None:
    """Only so many may wait for one provider at a time."""
    provider = browser.client.registry["oidc.providers"]["one"]
    taken = [provider.slots.acquire(blocking=False) for _ in range(4)]
    assert all(taken)
    try:
        assert browser.begin(status=503).json["code"] == "provider_unavailable"
    finally:
        for _ in taken:
            provider.slots.release()


def test_no_transaction_is_open_while_the_provider_thinks(
    browser: Browser, client: Client, provider: HostileProvider
) -> None:
    open_sessions: list[int] = []
    made = client.registry["db.session"]
    living: set[int] = set()

    def counting(is_read_only: bool) -> Any:
        session = made(is_read_only)
        living.add(id(session))
        close = session.close

        def closing() -> None:
            living.discard(id(session))
            close()

        session.close = closing
        return session

    client.registry["db.session"] = counting
    known = client.registry["oidc.providers"]["one"]
    redeem = known.redeem
    known.redeem = lambda *a, **kw: (open_sessions.append(len(living)), redeem(*a, **kw))[1]
    try:
        browser.end(**provider.approve(browser.begin()))
    finally:
        del known.redeem
        client.registry["db.session"] = made
    assert open_sessions == [0]

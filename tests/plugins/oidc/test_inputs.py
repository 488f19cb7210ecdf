"""What crashes a naive application, on the addresses of sign-in; the contracts' tests know no provider."""

import pytest

from courseplatform.testing import Client, make_app, rolled_back
from tests.contracts.bad_input.addresses import QUERIES
from tests.contracts.bad_input.calls import Call, send
from tests.contracts.bad_input.headers import HEADERS
from tests.contracts.bad_input.values import MARKER
from tests.plugins.oidc.browser import Browser
from tests.plugins.oidc.hostile import HostileProvider

VALUES = ["", "%00", "%ff", "%ED%A0%80", "%F0%9F%92%A5", MARKER * 500, "a%0d%0aSet-Cookie:x", "%E2%80%AE", "[]", "%25s"]


@pytest.mark.parametrize("what", ["login", "callback"])
def test_no_query_and_no_header_crashes_a_sign_in(what: str, client: Client, provider: HostileProvider) -> None:
    address = f"/api/auth/oauth/one/{what}/"
    names = ("state", "code", "iss", "error", "redirect_uri", "link")
    queries = [*QUERIES, *(f"{name}={value}" for name in names for value in VALUES)]
    queries += [f"state={MARKER}&code={value}" for value in VALUES]
    headers = [(name, value) for name, values in HEADERS.items() for value in values]
    headers += [("Cookie", "\xff=;;="), ("Cookie", f"__Host-oidc-0={MARKER}")]
    calls = [Call("GET", address, query) for query in queries]
    calls += [Call("GET", address, "state=x").with_header(name, value) for name, value in headers]
    for call in calls:
        response = send(client.app, call, None)
        assert response.status_int < 500, call
        if response.status_int >= 400:
            assert response.content_type == "application/problem+json"
            # The name of an unknown parameter is told: where the fault is.
            assert MARKER not in response.text.replace(f'"name":"{MARKER}', ""), call


def test_what_a_provider_brings_back_may_be_any_text(browser: Browser, provider: HostileProvider) -> None:
    for code in ("\u202e" * 10, "é", "a b&c=d", "x" * 4_000):
        given = {**provider.approve(browser.begin()), "code": code}
        assert browser.end(**given, status=403).json["code"] == "provider_denied"


def test_sign_ins_from_one_address_are_limited(provider: HostileProvider, database_url: str, tmp_path: object) -> None:
    settings = {"oidc.providers": "one", "oidc.one.issuer": provider.issuer, "oidc.one.client_id": "platform"}
    limits = {"limits.oidc_login": "2/hour", "limits.oidc_callback": "2/hour"}
    app = make_app(database_url, tmp_path, **settings, **limits)
    with rolled_back(app) as (client, _):
        for what, status in (("login/", 302), ("callback/?state=x", 400)):
            address = f"/api/auth/oauth/one/{what}"
            assert [client.call("GET", address).status_int for _ in range(3)] == [status, status, 429]
    app.registry["db.engine"].dispose()


@pytest.mark.parametrize(
    ("settings", "fault"),
    [
        ({"oidc.providers": "one"}, "oidc.one.issuer: is required"),
        ({"oidc.providers": "one", "oidc.one.issuer": "http://provider.test"}, "oidc.one.issuer: can't be read"),
        ({"oidc.providers": "one", "oidc.one.client_secret": "changeme-changeme"}, "oidc.one.client_secret: is a pl"),
        ({"oidc.providers": "one", "oidc.one.secret": "x"}, "oidc.one.secret: no such setting"),
        ({"oidc.providers": "../x"}, "may have lower-case letters"),
        ({"oidc.providers": "providers"}, "may have lower-case letters"),
        ({"oidc.redirect_uris": "http://front.test/"}, "oidc.redirect_uris: can't be read"),
        ({"oidc.google.client_id": "x"}, "oidc.google.client_id: no such setting"),
    ],
    ids=str,
)
def test_a_faulty_provider_in_the_settings_is_told_at_the_start(
    settings: dict[str, str], fault: str, database_url: str, tmp_path: object
) -> None:
    with pytest.raises(Exception, match="oidc") as caught:
        make_app(database_url, tmp_path, **settings)
    assert fault in str(caught.value)

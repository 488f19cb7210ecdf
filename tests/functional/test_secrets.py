"""No secret leaves a trace: not in what any process logs, not in errors, figures, Redis and jobs, nor in the clear in
the database; through its whole life, and in requests that fail. That a trace would be found: ``leak``.
"""

import secrets
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from email import message_from_bytes, policy
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest
import requests

from tests.factories.oauth import CHALLENGE, VERIFIER
from tests.functional.canaries import Canaries, forms
from tests.functional.gateway import METRICS_TOKEN, SECRET
from tests.functional.watched import Watched, watched
from tests.plugins.oidc.hostile import CLIENT_ID, CLIENT_SECRET, HostileProvider
from tests.redis_server import BINARY

pytestmark = pytest.mark.skipif(BINARY is None, reason="there is no redis-server")

JOB_SECRET = "thrown-by-a-job-Vd93Lq"
REDIRECT_URI = "https://app.example/cb"


@pytest.fixture(scope="module")
def provider() -> Iterator[HostileProvider]:
    made = HostileProvider()
    yield made
    made.close()


@pytest.fixture(scope="module")
def platform(server_url: str, provider: HostileProvider) -> Iterator[Watched]:
    variables = {"CLUMSY_SECRET": JOB_SECRET, "COURSEPLATFORM_OIDC_PROVIDERS": "one down"}
    for name, issuer in (("ONE", provider.issuer), ("DOWN", "http://127.0.0.1:9")):
        variables[f"COURSEPLATFORM_OIDC_{name}_ISSUER"] = issuer
        variables[f"COURSEPLATFORM_OIDC_{name}_CLIENT_ID"] = CLIENT_ID
        variables[f"COURSEPLATFORM_OIDC_{name}_CLIENT_SECRET"] = CLIENT_SECRET
    variables["COURSEPLATFORM_OIDC_ONE_ALLOW_REGISTRATION"] = "true"
    variables["COURSEPLATFORM_WEBHOOKS_ALLOW_HTTP"] = "true"
    variables["COURSEPLATFORM_WEBHOOKS_ALLOWED_PORTS"] = "any"
    variables["COURSEPLATFORM_WEBHOOKS_ALLOWED_PRIVATE_NETWORKS"] = "127.0.0.0/8"
    for limit in ("SIGN_IN", "SIGN_IN_ADDRESS", "REGISTRATION", "PASSWORD_RESET", "REPLAYS", "OIDC_LOGIN"):
        variables[f"COURSEPLATFORM_LIMITS_{limit}"] = "1000/minute"
    with watched(server_url, **variables) as made:
        yield made


@pytest.fixture(scope="module")
def canaries(platform: Watched) -> Canaries:
    made = Canaries(platform)
    configured = {
        "token secret": SECRET,
        "metrics token": METRICS_TOKEN,
        "secret at a provider": CLIENT_SECRET,
        "secret that a job throws": JOB_SECRET,
    }
    for name, secret in configured.items():
        made.plant(name, secret)
    return made


class Person:
    """Somebody who registers, with a password and an address of their own; ``bearer`` once they signed in."""

    def __init__(self, canaries: Canaries, name: str) -> None:
        self.canaries, self.name = canaries, name
        self.email = canaries.plant(f"e-mail address of {name}", f"{name}.{secrets.token_hex(4)}@example.com")
        self.password = canaries.plant(f"password of {name}", f"pw {secrets.token_urlsafe(12)}")
        person = {"username": name, "email": self.email, "password": self.password}
        canaries.send("POST", "/api/auth/register/", 201, json=person)
        self.tokens = self.sign_in()

    def sign_in(self, **headers: str) -> Any:
        body = {"username": self.name, "password": self.password}
        return self.keep(self.canaries.send("POST", "/api/auth/login/", 200, json=body, headers=headers).json())

    def keep(self, tokens: Any) -> Any:
        for name in ("access_token", "refresh_token"):
            self.canaries.plant(f"{name} {len(self.canaries.secrets)} of {self.name}", tokens[name])
        return tokens

    def send(self, method: str, path: str, status: int | None = None, **kw: Any) -> requests.Response:
        headers = {"Authorization": f"Bearer {self.tokens['access_token']}", **kw.pop("headers", {})}
        return self.canaries.send(method, path, status, headers=headers, **kw)

    def mailed_token(self, kind: str, ask: Callable[[], object]) -> str:
        """Of the mail with such a link that comes when it is asked for."""
        platform = self.canaries.platform
        folder = platform.folder / "mail"
        platform.wait_until(platform.jobs_done)
        seen = set(folder.glob("*.eml"))
        ask()

        def find() -> str | None:
            for path in set(folder.glob("*.eml")) - seen:
                text = message_from_bytes(path.read_bytes(), policy=policy.default).get_content()
                if f"/api/auth/{kind}/" in text:
                    return parse_qs(urlsplit(text[text.index("https://") :].split()[0]).query)["token"][0]
            return None

        token = platform.wait_until(find)
        platform.wait_until(platform.jobs_done)  # the mail goes first, and then the token counts
        return self.canaries.plant(f"token of {kind}", token)


@pytest.fixture(scope="module")
def ada(canaries: Canaries) -> Person:
    return Person(canaries, "ada")


def no_traces(canaries: Canaries) -> None:
    canaries.platform.wait_until(canaries.platform.jobs_done)
    assert canaries.traces() == {}


def test_passwords_and_sessions(canaries: Canaries, ada: Person) -> None:
    key = canaries.plant("idempotency key", f"key-{secrets.token_hex(8)}")
    for _ in range(2):
        ada.sign_in(**{"Idempotency-Key": key})
    pair = ada.keep(
        canaries.send(
            "POST", "/api/auth/token/refresh/", 200, json={"refresh_token": ada.tokens["refresh_token"]}
        ).json()
    )
    wrong = canaries.plant("wrong password", f"wrong {secrets.token_urlsafe(9)}")
    by_mistake = canaries.plant("password in place of a name", f"oops {secrets.token_urlsafe(9)}")
    canaries.send("POST", "/api/auth/login/", 401, json={"username": "ada", "password": wrong})
    canaries.send("POST", "/api/auth/login/", 401, json={"username": by_mistake, "password": wrong})
    ada.tokens = pair
    new = canaries.plant("new password", f"new {secrets.token_urlsafe(12)}")
    change = {"current_password": wrong, "new_password": new}
    ada.send("POST", "/api/auth/password-change/", 403, json=change)
    weak = canaries.plant("weak password", "ada-ada-ada-ada")
    ada.send("POST", "/api/auth/password-change/", 422, json={"current_password": ada.password, "new_password": weak})
    changed = ada.send(
        "POST", "/api/auth/password-change/", 200, json={"current_password": ada.password, "new_password": new}
    )
    ada.password = new
    ada.tokens = ada.keep(changed.json())
    no_traces(canaries)


def test_links_in_mails(canaries: Canaries, ada: Person) -> None:
    verification = "/api/auth/email-verification/"
    token = ada.mailed_token("email-verification", lambda: ada.send("POST", verification, 202))
    guessed = canaries.plant("guessed token", secrets.token_urlsafe(24))
    for given, status in ((guessed, 409), (token, 204), (token, 409)):
        canaries.send("POST", "/api/auth/email-verification/confirm/", status, json={"token": given})
        canaries.send("GET", f"/api/auth/email-verification/?token={given}")
    new_address = canaries.plant("e-mail address, new", f"ada.{secrets.token_hex(4)}@example.org")
    asking = {"email": new_address}
    change = ada.mailed_token("email-change", lambda: ada.send("PATCH", "/api/users/me/", 200, json=asking))
    canaries.send("POST", "/api/auth/email-change/confirm/", 204, json={"token": change})
    unknown = canaries.plant("e-mail address of nobody", f"nobody.{secrets.token_hex(4)}@example.org")
    canaries.send("POST", "/api/auth/password-reset/", 202, json={"email": unknown})
    forgotten = "/api/auth/password-reset/"
    reset = {
        "token": ada.mailed_token("password-reset", lambda: canaries.send("POST", forgotten, 202, json=asking)),
        "password": canaries.plant("reset password", "pw Zt5-Qx81-Lm"),
    }
    canaries.send("POST", "/api/auth/password-reset/confirm/", 204, json=reset)
    ada.password = reset["password"]
    ada.tokens = ada.sign_in()
    no_traces(canaries)


def test_tokens_for_programs(canaries: Canaries, ada: Person) -> None:
    platform = canaries.platform
    root = canaries.plant("password of root", "pw Ky7-Wn24-Bd")
    admin_address = canaries.plant("e-mail address of root", "root.f81a@example.com")
    platform.run(
        "courseplatform", "create-admin", platform.ini,
        "--username", "root", "--email", admin_address, "--password", root,
    )  # fmt: skip
    signed_in = canaries.send("POST", "/api/auth/login/", 200, json={"username": "root", "password": root}).json()
    as_root = {"Authorization": f"Bearer {canaries.plant('access token of root', signed_in['access_token'])}"}
    body = {"name": "App", "redirect_uris": [REDIRECT_URI], "scopes": ["profile", "courses:read"]}
    made = canaries.send("POST", "/api/oauth/clients/", 201, json=body, headers=as_root).json()
    application = made["client_id"] if "client_id" in made else made["id"]
    secret = canaries.plant("client secret", made["client_secret"])
    state = canaries.plant("state", f"state-{secrets.token_hex(8)}")
    asked = {
        "response_type": "code", "client_id": application, "redirect_uri": REDIRECT_URI, "state": state,
        "scope": "profile courses:read", "code_challenge": CHALLENGE, "code_challenge_method": "S256",
    }  # fmt: skip
    ada.send("GET", f"/api/oauth/authorize/?{urlencode(asked)}", 200)
    decided = ada.send("POST", "/api/oauth/authorize/", 200, json={**asked, "decision": "allow"}).json()
    code = canaries.plant("code", parse_qs(urlsplit(decided["redirect_to"]).query)["code"][0])
    canaries.plant("code verifier", VERIFIER)
    form = {"grant_type": "authorization_code", "code": code, "redirect_uri": REDIRECT_URI, "code_verifier": VERIFIER}
    wrong = canaries.plant("wrong client secret", secrets.token_urlsafe(24))
    token = "/api/oauth/token/"
    canaries.send("POST", token, 401, data=form, auth=(application, wrong))
    canaries.send("POST", token, 401, data={**form, "client_id": application, "client_secret": wrong})
    pair = canaries.send("POST", token, 200, data=form, auth=(application, secret)).json()
    for name in ("access_token", "refresh_token"):
        canaries.plant(f"OAuth {name}", pair[name])
    bearer = {"Authorization": f"Bearer {pair['access_token']}"}
    canaries.send("GET", "/api/oauth/userinfo/", headers=bearer)
    canaries.send("GET", "/api/users/me/", headers=bearer)
    for path in ("introspect", "revoke"):
        canaries.send("POST", f"/api/oauth/{path}/", data={"token": pair["access_token"]}, auth=(application, secret))
    canaries.send("POST", token, 400, data=form, auth=(application, secret))  # the code once more: all of it is revoked
    spent = {"grant_type": "refresh_token", "refresh_token": pair["refresh_token"]}
    canaries.send("POST", token, 400, data=spent, auth=(application, secret))
    until = (datetime.now(UTC) + timedelta(days=30)).isoformat()
    personal = {"name": "t", "scopes": ["courses:read"], "expires_at": until}
    own = canaries.plant(
        "personal token", ada.send("POST", "/api/users/me/tokens/", 201, json=personal).json()["token"]
    )
    canaries.send("GET", "/api/courses/", 200, headers={"Authorization": f"Bearer {own}"})
    canaries.send("PATCH", "/api/users/me/", 403, json={}, headers={"Authorization": f"Bearer {own}"})
    key = canaries.plant("address of a webhook", f"receivers-own-{secrets.token_hex(8)}")
    hook = {"url": f"http://127.0.0.1:9/?key={key}", "event_types": []}
    webhook = canaries.send("POST", "/api/webhooks/", 201, json=hook, headers=as_root)
    canaries.plant("webhook secret", webhook.json()["secret"])
    address = urlsplit(webhook.headers["Location"]).path
    replaced = canaries.send("POST", f"{address}secret/", 200, headers=as_root).json()["secret"]
    canaries.plant("second webhook secret", replaced)
    canaries.send("POST", f"{address}test/", headers=as_root)
    no_traces(canaries)


def test_signing_in_with_a_provider(canaries: Canaries, provider: HostileProvider) -> None:
    session = requests.Session()
    accept = {"Accept": "application/json"}

    def begin(name: str) -> Any:
        return session.get(f"{canaries.platform.url}/api/auth/oauth/{name}/login/", headers=accept, timeout=20)

    def end(**query: str) -> Any:
        cookies = "; ".join(f"{cookie.name}={cookie.value}" for cookie in session.cookies)
        path = f"/api/auth/oauth/one/callback/?{urlencode(query)}"
        return canaries.send("GET", path, headers={"Cookie": cookies})

    canaries.plant("e-mail address at the provider", provider.person["email"])
    canaries.plant("access token of the provider", provider.access_token)
    assert begin("down").status_code == 503
    for attempt, lie in enumerate(({}, {"claims": {"aud": "another"}}, {"status": {"/token": "500 Oops"}})):
        provider.lies = lie
        address = begin("one").json()["authorization_url"]
        answer = provider.approve(address)
        for name, value in answer.items():
            canaries.plant(f"{name} of the provider, {attempt}", value)
        for cookie in session.cookies:
            canaries.plant(f"cookie {cookie.name}", cookie.value or "")
        ended = end(**answer)
        assert ended.status_code == (502 if attempt == 1 else 503 if attempt == 2 else 200), ended.text
        end(**answer)
    no_traces(canaries)


def test_what_is_refused_before_anybody_looks_at_it(canaries: Canaries, ada: Person) -> None:
    def canary(name: str) -> str:
        return canaries.plant(name, f"{name.split()[0]}-{secrets.token_hex(8)}")

    for scheme in ("Bearer", "Basic", "Token"):
        headers = {
            "Authorization": f"{scheme} {canary(f'{scheme} credentials')}",
            "Cookie": f"session={canary('cookie')}",
        }
        canaries.send("GET", "/api/users/me/", 401, headers=headers)
    forged = ada.tokens["access_token"][:-8] + secrets.token_hex(4)
    canaries.send("GET", "/api/users/me/", 401, headers={"Authorization": f"Bearer {canaries.plant('forged', forged)}"})
    canaries.send("GET", f"/api/courses/?token={canary('query value')}", 422)
    ada.send("GET", f"/api/courses/?access_token={canary('token in a query')}", 422)
    canaries.send("GET", f"/nowhere/?code={canary('code nowhere')}", 404)
    canaries.send("GET", f"/api/users/me?token={canary('token before a redirect')}")
    bodies: list[Any] = [
        {"username": canary("list for a name").split("-"), "password": canary("password beside it")},
        {"username": "x" * 5_000 + canary("long name"), "password": canary("p") * 100},
        {"unknown_field": canary("value of an unknown field")},
        [canary("list for an object")],
    ]
    for body in bodies:
        canaries.send("POST", "/api/auth/register/", json=body)
        canaries.send("POST", "/api/auth/login/", json=body)
    json_type = {"Content-Type": "application/json"}
    for raw in ('{"password": "%s"', '{"password": "%s", "password": "%s"}', '{"password": "%s\\u0000"}', "%s"):
        raw = raw.replace("%s", canary(f"malformed {raw}"))
        canaries.send("POST", "/api/auth/login/", 400, data=raw, headers=json_type)
    ada.send("POST", "/api/users/me/tokens/", 422, json={"name": canary("token name"), "scopes": [canary("scope")]})
    bad_key = {"Idempotency-Key": canary("key with a space") + " and more"}
    canaries.send("POST", "/api/auth/register/", json={}, headers=bad_key)
    no_traces(canaries)


def test_what_breaks_with_a_secret_in_its_hands(canaries: Canaries, ada: Person) -> None:
    """A view of others raises it; PostgreSQL repeats it in message and detail; a job throws it."""
    for view, status in (("crash", 500), ("data_error", 500), ("integrity_error", 409), ("slow_statement", 503)):
        body = {"secret": canaries.plant(f"body of {view}", f"body-{secrets.token_hex(8)}")}
        query = canaries.plant(f"query of {view}", f"query-{secrets.token_hex(8)}")
        cookie = canaries.plant(f"cookie of {view}", f"cookie-{secrets.token_hex(8)}")
        ada.send("POST", f"/api/clumsy/{view}/?q={query}", status, json=body, headers={"Cookie": f"session={cookie}"})
    canaries.send("POST", "/api/clumsy/ask_for_failure/", 200)
    platform = canaries.platform
    for job in ("fail_with_secret", "fail_in_database"):
        platform.wait_for(courseplatform_job_name=f"tests.functional.clumsy.{job}", event_outcome="failure")
    errors = {line["error.type"] for line in platform.lines() if "error.type" in line}
    assert {"RuntimeError", "DataError"} <= errors  # the log does say that it happened
    no_traces(canaries)


def test_a_leak_is_seen_wherever_it_is(canaries: Canaries) -> None:
    """The negative control: by it all the others can fail. It runs last, for it leaves what it leaks."""
    secret = canaries.plant("leaked", f"leaked-{secrets.token_hex(8)}")
    canaries.send("POST", "/api/clumsy/leak/", 200, json={"secret": secret})
    canaries.answers.append(secret)
    found = canaries.traces()
    assert set(found) == {"log", "redis", "errors", "table periodic_runs", "table outbox"}
    assert {name for names in found.values() for name in names} == {"leaked"}


@pytest.mark.parametrize("secret", ["plain-secret-1234", "a b/c+d=e&f", 'quo"ted\\secret'])
def test_a_secret_is_recognised_in_every_form(secret: str) -> None:
    import base64
    from urllib.parse import quote

    for shape in (secret, quote(secret), base64.b64encode(f"{secret}:x".encode()).decode(), secret.encode().hex()):
        assert any(form in f"before {shape} after" for form in forms(secret)), shape

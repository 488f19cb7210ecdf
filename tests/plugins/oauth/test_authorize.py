"""The consent of a user, described and decided without a page."""

from typing import Any

import pytest

from courseplatform.testing import Client
from tests.factories.accounts import Actor
from tests.factories.oauth import Application, make_application, redirected


def test_a_request_is_described_in_words_that_people_understand(app: Application, student: Actor) -> None:
    described = app.ask(student)
    assert described["client"] == {"client_id": app.id, "name": "App"}
    assert {scope["name"] for scope in described["scopes"]} == {"profile", "courses:read"}
    assert all(scope["description"] for scope in described["scopes"])
    assert described["is_consented"] is False


def test_what_was_allowed_once_is_consented_and_no_more(app: Application, student: Actor, teacher: Actor) -> None:
    app.decide(student)
    assert app.ask(student)["is_consented"] is True
    assert app.ask(student, scope="profile")["is_consented"] is True
    assert app.ask(student, scope="profile email")["is_consented"] is False
    assert app.ask(teacher)["is_consented"] is False
    app.decide(student, scope="email profile")
    assert app.ask(student, scope="profile email courses:read")["is_consented"] is True


def test_allowing_sends_a_code_with_state_and_issuer(app: Application, student: Actor) -> None:
    parameters = redirected(app.decide(student))
    assert parameters.pop("code")
    assert parameters == {"state": "s t&a=te"}


def test_denying_sends_access_denied_and_leaves_nothing(app: Application, student: Actor) -> None:
    assert redirected(app.decide(student, "deny"))["error"] == "access_denied"
    assert app.ask(student)["is_consented"] is False


def test_describing_has_no_effect(app: Application, student: Actor) -> None:
    app.ask(student)
    assert student.get("/api/oauth/consents/").json["results"] == []


def test_who_is_not_signed_in_is_not_asked(app: Application, client: Client) -> None:
    app.ask(client, status=401)
    app.decide(client, status=401)


def test_a_program_can_not_consent_for_its_user(app: Application, student: Actor) -> None:
    program = app.signed_in(student, " ".join(["openid", "profile", "courses:read", "courses:write"]))
    assert app.ask(program, status=403)["code"] == "insufficient_scope"
    assert app.decide(program, status=403)["code"] == "insufficient_scope"


@pytest.mark.parametrize(
    "redirect_uri",
    [
        None,
        "",
        "https://app.example/cb",
        "https://app.example/cb?tenant=1/",
        "https://app.example/cb/?tenant=1",
        "https://app.example/cb/more?tenant=1",
        "https://app.example/cb?tenant=1&more=1",
        "https://app.example/cb?tenant=2",
        "https://app.example/cb?tenant=1#",
        "https://app.example/cb?tenant=1#fragment",
        "https://app.example:443/cb?tenant=1",
        "https://app.example:8443/cb?tenant=1",
        "https://APP.example/cb?tenant=1",
        "HTTPS://app.example/cb?tenant=1",
        "https://app.example/CB?tenant=1",
        "http://app.example/cb?tenant=1",
        "https://app.example/x/../cb?tenant=1",
        "https://app.example/%63b?tenant=1",
        "https://user@app.example/cb?tenant=1",
        "https://app.example@evil.example/cb?tenant=1",
        "https://app.example.evil.example/cb?tenant=1",
        "https://evil.example/cb?tenant=1",
        "https://evil.example/?https://app.example/cb?tenant=1",
        "//app.example/cb?tenant=1",
        "javascript:alert(1)",
        " https://app.example/cb?tenant=1",
        "https://app.example/cb?tenant=1 ",
        "https://app.example\\@evil.example/cb?tenant=1",
    ],
)
def test_a_redirect_that_is_not_registered_to_the_letter_goes_nowhere(
    app: Application, student: Actor, redirect_uri: str | None
) -> None:
    for answer in (
        app.ask(student, status=400, redirect_uri=redirect_uri),
        app.decide(student, status=400, redirect_uri=redirect_uri),
        app.decide(student, "deny", status=400, redirect_uri=redirect_uri),
        app.ask(student, status=400, redirect_uri=redirect_uri, response_type="token"),
    ):
        assert answer["code"] == "redirect_uri_mismatch" and "redirect_to" not in answer


@pytest.mark.parametrize("client_id", [None, "", "nobody", "0190a000-0000-7000-8000-000000000000"])
def test_an_unknown_client_goes_nowhere(app: Application, student: Actor, client_id: str | None) -> None:
    assert app.ask(student, status=400, client_id=client_id)["code"] == "unknown_client"
    assert app.decide(student, status=400, client_id=client_id)["code"] == "unknown_client"


def test_another_clients_redirect_goes_nowhere(client: Client, app: Application, student: Actor) -> None:
    other = make_application(client, redirect_uris=["https://other.example/cb"])
    assert other.decide(student, status=400)["code"] == "redirect_uri_mismatch"


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"response_type": "token"}, "unsupported_response_type"),
        ({"response_type": "code id_token"}, "unsupported_response_type"),
        ({"response_type": 'x"\\é'.encode("ascii", "ignore").decode()}, "unsupported_response_type"),
        ({"response_type": None}, "unsupported_response_type"),
        ({"scope": None}, "invalid_scope"),
        ({"scope": "  "}, "invalid_scope"),
        ({"scope": "profile everything"}, "invalid_scope"),
        ({"scope": "profile grades:write"}, "invalid_scope"),
        ({"scope": "introspect"}, "invalid_scope"),
        ({"code_challenge": None}, "invalid_request"),
        ({"code_challenge": "short"}, "invalid_request"),
        ({"code_challenge_method": None}, "invalid_request"),
        ({"code_challenge_method": "plain"}, "invalid_request"),
        ({"code_challenge_method": "s256"}, "invalid_request"),
        ({"code_challenge": None, "code_challenge_method": None}, "invalid_request"),
    ],
)
@pytest.mark.parametrize("is_confidential", [True, False])
def test_what_the_client_did_wrong_is_told_to_the_client(
    client: Client, student: Actor, changes: dict[str, Any], error: str, is_confidential: bool
) -> None:
    application = make_application(client, is_confidential=is_confidential)
    for answer in (application.ask(student, **changes), application.decide(student, **changes)):
        parameters = redirected(answer)
        assert (parameters["error"], parameters["state"]) == (error, "s t&a=te")
        assert "code" not in parameters


def test_prompt_none_never_asks(app: Application, student: Actor) -> None:
    assert redirected(app.ask(student, prompt="none"))["error"] == "consent_required"
    app.decide(student)
    assert app.ask(student, prompt="none")["is_consented"] is True


def test_a_repeated_parameter_is_refused(app: Application, student: Actor) -> None:
    student.get(f"/api/oauth/authorize/?client_id={app.id}&client_id={app.id}", status=422)


def test_an_application_on_the_users_machine_chooses_its_port(client: Client, student: Actor) -> None:
    local = make_application(client, redirect_uris=["http://127.0.0.1/cb", "http://localhost:8000/cb"])
    assert "scopes" in local.ask(student, redirect_uri="http://127.0.0.1:51004/cb")
    for uri in (
        "http://127.0.0.1:51004/cb/",
        "http://127.0.0.1:51004/",
        "http://127.0.0.1:99999/cb",
        "http://127.0.0.1:0/cb",
        "http://127.0.0.1:/cb",
        "http://127.0.0.2:51004/cb",
        "http://[::1]:51004/cb",
        "https://127.0.0.1:51004/cb",
        "http://127.0.0.1:80@evil.example/cb",
        "http://127.0.0.1.evil.example/cb",
        "http://localhost:51004/cb",
    ):
        local.ask(student, status=400, redirect_uri=uri)


def test_a_client_without_the_code_grant_gets_no_code(client: Client, student: Actor) -> None:
    service = make_application(client, grant_types=["client_credentials"])
    assert redirected(service.decide(student))["error"] == "unauthorized_client"


def test_a_session_that_ends_meanwhile_gives_no_code(app: Application, student: Actor) -> None:
    student.post("/api/auth/logout/", status=204)
    app.decide(student, status=401)

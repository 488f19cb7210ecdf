"""What accounts, grading and certificates leave in the audit log, and what they keep out of it."""

from typing import Any

import pytest

from courseplatform.limits import Limits, rate
from courseplatform.testing import Client
from tests.factories.accounts import PASSWORD, make_user
from tests.factories.audit import Lines, audit_lines


@pytest.fixture
def lines(caplog: pytest.LogCaptureFixture) -> Lines:
    return audit_lines(caplog)


def sign_in(client: Client, login: str, password: str = PASSWORD, status: int = 200) -> Any:
    return client.post("/api/auth/login/", {"username": login, "password": password}, status=status).json


def summary(found: list[dict[str, Any]]) -> list[tuple[Any, ...]]:
    return [(line["event"], line["user_id"], line.get("target_user_id")) for line in found]


def test_a_sign_in_and_its_end_are_recorded(client: Client, lines: Lines) -> None:
    user = make_user(client, username="grace")
    lines()
    own = client.as_(sign_in(client, "grace")["access_token"])
    (begun,) = lines()
    assert (begun["event"], begun["user_id"], begun["address"]) == ("user.signed_in", user.id, "127.0.0.1")
    answer = own.post("/api/auth/logout/", status=204)
    (ended,) = lines()
    assert (ended["event"], ended["user_id"]) == ("session.ended", user.id)
    assert ended["session_id"] == begun["session_id"]
    assert ended["request_id"] == answer.headers["X-Request-ID"]


def test_a_failed_sign_in_is_recorded_without_what_was_typed(
    client: Client, lines: Lines, caplog: pytest.LogCaptureFixture
) -> None:
    user = make_user(client, username="grace")
    lines()
    sign_in(client, "grace", "my-secret-word", 401)
    sign_in(client, "my-password-by-mistake", "my-secret-word", 401)
    assert "my-" not in caplog.text
    assert summary(lines()) == [("user.sign_in_failed", None, user.id), ("user.sign_in_failed", None, None)]


def test_a_registration_is_recorded_once_it_is_committed(client: Client, lines: Lines) -> None:
    body = {"username": "grace", "email": "grace@example.com", "password": "a long enough passphrase"}
    user_id = client.post("/api/auth/register/", body).json["id"]
    assert summary(lines()) == [("user.registered", None, user_id)]
    client.post("/api/auth/register/", body, status=409)
    assert lines() == []


def test_what_an_administrator_does_to_an_account_is_recorded(client: Client, lines: Lines) -> None:
    admin, user = make_user(client, "admin"), make_user(client)
    lines()
    for change in ({"role": "teacher"}, {"is_active": False}, {"is_active": True}, {"first_name": "G"}):
        admin.patch(f"/api/users/{user.id}/", change)
    admin.patch(f"/api/users/{admin.id}/", {"role": "student"}, status=403)
    admin.delete(f"/api/users/{user.id}/")
    found = [line for line in lines() if line["event"].startswith("user.")]
    assert summary(found) == [
        ("user.role_changed", admin.id, user.id),
        ("user.deactivated", admin.id, user.id),
        ("user.reactivated", admin.id, user.id),
        ("user.erased", admin.id, user.id),
    ]
    assert found[0]["role"] == "teacher"


def test_a_stolen_refresh_token_is_recorded_although_it_is_refused(client: Client, lines: Lines) -> None:
    user = make_user(client, username="grace")
    stolen = sign_in(client, "grace")["refresh_token"]
    client.post("/api/auth/token/refresh/", {"refresh_token": stolen}, status=200)
    client.clock.move(seconds=11)
    lines()
    client.post("/api/auth/token/refresh/", {"refresh_token": stolen}, status=401)
    assert ("session.token_reused", None, user.id) in summary(lines())


def test_a_limit_that_refuses_is_recorded(client: Client, lines: Lines, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(client.registry.settings, "limits.sign_in", rate("1/minute"))
    monkeypatch.setitem(client.registry, "limits", Limits(None))
    sign_in(client, "nobody", status=401)
    sign_in(client, "nobody", status=429)
    refused = lines()[-1]
    assert (refused["event"], refused["limit"]) == ("limit.exceeded", "sign_in")


def test_no_token_and_no_password_is_ever_recorded(
    client: Client, caplog: pytest.LogCaptureFixture, lines: Lines
) -> None:
    make_user(client, username="grace")
    tokens = sign_in(client, "grace")
    tokens = client.post("/api/auth/token/refresh/", {"refresh_token": tokens["refresh_token"]}, status=200).json
    client.as_(tokens["access_token"]).post("/api/auth/logout/", status=204)
    logged = "".join(record.getMessage() for record in caplog.records)
    assert "user.signed_in" in logged
    for secret in (PASSWORD, tokens["access_token"], tokens["refresh_token"], "grace@example.com"):
        assert secret not in logged

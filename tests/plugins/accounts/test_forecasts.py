"""Dry runs of what is done to accounts: whom it throws out; and none where secrets are dealt in."""

from datetime import timedelta
from typing import Any

from courseplatform.testing import Client
from tests.factories.accounts import PASSWORD, Actor, make_user

DRY = {"Prefer": "dry-run"}


def sign_in(client: Client, actor: Actor) -> Any:
    username = actor.get("/api/users/me/").json["username"]
    return client.post("/api/auth/login/", {"username": username, "password": PASSWORD}, status=200).json


def test_a_deactivation_says_how_many_sessions_and_tokens_end(client: Client, admin: Actor) -> None:
    student = make_user(client)
    sign_in(client, student)
    tomorrow = (client.clock() + timedelta(days=1)).isoformat()
    body = {"name": "script", "scopes": ["courses:read"], "expires_at": tomorrow}
    token = student.post("/api/users/me/tokens/", body).json["token"]
    path, off = f"/api/users/{student.id}/", {"is_active": False}
    told = admin.patch(path, off, headers=DRY).json
    assert told["resource"]["is_active"] is False
    assert told["forecasts"] == {"sessions": {"ended": 2}, "tokens": {"applications": 0, "personal": 1}}
    student.get("/api/users/me/")
    client.as_(token).get("/api/courses/")
    admin.patch(path, off)
    student.get("/api/users/me/", status=401)
    client.as_(token).get("/api/courses/", status=401)


def test_a_stolen_refresh_token_learns_nothing_from_a_dry_run_and_is_found_out(client: Client) -> None:
    student = make_user(client)
    first = sign_in(client, student)
    refresh, used = "/api/auth/token/refresh/", {"refresh_token": first["refresh_token"]}
    second = client.post(refresh, used, status=200).json
    client.clock.move(minutes=5)
    for _ in range(2):
        assert client.post(refresh, used, headers=DRY, status=422).json["code"] == "dry_run_unsupported"
    client.as_(second["access_token"]).get("/api/users/me/")
    client.post(refresh, used, status=401)
    client.as_(second["access_token"]).get("/api/users/me/", status=401)


def test_signing_out_in_a_dry_run_ends_nothing(student: Actor) -> None:
    assert student.post("/api/auth/logout/", headers=DRY, status=200).json["status"] == 204
    student.get("/api/users/me/")
    student.post("/api/auth/sessions/end-others/", headers=DRY, status=200)

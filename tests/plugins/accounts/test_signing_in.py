"""Signing in and out, and refreshing: sessions end at once, and no answer tells who exists."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from sqlalchemy import func, select, update

from courseplatform.testing import Client
from plugins.accounts.jobs import purge_sessions
from plugins.accounts.models import RefreshToken, SignInSession, User
from tests.factories.accounts import PASSWORD, Actor, make_user

ME = "/api/users/me/"


def sign_in(client: Client, username: str, password: str = PASSWORD, status: int = 200, path: str = "login") -> Any:
    return client.post(f"/api/auth/{path}/", {"username": username, "password": password}, status=status)


def refresh(client: Client, token: str, status: Any = 200) -> Any:
    return client.post("/api/auth/token/refresh/", {"refresh_token": token}, status=status)


@pytest.mark.parametrize("path", ["login", "token"])
def test_signing_in_gives_a_pair_of_tokens(client: Client, path: str) -> None:
    make_user(client, username="grace")
    answer = sign_in(client, "grace", path=path)
    assert set(answer.json) == {"access_token", "refresh_token", "token_type", "expires_in"}
    assert (answer.json["token_type"], answer.json["expires_in"]) == ("Bearer", 900)
    assert answer.headers["Cache-Control"] == "no-store"
    assert client.as_(answer.json["access_token"]).get(ME).json["username"] == "grace"


@pytest.mark.parametrize("login", ["grace", "GRACE", "gRaCe", "grace@example.com", "Grace@EXAMPLE.com", "  grace  "])
def test_one_signs_in_by_username_or_email_in_any_case(client: Client, login: str) -> None:
    make_user(client, username="grace")
    sign_in(client, login)


@pytest.mark.parametrize("login", ["%", "gr%", "_race", "grace'--", "grace@%", "@", "grace\u0130"])
def test_no_pattern_and_no_sql_finds_an_account(client: Client, login: str) -> None:
    make_user(client, username="grace")
    sign_in(client, login, status=401)


def test_unknown_and_wrong_are_answered_alike(client: Client) -> None:
    for name in ("grace", "gone", "idle"):
        make_user(client, username=name)
    with client.script() as request:
        request.db.execute(update(User).where(User.username == "idle").values(is_active=False))
        request.db.execute(update(User).where(User.username == "gone").values(password_hash=None))
    answers = [
        sign_in(client, "grace", "wrong password", 401),
        sign_in(client, "nobody", PASSWORD, 401),
        sign_in(client, "nobody@example.com", PASSWORD, 401),
        sign_in(client, "idle", PASSWORD, 401),
        sign_in(client, "gone", PASSWORD, 401),
    ]
    assert {answer.json["code"] for answer in answers} == {"invalid_credentials"}
    assert len({answer.body for answer in answers}) == 1
    for answer in answers:
        assert len(answer.headers.pop("X-Request-ID")) == 32
        for own in ("RateLimit-Remaining", "RateLimit-Reset"):  # the asker's address's
            answer.headers.pop(own)
    assert len({tuple(sorted(answer.headers.items())) for answer in answers}) == 1


def test_an_unknown_account_costs_a_hash_like_a_known_one(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    make_user(client, username="grace")
    passwords, checked = client.registry["accounts.passwords"], []
    matches = passwords.matches
    monkeypatch.setattr(passwords, "matches", lambda *given: checked.append(given[0]) or matches(*given))
    for name in ("grace", "nobody"):
        sign_in(client, name, "wrong password", 401)
    assert checked[0].startswith("$argon2id$")
    assert checked[1] is None
    assert passwords.nobody.split("$")[:4] == checked[0].split("$")[:4]  # same algorithm, same cost
    assert passwords.matches(None, "nobody has this password") is False


def test_few_passwords_are_hashed_at_once_and_who_waits_too_long_is_told(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_user(client, username="grace")
    monkeypatch.setattr("plugins.accounts.passwords.MAX_WAIT_S", 0.05)
    passwords = client.registry["accounts.passwords"]
    slots = [passwords.slot() for _ in range(client.registry.settings["accounts.max_concurrent_hashes"])]
    for slot in slots:
        slot.__enter__()
    assert sign_in(client, "grace", status=503).headers["Retry-After"]
    for slot in slots:
        slot.__exit__(None, None, None)
    sign_in(client, "grace")


@pytest.mark.parametrize(
    "body",
    [{}, {"username": "a"}, {"username": "a", "password": "b", "remember": True}, {"username": 1, "password": 2}],
)
def test_a_sign_in_of_another_shape_is_422(client: Client, body: Any) -> None:
    client.post("/api/auth/login/", body, status=422)


def test_logout_ends_the_session_with_both_its_tokens(client: Client) -> None:
    make_user(client, username="grace")
    first, second = (sign_in(client, "grace").json for _ in range(2))
    client.as_(first["access_token"]).post("/api/auth/logout/", status=204)
    assert client.as_(first["access_token"]).get(ME, status=401).json["code"] == "invalid_token"
    assert refresh(client, first["refresh_token"], 401).json["code"] == "invalid_refresh_token"
    client.as_(first["access_token"]).post("/api/auth/logout/", status=401)
    client.as_(second["access_token"]).get(ME)
    client.post("/api/auth/logout/", status=401)


def test_deactivation_is_felt_by_the_next_request(client: Client, admin: Actor) -> None:
    user = make_user(client, username="grace")
    tokens = sign_in(client, "grace").json
    admin.patch(f"/api/users/{user.id}/", {"is_active": False})
    for token in (user.token, tokens["access_token"]):
        client.as_(token).get(ME, status=401)
    refresh(client, tokens["refresh_token"], 401)
    sign_in(client, "grace", status=401)


def test_an_account_that_is_active_again_needs_a_new_sign_in(client: Client, admin: Actor) -> None:
    user = make_user(client, username="grace")
    tokens = sign_in(client, "grace").json
    for is_active in (False, True):
        admin.patch(f"/api/users/{user.id}/", {"is_active": is_active})
    user.get(ME, status=401)
    refresh(client, tokens["refresh_token"], 401)
    sign_in(client, "grace")


def test_a_changed_role_is_felt_by_the_next_request(client: Client, admin: Actor) -> None:
    user = make_user(client, "teacher")
    user.post("/api/courses/", {"title": "Algebra"})
    admin.patch(f"/api/users/{user.id}/", {"role": "student"})
    user.post("/api/courses/", {"title": "Algebra"}, status=403)
    admin.patch(f"/api/users/{user.id}/", {"role": "admin"})
    user.get("/api/users/")


def test_a_session_expires(client: Client) -> None:
    make_user(client, username="grace")
    tokens = sign_in(client, "grace").json
    client.clock.move(days=30, seconds=1)
    client.as_(tokens["access_token"]).get(ME, status=401)
    refresh(client, tokens["refresh_token"], 401)


def test_a_password_is_good_however_old_it_is(client: Client) -> None:
    make_user(client, username="grace")
    client.clock.move(days=3650)
    sign_in(client, "grace")


def test_a_refresh_gives_a_new_pair_and_uses_the_old_one_up(client: Client) -> None:
    make_user(client, username="grace")
    first = sign_in(client, "grace").json
    second = refresh(client, first["refresh_token"]).json
    assert second["refresh_token"] != first["refresh_token"]
    client.as_(second["access_token"]).get(ME)
    client.clock.move(seconds=11)
    refresh(client, first["refresh_token"], 401)


def test_a_chain_of_refreshes_goes_on(client: Client) -> None:
    make_user(client, username="grace")
    token = sign_in(client, "grace").json["refresh_token"]
    for _ in range(4):
        client.clock.move(hours=1)
        token = refresh(client, token).json["refresh_token"]


def test_a_refresh_token_is_good_for_ten_seconds_more(client: Client) -> None:
    """A client whose first answer was lost asks again."""
    make_user(client, username="grace")
    first = sign_in(client, "grace").json["refresh_token"]
    refresh(client, first)
    client.clock.move(seconds=9)
    again = refresh(client, first).json
    client.as_(again["access_token"]).get(ME)
    client.clock.move(seconds=2)  # the grace runs from the first use, not from the last
    refresh(client, first, 401)


def test_a_stolen_refresh_token_ends_the_session_although_it_is_refused(committing_client: Client) -> None:
    make_user(committing_client, username="grace")
    stolen = sign_in(committing_client, "grace").json["refresh_token"]
    other = sign_in(committing_client, "grace").json
    living = refresh(committing_client, stolen).json
    committing_client.clock.move(seconds=11)
    committing_client.as_(living["access_token"]).get(ME)
    assert refresh(committing_client, stolen, 401).json["code"] == "invalid_refresh_token"
    committing_client.as_(living["access_token"]).get(ME, status=401)
    refresh(committing_client, living["refresh_token"], 401)
    committing_client.as_(other["access_token"]).get(ME)  # another sign-in of the same person goes on


def test_an_unknown_used_up_and_ended_refresh_token_are_answered_alike(client: Client) -> None:
    make_user(client, username="grace")
    used, ended = (sign_in(client, "grace").json for _ in range(2))
    refresh(client, used["refresh_token"])
    client.as_(ended["access_token"]).post("/api/auth/logout/", status=204)
    client.clock.move(seconds=11)
    answers = [
        refresh(client, token, 401)
        for token in ("unknown", used["refresh_token"], ended["refresh_token"], used["access_token"][:200])
    ]
    assert len({answer.body for answer in answers}) == 1


def test_no_refresh_token_is_stored_as_it_is(client: Client) -> None:
    make_user(client, username="grace")
    token = sign_in(client, "grace").json["refresh_token"]
    with client.script() as request:
        stored = list(request.db.scalars(select(RefreshToken.token_sha256)))
    assert token not in stored
    assert all(len(value) == 64 for value in stored)


def test_of_32_refreshes_at_once_none_fails_and_the_session_lives(committing_client: Client) -> None:
    make_user(committing_client, username="grace")
    token = sign_in(committing_client, "grace").json["refresh_token"]
    with ThreadPoolExecutor(32) as threads:
        answers = list(threads.map(lambda _: refresh(committing_client, token, None), range(32)))
    assert {answer.status_int for answer in answers} == {200}
    assert len({answer.json["refresh_token"] for answer in answers}) == 32
    committing_client.as_(answers[0].json["access_token"]).get(ME)
    with committing_client.script() as request:
        used = select(func.count()).select_from(RefreshToken).where(RefreshToken.used_at.is_not(None))
        assert request.db.scalar(used) == 1
    committing_client.clock.move(seconds=11)
    refresh(committing_client, token, 401)
    committing_client.as_(answers[0].json["access_token"]).get(ME, status=401)


def test_sessions_are_forgotten_a_week_after_they_ended(client: Client) -> None:
    user = make_user(client, username="grace")
    ended = sign_in(client, "grace").json
    client.as_(ended["access_token"]).post("/api/auth/logout/", status=204)
    for days, kept in ((6, 2), (2, 1)):
        client.clock.move(days=days)
        with client.script() as request:
            purge_sessions(request)
        with client.script() as request:
            mine = select(func.count()).select_from(SignInSession).where(SignInSession.user_id == user.user_id)
            assert request.db.scalar(mine) == kept
    user.get(ME)

"""Where one is signed in, and ending it: by oneself, by others' rights that change, and by a stolen token."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import func, select

from courseplatform.testing import Client, make_app
from plugins.accounts.models import RefreshToken
from tests.factories.accounts import PASSWORD, Actor, make_user
from tests.redis_server import BINARY, RedisServer

ME = "/api/users/me/"
SESSIONS = "/api/auth/sessions/"


def sign_in(client: Client, username: str, **headers: str) -> Any:
    given = {"username": username, "password": PASSWORD}
    return client.post("/api/auth/login/", given, status=200, headers=headers).json


def refresh(client: Client, token: str, status: Any = 200) -> Any:
    return client.post("/api/auth/token/refresh/", {"refresh_token": token}, status=status)


def test_one_sees_where_one_is_signed_in(client: Client) -> None:
    make_user(client, username="grace")
    tokens = sign_in(client, "grace", **{"User-Agent": "Firefox on a phone"})
    found = client.as_(tokens["access_token"]).get(SESSIONS).json["results"]
    assert [session["is_current"] for session in found] == [True, False]  # the second is the factory's
    current = found[0]
    assert set(current) == {
        "id",
        "created_at",
        "last_used_at",
        "expires_at",
        "is_current",
        "user_agent",
        "address",
    }
    assert (current["user_agent"], current["address"]) == ("Firefox on a phone", "127.0.0.1")
    assert current["created_at"] == current["last_used_at"]
    assert client.as_(tokens["access_token"]).get(f"{SESSIONS}{current['id']}/").json == current


def test_a_refresh_is_a_use_of_the_session(client: Client) -> None:
    make_user(client, username="grace")
    tokens = sign_in(client, "grace")
    client.clock.move(hours=1)
    tokens = refresh(client, tokens["refresh_token"]).json
    current = client.as_(tokens["access_token"]).get(SESSIONS).json["results"][0]
    assert current["last_used_at"] > current["created_at"]


def test_sessions_are_paged_newest_first(client: Client) -> None:
    user = make_user(client, username="grace")
    for number in range(3):
        sign_in(client, "grace", **{"User-Agent": f"device {number}"})
    first = user.get(f"{SESSIONS}?limit=2").json
    assert [session["user_agent"] for session in first["results"]] == ["device 2", "device 1"]
    second = user.get(first["next"]).json
    assert [session["user_agent"] for session in second["results"]] == ["device 0", ""]
    assert second["next"] is None


@pytest.mark.parametrize(
    ("sent", "kept"), [("x" * 5_000, "x" * 200), ("a\x00b\x1b[2J\x85c", "ab[2Jc"), ("\xe9", "\xe9")]
)
def test_of_a_user_agent_as_much_is_kept_as_can_be_shown(client: Client, sent: str, kept: str) -> None:
    user = make_user(client, username="grace")
    sign_in(client, "grace", **{"User-Agent": sent})
    assert user.get(SESSIONS).json["results"][0]["user_agent"] == kept


def test_an_ended_session_is_refused_at_its_next_request_with_both_its_tokens(client: Client) -> None:
    make_user(client, username="grace")
    here, there = (sign_in(client, "grace") for _ in range(2))
    there_id = client.as_(there["access_token"]).get(SESSIONS).json["results"][0]["id"]
    client.as_(here["access_token"]).delete(f"{SESSIONS}{there_id}/")
    assert client.as_(there["access_token"]).get(ME, status=401).json["code"] == "invalid_token"
    refresh(client, there["refresh_token"], 401)
    client.as_(here["access_token"]).get(ME)


def test_one_may_end_the_session_that_asks(client: Client) -> None:
    make_user(client, username="grace")
    own = client.as_(sign_in(client, "grace")["access_token"])
    current = own.get(SESSIONS).json["results"][0]
    own.delete(f"{SESSIONS}{current['id']}/")
    own.get(SESSIONS, status=401)


def test_an_ended_and_an_expired_session_are_gone(client: Client) -> None:
    user = make_user(client, username="grace")
    sign_in(client, "grace")
    newest = user.get(SESSIONS).json["results"][0]["id"]
    user.delete(f"{SESSIONS}{newest}/")
    user.get(f"{SESSIONS}{newest}/", status=404)
    user.delete(f"{SESSIONS}{newest}/", status=404)
    sign_in(client, "grace")
    newest = user.get(SESSIONS).json["results"][0]["id"]
    client.clock.move(days=30, seconds=1)
    assert len(user.get(SESSIONS).json["results"]) == 1
    user.get(f"{SESSIONS}{newest}/", status=404)


def test_sessions_of_others_do_not_exist_for_administrators_either(client: Client) -> None:
    user, other, admin = make_user(client), make_user(client), make_user(client, "admin")
    theirs = user.get(SESSIONS).json["results"][0]["id"]
    for stranger in (other, admin):
        for path in (f"{SESSIONS}{theirs}/", f"{SESSIONS}{uuid4()}/"):
            assert stranger.get(path, status=404).json["code"] == "not_found"
            stranger.delete(path, status=404)
        assert len(stranger.get(SESSIONS).json["results"]) == 1
    client.get(SESSIONS, status=401)
    client.get(f"{SESSIONS}{theirs}/", status=401)
    client.delete(f"{SESSIONS}{theirs}/", status=401)
    user.get(ME)


def test_all_sessions_but_the_one_that_asks_can_be_ended(client: Client) -> None:
    user, other = make_user(client, username="grace"), make_user(client)
    tokens = [sign_in(client, "grace") for _ in range(2)]
    here = client.as_(tokens[0]["access_token"])
    here.post(f"{SESSIONS}end-others/", status=204)
    here.get(ME)
    other.get(ME)
    user.get(ME, status=401)
    client.as_(tokens[1]["access_token"]).get(ME, status=401)
    refresh(client, tokens[1]["refresh_token"], 401)
    assert len(here.get(SESSIONS).json["results"]) == 1
    client.post(f"{SESSIONS}end-others/", status=401)


# --- rights end at once, and Redis has no say in it


@pytest.fixture(scope="module")
def redis_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RedisServer]:
    if BINARY is None:
        pytest.skip("redis-server is not installed")
    server = RedisServer(tmp_path_factory.mktemp("redis"))
    server.start()
    yield server
    server.kill()


@pytest.fixture
def redis_client(committing_client: Client, redis_server: RedisServer, tmp_path: Path) -> Iterator[Client]:
    """A committing client of an application that counts in Redis; it shares the database of ``committing_client``."""
    url = committing_client.registry["db.engine"].url.render_as_string(hide_password=False)
    app = make_app(url, tmp_path, **{"redis.url": redis_server.url, "limits.token_refresh": "1000/minute"})
    yield Client(app)
    app.registry["db.engine"].dispose()


def deactivate(client: Client, admin: Actor, user: Actor) -> None:
    admin.patch(f"/api/users/{user.id}/", {"is_active": False})


def log_out(client: Client, admin: Actor, user: Actor) -> None:
    user.post("/api/auth/logout/", status=204)


def end_session(client: Client, admin: Actor, user: Actor) -> None:
    (session,) = user.get(SESSIONS).json["results"]
    user.delete(f"{SESSIONS}{session['id']}/")


def change_password(client: Client, admin: Actor, user: Actor) -> None:
    passwords = {"current_password": PASSWORD, "new_password": "another long passphrase"}
    user.post("/api/auth/password-change/", passwords, status=200)


@pytest.mark.parametrize("end", [deactivate, log_out, end_session, change_password])
def test_what_ended_stays_ended_with_redis_wiped(redis_client: Client, redis_server: RedisServer, end: Any) -> None:
    admin, user = make_user(redis_client, "admin"), make_user(redis_client)
    user.get(ME)
    end(redis_client, admin, user)
    redis_server.wipe()
    assert user.get(ME, status=401).json["code"] == "invalid_token"


def test_a_role_that_was_taken_stays_taken_with_redis_wiped(redis_client: Client, redis_server: RedisServer) -> None:
    admin, user = make_user(redis_client, "admin"), make_user(redis_client, "teacher")
    admin.patch(f"/api/users/{user.id}/", {"role": "student"})
    redis_server.wipe()
    user.post("/api/courses/", {"title": "Algebra"}, status=403)


def test_a_stolen_token_ends_the_session_of_32_refreshes_at_once_with_redis_wiped(
    redis_client: Client, redis_server: RedisServer
) -> None:
    make_user(redis_client, username="grace")
    token = sign_in(redis_client, "grace")["refresh_token"]
    with ThreadPoolExecutor(32) as threads:
        answers = list(threads.map(lambda _: refresh(redis_client, token, None), range(32)))
    assert {answer.status_int for answer in answers} == {200}
    assert len({answer.json["refresh_token"] for answer in answers}) == 32
    with redis_client.script() as request:
        used = select(func.count()).select_from(RefreshToken).where(RefreshToken.used_at.is_not(None))
        assert request.db.scalar(used) == 1
    redis_server.wipe()
    redis_client.clock.move(seconds=11)
    refresh(redis_client, token, 401)
    for answer in answers[:3]:
        redis_client.as_(answer.json["access_token"]).get(ME, status=401)
        refresh(redis_client, answer.json["refresh_token"], 401)


def test_32_at_once_with_a_token_used_long_ago_all_fail_and_end_the_session(committing_client: Client) -> None:
    make_user(committing_client, username="grace")
    stolen = sign_in(committing_client, "grace")["refresh_token"]
    living = refresh(committing_client, stolen).json
    committing_client.clock.move(seconds=11)
    with ThreadPoolExecutor(8) as threads:
        statuses = set(threads.map(lambda _: refresh(committing_client, stolen, None).status_int, range(32)))
    assert statuses == {401}
    refresh(committing_client, living["refresh_token"], 401)


def test_within_the_grace_a_lost_answer_is_asked_for_again(client: Client) -> None:
    make_user(client, username="grace")
    first = sign_in(client, "grace")["refresh_token"]
    refresh(client, first)
    client.clock.move(seconds=5)
    again = refresh(client, first).json["refresh_token"]
    client.clock.move(minutes=15)
    refresh(client, again)


def test_the_grace_is_over_once_a_successor_is_in_use(client: Client) -> None:
    make_user(client, username="grace")
    stolen = sign_in(client, "grace")["refresh_token"]
    victims = refresh(client, stolen).json
    victims = refresh(client, victims["refresh_token"]).json
    client.clock.move(seconds=5)
    assert refresh(client, stolen, 401).json["code"] == "invalid_refresh_token"
    refresh(client, victims["refresh_token"], 401)
    client.as_(victims["access_token"]).get(ME, status=401)


def test_two_who_parted_within_the_grace_do_not_both_go_on(client: Client) -> None:
    make_user(client, username="grace")
    stolen = sign_in(client, "grace")["refresh_token"]
    victims = refresh(client, stolen).json
    client.clock.move(seconds=5)
    thiefs = refresh(client, stolen).json
    client.clock.move(minutes=15)
    victims = refresh(client, victims["refresh_token"]).json
    client.clock.move(minutes=1)
    refresh(client, thiefs["refresh_token"], 401)
    refresh(client, victims["refresh_token"], 401)


def test_two_who_parted_and_go_on_at_the_same_time_are_found_out_at_the_next_turn(client: Client) -> None:
    make_user(client, username="grace")
    stolen = sign_in(client, "grace")["refresh_token"]
    both = [refresh(client, stolen).json["refresh_token"] for _ in range(2)]
    client.clock.move(minutes=15)
    both = [refresh(client, token).json["refresh_token"] for token in both]
    client.clock.move(minutes=15)
    assert 401 in [refresh(client, token, None).status_int for token in both]
    for token in both:
        refresh(client, token, 401)


def test_of_32_answers_at_once_any_one_goes_on(committing_client: Client) -> None:
    make_user(committing_client, username="grace")
    token = sign_in(committing_client, "grace")["refresh_token"]
    with ThreadPoolExecutor(8) as threads:
        answers = list(threads.map(lambda _: refresh(committing_client, token), range(32)))
    kept = answers[17].json["refresh_token"]
    for _ in range(3):
        committing_client.clock.move(minutes=15)
        kept = refresh(committing_client, kept).json["refresh_token"]

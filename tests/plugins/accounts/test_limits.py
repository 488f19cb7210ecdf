"""Signing in, registering and refreshing are limited, by account and by address, whatever Redis does."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from courseplatform.limits import rate
from courseplatform.testing import Client, make_app
from tests.factories.accounts import PASSWORD, make_user
from tests.redis_server import BINARY, RedisServer

SETTINGS = {
    "sign_in": "3/minute",
    "sign_in_address": "12/minute",
    "registration": "2/hour",
    "token_refresh": "4/minute",
}


@pytest.fixture
def limited(client: Client, monkeypatch: pytest.MonkeyPatch) -> Client:
    """The client of a platform with strict limits and no counts yet."""
    limit(client, monkeypatch)
    return client


def limit(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, text in SETTINGS.items():
        monkeypatch.setitem(client.registry.settings, f"limits.{name}", rate(text))
    monkeypatch.setitem(client.registry, "limits", type(client.registry["limits"])(None))


def sign_in(client: Client, login: str, password: str = "wrong password", address: str = "203.0.113.1") -> Any:
    body = {"username": login, "password": password}
    return client.post("/api/auth/login/", body, status=None, extra_environ={"REMOTE_ADDR": address})


def statuses(client: Client, times: int, login: str, **kw: Any) -> list[int]:
    return [sign_in(client, login, **kw).status_int for _ in range(times)]


def test_an_account_has_few_tries_from_wherever(limited: Client) -> None:
    make_user(limited, username="grace")
    found = [sign_in(limited, "grace", address=f"203.0.113.{n}").status_int for n in range(5)]
    assert found == [401, 401, 401, 429, 429]
    assert sign_in(limited, "grace", PASSWORD, "203.0.113.9").status_int == 429  # the right one tells nothing either
    assert sign_in(limited, "ada").status_int == 401


@pytest.mark.parametrize(
    "logins", [("grace", "GRACE", "Grace", " grace "), ("grace@example.com", "Grace@EXAMPLE.com") * 2]
)
def test_upper_case_and_spaces_bring_no_more_tries(limited: Client, logins: tuple[str, ...]) -> None:
    make_user(limited, username="grace")
    assert [sign_in(limited, login).status_int for login in logins] == [401, 401, 401, 429]


def test_both_addresses_of_signing_in_share_the_tries(limited: Client) -> None:
    assert statuses(limited, 3, "grace") == [401] * 3
    limited.post("/api/auth/token/", {"username": "grace", "password": PASSWORD}, status=429)


def test_an_address_has_few_tries_for_whatever_accounts(limited: Client) -> None:
    found = [sign_in(limited, f"user{n}").status_int for n in range(14)]
    assert found == [401] * 12 + [429] * 2
    assert sign_in(limited, "user99", address="203.0.113.2").status_int == 401


def test_who_is_refused_by_address_does_not_use_up_an_account(limited: Client) -> None:
    make_user(limited, username="grace")
    statuses(limited, 3, "a"), statuses(limited, 3, "b"), statuses(limited, 3, "c"), statuses(limited, 3, "d")
    assert statuses(limited, 5, "grace") == [429] * 5
    assert sign_in(limited, "grace", PASSWORD, "203.0.113.2").status_int == 200


def test_a_right_password_gives_the_account_its_tries_back(limited: Client) -> None:
    make_user(limited, username="grace")
    for n in range(4):
        address = f"203.0.113.{n}"
        assert statuses(limited, 2, "grace", address=address) == [401, 401]
        assert sign_in(limited, "grace", PASSWORD, address).status_int == 200


def test_one_may_sign_in_often(limited: Client) -> None:
    make_user(limited, username="grace")
    assert statuses(limited, 10, "grace", password=PASSWORD) == [200] * 10


def test_an_own_account_buys_an_address_no_tries_at_others(limited: Client) -> None:
    make_user(limited, username="mallory")
    found = [
        sign_in(limited, "mallory", PASSWORD).status_int if n % 2 else sign_in(limited, f"user{n}").status_int
        for n in range(14)
    ]
    assert found[12:] == [429, 429]


def test_a_known_and_an_unknown_account_are_refused_alike(limited: Client) -> None:
    make_user(limited, username="grace")
    refused = []
    for login in ("grace", "nobody"):
        statuses(limited, 3, login)
        body = {"username": login, "password": PASSWORD}
        refused.append(limited.post("/api/auth/login/", body, 429, headers={"X-Request-ID": "the-same-one"}))
    assert refused[0].body == refused[1].body
    assert set(refused[0].headers) == set(refused[1].headers)
    assert refused[0].headers["RateLimit-Limit"] == refused[1].headers["RateLimit-Limit"] == "3"
    assert all(55 <= int(answer.headers["Retry-After"]) <= 60 for answer in refused)


def test_a_refused_try_costs_no_hash(limited: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    statuses(limited, 3, "grace")
    hashed: list[Any] = []
    monkeypatch.setattr(limited.registry["accounts.passwords"], "matches", lambda *given: hashed.append(given))
    assert statuses(limited, 2, "grace") == [429, 429]
    assert hashed == []


def test_registering_is_limited_by_address(limited: Client) -> None:
    def register(name: str, address: str) -> int:
        body = {"username": name, "email": f"{name}@example.com", "password": "a long enough passphrase"}
        environ = {"REMOTE_ADDR": address}
        return limited.post("/api/auth/register/", body, status=None, extra_environ=environ).status_int

    assert [register(name, "2001:db8::1") for name in ("ann", "ann")] == [201, 409]
    assert [register(name, "2001:db8::2") for name in ("bob", "cyd")] == [429, 429]  # the same subscriber
    assert register("bob", "2001:db8:0:1::1") == 201


def test_refreshing_is_limited_by_address(limited: Client) -> None:
    def refresh(token: str, address: str = "203.0.113.1") -> Any:
        environ = {"REMOTE_ADDR": address}
        return limited.post("/api/auth/token/refresh/", {"refresh_token": token}, status=None, extra_environ=environ)

    make_user(limited, username="grace")
    token = sign_in(limited, "grace", PASSWORD).json["refresh_token"]
    assert [refresh(f"guess{n}").status_int for n in range(5)] == [401] * 4 + [429]
    assert refresh(token).status_int == 429
    assert refresh(token, "203.0.113.2").status_int == 200  # a refused refresh does not use the token up


def test_of_32_tries_at_once_as_many_look_at_the_password_as_the_limit_says(
    committing_client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    limit(committing_client, monkeypatch)
    make_user(committing_client, username="grace")
    with ThreadPoolExecutor(32) as threads:
        found = list(
            threads.map(lambda n: sign_in(committing_client, "grace", address=f"203.0.113.{n}").status_int, range(32))
        )
    assert sorted(found) == [401] * 3 + [429] * 29


@pytest.fixture
def redis_server(tmp_path: Path) -> Iterator[RedisServer]:
    if BINARY is None:
        pytest.skip("redis-server is not installed")
    server = RedisServer(tmp_path)
    server.start()
    yield server
    server.kill()


@pytest.mark.parametrize("accident", ["kill", "freeze", "wipe"])
def test_signing_in_stays_limited_whatever_happens_to_redis(
    redis_server: RedisServer, committing_client: Client, tmp_path: Path, accident: str
) -> None:
    url = committing_client.registry["db.engine"].url.render_as_string(hide_password=False)
    limits = {f"limits.{name}": text for name, text in SETTINGS.items()}
    app = make_app(url, tmp_path / "var", **limits, **{"redis.url": redis_server.url})
    client = Client(app)
    make_user(client, username="grace")
    make_user(client, username="ada")
    assert statuses(client, 2, "grace") == [401, 401]
    getattr(redis_server, accident)()
    assert statuses(client, 3, "grace") == [401, 429, 429]
    assert sign_in(client, "ada", PASSWORD).status_int == 200  # closed to guesses, not to people
    app.registry["db.engine"].dispose()


def test_unless_configured_the_limits_are_those_of_the_manual(database_url: str, tmp_path: Path) -> None:
    from tests.core.conftest import build

    settings = build().registry.settings
    found = {name: str(settings[f"limits.{name}"]) for name in [*SETTINGS, "password_reset"]}
    assert found == {
        "sign_in": "10 per 5 minute",
        "sign_in_address": "100 per 5 minute",
        "registration": "20 per 1 hour",
        "token_refresh": "300 per 1 minute",
        "password_reset": "5 per 1 hour",
    }


def test_new_addresses_are_asked_for_a_few_times_an_hour_also_by_dry_runs(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each may say that it is taken, or mails somebody who has never heard of us."""
    monkeypatch.setitem(client.registry.settings, "limits.email_change", rate("3/hour"))
    monkeypatch.setitem(client.registry, "limits", type(client.registry["limits"])(None))
    user, other = make_user(client), make_user(client)
    taken = {"email": other.get("/api/users/me/").json["email"]}
    user.patch("/api/users/me/", taken, status=409)
    user.patch("/api/users/me/", taken, status=409, headers={"Prefer": "dry-run"})
    user.patch("/api/users/me/", {"email": "a@example.net"}, status=200)
    for headers in ({}, {"Prefer": "dry-run"}):
        user.patch("/api/users/me/", {"email": "b@example.net"}, status=429, headers=headers)
    user.patch("/api/users/me/", {"first_name": "Ada"}, status=200)
    other.patch("/api/users/me/", {"email": "b@example.net"}, status=200)

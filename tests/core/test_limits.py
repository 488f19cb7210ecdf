"""Rate limits: what is counted, whose hits they are, and that nothing opens them, whatever becomes of Redis."""

import logging
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
import requests
from pyramid.config import Configurator
from pyramid.exceptions import ConfigurationExecutionError
from pyramid.response import Response
from pyramid.security import NO_PERMISSION_REQUIRED
from webtest import TestApp

from courseplatform import limits, redis_connection
from courseplatform.pausing import Pausing
from courseplatform.request import Request
from courseplatform.server.process import make_server
from tests.core.conftest import build
from tests.redis_server import BINARY, RedisServer
from tests.web_server import run_until_closed

needs_redis = pytest.mark.skipif(BINARY is None, reason="redis-server is not installed")


def knock(request: Request) -> Response:
    """Let in three times a minute by each key that ``?key=`` names, or by the caller's address."""
    request.hit_limit("knock", *(request.params.getall("key") or [request.client_network]))
    return Response(request.client_address)


def knocking(config: Configurator) -> None:
    config.add_rate_limit("knock", default="3/minute")
    config.add_route("knock", "/knock/")
    config.add_view(knock, route_name="knock", permission=NO_PERMISSION_REQUIRED)


def door(**settings: Any) -> TestApp:
    return TestApp(build(knocking, **settings), lint=False)


def statuses(app: TestApp, times: int, key: str = "a") -> list[int]:
    return [app.get(f"/knock/?key={key}", status="*").status_int for _ in range(times)]


@pytest.fixture
def server(tmp_path: Path) -> Iterator[RedisServer]:
    made = RedisServer(tmp_path)
    made.start()
    yield made
    made.kill()


@pytest.fixture
def soon(monkeypatch: pytest.MonkeyPatch) -> None:
    """A Redis that failed is asked again after a tenth of a second."""
    monkeypatch.setattr(Pausing, "pause_s", 0.1)


def test_what_comes_too_often_is_429_and_told_how_long_to_wait() -> None:
    app = door()
    assert statuses(app, 3) == [200, 200, 200]
    answer = app.get("/knock/?key=a", status=429)
    assert answer.json["code"] == "too_many_requests"
    assert answer.content_type == "application/problem+json"
    assert 55 <= int(answer.headers["Retry-After"]) <= 60
    assert answer.headers["RateLimit-Limit"] == "3"
    assert answer.headers["RateLimit-Remaining"] == "0"
    assert answer.headers["RateLimit-Reset"] == answer.headers["Retry-After"]
    assert statuses(app, 1, key="b") == [200]


def test_a_window_ends_and_another_begins() -> None:
    app = door(**{"limits.knock": "2 per 1 second"})
    assert statuses(app, 3) == [200, 200, 429]
    time.sleep(float(app.get("/knock/?key=a", status=429).headers["Retry-After"]) + 0.05)
    assert statuses(app, 3) == [200, 200, 429]


def test_of_32_hits_at_once_as_many_are_let_in_as_the_limit_says() -> None:
    app = build(knocking, **{"limits.knock": "5/minute"})
    with ThreadPoolExecutor(32) as threads:
        found = list(threads.map(lambda _: statuses(TestApp(app, lint=False), 1), range(32)))
    assert sorted(status for (status,) in found) == [200] * 5 + [429] * 27


def test_no_hit_is_lost_however_the_threads_take_turns() -> None:
    counts, interval = limits.ProcessCounts(), sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        with ThreadPoolExecutor(32) as threads:
            found = list(threads.map(lambda _: counts.hit("a", 60, 1)[1], range(5_000)))
    finally:
        sys.setswitchinterval(interval)
    assert sorted(found) == list(range(1, 5_001))


def test_what_one_key_is_refused_is_not_charged_to_the_next() -> None:
    app = door()
    for _ in range(3):
        app.get("/knock/?key=address&key=account")
    for _ in range(5):
        app.get("/knock/?key=address&key=victim", status=429)
    assert statuses(app, 4, key="victim") == [200, 200, 200, 429]


def test_a_retried_request_counts_once() -> None:
    registry = build(knocking).registry
    request = Request.blank("/knock/")
    request.registry = registry
    for _ in range(5):
        limits.hit_limit(request, "knock", "a")
    assert registry["limits"].here.hit(limits.storage_key("knock", "a"), 60, 1)[1] == 2


def test_a_cleared_key_starts_anew() -> None:
    app = door()
    assert statuses(app, 4)[-1] == 429
    app.app.registry["limits"].clear(limits.storage_key("knock", "a"))
    assert statuses(app, 1) == [200]


def test_windows_that_are_over_are_forgotten() -> None:
    counts = limits.ProcessCounts()
    for number in range(3 * limits.MIN_SWEEP):
        counts.hit(str(number), 0, 1)
    assert len(counts.windows) <= limits.MIN_SWEEP


@pytest.mark.parametrize("text", ["often", "10", "10/fortnight", "0/minute", "-1/minute", "5/minute;9/hour", "1.5/day"])
def test_a_limit_that_is_no_rate_is_a_fault_at_start_up(text: str) -> None:
    with pytest.raises(ConfigurationExecutionError, match=r"limits.knock: can't be read as a rate such as 10/minute"):
        door(**{"limits.knock": text})


def test_a_limit_that_nobody_declared_is_a_fault_at_start_up() -> None:
    with pytest.raises(ConfigurationExecutionError, match=r"limits.knok: no such setting"):
        door(**{"limits.knok": "3/minute"})


@pytest.mark.parametrize("url", ["http://user:swordfish@host/", "swordfish", "redis"])
def test_a_wrong_redis_url_is_a_fault_that_does_not_repeat_it(url: str) -> None:
    with pytest.raises(ConfigurationExecutionError, match=r"redis.url: can't be read") as caught:
        door(**{"redis.url": url})
    assert "swordfish" not in str(caught.value)


@pytest.mark.parametrize(
    ("address", "network"),
    [
        ("203.0.113.7", "203.0.113.7"),
        ("::ffff:203.0.113.7", "203.0.113.7"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("2001:db8:1:2::1", "2001:db8:1:2::/64"),
        ("localhost", "localhost"),
        ("", ""),
    ],
)
def test_an_ipv6_subscriber_is_one_client_whatever_addresses_they_pick(address: str, network: str) -> None:
    request = Request.blank("/", environ={"REMOTE_ADDR": address})
    request.client_address = limits.client_address(request)
    assert limits.client_network(request) == network


# --- Redis


@needs_redis
def test_processes_share_their_counts_in_redis(server: RedisServer) -> None:
    one, other = (door(**{"redis.url": server.url}) for _ in range(2))
    assert statuses(one, 2) == [200, 200]
    assert statuses(other, 2) == [200, 429]
    answer = other.get("/knock/?key=a", status=429)
    assert 55 <= int(answer.headers["Retry-After"]) <= 60


@needs_redis
def test_of_a_wide_limit_redis_is_told_of_each_hundredth_at_once(server: RedisServer) -> None:
    here, there = (limits.Limits(server.url) for _ in range(2))
    wide = limits.rate("1000/minute")
    assert [here.hit("reads", wide, "a").left for _ in range(9)] == list(range(999, 990, -1))
    assert server.keys() == []
    assert [here.hit("reads", wide, "a").left for _ in range(10)][-1] == 981
    assert [there.hit("reads", wide, "a").left for _ in range(10)][-1] == 980  # 10 of its own, 10 that it has learnt of
    assert there.hit("reads", wide, "a").left == 979
    assert here.hit("reads", wide, "a").left == 970  # and now this one has learnt of those 10


@needs_redis
def test_of_32_hits_at_once_over_two_processes_as_many_are_let_in_as_the_limit_says(server: RedisServer) -> None:
    apps = [build(knocking, **{"limits.knock": "5/minute", "redis.url": server.url}) for _ in range(2)]
    with ThreadPoolExecutor(32) as threads:
        found = list(threads.map(lambda n: statuses(TestApp(apps[n % 2], lint=False), 1), range(32)))
    assert sorted(status for (status,) in found) == [200] * 5 + [429] * 27


@needs_redis
def test_nothing_that_was_sent_lies_in_redis(server: RedisServer) -> None:
    statuses(door(**{"redis.url": server.url, "limits.reads": "off"}), 1, key="grace@example.com")
    (key,) = server.keys()
    assert key.startswith(b"courseplatform:limits:knock:")
    assert b"grace" not in key


@needs_redis
@pytest.mark.parametrize("accident", ["kill", "freeze", "wipe"])
def test_no_accident_of_redis_opens_a_limit_or_holds_a_request_up(server: RedisServer, accident: str) -> None:
    app = door(**{"redis.url": server.url})
    assert statuses(app, 2) == [200, 200]
    getattr(server, accident)()
    started = time.monotonic()
    assert statuses(app, 2) == [200, 429]
    assert time.monotonic() - started < 1.5
    assert statuses(app, 4, key="b") == [200, 200, 200, 429]


@needs_redis
def test_a_frozen_redis_holds_up_one_request_and_not_the_next_ones(server: RedisServer) -> None:
    app = door(**{"redis.url": server.url, "limits.knock": "100/minute"})
    server.freeze()
    times = []
    for _ in range(5):
        started = time.monotonic()
        assert statuses(app, 1) == [200]
        times.append(time.monotonic() - started)
    assert times[0] < 1.5
    assert max(times[1:]) < 0.2


def test_a_redis_that_is_down_from_the_start_leaves_a_limit_that_holds() -> None:
    app = door(**{"redis.url": "redis://:swordfish@127.0.0.1:1/0"})
    assert statuses(app, 4) == [200, 200, 200, 429]


@needs_redis
def test_a_redis_that_is_back_is_used_again(server: RedisServer, soon: None, caplog: pytest.LogCaptureFixture) -> None:
    one, other = (door(**{"redis.url": server.url}) for _ in range(2))
    server.kill()
    assert statuses(one, 1) + statuses(other, 1) == [200, 200]
    server.start()
    time.sleep(0.15)
    assert statuses(one, 2, key="b") == [200, 200]
    assert statuses(other, 2, key="b") == [200, 429]
    assert [record.levelno for record in caplog.records if record.name == redis_connection.log.name] == [
        logging.ERROR,
        logging.ERROR,
        logging.WARNING,
        logging.WARNING,
    ]
    assert "127.0.0.1" not in caplog.text


@needs_redis
def test_while_redis_fails_one_request_tries_and_the_others_do_not_wait(
    server: RedisServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = door(**{"redis.url": server.url, "limits.knock": "100/minute"})
    server.freeze()
    statuses(app, 1)
    monkeypatch.setattr(app.app.registry["redis"], "away_until", time.monotonic() - 1)

    def timed(_: int) -> float:
        started = time.monotonic()
        statuses(TestApp(app.app, lint=False), 1)
        return time.monotonic() - started

    with ThreadPoolExecutor(8) as threads:
        times = sorted(threads.map(timed, range(8)))
    assert times[-1] > 0.9
    assert times[-2] < 0.5


# --- whose hits they are


def test_the_platform_itself_believes_no_forwarded_address() -> None:
    app = door()
    forged = [{"X-Forwarded-For": f"203.0.113.{n}", "X-Real-IP": f"203.0.113.{n}"} for n in range(4)]
    address = {"REMOTE_ADDR": "192.0.2.1"}
    answers = [app.get("/knock/", status="*", headers=headers, extra_environ=address) for headers in forged]
    assert [answer.status_int for answer in answers] == [200, 200, 200, 429]
    assert answers[0].text == "192.0.2.1"


@pytest.mark.parametrize(
    ("trusted", "seen"),
    [
        ({}, ["127.0.0.1", "127.0.0.1"]),
        ({"trusted_proxy": "203.0.113.9", "trusted_proxy_headers": "x-forwarded-for"}, ["127.0.0.1", "127.0.0.1"]),
        ({"trusted_proxy": "127.0.0.1", "trusted_proxy_headers": "x-forwarded-for"}, ["203.0.113.1", "203.0.113.2"]),
    ],
    ids=["no proxy is configured", "another proxy is configured", "the proxy is configured"],
)
def test_a_forwarded_address_counts_only_if_a_configured_proxy_says_so(
    trusted: dict[str, str], seen: list[str]
) -> None:
    app = build(knocking, **{"limits.knock": "1/minute"})
    waitress = make_server(app, host="127.0.0.1", port=0, threads=1, **trusted)
    thread = threading.Thread(target=run_until_closed, args=(waitress,))
    thread.start()
    try:
        answers = [
            requests.get(
                f"http://127.0.0.1:{waitress.effective_port}/knock/",
                headers={"X-Forwarded-For": address, "Forwarded": f"for={address}", "Connection": "close"},
                timeout=5,
            )
            for address in ("203.0.113.1", "203.0.113.2")
        ]
    finally:
        waitress.trigger.pull_trigger(waitress.close)
        thread.join(timeout=10)
    is_one = seen[0] == seen[1]
    assert [answer.status_code for answer in answers] == [200, 429 if is_one else 200]
    assert [answer.text for answer in answers if answer.ok] == (seen[:1] if is_one else seen)

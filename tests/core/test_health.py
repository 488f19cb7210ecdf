"""``/health/ready`` with plugins' checks: named when they fail, answered for in time, never told of in detail."""

import logging
import sys
from collections.abc import Callable, Iterator
from threading import Event, Thread
from time import monotonic
from typing import Any

import pytest
from pyramid.config import Configurator
from pyramid.exceptions import ConfigurationConflictError
from sqlalchemy import text

from courseplatform.testing import Client, make_app

from .conftest import build
from .sandbox import SECRET

NAMES = ("mirror", "queue", "shop")


class Checks:
    """What each check does when it is called; well unless said otherwise."""

    def __init__(self) -> None:
        self.calls: list[str] = []
        self.does: dict[str, Callable[[Any], object]] = {}

    def check(self, name: str, request: Any) -> None:
        self.calls.append(name)
        self.does.get(name, lambda request: None)(request)

    def includeme(self, config: Configurator) -> None:
        config.include("tests.core.sandbox")
        for name in NAMES:
            config.add_health_check(name, lambda request, name=name: self.check(name, request), time_limit_s=0.5)


def fail(request: Any) -> None:
    raise RuntimeError(SECRET)


@pytest.fixture
def checks() -> Checks:
    return Checks()


@pytest.fixture
def client(checks: Checks, database_url: str, tmp_path: Any) -> Iterator[Client]:
    module = type(sys)("health_plugin")
    module.includeme = checks.includeme  # type: ignore[attr-defined]
    sys.modules["health_plugin"] = module
    app = make_app(database_url, tmp_path, **{"courseplatform.plugins": "health_plugin"})
    del sys.modules["health_plugin"]
    yield Client(app)
    app.registry["db.engine"].dispose()


def failing(client: Client) -> list[str]:
    answer = client.get("/health/ready", status=503)
    assert answer.json["code"] == "unavailable"
    assert answer.headers["Retry-After"]
    return answer.json["failing"]


def test_ready_while_every_check_is_well(client: Client, checks: Checks) -> None:
    assert client.get("/health/ready").json == {"status": "ready"}
    assert sorted(checks.calls) == [*NAMES]


def test_the_process_lives_whatever_its_checks_say(client: Client, checks: Checks) -> None:
    checks.does["queue"] = fail
    assert client.get("/health/live").json == {"status": "live"}
    assert checks.calls == []


def test_a_failing_check_is_named_and_its_error_is_in_the_log_only(
    client: Client, checks: Checks, caplog: pytest.LogCaptureFixture
) -> None:
    checks.does["queue"] = checks.does["mirror"] = fail
    with caplog.at_level(logging.WARNING):
        answer = client.get("/health/ready", status=503)
    assert answer.json["failing"] == ["mirror", "queue"]
    assert SECRET not in answer.text
    assert "RuntimeError" not in answer.text
    assert SECRET in caplog.text
    checks.does.clear()
    client.get("/health/ready")


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_a_check_that_tears_its_thread_down_is_failing_and_runs_again(client: Client, checks: Checks) -> None:
    def tear(request: Any) -> None:
        raise SystemExit

    checks.does["queue"] = tear
    assert failing(client) == failing(client) == ["queue"]
    assert checks.calls.count("queue") == 2


def test_a_check_that_no_thread_was_left_for_runs_when_there_is_one(
    client: Client, checks: Checks, monkeypatch: pytest.MonkeyPatch
) -> None:
    def start(thread: Thread) -> None:
        raise RuntimeError("can't start new thread")

    with monkeypatch.context() as exhausted:
        exhausted.setattr(Thread, "start", start)
        client.get("/health/ready", status=500)
    assert client.get("/health/ready").json == {"status": "ready"}


def test_checks_that_hang_are_answered_for_in_time_and_not_started_twice(client: Client, checks: Checks) -> None:
    release = Event()
    checks.does["queue"] = checks.does["shop"] = lambda request: release.wait(10)
    began_at_s = monotonic()
    assert failing(client) == ["queue", "shop"]
    assert monotonic() - began_at_s < 0.95  # side by side: not twice the limit
    began_at_s = monotonic()
    assert failing(client) == failing(client) == ["queue", "shop"]
    assert monotonic() - began_at_s < 0.45  # known at once
    assert (checks.calls.count("queue"), checks.calls.count("mirror")) == (1, 3)
    release.set()
    checks.does.clear()
    deadline_s = monotonic() + 5
    while client.get("/health/ready", status="*").status_int != 200:
        assert monotonic() < deadline_s


def test_a_check_has_a_request_of_its_own(client: Client, checks: Checks) -> None:
    seen: list[Any] = []
    checks.does["queue"] = lambda request: seen.append((request.is_script, request.db.scalar(text("SELECT 1"))))
    client.get("/health/ready")
    assert seen == [(True, 1)]
    assert client.registry["db.engine"].pool.checkedout() == 0


def test_no_check_runs_while_the_database_is_away(checks: Checks) -> None:
    answer = Client(build(checks.includeme)).get("/health/ready", status=503)
    assert "failing" not in answer.json
    assert checks.calls == []


def test_no_check_has_more_than_three_seconds() -> None:
    app = build(lambda config: config.add_health_check("slow", fail, time_limit_s=60))
    assert [check.time_limit_s for check in app.registry["health.checks"]] == [3]


def test_two_checks_of_one_name_are_a_conflict(checks: Checks) -> None:
    with pytest.raises(ConfigurationConflictError, match="health check"):
        build(checks.includeme, lambda config: config.add_health_check("queue", fail))

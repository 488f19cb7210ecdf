"""Every request is counted, by account or address, and every answer tells what is left."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from pyramid.config import Configurator
from pyramid.exceptions import ConfigurationExecutionError
from pyramid.response import Response
from pyramid.security import NO_PERMISSION_REQUIRED

from courseplatform.limits import Limits
from courseplatform.testing import Client, counted_statements, make_app, rolled_back
from tests.core.conftest import SETTINGS, build
from tests.core.test_limits import needs_redis
from tests.factories.accounts import make_user
from tests.redis_server import RedisServer

ALGEBRA = {"title": "Algebra"}


@pytest.fixture(scope="module")
def app(database_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    limits = {"limits.reads": "5/minute", "limits.writes": "2/minute", "limits.sign_in": "10 per 5 minutes"}
    plugins = {"courseplatform.plugins": SETTINGS["courseplatform.plugins"]}
    made = make_app(database_url, tmp_path_factory.mktemp("rates"), **plugins, **limits)
    yield made
    made.registry["db.engine"].dispose()


@pytest.fixture
def client(app: Any) -> Iterator[Client]:
    app.registry["limits"] = Limits(None)
    with rolled_back(app) as (made, _):
        yield made


def rate_of(answer: Any) -> tuple[int, int]:
    return int(answer.headers["RateLimit-Limit"]), int(answer.headers["RateLimit-Remaining"])


def test_every_answer_tells_what_is_left_and_what_comes_too_often_is_429(client: Client) -> None:
    for left in (4, 3, 2, 1, 0):
        answer = client.get("/api/courses/")
        assert rate_of(answer) == (5, left)
        assert 55 <= int(answer.headers["RateLimit-Reset"]) <= 60
        assert answer.headers["RateLimit-Policy"] == '"reads";q=5;w=60'
    refused = client.get("/api/courses/", status=429)
    assert refused.json["code"] == "too_many_requests"
    assert rate_of(refused) == (5, 0)
    assert refused.headers["Retry-After"] == refused.headers["RateLimit-Reset"]


def test_writes_are_counted_apart_from_reads(client: Client) -> None:
    teacher = make_user(client, "teacher")
    for left in (1, 0):
        assert rate_of(teacher.post("/api/courses/", ALGEBRA)) == (2, left)
    teacher.post("/api/courses/", ALGEBRA, status=429)
    assert rate_of(teacher.get("/api/courses/")) == (5, 4)


def test_an_account_has_its_own_count_from_wherever_and_an_address_its(client: Client) -> None:
    one, two = make_user(client, "student"), make_user(client, "student")
    for number in range(5):
        one.get("/api/courses/", extra_environ={"REMOTE_ADDR": f"203.0.113.{number}"})
    one.get("/api/courses/", status=429)
    assert rate_of(two.get("/api/courses/")) == (5, 4)
    assert rate_of(client.get("/api/courses/")) == (5, 4)
    assert rate_of(client.get("/api/courses/", extra_environ={"REMOTE_ADDR": "203.0.113.9"})) == (5, 4)


@pytest.mark.parametrize("token", ["nonsense", "cpp_nonsense", "a.b.c"])
def test_who_is_refused_is_counted_by_address_however_the_token_varies(client: Client, token: str) -> None:
    for number in range(5):
        answer = client.as_(f"{token}{number}").get("/api/courses/", status=401)
        assert rate_of(answer) == (5, 4 - number)
    client.as_(token).get("/api/courses/", status=429)
    client.get("/api/courses/", status=429)


def test_guesses_at_what_is_hidden_are_counted(client: Client) -> None:
    student = make_user(client, "student")
    missing = "/api/courses/0190a000-0000-7000-8000-000000000000/"
    for _ in range(5):
        student.get(missing, status=404)
    student.get(missing, status=429)


def test_what_is_refused_for_its_rate_is_not_done(client: Client) -> None:
    for _ in range(5):
        client.get("/api/courses/")
    with counted_statements(client.registry) as statements:
        client.get("/api/courses/?limit=x", status=429)
    assert statements == []


def test_counting_costs_no_statement(client: Client, app: Any) -> None:
    teacher = make_user(client, "teacher")
    counts = []
    for limit in (app.registry.settings["limits.reads"], None):
        app.registry.settings["limits.reads"], kept = limit, app.registry.settings["limits.reads"]
        try:
            with counted_statements(client.registry) as statements:
                teacher.get("/api/users/me/")
                client.get("/api/courses/")
                client.as_("cpp_x").call("GET", "/api/auth/login/")
        finally:
            app.registry.settings["limits.reads"] = kept
        counts.append(len(statements))
    assert counts[0] == counts[1]


def test_an_open_address_is_counted_by_its_address_whoever_is_signed_in(client: Client) -> None:
    student = make_user(client, "student")
    with counted_statements(client.registry) as statements:
        for _ in range(5):
            student.get("/api/")
        client.get("/api/", status=429)
    assert statements == []


def sign_in(client: Client, username: str, status: int, **kw: Any) -> Any:
    return client.post("/api/auth/login/", {"username": username, "password": "wrong"}, status=status, **kw)


def test_of_several_classes_the_one_nearest_to_its_end_is_told(client: Client) -> None:
    answer = sign_in(client, "nobody", 401)
    assert rate_of(answer) == (2, 1)
    assert answer.headers["RateLimit-Policy"] == '"writes";q=2;w=60, "sign_in_address";q=1000000;w=60'


def test_nobody_learns_what_is_left_of_an_account_that_they_only_name(client: Client) -> None:
    make_user(client, username="grace")
    answers = [
        sign_in(client, "grace", 401, extra_environ={"REMOTE_ADDR": f"203.0.113.{number}"}) for number in range(10)
    ]
    told = [{name: v for name, v in answer.headers.items() if "RateLimit" in name} for answer in answers]
    assert all(headers == told[0] for headers in told)
    refused = sign_in(client, "grace", 429, extra_environ={"REMOTE_ADDR": "203.0.113.99"})
    assert rate_of(refused) == (10, 0)  # which Retry-After says anyway


def test_health_is_not_counted(client: Client) -> None:
    for _ in range(8):
        assert "RateLimit-Limit" not in client.get("/health/live").headers


def test_preflights_and_options_are_not_counted(client: Client) -> None:
    for _ in range(8):
        assert "RateLimit-Limit" not in client.call("OPTIONS", "/api/courses/", status=204).headers


def test_a_view_may_name_a_class_of_its_own_or_none() -> None:
    def includeme(config: Configurator) -> None:
        config.add_rate_limit("search", default="1/minute")
        for name, limit in (("search", "search"), ("free", False)):
            config.add_route(name, f"/{name}/")
            config.add_view(
                lambda request: Response("found"), route_name=name, permission=NO_PERMISSION_REQUIRED, limit=limit
            )

    client = Client(build(includeme))
    assert client.get("/search/").headers["RateLimit-Policy"] == '"search";q=1;w=60'
    client.get("/search/", status=429)
    for _ in range(3):
        assert "RateLimit-Limit" not in client.get("/free/").headers


def test_a_class_that_nobody_declares_is_a_fault_at_the_start() -> None:
    def includeme(config: Configurator) -> None:
        config.add_route("lost", "/lost/")
        config.add_view(lambda request: {}, route_name="lost", permission=NO_PERMISSION_REQUIRED, limit="lost")

    with pytest.raises(ConfigurationExecutionError, match="no plugin declares such a class"):
        build(includeme)


def test_both_classes_can_be_switched_off() -> None:
    client = Client(build(**{"limits.reads": "off", "limits.writes": "Off"}))
    for method in ("GET", "POST"):
        assert "RateLimit-Limit" not in client.call(method, "/api/").headers


@needs_redis
def test_over_processes_a_request_is_counted_by_one_question_to_redis(tmp_path: Path) -> None:
    server = RedisServer(tmp_path)
    server.start()
    try:
        one, two = (Client(build(**{"redis.url": server.url, "limits.reads": "5/minute"})) for _ in range(2))
        assert [rate_of(client.get("/api/"))[1] for client in (one, two, one, two, one)] == [4, 3, 2, 1, 0]
        assert two.get("/api/", status=429).headers["RateLimit-Remaining"] == "0"
        asked: list[str] = []
        redis = one.registry["redis"]
        ask = redis.ask
        redis.ask = lambda method, *arguments: asked.append(method.__name__) or ask(method, *arguments)
        one.get("/api/", extra_environ={"REMOTE_ADDR": "203.0.113.7"})
        assert asked == ["incr"]
    finally:
        server.kill()

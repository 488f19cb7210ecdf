"""CORS: pages of listed origins may read; others get what everybody gets."""

from collections.abc import Iterator
from typing import Any

import pytest
from pyramid.exceptions import ConfigurationExecutionError

from courseplatform.testing import Client, counted_statements, make_app, rolled_back
from tests.core.conftest import SETTINGS, build

APP, OTHER = "https://app.example.org", "http://localhost:3000"
PREFLIGHT = {"Access-Control-Request-Method": "PATCH", "Access-Control-Request-Headers": "authorization, if-match"}


@pytest.fixture(scope="module")
def app(database_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    plugins = {"courseplatform.plugins": SETTINGS["courseplatform.plugins"]}
    made = make_app(database_url, tmp_path_factory.mktemp("cors"), **plugins, **{"cors.origins": f"{APP} {OTHER}"})
    yield made
    made.registry["db.engine"].dispose()


@pytest.fixture
def client(app: Any) -> Iterator[Client]:
    with rolled_back(app) as (made, _):
        yield made


def words(header: str) -> set[str]:
    return {word.strip().lower() for word in header.split(",")}


def cors_headers(answer: Any) -> set[str]:
    return {name for name in answer.headers if name.lower().startswith("access-control-")}


@pytest.mark.parametrize("origin", [APP, OTHER])
@pytest.mark.parametrize("path", ["/api/courses/", "/api/users/me/", "/api/nowhere/", "/api/auth/login/"])
def test_a_preflight_is_answered_without_the_database(client: Client, path: str, origin: str) -> None:
    with counted_statements(client.registry) as statements:
        answer = client.call("OPTIONS", path, status=204, headers={"Origin": origin, **PREFLIGHT})
    assert answer.headers["Access-Control-Allow-Origin"] == origin
    assert "PATCH" in answer.headers["Access-Control-Allow-Methods"]
    assert words(answer.headers["Access-Control-Allow-Headers"]) >= {
        "authorization", "if-match", "if-none-match", "idempotency-key", "prefer", "content-type", "x-request-id",
        "range", "if-range",
    }  # fmt: skip
    assert answer.headers["Access-Control-Max-Age"] == "7200"
    assert "Origin" in answer.headers["Vary"]
    assert answer.headers["X-Request-ID"]
    assert answer.body == b""
    assert statements == []


@pytest.mark.parametrize("path", ["/api/courses/", "/api/nowhere/", "/api/users/me/", "/api/courses", "/api/%ff/"])
def test_an_answer_can_be_read_by_a_listed_origin_whatever_its_status(client: Client, path: str) -> None:
    answer = client.call("GET", path, headers={"Origin": APP})
    assert answer.headers["Access-Control-Allow-Origin"] == APP
    assert words(answer.headers["Access-Control-Expose-Headers"]) >= {
        "etag", "location", "link", "ratelimit-limit", "ratelimit-remaining", "ratelimit-reset", "ratelimit-policy",
        "retry-after", "x-request-id", "idempotent-replayed", "deprecation", "sunset",
    }  # fmt: skip
    assert "Origin" in answer.headers["Vary"]


@pytest.mark.parametrize(
    "origin", ["https://evil.example", "null", "", f"{APP}.evil.example", f"{APP}:8443", "https://APP.example.org", "*"]
)
def test_an_origin_that_is_not_listed_gets_the_answer_without_cors(client: Client, origin: str) -> None:
    for method, status, headers in (("GET", 200, {}), ("OPTIONS", 204, PREFLIGHT)):
        answer = client.call(method, "/api/courses/", status=status, headers={"Origin": origin, **headers})
        assert cors_headers(answer) == set()
        assert "Origin" in answer.headers["Vary"]


def test_an_answer_to_no_origin_varies_too(client: Client) -> None:
    answer = client.get("/api/courses/")
    assert cors_headers(answer) == set()
    assert "Origin" in answer.headers["Vary"]


def test_credentials_are_never_allowed(client: Client) -> None:
    for method in ("GET", "OPTIONS"):
        answer = client.call(method, "/api/courses/", headers={"Origin": APP, **PREFLIGHT})
        assert "Access-Control-Allow-Credentials" not in answer.headers
        assert answer.headers["Access-Control-Allow-Origin"] != "*"


def test_options_of_a_listed_origin_that_is_no_preflight_tells_allow(client: Client) -> None:
    answer = client.call("OPTIONS", "/api/courses/", status=204, headers={"Origin": APP})
    assert answer.headers["Allow"] == "GET, HEAD, OPTIONS, POST"
    assert answer.headers["Access-Control-Allow-Origin"] == APP


def test_without_origins_there_is_no_cors() -> None:
    client = Client(build())
    answer = client.call("OPTIONS", "/api/courses/", headers={"Origin": APP, **PREFLIGHT})
    assert cors_headers(answer) == set()
    assert "Vary" not in answer.headers


@pytest.mark.parametrize(
    "raw",
    [
        "*", "null", "app.example.org", f"{APP}/", f"{APP}/path", "https://*.example.org", "https://u@a.example",
        "ftp://a.example", "https://a.example:99999", "https://A.example", "https://", f"{APP} *",
    ],
)  # fmt: skip
def test_what_is_no_exact_origin_is_refused_at_the_start(raw: str) -> None:
    with pytest.raises(ConfigurationExecutionError, match=r"cors\.origins: can't be read as origins"):
        build(**{"cors.origins": raw})


def test_origins_are_listed_one_by_one() -> None:
    assert build(**{"cors.origins": f"{APP}\n{OTHER}"}).registry.settings["cors.origins"] == {APP, OTHER}

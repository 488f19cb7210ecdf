"""The audit log: what happened, never what was rolled back, no secret, and nothing that a client could forge."""

from typing import Any
from uuid import uuid4

import pytest
from pyramid.config import Configurator
from pyramid.request import Request
from pyramid.response import Response
from pyramid.security import NO_PERMISSION_REQUIRED
from webtest import TestApp

from courseplatform import audit
from courseplatform.errors import Conflict
from tests.core.conftest import build
from tests.factories.audit import Lines, audit_lines


def act(request: Request) -> Response:
    """Record what the query says, then fail where it says so."""
    request.audit("sandbox.done", note=request.params.get("note", ""), thing_id=uuid4())
    if request.params.get("fail") == "raise":
        raise Conflict()
    if request.params.get("fail") == "crash":
        raise RuntimeError
    if request.params.get("fail") == "late":
        request.audit_now("sandbox.refused", note="x")
        raise Conflict()
    return Response("done", status=int(request.params.get("status", "200")))


def acting(config: Configurator) -> None:
    config.add_route("act", "/act/")
    config.add_view(act, route_name="act", permission=NO_PERMISSION_REQUIRED)


@pytest.fixture
def app() -> TestApp:
    return TestApp(build(acting), lint=False, extra_environ={"REMOTE_ADDR": "203.0.113.7"})


@pytest.fixture
def lines(caplog: pytest.LogCaptureFixture) -> Lines:
    return audit_lines(caplog)


def test_a_record_says_what_when_from_where_and_by_which_request(app: TestApp, lines: Any) -> None:
    app.get("/act/?note=hello", headers={"X-Request-ID": "trace-12345678"})
    (line,) = lines()
    assert set(line) - {"note", "thing_id"} == {
        "event",
        "outcome",
        "request_id",
        "user_id",
        "target_user_id",
        "address",
    }
    assert (line["event"], line["outcome"], line["note"], line["user_id"]) == ("sandbox.done", "success", "hello", None)
    assert (line["request_id"], line["address"]) == ("trace-12345678", "203.0.113.7")


@pytest.mark.parametrize("query", ["fail=raise", "fail=crash", "status=409", "status=500"])
def test_what_was_rolled_back_is_not_recorded(app: TestApp, lines: Any, query: str) -> None:
    app.get(f"/act/?{query}", status="*")
    assert lines() == []


def test_a_refusal_is_recorded_although_everything_is_rolled_back(app: TestApp, lines: Any) -> None:
    app.get("/act/?fail=late", status=409)
    assert [(line["event"], line["outcome"]) for line in lines()] == [("sandbox.refused", "failure")]


@pytest.mark.parametrize(
    "name", ["password", "new_password", "token", "access_token", "secret", "client_secret", "code", "key"]
)
def test_a_field_with_the_name_of_a_secret_can_not_be_recorded(name: str) -> None:
    with pytest.raises(TypeError, match=name):
        audit.record(Request.blank("/"), "sandbox.done", {name: "x"}, "success")


@pytest.mark.parametrize("value", [{"a": 1}, [1], b"x", 1.5, object()])
def test_only_scalars_are_recorded(value: Any) -> None:
    with pytest.raises(TypeError):
        audit.record(Request.blank("/"), "sandbox.done", {"thing": value}, "success")


def test_a_long_text_is_cut(app: TestApp, lines: Any) -> None:
    app.get("/act/?note=" + "x" * 5_000)
    assert lines()[0]["note"] == "x" * audit.MAX_CHARS


# --- the request's id


@pytest.mark.parametrize("sent", ["abcdefgh", "0f8fad5b-d9cb-469f-a165-70867728950e", "A.b_c-9.", "x" * 64])
def test_a_plain_request_id_is_taken_and_answered(app: TestApp, sent: str) -> None:
    assert app.get("/act/", headers={"X-Request-ID": sent}).headers["X-Request-ID"] == sent


@pytest.mark.parametrize(
    "sent", ["", "short", "x" * 65, "with space", 'quo"te-quote', "semi;colon;", "\xe9\xe9\xe9\xe9\xe9\xe9\xe9\xe9"]
)
def test_any_other_is_replaced(app: TestApp, sent: str) -> None:
    first, second = (app.get("/act/", headers={"X-Request-ID": sent}).headers["X-Request-ID"] for _ in range(2))
    assert audit.REQUEST_ID.fullmatch(first)
    assert len({first, second, sent}) == 3


@pytest.mark.parametrize("path", ["/act/?fail=crash", "/act/?fail=raise", "/nowhere/", "/act", "/%ff/", "/act/?x=%00"])
def test_every_answer_carries_the_request_id(app: TestApp, path: str) -> None:
    answer = app.get(path, status="*", headers={"X-Request-ID": "trace-12345678"})
    assert answer.headers["X-Request-ID"] == "trace-12345678"


def test_the_record_and_the_answer_have_the_same_id(app: TestApp, lines: Any) -> None:
    answer = app.get("/act/")
    assert lines()[0]["request_id"] == answer.headers["X-Request-ID"]

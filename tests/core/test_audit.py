"""The audit log: what happened, never what was rolled back, no secret, and nothing that a client could forge."""

import json
import logging
import subprocess
import sys
from pathlib import Path
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
from courseplatform.limits import client_address
from tests.core.conftest import build

ROOT = Path(__file__).resolve().parents[2]


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
def lines(caplog: pytest.LogCaptureFixture) -> Any:
    """The audit's records so far, parsed."""
    caplog.set_level(logging.INFO, logger=audit.log.name)
    return lambda: [json.loads(record.getMessage()) for record in caplog.records if record.name == audit.log.name]


def test_a_record_says_what_when_from_where_and_by_which_request(app: TestApp, lines: Any) -> None:
    app.get("/act/?note=hello", headers={"X-Request-ID": "trace-12345678"})
    (line,) = lines()
    assert set(line) == {"at", "event", "request_id", "user_id", "address", "note", "thing_id"}
    assert (line["event"], line["note"], line["user_id"]) == ("sandbox.done", "hello", None)
    assert (line["request_id"], line["address"]) == ("trace-12345678", "203.0.113.7")


@pytest.mark.parametrize("query", ["fail=raise", "fail=crash", "status=409", "status=500"])
def test_what_was_rolled_back_is_not_recorded(app: TestApp, lines: Any, query: str) -> None:
    app.get(f"/act/?{query}", status="*")
    assert lines() == []


def test_a_refusal_is_recorded_although_everything_is_rolled_back(app: TestApp, lines: Any) -> None:
    app.get("/act/?fail=late", status=409)
    assert [line["event"] for line in lines()] == ["sandbox.refused"]


@pytest.mark.parametrize(
    "note", ['x"}\n{"event": "forged"}', "x\r\n2026 INFO forged", "\x1b[2J\x7f", "\u2028forged\u0085", "\ud800", "%s%n"]
)
def test_nothing_that_was_sent_ends_a_line_or_paints_on_a_terminal(note: str) -> None:
    request = Request.blank("/", environ={"REMOTE_ADDR": "203.0.113.7"})
    request.registry = build().registry
    request.now, request.client_address = request.registry["clock"](), client_address(request)
    request.request_id = audit.request_id(request)
    line = audit.record(request, "sandbox.done", {"note": note})
    assert line.isascii()
    assert len(line.splitlines()) == 1
    assert not any(ord(char) < 32 for char in line)
    assert json.loads(line)["note"] == note


@pytest.mark.parametrize(
    "name", ["password", "new_password", "token", "access_token", "secret", "client_secret", "code", "key"]
)
def test_a_field_with_the_name_of_a_secret_can_not_be_recorded(name: str) -> None:
    with pytest.raises(TypeError, match=name):
        audit.record(Request.blank("/"), "sandbox.done", {name: "x"})


@pytest.mark.parametrize("value", [{"a": 1}, [1], b"x", 1.5, object()])
def test_only_scalars_are_recorded(value: Any) -> None:
    with pytest.raises(TypeError):
        audit.record(Request.blank("/"), "sandbox.done", {"thing": value})


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


@pytest.mark.parametrize("ini", ["development.ini", "production.ini"])
def test_the_log_is_one_json_object_a_line(ini: str) -> None:
    code = (
        "import sys, logging; from pyramid.paster import setup_logging; setup_logging(sys.argv[1]);"
        "logging.getLogger('courseplatform.audit').info('{\"event\": \"sandbox.done\"}')"
    )
    command = [sys.executable, "-W", "ignore", "-c", code, str(ROOT / ini)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert done.stdout + done.stderr == '{"event": "sandbox.done"}\n'

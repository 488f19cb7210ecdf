"""Some of ``bad_input``, the same each time: on every operation, of every kind."""

import json
from collections.abc import Callable
from typing import Any

import pytest
import sqlalchemy as sa
from webob import Request, Response
from webob.dec import wsgify

from tests.contracts.bad_input.calls import Bad
from tests.contracts.bad_input.operations import OUT_OF_REACH, Operations
from tests.contracts.bad_input.probe import WRONGS, Probe
from tests.contracts.bad_input.values import MARKER

OF_EACH_KIND = 1


@pytest.fixture(scope="module")
def operations(stage: Any) -> Operations:
    return Operations(*stage)


def test_every_operation_has_a_call_that_succeeds(operations: Operations) -> None:
    """Else what is made of it would be refused for what is wrong anyway."""
    assert {one.name for one in operations.failing()} <= set(OUT_OF_REACH)


def test_whatever_arrives_breaks_nothing_is_not_repeated_and_changes_no_row(operations: Operations) -> None:
    probe = Probe(operations)
    for operation in operations.all.values():
        probe.try_all(operation, probe.sample(operation, OF_EACH_KIND))
    assert not probe.wrongs, "\n\n".join(map(str, probe.wrongs))
    assert {"body", "content type", "field", "form", "header", "path", "query", "table", "upload"} == probe.tried.keys()
    assert probe.tried.total() > 600
    assert min(probe.answers[2], probe.answers[4]) > 0.1 * probe.tried.total(), "it would be blind"


def refusing(status: int, told: str, **headers: str) -> Callable[[Request], Response]:
    body = json.dumps({"code": "invalid", "detail": told}).encode()
    return lambda _: Response(body, status, list(headers.items()), content_type="application/problem+json")


@pytest.mark.parametrize("what", WRONGS)
def test_the_probe_sees(operations: Operations, what: str) -> None:
    """What it looks for, in an application that does it."""
    connection = operations.connection

    def changing(request: Request) -> Response:
        connection.execute(sa.text("UPDATE courses SET title = 'changed'"))
        return refusing(422, "no")(request)

    apps = {
        "server error": [refusing(500, "no")],
        "echo": [refusing(422, MARKER.upper()), refusing(422, "no", X=MARKER)],
        "changed row": [changing],
        "accepted": [lambda _: Response(b"{}", 200, content_type="application/json")],
        "not declared": [lambda _: Response(b"no", 422, content_type="text/plain")],
    }
    operation = operations.all["post_courses"]
    for app in apps[what]:
        probe = Probe(operations)
        probe.app = wsgify(app)
        probe.try_all(operation, [Bad("field", "", operation.base, MARKER, True)])
        assert what in probe.counts()

"""What crashes a naive application (``design/stack.md``), on every endpoint: no 500, no echo, no changed row."""

import json
from typing import Any

import pytest
from webob import Request

from tests.contracts.matrix import MATRIX, Row
from tests.contracts.stage import hash_of_rows, shape
from tests.contracts.world import ACTORS, World

CANARY = "cAnArY-5172"
JSON = "application/json"

#: Whole bodies: (content type, bytes).
BODIES = [
    (JSON, b""),
    (JSON, b"{"),
    (JSON, b"[]"),
    (JSON, b"null"),
    (JSON, json.dumps(CANARY).encode()),
    (JSON, b"[" * 200_000),
    (JSON, b'{"a":' * 1_000 + b"1" + b"}" * 1_000),
    (JSON, b'{"x": NaN}'),
    (JSON, b'{"x": -Infinity}'),
    (JSON, b'{"title": "a", "title": "b"}'),
    (JSON, b'{"title": "' + CANARY.encode() + b'\\u0000"}'),
    (JSON, b'{"title": "' + CANARY.encode() + b'\\ud800"}'),
    (JSON, b'{"' + CANARY.encode() + b'\\u0000": 1}'),
    (JSON, b'{"title": "\xff\xfe"}'),
    (JSON, b'{"n": ' + b"9" * 5_000 + b"}"),
    (JSON + "; charset=foo", b"{}"),
    (JSON + "; charset=utf-16", "{}".encode("utf-16")),
    ("application/x-www-form-urlencoded", b"title=" + CANARY.encode()),
    ("multipart/form-data", b"--x\r\n\r\n" + CANARY.encode()),
    ("multipart/form-data; boundary=x", b"--x\r\nContent-Disposition: form-data\r\n\r\n" + CANARY.encode()),
    ("multipart/form-data; boundary=x", b'--x\r\nContent-Disposition: form-data; name="file"; filename=""\r\n--x--'),
    ("multipart/form-data; boundary=\xff", b"\x00\xff"),
    ("text/plain", CANARY.encode()),
    ("", b"{}"),
]  # fmt: skip

#: Values that every field of a body is given, one after the other.
VALUES: list[Any] = [
    None,
    True,
    -1,
    2**31,
    10**30,
    1.5,
    "",
    CANARY * 20_000,
    f"{CANARY}\u202e\x07",
    f"{CANARY}'; DROP TABLE users; --",
    f"javascript:{CANARY}",
    "9999-12-31T23:59:59-23:59",
    "0001-01-01T00:00:00+23:59",
    "2026-01-01T00:00:00",
    [],
    [[[CANARY]]],
    {CANARY: CANARY},
    "00000000-0000-7000-8000-000000000000",
]

QUERIES = [
    "explain=permissions",
    f"explain={CANARY}",
    "limit=-1",
    "limit=100000000000000000000",
    "limit=1e3",
    f"limit={CANARY}",
    f"cursor={CANARY}",
    "cursor=WyJuIiwiMDFhMjA4ZTIiXQ",
    "cursor=WyJuIixudWxsXQ",
    "cursor=%00",
    "search=%00",
    "search=%27%20%26%20%7C%20%21%20%28%20%3A%2A%20%3C-%3E",
    "search=%ED%A0%80",
    "search=" + "-" * 200,
    "q=%ff",
    f"unknown={CANARY}",
    "limit=1&limit=2",
    f"ordering={CANARY}",
    f"expand={CANARY}",
    f"status={CANARY}&student_id={CANARY}&since={CANARY}&force={CANARY}&transfer_to={CANARY}",
    "%",
    "&&&=&",
]

HEADERS = [
    {"If-Match": CANARY},
    {"If-Match": '"' * 1_000},
    {"If-None-Match": f'"{CANARY}", W/"x"'},
    {"Authorization": f"Bearer {CANARY}"},
    {"Authorization": "Bearer"},
    {"Authorization": "Basic !!!"},
    {"Authorization": "Bearer " + "a" * 100_000},
    {"Range": "bytes=9-1"},
    {"Accept": "nonsense"},
    {"Accept-Language": "\xff\xfe"},
    {"X-Forwarded-For": CANARY, "X-HTTP-Method-Override": "DELETE"},
    {"X-Request-ID": f"{CANARY}\xff\x85", "User-Agent": f"{CANARY}\xff" * 100},
    {"Content-Encoding": "gzip"},
    {"Prefer": f'{CANARY}="\xff", dry-run={CANARY}; x="'},
]

PATHS = [b"/api/\xff/", b"/api/courses/\x00/", b"/api/courses/@@/", b"/api/courses/../users/", b"/api/courses/%2e%2e/"]


def allowed_rows(methods: tuple[str, ...]) -> list[Row]:
    """One row per address and method, with an actor who gets through to the view."""
    found: dict[tuple[str, str], Row] = {}
    for row in MATRIX:
        if row.method in methods and any(status < 300 for status in row.statuses):
            found.setdefault((row.method, shape(row.path)), row)
    return list(found.values())


def actor_of(row: Row) -> str:
    return next(letter for letter, status in zip(ACTORS, row.statuses, strict=True) if status < 300)


class Probe:
    """Sends what it is given as someone who may. What was accepted is taken back; a refusal must leave nothing."""

    def __init__(self, stage: Any, row: Row) -> None:
        self.world, self.connection = stage
        self.row, self.letter = row, actor_of(row)
        self.path = self.world.fill(row.path, self.letter).partition("?")[0]
        self.before = hash_of_rows(self.connection)

    def send(self, query: str = "", **kw: Any) -> None:
        kw["headers"] = {"If-Match": "*", **kw.get("headers", {})}
        cell = self.connection.begin_nested()
        response = self.world.actors[self.letter].call(
            self.row.method, f"{self.path}?{query}" if query else self.path, **kw
        )
        told = response.body.decode("utf-8", "replace")  # a PDF is no text
        what = f"{query} {str(kw)[:300]} → {response.status_int} {told[:500]}"
        assert response.status_int < 500, what
        if response.status_int >= 400:
            assert response.content_type == "application/problem+json", what
            assert CANARY not in told, what
            cell.commit()  # a row that a refusal changed stays changed, until check_rows() looks
        else:
            cell.rollback()

    def check_rows(self) -> None:
        assert hash_of_rows(self.connection) == self.before, "something was refused, and yet a row changed"


def fields(world: World, row: Row) -> list[str]:
    """The names of the body's fields, from the schema of the view."""
    for service in world.client.registry.cornice_services.values():
        if shape(service.public_path.removeprefix("/api")) == shape(row.path):
            for method, _, arguments in service.definitions:
                bodies = [node for node in arguments["schema"].children if node.name == "body"]
                if method == row.method and bodies:
                    return [node.name for node in bodies[0].children]
    return []


WRITES = allowed_rows(("POST", "PUT", "PATCH", "DELETE"))
READS = allowed_rows(("GET",))


@pytest.mark.parametrize("row", WRITES, ids=lambda row: f"{row.method} {row.path}")
def test_no_body_crashes_a_write(row: Row, stage: Any) -> None:
    probe = Probe(stage, row)
    for content_type, body in BODIES:
        probe.send(raw=body, content_type=content_type)
    names = fields(probe.world, row)
    for value in VALUES if names else []:
        probe.send(body=dict.fromkeys(names, value))
    probe.check_rows()


@pytest.mark.parametrize("row", READS + WRITES, ids=lambda row: f"{row.method} {row.path}")
def test_no_query_and_no_header_crashes_a_request(row: Row, stage: Any) -> None:
    probe = Probe(stage, row)
    body = None if row.method in ("GET", "DELETE") else {}
    for query in QUERIES:
        probe.send(query, body=body)
    for headers in HEADERS:
        probe.send(headers=headers, body=body)
    probe.check_rows()


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "PATCH", "DELETE"])
def test_no_path_crashes_a_request(method: str, path: bytes, stage: Any) -> None:
    world, _ = stage
    actor = world.actors["D"]
    request = Request.blank("/", method=method, headers={"Authorization": f"Bearer {actor.token}"})
    request.environ["PATH_INFO"] = path.decode("latin-1")
    response = request.get_response(actor.app)
    assert response.status_int in (400, 404)
    assert response.content_type == "application/problem+json"

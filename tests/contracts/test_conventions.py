"""What clients rely on everywhere (``design/domain.md`` §3), proved on every address of the application."""

import re
from typing import Any
from uuid import uuid4

import pytest
from pyramid.interfaces import IRoutesMapper

from courseplatform.testing import counted_statements
from tests.contracts.matrix import PROTOCOL, Row, shape
from tests.contracts.stage import actor_of, allowed_rows, filled, hash_of_rows, send
from tests.contracts.world import World

READS, POSTS = allowed_rows(("GET",)), allowed_rows(("POST",))
#: After these the caller is signed out: what comes again is refused before it could be replayed.
ENDS_SESSION = ("/auth/logout/", "/auth/password-change/")
#: Their query strings are a protocol's (RFC 6749, 3.1: unknown parameters are ignored).
FOREIGN_QUERY = ("/oauth/authorize/", "/auth/oauth/{provider}/callback/")
#: What the matrix knows to be refused only, for it has no credentials: their own tests have.
REFUSED = (*PROTOCOL, "/auth/login/", "/auth/token/", "/auth/token/refresh/")
#: For placeholders of routes that are no ids.
WORDS = ("abcdef", "1")


def paths(world: World) -> dict[str, set[str]]:
    """Every route of the application, its placeholders filled in with something that fits → its methods."""
    found: dict[str, set[str]] = {}
    registry = world.client.registry
    for route in registry.getUtility(IRoutesMapper).get_routes():
        pattern = re.sub(r"\{\w+_id\b[^/]*\}", lambda _: str(uuid4()), "/" + route.pattern.lstrip("/"))
        fitting = (re.sub(r"\{[^/]*\}", word, pattern) for word in WORDS)
        service = registry.cornice_services.get(route.pattern)
        path = next(path for path in fitting if route.match(path) is not None)
        found[path] = set(service.defined_methods) if service else {"GET"}
    return found


def headers_of(answer: Any) -> dict[str, str]:
    """All but those that are each answer's own."""
    own = ("X-Request-ID", "Idempotent-Replayed")
    return {name: value for name, value in answer.headers.items() if name not in own and "RateLimit" not in name}


def is_list(answer: Any) -> bool:
    return answer.content_type == "application/json" and {"results", "next", "previous"} == set(answer.json)


def ids(page: Any) -> list[str]:
    return [str(one.get("id", one)) for one in page.json["results"]]


def get(world: World, row: Row, query: str = "", method: str = "GET") -> Any:
    joined = f"{row.path}{'&' if '?' in row.path else '?'}{query}" if query else row.path
    return send(world, row._replace(path=joined, method=method), actor_of(row))


def test_every_address_answers_options_and_asks_no_database(stage: Any) -> None:
    world, _ = stage
    with counted_statements(world.client.registry) as statements:
        for path, methods in paths(world).items():
            answer = world.client.call("OPTIONS", path, status=204)
            told = set(answer.headers["Allow"].split(", "))
            assert told >= methods | {"OPTIONS"} | ({"HEAD"} if "GET" in methods else set()), path
            assert answer.body == b""
    assert statements == []
    assert len(paths(world)) > 80


@pytest.mark.parametrize("row", READS, ids=lambda row: row.path)
def test_head_is_get_without_a_body(row: Row, stage: Any) -> None:
    world, connection = stage
    answers = []
    for method in ("GET", "HEAD"):
        cell = connection.begin_nested()
        answers.append(get(world, row, method=method))
        cell.rollback()
    got, head = answers
    assert head.status == got.status
    assert head.body == b""
    told = [headers_of(answer) for answer in answers]
    if row.path == "/users/me/export/" or got.content_type == "text/csv":  # says when it was made; is streamed
        told = [{**headers, "Content-Length": ""} for headers in told]
    assert told[1] == told[0]


@pytest.mark.parametrize("method", ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"])
def test_a_missing_slash_is_308_with_method_and_query_kept(method: str, stage: Any) -> None:
    world, _ = stage
    for path in paths(world):
        if path.endswith("/") and path != "/":
            answer = world.client.call(method, f"{path[:-1]}?limit=1&q=a%26b", status=308)
            assert answer.headers["Location"] == f"{path}?limit=1&q=a%26b"
            assert answer.body == b""


def test_every_answer_carries_the_request_id_that_was_sent(stage: Any) -> None:
    world, connection = stage
    for path, methods in paths(world).items():
        for method in (*methods, "OPTIONS", "TRACE"):
            for who in (world.client, world.actors["D"]):
                sent, cell = uuid4().hex, connection.begin_nested()
                answer = who.call(method, path, headers={"X-Request-ID": sent})
                cell.rollback()
                assert answer.headers["X-Request-ID"] == sent, f"{method} {path}: {answer.status}"


@pytest.mark.parametrize("row", READS, ids=lambda row: row.path)
def test_what_no_address_knows_is_422_in_every_query(row: Row, stage: Any) -> None:
    world, _ = stage
    if row.path.partition("?")[0] in FOREIGN_QUERY:
        return
    for query in ("nonsense=1", "ordering=nonsense"):
        answer = get(world, row, query)
        assert answer.status_int == 422, f"{row.path}?{query}: {answer.status}"
        assert query.partition("=")[0] in [fault["name"] for fault in answer.json["errors"]]


#: As long as the plugins that are on make it.
ONE_PAGE = ("/problems/",)


@pytest.mark.parametrize("row", READS, ids=lambda row: row.path)
def test_every_list_has_links_that_lead_where_its_envelope_does(row: Row, stage: Any) -> None:
    world, _ = stage
    answer = get(world, row)
    if not is_list(answer) or row.path in ONE_PAGE:
        assert 'rel="next"' not in answer.headers.get("Link", "")
        return
    page = get(world, row, "limit=1")
    links = {relation: url for url, relation in re.findall(r'<([^>]*)>; rel="(\w+)"', page.headers.get("Link", ""))}
    assert links.get("next") == page.json["next"]
    assert links.get("prev") == page.json["previous"]
    if "first" in links:
        first = world.actors[actor_of(row)].get(links["first"])
        assert ids(first) == ids(page)
    if page.json["next"]:
        following = world.actors[actor_of(row)].get(page.json["next"])
        assert not set(ids(following)) & set(ids(page))


@pytest.mark.parametrize("row", POSTS, ids=lambda row: row.path)
def test_every_post_happens_once_for_a_key_and_refuses_a_bad_one(row: Row, stage: Any) -> None:
    world, connection = stage
    letter = actor_of(row)
    body = filled(world, row.body, letter) if row.body is not None else None
    path = world.fill(row.path, letter)
    before = hash_of_rows(connection)
    refused = world.actors[letter].call("POST", path, body, status=422, headers={"Idempotency-Key": "bad key"})
    assert [fault["name"] for fault in refused.json["errors"]] == ["Idempotency-Key"]
    assert hash_of_rows(connection) == before

    cell = connection.begin_nested()
    keyed = {"headers": {"Idempotency-Key": uuid4().hex}}
    first = world.actors[letter].call("POST", path, body, **keyed)
    after = hash_of_rows(connection)
    second = world.actors[letter].call("POST", path, body, **keyed)
    if row.path in ENDS_SESSION:
        assert (first.status_int // 100, second.status_int) == (2, 401)
    elif first.status_int < 400:
        assert second.headers["Idempotent-Replayed"] == "true"
        assert second.status == first.status
        assert second.body == first.body
        assert headers_of(second) == headers_of(first)
    else:
        raise AssertionError(f"{row.path}: {first.status}")
    assert hash_of_rows(connection) == after, "the second one has changed a row"
    cell.rollback()


def test_every_post_of_the_application_is_among_them(stage: Any) -> None:
    world, _ = stage
    posts = {
        shape(service.public_path.removeprefix("/api"))
        for service in world.client.registry.cornice_services.values()
        if "POST" in service.defined_methods
    }
    assert posts - {shape(row.path) for row in POSTS} <= set(REFUSED)


@pytest.mark.parametrize("path", REFUSED)
def test_a_bad_key_is_refused_where_the_matrix_has_no_credentials_too(path: str, stage: Any) -> None:
    world, _ = stage
    refused = world.client.call("POST", f"/api{path}", {}, status=422, headers={"Idempotency-Key": "bad key"})
    assert [fault["name"] for fault in refused.json["errors"]] == ["Idempotency-Key"]

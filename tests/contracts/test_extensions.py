"""Every address that takes extensions, filters and orderings of plugins does what it should with them.

One plugin extends every model there is; then the matrix is acted out by whoever may.
"""

import sys
from collections.abc import Iterator
from typing import Any

import pytest
import sqlalchemy as sa
from pyramid.config import Configurator
from pyramid.exceptions import ConfigurationError

from courseplatform.api import Text, field
from courseplatform.extending import lists_of, schemas_of, writers_of
from courseplatform.testing import PLUGINS, counted_statements, make_app, rolled_back
from courseplatform.validation import Validator
from tests.contracts.matrix import BUILT_IN, MATRIX, Row, shape
from tests.contracts.stage import send
from tests.contracts.test_budgets import budget
from tests.contracts.world import ACTORS, World

COURSE, LESSON = "/courses/{}/", "/courses/{}/lessons/{}/"
ASSIGNMENT = LESSON + "assignments/{}/"
SUBMISSION = ASSIGNMENT + "submissions/{}/"
#: Collections whose items are made by POST and changed by PUT and PATCH.
WHOLE = {
    *("/courses/", f"{COURSE}lessons/", f"{COURSE}reviews/", f"{LESSON}assignments/", f"{ASSIGNMENT}submissions/"),
    *(f"{target}comments/" for target in (LESSON, ASSIGNMENT, SUBMISSION)),
    *("/users/certificates/", "/users/notifications/", "/webhooks/"),
}
WRITABLE = {
    *(f"POST {path}" for path in WHOLE),
    *(f"{method} {path}{{}}/" for method in ("PUT", "PATCH") for path in {*WHOLE, "/users/"}),
    *(f"POST {COURSE}enrollments/", f"POST {COURSE}teachers/", "POST /users/me/tokens/", "PATCH /users/me/"),
    *("POST /oauth/clients/", "PATCH /oauth/clients/{}/", "POST /uploads/"),
}
LISTED = {
    *WHOLE,
    *(f"{COURSE}enrollments/", f"{COURSE}teachers/", "/users/", "/users/me/tokens/", "/users/me/identities/"),
    *("/auth/sessions/", "/oauth/clients/", "/oauth/consents/", "/uploads/"),
}
NAME = "everything_extended"
STORED: list[Any] = []


def extend(config: Configurator, registry: Any) -> None:
    """Extend every model that ``registry`` has addresses for."""

    def filtered(statement: Any, value: str) -> Any:
        return statement.where(sa.false())

    for model in registry["representations"]:
        if has(writers_of, registry, model):
            config.add_extension(model, "extra", load, schema=Text(20), store=lambda *given: STORED.append(given))
        if has(lists_of, registry, model):
            key = sa.cast(sa.inspect(model).primary_key[0], sa.Text)
            config.add_filter(model, "extra", field(Text(20)), filtered)
            config.add_ordering(model, "extra", sa.func.md5(key, type_=sa.Text()))


def has(addresses: Any, registry: Any, model: Any) -> bool:
    try:
        return bool(addresses(registry, model, ""))
    except ConfigurationError:
        return False


def load(request: Any, rows: list[Any]) -> dict[Any, Any]:
    return {row.id: "loaded" for row in rows}


@pytest.fixture(scope="module")
def stage(database_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[World, sa.Connection]]:
    plain = make_app(database_url, tmp_path_factory.mktemp("plain"))
    module = type(sys)(NAME)
    module.includeme = lambda config: extend(config, plain.registry)  # type: ignore[attr-defined]
    sys.modules[NAME] = module
    plugins = {"courseplatform.plugins": " ".join([*PLUGINS, NAME])}
    app = make_app(database_url, tmp_path_factory.mktemp("extended"), **plugins)
    with rolled_back(app) as (client, connection):
        yield World(client), connection
    for registry in (plain.registry, app.registry):
        registry["db.engine"].dispose()
    del sys.modules[NAME]


def extended(world: World, row: Row) -> Any:
    """The schemas of a row's address, if plugins may add to them."""
    for service in world.client.registry.cornice_services.values():
        if shape(service.public_path.removeprefix("/api")) == shape(row.path):
            for method, _, arguments in service.definitions:
                validator = next((v for v in arguments["validators"] if isinstance(v, Validator)), None)
                if method == row.method and validator is not None:
                    schemas = schemas_of(world.client.registry, validator)
                    return None if schemas is validator else schemas
    return None


def allowed(row: Row) -> str:
    """Who may, as the matrix says."""
    return next((letter for letter in ACTORS if row.statuses[ACTORS.index(letter)] < 300), "")


WRITES = [row for row in MATRIX if row.body is not None and row.method in ("POST", "PUT", "PATCH") and allowed(row)]
LISTS = [row for row in MATRIX if row.method == "GET" and row.path.endswith("s/") and allowed(row)]


@pytest.mark.parametrize("row", WRITES, ids=lambda row: f"{row.method} {row.path}")
def test_what_is_written_with_a_resource_is_stored_and_shown(row: Row, stage: Any) -> None:
    world, connection = stage
    STORED.clear()
    takes = extended(world, row) is not None
    cell = connection.begin_nested()
    with counted_statements(world.client.registry) as statements:
        answer = send(world, row._replace(body={**row.body, "extensions": {"extra": "given"}}), allowed(row))
    cell.rollback()
    if not takes:  # OAuth's own addresses ignore what they don't know, as its standard says
        assert answer.status_int >= 400 or row.path.startswith("/oauth/")
        assert STORED == []
        return
    assert answer.status_int == row.statuses[ACTORS.index(allowed(row))], answer.text
    ((_, stored, value),) = STORED
    assert (str(stored.id), value) == (answer.json.get("id", str(stored.id)), "given")
    assert answer.json["extensions"] == {"extra": "loaded"}
    spent = [statement for statement in statements if not statement.startswith("INSERT")]
    assert len(spent) <= budget(row, answer)


def test_a_form_with_a_file_takes_no_extensions(stage: Any) -> None:
    world, _ = stage
    STORED.clear()
    submissions = "/courses/{course}/lessons/{lesson}/assignments/{assignment}/submissions/"
    parts = [("text", "Work"), ("extensions", '{"extra": "given"}')]
    head = '--edge\r\nContent-Disposition: form-data; name="{}"\r\n\r\n{}\r\n'
    body = "".join(head.format(*part) for part in parts) + "--edge--\r\n"
    kind = "multipart/form-data; boundary=edge"
    path = world.fill(submissions, "E")
    answer = world.actors["E"].call("POST", path, raw=body.encode(), content_type=kind, status=422)
    assert [fault["name"] for fault in answer.json["errors"]] == ["extensions"]
    assert answer.json["errors"][0]["detail"] == "is unknown or written by the server only"
    assert STORED == []


@pytest.mark.parametrize("row", LISTS, ids=lambda row: row.path)
def test_a_list_is_filtered_and_ordered_as_a_plugin_says(row: Row, stage: Any) -> None:
    world, _ = stage
    schemas = extended(world, row)
    if schemas is None or "extra" not in schemas.query:
        return

    def ids(query: str) -> list[str]:
        answer = send(world, row._replace(path=f"{row.path}?{query}"), allowed(row))
        return [found.get("id") or found["user_id"] for found in answer.json["results"]]

    assert ids("extra=1") == []
    ordered = ids("ordering=extra")
    assert sorted(ordered) == sorted(ids("limit=20"))
    assert ids("ordering=-extra") == ordered[::-1]


def test_the_addresses_that_can_be_extended(stage: Any) -> None:
    """Which there are, so that none falls out or comes in unnoticed: no facet of an item, no sign-in."""
    world, _ = stage
    writes, lists = set(), set()
    for row in BUILT_IN:
        schemas = extended(world, row)
        if schemas is not None:
            found = lists if row.method == "GET" else writes
            found.add(shape(row.path) if row.method == "GET" else f"{row.method} {shape(row.path)}")
    assert writes == WRITABLE
    assert lists == LISTED

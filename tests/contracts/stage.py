"""Acting in the world of the matrix: every request on one connection, so that it can be taken back."""

import hashlib
import json
import re
from typing import Any

import sqlalchemy as sa

from courseplatform.db import Base
from tests.contracts.matrix import MATRIX, Row
from tests.contracts.world import ACTORS, World


def hash_of_rows(connection: sa.Connection) -> str:
    """A hash over every row of every table."""
    parts = [
        f"SELECT '{name}' AS name, md5(coalesce(string_agg(t::text, '|' ORDER BY t::text), '')) AS hash FROM {name} t"
        for name in sorted(Base.metadata.tables)
    ]
    rows = connection.execute(sa.text(" UNION ALL ".join(parts))).all()
    return hashlib.sha256(repr(sorted(map(tuple, rows))).encode()).hexdigest()


def filled(world: World, body: Any, letter: str) -> Any:
    text = json.dumps(body)
    return json.loads(re.sub(r"\{(\w+)\}", lambda m: world.fill(f"{{{m[1]}}}", letter).removeprefix("/api"), text))


def send(world: World, row: Row, letter: str, headers: dict[str, str] | None = None) -> Any:
    world.restore_file()
    path = world.fill(row.path, letter)
    body = filled(world, row.body, letter) if row.body is not None else None
    match = {"If-Match": "*"} if row.method in ("PUT", "PATCH", "DELETE") else {}
    return world.actors[letter].call(row.method, path, body, headers={**match, **(headers or {})})


def shape(path: str) -> str:
    return re.sub(r"\{[^/]*\}", "{}", path.partition("?")[0])


def services(world: World) -> dict[str, set[str]]:
    """Address without its ids → methods, as registered."""
    found: dict[str, set[str]] = {}
    for service in world.client.registry.cornice_services.values():
        methods = {method for method, _, _ in service.definitions} - {"HEAD", "OPTIONS"}
        found.setdefault(shape(service.public_path.removeprefix("/api")), set()).update(methods)
    return found


def allowed_rows(methods: tuple[str, ...]) -> list[Row]:
    """One row per address and method, with an actor who gets through to the view."""
    found: dict[tuple[str, str], Row] = {}
    for row in MATRIX:
        if row.method in methods and any(status < 300 for status in row.statuses):
            found.setdefault((row.method, shape(row.path)), row)
    return list(found.values())


def actor_of(row: Row) -> str:
    return next(letter for letter, status in zip(ACTORS, row.statuses, strict=True) if status < 300)

"""Acting in the world of the matrix: every request on one connection, so that it can be taken back."""

import hashlib
import json
import re
from typing import Any

import sqlalchemy as sa

from courseplatform.db import Base
from courseplatform.methods import ALL
from tests.contracts.matrix import ACTORS, HOST, MATRIX, Row, shape
from tests.contracts.world import World


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
    world.restore_files()
    path = world.fill(row.path, letter)
    body = filled(world, row.body, letter) if row.body is not None else None
    match = {"If-Match": "*"} if row.method in ("PUT", "PATCH", "DELETE") else {}
    return world.actors[letter].call(row.method, path, body, headers={**match, **(headers or {})})


def listed(registry: Any, category: str) -> list[Any]:
    return [entry["introspectable"] for entry in registry.introspector.get_category(category)]


def views(world: World) -> set[tuple[str, str]]:
    """Method and address without its ids of every view that is registered, as the matrix writes them."""
    registry, found = world.client.registry, set()
    patterns = {route["name"]: route["pattern"] for route in listed(registry, "routes")}
    for view in listed(registry, "views"):
        if view["route_name"] is None:
            continue  # what shows an error has no address
        pattern = patterns[view["route_name"]]
        service = registry.cornice_services.get(pattern)
        if service is not None:
            pattern, methods = service.public_path, {method for method, _, _ in service.definitions}
        else:
            given = view["request_methods"]
            methods = {given} if isinstance(given, str) else set(given or ALL)
        path = pattern.removeprefix("/api") if pattern.startswith("/api/") else f"{HOST}{pattern}"
        found |= {(method, shape(path)) for method in methods - {"HEAD", "OPTIONS"}}
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

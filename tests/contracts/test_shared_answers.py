"""Whatever any write changes of what callers share, the very next answer shows it, cache or not."""

import shutil
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
import sqlalchemy as sa
from redis import Redis

from courseplatform.cache.tokens import PREFIX
from courseplatform.extending import class_at, model_of
from courseplatform.service import Service
from courseplatform.testing import make_app, rolled_back
from courseplatform.validation import validator_of
from tests.contracts.matrix import MATRIX, Row, shape
from tests.contracts.stage import actor_of, allowed_rows, send
from tests.redis_server import RedisServer

pytestmark = pytest.mark.skipif(shutil.which("redis-server") is None, reason="redis-server is not installed")


@pytest.fixture(scope="module")
def stage(database_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Any, sa.Connection]]:
    """As elsewhere, with Redis."""
    from tests.contracts.world import World

    server = RedisServer(tmp_path_factory.mktemp("redis"))
    server.start()
    app = make_app(database_url, tmp_path_factory.mktemp("var"), **{"redis.url": server.url})
    with rolled_back(app) as (client, connection):
        world = World(client)
        world.give_tokens()
        yield world, connection
    app.registry["db.engine"].dispose()
    server.kill()


#: Who holds a role; and programs of theirs, which share nothing.
SHARING, PROGRAMS = (
    {"student": "SELW", "teacher": "TOCR", "admin": "D"},
    {"student": "QF", "teacher": "K", "admin": "N"},
)


def shared_addresses(world: Any) -> list[tuple[str, str]]:
    """What callers share, as lines of the matrix, each with all that it can be expanded by; and by whom."""
    registry = world.client.registry
    found = []
    for service in registry.cornice_services.values():
        if not isinstance(service, Service):
            continue
        node_class = class_at(registry, service.traverse)
        model = node_class and model_of(node_class)
        for method, _, arguments in service.definitions:
            validator = validator_of(arguments)
            if method == "GET" and validator is not None and validator.shared is not None:
                extensions = registry["extensions"].get(model, {}).items()
                shared = {key: extension for key, extension in extensions if extension.shared is not None}
                address = world.fill(line_of(service.public_path), "A")
                found.append((expanded(address, shared), "A"))
                for role in sorted(validator.shared_by):
                    keys = [key for key, extension in shared.items() if role in extension.shared_by]
                    found += [(expanded(address, keys), letter) for letter in SHARING[role] + PROGRAMS[role]]
    return found


def expanded(address: str, keys: Iterable[str]) -> str:
    return f"{address}?expand={','.join(keys)}" if keys else address


def line_of(path: str) -> str:
    """The first line of the matrix for reading this address that is open to everybody."""
    wanted = shape(path.removeprefix("/api"))
    rows = (row for row in MATRIX if row.method == "GET" and shape(row.path) == wanted)
    return next(row.path for row in rows if row.statuses[0] == 200)


def seen(world: Any, addresses: list[tuple[str, str]]) -> list[tuple[int, bytes, Any]]:
    answers = [world.actors[letter].get(address, status=None) for address, letter in addresses]
    return [(one.status_int, one.body if one.status_int == 200 else b"", one.headers.get("ETag")) for one in answers]


@contextmanager
def without_cache(registry: Any) -> Iterator[None]:
    answers, registry["cache.answers"] = registry["cache.answers"], None
    try:
        yield
    finally:
        registry["cache.answers"] = answers


def test_there_are_shared_answers_and_the_second_reader_gets_them(stage: Any) -> None:
    world, _ = stage
    addresses = shared_addresses(world)
    assert len({address for address, _ in addresses}) >= 5
    with without_cache(world.client.registry):
        alone = seen(world, addresses)
    assert seen(world, addresses) == alone == seen(world, addresses)
    roles = {"A": "anonymous"} | {letter: role for role, letters in SHARING.items() for letter in letters}
    audiences = {(address, roles[letter]) for address, letter in addresses if letter in roles}
    with Redis.from_url(world.client.registry.settings["redis.url"]) as redis:
        assert len(redis.keys("courseplatform:cache:answer:*")) == len(audiences)


@pytest.mark.parametrize(
    "row", allowed_rows(("POST", "PUT", "PATCH", "DELETE")), ids=lambda row: f"{row.method} {row.path}"
)
def test_the_next_answer_shows_what_a_write_changed(row: Row, stage: Any) -> None:
    world, connection = stage
    registry, addresses = world.client.registry, shared_addresses(world)
    tokens, topics = registry["cache.tokens"], registry["cache.topics"].all()
    before = tokens.read(topics, PREFIX)
    cell = connection.begin_nested()
    try:
        seen(world, addresses)
        assert send(world, row, actor_of(row)).status_int < 300
        answered = seen(world, addresses)
        with without_cache(registry):
            assert answered == seen(world, addresses)
    finally:
        cell.rollback()
        if tokens.read(topics, PREFIX) != before:  # what was kept since then is of a world that is no more
            tokens.change(topics)

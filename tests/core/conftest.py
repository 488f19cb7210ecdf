"""An application of accounts, courses and the sandbox, so that core is tested without the plugins built on it."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from pyramid.config import Configurator

from courseplatform.testing import Client, committed, make_app, rolled_back, without_environment
from tests.redis_server import RedisServer

SETTINGS = {
    "courseplatform.plugins": "plugins.courses tests.core.sandbox tests.core.rehearsal",
    "database.url": "postgresql://nobody@127.0.0.1:1/nowhere",
    "accounts.token_secret": "kY3r0m5Qx8TzN1vBc7LwJ2hGf9DsA4pE",
    "accounts.argon2_memory_kib": "64",
    "accounts.argon2_rounds": "1",
    "accounts.require_verified_email": "false",
    "http.base_url": "https://courses.test",
    "mail.folder": "/nowhere/mail",
}


def build(*includes: Callable[[Configurator], None], **settings: Any) -> Any:
    """An application of core, accounts, courses and some more ``includeme`` functions. No database is asked."""
    with without_environment(), Configurator(settings={**SETTINGS, **settings}) as config:
        for part in ("courseplatform", "plugins.courses", *includes):
            config.include(part)
        return config.make_wsgi_app()


@pytest.fixture(scope="session")
def sandbox_app(database_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    with without_environment():
        plugins = {"courseplatform.plugins": SETTINGS["courseplatform.plugins"]}
        app = make_app(database_url, tmp_path_factory.mktemp("sandbox"), **plugins)
    yield app
    app.registry["db.engine"].dispose()


@pytest.fixture
def client(sandbox_app: Any) -> Iterator[Client]:
    """An anonymous client of the sandbox; whatever it writes is rolled back after the test."""
    with rolled_back(sandbox_app) as (made, _):
        yield made


@pytest.fixture
def committing_client(sandbox_app: Any) -> Iterator[Client]:
    """An anonymous client of the sandbox whose writes are committed; every table is emptied after the test."""
    with committed(sandbox_app) as made:
        yield made


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RedisServer]:
    made = RedisServer(tmp_path_factory.mktemp("redis"))
    made.start()
    yield made
    made.kill()


@pytest.fixture
def files_folder(sandbox_app: Any) -> Path:
    return sandbox_app.registry["files"].folder

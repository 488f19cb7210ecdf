from collections.abc import Iterator
from typing import Any

import pytest

from courseplatform.testing import Client, make_app, rolled_back
from tests.plugins.oidc.browser import Browser
from tests.plugins.oidc.hostile import CLIENT_ID, CLIENT_SECRET, HostileProvider


@pytest.fixture(scope="package")
def hostile_server() -> Iterator[HostileProvider]:
    made = HostileProvider()
    yield made
    made.close()


@pytest.fixture(scope="package")
def oidc_app(
    database_url: str, hostile_server: HostileProvider, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Any]:
    """The platform with three providers: ``one`` makes accounts, ``closed`` does not, ``down`` is not there."""
    settings = {"oidc.providers": "one closed down", "oidc.redirect_uris": "https://front.test/signed-in"}
    for name in ("one", "closed", "down"):
        settings[f"oidc.{name}.client_id"] = CLIENT_ID
        settings[f"oidc.{name}.client_secret"] = CLIENT_SECRET
        settings[f"oidc.{name}.issuer"] = hostile_server.issuer
    settings["oidc.one.allow_registration"] = "true"
    settings["oidc.down.issuer"] = "http://127.0.0.1:9"
    app = make_app(database_url, tmp_path_factory.mktemp("var"), **settings)
    yield app
    app.registry["db.engine"].dispose()


@pytest.fixture
def provider(hostile_server: HostileProvider, oidc_app: Any) -> HostileProvider:
    """Honest, and known to nobody yet."""
    hostile_server.reset()
    for known in oidc_app.registry["oidc.providers"].values():
        known.cache.clear()
    return hostile_server


@pytest.fixture
def client(oidc_app: Any) -> Iterator[Client]:
    with rolled_back(oidc_app) as (made, _):
        yield made


@pytest.fixture
def browser(client: Client, provider: HostileProvider) -> Browser:
    return Browser(client)

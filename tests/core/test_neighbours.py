"""``when_on``: a neighbour is attached to if it is on, whoever switched it on and in whatever order."""

import sys
from collections.abc import Iterator
from itertools import permutations
from pathlib import Path
from textwrap import dedent
from typing import Any

import pytest
from pyramid.exceptions import ConfigurationError

from courseplatform.testing import Client, make_app

GUEST = """
def includeme(config):
    config.when_on("host", "guest.attach")
    config.when_on(["host", "stranger"], "guest.attach_to_both")

def attach(config):
    config.add_capability("guest_at_host", "attached")

def attach_to_both(config):
    config.add_capability("guest_at_both", "attached")
"""
HOST = """
def includeme(config):
    config.add_capability("host", "on")
"""
FRIEND = """
def includeme(config):
    config.include("host")
    config.add_capability("friend", "on")
"""


@pytest.fixture
def plugins(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    for name, source in (("guest", GUEST), ("host", HOST), ("friend", FRIEND)):
        (tmp_path / f"{name}.py").write_text(dedent(source))
    monkeypatch.syspath_prepend(str(tmp_path))
    yield tmp_path
    for name in ("guest", "host", "friend", "rival"):  # other tests write modules of these names too
        sys.modules.pop(name, None)


def told(database_url: str, folder: Path, *names: str) -> Any:
    app = make_app(database_url, folder, **{"courseplatform.plugins": " ".join(["plugins.accounts", *names])})
    body = Client(app).get("/api/").json
    app.registry["db.engine"].dispose()
    return body["plugins"], set(body["capabilities"]) - {"docs"}  # which core has


def test_a_neighbour_that_is_off_is_not_attached_to_nor_switched_on(database_url: str, plugins: Path) -> None:
    assert told(database_url, plugins, "guest") == (["guest", "plugins.accounts"], set())


@pytest.mark.parametrize("names", [*permutations(["guest", "host"])])
def test_a_neighbour_that_is_on_is_attached_to_in_any_order(database_url: str, plugins: Path, names: Any) -> None:
    assert told(database_url, plugins, *names) == (["guest", "host", "plugins.accounts"], {"host", "guest_at_host"})


@pytest.mark.parametrize("names", [*permutations(["guest", "friend"])])
def test_a_neighbour_that_another_plugin_needs_is_on(database_url: str, plugins: Path, names: Any) -> None:
    on, can = told(database_url, plugins, *names)
    assert on == ["friend", "guest", "host", "plugins.accounts"]
    assert can == {"friend", "host", "guest_at_host"}


def test_an_attachment_conflicts_like_everything_else(database_url: str, plugins: Path) -> None:
    (plugins / "rival.py").write_text(GUEST.replace("guest.", "rival."))
    with pytest.raises(ConfigurationError, match="guest_at_host"):
        told(database_url, plugins, "guest", "host", "rival")

"""``docs/plugins.md`` is followed word for word, the examples of the pages beneath it run, their lists are whole."""

import os
import re
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import fields
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path

import pytest
import requests

from courseplatform.api import Event
from courseplatform.testing import fresh_database
from tests.contracts.api_contract import PLUGINS, directives
from tests.functional.pages import ROOT, blocks, environment, page, typed
from tests.functional.platform import free_port

START_TIMEOUT_S = 60
#: Without a network, and not into the tests' own environment: see ``environment``.
ONLINE = 'pip install -e ".[dev]"'
OFFLINE = "pip install -q --no-deps --no-index --no-build-isolation --target ../installed ."
SERVE = "pserve development.ini"


@pytest.fixture
def folder() -> Iterator[Path]:
    """Not pytest's own: an embedded PostgreSQL may run as another user, and has to get in."""
    with tempfile.TemporaryDirectory(prefix="courseplatform-", ignore_cleanup_errors=True) as made:
        yield Path(made)


@contextmanager
def serving(folder: Path, url: str) -> Iterator[None]:
    log = folder / "pserve.log"
    with log.open("wb") as output:
        process = subprocess.Popen(SERVE.split(), cwd=folder, env=environment(folder), stdout=output, stderr=output)
    try:
        until = time.monotonic() + START_TIMEOUT_S
        while not is_ready(url):
            assert process.poll() is None and time.monotonic() < until, log.read_text()
            time.sleep(0.1)
        yield
    finally:
        process.terminate()
        process.wait(timeout=40)


def is_ready(url: str) -> bool:
    try:
        return requests.get(url + "/health/ready", timeout=2).ok
    except requests.RequestException:
        return False


def check_permissions(folder: Path, server_url: str) -> None:
    """What the plugin's ``contract.py`` says is so."""
    paths = os.pathsep.join(map(str, (folder / "acme_badges", folder / "installed", ROOT)))
    command = f"pytest -q -n 0 -p no:cacheprovider -c {ROOT}/pyproject.toml --rootdir {ROOT} --with-plugin acme_badges"
    tests = f"{ROOT}/tests/contracts/test_permissions.py -k 'acme or every_view'"
    assert "11 passed" in typed(ROOT, f"{command} {tests}", PYTHONPATH=paths, DATABASE_URL=server_url)


def test_who_follows_the_ten_minutes_has_a_running_plugin(folder: Path, server_url: str) -> None:
    text = page("plugins.md")
    port = str(free_port())
    steps = text[text.index("## A plugin in ten minutes") : text.index("## The files")].replace("6543", port)
    *made, serve, look, shown = blocks(steps)
    first, *others = made
    plugin = folder / "acme_badges"
    assert first.text.startswith("courseplatform new-plugin acme_badges\ncd acme_badges\n" + ONLINE)
    typed(folder, first.text.replace(ONLINE, OFFLINE), PYTHONPATH=str(plugin))
    for block in others:
        if block.file:
            block.write(plugin)
        else:
            typed(plugin, block.text)
    assert serve.text.strip() == SERVE
    check_permissions(folder, server_url)
    with serving(plugin, f"http://127.0.0.1:{port}"):
        printed = typed(plugin, look.text)
    assert '"initials":"GT"' in printed
    assert printed.endswith(shown.text)


INI = """
[app:main]
use = egg:courseplatform
courseplatform.plugins = acme_extras plugins.notifications
courseplatform.var_dir = %(here)s/var
accounts.token_secret = kY3r0m5Qx8TzN1vBc7LwJ2hGf9DsA4pE
http.base_url = https://courses.test
mail.folder = %(here)s/mail
"""
SETTINGS = """
[pytest]
addopts = -q -p courseplatform.testing -p no:cacheprovider
courseplatform_plugins = acme_extras plugins.notifications
"""
DIRECTIVES = page("plugins/directives.md")


def test_the_example_of_every_directive_runs(folder: Path, server_url: str) -> None:
    (folder / "platform.ini").write_text(INI)
    (folder / "pytest.ini").write_text(SETTINGS)
    shutil.copy(ROOT / "tests/functional/extras.py", folder / "test_extras.py")
    with fresh_database(server_url) as url:
        for block in blocks(DIRECTIVES):
            if block.file:
                block.write(folder)
        for block in blocks(DIRECTIVES):
            if block.language == "sh":
                typed(folder, block.text, DATABASE_URL=url)
        typed(folder, "ruff format --check -q --line-length 120 acme_*/*.py && pytest test_extras.py", DATABASE_URL=url)


def test_every_directive_has_an_example() -> None:
    calls = set(re.findall(r"config\.(\w+)\(", "".join(block.text for block in blocks(DIRECTIVES))))
    missing = {line.removeprefix("config.").partition("(")[0] for line in directives()} - calls
    assert not missing, f"docs/plugins/directives.md has no example of {', '.join(sorted(missing))}"


EVENTS = page("plugins/events.md")


def event_classes() -> Iterator[tuple[str, type[Event], bool]]:
    """Plugin, class, and whether other plugins may import it; bases of several events are left out."""
    for plugin in PLUGINS:
        if find_spec(f"plugins.{plugin}.events"):
            exported = vars(import_module(f"plugins.{plugin}.api"))
            found = [value for value in vars(import_module(f"plugins.{plugin}.events")).values() if is_event(value)]
            for cls in found:
                if not any(cls in other.__bases__ for other in found):
                    yield plugin, cls, cls.__name__ in exported


def is_event(value: object) -> bool:
    return isinstance(value, type) and issubclass(value, Event) and value is not Event


def test_the_list_of_events_is_whole_and_names_their_fields() -> None:
    rows = re.findall(r"^\| (\w+) `(\w+)` \| `([\w, ]+)` \|", EVENTS, re.MULTILINE)
    told = {(plugin, name): fields for plugin, name, fields in rows}
    assert told == {
        (plugin, cls.__name__): ", ".join(field.name for field in fields(cls) if field.init)
        for plugin, cls, is_exported in event_classes()
        if is_exported
    }


def test_the_list_of_what_only_programs_outside_learn_is_whole() -> None:
    told = dict(re.findall(r"^\| `([\w.]+)` \| `(\w+)` \|", EVENTS, re.MULTILINE))
    assert told == {cls.public_type: cls.__name__ for _, cls, is_exported in event_classes() if not is_exported}

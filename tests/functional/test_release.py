"""A release under load: the old platform serves, the database is migrated, the new one takes over; nobody notices.

Old is the platform without a third party's plugin, new is that with it, which brings a migration and foreign keys to
tables that are in use.
"""

import os
import signal
import ssl
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from http.client import HTTPConnection, HTTPSConnection
from pathlib import Path
from typing import Any

import pytest
import requests
import sqlalchemy as sa

from courseplatform import migrations
from courseplatform.testing import Client, fresh_database, make_app
from plugins.accounts.testing import Actor, make_user
from tests.functional.gateway import NGINX, Nginx, Production
from tests.functional.load import Connect, Load
from tests.functional.platform import ROOT, Platform
from tests.functional.serving import Serving, is_running, wait_until

PLUGIN = "courseplatform_cohorts"
ENVIRON = {
    "PYTHONPATH": str(ROOT / "examples/courseplatform-cohorts"),
    "COURSEPLATFORM_LIMITS_READS": "off",
    "COURSEPLATFORM_LIMITS_WRITES": "off",
}


@pytest.fixture(scope="module")
def folder() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="courseplatform-release-", ignore_cleanup_errors=True) as made:
        yield Path(made)


@contextmanager
def old_world(folder: Path, server_url: str) -> Iterator[Any]:
    """The database of an old platform, reached past HTTP."""
    with fresh_database(server_url) as url:
        migrations.migrate(url)
        made = Client(make_app(url, folder / "var"))
        made.database_url = url  # type: ignore[attr-defined]
        yield made
        made.registry["db.engine"].dispose()


@pytest.fixture(scope="module")
def world(folder: Path, server_url: str) -> Iterator[Any]:
    with old_world(folder, server_url) as made:
        yield made


@pytest.fixture(scope="module")
def teacher(world: Client) -> Actor:
    return make_user(world, "teacher")


@pytest.fixture(scope="module")
def serving(folder: Path, world: Any) -> Iterator[Serving]:
    made = Serving(folder / "app", world.database_url, **ENVIRON)
    try:
        made.start()
        yield made
    finally:
        made.kill()


def put_new_release(platform: Platform) -> None:
    """Onto the disk."""
    text = platform.ini.read_text()
    platform.ini.write_text(text.replace("    plugins.webhooks\n", f"    plugins.webhooks\n    {PLUGIN}\n"))


def migrate(platform: Platform) -> None:
    """As often as it takes: it gives up rather than make readers queue behind it."""
    for _ in range(20):
        try:
            assert f"{PLUGIN} is at 0001" in platform.run("courseplatform", "migrate", platform.ini)
            return
        except AssertionError as error:
            assert "lock timeout" in str(error), error
    raise AssertionError("no lock in twenty tries")


def is_new(url: str) -> bool:
    return "cohorts" in str(requests.get(url + "/api/", timeout=10).json()["plugins"])


def check_nothing_is_lost(load: Load, world: Any) -> None:
    """No request has failed; what was acknowledged is there, once."""
    assert load.failures == []
    with world.registry["db.engine"].connect() as connection:
        titles = connection.scalars(sa.text("SELECT title FROM courses")).all()
    assert len(titles) == len(set(titles))
    assert set(titles) == set(load.acknowledged)
    print(f"{sum(load.answered.values())} requests: {dict(load.answered)}")  # pytest -s shows the figures


def to(port: int) -> Connect:
    return lambda: HTTPConnection("127.0.0.1", port, timeout=30)


def test_sighup_puts_a_release_into_service_once_it_can_serve_and_no_request_fails(
    serving: Serving, world: Any, teacher: Actor
) -> None:
    with Load(to(serving.port), teacher.token) as load:
        load.go_on()
        before = serving.children
        put_new_release(serving)
        os.kill(serving.id, signal.SIGHUP)
        wait_until(lambda: serving.says(f"the tables of {PLUGIN} are at nothing, behind this code"))
        load.go_on()
        assert not any(is_new(serving.url) for _ in range(30))
        migrate(serving)
        wait_until(lambda: not any(map(is_running, before)))
        load.go_on()
        assert is_new(serving.url)
    check_nothing_is_lost(load, world)


def test_the_same_load_sees_processes_that_are_killed(serving: Serving, teacher: Actor) -> None:
    """Else the other tests would be blind."""
    with Load(to(serving.port), teacher.token) as load:
        load.go_on()
        for process_id in serving.children:
            os.kill(process_id, signal.SIGKILL)
        wait_until(lambda: load.failures)


@pytest.mark.skipif(NGINX is None, reason="nginx is not installed")
def test_platforms_behind_nginx_are_replaced_one_after_the_other_and_no_request_fails(
    folder: Path, server_url: str
) -> None:
    with old_world(folder, server_url) as world:
        replace_behind_nginx(folder, world, make_user(world, "teacher").token)


def replace_behind_nginx(folder: Path, world: Any, token: str) -> None:
    platforms = []
    for name in ("a", "b"):
        (folder / name).mkdir()
        platforms.append(Production(folder / name, world.database_url, **ENVIRON))
    servers = "".join(f"server 127.0.0.1:{one.port} fail_timeout=1s; " for one in platforms)
    port = platforms[0].port
    many = {f"server 127.0.0.1:{port};": servers, "rate=100r/s": "rate=10000r/s"}
    nginx = Nginx(folder / "nginx", port, folder / "var", **many)
    context = ssl.create_default_context(cafile=str(nginx.certificate))
    try:
        with ThreadPoolExecutor() as pool:
            list(pool.map(Production.start, platforms))
        nginx.start()
        with Load(lambda: HTTPSConnection("127.0.0.1", nginx.port, timeout=30, context=context), token) as load:
            load.go_on()
            put_new_release(platforms[0])
            migrate(platforms[0])
            first, second = platforms
            first.stop()
            first.start()
            assert is_new(first.url)
            time.sleep(1.1)  # fail_timeout: nginx asks it again
            load.go_on()
            second.stop()
            load.go_on()
        check_nothing_is_lost(load, world)
    finally:
        nginx.stop()
        for one in platforms:
            if one.process is not None:
                one.process.kill()
                one.process.wait()

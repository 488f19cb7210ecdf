"""Fixtures for the tests of core and of the built-in plugins alike."""

import gc
from collections.abc import Generator, Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from courseplatform.files import LocalFiles
from tests.s3_server import S3Server


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Generator[None, object, object]:
    """Modules and thousands of tests are here to stay: looking through them for garbage was a third of the time."""
    gc.disable()
    try:
        return (yield)
    finally:
        gc.freeze()
        gc.enable()


@pytest.fixture(scope="session")
def s3_server() -> Iterator[S3Server]:
    server = S3Server()
    yield server
    server.stop()


@pytest.fixture(params=["on local disk", "in S3"])
def storage(request: pytest.FixtureRequest, tmp_path: Path) -> Any:
    """Each storage that there is, empty: a test that takes it holds for both."""
    if request.param == "on local disk":
        return LocalFiles(tmp_path / "files")
    return request.getfixturevalue("s3_server").files(uuid4().hex)

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa

from tests.functional.platform import Platform
from tests.functional.workshop import Workshop, opened


@pytest.fixture(scope="module")
def platform(pytestconfig: pytest.Config) -> Iterator[Platform]:
    """A platform on a machine that has nothing but Python; ``--with-plugin`` is on there too."""
    # Not pytest's own folder: started by root, PostgreSQL runs as another user, and pytest closes its folder to others.
    with tempfile.TemporaryDirectory(prefix="courseplatform-", ignore_cleanup_errors=True) as folder:
        made = Platform(Path(folder), pytestconfig.getoption("--with-plugin"))
        try:
            made.start()
            yield made
        finally:
            made.stop()


@pytest.fixture(scope="module")
def running(server_url: str) -> Iterator[Workshop]:
    """A workshop with a pool of five workers and a scheduler."""
    with opened(server_url) as made:
        made.start("worker", "--processes", "5")
        made.start("scheduler")
        yield made


@pytest.fixture
def workshop(running: Workshop) -> Workshop:
    """The same, with nothing left to do, and nothing done."""
    running.wait_until(lambda: not running.undone())
    with running.engine.begin() as connection:
        connection.execute(sa.text("TRUNCATE proof_effects, outbox"))
    return running

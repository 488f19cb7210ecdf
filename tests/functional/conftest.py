import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.functional.platform import Platform


@pytest.fixture(scope="module")
def platform() -> Iterator[Platform]:
    """A platform on a machine that has nothing but Python."""
    # Not pytest's own folder: started by root, PostgreSQL runs as another user, and pytest closes its folder to others.
    with tempfile.TemporaryDirectory(prefix="courseplatform-", ignore_cleanup_errors=True) as folder:
        made = Platform(Path(folder))
        try:
            made.start()
            yield made
        finally:
            made.stop()

from collections.abc import Iterator

import pytest

from tests.functional.platform import Platform


@pytest.fixture(scope="module")
def platform(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Platform]:
    """A platform on a machine that has nothing but Python."""
    made = Platform(tmp_path_factory.mktemp("platform"))
    made.start()
    yield made
    made.stop()

"""What the documents name exists."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
NAMED = re.findall(r"`([\w/]+\.py)::(test_\w+)`", (ROOT / "docs/security.md").read_text())


@pytest.mark.parametrize(("path", "test"), NAMED, ids=lambda value: value)
def test_a_test_that_the_security_page_names_exists(path: str, test: str) -> None:
    assert f"def {test}(" in (ROOT / "tests" / path).read_text()


def test_the_security_page_names_tests() -> None:
    assert len(NAMED) > 60

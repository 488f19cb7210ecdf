"""What the documents name exists."""

import re
from pathlib import Path

import pytest

from courseplatform import configure
from courseplatform.inspection.plugins import plugin_lines
from courseplatform.testing import without_environment
from tests.core.conftest import SETTINGS
from tests.functional.pages import blocks, page

ROOT = Path(__file__).resolve().parents[2]
NAMED = re.findall(r"`([\w/]+\.py)::(test_\w+)`", (ROOT / "docs/security.md").read_text())


@pytest.mark.parametrize(("path", "test"), NAMED, ids=lambda value: value)
def test_a_test_that_the_security_page_names_exists(path: str, test: str) -> None:
    assert f"def {test}(" in (ROOT / "tests" / path).read_text()


def test_the_security_page_names_tests() -> None:
    assert len(NAMED) > 60


def test_what_there_is_to_build_upon_is_what_the_command_prints() -> None:
    command, shown = blocks(page("plugins/neighbours.md"))
    on = re.findall(r"plugins\.\w+", (ROOT / "development.ini").read_text())
    with without_environment():
        registry = configure({**SETTINGS, "courseplatform.plugins": " ".join(on)}).registry
    only = re.findall(r'--only "([\w ]+)"', command.text)
    assert shown.text.rstrip() == "\n".join(plugin_lines(registry, only)).rstrip()

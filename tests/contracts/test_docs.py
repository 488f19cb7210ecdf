"""What the documents name exists, and what they say that is answered, is."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

from courseplatform import configure
from courseplatform.inspection.plugins import plugin_lines
from courseplatform.testing import without_environment
from tests.contracts import permissions_page
from tests.contracts.matrix import Row
from tests.contracts.stage import send
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


def test_who_may_what_is_written_from_the_matrix() -> None:
    command = "python -m tests.contracts.permissions_page"
    assert (ROOT / "docs/permissions.md").read_text() == permissions_page.page(), f"stale: {command}"


SUBMISSIONS = "/courses/{course}/lessons/{lesson}/assignments/{assignment}/submissions/"


def test_the_answers_to_why_not_are_those_of_the_platform(stage: Any) -> None:
    world, _ = stage
    section = (ROOT / "docs/clients.md").read_text().partition("\n## Why not?\n")[2].partition("\n## ")[0]
    forbidden, conflict, rights = map(json.loads, re.findall(r"```json\n(.*?)```", section, re.S))
    assert answered(world, "O", Row("POST", SUBMISSIONS, (), {"text": "Mine"})) == forbidden
    assert answered(world, "O", Row("DELETE", "/courses/{course}/", ())) == conflict
    told = answered(world, "E", Row("GET", "/courses/{course}/lessons/?explain=permissions", ()))
    for part in ("permissions", "methods"):
        assert rights[part].items() <= told[part].items()


def answered(world: Any, letter: str, row: Row) -> Any:
    return json.loads(re.sub(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", "…", send(world, row, letter).text))

"""What the documents name exists, and what they say that is answered, is."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

from tests.contracts.matrix import Row
from tests.contracts.stage import send

ROOT = Path(__file__).resolve().parents[2]
NAMED = re.findall(r"`([\w/]+\.py)::(test_\w+)`", (ROOT / "docs/security.md").read_text())


@pytest.mark.parametrize(("path", "test"), NAMED, ids=lambda value: value)
def test_a_test_that_the_security_page_names_exists(path: str, test: str) -> None:
    assert f"def {test}(" in (ROOT / "tests" / path).read_text()


def test_the_security_page_names_tests() -> None:
    assert len(NAMED) > 60


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

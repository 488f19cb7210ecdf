"""What the documents name exists, and what they say that is answered, is."""

import json
import re
from collections import Counter
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
TEST = re.compile(r"`([\w/]+\.py)::(test_\w+)`")
PAGES = {name: (ROOT / "docs" / name).read_text() for name in ("security.md", "trust.md", "trust/asvs.md")}
NAMED = sorted({found for text in PAGES.values() for found in TEST.findall(text)})
#: ``| 1.2.4 | L1 | in short | verdict | why |`` of ASVS, ``| API1 … | verdict | why |`` of the API Top 10.
VERDICT = re.compile(
    r"^\| (?:(\d+\.\d+\.\d+) \| L([12]) \| .*?|API\d+ .*?) \| (held|not held|does not apply) \| (.+) \|$", re.M
)
#: How many rows ASVS 5.0 has of a level.
ASVS_ROWS = {"1": 70, "2": 183}


@pytest.mark.parametrize(("path", "test"), NAMED, ids=lambda value: value)
def test_a_test_that_a_page_names_exists(path: str, test: str) -> None:
    assert f"def {test}(" in (ROOT / "tests" / path).read_text()


def test_the_security_page_names_tests() -> None:
    assert len(TEST.findall(PAGES["security.md"])) > 60


def test_a_rule_that_a_page_names_exists() -> None:
    rules = set(re.findall(r"(?m)^  - id: (.+)$", "".join(path.read_text() for path in ROOT.glob(".ci/semgrep/*.yml"))))
    named = {rule for text in PAGES.values() for rule in re.findall(r"`semgrep: ([^`]+)`", text)}
    assert named and named <= rules


def test_whatever_is_held_names_what_shows_it() -> None:
    for name in ("trust.md", "trust/asvs.md"):
        for row, _, verdict, why in VERDICT.findall(PAGES[name]):
            if verdict == "held":
                assert re.search(r"`[\w/]+\.py::test_|`semgrep: |`ruff: S|\]\(\.\./|[Tt]he same", why), row or why


def test_no_row_of_asvs_is_missing_or_doubled_and_the_sums_are_right() -> None:
    rows = [(row, level, verdict) for row, level, verdict, _ in VERDICT.findall(PAGES["trust/asvs.md"])]
    for names in re.findall(r"(?ms)^Do(?:es)? not apply: (.*?)(?:\n\n|\Z)", PAGES["trust/asvs.md"]):
        without_reasons = re.sub(r"\([^)]*\)", "", names)
        rows += [(row, "2", "does not apply") for row in re.findall(r"\d+\.\d+\.\d+", without_reasons)]
    assert [row for row, times in Counter(row for row, *_ in rows).items() if times > 1] == []
    for level, of_level in ASVS_ROWS.items():
        sums = Counter(verdict for _, of, verdict in rows if of == level)
        line = [level, of_level, sums["held"], sums["not held"], sums["does not apply"]]
        assert sums.total() == of_level
        for name in ("trust.md", "trust/asvs.md"):
            assert f"| {' | '.join(map(str, line))} |\n" in PAGES[name]


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

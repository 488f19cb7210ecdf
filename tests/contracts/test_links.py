"""The documents lead somewhere and leave nothing out: links, settings, the map of the tree, what operators look up."""

import re
import subprocess
from functools import cache
from pathlib import Path

import pytest

from courseplatform import configure
from courseplatform.testing import without_environment
from tests.core.conftest import SETTINGS
from tests.functional.pages import page

ROOT = Path(__file__).resolve().parents[2]
PAGES = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md"), *ROOT.glob("examples/*/*.md")])
CODE = re.compile(r"^```.*?^```|`[^`\n]*`", re.MULTILINE | re.DOTALL)
MENTIONED = re.compile(r"\bdocs/[\w/]+\.md(?:#[\w-]+)?")


@cache
def anchors(path: Path) -> set[str]:
    """Of its headings, as GitLab and GitHub make them."""
    text = re.sub(r"^```.*?^```", "", path.read_text(), flags=re.MULTILINE | re.DOTALL)
    return {
        re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in re.findall("^#+ (.*)$", text, re.M)
    }


def leads_nowhere(page: Path, link: str) -> bool:
    path, _, anchor = link.partition("#")
    there = page.parent / path if path else page
    return not there.exists() or (bool(anchor) and anchor not in anchors(there))


@pytest.mark.parametrize("page", PAGES, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_link_leads_to_a_page_and_a_heading_that_are_there(page: Path) -> None:
    links = re.findall(r"\]\(([^)\s]+)\)", CODE.sub("", page.read_text()))
    assert [link for link in links if "://" not in link and leads_nowhere(page, link)] == []


def test_every_page_that_a_file_names_is_there() -> None:
    files = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True).stdout.split()
    kinds = (".py", ".md", ".ini", ".toml", ".yml", ".sh", ".conf", ".service", ".socket")
    named = {(name, link) for name in files if name.endswith(kinds) for link in MENTIONED.findall(text_of(ROOT / name))}
    assert len(named) > 50
    assert [(name, link) for name, link in sorted(named) if leads_nowhere(ROOT / "README.md", link)] == []


def text_of(path: Path) -> str:
    return path.read_text() if path.exists() else ""  # removed, and not committed yet


def test_every_setting_is_on_the_operators_page_and_no_other() -> None:
    on = re.findall(r"plugins\.\w+", (ROOT / "development.ini").read_text())
    with without_environment():
        registry = configure({**SETTINGS, "courseplatform.plugins": " ".join(on)}).registry
    declared = {entry["introspectable"]["setting"].name for entry in registry.introspector.get_category("settings")}
    rows = re.findall(r"^\| (`.*?) \| ", page("operations/settings.md"), re.MULTILINE)
    written = [name for row in rows for name in re.findall("`([^`]+)`", row)]
    assert len(written) == len(set(written))
    assert set(written) - {"oidc.<name>.…"} == declared


def test_the_map_and_the_operators_contents_leave_nothing_out() -> None:
    readme, contents = (ROOT / "README.md").read_text(), page("operations.md")
    folders = [path for path in (ROOT / "deploy").iterdir() if path.is_dir()]
    assert [path.name for path in folders if f"`deploy/{path.name}/`" not in readme] == []
    assert [path.name for path in ROOT.glob("docs/*.md") if f"](docs/{path.name})" not in readme] == []
    assert [
        path.name for path in ROOT.glob("docs/operations/*.md") if f"](operations/{path.name})" not in contents
    ] == []
    on_it = re.findall(r"^## (.*)$", CODE.sub("", contents), re.MULTILINE)
    listed = re.findall(r"\[([^\]]+)\]\(#", contents.partition("On this page:")[2].partition("\n\n")[0])
    assert [heading for heading in on_it[2:] if heading.partition(" with Google")[0] not in "\n".join(listed)] == []

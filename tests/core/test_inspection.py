"""``courseplatform plugins``, ``tree`` and ``explain``: what they print. Whether explain is right: tests/contracts."""

import json
import sys
from collections.abc import Iterator
from typing import Any

import pytest
from click.testing import CliRunner

from courseplatform.inspection import commands
from courseplatform.testing import Client, make_app
from tests.factories.accounts import make_user
from tests.factories.courses import make_course

BADGES = """
from sqlalchemy import false
from courseplatform.api import Allow, Authenticated, Node, Service, positive_int

class Badges(Node):
    __acl__ = [(Allow, Authenticated, "badge:list")]

badges = Service("badges", "/courses/{course_id}/badges/")

@badges.get(permission="badge:list")
def list_badges(request):
    return {}

def never(user_id, row_id):
    return false()

def load(request, rows):
    return {}

def includeme(config):
    config.include("plugins.courses")
    config.add_setting("badges.limit", positive_int, default=3)
    config.add_setting("badges.key", secret=True)
    config.add_resource_node("plugins.courses.resources.CourseItem", "badges", Badges)
    config.add_local_role("plugins.courses.resources.CourseItem", "collector", never)
    config.add_restriction("plugins.courses.resources.CourseItem", "course:own", "collector")
    config.add_extension("plugins.courses.models.Course", "badges", load)
    config.add_directive("add_badge", lambda config, name: config.action(("badge", name)))
    config.add_badge("gold")
    config.scan(__name__)
"""
KEY = "qX7m2Zt9RfB4kLw8Vn1Pc6Ys3Hd5Gj0A"


@pytest.fixture(scope="module")
def app(database_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    folder = tmp_path_factory.mktemp("badges")
    (folder / "badges_plugin.py").write_text(BADGES)
    sys.path.insert(0, str(folder))
    app = make_app(
        database_url, folder, **{"courseplatform.plugins": "badges_plugin", "badges.key": KEY, "badges.limit": "5"}
    )
    yield app
    sys.path.remove(str(folder))
    del sys.modules["badges_plugin"]
    app.registry["db.engine"].dispose()


@pytest.fixture
def run(app: Any, tmp_path: Any) -> Any:
    ini = tmp_path / "x.ini"
    ini.touch()

    def invoke(name: str, *arguments: str) -> Any:
        return CliRunner().invoke(getattr(commands, name), [str(ini), *arguments], obj=app)

    return invoke


def test_plugins_are_told_with_all_that_they_have_brought(run: Any) -> None:
    told = {facts["name"]: facts for facts in json.loads(run("plugins", "--json").output)}
    assert sorted(told) == ["badges_plugin", "plugins.accounts", "plugins.courses"]
    badges = told["badges_plugin"]
    assert badges["file"].endswith("badges_plugin.py")
    assert badges["distribution"] is None
    assert badges["included_by"] == ["the settings"]
    assert badges["nodes"] == ["CourseItem/badges → Badges"]
    assert badges["services"] == ["/api/courses/{course_id}/badges/ GET"]
    assert badges["settings"] == ["badges.limit (set)", "badges.key (set, secret)"]
    assert badges["extension"] == ["plugins.courses.models.Course badges"]
    assert badges["badge"] == ["gold"], "what a plugin's own directive claims shows up by itself"
    assert badges["restricts"] == ["course:own at CourseItem only for those who hold collector"]
    assert badges["grants_beyond_its_own_nodes"] == [
        "gives the local role collector at plugins.courses.resources.CourseItem, by badges_plugin.never"
    ]
    assert told["plugins.courses"]["included_by"] == ["badges_plugin"]
    assert told["plugins.courses"]["distribution"].startswith("courseplatform ")
    assert "plugins.accounts.jobs.purge_sessions" in told["plugins.accounts"]["periodic job"]


def test_the_same_is_told_to_people_and_no_secret_to_anybody(run: Any) -> None:
    printed = run("plugins").output
    assert "badges_plugin\n" in printed
    assert "    badges.key (set, secret)\n" in printed
    assert KEY not in printed + run("plugins", "--json").output


def test_the_tree_shows_each_node_with_the_permissions_of_its_services(run: Any) -> None:
    lines = [" ".join(line.split()) for line in run("tree").output.splitlines()]
    at = lines.index("/courses/{course}/ CourseItem (plugins.courses)")
    assert "seen by those with course:view" in lines[at:]
    assert "local role collector by badges_plugin" in lines[at:]
    assert "PATCH /api/courses/{course_id}/ course:edit" in lines[at:]
    assert "/courses/{course}/badges/ Badges (badges_plugin)" in lines[at:]
    assert "GET /api/courses/{course_id}/badges/ badge:list" in lines[at:]
    assert "POST /api/auth/login/ everybody" in lines


def test_explain_names_the_line_and_the_node_that_decided(run: Any, app: Any, committed: Any) -> None:
    course, owner, stranger = committed
    told = run("explain", "patch", course, "--as", owner).output
    assert "by plugins.courses, plugins.courses.roles.owns" in told
    assert "Let in by Allow course:" in told
    assert "line 1 of plugins.courses.resources.CourseItem at /courses/" in told
    told = run("explain", "PATCH", course, "--as", stranger).output
    assert "403, forbidden: no line of any ACL" in told
    assert (
        "it would be allowed by Allow role:admin all permissions: line 1 of courseplatform.resources.Root at /" in told
    )
    assert "401, sign in first" in run("explain", "PATCH", course).output


def test_explain_names_the_restriction_that_took_it_away(run: Any, committed: Any) -> None:
    course, owner, _ = committed
    told = run("explain", "DELETE", course, "--as", owner).output
    assert "403, forbidden: taken away at /courses/" in told
    assert "restricted by badges_plugin: course:own at CourseItem only for those who hold collector" in told


@pytest.mark.parametrize(
    ("method", "path", "told"),
    [
        ("GET", "/api/courses/0190a000-0000-7000-8000-000000000000/", "row MISSING"),
        ("GET", "/api/nothing/", "404: no service has this address"),
        ("GET", "/api/courses", "308: the address ends with a slash"),
        ("DELETE", "/api/courses/", "405: this address knows"),
        ("GET", "/api/", "open to everybody"),
        ("GET", "/health/live", "open to everybody"),
        ("POST", "/health/live", "404: this address has no view for POST"),
    ],
)
def test_explain_tells_what_is_no_matter_of_rights(method: str, path: str, told: str, run: Any) -> None:
    done = run("explain", method, path)
    assert done.exit_code == 0
    assert told in done.output


def test_explain_knows_active_users_only(run: Any) -> None:
    done = run("explain", "GET", "/api/", "--as", "nobody")
    assert done.exit_code == 1
    assert "There is no active user 'nobody'." in done.output


@pytest.fixture
def committed(app: Any) -> Iterator[tuple[str, str, str]]:
    """A course, the username of its owner and that of a stranger; rolled back after the test."""
    from courseplatform.testing import rolled_back

    with rolled_back(app) as (client, _):
        owner, stranger = make_user(client, "teacher", username="olga"), make_user(client, username="stan")
        assert isinstance(stranger, Client)
        yield make_course(client, owner), "olga", "stan"

"""The plugins whose routes are added are plugins, and what is made of what they cost."""

from pathlib import Path

import pytest

from benchmarks import routes
from benchmarks.guard import make_app
from courseplatform import testing
from courseplatform.testing import Client
from tests.contracts.own_world import built_in_plugins
from tests.factories.accounts import make_user
from tests.factories.courses import make_course

COUNTS = {"lesson": 100.0, "not modified": 10.0, "forbidden": 10.0, "handing in": 500.0}
FOUND = {"none added": COUNTS, "60 after": COUNTS, "60 before": {**COUNTS, "lesson": 107.0}}


@pytest.fixture
def two_more(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The plugins that are on, the added ones first."""
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setattr(testing, "PLUGINS", list(testing.PLUGINS))
    return routes.orders(tmp_path, [2])["2 before"]


def test_added_plugins_serve_before_the_built_in_ones(two_more: list[str], database_url: str, tmp_path: Path) -> None:
    assert two_more[2:] == built_in_plugins()
    app = make_app(database_url, tmp_path, two_more)
    with testing.rolled_back(app) as (client, _):
        teacher, student = make_user(client, "teacher"), make_user(client, "student")
        course = make_course(client, teacher)
        for number in range(2):
            check(client, teacher, student, course, f"acme-hints-{number}/")
        paths = [route.pattern for route in app.routes_mapper.get_routes() if route.pattern.startswith("/api/")]
    app.registry["db.engine"].dispose()
    added = [place for place, path in enumerate(paths) if "acme-hints" in path]
    assert len(added) == 4
    assert max(added) < min(place for place, path in enumerate(paths) if path.startswith("/api/auth/"))


def check(client: Client, teacher: Client, student: Client, course: str, hints: str) -> None:
    assert client.get(f"{course}{hints}").json == {"hint": "Read it twice."}
    student.put(f"{course}{hints}", status=403)
    teacher.put(f"{course}{hints}")
    client.get(f"/api/{hints}", status=401)
    student.get(f"/api/{hints}")


def test_of_several_rounds_the_least_counts() -> None:
    assert routes.least([{**COUNTS, "lesson": 120.0}, {**COUNTS, "forbidden": 11.0}]) == COUNTS


def test_what_takes_over_five_percent_more_is_told() -> None:
    assert routes.over(FOUND) == ["lesson, with 60 before: 1.070 of what it takes with none"]
    lines = routes.table(FOUND).splitlines()
    assert lines[2] == "| lesson | 100 | 1.000 | 1.070 |"

"""The rules of the house: imports, permissions, plugins that come and go, one migration head."""

import random
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from courseplatform import migrations
from courseplatform.locks import lock_number
from courseplatform.testing import Client, make_app
from tests.contracts.contributions import THIRD_PARTY

ROOT = Path(__file__).resolve().parents[2]

#: What each plugin can't do without, and switches on.
NEEDS = {
    "accounts": set(),
    "courses": {"accounts"},
    "enrollments": {"courses"},
    "lessons": {"enrollments"},
    "assignments": {"lessons"},
    "uploads": {"accounts"},
    "submissions": {"assignments", "uploads"},
    "certificates": {"enrollments"},
    "gradebook": {"submissions"},
    "comments": {"accounts"},
    "notifications": {"accounts"},
    "reviews": {"enrollments"},
    "oauth": {"accounts"},
    "oidc": {"accounts"},
    "webhooks": {"accounts"},
}
PLUGINS = tuple(NEEDS)


def closure(names: set[str]) -> set[str]:
    """The plugins that are on when these are named."""
    found = set(names)
    while more := {need for name in found for need in NEEDS[name]} - found:
        found |= more
    return found


def addresses(app: Any) -> set[str]:
    return {service.public_path for service in app.registry.cornice_services.values()}


def heard_events(app: Any) -> set[Any]:
    entries = app.registry.introspector.get_category("subscribers")
    return {event for entry in entries for event in entry["introspectable"]["interfaces"]}


def names(plugins: Any) -> str:
    return " ".join(f"plugins.{name}" for name in plugins)


def test_imports_follow_the_house() -> None:
    done = subprocess.run(
        [Path(sys.executable).with_name("lint-imports"), "--no-cache"], cwd=ROOT, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stdout


def test_a_plugin_imports_of_its_neighbours_their_api_only() -> None:
    wrong = []
    for path in (ROOT / "plugins").rglob("*.py"):
        own = path.relative_to(ROOT / "plugins").parts[0]
        for line in path.read_text().splitlines():
            found = re.match(r"\s*from plugins\.(\w+)(\.\w+)? import|\s*import plugins\.(\w+)", line)
            doors = (".api", ".testing") if path.name == "testing.py" else (".api",)
            if found and own not in (found[1], found[3]) and found[2] not in doors:
                wrong.append(f"{path.relative_to(ROOT)}: {line.strip()}")
    assert wrong == []


def test_a_plugin_keeps_to_its_own_part_of_the_registry() -> None:
    """What core or a neighbour keeps there is theirs: their directives write it, their functions read it."""
    wrong = []
    for path in (ROOT / "plugins").rglob("*.py"):
        own = path.relative_to(ROOT / "plugins").parts[0]
        for key in re.findall(r'registry(?:\[|\.(?:get|setdefault|pop)\()"([^"]*)"', path.read_text()):
            if not key.startswith(f"{own}."):
                wrong.append(f"{path.relative_to(ROOT)}: {key}")
    assert wrong == []


def test_a_third_partys_example_imports_of_the_platform_what_it_may() -> None:
    wrong = []
    for path in (ROOT / "examples").rglob("*.py"):
        for line in path.read_text().splitlines():
            found = re.match(r"\s*(?:from|import) ((?:courseplatform|plugins)\b(?:\.\w+)*)", line)
            if found and not re.fullmatch(r"courseplatform\.(api|testing)|plugins\.\w+\.api", found[1]):
                wrong.append(f"{path.relative_to(ROOT)}: {line.strip()}")
    assert wrong == []


def test_no_service_is_without_a_permission(wsgi_app: Any) -> None:
    for service in wsgi_app.registry.cornice_services.values():
        for method, _, arguments in service.definitions:
            assert arguments.get("permission"), f"{method} {service.path}"


@pytest.mark.parametrize("name", PLUGINS)
def test_a_plugin_switched_off_leaves_no_address_behind(
    name: str, database_url: str, tmp_path: Path, wsgi_app: Any
) -> None:
    dependents = {other for other in PLUGINS if name in closure({other})}
    rest = [other for other in PLUGINS if other not in dependents]
    app = make_app(database_url, tmp_path, **{"courseplatform.plugins": names(rest) or "plugins.accounts"})
    gone = addresses(wsgi_app) - addresses(app)
    if rest:
        assert gone, f"{name} has no address of its own"
    for service in app.registry.cornice_services.values():
        for _, view, _ in service.definitions:
            assert not view.__module__.startswith(tuple(f"plugins.{other}." for other in dependents if rest))
    if rest:
        off = tuple(f"plugins.{other}." for other in dependents)
        assert not any(factory.__module__.startswith(off) for factory in app.registry["resource.tree"].values())
        assert not any(event.__module__.startswith(off) for event in heard_events(app))
        of_others = [address.replace("/auth/oauth/", "/") for address in addresses(app)]
        assert not any(f"/{name}/" in address for address in of_others)
    on = [f"plugins.{other}" for other in sorted(rest or ["accounts"])]
    assert Client(app).get("/api/").json["plugins"] == on
    app.registry["db.engine"].dispose()


def test_a_plugin_switches_on_what_it_needs_and_nothing_else(database_url: str, tmp_path: Path) -> None:
    for name in PLUGINS:
        app = make_app(database_url, tmp_path, **{"courseplatform.plugins": f"plugins.{name} plugins.demo"})
        on = Client(app).get("/api/").json["plugins"]
        assert on == ["plugins." + other for other in sorted({*closure({name}), "demo"})]
        assert "demo" not in app.registry["commands"]
        app.registry["db.engine"].dispose()


def test_the_demo_is_there_with_what_it_fills(database_url: str, tmp_path: Path) -> None:
    app = make_app(database_url, tmp_path, **{"courseplatform.plugins": names([*PLUGINS, "demo"])})
    assert "demo" in app.registry["commands"]
    app.registry["db.engine"].dispose()


def test_comments_can_be_stored_while_what_they_hang_on_is_partly_off(database_url: str, tmp_path: Path) -> None:
    # In a process of its own: in this one every plugin's tables have been imported.
    code = (
        "from pathlib import Path; from courseplatform.testing import make_app, Base\n"
        f"make_app({database_url!r}, Path({str(tmp_path)!r}), "
        "**{'courseplatform.plugins': 'plugins.comments plugins.lessons'})\n"
        "print([key.column for key in Base.metadata.tables['comments'].foreign_keys])"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True)
    assert "Column('id'" in done.stdout, done.stderr


def test_the_platform_says_what_clients_may_rely_on(wsgi_app: Any) -> None:
    told = Client(wsgi_app).get("/api/").json["capabilities"]
    assert set(told) >= {"public_verification", "oauth_provider", "uploads"}
    assert told["uploads"] == "Work as a file of up to 20971520 bytes"


@pytest.mark.parametrize("seed", range(5))
def test_the_order_of_plugins_has_no_meaning(seed: int, database_url: str, tmp_path: Path, wsgi_app: Any) -> None:
    shuffled = list(PLUGINS)
    random.Random(seed).shuffle(shuffled)
    plugins = [*names(shuffled).split(), *THIRD_PARTY]
    random.Random(seed).shuffle(plugins)
    app = make_app(database_url, tmp_path, **{"courseplatform.plugins": " ".join(plugins)})
    assert addresses(app) == addresses(wsgi_app)
    assert app.registry["resource.tree"] == wsgi_app.registry["resource.tree"]
    assert Client(app).get("/api/courses/").json == {"results": [], "next": None, "previous": None}
    app.registry["db.engine"].dispose()


def test_the_application_can_be_made_twice_in_one_process(database_url: str, tmp_path: Path, wsgi_app: Any) -> None:
    app = make_app(database_url, tmp_path)
    assert addresses(app) == addresses(wsgi_app)
    assert Client(app).get("/api/courses/").status_int == 200
    assert Client(wsgi_app).get("/api/courses/").status_int == 200
    app.registry["db.engine"].dispose()


def test_no_two_advisory_locks_have_one_number() -> None:
    """Two that chose the same would wait for each other: a scheduler at work and whoever demotes an administrator."""
    numbers = []
    for path in [*ROOT.glob("courseplatform/**/*.py"), *ROOT.glob("plugins/**/*.py"), ROOT / "alembic/env.py"]:
        text = path.read_text()
        numbers += [lock_number(name) for name in re.findall(r'lock_number\("([^"]+)"\)', text)]
        numbers += [int(number) for number in re.findall(r"LOCK = ([\d_]+)$", text, re.MULTILINE)]
    assert len(numbers) == len(set(numbers)) == 5


def test_there_is_one_migration_head(database_url: str) -> None:
    assert len(migrations.heads(database_url)) == 1

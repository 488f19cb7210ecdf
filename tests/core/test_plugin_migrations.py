"""Tables of a plugin's own: they come with it, stay out of core's way, and go when they are told to."""

import os
import sys
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from click.testing import CliRunner, Result
from pyramid.config import Configurator
from pyramid.exceptions import ConfigurationConflictError, ConfigurationError

from courseplatform import embedded, histories, migrations
from courseplatform.cli import main
from courseplatform.db import Base
from courseplatform.histories import CORE, History, plugin_history
from courseplatform.testing import fresh_database
from tests.core import acme
from tests.core.conftest import build

PLACE = "acme_badges:migrations"
OWN = {"badges", "badge_awards"}


@pytest.fixture(scope="module")
def core_url(server_url: str) -> Iterator[str]:
    """A database migrated for core, which nobody uses but to copy it."""
    with fresh_database(server_url) as url:
        migrations.migrate(url)
        yield url


@pytest.fixture
def url(core_url: str, server_url: str) -> Iterator[str]:
    """A database of the test's own, migrated for core."""
    name = f"courseplatform_test_{uuid.uuid4().hex[:12]}"
    admin = sa.create_engine(sa.make_url(core_url).set(database="postgres"), isolation_level="AUTOCOMMIT")
    with admin.connect() as connection:
        connection.execute(sa.text(f"CREATE DATABASE {name} TEMPLATE {sa.make_url(core_url).database}"))
    yield sa.make_url(core_url).set(database=name).render_as_string(hide_password=False)
    with admin.connect() as connection:
        connection.execute(sa.text(f"DROP DATABASE {name} WITH (FORCE)"))
    admin.dispose()


@pytest.fixture
def badges(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[History]:
    """The history of an installed plugin with two revisions. Its modules are not imported here."""
    acme.write_badges(tmp_path, _0001_badges=acme.FIRST, _0002_awards=acme.SECOND)
    monkeypatch.syspath_prepend(tmp_path)
    yield plugin_history(PLACE)
    sys.modules.pop("acme_badges", None)
    assert "badges" not in Base.metadata.tables, "other tests empty every table that has a model, and this one is gone"


def execute(url: str, statement: str) -> None:
    with migrations.connected(url) as connection:
        connection.execute(sa.text(statement))


def tables(url: str) -> set[str]:
    with migrations.connected(url) as connection:
        return set(sa.inspect(connection).get_table_names())


def test_a_plugin_has_a_version_table_of_its_own_and_foreign_keys_to_core(url: str, badges: History) -> None:
    before = tables(url)
    migrations.migrate_all(url, [badges])
    assert tables(url) - before == OWN | {"alembic_version_acme_badges"}
    assert migrations.current(url, badges) == ("0002",)
    assert migrations.current(url) == migrations.heads(url)
    with migrations.connected(url) as connection:
        keys = sa.inspect(connection).get_foreign_keys("badges")
        assert {key["referred_table"] for key in keys} == {"users", "courses"}
        assert histories.records(connection)["acme_badges"] == histories.Record(PLACE, ("badge_awards", "badges"))


def test_migrating_twice_changes_nothing(url: str, badges: History) -> None:
    migrations.migrate_all(url, [badges])
    execute(url, "INSERT INTO badge_awards VALUES (NULL)")
    migrations.migrate_all(url, [badges])
    with migrations.connected(url) as connection:
        assert connection.scalar(sa.text("SELECT count(*) FROM badge_awards")) == 1


@pytest.mark.filterwarnings("ignore")
def test_core_does_not_see_what_belongs_to_plugins(url: str, badges: History) -> None:
    migrations.migrate_all(url, [badges])
    migrations.check_drift(url)
    execute(url, "CREATE TABLE left_by_core (id uuid)")
    with pytest.raises(Exception, match="left_by_core"):
        migrations.check_drift(url)


def test_a_plugin_goes_back_without_core(url: str, badges: History) -> None:
    migrations.migrate_all(url, [badges])
    migrations.downgrade(url, "0001", badges)
    assert "badge_awards" not in tables(url)
    assert {"badges", "users"} <= tables(url)
    assert migrations.current(url) == migrations.heads(url)


def test_core_does_not_take_away_what_a_plugin_needs(url: str, badges: History) -> None:
    migrations.migrate_all(url, [badges])
    with pytest.raises(migrations.MigrationError, match=r"core can.t be taken back.*badges"):
        migrations.downgrade(url, "base")
    assert {"badges", "users"} <= tables(url)


def test_a_removed_plugin_leaves_nothing(url: str, badges: History) -> None:
    before = tables(url)
    migrations.migrate_all(url, [badges])
    assert migrations.remove(url, badges) == ("badge_awards", "badges")
    assert tables(url) == before
    assert migrations.forgotten(url, []) == []
    migrations.migrate_all(url, [badges])
    assert tables(url) >= OWN


def test_what_a_careless_downgrade_leaves_is_named(url: str, badges: History) -> None:
    (badges.folder / "0002_awards.py").write_text(acme.SECOND.replace('op.execute("DROP TABLE badge_awards")', "pass"))
    first = badges.folder / "0001_badges.py"
    first.write_text(first.read_text().replace('op.drop_table("badges")', 'op.execute("DROP TABLE badges CASCADE")'))
    migrations.migrate_all(url, [badges])
    with pytest.raises(migrations.MigrationError, match="left badge_awards: drop them by hand and repeat"):
        migrations.remove(url, badges)
    execute(url, "DROP TABLE badge_awards")
    migrations.remove(url, badges)
    assert "alembic_version_acme_badges" not in tables(url)


def test_a_forgotten_plugin_is_named_and_in_nobodys_way(url: str, badges: History) -> None:
    migrations.migrate_all(url, [badges])
    migrations.migrate_all(url, [])
    (sentence,) = migrations.forgotten(url, [])
    assert "acme_badges is not on" in sentence
    assert "badge_awards, badges" in sentence
    assert "courseplatform migrate INI --remove acme_badges" in sentence
    assert migrations.forgotten(url, [badges]) == []


def test_a_plugin_whose_package_is_gone_is_told_with_the_statement_that_ends_it(
    url: str, badges: History, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = tables(url)
    migrations.migrate_all(url, [badges])
    monkeypatch.undo()
    with pytest.raises(migrations.MigrationError) as refused:
        migrations.removable(url, "acme_badges")
    sentence = str(refused.value)
    assert "acme_badges is not installed any more; its tables are still here: badge_awards, badges." in sentence
    assert "Install it again" in sentence
    execute(url, sentence.partition("drop them by hand: ")[2])
    assert tables(url) == before
    assert migrations.forgotten(url, []) == []


def test_an_unknown_plugin_is_told_which_are_there(url: str, badges: History) -> None:
    with pytest.raises(migrations.MigrationError, match="No plugin acme has tables here; these have: none"):
        migrations.removable(url, "acme")
    migrations.migrate_all(url, [badges])
    with pytest.raises(migrations.MigrationError, match="these have: acme_badges"):
        migrations.removable(url, "acme")


@pytest.mark.parametrize(
    "comment", ["NULL", "'by hand'", "'[]'", '\'{"place": "acme_badges:../../tmp", "tables": []}\'']
)
def test_a_record_that_others_have_spoilt_is_never_followed_and_written_anew(
    url: str, badges: History, comment: str
) -> None:
    migrations.migrate_all(url, [badges])
    execute(url, f"COMMENT ON TABLE alembic_version_acme_badges IS {comment}")
    assert migrations.forgotten(url, [])
    with pytest.raises(migrations.MigrationError):
        migrations.removable(url, "acme_badges")
    migrations.migrate_all(url, [badges])
    assert migrations.removable(url, "acme-badges")[0] == badges


@pytest.mark.parametrize("whose", ["core", "acme_badges"])
def test_a_revision_that_only_newer_code_knows_is_told_in_a_sentence(url: str, badges: History, whose: str) -> None:
    migrations.migrate_all(url, [badges])
    history = CORE if whose == "core" else badges
    execute(url, f"UPDATE {history.version_table} SET version_num = '0999'")
    for attempt in (lambda: migrations.migrate_all(url, [badges]), lambda: migrations.downgrade(url, "base", history)):
        with pytest.raises(migrations.MigrationError, match=f"revision 0999 of {whose}, which the code here does not"):
            attempt()


def test_a_revision_that_is_not_there_is_told_in_a_sentence(url: str, badges: History) -> None:
    with pytest.raises(migrations.MigrationError, match="acme_badges: Can't locate revision"):
        migrations.migrate(url, "0777", badges)


def test_a_package_that_does_not_ship_its_folder_is_told_in_a_sentence(url: str, tmp_path: Path) -> None:
    missing = History("acme_badges", ("acme_badges",), tmp_path / "migrations", PLACE)
    with pytest.raises(migrations.MigrationError, match="has to ship it"):
        migrations.migrate(url, history=missing)


def test_a_failed_migration_is_recorded_as_far_as_it_came_and_holds_up_nobody(url: str, badges: History) -> None:
    (badges.folder / "0002_awards.py").write_text(acme.SECOND.replace("REFERENCES badges (id)", "nonsense"))
    with pytest.raises(sa.exc.ProgrammingError) as failed:
        migrations.migrate_all(url, [badges])
    with migrations.connected(url) as connection:  # while the exception, and its frames, are alive
        locks = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND objid = 7206411"
        database = "(SELECT oid FROM pg_database WHERE datname = current_database())"
        assert connection.scalar(sa.text(f"{locks} AND database = {database}")) == 0
    assert failed.value
    assert migrations.current(url, badges) == ("0001",)
    assert migrations.removable(url, "acme_badges")[1].tables == ("badges",)


def package(folder: Path, name: str, *lines: str) -> str:
    acme.write_package(folder, name, {"__init__": "\n    ".join(("def includeme(config):", *lines)) + "\n"})
    return name


def test_what_a_plugin_includes_is_migrated_before_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(tmp_path)
    package(tmp_path, "acme_needed", 'config.add_migrations("acme_needed:migrations")')
    package(tmp_path, "acme_other", 'config.add_migrations("acme_other:migrations")')
    needy = ('config.add_migrations("acme_needy:migrations")', 'config.include("acme_needed")')
    package(tmp_path, "acme_needy", *needy)
    for names in (["acme_other", "acme_needy"], ["acme_needy", "acme_other"], ["acme_needed", "acme_needy"]):
        registry = build(lambda config, names=names: [config.include(name) for name in names] and None).registry
        order = [history.name for history in registry["migrations"]]
        assert order.index("acme_needed") < order.index("acme_needy")
        assert set(order) == {"acme_needed", "acme_needy", *names}


def test_one_plugin_has_one_history(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(tmp_path)
    package(tmp_path, "acme_twice", "pass")

    def first(config: Configurator) -> None:
        config.add_migrations("acme_twice:migrations")

    def second(config: Configurator) -> None:
        config.add_migrations("acme_twice:more")

    with pytest.raises(ConfigurationConflictError, match="acme_twice"):
        build(first, second)


@pytest.mark.parametrize(
    ("place", "fault"),
    [
        ("acme_badges", "does not read"),
        ("acme_badges:../secrets", "does not read"),
        ("acme_badges:/etc", "does not read"),
        ("plugins.courses:migrations", "one lies in the other"),
        ("tests.core.sandbox:migrations", "is a module"),
        ("acme_missing:migrations", "No module named"),
    ],
)
def test_a_folder_that_can_not_be_is_a_fault_at_start_up(place: str, fault: str) -> None:
    with pytest.raises(ConfigurationError, match=fault):
        build(lambda config: config.add_migrations(place))


@pytest.fixture
def command(url: str, badges: History, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Result]:
    """A command of ``courseplatform`` with the plugin on; of the plugin only its ``__init__`` is imported."""
    folder = badges.folder.parent
    (folder / "__init__.py").write_text(acme.INIT.replace(acme.IMPORT_MODELS, ""))
    monkeypatch.setitem(os.environ, "DATABASE_URL", url)

    def run(name: str, *arguments: str, on: str = "acme_badges", **kw: Any) -> Result:
        ini = acme.write_ini(folder.parent, on)
        return CliRunner().invoke(main, [name, str(ini), *arguments], **kw)

    return run


def test_the_command_takes_a_plugin_in_and_back(url: str, command: Callable[..., Result]) -> None:
    done = command("migrate")
    assert "The schema is at 0" in done.output
    assert "acme_badges is at 0002.\n" in done.output
    done = command("migrate", "--down", "--to", "acme_badges@0001")
    assert "acme_badges is at 0001.\n" in done.output
    assert tables(url) & OWN == {"badges"}
    done = command("migrate", "--to", "acme_other@0001")
    assert (done.exit_code, done.output) == (
        1,
        "Error: acme_other is not on, or adds no migrations. Plugins that do: acme_badges.\n",
    )


def test_a_table_in_use_ends_the_command_with_a_sentence(url: str, command: Callable[..., Result]) -> None:
    command("migrate")
    engine = sa.create_engine(url)
    with engine.connect() as reader:
        reader.execute(sa.text("SELECT count(*) FROM badge_awards"))
        done = command("migrate", "--down", "--to", "acme_badges@0001")
    engine.dispose()
    assert done.exit_code == 1
    assert done.output.startswith("Error: Gave up by lock timeout: somebody has been using a table")


def test_the_command_takes_a_plugin_away(url: str, command: Callable[..., Result]) -> None:
    command("migrate")
    done = command("migrate", on="plugins.courses")
    assert done.exit_code == 0
    assert "acme_badges is not on, and its tables are still here: badge_awards, badges." in done.output
    done = command("migrate", "--remove", "acme_badges", on="no.such.plugin", input="n\n")
    assert "(badge_awards, badges)? [y/N]" in done.output
    assert "still on" not in done.output
    done = command("migrate", "--remove", "acme_badges", input="n\n")
    assert "acme_badges is still on: until it is off, what needs its tables fails" in done.output
    assert tables(url) >= OWN
    done = command("migrate", "--remove", "acme_badges", "--yes", on="no.such.plugin")
    assert "acme_badges is removed. Its tables were: badge_awards, badges." in done.output
    assert tables(url) & {*OWN, "alembic_version_acme_badges"} == set()
    done = command("migrate", "--remove", "acme_badges", "--yes")
    assert (done.exit_code, done.output) == (
        1,
        "Error: No plugin acme_badges has tables here; these have: none.\n",
    )


def test_a_configuration_that_is_wrong_ends_the_command_without_a_stack_trace(command: Callable[..., Result]) -> None:
    for done in (command("migrate", on="acme_gone"), command("new-migration", "acme_badges", "x", on="acme_gone")):
        assert done.exit_code == 1
        assert done.output.startswith("Error: ") and "acme_gone" in done.output


def test_a_plugin_that_is_off_gets_no_revision(command: Callable[..., Result]) -> None:
    done = command("new-migration", "acme_badges", "Badges", on="plugins.courses")
    assert done.exit_code == 1
    assert "acme_badges is not on, or adds no migrations" in done.output


def test_two_that_migrate_a_plugin_at_once_wait_for_each_other(url: str, tmp_path: Path) -> None:
    acme.write_badges(tmp_path, _0001_badges=acme.FIRST)
    ini = acme.write_ini(tmp_path, "acme_badges")
    for process in [acme.start(tmp_path, "courseplatform", "migrate", ini, url=url) for _ in range(2)]:
        printed, _ = process.communicate(timeout=120)
        assert process.returncode == 0, printed
        assert "acme_badges is at 0001." in printed


#: Several commands in one process: what one costs is mostly to start.
COMMANDS = """
import sys
from click.testing import CliRunner
from courseplatform.cli import main
for line in sys.argv[1:]:
    done = CliRunner().invoke(main, line.split())
    print(done.exit_code, done.output, end="")
"""


def new_migrations(folder: Path, url: str, *before: str) -> str:
    """What is printed by these commands and then by ``new-migration``."""
    last = f"new-migration {folder / 'platform.ini'} acme_badges Some-badges"
    return acme.run(folder, "python", "-c", COMMANDS, *before, last, url=url)


def test_a_revision_is_written_of_the_plugins_own_tables_only(url: str, tmp_path: Path) -> None:
    package = acme.write_badges(tmp_path)
    ini = acme.write_ini(tmp_path, "acme_badges")
    execute(url, "CREATE TABLE of_somebody_else (id uuid); ALTER TABLE users ADD COLUMN of_core text")

    assert "1 Error: acme_badges has no folder" in new_migrations(tmp_path, url, f"migrate {ini}")
    assert {path.name for path in (package / "migrations").iterdir()} == {"__init__.py", "0001_some_badges.py"}
    first = (package / "migrations" / "0001_some_badges.py").read_text()
    for needed in ('"Some-badges"', "revision = '0001'", "down_revision = None", "ondelete='CASCADE'"):
        assert needed in first
    for target in ("'users.id'", "'courses.id'"):
        assert f"[{target}]" in first
    assert first.count("op.create_table(") == first.count("op.drop_table(") == 1
    assert "of_" not in first and "add_column" not in first and "drop_column" not in first

    again = new_migrations(tmp_path, url, f"new-migration {ini} acme_badges Again", f"migrate {ini}")
    assert "1 Error: acme_badges: Target database is not up to date." in again
    assert "0 The models of acme_badges and its tables agree: nothing to write." in again
    assert len(list((package / "migrations").glob("*.py"))) == 2

    models = (package / "models.py").read_text()
    (package / "models.py").write_text(models.replace("level: Mapped[int]", "rank: Mapped[int]"))
    assert "0002_some_badges.py is written" in new_migrations(tmp_path, url)
    second = (package / "migrations" / "0002_some_badges.py").read_text()
    assert "op.add_column('badges', sa.Column('rank'" in second
    assert "down_revision = '0001'" in second
    assert "table(" not in second


def test_a_table_whose_model_is_gone_is_dropped_by_the_next_revision(url: str, badges: History, tmp_path: Path) -> None:
    migrations.migrate_all(url, [badges])  # badge_awards has no model; that of badges is not imported at start-up
    (tmp_path / "acme_badges" / "__init__.py").write_text(acme.INIT.replace(acme.IMPORT_MODELS, ""))
    acme.write_ini(tmp_path, "acme_badges")
    new_migrations(tmp_path, url)
    written = (badges.folder / "0003_some_badges.py").read_text()
    assert written.partition("def downgrade")[0].count("op.drop_table('badge_awards')") == 1
    assert "'badges'" not in written.partition("def downgrade")[0]


def test_a_revision_by_hand_is_empty(url: str, badges: History, tmp_path: Path) -> None:
    (badges.folder.parent / "models.py").unlink()  # they are imported where there are some
    migrations.migrate_all(url, [badges])
    written = migrations.new_revision(url, badges, "Move the levels", is_empty=True)
    assert written == badges.folder / "0003_move_the_levels.py"
    assert written.read_text().count("    pass") == 2
    migrations.migrate(url, history=badges)
    assert migrations.current(url, badges) == ("0003",)


EMBEDDED_START = """
import sys
from pyramid.paster import get_app
from webtest import TestApp
app = get_app(sys.argv[1])
print("ready", TestApp(app).get("/health/ready").status_int, app.registry["migrations"])
"""


def test_an_embedded_start_migrates_core_and_plugins(server_url: str, tmp_path: Path) -> None:
    acme.write_badges(tmp_path, _0001_badges=acme.FIRST)
    ini = acme.write_ini(tmp_path, "acme_badges", "courseplatform.embedded = true")
    with fresh_database(server_url) as url:
        assert "ready 200" in acme.run(tmp_path, "python", "-c", EMBEDDED_START, ini, url=url)
        assert {"users", "badges"} <= tables(url)


def test_an_embedded_start_says_what_is_forgotten_or_unknown(
    url: str, badges: History, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    migrations.migrate_all(url, [badges])
    settings = {"courseplatform.embedded": "true", "database.url": url, "courseplatform.var_dir": str(tmp_path)}
    registry = build(**settings).registry
    embedded.migrate(registry)
    assert "acme_badges is not on" in capsys.readouterr().err
    execute(url, "UPDATE alembic_version SET version_num = '0999'")
    with pytest.raises(SystemExit, match=r"^The database is at revision 0999 of core"):
        embedded.migrate(registry)


PLUGIN_TEST = """
import sqlalchemy as sa

def test_the_plugins_tables_are_there(client):
    with client.registry["db.engine"].connect() as connection:
        assert connection.scalar(sa.text("SELECT count(*) FROM badges")) == 0
"""


def test_the_tests_of_a_plugin_find_its_tables(server_url: str, tmp_path: Path) -> None:
    acme.write_badges(tmp_path, _0001_badges=acme.FIRST)
    (tmp_path / "pytest.ini").write_text(
        "[pytest]\naddopts = -p courseplatform.testing\ncourseplatform_plugins = acme_badges"
    )
    (tmp_path / "test_badges.py").write_text(PLUGIN_TEST)
    assert "1 passed" in acme.run(tmp_path, "pytest", "-q", "-p", "no:cacheprovider", url=server_url)

"""Backups, and the drill: what is restored is what the database and the storage of files held, at one moment."""

import hashlib
import json
import shutil
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from courseplatform.backups.archive import Archive, BackupError
from courseplatform.backups.making import make_backup
from courseplatform.backups.postgresql import suits
from courseplatform.backups.restoring import HELD, restore_backup
from courseplatform.files import sweep_files
from courseplatform.files.keeping import BACKUP_LOCK
from courseplatform.jobs import OutboxJob, purge_outbox
from courseplatform.jobs.commands import dead
from courseplatform.testing import Client, fresh_database
from tests.factories.files import content, keys
from tests.functional.drill import School, Site
from tests.functional.serving import wait_until
from tests.functional.witness import row_hashes

NewSite = Callable[..., Site]
PURGE = "courseplatform.jobs.outbox.purge_outbox"


@pytest.fixture(scope="module")
def new_site(server_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[NewSite]:
    """Makes sites, each with an empty database."""
    with ExitStack() as stack:

        def make(name: str, **settings: Any) -> Site:
            made = Site(tmp_path_factory.mktemp(name), stack.enter_context(fresh_database(server_url)), **settings)
            stack.callback(made.close)
            return made

        yield make


@pytest.fixture(scope="module")
def school(new_site: NewSite) -> School:
    made = School(new_site("school"))
    for number in range(1, 4):
        made.hand_in(made.students[0], number)
    with made.client.script() as request:
        request.enqueue(purge_outbox)
    return made


@pytest.fixture(scope="module")
def empty(new_site: NewSite) -> Site:
    """A site that nothing is ever restored to."""
    return new_site("empty")


@pytest.fixture(scope="module")
def kept(school: School, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A backup of the school: don't change it."""
    return make_backup(school.site.registry, tmp_path_factory.mktemp("backups"))[0].folder


@pytest.fixture
def changeable(kept: Path, tmp_path: Path) -> Path:
    """A copy of it."""
    return Path(shutil.copytree(kept, tmp_path / kept.name))


def named_files(site: Site) -> dict[str, str]:
    """The hash of each file, by key, as the rows say it."""
    with site.registry["db.engine"].connect() as connection:
        rows = connection.execute(sa.text("SELECT file_key, file_sha256 FROM submissions WHERE file_key IS NOT NULL"))
        return dict(rows.all())


def stored_files(site: Site) -> dict[str, str]:
    """The hash of each file, by key, as it is in the storage."""
    return {key: hashlib.sha256(content(site.files, key)).hexdigest() for key in keys(site.files)}


def is_untouched(site: Site) -> bool:
    return row_hashes(site.url) == {} and keys(site.files) == set()


@pytest.mark.parametrize("place", ["on local disk", "in S3"])
def test_the_drill(place: str, new_site: NewSite, tmp_path: Path, request: pytest.FixtureRequest) -> None:
    """Saved under load and restored elsewhere, every row of the snapshot is there, and every file that one names."""
    storage: list[dict[str, Any]] = [{}, {}]
    if place == "in S3":
        server = request.getfixturevalue("s3_server")
        storage = [server.settings(f"drill-{name}") for name in ("before", "after")]
    site = new_site("before", **storage[0])
    site.put_witness()
    school = School(site)
    with school.under_load(), ThreadPoolExecutor(1) as pool:
        wait_until(lambda: school.written > 2)
        making = pool.submit(make_backup, site.registry, tmp_path)
        wait_until(site.snapshot)
        written = school.written  # what comes now is not in the snapshot; what goes now is
        wait_until(lambda: school.written > written + 6)
        site.go_on()
        archive, _ = making.result(60)
    snapshot = site.snapshot()
    assert snapshot["submissions"][0] > 0

    other = new_site("after", **storage[1])
    assert restore_backup(other.registry, archive.folder).has_same_secrets
    assert row_hashes(other.url) == snapshot
    assert row_hashes(site.url)["submissions"] != snapshot["submissions"]
    assert stored_files(other) == named_files(other)
    # What nothing names any more has waited for the backup, and goes with the sweep.
    assert set(stored_files(site)) > set(named_files(site))
    school.client.clock.move(days=2)
    with school.client.script() as sweeping:
        sweep_files(sweeping)
    assert stored_files(site) == named_files(site)


def test_while_a_backup_is_made_files_are_removed_by_nobody_and_after_it_by_anybody(school: School) -> None:
    client, files = school.client, school.site.files

    def lose_a_file() -> str:
        key: str = files.save(BytesIO(b"x"), 1).key
        with client.script() as request:
            request.delete_file(key)
        return key

    def sweep_in_two_days() -> None:
        client.clock.move(days=2)
        with client.script() as request:
            sweep_files(request)
        client.clock.move(days=-2)

    with sa.create_engine(school.site.url).connect() as connection:
        connection.execute(sa.select(sa.func.pg_advisory_lock(BACKUP_LOCK)))  # as a backup does
        key = lose_a_file()
        sweep_in_two_days()
        assert key in keys(files)
        connection.execute(sa.select(sa.func.pg_advisory_unlock(BACKUP_LOCK)))
    assert lose_a_file() not in keys(files)
    sweep_in_two_days()
    assert key not in keys(files)


def test_no_password_is_among_the_arguments_or_in_the_environment_of_postgresqls_programs(
    school: School, tmp_path: Path
) -> None:
    url = sa.make_url(school.site.url)
    with school.site.registry["db.engine"].connect() as connection:
        role = connection.scalar(sa.text("SELECT current_user"))
    url = url.set(username=url.username or role, password=url.password or "canary %& 'c")
    site = school.site.beside("secretive")
    site.url = url.render_as_string(hide_password=False)
    site.put_witness()
    site.go_on()
    make_backup(site.registry, tmp_path)
    site.close()
    given = (site.folder / "bin" / "given").read_text()
    assert "--snapshot" in given
    assert str(url.password) not in given


def test_a_backup_that_is_killed_is_none_and_holds_up_no_other(school: School, empty: Site, tmp_path: Path) -> None:
    site = school.site.beside("killed")
    site.put_witness()
    making = site.start("backup", tmp_path)
    wait_until(site.snapshot)
    making.kill()
    making.communicate()
    (left,) = tmp_path.iterdir()
    assert left.suffix == ".part"
    with pytest.raises(BackupError, match=r"no manifest\.json"):
        restore_backup(empty.registry, left)
    made, _ = make_backup(school.site.registry, tmp_path)
    assert list(tmp_path.iterdir()) == [made.folder]


def test_a_file_that_the_last_backup_has_is_not_written_again_and_outlives_it(
    school: School, new_site: NewSite, tmp_path: Path
) -> None:
    def inodes(archive: Archive) -> dict[str, int]:
        return {key: (archive.folder / archive.path(key)).stat().st_ino for key in archive.read_sums()}

    first = inodes(make_backup(school.site.registry, tmp_path)[0])
    school.hand_in(school.students[1], 1)
    time.sleep(1)  # a backup is named after its second
    told = school.site.run("backup", tmp_path, "--keep", "1")
    assert "is deleted" in told
    (folder,) = tmp_path.iterdir()
    second = inodes(Archive(folder))
    assert first.items() < second.items()
    assert len(second) == len(first) + 1
    site = new_site("linked")
    restore_backup(site.registry, folder)
    assert stored_files(site) == named_files(site) == named_files(school.site)


def flip(path: Path) -> None:
    body = bytearray(path.read_bytes())
    body[len(body) // 2] ^= 1
    path.write_bytes(body)


DAMAGE: dict[str, Callable[[Archive], object]] = {
    "a byte of the dump": lambda archive: flip(archive.database),
    "the end of the dump": lambda archive: archive.database.write_bytes(archive.database.read_bytes()[:-1]),
    "the dump": lambda archive: archive.database.unlink(),
    "a byte of a file": lambda archive: flip(next(archive.folder.glob("files/*/*"))),
    "a file": lambda archive: next(archive.folder.glob("files/*/*")).unlink(),
    "the list of files": lambda archive: archive.sums.write_text(""),
    "the manifest": lambda archive: archive.manifest.write_text(archive.manifest.read_text()[:-20]),
    "the format": lambda archive: archive.manifest.write_text('{"format": 2}'),
}


@pytest.mark.parametrize("damaged", DAMAGE)
def test_a_backup_that_is_not_as_it_was_made_is_refused_before_anything_is_changed(
    damaged: str, changeable: Path, empty: Site
) -> None:
    DAMAGE[damaged](Archive(changeable))
    with pytest.raises(BackupError):
        restore_backup(empty.registry, changeable)
    assert is_untouched(empty)


def test_a_backup_can_be_checked_with_and_without_the_platform(kept: Path, changeable: Path, empty: Site) -> None:
    Archive(kept).check()
    lines = Archive(kept).sums.read_text().splitlines()
    paths = [line[66:] for line in lines]
    assert lines == [f"{hashlib.sha256((kept / path).read_bytes()).hexdigest()}  {path}" for path in paths]
    flip(next(changeable.glob("files/*/*")))
    assert "SHA-256" in empty.run("restore", changeable, "--check", status=1)


def test_a_database_that_is_not_empty_is_left_alone(kept: Path, school: School, empty: Site) -> None:
    before = row_hashes(school.site.url)
    with pytest.raises(BackupError, match="The database is not empty"):
        restore_backup(school.site.registry, kept)
    assert row_hashes(school.site.url) == before
    with empty.registry["db.engine"].begin() as connection:
        connection.execute(sa.text("CREATE TABLE somebody_elses (id int)"))
    with pytest.raises(BackupError, match="somebody_elses"):
        restore_backup(empty.registry, kept)
    assert keys(empty.files) == set()
    with empty.registry["db.engine"].begin() as connection:
        connection.execute(sa.text("DROP TABLE somebody_elses"))


def test_files_that_are_there_already_are_not_written_again_and_others_not_overwritten(
    kept: Path, new_site: NewSite
) -> None:
    site, archive = new_site("halfway"), Archive(kept)
    key, other = sorted(archive.read_sums())[:2]
    path = site.files.path(key)
    path.parent.mkdir(parents=True)
    shutil.copy(kept / archive.path(key), path)
    inode = path.stat().st_ino
    site.files.put(other, BytesIO(b"other bytes"), 100)
    with pytest.raises(BackupError, match=other):
        restore_backup(site.registry, kept)
    assert row_hashes(site.url) == {}
    site.files.delete(other)
    restored = restore_backup(site.registry, kept)
    assert restored.files_written == restored.manifest.files_count - 1
    assert path.stat().st_ino == inode
    assert stored_files(site) == named_files(site)


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        ({"revisions": {"core": ["9999"]}}, "9999 of core, which the code here does not know"),
        ({"server_version": 990001}, "take 99 or newer"),
    ],
    ids=["code", "server"],
)
def test_what_is_newer_than_what_is_here_is_refused(
    changed: dict[str, Any], told: str, changeable: Path, empty: Site
) -> None:
    manifest = Archive(changeable).manifest
    manifest.write_text(json.dumps({**json.loads(manifest.read_text()), **changed}))
    with pytest.raises(BackupError, match=told):
        restore_backup(empty.registry, changeable)
    assert is_untouched(empty)


def test_jobs_that_were_undone_run_once_or_wait_for_a_word(kept: Path, new_site: NewSite) -> None:
    site = new_site("working")
    assert restore_backup(site.registry, kept).undone == {PURGE: 1}
    client = Client(site.app)
    assert [client.run_jobs() for _ in range(2)] == [1, 0]

    held = new_site("held", **{"accounts.token_secret": "Another9Secret8Of7Thirty6Two5Letters"})
    told = held.run("restore", kept, "--hold-jobs")
    assert f"Held until `jobs retry`: 1 {PURGE}" in told
    assert "The secrets here are not those of the backup" in told
    client = Client(held.app)
    assert client.run_jobs() == 0
    with client.script() as request:
        assert request.db.scalars(sa.select(OutboxJob.last_error).where(*dead(PURGE, ()))).all() == [HELD]


def test_a_file_that_was_lost_before_is_told_and_the_rest_is_saved(school: School, tmp_path: Path) -> None:
    lost, *found = named_files(school.site)
    body = content(school.site.files, lost)
    school.site.files.delete(lost)
    try:
        assert f"1 files that rows name were lost before: {lost}" in school.site.run("backup", tmp_path, status=3)
    finally:
        school.site.files.put(lost, BytesIO(body), len(body))
    (folder,) = tmp_path.iterdir()
    manifest, sums = Archive(folder).check()
    assert (manifest.missing, set(sums)) == ([lost], set(found))


@pytest.mark.parametrize(
    ("program", "server", "is_well"), [(17, 17, True), (16, 15, True), (18, 17, True), (16, 17, False), (17, 16, False)]
)
def test_programs_suit_a_server_that_is_no_newer_and_not_of_before_17(program: int, server: int, is_well: bool) -> None:
    assert suits(program, server) is is_well


def test_programs_that_are_missing_or_too_old_are_named(school: School, tmp_path: Path) -> None:
    site = school.site.beside("poor")
    site.put_program("pg_dump", "echo 'pg_dump (PostgreSQL) 9.6.24'")
    with pytest.raises(BackupError, match="is of PostgreSQL 9 and the server of"):
        make_backup(site.registry, tmp_path)
    (site.folder / "bin" / "pg_dump").unlink()
    with pytest.raises(BackupError, match="There is no pg_dump in"):
        make_backup(site.registry, tmp_path)
    site.close()
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_can_not_be_written_ends_the_command_with_the_reason(school: School) -> None:
    told = school.site.run("backup", "/proc/nowhere", status=1)
    assert told.splitlines()[-1] == "Error: [Errno 2] No such file or directory: '/proc/nowhere'"
    assert "Traceback" not in told


def test_a_database_without_a_schema_has_nothing_to_save(empty: Site, tmp_path: Path) -> None:
    with pytest.raises(BackupError, match="nothing to back up"):
        make_backup(empty.registry, tmp_path)

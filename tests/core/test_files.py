"""Files: limited while they stream, gone with the transaction that saved them."""

import hashlib
import io
import os
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from pyramid.exceptions import ConfigurationConflictError
from sqlalchemy import create_engine, text

from courseplatform.errors import PayloadTooLarge
from courseplatform.files import CHUNK_BYTES, FileOwner, LocalStorage, safe_type, sweep_files
from courseplatform.jobs import PeriodicRun
from courseplatform.migrations import migrate
from courseplatform.testing import Client, fresh_database
from tests.core.conftest import build

FILES = "/api/sandbox/files/"


def stored(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file()]


@pytest.fixture
def folder(files_folder: Path) -> Path:
    for path in stored(files_folder):
        path.unlink()
    return files_folder


def upload(client: Client, body: bytes, then: str = "", status: int = 200) -> Any:
    return client.call("POST", f"{FILES}?then={then}", params=body, status=status)


def test_a_file_is_stored_under_a_key_of_ours_with_size_and_hash(committing_client: Client, folder: Path) -> None:
    answer = upload(committing_client, b"hello").json
    assert answer["size_bytes"] == 5
    assert answer["sha256"] == hashlib.sha256(b"hello").hexdigest()
    (path,) = stored(folder)
    assert path.name == answer["key"]
    assert path.read_bytes() == b"hello"


class Endless(io.RawIOBase):
    """A stream without end that counts what was read of it."""

    def __init__(self) -> None:
        self.read_bytes = 0

    def read(self, size: int = -1) -> bytes:
        self.read_bytes += size
        assert self.read_bytes < 10 * CHUNK_BYTES, "nobody stops reading"
        return b"x" * size


def test_a_stream_is_cut_off_as_soon_as_it_passes_the_limit(tmp_path: Path) -> None:
    stream = Endless()
    with pytest.raises(PayloadTooLarge):
        LocalStorage(tmp_path).save(stream, 3 * CHUNK_BYTES)  # type: ignore[arg-type]
    assert stream.read_bytes == 4 * CHUNK_BYTES
    assert stored(tmp_path) == []


def test_a_file_of_exactly_the_limit_fits(tmp_path: Path) -> None:
    storage = LocalStorage(tmp_path)
    assert storage.save(io.BytesIO(b"12345"), 5).size_bytes == 5
    with pytest.raises(PayloadTooLarge):
        storage.save(io.BytesIO(b"123456"), 5)
    assert len(stored(tmp_path)) == 1


def test_a_stream_that_breaks_leaves_nothing(tmp_path: Path) -> None:
    class Broken(io.RawIOBase):
        def read(self, size: int = -1) -> bytes:
            raise OSError

    with pytest.raises(OSError):
        LocalStorage(tmp_path).save(Broken(), 5)  # type: ignore[arg-type]
    assert stored(tmp_path) == []


def test_too_large_a_file_is_413_and_leaves_nothing(committing_client: Client, folder: Path) -> None:
    answer = upload(committing_client, b"x" * 1001, status=413)
    assert answer.json["code"] == "payload_too_large"
    assert stored(folder) == []


def test_a_file_goes_when_its_transaction_is_rolled_back(committing_client: Client, folder: Path) -> None:
    upload(committing_client, b"hello", "raise", status=409)
    assert stored(folder) == []


def test_a_file_goes_when_its_transaction_can_not_commit(committing_client: Client, folder: Path) -> None:
    upload(committing_client, b"hello", "commit")
    assert len(stored(folder)) == 1
    upload(committing_client, b"hello", "commit", status=409)
    assert len(stored(folder)) == 1


def test_a_deleted_file_goes_after_the_commit_and_stays_without_one(committing_client: Client, folder: Path) -> None:
    upload(committing_client, b"hello")
    committing_client.delete(f"{FILES}?then=raise", status=409)
    assert len(stored(folder)) == 1
    committing_client.delete(FILES)
    assert stored(folder) == []
    committing_client.delete(FILES)  # a file that is gone already is no error


@pytest.mark.parametrize(
    ("name", "content_type"),
    [
        ("a.pdf", "application/pdf"),
        ("A.PDF", "application/pdf"),
        ("a.html", "application/octet-stream"),
        ("a.svg", "application/octet-stream"),
        ("a.js", "application/octet-stream"),
        ("a.pdf.exe", "application/octet-stream"),
        ("a", "application/octet-stream"),
        (".pdf", "application/octet-stream"),
        ("", "application/octet-stream"),
        ("../../etc/passwd", "application/octet-stream"),
    ],
)
def test_a_type_comes_from_our_table_alone(name: str, content_type: str) -> None:
    assert safe_type(name) == content_type


@pytest.mark.parametrize(
    "name", ["report.html", 'a".html', "a\r\nSet-Cookie: x=1", "доклад.pdf", "a;b.txt", "../../x", "%0d%0a", "\\", "🐞"]
)
def test_a_download_is_an_attachment_that_no_browser_runs(committing_client: Client, name: str) -> None:
    upload(committing_client, b"hello")
    answer = committing_client.get(f"{FILES}?name={quote(name)}")
    assert answer.body == b"hello"
    disposition = answer.headers["Content-Disposition"]
    assert disposition.startswith('attachment; filename="')
    assert disposition.isascii() and disposition.isprintable()
    assert disposition.count('"') == 2
    assert disposition.endswith("filename*=UTF-8''" + quote(name, safe=""))
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Content-Security-Policy"].startswith("sandbox")
    assert "html" not in answer.content_type


def test_a_download_is_304_for_who_has_it_and_empty_for_head(committing_client: Client) -> None:
    upload(committing_client, b"hello")
    answer = committing_client.get(FILES)
    committing_client.get(FILES, status=304, headers={"If-None-Match": answer.headers["ETag"]})
    head = committing_client.call("HEAD", FILES, status=200)
    assert head.body == b""
    assert head.headers["Content-Length"] == "5"


@pytest.mark.parametrize("key", ["../../etc/passwd", "", "x", "/etc/passwd", "a/../b"])
def test_a_key_is_a_uuid_and_no_path(tmp_path: Path, key: str) -> None:
    with pytest.raises(ValueError):
        LocalStorage(tmp_path).open(key)


def test_orphans_can_be_found_by_age(tmp_path: Path) -> None:
    storage = LocalStorage(tmp_path)
    old, _ = (storage.save(io.BytesIO(b"x"), 5) for _ in range(2))
    os.utime(storage.path(old.key), (1000, 1000))
    assert list(storage.keys_older_than(2000)) == [old.key]


# The sweep. The sandbox keeps the key of a file in the name of a periodic run.


def keep(client: Client, name: str = "") -> str:
    """A stored file that a row names, unless told another name; its key."""
    key = client.registry["files"].save(io.BytesIO(b"x"), 5).key
    with client.script() as request:
        request.db.add(PeriodicRun(name=name or key, last_run_at=request.now))
    return key


def sweep(client: Client) -> None:
    with client.script() as request:
        sweep_files(request)


def test_the_sweep_deletes_a_file_that_nothing_names_once_it_is_a_day_old(client: Client, folder: Path) -> None:
    kept, lost = keep(client), keep(client, "something else")
    client.clock.move(hours=23)
    sweep(client)
    assert {path.name for path in stored(folder)} == {kept, lost}
    client.clock.move(hours=2)
    sweep(client)
    sweep(client)
    assert [path.name for path in stored(folder)] == [kept]


def test_the_sweep_looks_at_every_file_however_many(
    client: Client, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("courseplatform.files.SWEEP_CHUNK", 2)
    kept = {keep(client) for _ in range(3)}
    for _ in range(4):
        keep(client, f"not the key of {len(stored(folder))}")
    client.clock.move(days=2)
    sweep(client)
    assert {path.name for path in stored(folder)} == kept


def test_while_a_plugin_is_off_the_files_that_its_rows_name_stay(
    client: Client, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept = keep(client)
    sweep(client)  # and remember who owns files
    monkeypatch.setitem(client.registry, "files.owners", [])
    client.clock.move(days=2)
    sweep(client)
    assert [path.name for path in stored(folder)] == [kept]


def test_an_owner_whose_table_is_gone_owns_nothing(client: Client, folder: Path) -> None:
    kept = keep(client)
    with client.script() as request:
        request.db.add(FileOwner(table_name="dropped", column_name="file_key"))
    client.clock.move(days=2)
    sweep(client)
    assert [path.name for path in stored(folder)] == [kept]


def test_one_column_is_declared_once(client: Client) -> None:
    def declare(config: Any) -> None:
        config.add_file_owner("courseplatform.jobs.PeriodicRun.name")

    assert {"table_name": "periodic_runs", "column_name": "name"} in build(declare).registry["files.owners"]
    with pytest.raises(ConfigurationConflictError):
        build(declare, lambda config: declare(config))


def test_students_work_is_known_to_have_an_owner_before_any_sweep(server_url: str) -> None:
    with fresh_database(server_url) as url:
        migrate(url)
        engine = create_engine(url)
        with engine.connect() as connection:
            assert ("submissions", "file_key") in connection.execute(text("TABLE file_owners")).all()
        engine.dispose()

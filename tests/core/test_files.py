"""Files, on local disk and in S3: limited while they stream, gone with the transaction that saved them."""

import errno
import hashlib
import io
import os
import time
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import quote
from uuid import uuid4

import pytest
import requests
from pyramid.exceptions import ConfigurationConflictError
from sqlalchemy import create_engine, event, text

from courseplatform.errors import PayloadTooLarge, Unavailable
from courseplatform.files import CHUNK_BYTES, FileOwner, LocalFiles, safe_type, sweep_files
from courseplatform.files.s3 import PART_BYTES
from courseplatform.jobs import PeriodicRun
from courseplatform.migrations import migrate
from courseplatform.testing import Client, fresh_database
from tests.core.conftest import build
from tests.factories.files import content, keeping_files_in, keys

FILES = "/api/sandbox/files/"


@pytest.fixture
def files(sandbox_app: Any, storage: Any) -> Iterator[Any]:
    """Where the sandbox keeps its files."""
    with keeping_files_in(sandbox_app.registry, storage):
        yield storage


def upload(client: Client, body: bytes, then: str = "", status: int = 200) -> Any:
    return client.call("POST", f"{FILES}?then={then}", params=body, status=status)


def test_a_file_is_stored_under_a_key_of_ours_with_size_and_hash(committing_client: Client, files: Any) -> None:
    answer = upload(committing_client, b"hello").json
    assert answer["size_bytes"] == 5
    assert answer["sha256"] == hashlib.sha256(b"hello").hexdigest()
    assert keys(files) == {answer["key"]}
    assert content(files, answer["key"]) == b"hello"


class Endless(io.RawIOBase):
    """A stream without end that counts what was read of it."""

    def __init__(self) -> None:
        self.read_bytes = 0

    def read(self, size: int = -1) -> bytes:
        self.read_bytes += size
        assert self.read_bytes < 50 * CHUNK_BYTES, "nobody stops reading"
        return b"x" * size


@pytest.mark.parametrize("limit", [3 * CHUNK_BYTES, PART_BYTES + 3 * CHUNK_BYTES])
def test_a_stream_is_cut_off_as_soon_as_it_passes_the_limit(storage: Any, limit: int) -> None:
    stream = Endless()
    with pytest.raises(PayloadTooLarge):
        storage.save(stream, limit)
    assert stream.read_bytes == limit + CHUNK_BYTES
    assert keys(storage) == set()


def test_a_file_of_exactly_the_limit_fits(storage: Any) -> None:
    assert storage.save(io.BytesIO(b"12345"), 5).size_bytes == 5
    with pytest.raises(PayloadTooLarge):
        storage.save(io.BytesIO(b"123456"), 5)
    assert len(keys(storage)) == 1


@pytest.mark.parametrize("size", [0, 1, PART_BYTES - 1, PART_BYTES, PART_BYTES + 1, 2 * PART_BYTES + 7])
def test_a_file_of_any_size_comes_back_byte_by_byte(storage: Any, size: int) -> None:
    whole = os.urandom(size)
    stored = storage.save(io.BytesIO(whole), size)
    assert (stored.size_bytes, stored.sha256) == (size, hashlib.sha256(whole).hexdigest())
    assert content(storage, stored.key) == whole


@pytest.mark.parametrize("good_bytes", [0, 3, PART_BYTES + 3])
def test_a_stream_that_breaks_leaves_nothing(storage: Any, good_bytes: int) -> None:
    class Broken(io.BytesIO):
        def read(self, size: int | None = -1) -> bytes:
            chunk = super().read(size)
            if not chunk:
                raise OSError
            return chunk

    with pytest.raises(OSError):
        storage.save(Broken(b"x" * good_bytes), 10 * PART_BYTES)
    assert keys(storage) == set()


def test_a_key_that_has_a_file_takes_no_other_and_keeps_its_own(tmp_path: Path) -> None:
    storage, key = LocalFiles(tmp_path), str(uuid4())
    storage.put(key, io.BytesIO(b"first"), 10)
    with pytest.raises(FileExistsError):
        storage.put(key, io.BytesIO(b"second"), 10)
    assert storage.path(key).read_bytes() == b"first"


def test_a_file_is_there_whole_or_not_at_all_whenever_its_writer_is_killed(tmp_path: Path) -> None:
    storage, key, seen = LocalFiles(tmp_path), str(uuid4()), []

    class Watched(io.BytesIO):
        def read(self, size: int | None = -1) -> bytes:
            seen.append(storage.path(key).exists())
            return super().read(size)

    storage.put(key, Watched(b"all of it"), 10)
    assert seen
    assert not any(seen)
    assert storage.path(key).read_bytes() == b"all of it"
    assert list(tmp_path.glob("incoming/*")) == []


def test_an_upload_to_s3_that_breaks_is_given_up_part_by_part(s3_server: Any) -> None:
    storage = s3_server.files(uuid4().hex)
    with pytest.raises(PayloadTooLarge):
        storage.save(Endless(), PART_BYTES + 1)
    begun = storage.client.list_multipart_uploads(Bucket=storage.bucket).get("Uploads", [])
    assert [one for one in begun if one["Key"].startswith(storage.prefix)] == []


def test_too_large_a_file_is_413_and_leaves_nothing(committing_client: Client, files: Any) -> None:
    answer = upload(committing_client, b"x" * 1001, status=413)
    assert answer.json["code"] == "payload_too_large"
    assert keys(files) == set()


def test_a_file_goes_when_its_transaction_is_rolled_back(committing_client: Client, files: Any) -> None:
    upload(committing_client, b"hello", "raise", status=409)
    assert keys(files) == set()


def test_a_file_goes_when_its_transaction_can_not_commit(committing_client: Client, files: Any) -> None:
    upload(committing_client, b"hello", "commit")
    assert len(keys(files)) == 1
    upload(committing_client, b"hello", "commit", status=409)
    assert len(keys(files)) == 1


def test_a_file_stays_when_nobody_knows_whether_its_transaction_has_committed(
    committing_client: Client, files: Any
) -> None:
    def lose(connection: Any) -> None:
        connection.connection.dbapi_connection.close()

    engine = committing_client.registry["db.engine"]
    event.listen(engine, "commit", lose)
    try:
        upload(committing_client, b"hello", "commit", status=503)
    finally:
        event.remove(engine, "commit", lose)
    assert len(keys(files)) == 1  # perhaps it did, and the row is there that names it


def test_a_deleted_file_goes_after_the_commit_and_stays_without_one(committing_client: Client, files: Any) -> None:
    upload(committing_client, b"hello")
    committing_client.delete(f"{FILES}?then=raise", status=409)
    assert len(keys(files)) == 1
    committing_client.delete(FILES)
    assert keys(files) == set()
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
def test_a_download_is_an_attachment_that_no_browser_runs(committing_client: Client, files: Any, name: str) -> None:
    upload(committing_client, b"hello")
    for asked in ({}, {"Range": "bytes=0-9"}):
        answer = committing_client.get(f"{FILES}?name={quote(name)}", headers=asked, status=206 if asked else 200)
        assert answer.body == b"hello"
        disposition = answer.headers["Content-Disposition"]
        assert disposition.startswith('attachment; filename="')
        assert disposition.isascii() and disposition.isprintable()
        assert disposition.count('"') == 2
        assert disposition.endswith("filename*=UTF-8''" + quote(name, safe=""))
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert answer.headers["Content-Security-Policy"].startswith("sandbox")
        assert "html" not in answer.content_type


def test_a_download_is_304_for_who_has_it_and_empty_for_head(committing_client: Client, files: Any) -> None:
    upload(committing_client, b"hello")
    answer = committing_client.get(FILES)
    known = committing_client.get(FILES, status=304, headers={"If-None-Match": answer.headers["ETag"]})
    assert known.body == b""
    assert known.headers["ETag"] == answer.headers["ETag"]
    head = committing_client.call("HEAD", FILES, status=200, headers={"Range": "bytes=1-2"})
    assert head.body == b""
    assert head.headers["Content-Length"] == answer.headers["Content-Length"] == "5"
    assert {*answer.headers.items()} - {*head.headers.items()} <= {("X-Request-ID", answer.headers["X-Request-ID"])}


def test_a_download_of_another_version_is_412_if_one_was_named(committing_client: Client, files: Any) -> None:
    upload(committing_client, b"hello")
    committing_client.get(FILES, status=200, headers={"If-Match": '"abc"'})
    committing_client.get(FILES, status=412, headers={"If-Match": '"abd"'})


@pytest.mark.parametrize(
    ("asked", "told", "body"),
    [
        ("bytes=0-0", "bytes 0-0/5", b"h"),
        ("bytes=1-3", "bytes 1-3/5", b"ell"),
        ("bytes=3-", "bytes 3-4/5", b"lo"),
        ("bytes=-2", "bytes 3-4/5", b"lo"),
        ("bytes=0-", "bytes 0-4/5", b"hello"),
        ("bytes=4-4", "bytes 4-4/5", b"o"),
        ("bytes=2-99999999999999999999", "bytes 2-4/5", b"llo"),
        ("bytes=-99999999999999999999", "bytes 0-4/5", b"hello"),
        ("BYTES= 1-1 ", "bytes 1-1/5", b"e"),
    ],
)
def test_a_range_is_sent_by_itself(committing_client: Client, files: Any, asked: str, told: str, body: bytes) -> None:
    upload(committing_client, b"hello")
    answer = committing_client.get(FILES, headers={"Range": asked}, status=206)
    assert (answer.headers["Content-Range"], answer.body) == (told, body)
    assert answer.headers["Content-Length"] == str(len(body))
    assert (answer.headers["ETag"], answer.headers["Accept-Ranges"]) == ('"abc"', "bytes")


@pytest.mark.parametrize("asked", ["bytes=5-", "bytes=5-9", "bytes=-0", "bytes=99999999999999999999-"])
def test_a_range_behind_the_end_is_416_and_tells_the_size(committing_client: Client, files: Any, asked: str) -> None:
    upload(committing_client, b"hello")
    answer = committing_client.get(FILES, headers={"Range": asked}, status=416)
    assert (answer.json["code"], answer.headers["Content-Range"]) == ("range_not_satisfiable", "bytes */5")


@pytest.mark.parametrize(
    "asked",
    [
        *("bytes=3-1", "bytes=-", "bytes=", "bytes", "bytes=a-b", "bytes=1", "bytes=--1", "bytes=1-2-3", "bytes 1-2"),
        *("lines=1-2", "bytes=0-0,2-3", "", "bytes=\u0661-\u0662".encode().decode("latin-1"), "bytes=" + "9" * 5000),
    ],
)
def test_what_is_no_single_range_is_overlooked(committing_client: Client, files: Any, asked: str) -> None:
    upload(committing_client, b"hello")
    answer = committing_client.get(FILES, headers={"Range": asked}, status=200)
    assert answer.body == b"hello"
    assert "Content-Range" not in answer.headers


@pytest.mark.parametrize(
    ("condition", "status"),
    [('"abc"', 206), ('W/"abc"', 200), ('"abd"', 200), ("abc", 200), ("Thu, 26 Nov 2026 18:00:00 GMT", 200)],
)
def test_a_range_is_sent_only_of_the_version_that_the_client_has_a_part_of(
    committing_client: Client, files: Any, condition: str, status: int
) -> None:
    upload(committing_client, b"hello")
    asked = {"Range": "bytes=1-", "If-Range": condition}
    assert committing_client.get(FILES, headers=asked, status=status).body == (b"ello" if status == 206 else b"hello")


def test_who_has_it_gets_no_range_of_it_either(committing_client: Client, files: Any) -> None:
    upload(committing_client, b"hello")
    committing_client.get(FILES, headers={"Range": "bytes=9-", "If-None-Match": '"abc"'}, status=304)


@pytest.fixture
def proxied(sandbox_app: Any, tmp_path: Path) -> Iterator[Any]:
    """Files that the proxy in front sends."""
    with keeping_files_in(sandbox_app.registry, LocalFiles(tmp_path / "files", "/_files/")) as storage:
        yield storage


@pytest.mark.parametrize("asked", [{}, {"Range": "bytes=1-3"}, {"Range": "bytes=1-3", "If-Range": '"abc"'}])
def test_a_proxy_in_front_is_told_where_a_file_lies(committing_client: Client, proxied: Any, asked: Any) -> None:
    key = upload(committing_client, b"hello").json["key"]
    answer = committing_client.get(FILES, headers=asked, status=200)
    assert (answer.body, answer.headers["X-Accel-Redirect"]) == (b"", f"/_files/{key[-2:]}/{key}")
    assert (proxied.folder / key[-2:] / key).read_bytes() == b"hello"


@pytest.mark.parametrize(
    ("asked", "status"),
    [
        ({"If-Match": '"abc"'}, 200),
        ({"If-Match": '"abd"'}, 412),
        ({"If-None-Match": '"abc"'}, 304),
        ({"If-Modified-Since": "Fri, 01 Jan 2100 00:00:00 GMT"}, 200),
        ({"If-Unmodified-Since": "Sat, 01 Jan 2000 00:00:00 GMT"}, 200),
        ({"Range": "bytes=3-1"}, 200),
        ({"Range": "bytes=0-0,2-3"}, 200),
        ({"Range": "bytes=1-3", "If-Range": '"abd"'}, 200),
        ({"Range": "bytes=5-"}, 416),
    ],
)
def test_what_a_proxy_would_judge_otherwise_we_answer(
    committing_client: Client, proxied: Any, asked: dict[str, str], status: int
) -> None:
    upload(committing_client, b"hello")
    answer = committing_client.get(FILES, headers=asked, status=status)
    assert "X-Accel-Redirect" not in answer.headers
    assert status != 200 or answer.body == b"hello"


def test_a_proxy_is_sent_to_no_file_that_is_gone(committing_client: Client, proxied: Any) -> None:
    proxied.delete(upload(committing_client, b"hello").json["key"])
    assert "X-Accel-Redirect" not in committing_client.get(FILES, status=500).headers


def test_a_large_file_is_read_from_where_the_range_begins_and_chunk_by_chunk(storage: Any) -> None:
    whole = os.urandom(PART_BYTES + 1000)
    key = storage.save(io.BytesIO(whole), len(whole)).key
    assert content(storage, key, PART_BYTES)[:1000] == whole[PART_BYTES:]
    stream = storage.open(key, 10, 20)
    assert stream.read(10) == whole[10:20]
    stream.close()


@pytest.mark.parametrize("key", ["../../etc/passwd", "", "x", "/etc/passwd", "a/../b"])
def test_a_key_is_a_uuid_and_no_path(storage: Any, key: str) -> None:
    for read in (storage.open, storage.check, storage.delete, storage.discard):
        with pytest.raises(ValueError):
            read(key)


def test_a_file_that_is_not_there_is_not_found(storage: Any) -> None:
    for read in (storage.open, storage.check):
        with pytest.raises(FileNotFoundError):
            read(str(uuid4()))
    storage.delete(str(uuid4()))


def test_orphans_can_be_found_by_age(tmp_path: Path) -> None:
    storage = LocalFiles(tmp_path)
    old, _ = (storage.save(io.BytesIO(b"x"), 5) for _ in range(2))
    os.utime(storage.path(old.key), (1000, 1000))
    assert list(storage.keys_older_than(2000)) == [old.key]


# Uploads that come by themselves.

HELLO = (5, hashlib.sha256(b"hello").hexdigest())


def send(storage: Any, key: str, body: bytes, size_bytes: int, sha256: str) -> None:
    """Bring bytes to where they were announced; S3's address takes whatever it gets here."""
    address = storage.offer(key, size_bytes, sha256, datetime.now(UTC) + timedelta(hours=1))
    if address is None:
        storage.receive(key, io.BytesIO(body), size_bytes, sha256)
    else:
        answer = requests.request(address.method, address.url, data=body, headers=address.headers, timeout=5)
        answer.raise_for_status()


def test_an_upload_is_taken_under_another_key(storage: Any) -> None:
    key = str(uuid4())
    send(storage, key, b"hello", *HELLO)
    assert keys(storage) == set()
    taken = storage.take(key, *HELLO)
    assert (taken.size_bytes, taken.sha256) == HELLO
    assert keys(storage) == {taken.key} != {key}
    storage.discard(key)
    storage.discard(key)
    assert content(storage, taken.key) == b"hello"


def test_whoever_still_has_the_address_changes_nothing_that_was_taken(storage: Any) -> None:
    key = str(uuid4())
    send(storage, key, b"hello", *HELLO)
    taken = storage.take(key, *HELLO)
    other = (7, hashlib.sha256(b"forgery").hexdigest())
    for _ in range(2):
        send(storage, key, b"forgery", *other)
        assert content(storage, taken.key) == b"hello"
        storage.discard(key)
    send(storage, key, b"hello", *HELLO)
    assert storage.take(key, *HELLO).key != taken.key


@pytest.mark.parametrize("body", [b"hellx", b"hell", b"hello!", b""])
def test_other_bytes_than_announced_are_not_taken(storage: Any, body: bytes) -> None:
    key = str(uuid4())
    try:
        send(storage, key, body, *HELLO)
    except ValueError:
        assert isinstance(storage, LocalFiles)  # which refuses at once
    with pytest.raises(FileNotFoundError):
        storage.take(key, *HELLO)
    assert keys(storage) == set()


def test_who_lies_about_the_size_alone_gets_nothing_taken(storage: Any) -> None:
    key = str(uuid4())
    for size_bytes in (4, 6):
        with suppress(ValueError):
            send(storage, key, b"hello", size_bytes, HELLO[1])
        with pytest.raises(FileNotFoundError):
            storage.take(key, size_bytes, HELLO[1])


def test_a_hash_that_s3_does_not_make_is_made_by_us(s3_server: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    storage = s3_server.files(uuid4().hex)
    copy_object = storage.client.copy_object
    monkeypatch.setattr(
        storage.client,
        "copy_object",
        lambda ChecksumAlgorithm, **kw: copy_object(**kw),  # noqa: N803
    )
    for body, is_taken in ((b"hello", True), (b"hellx", False)):
        key = str(uuid4())
        send(storage, key, body, *HELLO)
        if is_taken:
            assert content(storage, storage.take(key, *HELLO).key) == b"hello"
        else:
            with pytest.raises(FileNotFoundError):
                storage.take(key, *HELLO)
    assert len(keys(storage)) == 1


def test_the_address_of_an_upload_is_signed_over_size_and_hash_and_expires(s3_server: Any) -> None:
    address = s3_server.files("x").offer(str(uuid4()), *HELLO, datetime.now(UTC) + timedelta(minutes=10))
    assert "X-Amz-SignedHeaders=content-length%3Bhost%3Bx-amz-checksum-sha256&" in address.url
    assert "X-Amz-Signature=" in address.url
    expires_s = int(address.url.partition("X-Amz-Expires=")[2].partition("&")[0])
    assert 590 <= expires_s <= 600


def test_what_was_not_taken_goes_when_it_is_old_and_what_was_stays(storage: Any) -> None:
    key = str(uuid4())
    send(storage, key, b"hello", *HELLO)
    storage.discard_older_than(time.time() - 60)
    taken = storage.take(key, *HELLO)
    storage.discard_older_than(time.time() + 60)
    with pytest.raises(FileNotFoundError):
        storage.take(key, *HELLO)
    assert keys(storage) == {taken.key}


def test_a_file_is_as_old_as_its_taking_and_not_as_its_upload(tmp_path: Path) -> None:
    storage, key = LocalFiles(tmp_path), str(uuid4())
    send(storage, key, b"hello", *HELLO)
    os.utime(storage.incoming(key), (1000, 1000))
    storage.take(key, *HELLO)
    assert list(storage.keys_older_than(time.time() - 60)) == []


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


def test_the_sweep_deletes_a_file_that_nothing_names_once_it_is_a_day_old(client: Client, files: Any) -> None:
    kept, lost = keep(client), keep(client, "something else")
    client.clock.move(hours=23)
    sweep(client)
    assert keys(files) == {kept, lost}
    client.clock.move(hours=2)
    sweep(client)
    sweep(client)
    assert keys(files) == {kept}


def test_the_sweep_forgets_an_upload_once_it_is_a_day_old(client: Client, files: Any) -> None:
    key = str(uuid4())
    send(files, key, b"hello", *HELLO)
    client.clock.move(hours=23)
    sweep(client)
    files.take(key, *HELLO)
    client.clock.move(hours=2)
    sweep(client)
    with pytest.raises(FileNotFoundError):
        files.take(key, *HELLO)


def test_the_sweep_looks_at_every_file_however_many(
    client: Client, files: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("courseplatform.files.sweeping.SWEEP_CHUNK", 2)
    kept = {keep(client) for _ in range(3)}
    for number in range(4):
        keep(client, f"not the key of {number}")
    client.clock.move(days=2)
    sweep(client)
    assert keys(files) == kept


def test_while_a_plugin_is_off_the_files_that_its_rows_name_stay(
    client: Client, files: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept = keep(client)
    sweep(client)  # and remember who owns files
    monkeypatch.setitem(client.registry, "files.owners", [])
    client.clock.move(days=2)
    sweep(client)
    assert keys(files) == {kept}


def test_an_owner_whose_table_is_gone_owns_nothing(client: Client, files: Any) -> None:
    kept = keep(client)
    with client.script() as request:
        request.db.add(FileOwner(table_name="dropped", column_name="file_key"))
    client.clock.move(days=2)
    sweep(client)
    assert keys(files) == {kept}


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


def test_a_disk_that_takes_nothing_is_503_and_leaves_nothing(tmp_path: Path) -> None:
    class Full:
        def read(self, size: int) -> bytes:
            raise OSError(errno.ENOSPC, "in place of the disk")

    with pytest.raises(Unavailable):
        LocalFiles(tmp_path).save(Full(), 1000)
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []

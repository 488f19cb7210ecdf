"""S3: away, slow or refusing it is 503 and nothing half done; its connections are kept; downloads may lead there."""

import io
import socket
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
import requests
from pyramid.exceptions import ConfigurationError

from courseplatform.errors import Unavailable
from courseplatform.files import LocalFiles
from courseplatform.files.s3 import PART_BYTES, S3Files
from courseplatform.testing import Client
from tests.core.conftest import build
from tests.factories.files import keeping_files_in, keys
from tests.s3_server import BUCKET, client_of

FILES = "/api/sandbox/files/"


@pytest.fixture
def hole() -> Iterator[str]:
    """Somebody who takes connections and never answers."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"


@pytest.fixture
def nobody() -> str:
    """An address at which nobody listens."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return f"http://127.0.0.1:{listener.getsockname()[1]}"


def files_at(url: str, bucket: str = BUCKET) -> S3Files:
    client = client_of(url)
    return S3Files(client, client, bucket, f"{uuid4().hex}/")


def test_while_s3_is_away_storing_and_reading_are_503(committing_client: Client, s3_server: Any, nobody: str) -> None:
    with keeping_files_in(committing_client.registry, s3_server.files(uuid4().hex)):
        committing_client.call("POST", FILES, params=b"hello", status=200)
    with keeping_files_in(committing_client.registry, files_at(nobody)):
        for method in ("POST", "GET", "HEAD"):
            params = {"params": b"hello"} if method == "POST" else {}
            answer = committing_client.call(method, FILES, status=503, **params)
            assert answer.headers["Retry-After"]


def test_a_bucket_that_is_not_there_is_503_and_no_404(s3_server: Any) -> None:
    storage = files_at(s3_server.url, "elsewhere")
    with pytest.raises(Unavailable):
        storage.save(io.BytesIO(b"hello"), 10)
    with pytest.raises(Unavailable):
        storage.open(str(uuid4()))


def test_whoever_never_answers_is_left_in_time(hole: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("courseplatform.files.s3.READ_S", 0.2)
    storage = files_at(hole)
    begun_s = time.monotonic()
    with pytest.raises(Unavailable):
        storage.save(io.BytesIO(b"hello"), 10)
    assert time.monotonic() - begun_s < 3


def test_what_is_decided_is_done_although_a_file_can_not_be_deleted_then(
    committing_client: Client, s3_server: Any, nobody: str, caplog: pytest.LogCaptureFixture
) -> None:
    storage = s3_server.files(uuid4().hex)
    with keeping_files_in(committing_client.registry, storage):
        committing_client.call("POST", FILES, params=b"hello", status=200)
        with keeping_files_in(committing_client.registry, files_at(nobody)):
            committing_client.delete(FILES, status=204)
        assert len(keys(storage)) == 1
        assert "1 files are left to the sweep" in caplog.text


def test_whoever_deletes_many_files_waits_for_a_storage_that_is_away_once(
    client: Client, nobody: str, caplog: pytest.LogCaptureFixture
) -> None:
    with keeping_files_in(client.registry, files_at(nobody)), client.script() as request:
        for _ in range(20):
            request.delete_file(str(uuid4()))
    assert "20 files are left to the sweep" in caplog.text
    assert caplog.text.count("S3 fails to delete") == 1


def test_files_that_are_deleted_slowly_are_left_to_the_sweep_in_time(
    client: Client, s3_server: Any, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    storage = s3_server.files(uuid4().hex)
    monkeypatch.setattr("courseplatform.files.keeping.PATIENCE_S", 0)
    kept = [storage.save(io.BytesIO(b"x"), 1).key for _ in range(3)]
    with keeping_files_in(client.registry, storage), client.script() as request:
        for key in kept:
            request.delete_file(key)
    assert keys(storage) == set(kept)
    assert "3 files are left to the sweep" in caplog.text


def test_a_large_file_that_can_not_be_ended_leaves_nothing(s3_server: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    storage = s3_server.files(uuid4().hex)

    def refuse(**kw: Any) -> None:
        raise Unavailable

    monkeypatch.setattr(storage.client, "complete_multipart_upload", refuse)
    with pytest.raises(Unavailable):
        storage.save(io.BytesIO(b"x" * (PART_BYTES + 1)), 2 * PART_BYTES)
    assert keys(storage) == set()
    begun = storage.client.list_multipart_uploads(Bucket=storage.bucket).get("Uploads", [])
    assert [one for one in begun if one["Key"].startswith(storage.prefix)] == []


def test_threads_keep_their_connections(s3_server: Any) -> None:
    storage = s3_server.files(uuid4().hex)

    def work(number: int) -> bytes:
        body = storage.open(storage.save(io.BytesIO(b"%d" % number), 10).key)
        try:
            return body.read()
        finally:
            body.close()

    before = s3_server.connections()
    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(work, range(60))) == [b"%d" % number for number in range(60)]
    assert s3_server.connections() - before <= 5  # one more, where one was closed


def test_only_what_is_asked_for_is_read(s3_server: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    storage, asked = s3_server.files(uuid4().hex), []
    key = storage.save(io.BytesIO(b"hello"), 10).key
    get_object = storage.client.get_object
    monkeypatch.setattr(storage.client, "get_object", lambda **kw: asked.append(kw.get("Range")) or get_object(**kw))
    for part in ((), (1, 3), (4, 5)):
        storage.open(key, *part).close()
    assert asked == [None, "bytes=1-2", "bytes=4-4"]


# Downloads that lead to S3.


@pytest.fixture
def redirecting(committing_client: Client, s3_server: Any) -> Iterator[Client]:
    with keeping_files_in(committing_client.registry, s3_server.files(uuid4().hex, has_redirects=True)):
        committing_client.call("POST", FILES, params=b"hello", status=200)
        yield committing_client


def test_a_download_can_lead_to_s3_and_is_an_attachment_there_too(redirecting: Client) -> None:
    answer = redirecting.get(f"{FILES}?name=page.html", status=307)
    assert answer.headers["Cache-Control"] == "no-store"
    assert "ETag" not in answer.headers
    there = requests.get(answer.headers["Location"], headers={"Range": "bytes=1-2"}, timeout=5)
    assert (there.status_code, there.content) == (206, b"el")
    assert there.headers["Content-Type"] == "application/octet-stream"
    assert there.headers["Content-Disposition"].startswith('attachment; filename="page.html"')
    assert "X-Amz-Expires=300" in answer.headers["Location"]


def test_who_has_it_or_asks_for_the_head_is_not_led_there(redirecting: Client) -> None:
    redirecting.get(FILES, status=304, headers={"If-None-Match": '"abc"'})
    assert redirecting.call("HEAD", FILES, status=200).headers["Content-Length"] == "5"


def test_nobody_is_led_to_a_file_that_is_gone(redirecting: Client) -> None:
    redirecting.registry["files"].delete(redirecting.registry["sandbox.key"])
    redirecting.get(FILES, status=500)  # the sandbox's way with a file that is not found


# Settings.


def test_the_settings_name_the_storage(s3_server: Any, tmp_path: Path) -> None:
    assert isinstance(build().registry["files"], LocalFiles)
    app = build(**s3_server.settings("some/where", **{"files.redirects": "true"}))
    storage = app.registry["files"]
    assert (storage.bucket, storage.prefix, storage.has_redirects) == (BUCKET, "some/where/", True)
    key = storage.save(io.BytesIO(b"hello"), 10).key
    found = s3_server.client.list_objects_v2(Bucket=BUCKET, Prefix="some/where/")["Contents"]
    assert [one["Key"] for one in found] == [f"some/where/files/{key}"]


def test_others_may_know_s3_by_another_name(s3_server: Any) -> None:
    public = {"files.s3_public_endpoint": "https://s3.example.org", "files.redirects": "true"}
    storage = build(**s3_server.settings("x", **public)).registry["files"]
    key = storage.save(io.BytesIO(b"hello"), 10).key
    url = storage.address_of(key, disposition="attachment", content_type="text/plain")
    assert url.startswith(f"https://s3.example.org/{BUCKET}/x/files/{key}?")


@pytest.mark.parametrize(
    ("settings", "told"),
    [
        ({"files.url": "/var/files"}, "files.url"),
        ({"files.url": "s3:///prefix"}, "files.url"),
        ({"files.url": "s3://key:secret@bucket"}, "files.url"),
        ({"files.url": "s3://b", "files.s3_endpoint": "minio:9000"}, "files.s3_endpoint"),
        ({"files.url": "s3://b", "files.s3_access_key_id": "a"}, "files.s3_access_key_id"),
        ({"files.url": "s3://b", "files.s3_secret_access_key": "short"}, "files.s3_secret_access_key"),
        ({"files.url": "s3://b", "files.accel_prefix": "/_files/"}, "files.accel_prefix"),
        ({"files.accel_prefix": "/_files"}, "files.accel_prefix"),
        ({"files.accel_prefix": "/api/files/"}, "files.accel_prefix"),
        ({"files.accel_prefix": "/_files/../"}, "files.accel_prefix"),
    ],
)
def test_what_can_not_work_is_said_at_the_start(settings: dict[str, str], told: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        build(**settings)
    assert told in str(caught.value)


def test_without_boto3_it_is_said_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("courseplatform.files.find_spec", lambda name: None)
    with pytest.raises(ConfigurationError, match=r"courseplatform\[s3\]"):
        build(**{"files.url": "s3://bucket"})

"""Uploads: announced, brought and given up; on local disk and in S3 alike."""

import hashlib
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from typing import Any

import pytest
from pyramid.exceptions import ConfigurationError
from sqlalchemy import select

from courseplatform.files import LocalFiles, sweep_files
from courseplatform.limits import rate
from courseplatform.testing import Client, Queue, make_app
from plugins.uploads.jobs import purge_uploads
from plugins.uploads.models import Upload
from tests.factories.accounts import Actor, make_user
from tests.factories.files import content, keeping_files_in, keys
from tests.factories.uploads import UPLOADS, announced, begin, bring, uploaded


@pytest.fixture(autouse=True)
def files(wsgi_app: Any, storage: Any) -> Iterator[Any]:
    """Every test here holds for each storage."""
    with keeping_files_in(wsgi_app.registry, storage):
        yield storage


def take(client: Client, upload_id: str) -> Any:
    """What is stored once an upload is used; None if nothing can be."""
    with client.script() as request:
        upload = request.db.get_one(Upload, upload_id)
        try:
            return request.take_upload(*upload.announced)
        except FileNotFoundError:
            return None


def test_an_upload_is_announced_and_told_where_to_go(student: Actor, files: Any) -> None:
    made = student.post(UPLOADS, announced(b"hello", name="../My work.PDF"))
    body = made.json
    assert {name: body[name] for name in ("name", "size_bytes", "sha256", "consumed_at")} == {
        "name": "My work.PDF",
        "size_bytes": 5,
        "sha256": hashlib.sha256(b"hello").hexdigest(),
        "consumed_at": None,
    }
    life = datetime.fromisoformat(body["expires_at"]) - datetime.fromisoformat(body["created_at"])
    assert life.total_seconds() == 24 * 3600
    assert body["upload"]["method"] == "PUT"
    shown = student.get(made.headers["Location"]).json
    assert shown == {name: value for name, value in body.items() if name != "upload"}
    assert student.get(UPLOADS).json["results"] == [shown]
    assert bring(student, body) in (200, 204)
    assert content(files, take(student, body["id"]).key) == b"hello"


def test_it_may_be_brought_again_and_only_whole(client: Client, student: Actor) -> None:
    begun = begin(student)
    assert take(client, begun["id"]) is None
    for _ in range(2):
        assert bring(client, begun) in (200, 204)
    assert take(client, begun["id"]) is not None


@pytest.mark.parametrize("body", [b"hellx", b"hell", b"hello!", b"", b"hello" * 1000])
def test_other_bytes_are_never_taken(client: Client, student: Actor, files: Any, body: bytes) -> None:
    begun = begin(student)
    status = bring(client, begun, body)
    assert status == 400 or not isinstance(files, LocalFiles)  # S3 itself answers 400 or 403, but not the tests' one
    assert take(client, begun["id"]) is None
    assert keys(files) == set()


@pytest.mark.parametrize(
    ("changes", "faulty"),
    [
        ({"size_bytes": -1}, "size_bytes"),
        ({"size_bytes": 0}, "size_bytes"),
        ({"size_bytes": 2**63}, "size_bytes"),
        ({"size_bytes": 5.0}, "size_bytes"),
        ({"size_bytes": "5"}, "size_bytes"),
        ({"sha256": "0" * 63}, "sha256"),
        ({"sha256": "0" * 65}, "sha256"),
        ({"sha256": "A" * 64}, "sha256"),
        ({"sha256": "g" * 64}, "sha256"),
        ({"sha256": "\u0661" * 64}, "sha256"),
        ({"name": ""}, "name"),
        ({"name": "x" * 256}, "name"),
        ({"key": "mine"}, "key"),
        ({"owner_id": "00000000-0000-7000-8000-000000000000"}, "owner_id"),
    ],
)
def test_what_can_not_be_announced_is_422(student: Actor, changes: dict[str, Any], faulty: str) -> None:
    refused = student.post(UPLOADS, announced(**changes), 422).json
    assert [fault["name"] for fault in refused["errors"]] == [faulty]


def test_more_than_the_limit_is_413(student: Actor) -> None:
    limit = student.registry.settings["uploads.max_file_bytes"]
    student.post(UPLOADS, announced(size_bytes=limit + 1), 413)
    student.post(UPLOADS, announced(size_bytes=limit), 201)


def test_unused_uploads_are_limited_and_a_deleted_one_makes_room(client: Client, student: Actor) -> None:
    limit = student.registry.settings["uploads.max_open"]
    begun = [begin(student) for _ in range(limit)]
    assert student.post(UPLOADS, announced(), 409).json["code"] == "uploads_exhausted"
    begin(make_user(client))
    student.delete(f"{UPLOADS}{begun[0]['id']}/")
    begin(student)
    student.post(UPLOADS, announced(), 409)
    client.clock.move(hours=25)
    begin(student)


def test_who_gives_up_what_they_begin_begins_only_so_many_in_an_hour(
    client: Client, student: Actor, admin: Actor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(client.registry.settings, "limits.uploads", rate("3/hour"))
    monkeypatch.setitem(client.registry, "limits", type(client.registry["limits"])(None))
    for _ in range(3):
        student.delete(f"{UPLOADS}{begin(student)['id']}/")
    student.post(UPLOADS, announced(), status=429)
    begin(admin)


def test_an_upload_is_its_owners_alone(client: Client, student: Actor, admin: Actor) -> None:
    address = f"{UPLOADS}{begin(student)['id']}/"
    for other in (make_user(client), make_user(client, "teacher"), admin):
        other.get(address, 404)
        other.delete(address, 404)
        assert other.get(UPLOADS).json["results"] == []
    client.get(address, 401)
    student.get(address)


def test_a_deleted_upload_goes_with_its_bytes(client: Client, student: Actor, files: Any) -> None:
    begun = begin(student)
    bring(client, begun)
    student.delete(f"{UPLOADS}{begun['id']}/")
    student.get(f"{UPLOADS}{begun['id']}/", 404)
    with pytest.raises(FileNotFoundError):
        files.take(begun["id"], begun["size_bytes"], begun["sha256"])


def test_after_a_day_nothing_is_left_of_it(client: Client, student: Actor, files: Any) -> None:
    begun = begin(student)
    bring(client, begun)
    for hours, is_there in ((23, True), (2, False)):
        client.clock.move(hours=hours)
        with client.script() as request:
            purge_uploads(request)
            sweep_files(request)
        student.get(f"{UPLOADS}{begun['id']}/", 200 if is_there else 404)
    with pytest.raises(FileNotFoundError):
        files.take(begun["id"], begun["size_bytes"], begun["sha256"])


def test_an_erased_users_uploads_go(client: Client, student: Actor, queue: Queue, files: Any) -> None:
    begun = begin(student, name="my-name.pdf")
    bring(client, begun)
    student.delete("/api/users/me/")
    queue.run_all()
    with client.script() as request:
        assert request.db.scalars(select(Upload)).all() == []
    with pytest.raises(FileNotFoundError):
        files.take(begun["id"], begun["size_bytes"], begun["sha256"])


def test_of_32_announced_at_once_as_many_are_let_in_as_may_be_open(committing_client: Client) -> None:
    student = make_user(committing_client)
    limit = committing_client.registry.settings["uploads.max_open"]
    with ThreadPoolExecutor(32) as pool:
        statuses = Counter(pool.map(lambda _: student.post(UPLOADS, announced(), None).status_int, range(32)))
    assert statuses == {201: limit, 409: 32 - limit}


def test_uploads_larger_than_a_body_may_be_are_a_fault_of_the_settings(tmp_path: Any, s3_server: Any) -> None:
    url = "postgresql://nobody@127.0.0.1:1/nowhere"
    more = {"courseplatform.plugins": "plugins.uploads", "uploads.max_file_bytes": "40000000"}
    with pytest.raises(ConfigurationError, match=r"uploads\.max_file_bytes: is more"):
        make_app(url, tmp_path, **more)
    make_app(url, tmp_path, **more, **s3_server.settings("x"))


def test_the_bytes_of_many_uploads_stay_apart(client: Client, student: Actor, files: Any) -> None:
    ids = {body: uploaded(student, body) for body in (b"one", b"two", b"three")}
    assert {body: content(files, take(client, upload_id).key) for body, upload_id in ids.items()} == {
        body: body for body in ids
    }

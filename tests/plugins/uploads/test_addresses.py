"""Addresses of ours that uploads are sent to, where the storage has none: on local disk."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import select

from courseplatform.files import LocalFiles
from courseplatform.testing import Client, counted_statements
from plugins.uploads.models import Upload
from tests.factories.accounts import Actor
from tests.factories.files import keeping_files_in
from tests.factories.uploads import BASE_URL, UPLOADS, begin, bring


@pytest.fixture(autouse=True)
def files(wsgi_app: Any, tmp_path: Path) -> Iterator[LocalFiles]:
    with keeping_files_in(wsgi_app.registry, LocalFiles(tmp_path)) as storage:
        yield storage


def content_path(begun: dict[str, Any]) -> str:
    return begun["upload"]["url"].removeprefix(BASE_URL)


def test_an_address_of_ours_can_not_be_guessed(client: Client, student: Actor) -> None:
    begun, other = begin(student), begin(student)
    path, token = content_path(begun).split("?token=")
    assert len(token) >= 43
    for wrong in ("x", token[:-1], token + "x", content_path(other).split("?token=")[1], "%D1%8F"):
        client.call("PUT", f"{path}?token={wrong}", raw=b"hello", status=404)
        student.call("PUT", f"{path}?token={wrong}", raw=b"hello", status=404)
    student.call("PUT", path, raw=b"hello", status=422)
    missing = f"{UPLOADS}00000000-0000-7000-8000-000000000000/content/?token={token}"
    client.call("PUT", missing, raw=b"hello", status=404)
    with client.script() as request:
        assert token not in repr(request.db.execute(select(Upload.__table__)).all())


def test_an_address_of_ours_is_over_with_its_upload(client: Client, student: Actor) -> None:
    begun = begin(student)
    client.clock.move(hours=25)
    answer = client.call("PUT", content_path(begun), raw=b"hello", status=409)
    assert answer.json["code"] == "upload_expired"


def test_an_address_of_ours_takes_any_type_and_answers_nothing(client: Client, student: Actor) -> None:
    begun = begin(student)
    for content_type in ("", "text/html", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x"):
        answer = client.call("PUT", content_path(begun), raw=b"hello", content_type=content_type, status=204)
        assert answer.body == b""


def test_where_the_storage_takes_uploads_there_is_no_address_of_ours(
    client: Client, student: Actor, s3_server: Any
) -> None:
    with keeping_files_in(client.registry, s3_server.files(uuid4().hex)):
        begun = begin(student)
        path = f"{UPLOADS}{begun['id']}/content/"
        assert path not in begun["upload"]["url"]
        for token in ("x", "None"):
            client.call("PUT", f"{path}?token={token}", raw=b"hello", status=404)


def test_bringing_an_upload_takes_few_statements(client: Client, student: Actor) -> None:
    begun = begin(student)
    with counted_statements(client.registry) as statements:
        bring(client, begun)
    assert len(statements) <= 2


def test_a_broken_try_leaves_what_came_before(client: Client, student: Actor, files: LocalFiles) -> None:
    begun = begin(student)
    bring(client, begun)
    assert bring(client, begun, b"hellx") == 400
    assert len(list((files.folder / "incoming").iterdir())) == 1
    assert files.take(begun["id"], begun["size_bytes"], begun["sha256"])

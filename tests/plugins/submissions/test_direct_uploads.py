"""Handing in files that came by themselves, on local disk and in S3 alike."""

from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from courseplatform.files import sweep_files
from courseplatform.testing import Client
from plugins.submissions.models import content_sha256
from plugins.uploads.jobs import purge_uploads
from tests.factories.accounts import Actor, make_user
from tests.factories.assignments import make_assignment
from tests.factories.files import content, keeping_files_in, keys
from tests.factories.submissions import make_submission
from tests.factories.uploads import UPLOADS, begin, bring, uploaded
from tests.plugins.submissions.test_races import make_world
from tests.plugins.submissions.test_uploads import FORM, form, part


@pytest.fixture(autouse=True)
def files(wsgi_app: Any, storage: Any) -> Iterator[Any]:
    """Every test here holds for each storage."""
    with keeping_files_in(wsgi_app.registry, storage):
        yield storage


@pytest.fixture
def path(assignment: str) -> str:
    return f"{assignment}submissions/"


def test_an_upload_is_handed_in_and_is_the_submissions_file(learner: Actor, teacher: Actor, path: str) -> None:
    upload_id = uploaded(learner, b"hello", name="../My work.pdf")
    body = learner.post(path, {"upload_id": upload_id, "text": "See the file"}).json
    sha256 = body["file"]["sha256"]
    assert body["file"] == {
        "name": "My work.pdf", "size_bytes": 5, "content_type": "application/pdf", "sha256": sha256
    }  # fmt: skip
    assert body["receipt"]["sha256"] == content_sha256("See the file", sha256)
    for actor in (learner, teacher):
        download = actor.get(f"{path}{body['id']}/file/")
        assert (download.body, download.headers["ETag"]) == (b"hello", f'"{sha256}"')
        part_of_it = actor.get(f"{path}{body['id']}/file/", 206, headers={"Range": "bytes=1-2"})
        assert (part_of_it.body, part_of_it.headers["Content-Range"]) == (b"el", "bytes 1-2/5")
    assert learner.get(f"{UPLOADS}{upload_id}/").json["consumed_at"] is not None


def test_no_address_changes_what_was_handed_in(client: Client, learner: Actor, path: str, files: Any) -> None:
    """A forged body passes the tests' S3, which compares nothing: what was handed in is another object."""
    begun = begin(learner)
    bring(client, begun)
    own = f"{path}{learner.post(path, {'upload_id': begun['id']}).json['id']}/"
    for forged in (b"forge", b"hello and more"):
        bring(client, begun, forged)
        assert learner.get(f"{own}file/").body == b"hello"
    learner.delete(f"{UPLOADS}{begun['id']}/")
    assert learner.get(f"{own}file/").body == b"hello"
    client.clock.move(hours=25)
    with client.script() as request:
        purge_uploads(request)
        sweep_files(request)
    assert learner.get(f"{own}file/").body == b"hello"
    assert len(keys(files)) == 1


def test_a_forgery_that_comes_before_is_not_handed_in(client: Client, learner: Actor, path: str, files: Any) -> None:
    begun = begin(learner)
    bring(client, begun, b"forge")
    assert learner.post(path, {"upload_id": begun["id"]}, 409).json["code"] == "upload_incomplete"
    assert keys(files) == set()
    bring(client, begun)
    learner.post(path, {"upload_id": begun["id"]})


def test_what_has_not_come_is_409(learner: Actor, path: str) -> None:
    begun = begin(learner)
    assert learner.post(path, {"upload_id": begun["id"], "text": "x"}, 409).json["code"] == "upload_incomplete"


def test_an_upload_is_used_once(learner: Actor, path: str) -> None:
    upload_id = uploaded(learner)
    own = f"{path}{learner.post(path, {'upload_id': upload_id}).json['id']}/"
    assert learner.post(path, {"upload_id": upload_id, "text": "x"}, 409).json["code"] == "upload_consumed"
    assert learner.patch(own, {"upload_id": upload_id}, 409).json["code"] == "upload_consumed"


def test_an_upload_is_over_after_a_day(client: Client, learner: Actor, path: str) -> None:
    upload_id = uploaded(learner)
    client.clock.move(hours=25)
    assert learner.post(path, {"upload_id": upload_id}, 409).json["code"] == "upload_expired"
    with client.script() as request:
        purge_uploads(request)
    refused = learner.post(path, {"upload_id": upload_id}, 422).json
    assert [fault["name"] for fault in refused["errors"]] == ["upload_id"]


def test_the_upload_of_another_does_not_exist(client: Client, learner: Actor, path: str) -> None:
    for upload_id in (uploaded(make_user(client)), "00000000-0000-7000-8000-000000000000"):
        refused = learner.post(path, {"upload_id": upload_id}, 422).json
        assert [fault["name"] for fault in refused["errors"]] == ["upload_id"]


def test_a_refused_attempt_uses_nothing_up(client: Client, assignment: str, learner: Actor, path: str) -> None:
    upload_id = uploaded(learner)
    make_submission(client, assignment, learner, status="draft")
    learner.post(path, {"upload_id": upload_id}, 409)
    other = make_submission(client, assignment, learner, status="submitted", text="", file_sha256="x")
    assert learner.get(f"{UPLOADS}{upload_id}/").json["consumed_at"] is None
    assert learner.patch(other, {"upload_id": upload_id}).json["file"]["size_bytes"] == 5


def test_what_says_the_same_as_before_uses_nothing_up_and_leaves_nothing(learner: Actor, path: str, files: Any) -> None:
    learner.post(path, {"upload_id": uploaded(learner)})
    before, again = keys(files), uploaded(learner)
    assert learner.post(path, {"upload_id": again}, 409).json["code"] == "same_content"
    assert keys(files) == before
    learner.post(path, {"upload_id": again, "text": "With words"})


def test_a_file_is_replaced_by_an_upload_and_goes(learner: Actor, path: str, files: Any) -> None:
    own = f"{path}{learner.post(path, {'upload_id': uploaded(learner)}).json['id']}/"
    (first,) = keys(files)
    changed = learner.patch(own, {"upload_id": uploaded(learner, b"better", name="b.txt")}).json
    assert (changed["file"]["name"], changed["file"]["size_bytes"]) == ("b.txt", 6)
    (second,) = keys(files)
    assert second != first
    assert learner.patch(own, {"upload_id": None, "text": "Kept"}).json["file"]["name"] == "b.txt"
    assert content(files, second) == b"better"
    assert learner.put(own, {"text": "No file"}).json["file"] is None
    assert keys(files) == set()


def test_a_file_and_an_upload_at_once_are_422(learner: Actor, path: str) -> None:
    upload_id = uploaded(learner)
    body = form(part("file", b"a", "a.txt"), part("upload_id", upload_id.encode()))
    refused = learner.call("POST", path, raw=body, content_type=FORM, status=422).json
    assert [fault["name"] for fault in refused["errors"]] == ["upload_id"]
    body = form(part("text", b"a"), part("upload_id", upload_id.encode()))
    assert learner.call("POST", path, raw=body, content_type=FORM, status=201).json["file"]["size_bytes"] == 5


@pytest.mark.parametrize("upload_id", [True, 1, "", "x", [], {}, "../x", "' OR 1=1"])
def test_what_is_no_id_is_422(learner: Actor, path: str, upload_id: Any) -> None:
    learner.post(path, {"upload_id": upload_id}, 422)


def test_a_file_above_the_limit_of_submissions_is_413(
    client: Client, learner: Actor, path: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    upload_id = uploaded(learner)
    monkeypatch.setitem(client.registry.settings, "submissions.max_file_bytes", 4)
    learner.post(path, {"upload_id": upload_id}, 413)
    monkeypatch.setitem(client.registry.settings, "submissions.max_file_bytes", 5)
    learner.post(path, {"upload_id": upload_id})


def test_of_many_who_use_one_upload_at_once_one_has_it(committing_client: Client, files: Any) -> None:
    """Each at an assignment of its own: nothing but the upload makes them wait for each other."""
    _, student, first = make_world(committing_client)
    lesson = first[: first.index("assignments/")]
    assignments = [first, *(make_assignment(committing_client, lesson) for _ in range(7))]
    upload_id = uploaded(student)

    def hand_in(assignment: str) -> int:
        return student.post(f"{assignment}submissions/", {"upload_id": upload_id}, None).status_int

    with ThreadPoolExecutor(8) as pool:
        assert Counter(pool.map(hand_in, assignments)) == {201: 1, 409: 7}
    assert len(keys(files)) == 1

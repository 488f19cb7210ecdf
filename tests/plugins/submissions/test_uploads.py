"""Handing in files."""

import hashlib
import random
from collections.abc import Iterator
from io import BytesIO
from typing import Any

import pytest

from courseplatform.files import sweep_files
from courseplatform.testing import Client
from plugins.submissions.uploads import Upload
from tests.factories.accounts import Actor
from tests.factories.submissions import make_submission

FORM = "multipart/form-data; boundary=edge"


def part(name: str, value: bytes, filename: str | None = None, more: str = "") -> bytes:
    named = f'; filename="{filename}"' if filename is not None else ""
    return f'--edge\r\nContent-Disposition: form-data; name="{name}"{named}\r\n{more}\r\n'.encode() + value + b"\r\n"


def form(*parts: bytes) -> bytes:
    return b"".join(parts) + b"--edge--\r\n"


def send(
    actor: Actor, path: str, body: bytes, status: int | None = 201, method: str = "POST", content_type: str = FORM
) -> Any:
    return actor.call(method, path, status=status, raw=body, content_type=content_type)


@pytest.fixture
def path(assignment: str) -> str:
    return f"{assignment}submissions/"


@pytest.fixture
def small_limit(client: Client) -> Iterator[int]:
    settings = client.registry.settings
    before, settings["submissions.max_file_bytes"] = settings["submissions.max_file_bytes"], 1000
    yield 1000
    settings["submissions.max_file_bytes"] = before


def stored(client: Client) -> set[str]:
    return set(client.registry["files"].keys_older_than(float("inf")))


def test_a_file_comes_back_byte_by_byte_as_a_download(learner: Actor, teacher: Actor, path: str) -> None:
    content = random.Random(7).randbytes(700_000)
    body = send(learner, path, form(part("text", b"See file"), part("file", content, "work.pdf"))).json
    sha256 = hashlib.sha256(content).hexdigest()
    assert body["file"] == {
        "name": "work.pdf",
        "size_bytes": 700_000,
        "content_type": "application/pdf",
        "sha256": sha256,
    }
    assert body["receipt"]["sha256"] == hashlib.sha256(b"See file\0" + sha256.encode()).hexdigest()
    for actor in (learner, teacher):
        download = actor.get(f"{path}{body['id']}/file/")
        assert download.body == content
        assert download.headers["Content-Disposition"].startswith("attachment")
        assert download.headers["X-Content-Type-Options"] == "nosniff"
        assert download.content_type == "application/pdf"


def test_a_download_that_the_client_has_is_304(learner: Actor, path: str) -> None:
    body = send(learner, path, form(part("file", b"content", "a.txt"))).json
    address = f"{path}{body['id']}/file/"
    tag = learner.get(address).headers["ETag"]
    assert learner.get(address, status=304, headers={"If-None-Match": tag}).body == b""


def test_a_file_alone_is_enough_unless_it_is_empty(client: Client, learner: Actor, path: str) -> None:
    before = stored(client)
    refused = send(learner, path, form(part("file", b"", "empty.txt")), 422).json
    assert [fault["name"] for fault in refused["errors"]] == ["text"]
    assert stored(client) == before
    body = send(learner, path, form(part("file", b"1", "work.txt"))).json
    assert (body["text"], body["file"]["size_bytes"], body["status"]) == ("", 1, "submitted")
    own = f"{path}{body['id']}/"
    send(learner, own, form(part("file", b"", "empty.txt"), part("text", b"")), 422, "PUT")
    assert learner.get(f"{own}file/").body == b"1"
    send(learner, own, form(part("file", b"", "empty.txt"), part("text", b"With words")), 200, "PUT")


def test_a_form_may_bring_text_only_or_a_draft(learner: Actor, path: str) -> None:
    body = send(learner, path, form(part("text", "Да".encode()), part("status", b"draft"))).json
    assert (body["text"], body["status"], body["file"]) == ("Да", "draft", None)


def test_the_type_is_the_servers_and_never_the_clients(learner: Actor, path: str) -> None:
    body = send(learner, path, form(part("file", b"<script>", "page.html", "Content-Type: text/html\r\n"))).json
    assert body["file"]["content_type"] == "application/octet-stream"
    assert learner.get(f"{path}{body['id']}/file/").content_type == "application/octet-stream"


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("../../etc/passwd", "passwd"),
        ("C:\\Users\\me\\work.txt", "work.txt"),
        ("..", "file"),
        ("a\u202etxt.exe", "atxt.exe"),
        ("a\x07b.txt", "ab.txt"),
        ("x" * 300 + ".pdf", "x" * 251 + ".pdf"),
        ("работа.txt", "работа.txt"),
        ("folder/", "file"),
    ],
)
def test_names_are_made_safe(given: str, kept: str) -> None:
    assert Upload(given, BytesIO()).safe_name == kept


@pytest.mark.parametrize(
    ("body", "faulty"),
    [
        (form(part("text", b"a"), part("grade", b"100")), ["grade"]),
        (form(part("file", b"a")), ["file"]),
        (form(part("file", b"a", "")), ["file"]),
        (form(part("file", b"a", "a.txt"), part("file", b"b", "b.txt")), ["file"]),
        (form(part("text", b"a", "a.txt")), ["text"]),
        (form(part("status", b"checked"), part("text", b"a")), ["status"]),
        (form(part("text", b"a\0")), ["text"]),
        (form(), ["text"]),
        (form(*(part(f"x{number}", b"") for number in range(50))), ["x4"]),
        (form(part("text", b"a" * 2_000_000)), ["text"]),
    ],
)
def test_faulty_forms_are_422(learner: Actor, path: str, body: bytes, faulty: list[str]) -> None:
    assert [fault["name"] for fault in send(learner, path, body, 422).json["errors"]] == faulty


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"text=work",
        b"--edge",
        part("file", b"cut off", "a.txt"),
        form(part("text", b"a"))[:-6],
        b"--edge\r\n\r\na\r\n--edge--",
        b"--edge\r\nno headers\r\n--edge--",
        form(part("text", b"\xff\xfe")),
        form(part("text", b"YQ==", None, "Content-Transfer-Encoding: base64\r\n")),
        b"--edge\r\nContent-Disposition: attachment; name=text\r\n\r\na\r\n--edge--",
    ],
)
def test_broken_forms_are_400(learner: Actor, path: str, body: bytes) -> None:
    assert send(learner, path, body, 400).json["code"] == "malformed_upload"


@pytest.mark.parametrize(
    "content_type",
    ["multipart/form-data", "multipart/form-data; boundary=", "multipart/mixed; boundary=edge", "text/plain", ""],
)
def test_other_content_types_are_415(learner: Actor, path: str, content_type: str) -> None:
    send(learner, path, form(part("text", b"a")), 415, content_type=content_type)


def test_a_patch_is_json_only(client: Client, assignment: str, learner: Actor) -> None:
    own = make_submission(client, assignment, learner)
    send(learner, own, form(part("text", b"a")), 415, "PATCH")


def test_random_damage_never_crashes(learner: Actor, path: str) -> None:
    dice = random.Random(11)
    whole = form(part("text", b"a"), part("file", b"content", "a.txt", "Content-Type: text/plain\r\n"))
    for _ in range(300):
        damaged = bytearray(whole)
        for _ in range(dice.randrange(1, 6)):
            damaged[dice.randrange(len(damaged))] = dice.randrange(256)
        answer = send(learner, path, bytes(damaged[: dice.randrange(1, len(damaged) + 1)]), None)
        assert answer.status_int in (201, 400, 422), damaged


@pytest.mark.parametrize(
    "filename", ["filename*=UTF-8''%D1%80.txt", "filename*=bogus''%ff.txt", "filename*0=a; filename*1=b"]
)
def test_extended_file_names_which_the_rfc_forbids_are_no_names(learner: Actor, path: str, filename: str) -> None:
    head = f'--edge\r\nContent-Disposition: form-data; name="file"; {filename}\r\n\r\n'.encode()
    assert [fault["name"] for fault in send(learner, path, head + b"content\r\n--edge--", 422).json["errors"]] == [
        "file"
    ]


def test_a_file_above_the_limit_is_413_and_leaves_nothing(
    client: Client, learner: Actor, path: str, small_limit: int
) -> None:
    before = stored(client)
    refused = send(learner, path, form(part("file", b"a" * (small_limit + 1), "big.txt")), 413)
    assert refused.json["code"] == "payload_too_large"
    assert stored(client) == before
    send(learner, path, form(part("file", b"a" * small_limit, "fits.txt")))


def test_a_refused_attempt_leaves_no_file(client: Client, assignment: str, learner: Actor, path: str) -> None:
    make_submission(client, assignment, learner, status="checked")
    before = stored(client)
    send(learner, path, form(part("file", b"a", "a.txt")), 409)
    assert stored(client) == before


def test_a_replaced_file_goes_and_so_does_a_deleted_one(client: Client, learner: Actor, path: str) -> None:
    before = stored(client)
    body = send(learner, path, form(part("text", b"Text"), part("file", b"one", "one.txt"))).json
    own = f"{path}{body['id']}/"
    (first,) = stored(client) - before
    replaced = send(learner, own, form(part("file", b"two", "two.txt")), 200, "PUT").json
    assert (replaced["text"], replaced["file"]["name"]) == ("", "two.txt")
    (second,) = stored(client) - before
    assert second != first
    assert learner.patch(own, {"text": "Kept"}).json["file"]["name"] == "two.txt"
    assert learner.get(f"{own}file/").body == b"two"
    assert learner.patch(own, {"file": None}).json["file"] is None
    assert stored(client) == before
    learner.get(f"{own}file/", status=404)
    send(learner, own, form(part("file", b"three", "three.txt")), 200, "PUT")
    learner.delete(own)
    assert stored(client) == before


def test_work_can_not_lose_its_only_content(learner: Actor, path: str) -> None:
    body = send(learner, path, form(part("file", b"one", "one.txt"))).json
    learner.patch(f"{path}{body['id']}/", {"file": None}, status=422)
    assert learner.get(f"{path}{body['id']}/file/").body == b"one"


def test_a_submission_without_a_file_has_none_to_download(client: Client, assignment: str, learner: Actor) -> None:
    learner.get(f"{make_submission(client, assignment, learner)}file/", status=404)


def test_the_sweep_keeps_the_files_that_submissions_name(client: Client, learner: Actor, path: str) -> None:
    files = client.registry["files"]
    body = send(learner, path, form(part("file", b"kept", "kept.txt"))).json
    orphan = files.save(BytesIO(b"lost"), 100).key
    client.clock.move(days=2)
    with client.script() as request:
        sweep_files(request)
    assert orphan not in stored(client)
    assert learner.get(f"{path}{body['id']}/file/").body == b"kept"


def test_a_dry_run_takes_the_whole_file_and_keeps_nothing_of_it(
    client: Client, learner: Actor, path: str, small_limit: int
) -> None:
    def hand_in(size_bytes: int, status: int) -> Any:
        headers, body = {"Prefer": "dry-run", "Content-Type": FORM}, form(part("file", b"x" * size_bytes, "work.txt"))
        return learner.call("POST", path, status=status, raw=body, content_type=FORM, headers=headers)

    before = stored(client)
    told = hand_in(small_limit, 200).json
    assert (told["status"], told["resource"]["file"]["size_bytes"]) == (201, small_limit)
    hand_in(small_limit + 1, 413)
    assert stored(client) == before and learner.get(path).json["results"] == []

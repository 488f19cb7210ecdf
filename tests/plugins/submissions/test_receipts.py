"""Receipts of handed-in work: signed, and true of the moment in which it arrived."""

import hashlib
import json
import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import jwt
import pytest
from click.testing import CliRunner
from joserfc import jws
from joserfc.jwk import KeySet

from courseplatform.cli import main
from courseplatform.testing import counted_statements
from plugins.accounts.api import sign_jwt
from plugins.accounts.jobs import purge_keys
from plugins.accounts.keys import rotate_keys
from plugins.submissions import commands
from tests.factories.accounts import make_user
from tests.factories.assignments import make_assignment
from tests.factories.courses import id_of
from tests.factories.submissions import make_submission

JWKS = "/.well-known/jwks.json"
TYPE = "submission-receipt+jwt"


def moment(client, **delta):
    return client.registry["clock"]() + timedelta(**delta)


@pytest.fixture
def due(client, lesson):
    """An assignment that is due in an hour and locked in two."""
    return make_assignment(client, lesson, due_at=moment(client, hours=1), lock_at=moment(client, hours=2))


def hand_in(learner, assignment, body):
    return f"{assignment}submissions/{learner.post(f'{assignment}submissions/', body).json['id']}/"


def test_a_receipt_says_what_arrived_when_and_by_which_deadline(learner, due):
    work = hand_in(learner, due, {"text": "Моя работа"})
    shown, submitted = learner.get(f"{work}receipt/"), learner.get(work).json
    deadline = learner.get(due).json["deadline"]
    receipt = shown.json
    assert {name: receipt[name] for name in receipt if name != "jws"} == {
        "iss": "https://courses.test",
        "submission_id": submitted["id"],
        "assignment_id": id_of(due),
        "student_id": learner.id,
        "attempt": 1,
        "text_sha256": hashlib.sha256("Моя работа".encode()).hexdigest(),
        "file_sha256": None,
        "received_at": submitted["receipt"]["received_at"],
        "deadline": {"due_at": deadline["due_at"], "lock_at": deadline["lock_at"]},
        "is_late": False,
    }
    assert shown.headers["Content-Disposition"] == 'attachment; filename="receipt.json"'


def test_a_receipt_of_a_file_has_its_hash(learner, assignment):
    body = {"file": ("work.txt", b"my work")}
    work = learner.web.post(
        f"{assignment}submissions/", {"text": "see"}, upload_files=[("file", *body["file"])], status=201
    ).json
    receipt = learner.get(f"{assignment}submissions/{work['id']}/receipt/").json
    assert receipt["file_sha256"] == hashlib.sha256(b"my work").hexdigest() == work["file"]["sha256"]
    assert receipt["deadline"] == {"due_at": None, "lock_at": None} and receipt["is_late"] is False


@pytest.mark.filterwarnings("ignore:EdDSA is deprecated")
def test_libraries_of_others_verify_it_with_the_published_keys(client, learner, assignment):
    receipt = learner.get(f"{hand_in(learner, assignment, {'text': 'work'})}receipt/").json
    token = receipt.pop("jws")
    found = jws.deserialize_compact(token, KeySet.import_key_set(client.get(JWKS).json), algorithms=["EdDSA"])
    assert json.loads(found.payload) == receipt
    header = jwt.get_unverified_header(token)
    assert (header["alg"], header["typ"]) == ("EdDSA", TYPE)
    key = jwt.PyJWKSet.from_dict(client.get(JWKS).json)[header["kid"]]
    assert jwt.decode(token, key, algorithms=["EdDSA"]) == receipt


def test_a_deadline_that_moves_later_changes_no_receipt(client, learner, due, teacher):
    client.clock.move(minutes=90)
    work = hand_in(learner, due, {"text": "work"})
    before = learner.get(f"{work}receipt/").json
    assert before["is_late"] is True
    later = moment(client, days=1).isoformat()
    teacher.patch(due, {"due_at": later, "lock_at": later})
    assert learner.get(work).json["is_late"] is False
    assert learner.get(f"{work}receipt/").json == before


def test_work_that_is_changed_has_a_receipt_of_its_own(client, learner, due):
    work = hand_in(learner, due, {"text": "work"})
    before = learner.get(f"{work}receipt/").json
    client.clock.move(minutes=90)
    learner.patch(work, {"text": "better work"})
    after = learner.get(f"{work}receipt/").json
    assert (after["is_late"], before["is_late"]) == (True, False)
    assert after["text_sha256"] != before["text_sha256"] and after["received_at"] > before["received_at"]


def test_a_grade_changes_no_receipt(learner, assignment, teacher):
    work = hand_in(learner, assignment, {"text": "work"})
    before = learner.get(f"{work}receipt/")
    teacher.put(f"{work}grade/", {"grade": 1}, headers={"If-Match": "*"})
    learner.get(f"{work}receipt/", status=304, headers={"If-None-Match": before.headers["ETag"]})


def test_a_draft_has_no_receipt(learner, assignment):
    draft = hand_in(learner, assignment, {"text": "work", "status": "draft"})
    learner.get(f"{draft}receipt/", status=404)
    learner.patch(draft, {"status": "submitted"})
    assert learner.get(f"{draft}receipt/").json["attempt"] == 1


def test_a_receipt_costs_three_statements_and_other_answers_none(client, learner, assignment):
    work = hand_in(learner, assignment, {"text": "work"})
    learner.get(f"{work}receipt/")  # the first use makes the key
    for path, most in ((f"{work}receipt/", 3), (work, 2)):
        with counted_statements(client.registry) as statements:
            learner.get(path)
        assert len(statements) <= most, statements


# --- courseplatform verify-receipt


@pytest.fixture
def folder(client, learner, due, tmp_path):
    """What a student keeps: the receipt, the keys, the text."""
    work = hand_in(learner, due, {"text": "my work"})
    (tmp_path / "receipt.json").write_bytes(learner.get(f"{work}receipt/").body)
    (tmp_path / "jwks.json").write_bytes(client.get(JWKS).body)
    (tmp_path / "did.json").write_bytes(client.get("/.well-known/did.json").body)
    (tmp_path / "work.txt").write_bytes(b"my work")
    (tmp_path / "other.txt").write_bytes(b"my work\n")
    return tmp_path


def verify(folder, *options, keys="jwks.json"):
    arguments = ["verify-receipt", str(folder / "receipt.json"), "--keys", str(folder / keys)]
    return CliRunner().invoke(main, [*arguments, *map(str, options)])


def test_the_command_says_what_a_genuine_receipt_says(folder, learner):
    for keys in ("jwks.json", "did.json"):
        done = verify(folder, "--text", folder / "work.txt", keys=keys)
        assert done.exit_code == 0, done.output
        assert done.output.startswith("VALID\n") and "received attempt 1 at" in done.output
        assert ", in time\n" in done.output and learner.id in done.output


def test_the_command_needs_no_platform(folder):
    command = Path(sys.executable).parent / "courseplatform"
    arguments = ["verify-receipt", "receipt.json", "--keys", "jwks.json"]
    done = subprocess.run([command, *arguments], cwd=folder, env={}, capture_output=True, text=True, timeout=30)
    assert (done.returncode, done.stdout.partition("\n")[0]) == (0, "VALID"), done.stderr


def test_the_signed_text_alone_is_enough(folder):
    token = json.loads((folder / "receipt.json").read_text())["jws"]
    (folder / "receipt.json").write_text(f"{token}\n")
    assert verify(folder).exit_code == 0


def test_other_work_than_was_handed_in_is_told_apart(folder):
    done = verify(folder, "--text", folder / "other.txt")
    assert done.exit_code == 1 and "other.txt is not what was handed in" in done.output
    assert verify(folder, "--work", folder / "work.txt").exit_code == 1  # there was no file


def test_by_default_the_issuers_own_address_is_asked(folder, client, monkeypatch):
    asked = []

    def fetch(address):
        asked.append(address)
        return client.get(JWKS).body

    monkeypatch.setattr(commands, "fetch", fetch)
    done = CliRunner().invoke(main, ["verify-receipt", str(folder / "receipt.json")])
    assert done.exit_code == 0
    assert asked == ["https://courses.test/.well-known/jwks.json"]


def test_what_was_changed_is_not_valid(folder):
    receipt = json.loads((folder / "receipt.json").read_text())
    head, body, signature = receipt["jws"].split(".")
    for changed in (
        {**receipt, "received_at": "2020-01-01T00:00:00Z"},
        {**receipt, "grade": 100},
        {**receipt, "jws": f"{head}.{body}x.{signature}"},
        {**receipt, "jws": f"{head}.{body}.{signature[:-4]}AAAA"},
        {**receipt, "jws": f"{head}.{body}."},
        {**receipt, "jws": None},
        {},
    ):
        (folder / "receipt.json").write_text(json.dumps(changed))
        done = verify(folder)
        assert (done.exit_code, done.output[:11]) == (1, "NOT VALID: "), changed


def test_no_other_signed_statement_passes_for_a_receipt(client, folder, student):
    claims = json.loads((folder / "receipt.json").read_text())
    del claims["jws"]
    with client.script() as request:
        other_kinds = [
            sign_jwt(request, claims, typ="JWT", algorithm="EdDSA"),
            sign_jwt(request, claims, typ=TYPE),  # by the key of id tokens
            sign_jwt(request, {"iss": "x"}, typ=TYPE, algorithm="EdDSA"),  # signed, but no receipt
            student.token,
            jwt.encode(claims, None, "none", headers={"typ": TYPE, "kid": "x"}),
        ]
    (folder / "jwks.json").write_bytes(client.get(JWKS).body)
    for token in other_kinds:
        (folder / "receipt.json").write_text(token)
        done = verify(folder)
        assert (done.exit_code, done.output[:11]) == (1, "NOT VALID: ")


def test_a_receipt_outlives_rotations_and_not_an_emergency(client, folder):
    with client.script() as request:
        rotate_keys(request)
    client.clock.move(hours=1)
    with client.script() as request:
        purge_keys(request)
    (folder / "jwks.json").write_bytes(client.get(JWKS).body)
    assert verify(folder).exit_code == 0
    with client.script() as request:
        rotate_keys(request, is_emergency=True)
    (folder / "jwks.json").write_bytes(client.get(JWKS).body)
    assert verify(folder).exit_code == 0  # its key had no private half any more


def test_an_emergency_unmakes_receipts_of_the_present_key_and_gives_new_ones(client, learner, assignment, folder):
    work = hand_in(learner, assignment, {"text": "work"})
    with client.script() as request:
        rotate_keys(request, is_emergency=True)
    (folder / "jwks.json").write_bytes(client.get(JWKS).body)
    done = verify(folder)
    assert (done.exit_code, "not among the issuer's published keys" in done.output) == (1, True)
    (folder / "receipt.json").write_bytes(make_user(client, "admin").get(f"{work}receipt/").body)
    assert verify(folder).exit_code == 0


def test_a_receipt_of_work_from_before_there_were_receipts_is_given(learner, assignment, client):
    work = make_submission(client, assignment, learner)
    assert learner.get(f"{work}receipt/").json["deadline"] == {"due_at": None, "lock_at": None}

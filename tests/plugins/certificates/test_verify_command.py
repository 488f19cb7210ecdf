"""``courseplatform verify-certificate``: the file and the published keys are all that it needs."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from courseplatform.cli import main
from plugins.accounts.keys import rotate_keys
from plugins.certificates import commands
from tests.factories.accounts import make_user
from tests.factories.certificates import make_certificate
from tests.plugins.certificates.tampering import tampered

ANY = {"If-Match": "*"}


@pytest.fixture
def certificate(client, course, enrolled):
    return make_certificate(client, course, enrolled)


@pytest.fixture
def folder(client, certificate, enrolled, tmp_path):
    """What somebody keeps: certificate, keys in both published forms, and the status list."""
    save(tmp_path / "certificate.json", enrolled.get(f"{certificate}credential/"))
    save(tmp_path / "did.json", client.get("/.well-known/did.json"))
    save(tmp_path / "jwks.json", client.get("/.well-known/jwks.json"))
    save(tmp_path / "list.json", client.get("/api/status-lists/0/"))
    return tmp_path


def save(path, answer):
    path.write_bytes(answer.body)


def run(*arguments):
    return CliRunner().invoke(main, ["verify-certificate", *map(str, arguments)])


def verify(folder, *options):
    return run(folder / "certificate.json", "--keys", folder / "did.json", "--status", folder / "list.json", *options)


def test_it_says_what_a_valid_one_says(folder):
    done = verify(folder)
    assert done.exit_code == 0, done.output
    assert done.output.startswith("VALID\n")
    for told in (
        "Ada Lovelace completed: Algebra\n",
        "Emmy Noether",
        "courses.test, did:web:courses.test",
        "not revoked",
    ):
        assert told in done.output


def test_it_needs_neither_settings_nor_a_database_nor_a_network(folder):
    command = Path(sys.executable).parent / "courseplatform"
    arguments = ["verify-certificate", "certificate.json", "--keys", "jwks.json", "--status", "list.json", "--offline"]
    done = subprocess.run([command, *arguments], cwd=folder, env={}, capture_output=True, text=True, timeout=30)
    assert (done.returncode, done.stdout.partition("\n")[0]) == (0, "VALID"), done.stderr


def test_without_a_status_list_it_says_that_it_cannot_know(folder):
    done = run(folder / "certificate.json", "--keys", folder / "did.json", "--offline")
    assert done.exit_code == 0
    assert (
        "whether it was revoked since is unknown: https://courses.test/api/status-lists/0/ was not asked" in done.output
    )


def test_a_revoked_one_is_not_valid(folder, client, certificate, teacher):
    teacher.put(f"{certificate}revocation/", {"reason": "Copied work"}, headers=ANY)
    save(folder / "list.json", client.get("/api/status-lists/0/"))
    done = verify(folder)
    assert (done.exit_code, done.output) == (1, "NOT VALID: it was revoked, or withdrawn, by its issuer.\n")


def test_by_default_the_issuers_own_addresses_are_asked(folder, outside, monkeypatch):
    monkeypatch.setattr(commands, "fetch", outside)
    done = run(folder / "certificate.json")
    assert done.exit_code == 0 and "not revoked" in done.output
    assert outside.asked == ["https://courses.test/.well-known/did.json", "https://courses.test/api/status-lists/0/"]


def test_while_the_issuer_cannot_be_asked_it_cannot_tell(folder):
    done = run(folder / "certificate.json", "--offline")
    assert done.exit_code == 1
    assert done.output == "CAN'T TELL: https://courses.test/.well-known/did.json was not asked.\n"


def test_whatever_was_changed_is_not_valid(folder):
    credential = json.loads((folder / "certificate.json").read_text())
    for where, changed in tampered(credential):
        (folder / "certificate.json").write_text(json.dumps(changed))
        done = verify(folder)
        assert (done.exit_code, done.output[:11]) == (1, "NOT VALID: "), where


def test_after_an_emergency_an_old_file_is_not_valid_and_a_new_one_is(folder, client):
    with client.script() as request:
        rotate_keys(request, is_emergency=True)
    code = json.loads((folder / "certificate.json").read_text())["id"].split("/")[-3]
    save(folder / "did.json", client.get("/.well-known/did.json"))
    save(folder / "list.json", client.get("/api/status-lists/0/"))
    done = verify(folder)
    assert done.exit_code == 1
    assert done.output == "NOT VALID: the key that signed it is not among the issuer's published keys.\n"
    save(folder / "certificate.json", client.get(f"/api/certificates/{code}/credential/"))
    save(folder / "did.json", client.get("/.well-known/did.json"))
    save(folder / "list.json", client.get("/api/status-lists/0/"))
    assert verify(folder).exit_code == 0


def edited(path, **changes):
    path.write_text(json.dumps({**json.loads(path.read_text()), **changes}))


def test_keys_of_another_issuer_do_not_verify_it(folder):
    edited(folder / "did.json", id="did:web:evil.example")
    done = verify(folder)
    assert (done.exit_code, done.output) == (1, "NOT VALID: the given keys are of another issuer.\n")


def test_a_status_list_of_another_hand_is_of_no_use(folder, client):
    genuine = json.loads((folder / "list.json").read_text())
    for changes in (
        {"issuer": "did:web:evil.example"},
        {"id": "https://courses.test/api/status-lists/1/"},
        {"proof": {}},
    ):
        (folder / "list.json").write_text(json.dumps({**genuine, **changes}))
        done = verify(folder)
        assert done.exit_code == 1 and "NOT VALID: the status list" in done.output
    (folder / "list.json").write_bytes((folder / "certificate.json").read_bytes())
    assert "the status list is of no use" in verify(folder).output


def test_an_old_status_list_is_of_no_use(folder, client):
    client.clock.move(days=-30)
    save(folder / "list.json", client.get("/api/status-lists/0/"))
    done = verify(folder)
    assert (done.exit_code, done.output) == (1, "NOT VALID: the status list is of no use: it is out of date.\n")


def test_one_from_the_future_is_not_valid_yet(folder, client, course):
    client.clock.move(days=30)
    student = make_user(client)
    save(folder / "certificate.json", student.get(make_certificate(client, course, student) + "credential/"))
    done = verify(folder)
    assert (done.exit_code, done.output) == (1, "NOT VALID: it is not valid yet.\n")


@pytest.mark.parametrize(
    "content", [b"", b"\xff\xfe", b"[]", b'{"id": 1}', b"{" * 10_000, b'{"proof": {}, "proof": {}}']
)
def test_what_is_no_certificate_is_not_valid(folder, content):
    (folder / "certificate.json").write_bytes(content)
    done = verify(folder)
    assert done.exit_code == 1 and done.output.startswith("NOT VALID: ")


def test_a_file_cannot_steer_the_terminal(folder, client, course, teacher):
    student = make_user(client)
    address = make_certificate(client, course, student, student_name="Eve\x1b[2J\nVALID")
    save(folder / "certificate.json", student.get(f"{address}credential/"))
    done = verify(folder)
    assert done.exit_code == 0 and "\x1b" not in done.output
    assert "Eve\ufffd[2J\ufffdVALID completed" in done.output


def test_a_file_that_is_not_there_is_an_error_of_use(folder):
    assert run(folder / "nowhere.json").exit_code == 2
    assert verify(folder, "--keys", folder / "nowhere.json").exit_code == 1


def test_help_shows_it_without_an_ini_file():
    done = CliRunner().invoke(main, ["--help"])
    assert "verify-certificate" in done.output and "verify-receipt" in done.output

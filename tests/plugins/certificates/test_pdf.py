"""``GET /api/users/certificates/{id}/pdf/``, and what is kept of it."""

import hashlib
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import select, update

from courseplatform.files import sweep_files
from courseplatform.testing import Client, counted_statements
from plugins.accounts.models import User
from plugins.certificates.jobs import print_certificate
from plugins.certificates.models import Certificate, CertificatePdf
from tests.factories.accounts import Actor, make_user
from tests.factories.certificates import finish_lessons, make_certificate
from tests.factories.courses import add_co_teacher, id_of, make_course
from tests.factories.enrollments import enrol
from tests.factories.files import keeping_files_in, keys, overwrite
from tests.factories.lessons import make_lesson

from .reading import read, scan

URL = "/api/users/certificates/"
ANY = {"If-Match": "*"}


@pytest.fixture
def certificate(client: Client, course: str, enrolled: Actor) -> str:
    """An issued certificate whose PDF no job has printed."""
    return make_certificate(client, course, enrolled)


@pytest.fixture(autouse=True)
def files(wsgi_app: Any, storage: Any) -> Iterator[Any]:
    """Every test here holds for each storage."""
    with keeping_files_in(wsgi_app.registry, storage):
        yield storage


def stored(client: Client) -> set[str]:
    return keys(client.registry["files"])


def do_print(client: Client, certificate: str) -> None:
    with client.script() as request:
        print_certificate(request, certificate_id=UUID(id_of(certificate)))


def kept(client: Client) -> CertificatePdf | None:
    with client.script() as request:
        return request.db.scalars(select(CertificatePdf)).one_or_none()


def change(client: Client, certificate: str, **values: Any) -> None:
    with client.script() as request:
        request.db.execute(update(Certificate).where(Certificate.id == id_of(certificate)).values(**values))


def revoke(actor: Actor, certificate: str) -> None:
    actor.put(f"{certificate}revocation/", {"reason": "Copied work"}, headers=ANY)


# Who may, and what they get


def test_whoever_reads_the_certificate_reads_its_pdf(
    client: Client, certificate: str, course: str, enrolled: Actor, teacher: Actor, admin: Actor
) -> None:
    co_teacher = make_user(client, "teacher")
    add_co_teacher(client, course, co_teacher)
    for actor in (enrolled, teacher, co_teacher, admin):
        assert actor.get(f"{certificate}pdf/").body.startswith(b"%PDF-")


def test_to_others_it_is_missing(client: Client, certificate: str, course: str) -> None:
    elsewhere, classmate = make_user(client, "teacher"), make_user(client)
    make_course(client, elsewhere)
    enrol(client, course, classmate)
    client.get(f"{certificate}pdf/", status=401)
    for actor in (elsewhere, classmate, make_user(client)):
        actor.get(f"{certificate}pdf/", status=404)
        actor.get(f"{URL}{uuid4()}/pdf/", status=404)


@pytest.mark.parametrize("is_printed", [False, True])
def test_it_is_a_download_that_no_browser_runs(
    client: Client, certificate: str, enrolled: Actor, is_printed: bool
) -> None:
    if is_printed:
        do_print(client, certificate)
    code = enrolled.get(certificate).json["verification_code"]
    answer = enrolled.get(f"{certificate}pdf/")
    assert answer.content_type == "application/pdf"
    assert answer.headers["Content-Disposition"].startswith(f'attachment; filename="certificate-{code}.pdf"')
    assert answer.headers["Content-Security-Policy"].startswith("sandbox")
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.headers["ETag"] == f'"{hashlib.sha256(answer.body).hexdigest()}"'
    enrolled.get(f"{certificate}pdf/", status=304, headers={"If-None-Match": answer.headers["ETag"]})
    head = enrolled.call("HEAD", f"{certificate}pdf/", status=200)
    assert (head.body, head.headers["Content-Length"]) == (b"", str(len(answer.body)))


def test_it_says_what_the_certificate_says(client: Client, certificate: str, enrolled: Actor) -> None:
    body = enrolled.get(certificate).json
    pdf = enrolled.get(f"{certificate}pdf/").body
    said, _ = read(pdf)
    for text in (body["student_name"], body["course_title"], body["teacher_name"], body["verification_code"]):
        assert text in said
    assert scan(pdf) == [f"https://courses.test/api/certificates/{body['verification_code']}/"]
    for secret in (body["id"], body["student_id"], body["course_id"]):
        assert secret.encode() not in pdf


def test_its_language_is_the_students_at_the_time(client: Client, course: str, graduate: Actor, teacher: Actor) -> None:
    def set_locale(locale: str) -> None:
        with client.script() as request:
            request.db.get(User, graduate.user_id).locale = locale

    set_locale("ru")
    row = teacher.post(URL, {"student_id": graduate.id, "course_id": id_of(course)}).json
    set_locale("en")
    said, _ = read(teacher.get(f"{URL}{row['id']}/pdf/").body)
    assert "СЕРТИФИКАТ" in said


def test_a_front_end_can_be_where_the_qr_code_leads(
    client: Client, certificate: str, enrolled: Actor, monkeypatch: pytest.MonkeyPatch
) -> None:
    do_print(client, certificate)
    code = enrolled.get(certificate).json["verification_code"]
    settings = client.registry.settings
    monkeypatch.setitem(settings, "certificates.verification_url", "https://app.test/check?code={code}")
    assert scan(enrolled.get(f"{certificate}pdf/").body) == [f"https://app.test/check?code={code}"]


# What is kept


def test_issuing_has_it_printed(client: Client, course: str, graduate: Actor, teacher: Actor) -> None:
    row = teacher.post(URL, {"student_id": graduate.id, "course_id": id_of(course)}).json
    address = f"{URL}{row['id']}/"
    at_once = graduate.get(f"{address}pdf/")
    assert stored(client) == set()
    before = graduate.get(address).headers["ETag"]
    client.run_jobs()
    pdf = kept(client)
    assert pdf is not None
    assert stored(client) == {pdf.file_key}
    later = graduate.get(f"{address}pdf/")
    assert later.body == at_once.body
    assert later.headers["ETag"] == at_once.headers["ETag"]
    assert graduate.get(address).headers["ETag"] == before  # a teacher who is about to revoke it is not disturbed


def test_the_kept_one_is_what_is_served(client: Client, certificate: str, enrolled: Actor) -> None:
    do_print(client, certificate)
    pdf = kept(client)
    assert pdf is not None
    overwrite(client.registry["files"], pdf.file_key, b"x" * pdf.file_size_bytes)
    assert set(enrolled.get(f"{certificate}pdf/").body) == {ord("x")}


def test_printing_is_safe_to_repeat(client: Client, certificate: str) -> None:
    do_print(client, certificate)
    first = kept(client)
    do_print(client, certificate)
    second = kept(client)
    assert first is not None and second is not None
    assert (second.file_key, second.printed_at) == (first.file_key, first.printed_at)
    assert stored(client) == {first.file_key}


@pytest.mark.parametrize("status", ["not_issued", "revoked"])
def test_what_is_not_issued_is_not_printed(client: Client, course: str, student: Actor, status: str) -> None:
    do_print(client, make_certificate(client, course, student, status))
    do_print(client, f"{URL}{uuid4()}/")
    assert stored(client) == set()


def test_a_stale_one_is_never_served_and_is_replaced(client: Client, certificate: str, enrolled: Actor) -> None:
    do_print(client, certificate)
    stale = enrolled.get(f"{certificate}pdf/")
    change(client, certificate, course_title="Algebra, renamed")
    fresh = enrolled.get(f"{certificate}pdf/", headers={"If-None-Match": stale.headers["ETag"]})
    assert "renamed" in read(fresh.body)[0]
    do_print(client, certificate)
    pdf = kept(client)
    assert pdf is not None
    assert stored(client) == {pdf.file_key}
    assert enrolled.get(f"{certificate}pdf/").body == fresh.body


def test_one_whose_file_is_lost_is_printed_anew(client: Client, certificate: str, enrolled: Actor) -> None:
    before = enrolled.get(f"{certificate}pdf/").body
    do_print(client, certificate)
    for key in stored(client):
        client.registry["files"].delete(key)
    assert enrolled.get(f"{certificate}pdf/").body == before


def test_a_part_of_it_is_the_same_kept_or_not(client: Client, certificate: str, enrolled: Actor) -> None:
    whole = enrolled.get(f"{certificate}pdf/")
    for _ in range(2):
        asked = {"Range": "bytes=-100", "If-Range": whole.headers["ETag"]}
        answer = enrolled.get(f"{certificate}pdf/", 206, headers=asked)
        assert answer.body == whole.body[-100:]
        refused = enrolled.get(f"{certificate}pdf/", 416, headers={"Range": "bytes=99999999-"})
        assert refused.headers["Content-Range"] == f"bytes */{len(whole.body)}"
        do_print(client, certificate)


def test_the_sweep_keeps_it(client: Client, certificate: str) -> None:
    do_print(client, certificate)
    client.clock.move(days=2)
    with client.script() as request:
        sweep_files(request)
    assert len(stored(client)) == 1


def test_reading_it_costs_few_statements_and_writes_nothing(client: Client, certificate: str, enrolled: Actor) -> None:
    for _ in ("printed at once", "kept"):
        with counted_statements(client.registry) as statements:
            enrolled.get(f"{certificate}pdf/")
        assert len(statements) <= 3, statements
        assert all(statement.startswith("SELECT") for statement in statements)
        do_print(client, certificate)


# What becomes of it


def test_a_revoked_one_is_not_handed_out_until_that_is_lifted(
    client: Client, certificate: str, enrolled: Actor, teacher: Actor
) -> None:
    do_print(client, certificate)
    before = enrolled.get(f"{certificate}pdf/").body
    revoke(teacher, certificate)
    for actor in (enrolled, teacher):
        assert actor.get(f"{certificate}pdf/", status=409).json["code"] == "certificate_revoked"
    teacher.delete(f"{certificate}revocation/", status=200)
    assert enrolled.get(f"{certificate}pdf/").body == before


def test_a_withdrawn_one_is_gone_and_issued_anew_it_says_the_new(
    client: Client, course: str, graduate: Actor, teacher: Actor
) -> None:
    certificate = make_certificate(client, course, graduate)
    do_print(client, certificate)
    teacher.put(certificate, {"status": "not_issued"})
    graduate.get(f"{certificate}pdf/", status=404)
    assert stored(client) == set()
    teacher.put(certificate, {"status": "issued"})
    client.run_jobs()
    assert "Algebra I" in read(graduate.get(f"{certificate}pdf/").body)[0]
    assert len(stored(client)) == 1


def test_a_deleted_one_leaves_no_file(client: Client, certificate: str, enrolled: Actor, teacher: Actor) -> None:
    do_print(client, certificate)
    teacher.delete(certificate)
    enrolled.get(f"{certificate}pdf/", status=404)
    assert (kept(client), stored(client)) == (None, set())


def test_an_erased_students_name_is_in_no_file(
    client: Client, certificate: str, enrolled: Actor, teacher: Actor
) -> None:
    do_print(client, certificate)
    enrolled.delete("/api/users/me/")
    client.run_jobs()
    assert (kept(client), stored(client)) == (None, set())
    said, _ = read(teacher.get(f"{certificate}pdf/").body)
    assert "Erased user" in said
    assert "Lovelace" not in said


def test_it_survives_its_course(client: Client, certificate: str, course: str, enrolled: Actor, admin: Actor) -> None:
    before = enrolled.get(f"{certificate}pdf/").body
    admin.delete(f"{course}?force=true")
    assert enrolled.get(f"{certificate}pdf/").body == before


# At the same time


@pytest.fixture
def world(committing_client: Client) -> Iterator[tuple[Client, Actor, str]]:
    """(client, student, certificate), committed."""
    client = committing_client
    teacher, student = make_user(client, "teacher"), make_user(client)
    course = make_course(client, teacher)
    make_lesson(client, course)
    enrol(client, course, student)
    finish_lessons(client, course, student)
    yield client, student, make_certificate(client, course, student)


def test_many_printers_at_once_keep_one(world: tuple[Client, Actor, str]) -> None:
    client, _, certificate = world
    with ThreadPoolExecutor(8) as threads:
        for printing in [threads.submit(do_print, client, certificate) for _ in range(8)]:
            printing.result()
    pdf = kept(client)
    assert pdf is not None
    assert stored(client) == {pdf.file_key}


def test_a_name_that_is_erased_while_it_is_printed_stays_in_no_file(world: tuple[Client, Actor, str]) -> None:
    client, _, certificate = world
    with ThreadPoolExecutor(1) as thread, client.registry["db.engine"].connect() as connection:
        connection.execute(update(Certificate).values(student_name="Erased user"))
        printing = thread.submit(do_print, client, certificate)
        with pytest.raises(TimeoutError):
            printing.result(timeout=0.5)
        assert len(stored(client)) == 1  # printed from the old name
        connection.commit()
        printing.result()
    assert (kept(client), stored(client)) == (None, set())


def test_reading_waits_for_nobody_who_holds_the_certificate(world: tuple[Client, Actor, str]) -> None:
    client, student, certificate = world
    with client.registry["db.engine"].connect() as connection:
        connection.execute(select(Certificate.id).with_for_update())
        with ThreadPoolExecutor(1) as thread:
            answer = thread.submit(student.get, f"{certificate}pdf/").result(timeout=1.5)
    assert answer.body.startswith(b"%PDF-")

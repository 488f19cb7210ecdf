"""Which credentials are no longer valid, one bit each."""

import base64
import gzip
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise

import pytest
from sqlalchemy import select, text

from courseplatform.testing import Client
from plugins.accounts.api import Unverifiable
from plugins.certificates.models import Certificate, RetiredPlace
from plugins.certificates.status import PLACES, encode, is_set, place_of
from tests.factories.accounts import make_user
from tests.factories.certificates import finish_lessons, make_certificate
from tests.factories.courses import id_of, make_course
from tests.factories.enrollments import enrol
from tests.factories.lessons import make_lesson

ANY = {"If-Match": "*"}


def entry_of(actor, certificate):
    return actor.get(f"{certificate}credential/").json["credentialStatus"]


def bits(client, entry):
    """The set bits, read by hand: leftmost first."""
    body = client.get(entry["statusListCredential"].removeprefix("https://courses.test")).json
    encoded = body["credentialSubject"]["encodedList"]
    assert encoded[0] == "u"
    packed = gzip.decompress(base64.urlsafe_b64decode(encoded[1:] + "=" * (-len(encoded[1:]) % 4)))
    assert len(packed) == 131_072 // 8
    return {index for index in range(len(packed) * 8) if packed[index // 8] >> (7 - index % 8) & 1}


@pytest.fixture
def certificate(client, course, enrolled):
    return make_certificate(client, course, enrolled)


def test_a_revocation_and_its_lifting_show_at_once(client, certificate, teacher, enrolled):
    entry = entry_of(enrolled, certificate)
    index = int(entry["statusListIndex"])
    assert index not in bits(client, entry)
    teacher.put(f"{certificate}revocation/", {"reason": "Copied work"}, headers=ANY)
    assert index in bits(client, entry)
    teacher.delete(f"{certificate}revocation/", status=200)
    assert index not in bits(client, entry)


def test_nobody_elses_bit_is_set(client, certificate, course, teacher, enrolled):
    others = [make_certificate(client, course, make_user(client)) for _ in range(5)]
    entry = entry_of(enrolled, certificate)
    before = bits(client, entry)
    teacher.put(f"{certificate}revocation/", {"reason": "Copied work"}, headers=ANY)
    assert bits(client, entry) - before == {int(entry["statusListIndex"])}
    places = [entry_of(teacher, other)["statusListIndex"] for other in [*others, certificate]]
    assert len(set(places)) == len(places)


def test_whoever_holds_a_withdrawn_credential_holds_an_invalid_one(client, course, graduate, teacher):
    address = make_certificate(client, course, graduate)
    old = entry_of(graduate, address)
    teacher.put(address, {"status": "not_issued"})
    assert int(old["statusListIndex"]) in bits(client, old)
    teacher.put(address, {"status": "issued"})
    new = entry_of(graduate, address)
    assert new != old
    assert int(old["statusListIndex"]) in bits(client, old)
    assert int(new["statusListIndex"]) not in bits(client, new)


def test_whoever_holds_a_deleted_credential_holds_an_invalid_one(client, certificate, teacher, enrolled):
    entry = entry_of(enrolled, certificate)
    teacher.delete(certificate)
    assert int(entry["statusListIndex"]) in bits(client, entry)
    with client.script() as request:
        assert request.db.scalar(select(RetiredPlace.status_number)) is not None


def test_the_list_is_signed_dated_and_may_be_cached(client, certificate, enrolled):
    address = entry_of(enrolled, certificate)["statusListCredential"]
    answer = client.get(address.removeprefix("https://courses.test"))
    body = answer.json
    assert body["id"] == address and body["issuer"] == "did:web:courses.test"
    assert body["type"] == ["VerifiableCredential", "BitstringStatusListCredential"]
    assert body["credentialSubject"]["statusPurpose"] == "revocation"
    assert body["validFrom"] < body["validUntil"]
    assert answer.headers["Cache-Control"] == "public, max-age=300"
    known = {"If-None-Match": answer.headers["ETag"]}
    client.get(address.removeprefix("https://courses.test"), status=304, headers=known)


def test_a_list_that_has_nothing_in_it_is_not_there(client, certificate):
    for path in ("7", "999999999", "01x", "-1", "9999999999"):
        client.get(f"/api/status-lists/{path}/", status=404)


def test_a_new_list_begins_when_one_is_full(client, course, enrolled, teacher):
    with client.script() as request:
        request.db.execute(text(f"ALTER SEQUENCE certificate_status_numbers RESTART WITH {7 * PLACES - 1}"))
    last = entry_of(teacher, make_certificate(client, course, enrolled))
    first = entry_of(teacher, make_certificate(client, course, make_user(client), "revoked"))
    assert last["statusListCredential"] == "https://courses.test/api/status-lists/6/"
    assert first["statusListCredential"] == "https://courses.test/api/status-lists/7/"
    assert bits(client, last) == set()
    assert bits(client, first) == {int(first["statusListIndex"])}


def test_every_place_of_a_list_is_given_once_and_neighbours_are_strangers():
    places = [place_of(3 * PLACES + number) for number in range(PLACES)]
    assert {number for number, _ in places} == {3}
    assert sorted(bit for _, bit in places) == list(range(PLACES))
    assert sum(abs(a[1] - b[1]) < PLACES // 100 for a, b in pairwise(places)) < PLACES // 25


def test_no_two_certificates_have_one_place(committing_client: Client):
    teacher = make_user(committing_client, "teacher")
    course = make_course(committing_client, teacher)
    make_lesson(committing_client, course)
    students = [make_user(committing_client) for _ in range(8)]
    for student in students:
        enrol(committing_client, course, student)
        finish_lessons(committing_client, course, student)

    def issue(student):
        for _ in range(2):
            body = {"student_id": student.id, "course_id": id_of(course)}
            teacher.post("/api/users/certificates/", body, status=(200, 201))

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(issue, students))
    with committing_client.script() as request:
        numbers = list(request.db.scalars(select(Certificate.status_number)))
    assert len(set(numbers)) == len(numbers) == 8


def test_a_list_is_read_bit_by_bit():
    encoded = encode([0, 7, 8, PLACES - 1])
    assert [bit for bit in (0, 1, 6, 7, 8, 9, PLACES - 2, PLACES - 1) if is_set(encoded, bit)] == [0, 7, 8, PLACES - 1]


@pytest.mark.parametrize("encoded", [None, 7, "", "u", "x", "uAAAA", "u" + "A" * 50, encode([])[:-10], encode([])[1:]])
def test_what_is_no_list_is_not_taken_for_an_empty_one(encoded):
    with pytest.raises(Unverifiable):
        is_set(encoded, PLACES - 1)


def test_a_place_beyond_the_list_is_not_taken_for_an_empty_one():
    with pytest.raises(Unverifiable):
        is_set(encode([]), PLACES)
    with pytest.raises(Unverifiable):
        is_set(encode([]), -1)

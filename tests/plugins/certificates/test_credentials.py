"""A certificate as a file that proves itself."""

import pytest

from courseplatform.testing import counted_statements, make_app
from plugins.accounts.api import lasting_key
from plugins.accounts.keys import rotate_keys
from tests.factories.accounts import make_user
from tests.factories.certificates import make_certificate
from tests.factories.courses import id_of

ANY = {"If-Match": "*"}


@pytest.fixture
def certificate(client, course, enrolled):
    return make_certificate(client, course, enrolled)


def test_it_says_what_the_certificate_says(client, certificate, course, enrolled):
    shown = enrolled.get(certificate).json
    answer = enrolled.get(f"{certificate}credential/")
    credential = answer.json
    address = f"https://courses.test/api/certificates/{shown['verification_code']}/credential/"
    subject = credential["credentialSubject"]
    assert credential["id"] == address
    assert credential["type"] == ["VerifiableCredential", "OpenBadgeCredential"]
    assert credential["issuer"]["id"] == "did:web:courses.test"
    assert credential["issuer"]["name"] == "courses.test"
    assert credential["validFrom"] == shown["issued_at"][:19] + "Z"
    assert [who["identityHash"] for who in subject["identifier"]] == ["Ada Lovelace"]
    assert subject["achievement"]["name"] == credential["name"] == "Algebra"
    assert subject["achievement"]["id"] == f"https://courses.test/api/courses/{id_of(course)}/"
    assert subject["source"]["name"] == "Emmy Noether"
    filename = f"certificate-{shown['verification_code']}.json"
    assert answer.headers["Content-Disposition"] == f'attachment; filename="{filename}"'


def test_it_names_no_ids_of_people(certificate, enrolled, teacher):
    text = enrolled.get(f"{certificate}credential/").text
    assert enrolled.id not in text and teacher.id not in text and id_of(certificate) not in text


def test_the_holder_of_the_code_gets_the_same_file(client, certificate, enrolled, teacher, admin):
    own = enrolled.get(f"{certificate}credential/").body
    code = enrolled.get(certificate).json["verification_code"]
    for actor in (client, teacher, admin, make_user(client)):
        assert actor.get(f"/api/certificates/{code}/credential/").body == own
        assert actor.get(f"/api/certificates/{code.lower()}/credential/").body == own


def test_who_may_not_see_the_certificate_finds_no_credential(client, certificate):
    make_user(client).get(f"{certificate}credential/", status=404)
    client.get(f"{certificate}credential/", status=401)
    client.get("/api/certificates/AAAA-BBBB-CCCC-DDDD-EEEE/credential/", status=404)


def test_the_same_certificate_and_key_give_the_same_bytes(client, certificate, enrolled):
    first = enrolled.get(f"{certificate}credential/")
    client.clock.move(days=400)
    assert enrolled.get(f"{certificate}credential/").body == first.body
    known = {"If-None-Match": first.headers["ETag"]}
    assert enrolled.get(f"{certificate}credential/", status=304, headers=known).body == b""


def test_it_keeps_to_what_was_said_when_it_was_issued(client, certificate, enrolled, teacher, course):
    first = enrolled.get(f"{certificate}credential/").json
    enrolled.patch("/api/users/me/", {"first_name": "Grace", "last_name": "Hopper"})
    teacher.patch(course, {"title": "Geometry"})
    assert enrolled.get(f"{certificate}credential/").json == first


def test_what_is_not_issued_has_none(client, course, certificate, teacher):
    never = make_certificate(client, course, make_user(client), "not_issued")
    teacher.get(f"{never}credential/", status=404)
    code = teacher.get(certificate).json["verification_code"]
    teacher.put(certificate, {"status": "not_issued"})
    teacher.get(f"{certificate}credential/", status=404)
    client.get(f"/api/certificates/{code}/credential/", status=404)


def test_a_revoked_one_is_still_served_as_it_was(certificate, enrolled, teacher):
    before = enrolled.get(f"{certificate}credential/").body
    teacher.put(f"{certificate}revocation/", {"reason": "Copied work"}, headers=ANY)
    assert enrolled.get(f"{certificate}credential/").body == before


def test_it_outlives_its_course(client, certificate, enrolled, course, admin):
    before = enrolled.get(f"{certificate}credential/").json
    admin.delete(f"{course}?force=true")
    after = enrolled.get(f"{certificate}credential/").json
    achievement = after["credentialSubject"]["achievement"]
    assert achievement["name"] == "Algebra" and achievement["id"] == f"{after['id']}#achievement"
    assert after["credentialStatus"] == before["credentialStatus"]


def test_an_erased_students_name_is_not_signed_any_more(client, certificate, enrolled, teacher):
    enrolled.delete("/api/users/me/")
    client.run_jobs()
    text = teacher.get(f"{certificate}credential/").text
    assert "Ada Lovelace" not in text and "Erased user" in text


def test_after_an_emergency_it_is_signed_anew(client, certificate, enrolled):
    address = f"/api/certificates/{enrolled.get(certificate).json['verification_code']}/credential/"
    first = client.get(address)
    with client.script() as request:
        rotate_keys(request, is_emergency=True)
        kid = lasting_key(request).kid
    again = client.get(address, headers={"If-None-Match": first.headers["ETag"]})
    assert again.json["proof"][0]["verificationMethod"] == f"did:web:courses.test#{kid}"
    assert again.json["proof"][0]["proofValue"] != first.json["proof"][0]["proofValue"]
    assert {**again.json, "proof": None} == {**first.json, "proof": None}


def test_the_issuer_has_the_name_that_operators_give_it(wsgi_app, tmp_path, client, certificate, enrolled):
    app = make_app(
        wsgi_app.registry.settings["database.url"], tmp_path, **{"certificates.issuer_name": "School of Numbers"}
    )
    app.registry["db.session"] = client.registry["db.session"]
    shown = client.__class__(app, enrolled.token).get(f"{certificate}credential/").json
    assert shown["issuer"]["name"] == "School of Numbers"
    app.registry["db.engine"].dispose()


def test_it_costs_three_statements(client, certificate, enrolled):
    enrolled.get(f"{certificate}credential/")  # the first use makes the key
    code = enrolled.get(certificate).json["verification_code"]
    for path in (f"{certificate}credential/", f"/api/certificates/{code}/credential/", "/api/status-lists/0/"):
        with counted_statements(client.registry) as statements:
            enrolled.get(path)
        assert len(statements) <= 3, statements

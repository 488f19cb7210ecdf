"""A verifier written by others judges our credentials: openbadgeslib (PyPI), with the published contexts it brings.

It resolves ``did:web:courses.test`` and the status list through what we publish, and knows nothing of our code.
"""

import json

import pytest
from openbadgeslib.ob3.did import resolve_verification_method
from openbadgeslib.ob3.ldp import OB3LdpVerifier, verify_data_integrity_proof
from openbadgeslib.ob3.verifier import OB3VerificationError

from plugins.accounts.jobs import purge_keys
from plugins.accounts.keys import rotate_keys
from plugins.certificates.status import encode
from tests.factories.certificates import make_certificate
from tests.plugins.certificates.tampering import tampered

DID = "did:web:courses.test"
ANY = {"If-Match": "*"}


@pytest.fixture
def certificate(client, course, enrolled):
    return make_certificate(client, course, enrolled, student_name='Ада "Ada" Lovelace\\', course_title="Алгебра\tI 🎓")


@pytest.fixture
def credential(certificate, enrolled):
    return enrolled.get(f"{certificate}credential/").json


def judge(credential, outside):
    """Raises: OB3VerificationError."""
    verifier = OB3LdpVerifier.for_issuer_did(DID)
    # Its check of a list's own signature knows JWTs only: test_it_accepts_the_signature_of_the_status_list does that.
    return verifier.verify(json.dumps(credential), check_status=True, verify_status_list=False, download=outside)


def test_it_accepts_a_credential_as_we_publish_it(credential, outside):
    found = judge(credential, outside)
    assert (found.issuer.id, found.achievement.name) == (DID, "Алгебра\tI 🎓")
    assert [who.identity_hash for who in found.identifiers] == ['Ада "Ada" Lovelace\\']
    assert outside.asked == ["https://courses.test/.well-known/did.json", "https://courses.test/api/status-lists/0/"]


def test_it_accepts_one_that_was_written_anew_with_other_spaces_and_order(credential, outside):
    judge(dict(reversed(credential.items())), outside)


def test_it_refuses_whatever_was_changed(credential, outside):
    refused = 0
    for where, changed in tampered(credential):
        with pytest.raises(OB3VerificationError):
            judge(changed, outside)
            pytest.fail(f"accepted a change of {where}")
        refused += 1
    assert refused > 25


def test_it_refuses_a_revoked_one_until_that_is_lifted(certificate, credential, teacher, outside):
    teacher.put(f"{certificate}revocation/", {"reason": "Copied work"}, headers=ANY)
    with pytest.raises(OB3VerificationError, match="'revocation' is set"):
        judge(credential, outside)
    teacher.delete(f"{certificate}revocation/", status=200)
    judge(credential, outside)


def test_it_accepts_the_signature_of_the_status_list(credential, outside):
    body = json.loads(outside(credential["credentialStatus"]["statusListCredential"]))
    key = resolve_verification_method(body["proof"][0]["verificationMethod"], download=outside)
    verify_data_integrity_proof(body, key)
    body["credentialSubject"]["encodedList"] = encode([7])
    with pytest.raises(OB3VerificationError):
        verify_data_integrity_proof(body, key)


def test_a_rotation_does_not_matter_to_it_and_an_emergency_does(client, certificate, credential, outside):
    with client.script() as request:
        rotate_keys(request)
    client.clock.move(hours=1)
    with client.script() as request:
        purge_keys(request)
    client.clock.move(hours=-1)  # it judges by the real time
    judge(credential, outside)
    address = credential["id"].removeprefix("https://courses.test")
    signed_since = client.get(address).json
    with client.script() as request:
        rotate_keys(request, is_emergency=True)
    judge(credential, outside)  # its key had no private half any more
    with pytest.raises(OB3VerificationError):
        judge(signed_since, outside)
    judge(client.get(address).json, outside)

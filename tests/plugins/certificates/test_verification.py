"""What is genuinely signed, and not valid all the same."""

import json
from datetime import UTC, datetime

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from plugins.accounts.api import OpenKey, PublishedKeys, Unreadable, Unverifiable
from plugins.certificates.proofs import add_proof
from plugins.certificates.status import encode
from plugins.certificates.verification import verify_credential
from tests.factories.certificates import make_certificate

DID = "did:web:courses.test"


@pytest.fixture(scope="module")
def key():
    private = Ed25519PrivateKey.generate()
    return OpenKey("a-kid", "EdDSA", private, private.public_key())


@pytest.fixture
def keys(key):
    return PublishedKeys({"a-kid": key.public})


@pytest.fixture
def document(client, course, enrolled):
    body = enrolled.get(make_certificate(client, course, enrolled) + "credential/").json
    return {name: value for name, value in body.items() if name != "proof"}


@pytest.fixture
def status_list(client, document):
    body = client.get("/api/status-lists/0/").json
    return {name: value for name, value in body.items() if name != "proof"}


def judge(keys, credential, listed):
    return verify_credential(credential, keys, lambda address: json.dumps(listed).encode(), datetime.now(UTC))


def test_both_signed_by_the_issuer_are_valid(key, keys, document, status_list):
    found = judge(keys, add_proof(document, key, DID), add_proof(status_list, key, DID))
    assert (found.student_name, found.issuer, found.status_unknown) == ("Ada Lovelace", DID, None)


def test_what_another_signs_in_our_name_is_not_valid(key, document, status_list):
    """Their own keys, published at their own address, which their file names."""
    theirs = PublishedKeys({"a-kid": key.public}, "did:web:evil.example")
    with pytest.raises(Unverifiable, match="another than its issuer"):
        judge(theirs, add_proof(document, key, "did:web:evil.example"), add_proof(status_list, key, DID))


def test_another_kind_of_statement_is_no_certificate(key, keys, document, status_list):
    other = add_proof({**document, "type": ["VerifiableCredential"]}, key, DID)
    with pytest.raises(Unverifiable, match="another kind"):
        judge(keys, other, add_proof(status_list, key, DID))


@pytest.mark.parametrize(
    "changes",
    [
        {"id": "https://courses.test/api/status-lists/1/"},
        {"issuer": "did:web:other.example"},
        {"type": ["VerifiableCredential"]},
        {"validUntil": "2020-01-01T00:00:00Z"},
        {"credentialSubject": {"type": "BitstringStatusList", "statusPurpose": "message", "encodedList": encode([])}},
        {"credentialSubject": {"type": "BitstringStatusList", "statusPurpose": "revocation"}},
        {"credentialSubject": "urn:nothing"},
    ],
)
def test_another_list_says_nothing_of_it(key, keys, document, status_list, changes):
    signer = changes.get("issuer", DID)
    with pytest.raises(Unverifiable, match="status list"):
        judge(keys, add_proof(document, key, DID), add_proof({**status_list, **changes}, key, signer))


def test_a_list_that_cannot_be_read_leaves_it_valid_and_its_status_unknown(key, keys, document):
    def unreadable(address):
        raise Unreadable(f"{address} is away")

    found = verify_credential(add_proof(document, key, DID), keys, unreadable, datetime.now(UTC))
    assert found.status_unknown == f"{document['credentialStatus']['statusListCredential']} is away"


@pytest.mark.parametrize("missing", ["credentialStatus", "credentialSubject", "name"])
def test_a_certificate_of_another_form_is_not_judged(key, keys, document, status_list, missing):
    other = {name: value for name, value in document.items() if name != missing}
    if missing == "name":
        other["issuer"] = {"id": DID, "type": ["Profile"]}
    with pytest.raises(Unverifiable, match="form"):
        judge(keys, add_proof(other, key, DID), add_proof(status_list, key, DID))
